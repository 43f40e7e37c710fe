"""Has somebody a file open to write to it? Then it must stay: what is written on would be lost."""

from __future__ import annotations

import errno
import os
import signal
import sys
from pathlib import Path

from stationmaster.api.folder import files_in

if sys.platform == "linux":
    import fcntl


def is_written(path: Path) -> bool | None:
    """True where a program has the file open for writing, None where the system does not tell.

    Linux grants a read lease on a file only while nobody has it open for writing (fcntl(2), F_SETLEASE), to
    the file's owner and to root. Windows refuses to rename a file that is open: there no question is needed.
    """
    if sys.platform == "win32":
        return False
    if sys.platform != "linux":
        return None
    return _is_written_within(path) if path.is_dir() else _is_leased(path)


def _is_leased(path: Path) -> bool | None:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return False  # gone, or hidden by a release that was interrupted: that one looked before it hid it
    except OSError:
        return None
    try:
        # Who opens the file while we hold the lease waits for a moment, and we are told so by a signal: by
        # one that does nothing, as the usual one would end the program.
        fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return True if error.errno == errno.EAGAIN else None
    finally:
        os.close(handle)
    return False


def _is_written_within(folder: Path) -> bool | None:
    """The same of all files of a folder."""
    try:
        answers = {is_written(file.path) for file in files_in(folder)}
    except OSError:
        return None
    return True if True in answers else None if None in answers else False
