"""Each action of the menu does what it says, at a real agent and at the system's own powers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from fakes.gaps import BLOCKED, Gaps
from fakes.opener import Opener
from fakes.station import Line, Station
from fakes.tray import attached
from fakes.waiting import answer, until
from stationmaster.control.protocol import FOREVER, next_morning
from stationmaster.errors import StationmasterError
from stationmaster_tray.actor import Actor
from stationmaster_tray.autostart import Autostart
from stationmaster_tray.desk import Desk
from stationmaster_tray.guide import guide
from stationmaster_tray.notifier import Notifier

pytestmark = pytest.mark.usefixtures("app")

NEAR = timedelta(minutes=1)


@asynccontextmanager
async def at_work(root: Path) -> AsyncIterator[tuple[Station, Line, Desk, Actor]]:
    """A station with two lines, the tray's desk and its actions; no action may block the window."""
    async with Station(root) as station:
        server = await station.server()
        line = await station.line("line1", server, "keep")
        await station.line("line2", server, "keep")
        await station.start()
        async with attached(station) as desk:
            troubles: list[StationmasterError] = []
            desk.trouble = troubles.append
            notifier = Notifier(desk.memory, lambda _notice: None, quiet_start=timedelta())
            with Gaps() as gaps:
                yield station, line, desk, Actor(desk, notifier, Autostart(env={"HOME": str(root)}))
            assert max(gaps.blocked, default=0.0) < BLOCKED
            assert troubles == []


async def test_each_pause_ends_when_it_says_and_resume_ends_it(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (station, _, desk, actor):
        now = desk.now()
        for action, end in (
            ("pause-15", now + timedelta(minutes=15)),
            ("pause-60", now + timedelta(hours=1)),
            ("pause-tomorrow", next_morning(now)),
            ("pause-forever", FOREVER),
        ):
            actor.do(action)
            for name in ("line1", "line2"):

                async def paused(name: str = name, end: object = end) -> bool:
                    till = (await station.instance(name)).paused_until
                    return till is not None and abs(till - end) < NEAR  # type: ignore[operator]

                await answer(paused, what=f"{action} of {name}")
            actor.do("resume")
            await station.until(lambda seen: not any(one.paused_until for one in seen.instances))


async def test_what_is_chosen_for_one_station_leaves_the_other_alone(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (station, _, _, actor):
        actor.do("pause-15", "line2")
        await station.until(lambda seen: seen.instances[1].paused_until)
        assert (await station.instance("line1")).paused_until is None


@asynccontextmanager
async def listening(socket: str) -> AsyncIterator[list[str]]:
    """Listen in on the agent's socket; gives what is asked of the agent from now on, by method and route."""
    place, aside = Path(socket), Path(f"{socket}.real")
    await asyncio.to_thread(place.rename, aside)
    asked: list[str] = []

    async def passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, note: bool) -> None:
        while data := await reader.read(65536):
            if note:
                asked.extend(one.decode() for one in re.findall(rb"^([A-Z]+ \S+) HTTP", data, re.MULTILINE))
            writer.write(data)
            await writer.drain()
        writer.close()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(aside)
        await asyncio.gather(passed(reader, back, note=True), passed(there, writer, note=False))

    async with await asyncio.start_unix_server(meet, place):
        await asyncio.to_thread(place.chmod, 0o600)
        yield asked
    await asyncio.to_thread(aside.replace, place)


async def test_send_now_asks_the_agent_to_send_for_each_station(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (station, _, _, actor), listening(station.home.socket) as asked:
        actor.do("send-now")
        await until(lambda: len(asked) == 2, what="two requests")
        assert asked == ["POST /v1/instances/line1/send", "POST /v1/instances/line2/send"]


@pytest.mark.parametrize(("action", "minutes"), [("snooze-30", 30), ("snooze-60", 60), ("snooze-480", 480)])
async def test_a_snooze_lasts_as_long_as_it_says_and_ends_when_wanted(
    tmp_path: Path, action: str, minutes: int
) -> None:
    async with Station(tmp_path) as station, attached(station, wait=False) as desk:
        notifier = Notifier(desk.memory, lambda _notice: None, quiet_start=timedelta())
        actor = Actor(desk, notifier, Autostart(env={"HOME": str(tmp_path)}))
        begun = desk.now()
        actor.do(action)
        await until(lambda: actor.own.snoozed_until is not None, what=action)
        ends = actor.own.snoozed_until
        assert ends is not None
        assert abs(ends - begun - timedelta(minutes=minutes)) < NEAR
        actor.do("snooze-end")
        await until(lambda: actor.own.snoozed_until is None, what="its end")


async def test_folder_and_documentation_are_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desktop = Opener(tmp_path / "desktop", monkeypatch)
    async with at_work(tmp_path) as (_, line, _, actor):
        folder = str(line.inboxes[0].path)
        actor.do("watch-folder", "line1", folder)
        await until(lambda: desktop.paths == [folder], what="the folder")
        actor.do("docs")
        await until(lambda: desktop.paths == [folder, str(guide())], what="the documentation")


async def test_quitting_the_tray_leaves_the_agent_and_quitting_both_ends_it(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (station, _, _, actor):
        left: list[str] = []
        actor.quit_wanted.connect(lambda: left.append("quit"))
        actor.do("quit-tray")
        await until(lambda: left == ["quit"], what="the end")
        await station.status()
        actor.do("quit-all")
        await station.gone()
        await until(lambda: left == ["quit", "quit"], what="the end")


async def test_an_agent_is_started_when_wanted(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (station, _, desk, actor):
        await station.terminate()
        await until(lambda: desk.seen.status is None, what="its end")
        actor.do("start-agent")
        await until(lambda: desk.seen.status is not None, what="the next one")
        await desk.client.shutdown()
        await until(lambda: desk.seen.status is None, what="its end")
        await until(lambda: desk.session.launcher.ended() is not None, what="the end of its process")
