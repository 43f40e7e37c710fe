"""The single-file program that runs now: what it unpacked, and whether that and its file are still whole.

Such a program unpacks itself into a folder `_MEI...` for temporary files and runs out of it, for months. A
cleaner of temporary files takes what nobody touched for days, and an update puts another program in the place
of ours: what runs goes on, but the next worker is made of what lies there then.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_PREFIX = "_MEI"
_MARKS = ("stationmaster", "stationmaster_tray")
"""Folders of ours in what our programs unpack: those of other programs have none of these."""

_SETTLED = 600.0
"""Seconds: a younger folder may belong to a program that starts, and has not taken its lock yet."""


class Frozen:
    """One single-file program and the folder that it unpacked. All of it blocks, for a millisecond or so."""

    def __init__(self, program: Path, unpacked: Path) -> None:
        """Remember what is there now.

        Args:
            program: its one file.
            unpacked: where it lies unpacked.
        """
        self.program = program
        self.unpacked = unpacked
        self._identity = _identity(program)
        self._files = frozenset(_files(unpacked))
        self._lock = -1

    def hold(self) -> None:
        """Lock the unpacked folder, as cleaners such as systemd-tmpfiles pass locked folders over.

        May be called again: another one may have had the lock for a moment, to see whether it is free.
        """
        if self._lock >= 0 or sys.platform == "win32":
            return
        with contextlib.suppress(OSError):
            self._lock = _locked(self.unpacked, fcntl.LOCK_SH)

    def trouble(self) -> str:
        """Why no process can be started of it any more, in words; "" where one can."""
        now = _identity(self.program)
        if now is None:
            return f"The program {self.program} is gone: it was removed."
        if now and self._identity and now != self._identity:
            return f"The program {self.program} was replaced, as by an update."
        gone = self._files.difference(_files(self.unpacked))
        if gone:
            return (
                f"{len(gone)} of {len(self._files)} files that this program unpacked into {self.unpacked} "
                "are gone, as by a cleaner of temporary files."
            )
        return ""

    def sweep(self, *, settled: float = _SETTLED) -> list[Path]:
        """Remove what programs of ours left unpacked beside us that were killed; returns the folders.

        Args:
            settled: seconds that such a folder must be old.
        """
        if sys.platform == "win32":
            return []  # no folder can be locked there, so nobody can tell who uses one
        try:
            beside = [one for one in self.unpacked.parent.iterdir() if one.name.startswith(_PREFIX)]
        except OSError:
            return []
        return [one for one in beside if one != self.unpacked and _removed(one, settled)]


@cache
def own() -> Frozen | None:
    """This process's program; None where it is no single file. What is there at the first call counts."""
    unpacked = getattr(sys, "_MEIPASS", "")
    if not getattr(sys, "frozen", False) or not unpacked:
        return None
    return Frozen(Path(sys.executable), Path(unpacked))


def begin() -> None:
    """What each of our single-file programs does first: restore its environment, hold what it unpacked."""
    restore_environment()
    program = own()
    if program is not None:
        program.hold()


def restore_environment() -> None:
    """Take what was put into the environment to find our libraries out again.

    They must not be forced upon others that it starts, such as a browser or launchctl.
    For our own workers the variable is set again by the program itself.
    """
    if sys.platform == "win32":
        return
    before = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
    os.environ.pop("LD_LIBRARY_PATH", None)
    if before is not None:
        os.environ["LD_LIBRARY_PATH"] = before


def _identity(program: Path) -> tuple[int, ...] | None:
    """What changes when another file takes its place; None where there is none, () where nobody can tell."""
    try:
        seen = program.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return ()
    return seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns


def _files(folder: Path) -> Iterator[str]:
    for place, _, names in os.walk(folder):
        for name in names:
            yield f"{place}/{name}"


if sys.platform != "win32":

    def _locked(folder: Path, kind: int) -> int:
        """A descriptor that holds the folder's lock.

        Raises:
            OSError: somebody else holds it, or there is no such folder.
        """
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    def _removed(folder: Path, settled: float) -> bool:
        """Remove the folder, if it is ours and nobody's any more."""
        try:
            descriptor = _locked(folder, fcntl.LOCK_EX)
        except OSError:
            return False
        try:
            seen = os.fstat(descriptor)
            old = time.time() - max(seen.st_mtime, seen.st_ctime) >= settled
            ours = seen.st_uid == os.geteuid() and stat.S_ISDIR(seen.st_mode)
            if not (old and ours and any((folder / mark).is_dir() for mark in _MARKS)):
                return False
            shutil.rmtree(folder, ignore_errors=True)
            return not folder.exists()
        finally:
            os.close(descriptor)

else:

    def _removed(folder: Path, settled: float) -> bool:
        raise NotImplementedError(folder, settled)
