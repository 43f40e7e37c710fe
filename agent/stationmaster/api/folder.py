"""The files of a folder that is one source: which count, what tells one state from another, their digest.

Links are never followed and never count, so that nothing out of the folder is read. Names that begin with a
dot or `~$`, and what Windows Explorer leaves behind, do not count either: they come and go by themselves.
"""

from __future__ import annotations

import errno
import fnmatch
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

_LEFT_BEHIND = frozenset({"thumbs.db", "desktop.ini"})
_LARGEST = 2**63 - 1
DEEPEST = 100
"""So deep a folder in a folder is looked into; a loop of some file system, or a trap, is deeper."""
MOST = 100_000
"""So many files and folders are looked at; one that holds more is a whole disk, not a test's result."""

GRAIN = 1_000_000
"""Nanoseconds of a folder's time that hold a mark of its files instead."""


class FolderFile(NamedTuple):
    """One file of a folder.

    Attributes:
        name: its path below the folder, with slashes.
    """

    name: str
    path: Path
    size: int
    mtime_ns: int


class FolderState(NamedTuple):
    """What tells one state of a folder from another.

    Attributes:
        size: bytes of all its files.
        mtime_ns: of the file that was written last, to the millisecond; below that a mark of all names, sizes
            and times, so that a file that goes, comes or gets another name shows too.
    """

    size: int
    mtime_ns: int


def files_in(folder: Path) -> list[FolderFile]:
    """All files that count, in an order that is the same everywhere.

    Raises:
        OSError: the folder or one below it cannot be read, lies too deep (ELOOP), holds too much (E2BIG), or
            changed meanwhile.
    """
    found = list(_walk(os.fspath(folder)))
    found.sort(key=lambda file: os.fsencode(file.name))
    return found


def _walk(folder: str) -> Iterator[FolderFile]:
    waiting, seen_so_far = [(folder, "")], 0
    while waiting:
        path, prefix = waiting.pop()
        if prefix.count("/") > DEEPEST:
            raise OSError(errno.ELOOP, "folders lie too deep in each other", path)
        with os.scandir(path) as entries:
            for entry in entries:
                seen_so_far += 1
                if seen_so_far > MOST:
                    raise OSError(errno.E2BIG, f"it holds more than {MOST:,} files and folders", folder)
                name = entry.name
                if entry.is_symlink() or is_left_out(name):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if not _is_junction(entry):
                        waiting.append((entry.path, f"{prefix}{name}/"))
                elif entry.is_file(follow_symlinks=False):
                    # os.stat, for on Windows the entry's own values may be old ones
                    seen = os.stat(entry.path, follow_symlinks=False)  # noqa: PTH116 - as os.scandir
                    mtime_ns = max(-_LARGEST, min(seen.st_mtime_ns, _LARGEST))
                    yield FolderFile(f"{prefix}{name}", Path(entry.path), seen.st_size, mtime_ns)


def is_left_out(name: str) -> bool:
    """Does a file or folder of this name not count, for it comes and goes by itself?"""
    return name.startswith((".", "~$")) or name.lower() in _LEFT_BEHIND


def _is_junction(entry: os.DirEntry[str]) -> bool:
    """Windows calls a folder what leads elsewhere (Python 3.12 tells)."""
    told = getattr(entry, "is_junction", None)
    return bool(told and told())


def is_marker(name: str, pattern: str) -> bool:
    """Does the file of this name, directly in a folder, say that the folder is complete?"""
    return "/" not in name and fnmatch.fnmatchcase(name.lower(), pattern.lower())


def content_of(files: Iterable[FolderFile], marker: str) -> list[FolderFile]:
    """The files without the markers: what a report's id may depend on."""
    return [file for file in files if not (marker and is_marker(file.name, marker))]


def newest(files: Iterable[FolderFile]) -> int:
    """When the last of them was written, in ns since 1970; 0 where there is none."""
    return max((file.mtime_ns for file in files), default=0)


def state_of(files: Sequence[FolderFile]) -> FolderState:
    """The state that these files are in."""
    mark = hashlib.sha256()
    for file in files:
        mark.update(os.fsencode(file.name) + f"\0{file.size}\0{file.mtime_ns}\0".encode())
    below = int.from_bytes(mark.digest()[:8], "big") % GRAIN
    mtime_ns = newest(files) // GRAIN * GRAIN + below
    return FolderState(sum(file.size for file in files), max(-_LARGEST, min(mtime_ns, _LARGEST)))


def digests_of(files: Iterable[FolderFile]) -> dict[str, bytes]:
    """SHA-256 of each file's bytes, by name.

    Raises:
        OSError: one cannot be read.
    """
    found = {}
    for file in files:
        with file.path.open("rb") as opened:
            found[file.name] = hashlib.file_digest(opened, "sha256").digest()
    return found


def joined(digests: dict[str, bytes], files: Iterable[FolderFile]) -> bytes:
    """One digest for these files, of their names and bytes alone.

    SHA-256 over each file in order: its name, led by its length as 8 bytes, big-endian, then the SHA-256 of
    its bytes. This form is frozen: report ids are made from it.
    """
    whole = hashlib.sha256()
    for file in files:
        name = os.fsencode(file.name)
        whole.update(len(name).to_bytes(8, "big") + name + digests[file.name])
    return whole.digest()
