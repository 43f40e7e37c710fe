"""The page Converters on a screen that nobody sees, with a real agent behind it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

from fakes.station import Station, children
from fakes.tray import attached
from stationmaster_tray.pages.converters import ConvertersPage

After = Literal["keep", "archive", "move", "delete"]


@asynccontextmanager
async def opened_page(
    root: Path, tab: str = "", after: After = "keep", **folder: Any
) -> AsyncIterator[tuple[ConvertersPage, Station]]:
    """The page of a station, with one tab open by its word.

    Args:
        root: the station's.
        tab: "" for the first one.
        after: what becomes of the watch folder's files.
        folder: further settings of the watch folder.
    """
    async with Station(root) as station:
        await station.line("line1", await station.server(), after, folder=folder)
        await station.start()
        async with attached(station) as desk:
            page = ConvertersPage(desk)
            desk.session.changed.connect(page.show_seen)
            page.resize(1100, 760)
            page.show()
            page.show_seen(desk.seen)
            page.entered(tab or None)
            try:
                yield page, station
            finally:
                page.left()
                page.close()


def commands(verb: str) -> list[int]:
    """Processes of `stationmaster converter VERB` that we started and that still run."""
    found = []
    for pid in children(os.getpid()):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"converter" in words and verb.encode() in words:
            found.append(pid)
    return found
