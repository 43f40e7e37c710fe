"""The log page, fed by a real agent's log."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication

from fakes.station import Station
from fakes.tray import attached, button
from fakes.waiting import until
from stationmaster.control.protocol import LogRecord
from stationmaster_tray.pages import log as log_module
from stationmaster_tray.pages.log import LogModel, LogPage, plain

pytestmark = pytest.mark.usefixtures("app")


def lines(page: LogPage) -> list[str]:
    return [record.text for record in page.model.records]


async def test_the_log_is_followed_filtered_and_copied(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.line("line2", await station.server(), "keep")
        await station.start()
        async with attached(station) as desk:
            page = LogPage(desk)
            page.show_seen(desk.seen)
            page.entered()
            await until(lambda: any("agent ready" in line for line in lines(page)), what="the log")
            await desk.client.drain("line1")
            await until(lambda: any("draining" in line for line in lines(page)), what="what is new")
            page.station.setCurrentIndex(page.station.findData("line2"))
            await until(
                lambda: lines(page) and {record.instance for record in page.model.records} == {"line2"},
                what="one station's",
            )
            page.station.setCurrentIndex(0)
            page.text.setText("agent ready")
            await until(lambda: len(lines(page)) == 1, what="what was searched for")
            button(page, "Copy").click()
            assert "agent ready" in QGuiApplication.clipboard().text()
            page.text.setText("nothing says this")
            await until(lambda: not lines(page) and not page.bar.busy, what="an empty answer")
            page.left()


async def test_a_log_that_cannot_be_had_says_why_and_comes_when_the_agent_does(tmp_path: Path) -> None:
    async with Station(tmp_path) as station, attached(station, wait=False) as desk:
        page = LogPage(desk)
        page.entered()
        await until(lambda: page.bar.error, what="the reason")
        await station.start()
        await until(lambda: desk.seen.status is not None, what="the agent")
        button(page.bar, "Try again").click()
        await until(lambda: lines(page), what="the log")
        assert page.bar.error == ""
        page.left()


async def test_the_oldest_records_go_when_there_are_too_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_module, "MOST", 3)
    async with Station(tmp_path) as station, attached(station, wait=False) as desk:
        model = LogModel(desk)
        model.append([LogRecord(text=str(number)) for number in range(2)])
        model.append([LogRecord(text=str(number)) for number in range(2, 5)])
        assert [record.text for record in model.records] == ["2", "3", "4"]


def test_a_record_as_text_has_its_traceback_below() -> None:
    record = LogRecord(level="ERROR", instance="line1", entry=7, text="It broke.", exception="Traceback\nX")
    assert plain(record) == "ERROR line1 [7] It broke.\nTraceback\nX"
