"""What a folder watch may expect of any `Files`: in the agent's thread, and in a child process."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stationmaster.ingest import files as local
from stationmaster.ingest import remote
from stationmaster.ingest.access import make_files
from stationmaster.ingest.files import Files
from stationmaster.ingest.known import KnownFiles
from stationmaster.ingest.release import Release, Standing, Way
from stationmaster.ingest.scan import Selection
from stationmaster.ingest.settle import Stat

HIDDEN = ".stationmaster-0123abcd-c.xml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder."""
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


@pytest.fixture(params=["thread", "child"])
async def files(request: pytest.FixtureRequest, root: Path) -> AsyncIterator[Files]:
    """Each implementation."""
    made = make_files(str(root), Selection(recursive=True), child=request.param == "child")
    yield made
    await made.aclose()


def job(path: Path, way: Way, folder: Path) -> Release:
    seen = path.stat()
    return Release(path=path, size=seen.st_size, mtime_ns=seen.st_mtime_ns, way=way, folder=folder)


def identity(path: Path) -> tuple[int, int]:
    seen = path.stat()
    return seen.st_dev, seen.st_ino


def real(path: Path) -> str:
    return str(path.resolve())


def names_in(path: Path) -> list[str]:
    return sorted(each.name for each in path.iterdir())


def rename(path: Path, new: Path) -> None:
    path.rename(new)


async def test_a_scan_gives_new_names_and_hidden_ones_apart(files: Files, root: Path) -> None:
    for name in ("a.xml", "b.xml", HIDDEN, "draft.tmp"):
        (root / name).touch()
    (root / "sub").mkdir()
    (root / "sub" / "d.xml").touch()
    known = KnownFiles()
    known.work("a.xml")
    names = await files.names(known, restart=True)
    assert sorted(names.found) == ["b.xml", os.path.join("sub", "d.xml")]  # noqa: PTH118 - names, as a scan gives them
    assert (names.hidden, names.unreadable, names.done) == ([HIDDEN], [], True)
    assert names.identity == identity(root)


@pytest.mark.skipif(sys.platform != "linux", reason="other platforms allow Unicode names only")
async def test_a_name_that_is_no_text_is_found_and_looked_at(files: Files, root: Path) -> None:
    odd = os.fsdecode(b"pr\xfcfung.xml")
    (root / odd).write_text("12345")
    assert (await files.names(KnownFiles(), restart=True)).found == [odd]
    (stat,) = await files.stats([odd])
    assert stat is not None
    assert stat.size == 5


async def test_a_large_folder_comes_in_slices_and_a_restart_begins_anew(
    files: Files, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "LOCAL_NAMES", 40)
    monkeypatch.setattr(remote, "CHILD_NAMES", 40)
    for number in range(50):
        (root / f"{number}.xml").touch()
    first = await files.names(KnownFiles(), restart=True)
    second = await files.names(KnownFiles(), restart=False)
    again = await files.names(KnownFiles(), restart=True)
    assert [(len(one.found), one.done) for one in (first, second, again)] == [
        (40, False),
        (10, True),
        (40, False),
    ]
    assert not set(first.found) & set(second.found)


async def test_stats_come_in_the_order_of_the_names(files: Files, root: Path) -> None:
    (root / "a.xml").write_text("123")
    os.utime(root / "a.xml", ns=(1, 1_700_000_000_123_456_700))
    (root / "sub").mkdir()
    assert await files.stats(["gone", "a.xml", "sub"]) == [None, Stat(3, 1_700_000_000_123_456_700), None]


async def test_the_real_path_is_told(files: Files, root: Path) -> None:
    assert await files.resolve() == real(root)


async def test_a_release_moves_the_file_once(files: Files, root: Path, tmp_path: Path) -> None:
    (root / "a.xml").write_text("content")
    asked = job(root / "a.xml", Way.MOVE, tmp_path / "out")
    first = await files.release(asked)
    assert (first.standing, first.place) == (Standing.DONE, tmp_path / "out" / "a.xml")
    assert await files.release(asked) == first
    assert names_in(tmp_path / "out") == ["a.xml"]


async def test_a_release_of_a_changed_file_leaves_it(files: Files, root: Path, tmp_path: Path) -> None:
    (root / "a.xml").write_text("content")
    asked = job(root / "a.xml", Way.MOVE, tmp_path / "out")
    (root / "a.xml").write_text("other content")
    assert (await files.release(asked)).standing is Standing.CHANGED
    assert (root / "a.xml").read_text() == "other content"


async def test_a_hidden_file_gets_its_name_back(files: Files, root: Path) -> None:
    (root / HIDDEN).touch()
    await files.put_back(HIDDEN)
    assert names_in(root) == ["c.xml"]


async def test_errors_are_the_system_s_and_go_with_their_cause(files: Files, root: Path) -> None:
    elsewhere = root.with_name("elsewhere")
    rename(root, elsewhere)
    with pytest.raises(FileNotFoundError):
        await files.names(KnownFiles(), restart=True)
    rename(elsewhere, root)
    assert (await files.names(KnownFiles(), restart=True)).done


async def test_closing_twice_is_fine_in_the_middle_of_a_scan_too(
    files: Files, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "LOCAL_NAMES", 1)
    monkeypatch.setattr(remote, "CHILD_NAMES", 1)
    for name in ("a.xml", "b.xml"):
        (root / name).touch()
    assert not (await files.names(KnownFiles(), restart=True)).done
    await files.aclose()
    await files.aclose()
