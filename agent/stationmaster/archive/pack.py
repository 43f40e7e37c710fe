"""Packing a day: its folder of archived files becomes one verified zip, `2026-11-27.zip` beside it.

Files are removed one by one, and only once the zip is in place, durable, and compared with each of them. It
may be killed at any point and done again: what the zip holds already is only removed, what it lacks is
merged into a new zip that replaces it. A file that is written meanwhile, or cannot be read, stays for the
next time, and holds no other up.
Synchronous; runs in a child process (`stationmaster.archive.child`).
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import time
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
        late: files that stay as the zip was made a short while ago.
        unreadable: names of those that cannot be read.
        busy: another program packs there now.
    """

    files: int = 0
    removed: int = 0
    left: int = 0
    late: int = 0
    unreadable: tuple[str, ...] = ()
    busy: bool = False


class Stamp(msgspec.Struct, frozen=True):
    """What tells that a file was not touched in between."""

    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int


class _UnfitError(Exception):
    """A file cannot be packed now: it cannot be read, or was written while it was."""

    def __init__(self, *, unreadable: bool = False) -> None:
        super().__init__()
        self.unreadable = unreadable


class _NothingError(Exception):
    """No file was put into a new zip: the old one stays, or none is made."""


class _Held(msgspec.Struct):
    """What came of the files of a day.

    Attributes:
        files: how many the zip holds, which is in place.
        stamps: of the files that it holds, as they were when they were compared.
    """

    files: int = 0
    stamps: dict[str, Stamp] = {}
    left: int = 0
    late: int = 0
    unreadable: list[str] = []

    def unfit(self, path: Path, error: _UnfitError) -> None:
        """This one stays; the others go on."""
        self.left += 1
        if error.unreadable:
            self.unreadable.append(path.name)


def pack_day(root: Path, day: str, *, reserve: int = RESERVE, rests: float = 0.0) -> Packed:
    """Pack `root/day` into `root/day.zip`.

    Args:
        rests: seconds that a zip rests once it was made: what comes late waits, so that a day is not
            written anew for each file.

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
        if os.path.lexists(target) and not target.is_file():  # a pipe, say: to open it would hang
            raise PackError(f"{target} is no file.", next_step="It was left as it is.")
        held = _merge(target, files, reserve, rests) if target.exists() else _write(target, files, reserve)
        removed, again = _remove(folder, held)
        return Packed(
            files=held.files,
            removed=removed,
            left=held.left + again,
            late=held.late,
            unreadable=tuple(held.unreadable),
        )
    finally:
        lock.release()


def _is_folder(path: Path) -> bool:
    seen = path.lstat()
    if sys.platform == "win32" and seen.st_reparse_tag == stat.IO_REPARSE_TAG_MOUNT_POINT:
        return False
    return stat.S_ISDIR(seen.st_mode)


def loose(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """The files that lie in a day's folder, in the order of their names; nothing that is hidden by us.

    A link is no day's folder: what is behind it is not the archive's, and would be removed there.

    Raises:
        OSError: the folder cannot be read.
    """
    try:
        if not _is_folder(folder):
            return
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


def _merge(target: Path, files: list[Path], reserve: int, rests: float) -> _Held:
    """See to it that the zip that is there holds these files, too."""
    with manifest.open_pack(target) as pack:
        old = manifest.read(pack, target)
    if old.kind is not Kind.FILES:
        raise PackError(f"{target} is no archive of a day.", next_step="It was left as it is.")
    known = {(member.own_name, member.sha256) for member in old.members}
    held, new = _Held(files=len(old.members)), []
    for path in files:
        try:
            digest, stamp = _read(path)
        except _UnfitError as error:
            held.unfit(path, error)
            continue
        if (path.name, digest) in known:
            held.stamps[path.name] = stamp
        else:
            new.append(path)
    if new and 0 <= time.time() - target.stat().st_mtime < rests:
        held.late, new = len(new), []
    if held.stamps or new:
        read_back(target)  # nothing is removed on the word of a manifest alone
    return _write(target, new, reserve, onto=old, held=held) if new else held


def _write(
    target: Path, files: list[Path], reserve: int, *, onto: Manifest | None = None, held: _Held | None = None
) -> _Held:
    """Write the zip anew, with these files; those that cannot be packed now are left out."""
    held = held or _Held()
    try:
        with new_pack(target, Kind.FILES, reserve=reserve, onto=onto) as writer:
            stamps = _fill(writer, files, held)
            if not stamps:
                raise _NothingError
            count = len(writer)
    except _NothingError:
        return held
    held.files = count
    held.stamps.update(stamps)
    return held


def _fill(writer: PackWriter, files: list[Path], held: _Held) -> dict[str, Stamp]:
    """Put files into a pack, and compare each with what the disk holds then; the stamps of those it holds."""
    members: dict[Path, Member] = {}
    for path in files:
        try:
            members[path] = _put(writer, path)
        except _UnfitError as error:
            held.unfit(path, error)
    stamps, unfit = {}, set()
    for path, member in members.items():
        # once more: what is compared with the zip is what the disk holds, not what went through memory
        try:
            digest, stamp = _read(path)
            if digest != member.sha256:
                raise _UnfitError
        except _UnfitError as error:
            held.unfit(path, error)
            unfit.add(member.name)
        else:
            stamps[path.name] = stamp
    writer.take_out(unfit)
    return stamps


def _put(writer: PackWriter, path: Path) -> Member:
    try:
        source = path.open("rb")
    except OSError as error:
        raise _unfit(error) from error
    with source:
        seen = os.fstat(source.fileno())
        size, mtime_ns = seen.st_size, seen.st_mtime_ns
        writer.rights &= seen.st_mode  # who may not read one of them may not read all of them
        return writer.add(_Source(source, size), path.name, size=size, mtime_ns=mtime_ns)


class _Source:
    """A file to pack, whose trouble is told apart from that of the pack."""

    def __init__(self, file: Reads, size: int) -> None:
        self._file = file
        self._left = size

    def read(self, size: int, /) -> bytes:
        try:
            piece = self._file.read(size)
        except OSError as error:
            raise _unfit(error) from error
        self._left -= len(piece)
        if self._left < 0:  # somebody writes on
            raise _UnfitError
        return piece


def _read(path: Path) -> tuple[str, Stamp]:
    """Digest and stamp of a file that nobody writes meanwhile."""
    try:
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            if _stamp(before) != _stamp(os.fstat(file.fileno())):
                raise _UnfitError
    except OSError as error:
        raise _unfit(error) from error
    return digest, _stamp(before)


def _unfit(error: OSError) -> _UnfitError:
    return _UnfitError(unreadable=not isinstance(error, FileNotFoundError))


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
