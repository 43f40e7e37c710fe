"""What a page of the tray is handed, attached to a station's real agent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fakes.station import Station
from fakes.waiting import until
from stationmaster.hosting.launch import Launcher
from stationmaster_tray.desk import Desk
from stationmaster_tray.memory import Memory
from stationmaster_tray.session import Session
from stationmaster_tray.task import Tasks


@asynccontextmanager
async def desk_of(station: Station) -> AsyncIterator[Desk]:
    """A desk that follows the agent; it starts none."""
    session = Session(Launcher(env=station.env))
    session.stop_starting()
    async with asyncio.TaskGroup() as group:
        desk = Desk(session, Tasks(group), Memory(station.root / "tray.json"))
        following = group.create_task(session.run())
        try:
            if station.alive:
                await until(lambda: desk.seen.status is not None, what="the agent's snapshot")
            yield desk
        finally:
            following.cancel()
            desk.tasks.end()
