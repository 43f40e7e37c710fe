"""A day becomes one verified zip, whatever was there before and whatever happens meanwhile."""

from __future__ import annotations

import itertools
import os
import stat
import sys
import zipfile
from collections import Counter
from pathlib import Path
from typing import IO, Self

import pytest

from stationmaster.archive import pack
from stationmaster.archive.look import days, holding
from stationmaster.archive.manifest import Kind, PackError
from stationmaster.archive.pack import LOCK, Packed, pack_day
from stationmaster.archive.place import where_now
from stationmaster.archive.writing import new_pack, read_back, temporary_of
from stationmaster.config.lock import FileLock

DAY = "2026-11-27"
MTIME = 1_700_000_000_123_456_789


def day(root: Path, **files: str) -> Path:
    """A day's folder with these files; `__` in a name is a dot."""
    folder = root / DAY
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name.replace("__", ".")
        path.write_text(content)
        os.utime(path, ns=(MTIME, MTIME))
    return folder


def _umask() -> int:
    os.umask(now := os.umask(0o022))
    return now


def contents(root: Path) -> list[tuple[str, str]]:
    """Own name and content of all that is archived of the day, packed and loose."""
    pack_file = root / f"{DAY}.zip"
    with holding(root / DAY, pack_file if pack_file.is_file() else None) as held:
        return sorted((one.name, held.read(one).decode()) for one in held.files())


def test_a_day_becomes_one_zip_that_says_what_it_holds(tmp_path: Path) -> None:
    folder = day(tmp_path, a__txt="first", b__txt="second" * 1000, empty__txt="")
    assert pack_day(tmp_path, DAY) == Packed(files=3, removed=3)
    assert not folder.exists()
    path = tmp_path / f"{DAY}.zip"
    assert sorted(one.name for one in tmp_path.iterdir()) == [LOCK, path.name]
    assert contents(tmp_path) == [("a.txt", "first"), ("b.txt", "second" * 1000), ("empty.txt", "")]
    found = read_back(path)
    assert {one.mtime_ns for one in found.members} == {MTIME}
    with zipfile.ZipFile(path) as file:  # as any other program reads it
        assert file.testzip() is None
        assert file.namelist() == ["a.txt", "b.txt", "empty.txt", "MANIFEST.json"]
    (listed,) = days(tmp_path)
    assert (listed.files, listed.size, listed.loose) == (3, 6005, 0)
    assert pack_day(tmp_path, DAY) == Packed()


@pytest.mark.skipif(sys.platform == "win32", reason="there a file inherits its rights from its folder")
def test_who_may_not_read_one_of_the_files_may_not_read_the_pack(tmp_path: Path) -> None:
    path = tmp_path / f"{DAY}.zip"
    for mode, expected in ((0o664, 0o644), (0o640, 0o640), (0o600, 0o600), (0o644, 0o600)):
        (day(tmp_path, **{f"{mode}__txt": "x"}) / f"{mode}.txt").chmod(mode)
        pack_day(tmp_path, DAY)
        assert stat.S_IMODE(path.stat().st_mode) == expected & ~_umask()


def test_what_comes_late_is_merged(tmp_path: Path) -> None:
    day(tmp_path, a__txt="first", b__txt="second")
    pack_day(tmp_path, DAY)
    # the same content again, other content of a known name, and a new name
    day(tmp_path, a__txt="first", b__txt="other", c__txt="third")
    assert pack_day(tmp_path, DAY) == Packed(files=4, removed=3)
    assert contents(tmp_path) == [
        ("a.txt", "first"),
        ("b.txt", "other"),
        ("b.txt", "second"),
        ("c.txt", "third"),
    ]
    assert [one.name for one in read_back(tmp_path / f"{DAY}.zip").members] == [
        "a.txt",
        "b.txt",
        "b (2).txt",
        "c.txt",
    ]
    before = (tmp_path / f"{DAY}.zip").stat()
    day(tmp_path, b__txt="other")  # its numbered twin is known too
    assert pack_day(tmp_path, DAY) == Packed(files=4, removed=1)
    assert (tmp_path / f"{DAY}.zip").stat().st_ino == before.st_ino


@pytest.mark.skipif(sys.platform != "linux", reason="names of bytes are Linux's")
def test_odd_names_come_back_as_they_were(tmp_path: Path) -> None:
    folder = day(tmp_path)
    names = [
        b"caf\xe9.json",
        "prüf.json".encode(),
        b"MANIFEST.json",
        b"A.txt",
        b"a.txt",
        b"no ending",
        b"a\\b",
    ]
    for name in names:
        (folder / os.fsdecode(name)).write_bytes(name)
    assert pack_day(tmp_path, DAY).removed == len(names)
    assert sorted(os.fsencode(name) for name, _ in _names(tmp_path)) == sorted(names)
    in_zip = [name for _, name in _names(tmp_path)]
    assert len({name.casefold() for name in in_zip}) == len(names)
    assert "caf\\xe9.json" in in_zip


def _names(root: Path) -> list[tuple[str, str]]:
    return [(one.own_name, one.name) for one in read_back(root / f"{DAY}.zip").members]


def test_folders_links_and_our_own_files_stay(tmp_path: Path) -> None:
    folder = day(tmp_path, a__txt="first")
    (folder / "sub").mkdir()
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    (folder / ".stationmaster-12345678.tmp").write_text("a copy under way")
    assert pack_day(tmp_path, DAY) == Packed(files=1, removed=1)
    assert sorted(one.name for one in folder.iterdir()) == [".stationmaster-12345678.tmp", "link", "sub"]


def test_what_is_behind_a_link_is_not_the_archives(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.txt").write_text("first")
    root = tmp_path / "archive"
    root.mkdir()
    (root / DAY).symlink_to(elsewhere, target_is_directory=True)
    assert pack_day(root, DAY) == Packed()
    assert (elsewhere / "a.txt").exists()
    assert (root / DAY).is_symlink()
    assert not days(root)


def test_a_zip_that_cannot_be_read_is_listed_too(tmp_path: Path) -> None:
    day(tmp_path, a__txt="first" * 1000)
    pack_day(tmp_path, DAY)
    path = tmp_path / f"{DAY}.zip"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    (found,) = days(tmp_path)
    assert (found.pack, found.files, found.packed_size) == (str(path), 0, len(whole) // 2)


def test_a_file_that_cannot_be_read_stays_and_the_others_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = day(tmp_path, a__txt="first", b__txt="second")
    opened = Path.open

    def broken(path: Path, *args: object, **more: object) -> object:
        if path.name == "a.txt":
            raise OSError(5, "Input/output error")
        return opened(path, *args, **more)  # type: ignore[call-overload] # handed on as it came

    with monkeypatch.context() as disk:
        disk.setattr(Path, "open", broken)
        assert pack_day(tmp_path, DAY) == Packed(files=1, removed=1, left=1, unreadable=("a.txt",))
    assert (folder / "a.txt").read_text() == "first"
    assert pack_day(tmp_path, DAY) == Packed(files=2, removed=1)
    assert contents(tmp_path) == [("a.txt", "first"), ("b.txt", "second")]


class Torn:
    """A file whose second half cannot be read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._read = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def fileno(self) -> int:
        return self._file.fileno()

    def read(self, size: int) -> bytes:
        if self._read:
            raise OSError(5, "Input/output error")
        self._read = True
        return self._file.read(size // 2)


def test_many_files_that_cannot_be_read_cost_the_others_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of them fail at once or in their midst: each other file is read twice, not again for each."""
    bad = {f"{number:02}__bin": os.urandom(20_000).hex() for number in range(0, 40, 2)}
    good = {f"{number:02}__txt": f"good {number}" for number in range(1, 40, 2)}
    folder = day(tmp_path, **bad, **good)
    opened, opens = Path.open, Counter[str]()

    def broken(path: Path, *args: object, **more: object) -> object:
        opens[path.name] += 1
        if path.suffix == ".bin" and path.name > "10":
            raise OSError(5, "Input/output error")
        file = opened(path, *args, **more)  # type: ignore[call-overload] # handed on as it came
        return Torn(file) if path.suffix == ".bin" else file

    with monkeypatch.context() as disk:
        disk.setattr(Path, "open", broken)
        done = pack_day(tmp_path, DAY)
    assert (done.files, done.removed, done.left, len(done.unreadable)) == (20, 20, 20, 20)
    assert max(opens[name.replace("__", ".")] for name in good) == 2
    path = tmp_path / f"{DAY}.zip"
    assert len(read_back(path).members) == 20
    assert path.stat().st_size < 20_000  # nothing of what was begun is left in it
    assert len(list(folder.iterdir())) == 20
    assert pack_day(tmp_path, DAY) == Packed(files=40, removed=20)
    assert len(contents(tmp_path)) == 40


def test_where_nothing_can_be_read_there_is_no_zip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    day(tmp_path, a__txt="first")
    read = pack._read

    def changed(path: Path) -> tuple[str, pack.Stamp]:
        return ("another", read(path)[1])

    with monkeypatch.context() as disk:
        disk.setattr(pack, "_read", changed)
        assert pack_day(tmp_path, DAY) == Packed(left=1)
    assert not list(tmp_path.glob("*.zip"))
    assert not temporary_of(tmp_path / f"{DAY}.zip").exists()


def test_a_file_that_comes_late_waits_for_others_and_compresses_nothing_again(tmp_path: Path) -> None:
    day(tmp_path, a__txt="first" * 1000, b__txt="second")
    pack_day(tmp_path, DAY, rests=3600.0)
    path = tmp_path / f"{DAY}.zip"
    before = path.read_bytes()
    # one that the zip holds goes at once, whoever was killed before it was removed
    folder = day(tmp_path, b__txt="second", c__txt="third")
    assert pack_day(tmp_path, DAY, rests=3600.0) == Packed(files=2, removed=1, late=1)
    assert [one.name for one in folder.iterdir()] == ["c.txt"]
    assert path.read_bytes() == before

    day(tmp_path, d__txt="fourth")
    seen = path.stat()
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns - 3601 * 10**9))
    assert pack_day(tmp_path, DAY, rests=3600.0) == Packed(files=4, removed=2)
    with zipfile.ZipFile(path) as file:
        assert file.namelist() == ["a.txt", "b.txt", "c.txt", "d.txt", "MANIFEST.json"]
        at = file.getinfo("c.txt").header_offset
    assert path.read_bytes()[:at] == before[:at]
    assert [name for name, _ in contents(tmp_path)] == ["a.txt", "b.txt", "c.txt", "d.txt"]


def test_a_file_that_cannot_be_removed_keeps_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = day(tmp_path, a__txt="first", b__txt="second", c__txt="third")
    unlink = Path.unlink

    def held(path: Path, *, missing_ok: bool = False) -> None:
        if path.name == "b.txt":
            raise PermissionError(13, "somebody looks at it")
        unlink(path, missing_ok=missing_ok)

    with monkeypatch.context() as disk:
        disk.setattr(Path, "unlink", held)
        with pytest.raises(PermissionError):
            pack_day(tmp_path, DAY)
    assert [path.name for path in folder.iterdir()] == ["b.txt"]
    pack_day(tmp_path, DAY)
    assert not folder.exists()
    assert contents(tmp_path) == [("a.txt", "first"), ("b.txt", "second"), ("c.txt", "third")]


def test_a_file_that_is_written_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written while it is packed, and again between the comparison and its removal."""
    folder = day(tmp_path, a__txt="first", b__txt="second")
    opened, looked = Path.open, Path.lstat
    reads, looks = itertools.count(1), itertools.count(1)

    def written_on(path: Path, mode: str = "r", *args: object, **more: object) -> object:
        if path == folder / "a.txt" and mode == "rb" and next(reads) == 2:  # packed, not compared yet
            path.write_text("first, written on")
        return opened(path, mode, *args, **more)  # type: ignore[call-overload] # handed on as it came

    def late(path: Path) -> os.stat_result:
        if path == folder / "b.txt" and next(looks) == 2:  # compared, not removed yet
            path.write_text("second, written on")
        return looked(path)

    with monkeypatch.context() as disk:
        disk.setattr(Path, "open", written_on)
        disk.setattr(Path, "lstat", late)
        assert pack_day(tmp_path, DAY) == Packed(files=1, removed=0, left=2)
    assert pack_day(tmp_path, DAY) == Packed(files=3, removed=2)
    assert contents(tmp_path) == [
        ("a.txt", "first, written on"),
        ("b.txt", "second"),
        ("b.txt", "second, written on"),
    ]


def test_a_zip_that_is_not_ours_or_damaged_is_left_and_so_are_the_files(tmp_path: Path) -> None:
    folder, path = day(tmp_path, a__txt="first"), tmp_path / f"{DAY}.zip"
    with zipfile.ZipFile(path, "w") as foreign:
        foreign.writestr("x", "somebody's")
    with pytest.raises(PackError, match="no manifest"):
        pack_day(tmp_path, DAY)
    path.write_bytes(b"PK no zip at all")
    with pytest.raises(PackError, match="no zip file"):
        pack_day(tmp_path, DAY)
    path.unlink()
    path.mkdir()
    with pytest.raises(PackError, match="no file"):
        pack_day(tmp_path, DAY)
    path.rmdir()
    pack_day(tmp_path, DAY)
    day(tmp_path, b__txt="second")
    whole = path.read_bytes()
    at = whole.index(b"first") if b"first" in whole else 40
    path.write_bytes(whole[:at] + b"\xff\xff\xff" + whole[at + 3 :])
    with pytest.raises(PackError, match=r"damaged|not what its manifest"):
        pack_day(tmp_path, DAY)
    assert (folder / "b.txt").read_text() == "second"


def test_a_full_disk_leaves_everything_as_it_was(tmp_path: Path) -> None:
    folder = day(tmp_path, a__txt="first")
    with pytest.raises(OSError, match="No space"):
        pack_day(tmp_path, DAY, reserve=1 << 62)
    assert [one.name for one in folder.iterdir()] == ["a.txt"]
    assert not temporary_of(tmp_path / f"{DAY}.zip").exists()


def test_one_packs_at_a_time(tmp_path: Path) -> None:
    folder = day(tmp_path, a__txt="first")
    with FileLock(tmp_path / LOCK):
        assert pack_day(tmp_path, DAY) == Packed(busy=True)
    assert (folder / "a.txt").exists()


def test_what_reads_back_differently_never_comes_into_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush = os.fsync

    def spoil(descriptor: int) -> None:
        flush(descriptor)
        with temporary_of(tmp_path / f"{DAY}.zip").open("r+b") as file:
            file.seek(45)
            file.write(b"\xff\xff")

    folder = day(tmp_path, a__txt="first" * 100)
    monkeypatch.setattr(os, "fsync", spoil)
    with pytest.raises(PackError):
        pack_day(tmp_path, DAY)
    assert [one.name for one in folder.iterdir()] == ["a.txt"]
    assert not (tmp_path / f"{DAY}.zip").exists()


def test_a_pack_of_reports_is_no_archive_of_a_day(tmp_path: Path) -> None:
    day(tmp_path, a__txt="first")
    with new_pack(tmp_path / f"{DAY}.zip", Kind.REPORTS):
        pass
    with pytest.raises(PackError, match="no archive of a day"):
        pack_day(tmp_path, DAY)


def test_where_a_file_is_now(tmp_path: Path) -> None:
    folder = day(tmp_path, a__txt="first")
    place = str(folder / "a.txt")
    assert where_now(place) == place
    pack_day(tmp_path, DAY)
    assert where_now(place) == f"{tmp_path / DAY}.zip!/a.txt"
    elsewhere = str(tmp_path / "elsewhere" / "a.txt")
    assert where_now(elsewhere) == elsewhere
    assert where_now("") == ""
