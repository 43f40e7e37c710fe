"""Packing a day: its folder of archived files becomes one verified zip, `2026-11-27.zip` beside it.

Files are removed one by one, and only once the zip is in place, durable, and compared with each of them. It
may be killed at any point and done again: what the zip holds already is only removed, what it lacks is
merged into a new zip that replaces it. A file that is written meanwhile stays for the next time.
Synchronous; runs in a child process (`stationmaster.archive.child`).
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from stationmaster.archive import manifest
from stationmaster.archive.manifest import Kind, Manifest, Member, PackError
from stationmaster.archive.writing import RESERVE, PackWriter, Reads, new_pack, read_back, temporary_of
from stationmaster.config.lock import FileLock
from stationmaster.ingest.place import flush_folder
from stationmaster.ingest.scan import OWN_PREFIX

LOCK = f"{OWN_PREFIX}pack.lock"


class Packed(msgspec.Struct, frozen=True, kw_only=True):
    """How packing a day went.

    Attributes:
        files: files in the zip now.
        removed: files that were removed, as the zip holds them.
        left: files that stay in the folder: they cannot be read, or are being written.
        busy: another program packs there now.
    """

    files: int = 0
    removed: int = 0
    left: int = 0
    busy: bool = False


class Stamp(msgspec.Struct, frozen=True):
    """What tells that a file was not touched in between."""

    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int


class _UnfitError(Exception):
    """A file cannot be packed now: it cannot be read, or was written while it was."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


def pack_day(root: Path, day: str, *, reserve: int = RESERVE) -> Packed:
    """Pack `root/day` into `root/day.zip`.

    Raises:
        PackError: the zip that is there is none of ours or damaged, or the new one does not read back.
        OSError: the disk does not take it; the files are where they were.
    """
    folder, target = root / day, root / f"{day}.zip"
    lock = FileLock(root / LOCK, timeout=0)
    if not lock.try_acquire():
        return Packed(busy=True)
    try:
        temporary_of(target).unlink(missing_ok=True)  # of a run that was killed
        files = [path for path, _ in loose(folder)]
        if not files:
            _remove_folder(folder)
            return Packed()
        held, left = _held(target, files, reserve)
        removed, late = _remove(folder, held)
        return Packed(files=held.files, removed=removed, left=left + late)
    finally:
        lock.release()


def loose(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """The files that lie in a day's folder, in the order of their names; nothing that is hidden by us.

    Raises:
        OSError: the folder cannot be read.
    """
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - names alone, 100,000 of them
    except FileNotFoundError:
        return
    for name in names:
        path = folder / name
        try:
            seen = path.lstat()
        except FileNotFoundError:
            continue
        if stat.S_ISREG(seen.st_mode) and not name.startswith(OWN_PREFIX):
            yield path, seen


class _Held(msgspec.Struct, frozen=True):
    """The zip is in place and holds these files, as they were at that stamp."""

    files: int
    stamps: dict[str, Stamp]


def _held(target: Path, files: list[Path], reserve: int) -> tuple[_Held, int]:
    """See to it that the zip holds these files; those that cannot be packed now are left out, and counted."""
    unfit: set[Path] = set()
    while True:
        try:
            return _merge(target, [path for path in files if path not in unfit], reserve), len(unfit)
        except _UnfitError as error:  # a zip cannot forget: it is begun anew without that file
            unfit.add(error.path)


def _merge(target: Path, files: list[Path], reserve: int) -> _Held:
    if not target.exists():
        return _write(target, files, reserve) if files else _Held(0, {})
    old = read_back(target)
    if old.kind is not Kind.FILES:
        raise PackError(f"{target} is no archive of a day.", next_step="It was left as it is.")
    known = {(member.own_name, member.sha256) for member in old.members}
    stamps: dict[str, Stamp] = {}
    new: list[Path] = []
    for path in files:
        digest, stamp = _read(path)
        if (path.name, digest) in known:
            stamps[path.name] = stamp
        else:
            new.append(path)
    if not new:
        return _Held(len(old.members), stamps)
    held = _write(target, new, reserve, old=old)
    return _Held(held.files, {**stamps, **held.stamps})


def _write(target: Path, files: list[Path], reserve: int, *, old: Manifest | None = None) -> _Held:
    stamps: dict[str, Stamp] = {}
    with new_pack(target, Kind.FILES, reserve=reserve) as writer:
        if old is not None:
            with manifest.open_pack(target) as pack:
                for member in old.members:
                    writer.take_over(pack, member)
        members = {path: _put(writer, path) for path in files}
        for path, member in members.items():
            # once more: what is compared with the zip is what the disk holds, not what went through memory
            digest, stamps[path.name] = _read(path)
            if digest != member.sha256:
                raise _UnfitError(path)
        return _Held(len(writer), stamps)


def _put(writer: PackWriter, path: Path) -> Member:
    try:
        source = path.open("rb")
    except OSError as error:
        raise _UnfitError(path) from error
    with source:
        seen = os.fstat(source.fileno())
        return writer.add(_Source(source, path), path.name, size=seen.st_size, mtime_ns=seen.st_mtime_ns)


class _Source:
    """A file to pack, whose trouble is told apart from that of the pack."""

    def __init__(self, file: Reads, path: Path) -> None:
        self._file = file
        self._path = path

    def read(self, size: int, /) -> bytes:
        try:
            return self._file.read(size)
        except OSError as error:
            raise _UnfitError(self._path) from error


def _read(path: Path) -> tuple[str, Stamp]:
    """Digest and stamp of a file that nobody writes meanwhile."""
    try:
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            if _stamp(before) != _stamp(os.fstat(file.fileno())):
                raise _UnfitError(path)
    except OSError as error:
        raise _UnfitError(path) from error
    return digest, _stamp(before)


def _stamp(seen: os.stat_result) -> Stamp:
    return Stamp(seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns)


def _remove(folder: Path, held: _Held) -> tuple[int, int]:
    """Remove what the zip holds, if it still is what was compared. How many; and how many others are left.

    Raises:
        OSError: one cannot be removed; all others are.
    """
    removed, trouble = 0, None
    for name, stamp in held.stamps.items():
        path = folder / name
        try:
            if _stamp(path.lstat()) == stamp:
                path.unlink()
                removed += 1
        except FileNotFoundError:
            continue
        except OSError as error:
            trouble = trouble or error
    flush_folder(folder)
    if trouble is not None:
        raise trouble
    late = sum(1 for path, _ in loose(folder) if path.name in held.stamps)
    _remove_folder(folder)
    return removed, late


def _remove_folder(folder: Path) -> None:
    """A folder that is empty goes; one that holds something else stays."""
    try:
        folder.rmdir()
    except OSError:
        return
    flush_folder(folder.parent)
