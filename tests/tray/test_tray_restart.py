"""A dead agent is started again, with pauses: measured by clocks that the test moves."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fakes.program import stopped_at_the_end
from fakes.station import Station
from fakes.waiting import until
from stationmaster.hosting.launch import Launcher
from stationmaster_tray import session as session_module
from stationmaster_tray.seen import Contact
from stationmaster_tray.session import BACKOFF, WELL, Session

pytestmark = pytest.mark.usefixtures("app")

STEP = 0.5


class Clocks:
    """Both clocks of a session; they stand still."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.start = datetime.now(UTC)

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.seconds)


class Noted(Launcher):
    """Starts agents, and notes when."""

    def __init__(self, station: Station, clocks: Clocks) -> None:
        super().__init__("user", station.env)
        self._clocks = clocks
        self.starts: list[float] = []

    def start(self) -> None:
        super().start()
        self.starts.append(self._clocks.seconds)


@asynccontextmanager
async def following(station: Station, clocks: Clocks) -> AsyncIterator[tuple[Session, Noted]]:
    """A session that starts agents by these clocks."""
    launcher = Noted(station, clocks)
    session = Session(launcher, now=clocks.now, monotonic=clocks.monotonic)
    running = asyncio.create_task(session.run())
    try:
        yield session, launcher
    finally:
        session.stop_starting()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_the_pauses_between_starts_grow_and_a_click_starts_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "LOOK_EVERY", 0.01)
    clocks = Clocks()
    async with Station(tmp_path) as station:
        station.home.ensure()
        station.home.config.chmod(0o777)  # the agent refuses that, and ends
        async with following(station, clocks) as (session, launcher):

            async def pass_time() -> None:
                """Only while none runs and none is being started: how long that takes is not looked at."""
                await asyncio.sleep(0.03)  # the session has looked at this moment
                if launcher.ended() is not None and not session._turn.locked():
                    clocks.seconds += STEP

            await until(lambda: len(launcher.starts) == 6, what="six starts", meanwhile=pass_time)
            pauses = [
                after - before for before, after in zip(launcher.starts, launcher.starts[1:], strict=False)
            ]
            for pause, wanted in zip(pauses, BACKOFF[1:], strict=False):
                assert wanted <= pause <= wanted + 2 * STEP, (pauses, BACKOFF)
            await until(lambda: not launcher.mine, what="the end of the sixth")
            session.start_agent()
            await until(lambda: len(launcher.starts) == 7, what="the start that a person wants")
            session.stop_starting()
            await until(lambda: not launcher.mine, what="the end of the seventh")
    assert list(BACKOFF) == sorted(BACKOFF)
    assert BACKOFF[-1] == 60.0


@pytest.mark.parametrize("well", [True, False])
async def test_an_agent_that_was_well_is_started_at_once_and_another_after_its_pause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, well: bool
) -> None:
    monkeypatch.setattr(session_module, "LOOK_EVERY", 0.01)
    clocks = Clocks()
    async with Station(tmp_path) as station, stopped_at_the_end(station):
        await station.line("line1", await station.server(), "keep")
        async with following(station, clocks) as (session, launcher):
            await until(lambda: session.seen.contact is Contact.ATTACHED, what="the agent")
            if well:
                clocks.seconds += WELL.total_seconds() + 1
            await session.client.pause("line1", None)
            await until(lambda: paused(session), what="a snapshot")
            os.kill((await station.status()).pid, signal.SIGKILL)
            looks = 0

            async def look() -> None:
                nonlocal looks
                looks += 1

            if well:
                await until(lambda: len(launcher.starts) == 2, what="the start at once")
                # Its life made good for all deaths before: the next pause is the first one again.
                await until(lambda: session.seen.contact is Contact.ATTACHED, what="the second agent")
                os.kill((await station.status()).pid, signal.SIGKILL)
                await until(lambda: session.seen.contact is Contact.STARTING, what="the second death")
                clocks.seconds += BACKOFF[1]
                await until(lambda: len(launcher.starts) == 3, what="the start after the first pause")
            else:
                await until(lambda: session.seen.contact is Contact.STARTING, what="the death")
                await until(lambda: looks > 50, what="many looks", meanwhile=look)
                assert len(launcher.starts) == 1
                clocks.seconds += BACKOFF[1]
                await until(lambda: len(launcher.starts) == 2, what="the start after the pause")
            await until(lambda: session.seen.contact is Contact.ATTACHED, what="the next agent")
            await session.client.shutdown()
            await until(lambda: session.seen.contact is Contact.GONE, what="its end")
            await until(lambda: not launcher.mine, what="the end of its process")


def paused(session: Session) -> bool:
    status = session.seen.status
    return status is not None and status.instances[0].paused_until is not None
