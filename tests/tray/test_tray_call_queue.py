"""Deeds that change something: none ends another, whatever the channel takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from fakes.slow_channel import slow
from fakes.station import Station
from fakes.tray import attached, button, texts
from fakes.waiting import until
from stationmaster.errors import StationmasterError
from stationmaster_tray.call_queue import CallQueue
from stationmaster_tray.pages.queue import QueuePage
from stationmaster_tray.task import Tasks

pytestmark = pytest.mark.usefixtures("app")

MANY = 20
SLOW = 0.4
"""Seconds that the channel needs for one call."""


async def test_retry_all_goes_on_to_its_end_when_something_else_is_done_meanwhile(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        server = await station.server()
        lines = [await station.line(name, server, "keep") for name in ("line1", "line2")]
        await station.start()
        for line in lines:
            for number in range(MANY):
                hidden = line.inboxes[0].path / f".{number}"
                hidden.write_text('{"type": "T"}')
                hidden.replace(line.inboxes[0].path / f"bad-{number}.json")
        await station.until(lambda now: sum(one.counts.error for one in now.instances) == 2 * MANY)
        async with slow(station.home.socket, SLOW), attached(station) as desk:
            page = QueuePage(desk)
            page.resize(900, 650)
            page.show()
            desk.session.changed.connect(page.show_seen)
            page.show_seen(desk.seen)
            page.entered()
            await until(lambda: page.table.rowCount() == 2 * MANY, what="the list")
            page.view.choose(0)
            await until(lambda: button(page, "&Retry").isEnabled(), what="the button")
            said = list[str]()
            page.deeds.said.connect(said.append)
            for name in ("Retry &all errors", "&Retry"):
                QTest.mouseClick(button(page, name), Qt.MouseButton.LeftButton)
            page.deeds.copy_text("this neither")
            await until(page.deeds.changes.isVisible, what="that it takes a while")
            assert "Queueing again... 1 more waits." in texts(page.deeds.changes)
            await until(lambda: len(said) == 3, what=lambda: f"both deeds {said} {page.deeds.changes.error}")
            assert said[:2] == ["The details are copied.", f"{2 * MANY} entries are queued again."]
            assert not page.deeds.changes.busy
            desk.session.changed.disconnect(page.show_seen)
            page.left()
            page.close()


@asynccontextmanager
async def queue() -> AsyncIterator[CallQueue]:
    """One that works."""
    async with asyncio.TaskGroup() as group:
        tasks = Tasks(group)
        bar = CallQueue(tasks)
        yield bar
        tasks.end()
        bar.close()


class Calls:
    """Calls that end when they are told to."""

    def __init__(self, bar: CallQueue) -> None:
        self.bar = bar
        self.began: list[str] = []
        self.ends: list[str] = []
        self.gates: dict[str, asyncio.Future[str]] = {}

    def ask(self, name: str) -> None:
        self.gates[name] = asyncio.get_running_loop().create_future()
        self.bar.run(self._work(name), self.ends.append, what=f"{name}...")

    def _work(self, name: str) -> Callable[[], Coroutine[None, None, str]]:
        async def work() -> str:
            self.began.append(name)
            return await self.gates[name]

        return work


async def test_one_after_the_other_and_cancel_ends_the_one_that_runs() -> None:
    async with queue() as bar:
        calls = Calls(bar)
        for name in ("first", "second", "third"):
            calls.ask(name)
        await until(bar.isVisible, what="the sign")
        assert calls.began == ["first"]
        assert texts(bar) == ["first... 2 more wait."]
        calls.gates["first"].set_result("first")
        await until(lambda: calls.began == ["first", "second"], what="the second")
        assert texts(bar) == ["second... 1 more waits."]
        await until(bar.isVisible, what="the sign")
        button(bar, "Cancel").click()
        await until(lambda: calls.began == ["first", "second", "third"], what="the third")
        assert texts(bar) == ["third..."]
        calls.gates["third"].set_result("third")
        await until(lambda: not bar.busy, what="the end")
        assert calls.ends == ["first", "third"]
        assert not bar.isVisible()


async def test_after_an_error_the_others_wait_until_it_was_read() -> None:
    async with queue() as bar:
        calls = Calls(bar)
        for name in ("first", "second"):
            calls.ask(name)
        await until(lambda: calls.began, what="the first")
        calls.gates["first"].set_exception(StationmasterError("It went wrong."))
        await until(lambda: bar.error, what="the words")
        assert bar.error == "It went wrong. 1 more waits."
        assert calls.began == ["first"]
        calls.gates["first"] = asyncio.get_running_loop().create_future()
        calls.gates["first"].set_result("first")
        button(bar, "Try again").click()
        await until(lambda: calls.began == ["first", "second"], what="the second")
        calls.gates["second"].set_result("second")
        await until(lambda: calls.ends == ["second", "first"], what="the first at last")
        assert not bar.error
