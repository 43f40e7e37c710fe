"""Releasing files: kept, copied, moved, deleted; never overwriting, only what was taken."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stationmaster.ingest import place
from stationmaster.ingest.release import Release, Standing, Way, hidden_path, put_back, release
from stationmaster.ingest.settle import Stat


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "result.xml"
    path.parent.mkdir()
    path.write_bytes(b"content")
    os.utime(path, ns=(1_700_000_000_000_000_000, 1_700_000_000_123_456_789))
    return path


def job(path: Path, way: Way = Way.MOVE, **values: object) -> Release:
    seen = path.stat()
    fields = {"size": seen.st_size, "mtime_ns": seen.st_mtime_ns, "folder": path.parent.parent / "out"}
    return Release(path=path, way=way, **(fields | values))  # type: ignore[arg-type]  # a test's free choice of fields


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_keep_leaves_the_file(source: Path, tmp_path: Path) -> None:
    released = release(job(source, Way.KEEP))

    assert (released.standing, released.place) == (Standing.DONE, source)
    assert tree(tmp_path) == {"in/result.xml": b"content"}


def test_move_keeps_content_and_time(source: Path, tmp_path: Path) -> None:
    released = release(job(source, folder=tmp_path / "a" / "b" / "c"))

    assert released.place == tmp_path / "a" / "b" / "c" / "result.xml"
    assert tree(tmp_path) == {"a/b/c/result.xml": b"content"}
    assert released.place.stat().st_mtime_ns == 1_700_000_000_123_456_789


def test_delete(source: Path, tmp_path: Path) -> None:
    released = release(job(source, Way.DELETE))

    assert (released.standing, released.place) == (Standing.DONE, None)
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("way", [Way.MOVE, Way.DELETE, Way.KEEP, Way.COPY])
def test_a_file_that_changed_stays(source: Path, tmp_path: Path, way: Way) -> None:
    asked = job(source, way)
    source.write_bytes(b"newer content")

    assert release(asked).standing is Standing.CHANGED
    assert tree(tmp_path) == {"in/result.xml": b"newer content"}


@pytest.mark.parametrize(
    ("way", "standing"),
    [
        (Way.MOVE, Standing.GONE),
        (Way.DELETE, Standing.DONE),
        (Way.KEEP, Standing.GONE),
        (Way.COPY, Standing.GONE),
    ],
)
def test_a_file_that_is_gone(source: Path, way: Way, standing: Standing) -> None:
    asked = job(source, way)
    source.unlink()

    released = release(asked)

    assert (released.standing, released.place) == (standing, None)


def test_nothing_is_overwritten(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "result.xml").write_bytes(b"older")
    (out / "result (2).xml").mkdir()

    assert release(job(source)).place == out / "result (3).xml"
    assert tree(out) == {"result.xml": b"older", "result (3).xml": b"content"}


def test_a_name_taken_very_often_gets_a_mark(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for name in list(place.candidates("result.xml", "x"))[:-1]:
        (out / name).write_bytes(b"older")

    placed = release(job(source)).place

    assert placed is not None
    assert len(placed.stem) == len("result (01234567)")


def test_no_name_at_all_is_an_error_and_loses_nothing(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    asked = job(source)
    for name in place.candidates("result.xml", place.mark_of(Stat(asked.size, asked.mtime_ns))):
        (out / name).write_bytes(b"older")

    with pytest.raises(FileExistsError):
        release(asked)

    assert source.read_bytes() == b"content"
    assert not hidden_path(asked).exists()


def test_done_twice_it_finds_what_it_did(source: Path, tmp_path: Path) -> None:
    asked = job(source)
    first = release(asked)

    assert release(asked) == first
    assert tree(tmp_path) == {"out/result.xml": b"content"}


def test_done_twice_it_finds_its_own_among_others(source: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "result.xml").write_bytes(b"older")
    asked = job(source)
    first = release(asked)

    assert release(asked) == first
    assert first.place == tmp_path / "out" / "result (2).xml"


def test_a_new_file_under_the_old_name_stays_when_done_again(source: Path, tmp_path: Path) -> None:
    asked = job(source)
    release(asked)
    source.write_bytes(b"the next result")

    again = release(asked)

    assert (again.standing, again.place) == (Standing.DONE, tmp_path / "out" / "result.xml")
    assert tree(tmp_path) == {"in/result.xml": b"the next result", "out/result.xml": b"content"}


def test_a_deleted_file_whose_name_is_used_again_stays(source: Path, tmp_path: Path) -> None:
    asked = job(source, Way.DELETE)
    release(asked)
    source.write_bytes(b"the next result")

    assert release(asked).standing is Standing.CHANGED
    assert tree(tmp_path) == {"in/result.xml": b"the next result"}


def test_a_file_written_while_it_is_released_is_not_hit(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tester replaces the file between our look and our rename: what we caught goes back."""
    rename = Path.rename

    def late(path: Path, target: Path) -> Path:
        if path == source:
            (tmp_path / "new").write_bytes(b"replaced at the last moment")
            (tmp_path / "new").replace(source)
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", late)

    assert release(job(source)).standing is Standing.CHANGED
    assert tree(tmp_path) == {"in/result.xml": b"replaced at the last moment"}


def test_a_file_that_vanishes_while_it_is_released(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.rename

    def late(path: Path, target: Path) -> Path:
        path.unlink()
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", late)

    assert release(job(source)).standing is Standing.GONE


def test_a_caught_file_whose_name_is_taken_again_gets_another_name(source: Path, tmp_path: Path) -> None:
    asked = job(source)
    source.rename(hidden_path(asked))
    hidden_path(asked).write_bytes(b"grown in hiding")
    source.write_bytes(b"the next result")

    assert release(asked).standing is Standing.CHANGED
    assert tree(tmp_path) == {"in/result.xml": b"the next result", "in/result (2).xml": b"grown in hiding"}


def test_the_reason_stands_beside_a_failed_file(source: Path, tmp_path: Path) -> None:
    asked = job(source, reason="Line 3: no serial number.\n")
    released = release(asked)

    assert released.place == tmp_path / "out" / "result.xml"
    assert tree(tmp_path / "out") == {
        "result.xml": b"content",
        "result.xml.reason.txt": b"Line 3: no serial number.\n",
    }
    (tmp_path / "out" / "result.xml.reason.txt").unlink()
    assert release(asked) == released
    assert (tmp_path / "out" / "result.xml.reason.txt").exists()


def test_a_kept_file_that_failed_is_copied_once(source: Path, tmp_path: Path) -> None:
    asked = job(source, Way.COPY, reason="No.")
    released = release(asked)

    assert (released.place, released.copy) == (source, tmp_path / "out" / "result.xml")
    assert release(asked) == released
    assert sorted(tree(tmp_path)) == ["in/result.xml", "out/result.xml", "out/result.xml.reason.txt"]
    assert (tmp_path / "out" / "result.xml").stat().st_mtime_ns == source.stat().st_mtime_ns


def test_a_very_long_name_leaves_room_for_the_reason(source: Path, tmp_path: Path) -> None:
    long = source.with_name("ä" * 125 + ".xml")
    source.rename(long)

    placed = release(job(long, reason="No.")).place

    assert placed is not None
    assert placed.name.startswith("ä" * 100)
    assert placed.suffix == ".xml"
    assert len(tree(tmp_path / "out")) == 2


def test_to_another_disk(source: Path, other_disk: Path, tmp_path: Path) -> None:
    (other_disk / "result.xml").write_bytes(b"older")
    asked = job(source, folder=other_disk)

    released = release(asked)

    assert released.place == other_disk / "result (2).xml"
    assert released.place.read_bytes() == b"content"
    assert released.place.stat().st_mtime_ns == 1_700_000_000_123_456_789
    assert tree(tmp_path) == {}
    assert release(asked) == released


def test_two_files_of_one_size_and_time_go_to_another_disk_at_once(tmp_path: Path, other_disk: Path) -> None:
    """Clocks of whole seconds and files of a fixed size: nothing but its name tells one from the other."""
    size, moment = 4 << 20, 10**18
    for number in range(5):
        wanted = {f"{number}{letter}.bin": letter.encode() * size for letter in "ab"}
        for name, content in wanted.items():
            (tmp_path / name).write_bytes(content)
            os.utime(tmp_path / name, ns=(moment, moment))
        with ThreadPoolExecutor() as threads:
            both = [threads.submit(place.put, tmp_path / name, other_disk, name) for name in wanted]
        assert [one.result().read_bytes() == wanted[one.result().name] for one in both] == [True, True]
    assert len(list(other_disk.iterdir())) == 10, "no half copy is left"


def test_to_another_disk_a_copy_made_before_a_kill_is_found(source: Path, other_disk: Path) -> None:
    asked = job(source, folder=other_disk)
    place.put_copy(source, other_disk, "result.xml")

    assert release(asked).place == other_disk / "result.xml"
    assert list(tree(other_disk)) == ["result.xml"]


def test_another_file_of_the_same_size_and_time_is_not_taken_for_ours(source: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "result.xml").write_bytes(b"CONTENT")
    os.utime(tmp_path / "out" / "result.xml", ns=(0, source.stat().st_mtime_ns))

    release(job(source))

    assert tree(tmp_path / "out") == {"result.xml": b"CONTENT", "result (2).xml": b"content"}


@pytest.fixture
def no_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without hard links."""

    def link(source: Path, target: Path) -> None:
        del source, target
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", link)


@pytest.mark.usefixtures("no_links")
def test_without_hard_links(source: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "result.xml").write_bytes(b"older")

    assert release(job(source)).place == tmp_path / "out" / "result (2).xml"
    assert tree(tmp_path) == {"out/result.xml": b"older", "out/result (2).xml": b"content"}


@pytest.mark.usefixtures("no_links")
def test_without_hard_links_a_reservation_made_before_a_kill_is_used(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = job(source)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            release(asked)
    assert len(tree(tmp_path)) == 2

    assert release(asked).place == tmp_path / "out" / "result.xml"
    assert tree(tmp_path) == {"out/result.xml": b"content"}


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_an_error_leaves_the_file_to_the_next_try(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    asked = job(source)

    def link(source: Path, target: Path) -> None:
        del source, target
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, "link", link)
        with pytest.raises(OSError, match=os.strerror(number)):
            release(asked)

    assert release(asked).standing is Standing.DONE
    assert tree(tmp_path) == {"out/result.xml": b"content"}


@pytest.mark.parametrize("newer", [None, b"newer content"])
def test_a_file_that_has_nowhere_to_go_keeps_its_name(
    source: Path, tmp_path: Path, newer: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It must not come and go under the tester's eyes; nor may it hit what the tester wrote meanwhile."""
    (tmp_path / "out").write_text("a file where a folder should be")
    asked = job(source)
    rename = Path.rename

    def and_write(path: Path, target: Path) -> Path:
        moved = rename(path, target)
        if newer is not None:
            path.write_bytes(newer)
        return moved

    monkeypatch.setattr(Path, "rename", and_write)
    with pytest.raises(OSError, match="exists"):
        release(asked)

    (tmp_path / "out").unlink()
    left = {"in/result.xml": b"content"}
    if newer is not None:
        left = {"in/result.xml": newer, "in/result (2).xml": b"content"}
    assert tree(tmp_path) == left


@pytest.mark.parametrize("way", [Way.MOVE, Way.DELETE])
def test_another_content_of_the_same_size_and_time_stays(source: Path, tmp_path: Path, way: Way) -> None:
    taken = hashlib.sha256(b"content").hexdigest()
    asked = job(source, way, digest=taken)
    source.write_bytes(b"another")
    os.utime(source, ns=(0, asked.mtime_ns))

    assert release(asked).standing is Standing.CHANGED
    assert tree(tmp_path) == {"in/result.xml": b"another"}

    source.write_bytes(b"content")
    os.utime(source, ns=(0, asked.mtime_ns))
    assert release(asked).standing is Standing.DONE
    assert not source.exists()


def test_a_link_that_has_nowhere_to_go_stays_a_link(source: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file where a folder should be")
    link = source.with_name("link.xml")
    link.symlink_to("result.xml")

    with pytest.raises(OSError, match="exists"):
        release(job(link))

    assert link.is_symlink()


def test_a_link_is_released_as_a_copy_of_what_it_points_to(source: Path, tmp_path: Path) -> None:
    link = source.with_name("link.xml")
    link.symlink_to("result.xml")

    release(job(link))

    assert tree(tmp_path) == {"in/result.xml": b"content", "out/link.xml": b"content"}
    assert not (tmp_path / "out" / "link.xml").is_symlink()


def test_a_source_that_changes_while_it_is_copied(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copy(file: object, sink: object, size: int) -> None:
        del file, sink, size
        source.write_bytes(b"changed meanwhile")

    monkeypatch.setattr(shutil, "copyfileobj", copy)

    with pytest.raises(BlockingIOError):
        release(job(source, Way.COPY))
    assert tree(tmp_path) == {"in/result.xml": b"changed meanwhile"}


def test_a_hidden_file_gets_its_name_back(source: Path) -> None:
    asked = job(source)
    source.rename(hidden_path(asked))

    assert put_back(str(source.parent), hidden_path(asked).name) == source
    assert source.read_bytes() == b"content"


@pytest.mark.parametrize(("name", "limit", "fitted"), [
    ("a.xml", 255, "a.xml"),
    ("abcdefgh.xml", 8, "abcd.xml"),
    ("äöü.xml", 8, "äö.xml"),
    ("x" + "." + "e" * 300, 200, "x." + "e" * 48),
])  # fmt: skip
def test_names_are_cut_at_the_stem(name: str, limit: int, fitted: str) -> None:
    assert place.fit(name, limit) == fitted


@pytest.mark.parametrize(("number", "fails"), [(errno.EINVAL, False), (errno.EIO, True)])
def test_a_folder_that_cannot_be_flushed(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, *, fails: bool
) -> None:
    """Some shares cannot do that: the release goes on; a broken disk stops it, and loses nothing."""
    asked = job(source)

    def fsync(opened: int) -> None:
        del opened
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        if fails:
            with pytest.raises(OSError, match=os.strerror(number)):
                release(asked)
        else:
            release(asked)
    release(asked)

    assert tree(tmp_path) == {"out/result.xml": b"content"}


@pytest.mark.usefixtures("no_links")
def test_without_hard_links_a_name_taken_at_the_last_moment_is_not_overwritten(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out").mkdir()
    opens = os.open

    def late(path: Path, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_EXCL and path.name == "result.xml":
            path.write_bytes(b"somebody else's")
        return opens(path, flags, mode)

    monkeypatch.setattr(os, "open", late)

    assert release(job(source)).place == tmp_path / "out" / "result (2).xml"
    assert (tmp_path / "out" / "result.xml").read_bytes() == b"somebody else's"
