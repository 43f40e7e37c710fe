"""Folders that are one source: how they are found, and released as a whole; killed at each step."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from fakes.rack import MARKER, files, unit
from stationmaster.ingest import tree, wire
from stationmaster.ingest.release import Release, Standing, Way, hidden_path, put_back, release
from stationmaster.ingest.scan import UNSEEN, NameScan, Selection, Sieve, stats
from stationmaster.ingest.settle import rests_since
from stationmaster.ingest.territory import Territory

KILLED = 9
KILLING = """
import os, sys, json
from stationmaster.ingest import release, wire
job, left = wire.release_from_wire(json.loads(sys.argv[1])), int(sys.argv[2])
CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.utime", "os.chmod", "os.link"}
def hook(event, args):
    global left
    if event in CHANGES or (event == "open" and isinstance(args[2], int) and args[2] & os.O_CREAT):
        left -= 1
        if left == 0:
            os._exit(9)
sys.addaudithook(hook)
release.release(job)
"""
"""Ends itself as it is about to change the disk for the n-th time."""


def found(root: Path, known: set[str] | None = None, *, limit: int = 1000, **selection: object) -> list[str]:
    scan = NameScan(str(root), Sieve(Selection(marker="done*", **selection)))  # type: ignore[arg-type]  # a test's free choice
    names: list[str] = []
    while not scan.done:
        names += scan.step(known or set(), limit)
    return sorted(names)


@pytest.mark.parametrize("limit", [1, 2, 1000])
def test_a_sub_folder_with_a_marker_is_found_and_no_file(tmp_path: Path, limit: int) -> None:
    unit(tmp_path, "SN-1")
    unit(tmp_path, "SN-2", done=False)
    unit(tmp_path, ".SN-3")
    unit(tmp_path, "SN-4.tmp")
    unit(tmp_path / "deeper", "SN-5")
    (tmp_path / MARKER).touch()
    (tmp_path / "link").symlink_to(tmp_path / "SN-1")
    assert found(tmp_path, limit=limit) == ["SN-1"]
    assert found(tmp_path, {"SN-1"}, limit=limit) == []
    assert found(tmp_path, limit=limit, recursive=True) == [f"deeper{os.sep}SN-5", "SN-1"][::-1]
    assert found(tmp_path, limit=limit, recursive=True, exclude=("deep*",)) == ["SN-1"]
    assert found(tmp_path, limit=limit, include=("FX-*",)) == []


def test_what_lies_in_a_source_belongs_to_it(tmp_path: Path) -> None:
    unit(unit(tmp_path, "outer"), "inner")
    assert found(tmp_path, recursive=True) == ["outer"]


def unmarked(root: Path, known: set[str] | None = None, **selection: object) -> list[str]:
    scan = NameScan(str(root), Sieve(Selection(marker=MARKER, **selection)))  # type: ignore[arg-type]  # as above
    while not scan.done:
        scan.step(known or set(), 3)
    return sorted(name for name, _ in scan.unmarked())


def test_sub_folders_that_wait_for_their_marker(tmp_path: Path) -> None:
    unit(tmp_path, "SN-1")
    for name in ("SN-2", ".SN-3", "SN-4.tmp", "SN-5"):
        unit(tmp_path, name, done=False)
    (tmp_path / "empty").mkdir()
    (tmp_path / "hidden-only").mkdir()
    (tmp_path / "hidden-only" / ".index").touch()
    (tmp_path / "note.txt").touch()
    assert unmarked(tmp_path) == unmarked(tmp_path, recursive=True) == ["SN-2", "SN-5"]
    assert unmarked(tmp_path, exclude=("sn-2",)) == ["SN-5"]


@pytest.mark.parametrize("known", [set(), {f"monday{os.sep}SN-1"}])
def test_a_folder_that_groups_sources_waits_for_no_marker(tmp_path: Path, known: set[str]) -> None:
    unit(tmp_path / "monday", "SN-1")
    unit(tmp_path / "monday", "SN-2", done=False)
    (tmp_path / "monday" / "note.txt").touch()
    unit(unit(tmp_path / "tuesday", "SN-3", done=False), "inner", done=False)
    names = [str(Path("monday", "SN-2")), str(Path("tuesday", "SN-3"))]
    assert unmarked(tmp_path, known, recursive=True) == names


def test_a_file_known_from_before_hides_no_marker(tmp_path: Path) -> None:
    unit(tmp_path, "SN-1")
    known = {f"SN-1{os.sep}{MARKER}", f"SN-1{os.sep}result.csv"}
    assert found(tmp_path, known, recursive=True) == ["SN-1"]


def test_stats_are_of_the_whole_folder_while_it_holds_a_marker(tmp_path: Path) -> None:
    folder = unit(tmp_path, "SN-1")
    (tmp_path / "file").touch()
    assert stats(str(tmp_path), ["SN-1", "file", "none"], marker=MARKER) == [tree.look(folder), None, None]
    assert stats(str(tmp_path), ["SN-1"]) == [None]
    (folder / MARKER).unlink()
    assert stats(str(tmp_path), ["SN-1"], marker=MARKER) == [None]


def test_a_folder_that_is_too_deep_is_not_looked_at_and_disturbs_no_other(tmp_path: Path) -> None:
    good, deep = unit(tmp_path, "SN-1"), unit(tmp_path, "SN-2")
    for _ in range(1200):
        deep = deep / "d"
        deep.mkdir()
    assert stats(str(tmp_path), ["SN-1", "SN-2"], marker=MARKER) == [tree.look(good), UNSEEN]
    assert found(tmp_path, recursive=True) == ["SN-1", "SN-2"]
    subprocess.run(["rm", "-rf", tmp_path / "SN-2"], check=True)  # pytest would recurse


def test_a_clock_of_whole_seconds_is_noticed_below_the_mark(tmp_path: Path) -> None:
    folder = unit(tmp_path, "SN-1")
    for path in folder.rglob("*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    stat = tree.look(folder)
    assert rests_since(stat, seen_at=10.0, wall=None, settle=1.0, grain=1_000_000) > 10.0
    assert rests_since(stat, seen_at=10.0, wall=None, settle=1.0) == 10.0


@pytest.mark.parametrize("marker_first", [True, False])
def test_a_watch_folder_of_single_files_beside_it(*, marker_first: bool) -> None:
    whole, single = Sieve(Selection(marker=MARKER)), Sieve(Selection(recursive=True))
    sieves = [whole, single] if marker_first else [single, whole]
    territory = Territory(["/r", "/r"], sieves)
    by_name = {"file in a folder": os.path.join("SN-1", "a.csv"), "folder": "SN-1", "file": "a.csv"}  # noqa: PTH118 - names
    if marker_first:
        owners = [territory.owner(1, by_name["file in a folder"]), territory.owner(1, by_name["file"])]
        assert owners == [0, 1]
    else:
        assert territory.owner(1, by_name["folder"]) == 0


# ---------------------------------------------------------------- release
def job_of(folder: Path, way: Way, out: Path, **values: object) -> Release:
    seen = tree.look(folder)
    usual = {"path": folder, "size": seen.size, "mtime_ns": seen.mtime_ns, "way": way, "folder": out}
    return Release(**{**usual, "digest": tree.digest(folder), **values})  # type: ignore[arg-type]  # a test's free choice of fields


@pytest.fixture(params=["same disk", "another disk"])
def out(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """Where folders go to."""
    if request.param == "same disk":
        yield tmp_path / "out"
        return
    other = Path("/dev/shm")  # noqa: S108 - another file system, with a folder of our own on it
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no other file system here")
    with tempfile.TemporaryDirectory(dir=other) as folder:
        yield Path(folder) / "out"


def test_a_folder_moves_whole_with_its_times(tmp_path: Path, out: Path) -> None:
    folder = unit(tmp_path / "in", "SN-1")
    (folder / ".hidden").touch()
    (folder / "link").symlink_to("result.csv")
    content, state = files(folder), tree.look(folder)
    released = release(job_of(folder, Way.MOVE, out))
    assert (released.standing, released.place) == (Standing.DONE, out / "SN-1")
    assert files(out / "SN-1") == content
    assert tree.look(out / "SN-1") == state
    assert (out / "SN-1" / "link").is_symlink()
    assert list((tmp_path / "in").iterdir()) == []
    assert [path.name for path in out.iterdir()] == ["SN-1"]


def test_a_folder_never_overwrites_another(tmp_path: Path, out: Path) -> None:
    older, empty = unit(out, "SN-1", content=b"older"), out / "SN-1 (2)"
    empty.mkdir()
    before = files(older)
    folder = unit(tmp_path / "in", "SN-1")
    released = release(job_of(folder, Way.MOVE, out, reason="why\n"))
    assert released.place == out / "SN-1 (3)"
    assert files(older) == before
    assert list(empty.iterdir()) == []
    assert (out / "SN-1 (3).reason.txt").read_text() == "why\n"


def test_a_copy_leaves_the_folder_and_is_made_once(tmp_path: Path, out: Path) -> None:
    folder = unit(tmp_path / "in", "SN-1")
    content, job = files(folder), job_of(folder, Way.COPY, out, reason="why\n")
    for _ in range(2):
        assert release(job).copy == out / "SN-1"
    assert files(folder) == files(out / "SN-1") == content
    assert sorted(path.name for path in out.iterdir()) == ["SN-1", "SN-1.reason.txt"]


@pytest.mark.parametrize("way", [Way.MOVE, Way.DELETE])
def test_a_folder_that_changed_stays(tmp_path: Path, out: Path, way: Way) -> None:
    folder = unit(tmp_path / "in", "SN-1")
    job = job_of(folder, way, out)
    (folder / "more.png").touch()
    content = files(folder)
    assert release(job).standing is Standing.CHANGED
    assert files(folder) == content


@pytest.mark.parametrize("way", [Way.MOVE, Way.DELETE])
def test_other_bytes_of_the_same_size_and_time_stay(tmp_path: Path, out: Path, way: Way) -> None:
    folder = unit(tmp_path / "in", "SN-1")
    job, wave = job_of(folder, way, out), folder / "wave-1.csv"
    at = wave.stat().st_mtime_ns
    wave.write_bytes(bytes(reversed(wave.read_bytes())))
    os.utime(wave, ns=(at, at))
    content = files(folder)
    assert release(job).standing is Standing.CHANGED
    assert files(folder) == content
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["SN-1"]


def test_a_hidden_folder_gets_its_name_back(tmp_path: Path) -> None:
    folder = unit(tmp_path / "in", "SN-1")
    content, private = files(folder), hidden_path(job_of(folder, Way.MOVE, tmp_path / "out"))
    folder.rename(private)
    scan = NameScan(str(tmp_path / "in"), Sieve(Selection(marker=MARKER)))
    assert scan.step((), 1000) == []
    assert scan.take_hidden() == [private.name]
    assert put_back(str(tmp_path / "in"), private.name) == folder
    assert files(folder) == content


@pytest.mark.parametrize("way", [Way.MOVE, Way.DELETE, Way.COPY])
def test_killed_at_each_change_of_the_disk_then_done_again(tmp_path: Path, out: Path, way: Way) -> None:
    """Until it is done, all of the folder is in one place; in the end it is where it belongs, once."""
    root = tmp_path / "in"
    for number in range(1, 200):
        for each in (root, out):
            shutil.rmtree(each, ignore_errors=True)
        folder = unit(root, "SN-1")
        content = files(folder)
        job = job_of(folder, way, out, reason="why\n")
        text = msgspec.json.encode(wire.release_to_wire(job)).decode()
        killed = subprocess.run([sys.executable, "-c", KILLING, text, str(number)], check=False)
        assert killed.returncode in {0, KILLED}
        whole = [
            path for path in (*root.glob("*"), *out.glob("*")) if path.is_dir() and files(path) == content
        ]
        assert whole or way is Way.DELETE, f"killed at {number}"
        if way is Way.DELETE:  # what is half gone has no name that anybody takes for a unit
            assert all(path.name.endswith(".gone") or files(path) == content for path in root.iterdir())
        released = release(job)
        assert released.standing is Standing.DONE, f"killed at {number}"
        left = {path.name for path in root.iterdir()}
        assert left == ({"SN-1"} if way is Way.COPY else set()), f"killed at {number}"
        if way is not Way.DELETE:
            assert {path.name for path in out.iterdir()} == {"SN-1", "SN-1.reason.txt"}, f"killed at {number}"
            assert files(out / "SN-1") == content
        if killed.returncode == 0:
            break
    assert number > 2
