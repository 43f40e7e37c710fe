"""A list of very many entries in the tray, from a real agent, and somebody who scrolls through it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.spool import make
from fakes.station import Station
from fakes.tray import attached
from fakes.waiting import until
from stationmaster_tray.pages.queue import QueuePage

STEPS = 300
"""Places that are looked at on the way through a list."""


@asynccontextmanager
async def page_with(
    root: Path, count: int, state: str, changed: Callable[[Path], None] = lambda _spool: None
) -> AsyncIterator[QueuePage]:
    """The page with the first of `count` reports; the server is gone, so that nothing moves by itself.

    Args:
        root: where the station's folders lie.
        count: how many reports wait.
        state: the tab that is shown.
        changed: changes the spool before the agent starts.
    """
    async with Station(root) as station:
        server = await station.server()
        await station.line("line1", server, "keep")
        server.stop()
        station.home.ensure_instance("line1")
        spool = station.home.spool("line1")
        with ThreadPoolExecutor(1) as thread:  # not the loop's own: it runs a loop itself
            await asyncio.wrap_future(thread.submit(make, spool, count))
        changed(spool)
        await station.start()
        async with attached(station) as desk:
            page = QueuePage(desk)
            page.resize(1000, 700)
            desk.session.changed.connect(page.show_seen)
            page.show()
            page.show_seen(desk.seen)
            page.entered({"state": state})
            await until(lambda: page.table.rowCount() > 0, what="the first page")
            try:
                yield page
            finally:
                desk.session.changed.disconnect(page.show_seen)
                page.left()
                page.close()


async def read_to_the_end(page: QueuePage, count: int) -> None:
    """Scroll down until everything was read."""
    bar = page.view.verticalScrollBar()

    def at_the_end() -> bool:
        bar.setValue(bar.maximum())
        return page.table.rowCount() >= count

    await until(at_the_end, what="the last page")


async def scroll_through(page: QueuePage) -> None:
    """Scroll up and down again in steps of many rows, each of which is drawn."""
    bar = page.view.verticalScrollBar()
    for step in (*range(STEPS, -1, -1), *range(STEPS)):
        bar.setValue(bar.maximum() * step // STEPS)
        page.view.viewport().repaint()
        await asyncio.sleep(0)
