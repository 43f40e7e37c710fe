"""The app put together, in the test's own process: where there is no panel, and its way out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from fakes.station import Station
from fakes.waiting import until
from stationmaster.errors import StationmasterError
from stationmaster.hosting.launch import Launcher
from stationmaster_tray.action import ACTIONS
from stationmaster_tray.app import TrayApp
from stationmaster_tray.application import Application
from stationmaster_tray.memory import Memory
from stationmaster_tray.pages import PAGES
from stationmaster_tray.seen import Contact
from stationmaster_tray.single import Single


@asynccontextmanager
async def living(app: QApplication, station: Station) -> AsyncIterator[tuple[TrayApp, asyncio.Task[int]]]:
    """The app of a station whose agent runs; it quits at the end."""
    memory = Memory(station.root / "tray.json")
    tray = TrayApp(app, Launcher("user", station.env), Single(f"sm-{station.root.name}"), memory)
    running = asyncio.create_task(tray.run())
    await until(
        lambda: hasattr(tray, "window") and tray.desk.seen.contact is Contact.ATTACHED, what="the tray"
    )
    try:
        yield tray, running
    finally:
        tray.quit()
        await running


async def test_without_a_panel_the_window_opens_and_closing_it_ends_the_tray_and_not_the_agent(
    tmp_path: Path, app: QApplication
) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.start()
        async with living(app, station) as (tray, running):
            assert tray.window.isVisible()
            tray.window.open_page("log")
            tray.window.close()
            assert await asyncio.wait_for(running, 30) == 0
        assert Memory(tmp_path / "tray.json").now.page == "log"
        assert station.alive


async def test_a_log_out_that_is_called_off_ends_nothing_and_one_that_goes_on_does(
    tmp_path: Path, app: QApplication
) -> None:
    assert isinstance(app, Application)
    async with Station(tmp_path) as station:
        await station.start()
        async with living(app, station) as (tray, running):
            tray.window.open_page("log")
            tray.keep()  # a session manager of Qt is made by a desktop alone
            await until(lambda: Memory(tmp_path / "tray.json").now.page == "log", what="what is kept")
            assert not running.done()
            assert tray.window.isVisible()
            app.quit_wanted.connect(tray.quit)
            QApplication.sendEvent(app, QEvent(QEvent.Type.Quit))  # as the session's end does
            assert await asyncio.wait_for(running, 60) == 0
        assert station.alive


async def test_every_action_does_something_and_every_page_that_one_names_is_there(
    tmp_path: Path, app: QApplication
) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.start()
        async with living(app, station) as (tray, _):
            assert tray.actor.steps.keys() == {action.id for action in ACTIONS}
            wanted: list[str] = []
            tray.desk.page_wanted.connect(lambda name, _argument: wanted.append(name))
            for action in ("open", "find", "errors", "settings", "add-station", "about", "check-updates"):
                tray.actor.do(action)
            await until(lambda: len(wanted) == 7, what="the pages")
            assert set(wanted) <= {"", *(spec.id for spec in PAGES), "wizard"}


def test_the_machines_agent_is_not_started_by_a_user(tmp_path: Path) -> None:
    launcher = Launcher("machine", {"HOME": str(tmp_path), "STATIONMASTER_HOME": str(tmp_path / "home")})
    assert launcher.supervised
    with pytest.raises(StationmasterError, match="is a service") as caught:
        launcher.start()
    assert caught.value.next_step
