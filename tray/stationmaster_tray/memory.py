"""What the tray remembers for itself: where its window was, and until when it keeps quiet. Nothing else."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta
from PySide6.QtCore import QStandardPaths

from stationmaster.hosting.launch import Launcher

LAST = 253_000_000_000
"""Seconds since 1970: later moments have no date."""


class Remembered(msgspec.Struct, kw_only=True):
    """The content of the file.

    Attributes:
        geometry: the window's, as Qt writes it, in hex.
        page: id of the page that was open.
        columns: widths of the columns of lists, by list.
        quiet_until: no notifications before this moment, seconds since 1970.
        wizard: the way to the first station opened by itself once.
    """

    geometry: Annotated[str, Meta(pattern="^([0-9a-f]{2})*$")] = ""
    page: str = ""
    columns: dict[str, list[int]] = {}
    quiet_until: Annotated[float, Meta(ge=0, le=LAST)] = 0.0
    wizard: bool = False


class Memory:
    """Reads at the start, writes when asked; a file that is lost or broken is an empty one."""

    def __init__(self, path: Path) -> None:
        """Read what is there."""
        self.path = path
        self.now = Remembered()
        # ValueError: no UTF-8, or no hex; RecursionError: as deep as no file of ours is.
        with contextlib.suppress(OSError, msgspec.MsgspecError, ValueError, RecursionError):
            read = msgspec.json.decode(path.read_bytes(), type=Remembered)
            bytes.fromhex(read.geometry)
            self.now = read

    def save(self) -> None:
        """Write it whole, or leave the old one. Blocks: call it in a thread, or at the very end."""
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            temporary = self.path.with_suffix(".new")
            temporary.write_bytes(msgspec.json.encode(self.now))
            temporary.replace(self.path)


def place(launcher: Launcher) -> Path:
    """Where the file lies: with the chosen home, else where this desktop keeps such things."""
    if os.environ.get("STATIONMASTER_HOME", ""):
        return launcher.home.config.parent / "tray.json"
    folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericConfigLocation)
    return Path(folder) / "stationmaster-tray" / f"{launcher.home.scope.value}.json"
