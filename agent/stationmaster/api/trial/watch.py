"""Sees which files a converter opens, and what else it asks of the system, by Python's audit events."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zoneinfo import TZPATH

_OTHERS = {
    "subprocess.Popen": "starts a program",
    "os.system": "starts a program",
    "os.exec": "starts a program",
    "os.posix_spawn": "starts a program",
    "os.fork": "forks",
    "socket.connect": "opens a connection",
    "socket.getaddrinfo": "asks for an address on the network",
    "urllib.Request": "asks the network",
    "sqlite3.connect": "opens a database",
    "os.remove": "deletes a file",
    "os.rename": "renames a file",
    "os.mkdir": "makes a folder",
    "os.rmdir": "removes a folder",
    "os.truncate": "cuts a file",
    "os.chdir": "changes the working folder",
    "shutil.copyfile": "copies a file",
    "shutil.move": "moves a file",
    "shutil.rmtree": "removes a folder",
    "tempfile.mkstemp": "makes a temporary file",
    "tempfile.mkdtemp": "makes a temporary folder",
}
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT
_CODE = (".py", ".pyc", ".so", ".pyd", ".dll")

_watching: list[Watch] = []
_hooked: list[Callable[[str, tuple[Any, ...]], None]] = []


class Watch:
    """While it is entered, notes what is opened beside `allowed`. One at a time.

    Attributes:
        read: files that were read and do not belong to Python or its packages.
        written: files that were opened for writing.
        done: what else was asked of the system: in words, with its object.
    """

    def __init__(self, allowed: Path) -> None:
        """Watch nothing yet."""
        self._allowed = os.path.realpath(allowed)
        self.read: set[str] = set()
        self.written: set[str] = set()
        self.done: set[str] = set()

    def __enter__(self) -> Self:
        if not _hooked:  # an audit hook stays for the life of the process
            _hooked.append(_hook)
            sys.addaudithook(_hook)
        _watching[:] = [self]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _watching.clear()

    def note(self, event: str, args: tuple[Any, ...]) -> None:
        """Take an audit event."""
        if event == "open":
            self._open(*args[:3])
        elif told := _OTHERS.get(event):
            self.done.add(f"{told} ({args[0]!s:.80})" if args and args[0] else told)

    def _open(self, path: object, mode: object, flags: object) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return  # a handle that is open already
        place = os.path.realpath(os.fsdecode(path))
        writes = isinstance(mode, str) and any(letter in mode for letter in "wax+")
        writes = writes or (isinstance(flags, int) and bool(flags & _WRITES))
        if writes:
            self.written.add(place)
        elif not (place + os.sep).startswith(self._allowed + os.sep) and not _is_pythons(place):
            self.read.add(place)


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if not _watching or (event != "open" and event not in _OTHERS):
        return
    watch = _watching[0]
    _watching.clear()  # what the watch itself does is not the converter's
    with suppress(Exception):
        watch.note(event, args)
    _watching.append(watch)


def _is_pythons(place: str) -> bool:
    """Code, a package's own data, or the time zones."""
    if place.endswith(_CODE) or place == os.devnull:
        return True
    homes = {sys.prefix, sys.base_prefix, *sysconfig.get_paths().values(), *TZPATH}
    homes |= {"/etc/localtime", "/usr/share/zoneinfo", "/usr/lib/locale", "/proc"}
    return any(
        place == home or place.startswith(home.rstrip(os.sep) + os.sep)
        for home in map(os.path.realpath, homes)
        if home
    )
