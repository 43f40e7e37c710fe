"""Looking at a folder: names by `os.scandir`, without a stat for known ones; stats of the few that matter.

Synchronous and sliced: every call is bounded, so that it can run in the agent's one thread for small
blocking calls, or in a child that can be killed when the folder lies on a share that hangs.
"""

from __future__ import annotations

import fnmatch
import os
import re
import stat as modes
from collections.abc import Container, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Protocol

import msgspec

from stationmaster.api.folder import files_in, is_marker, state_of
from stationmaster.home.file_system import mtime_ns
from stationmaster.ingest.settle import Stat
from stationmaster.ingest.unmarked import Unmarked

OWN_PREFIX = ".stationmaster-"
"""Names of our own temporary files begin so."""

MARK = 8
"""A file that is being released is hidden as this prefix, so many hex digits, `-` and its own name."""

_PART = 2_000
"""Entries read at once."""

_HIDDEN = re.compile(re.escape(OWN_PREFIX) + rf"[0-9a-f]{{{MARK}}}-")

# How browsers, editors and copy programs call a file until it is whole.
_UNFINISHED = (".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".download", ".swp", "~")


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which files of a folder count.

    Globs are compared without case. A glob with a slash is compared with the path below the folder, one
    without with the name alone. Names that begin with a dot or `~$` never count; names of files that other
    programs are still writing (`.tmp`, `.part`, ...) count only where an include glob names that ending.

    Attributes:
        include: globs of which one must match.
        exclude: globs of which none may; one that matches the name of a sub-folder leaves out all below it.
        recursive: look into sub-folders too; links to folders are never followed.
        skip: absolute paths of sub-folders that are never looked into: archive, error folder, move target.
        plain: links do not count, nor files with a second name: others may leave files there, and must not
            get the agent to read what only the agent may read.
        marker: pattern of a file that makes the sub-folder it lies in one source; the names of sub-folders
            are then what counts, and what include and exclude globs are compared with. "": files count.
            With `recursive` a sub-folder may lie at any depth; what lies in a source belongs to it.
    """

    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
    recursive: bool = False
    skip: tuple[str, ...] = ()
    plain: bool = False
    marker: str = ""


class Sieve:
    """A `Selection`, compiled."""

    def __init__(self, selection: Selection) -> None:
        """Compile the globs."""
        self.recursive = selection.recursive
        self.plain = selection.plain
        self.marker = selection.marker
        self._skip = {os.path.normcase(path) for path in selection.skip}
        self._include = None if "*" in selection.include else _Globs(selection.include)
        self._exclude = _Globs(selection.exclude) if selection.exclude else None
        wanted = tuple(glob.lower() for glob in selection.include)
        self._unfinished = tuple(end for end in _UNFINISHED if not any(glob.endswith(end) for glob in wanted))

    def takes(self, name: str) -> bool:
        """Does this file count? `name` is its path below the folder."""
        base = name.rpartition(os.sep)[2]
        if self.is_unfinished(base):
            return False
        if self._include is not None and not self._include.match(name, base):
            return False
        return self._exclude is None or not self._exclude.match(name, base)

    def is_unfinished(self, base: str) -> bool:
        """Does this name, without its folder, say that somebody works on it, or that nobody is to see it?"""
        return base.startswith((".", "~$")) or base.lower().endswith(self._unfinished)

    def enters(self, name: str, path: str) -> bool:
        """Is this sub-folder looked into?"""
        return self.recursive and not self._passes_by(name, path)

    def opens(self, name: str, path: str) -> bool:
        """Is this sub-folder looked into for a marker?"""
        return (self.recursive or os.sep not in name) and not self._passes_by(name, path)

    def _passes_by(self, name: str, path: str) -> bool:
        base = name.rpartition(os.sep)[2]
        if base.startswith(".") or os.path.normcase(path) in self._skip:
            return True
        return self._exclude is not None and bool(self._exclude.match(name, base))

    def covers(self, name: str, root: str) -> bool:
        """Does the file `name` below `root` count, its sub-folders considered?"""
        if not self._reaches(name, root):
            return False
        return self.takes(name) and not (self.marker and self._passes_by(name, f"{root}{os.sep}{name}"))

    def _reaches(self, name: str, root: str) -> bool:
        """Are all sub-folders on the way to `name` looked into?"""
        end = name.find(os.sep)
        while end >= 0:
            if not self.enters(name[:end], f"{root}{os.sep}{name[:end]}"):
                return False
            end = name.find(os.sep, end + 1)
        return True

    def claims(self, name: str, root: str, *, whole: bool) -> bool:
        """Would the file `name` go to a watch folder with this sieve, or with `whole` the folder `name`?"""
        if whole:
            return self.covers(name, root) if self.marker else self._reaches(name + os.sep, root)
        if not self.marker:
            return self.covers(name, root)
        ends = [at for at, letter in enumerate(name) if letter == os.sep]
        return any(self.covers(name[:end], root) for end in ends)


class _Globs:
    """Globs as two regular expressions: for names, and for paths below the folder."""

    def __init__(self, globs: Iterable[str]) -> None:
        several = [glob.replace("\\", "/") if os.sep == "\\" else glob for glob in globs]
        self._base = _regex([glob for glob in several if "/" not in glob])
        self._path = _regex([glob for glob in several if "/" in glob])

    def match(self, name: str, base: str) -> bool:
        if self._base is not None and self._base.match(base):
            return True
        return self._path is not None and self._path.match(name.replace(os.sep, "/")) is not None


def _regex(globs: list[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(fnmatch.translate(glob) for glob in globs), re.IGNORECASE) if globs else None


class _Entries(Protocol):
    """What `os.scandir` returns."""

    def __iter__(self) -> Iterator[os.DirEntry[str]]: ...
    def close(self) -> None: ...


class NameScan:
    """One scan of a folder for names that are not known, in slices.

    Attributes:
        done: the whole folder was seen.
        unreadable: sub-folders that could not be read, with the reason; their files stay as they are.
        identity: device and inode of the folder, known after the first `step`.
        familiar: marks of parts of the listing of which every name was known.
    """

    def __init__(self, root: str, sieve: Sieve, before: Container[int] = ()) -> None:
        """Nothing is opened yet.

        Args:
            before: `familiar` of the last scan, if every name that was known then still is.
        """
        self.done = False
        self.familiar: set[int] = set()
        self.unreadable: list[tuple[str, str]] = []
        self.identity: tuple[int, int] = (0, 0)
        self._root = root
        self._sieve = sieve
        self._before = before
        self._mark = 0
        self._folders = [""]
        self._open: _Entries | None = None
        self._prefix = ""
        self._hidden: list[str] = []
        self._below: list[str] = []
        self._marked = False
        self._unmarked = Unmarked(recursive=sieve.recursive)

    def take_hidden(self) -> list[str]:
        """Names of files in the middle of a release that were seen since the last call."""
        hidden, self._hidden = self._hidden, []
        return hidden

    def unmarked(self) -> list[tuple[str, Stat]]:
        """Sub-folders that hold something but no marker, with their state; complete once `done`."""
        return self._unmarked.found()

    def step(self, known: Container[str], limit: int) -> list[str]:
        """Look at up to `limit` entries; the names among them that count and are not in `known`.

        Raises:
            OSError: the folder itself cannot be read.
        """
        found: list[str] = []
        while limit > 0 and not self.done:
            if self._open is None and not self._enter():
                continue
            limit -= self._read(known, limit, found)
        return found

    def close(self) -> None:
        """Let go of the folder. Idempotent."""
        self.done = True
        self._leave()

    def _enter(self) -> bool:
        if not self._folders:
            self.done = True
            return False
        below = self._folders.pop()
        path = f"{self._root}{os.sep}{below}" if below else self._root
        try:
            if not below:
                found = os.stat(path)  # noqa: PTH116 - as os.scandir below
                self.identity = (found.st_dev, found.st_ino)
            self._open = os.scandir(path)
        except OSError as error:
            if not below:
                raise
            self._missed(below, error)
            return False
        self._prefix = below + os.sep if below else ""
        self._below, self._marked = [], False
        self._unmarked.begin()
        return True

    def _leave(self) -> None:
        opened, self._open = self._open, None
        if opened is not None:
            opened.close()

    def _read(self, known: Container[str], limit: int, found: list[str]) -> int:
        """Read up to `limit` entries of the open folder; how many it were."""
        prefix = self._prefix
        part: list[os.DirEntry[str]] = []
        try:
            part.extend(islice(self._open or (), min(limit, _PART)))
        except OSError as error:
            self._leave()
            if not prefix:
                raise
            self._missed(prefix.rstrip(os.sep), error)
        if self._sieve.marker:
            for entry in part:
                self._seek(entry, prefix, known)
        elif not self._is_familiar(prefix, part):
            new = [entry for entry in part if (prefix + entry.name if prefix else entry.name) not in known]
            for entry in new:
                self._sort(entry, prefix + entry.name, found)
            if not new:
                self.familiar.add(self._mark)
        if len(part) < min(limit, _PART):
            self._leave()
            self._found_out(prefix.rstrip(os.sep), found)
        return len(part) or 1

    def _is_familiar(self, prefix: str, part: list[os.DirEntry[str]]) -> bool:
        """Were exactly these names read together before, and all known? Cheaper than to look each one up."""
        self._mark = hash((prefix, len(part), sum([hash(entry.name) for entry in part])))
        if self._mark not in self._before:
            return False
        self.familiar.add(self._mark)
        return True

    def _sort(self, entry: os.DirEntry[str], name: str, found: list[str]) -> None:
        if entry.is_dir(follow_symlinks=False):
            if self._sieve.enters(name, entry.path):
                self._folders.append(name)
        elif self._sieve.takes(name):
            if _is_file(entry) and not (self._sieve.plain and _is_shared(entry)):
                found.append(name)
        elif entry.name.startswith(OWN_PREFIX) and _HIDDEN.match(entry.name):
            self._hidden.append(name)

    def _seek(self, entry: os.DirEntry[str], prefix: str, known: Container[str]) -> None:
        """Where a marker makes a folder one source: is it here, and where else is to be looked?"""
        name = prefix + entry.name
        if entry.is_dir(follow_symlinks=False):
            if _HIDDEN.match(entry.name):
                self._hidden.append(name)
            elif name in known:
                self._unmarked.source(name)
            elif self._sieve.opens(name, entry.path):
                self._below.append(name)
        elif is_marker(entry.name, self._sieve.marker) and _is_file(entry):
            self._marked = True
        if prefix:
            self._unmarked.hold(entry)

    def _found_out(self, folder: str, found: list[str]) -> None:
        """A folder was read to its end. One that is a source is not looked into any deeper."""
        if not (folder and self._marked):
            self._folders += self._below
            if folder:
                unfinished = self._sieve.is_unfinished(folder.rpartition(os.sep)[2])
                self._unmarked.without(folder, counts=self._sieve.takes(folder), unfinished=unfinished)
        elif self._sieve.takes(folder):
            found.append(folder)
            self._unmarked.source(folder)
        self._below = []

    def _missed(self, below: str, error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            self.unreadable.append((below, error.strerror or str(error)))


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link in a circle, or one into a folder that may not be read
        return False


def _is_shared(entry: os.DirEntry[str]) -> bool:
    """Is it a link, or one of several names of a file? Then it may be somebody else's."""
    try:
        return entry.is_symlink() or os.lstat(entry.path).st_nlink != 1
    except OSError:
        return True  # gone already, or looked at again by the next scan


def stats(root: str, names: Iterable[str], *, plain: bool = False, marker: str = "") -> list[Stat | None]:
    """Size and mtime of each file; None where there is no such regular file any more.

    Where only `plain` files count, a link and a file of several names are no such file. With a `marker`
    each name is that of a folder: None where it is none any more, or holds no marker.

    A file whose look fails for another reason (no right on its folder, an I/O error) counts as resting
    unseen: it is given as it would be with size -1, which equals no real state.
    """
    found: list[Stat | None] = []
    for name in names:
        try:
            path = f"{root}{os.sep}{name}"
            seen = os.stat(path, follow_symlinks=not plain)  # noqa: PTH116 - a Path for each of 100,000 is slow
        except (FileNotFoundError, NotADirectoryError):
            found.append(None)
        except OSError:
            found.append(UNSEEN)
        else:
            if marker:
                found.append(_whole(Path(root, name), marker) if modes.S_ISDIR(seen.st_mode) else None)
            else:
                counts = modes.S_ISREG(seen.st_mode) and not (plain and seen.st_nlink != 1)
                found.append(Stat(seen.st_size, mtime_ns(seen)) if counts else None)
    return found


def _whole(folder: Path, marker: str) -> Stat | None:
    """The state of all files in a folder."""
    try:
        files = files_in(folder)
    except OSError:  # what is in it comes and goes, or cannot be looked at
        return UNSEEN if folder.is_dir() else None
    return Stat(*state_of(files)) if any(is_marker(file.name, marker) for file in files) else None


UNSEEN = Stat(-1, 0)
"""What `stats` gives for a file that is there but cannot be looked at."""
