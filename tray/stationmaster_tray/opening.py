"""Lets the desktop open a file or a folder with the program that a person has chosen for it.

Not by Qt: it may be called in the window's thread alone, where a folder of a network that does not answer
would keep it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

from stationmaster.errors import StationmasterError
from stationmaster_tray.text import tr

PATIENCE = 5.0
"""Seconds that a desktop takes at most to refuse; what runs longer has opened something."""

COMMANDS = (("open",),) if sys.platform == "darwin" else (("xdg-open",), ("gio", "open"))
"""What opens files on this system, the usual one first; Windows has a call of its own."""

_running: list[subprocess.Popen[bytes]] = []
"""Some desktops have one that stays as long as what it opened."""


async def opened(path: Path) -> None:
    """Open a path; it may be on a network that does not answer.

    Raises:
        StationmasterError: it is not there, or no program takes it.
    """
    try:
        there = await asyncio.to_thread(path.exists)
    except OSError:
        there = False
    if not there:
        raise StationmasterError(
            tr("{path} is not there.", path=str(path)),
            next_step=tr("Somebody moved or deleted it, or its drive is not connected."),
        )
    if not await asyncio.to_thread(_open, path):
        raise StationmasterError(
            tr("This desktop has no program that opens {path}.", path=str(path)),
            next_step=tr("Open it with a program of your choice."),
        )


def _open(path: Path) -> bool:
    if sys.platform == "win32":
        try:
            os.startfile(path)  # noqa: S606 - it is no program of ours
        except OSError:
            return False
        return True
    for name, *words in COMMANDS:
        program = shutil.which(name)
        if program is not None:
            return _took([program, *words, str(path)])
    return False


def _took(command: list[str]) -> bool:
    """Whether a command opens what it was given."""
    _running[:] = [one for one in _running if one.poll() is None]
    silent = subprocess.DEVNULL
    try:
        started = subprocess.Popen(  # noqa: S603 - the desktop's own command; the path is an argument of it
            command, stdin=silent, stdout=silent, stderr=silent, start_new_session=True
        )
    except OSError:
        return False
    try:
        return started.wait(PATIENCE) == 0
    except subprocess.TimeoutExpired:
        _running.append(started)
        return True
