"""A folder as one source: which files count, what tells one state from another, what ids depend on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fakes.rack import MARKER, unit
from stationmaster.api.converter import Glimpse
from stationmaster.api.folder import content_of, digests_of, files_in, joined, newest, state_of
from stationmaster.api.testing import source_of

FROZEN = "d040ca4302286f56d8722e82ccd4ca05ae1d748b094f1884e951917ed8a774ce"


def _digest(folder: Path, marker: str = "") -> bytes:
    files = files_in(folder)
    return joined(digests_of(files), content_of(files, marker))


def test_files_come_in_one_order_without_markers_links_and_hidden_ones(tmp_path: Path) -> None:
    folder = unit(tmp_path, "SN-1")
    (tmp_path / "secret.png").write_bytes(b"x")
    for name in (".hidden", "~$open.xlsx", "Thumbs.db"):
        (folder / name).touch()
    (folder / ".git").mkdir()
    (folder / ".git" / "inside.png").touch()
    (folder / "out.png").symlink_to(tmp_path / "secret.png")
    (folder / "up").symlink_to(tmp_path)

    source = source_of(folder, marker=MARKER)

    names = [path.relative_to(folder).as_posix() for path in source.files()]
    assert names == ["pictures/top.png", "result.csv", "wave-1.csv"]
    assert [path.name for path in source.files("*.PNG")] == ["top.png"]
    assert [path.name for path in source.files("pictures/*")] == ["top.png"]
    assert source.is_folder
    assert source.size == sum(path.stat().st_size for path in source.files())
    assert Glimpse.at_folder(folder).files == (MARKER, *names)


def test_a_file_is_its_own_only_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.touch()
    assert source_of(path).files("*.png") == [path]
    assert not source_of(path).is_folder


def test_a_folder_that_holds_a_whole_disk_is_refused_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = unit(tmp_path, "SN-1")
    monkeypatch.setattr("stationmaster.api.folder.MOST", sum(1 for _ in folder.rglob("*")))
    assert files_in(folder)
    (folder / "one-more").mkdir()
    with pytest.raises(OSError, match="it holds more than 5 files and folders"):
        files_in(folder)


@pytest.mark.parametrize("change", ["add", "remove", "rename", "rewrite", "empty", "touch"])
def test_each_change_makes_another_state(tmp_path: Path, change: str) -> None:
    folder = unit(tmp_path, "SN-1")
    before, picture = state_of(files_in(folder)), folder / "pictures" / "top.png"
    at = picture.stat().st_mtime_ns
    match change:
        case "add":
            (folder / "more.png").write_bytes(b"x")
        case "remove":
            picture.unlink()
        case "rename":
            picture.rename(folder / "pictures" / "side.png")
        case "rewrite":
            picture.write_bytes(bytes(reversed(picture.read_bytes())))
            os.utime(picture, ns=(at, at + 1_000_000))
        case "empty":
            (folder / "empty").touch()
            os.utime(folder / "empty", ns=(0, 0))
        case "touch":
            os.utime(picture, ns=(at, at + 1))
    assert state_of(files_in(folder)) != before


def test_a_marker_changes_the_state_but_not_what_ids_are_made_of(tmp_path: Path) -> None:
    folder = unit(tmp_path, "SN-1")
    state, digest, content = state_of(files_in(folder)), _digest(folder), _digest(folder, MARKER)
    time = newest(content_of(files_in(folder), MARKER))
    (folder / MARKER).write_text("once more")
    assert state_of(files_in(folder)) != state
    assert _digest(folder) != digest
    assert _digest(folder, MARKER) == content
    assert newest(content_of(files_in(folder), MARKER)) == time


def test_the_digest_is_frozen(tmp_path: Path) -> None:
    """Report ids are made from it: another form would send every report again."""
    folder = tmp_path / "SN-1"
    (folder / "b").mkdir(parents=True)
    (folder / "a.txt").write_bytes(b"one")
    (folder / "b" / "c.txt").write_bytes(b"two")
    assert _digest(folder).hex() == FROZEN
    (folder / "a.txt").rename(folder / "A.txt")
    assert _digest(folder).hex() != FROZEN
