"""The page Find, and Ctrl+K, with a real agent behind them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from fakes.station import Station
from fakes.tray import attached, button, texts
from fakes.waiting import until
from stationmaster_tray.desk import Desk
from stationmaster_tray.pages.find import FindPage
from stationmaster_tray.pages.queue import QueuePage
from stationmaster_tray.window import Window

pytestmark = pytest.mark.usefixtures("app")


@asynccontextmanager
async def window_of(desk: Desk) -> AsyncIterator[Window]:
    """The window, shown."""
    window = Window(desk)
    window.present()
    try:
        yield window
    finally:
        window.close()


def field(page: FindPage) -> QLineEdit:
    found = page.findChild(QLineEdit)
    assert isinstance(found, QLineEdit)
    return found


def found(page: FindPage, column: str) -> list[str]:
    place = [one.id for one in page.table.columns].index(column)
    return [str(page.table.index(row, place).data()) for row in range(page.table.rowCount())]


async def test_a_unit_is_found_in_all_stations_and_shown_in_the_queue(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        for name in ("line1", "line2"):
            line = await station.line(name, await station.server(), "keep")
            line.inboxes[0].drop(line.equipment.wsjf(sn="UNIT-7"))
        await station.start()
        await station.until(
            lambda now: all(one.counts.completed for one in now.instances), what="the reports"
        )
        async with attached(station) as desk, window_of(desk) as window:
            window.open_page("find")
            page = window.page
            assert isinstance(page, FindPage)
            QTest.keyClicks(field(page), "unit-7")
            QTest.keyClick(field(page), Qt.Key.Key_Return)
            await until(lambda: page.table.rowCount() == 2, what="the unit")
            assert set(found(page, "instance")) == {"line1", "line2"}
            assert found(page, "state") == ["delivered", "delivered"]
            assert found(page, "result") == ["Passed", "Passed"]
            assert any(
                text.startswith("2 entries of UNIT-7; the last change: delivered") for text in texts(page)
            )
            QTest.keyClick(page.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
            await until(lambda: "UNIT-7" in QGuiApplication.clipboard().text(), what="the copy")
            (chosen,) = page.view.keys()
            button(page, "Show in &queue").click()
            queue = window.page
            assert isinstance(queue, QueuePage)
            await until(lambda: queue.view.keys() == [chosen], what="the entry in the queue")
            assert queue.details.heading == "UNIT-7: delivered"


async def test_nothing_found_says_so_plainly_and_leads_on(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.start()
        async with attached(station) as desk, window_of(desk) as window:
            window.open_page("find", "SN-404")
            page = window.page
            assert isinstance(page, FindPage)
            sentence = "No station knows the serial number “SN-404”."
            await until(lambda: any(text.startswith(sentence) for text in texts(page)), what="the sentence")
            page.entered("SN-405")
            assert not any("SN-404" in text for text in texts(page)), "the answer to another question"
            await until(lambda: any("“SN-405”" in text for text in texts(page)), what="the other sentence")
            page.entered("SN-404")
            await until(lambda: any("“SN-404”" in text for text in texts(page)), what="the sentence again")
            button(page, "Search in Queue && Errors").click()
            queue = window.page
            assert isinstance(queue, QueuePage)
            assert queue.choice.text == "SN-404"


async def test_an_agent_that_is_gone_is_told_in_words(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.start()
        async with attached(station) as desk, window_of(desk) as window:
            window.open_page("find")
            page = window.page
            assert isinstance(page, FindPage)
            page.look_up()  # nothing is typed: nothing is asked
            assert not page.bar.busy
            await station.terminate()
            await until(lambda: desk.seen.status is None, what="the end of the agent")
            page.entered({"serial": "SN1"})
            await until(lambda: bool(page.bar.error), what="the words")


async def test_ctrl_k_wants_to_find(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.start()
        async with attached(station) as desk, window_of(desk) as window:
            wanted: list[str] = []
            desk.wanted.connect(lambda action, _instance, _argument: wanted.append(action))
            await until(window.isActiveWindow, what="the window in front")
            for page in ("overview", "queue"):
                window.open_page(page)
                QTest.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
            assert wanted == ["find", "find"]
