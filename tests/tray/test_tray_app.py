"""The app put together, in the test's own process: where there is no panel, and its way out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import cast

import msgspec
import pytest
from PySide6.QtCore import SIGNAL, QEvent, Qt
from PySide6.QtGui import QAction, QColor, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu, QMessageBox

from fakes.station import Station
from fakes.tray import button, living
from fakes.waiting import until
from stationmaster.errors import StationmasterError
from stationmaster.hosting.launch import Launcher
from stationmaster_tray import app as app_module
from stationmaster_tray import icons, theme
from stationmaster_tray.action import ACTIONS
from stationmaster_tray.application import Application
from stationmaster_tray.memory import Memory
from stationmaster_tray.pages import PAGES
from stationmaster_tray.pages.settings import SettingsPage
from stationmaster_tray.presenter import State


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


def offered(menu: QMenu) -> Iterator[QAction]:
    """The lines of a menu and of those below it."""
    for action in menu.actions():
        yield action
        if action.menu() is not None:
            yield from offered(cast("QMenu", action.menu()))


async def test_what_is_not_saved_is_asked_for_before_the_tray_ends(tmp_path: Path, app: QApplication) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.start()
        async with living(app, station) as (tray, running):
            tray.window.open_page("settings", "line1")
            page = tray.window.page
            assert isinstance(page, SettingsPage)
            await until(lambda: page.form, what="the form")
            assert page.form is not None
            assert not tray.window.unsaved
            place = page.form.row("station.location")
            assert place is not None
            assert isinstance(place.field.editor, QLineEdit)
            QTest.keyClicks(place.field.editor, "Hall 9")
            await until(lambda: tray.window.unsaved, what="the change")
            [leave] = [one for one in offered(tray.icon.menu) if one.objectName() == "quit-tray"]
            leave.trigger()
            [box] = tray.window.findChildren(QMessageBox)
            assert box.text() == "Not saved yet: the settings of line1."
            button(box, "Cancel").click()
            tray.window.close()  # there is no panel that could bring it back
            await until(tray.window.isVisible, what="the window again")
            [box] = [one for one in tray.window.findChildren(QMessageBox) if one.isVisible()]
            button(box, "Quit all the same").click()
            assert await asyncio.wait_for(running, 60) == 0


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


async def test_the_end_of_the_desktop_session_is_listened_to(tmp_path: Path, app: QApplication) -> None:
    # No test can make the QSessionManager that the signal carries.
    ending = SIGNAL("commitDataRequest(QSessionManager&)")
    async with Station(tmp_path) as station:
        await station.start()
        before = app.receivers(ending)
        async with living(app, station):
            assert app.receivers(ending) == before + 1


def _ground_is(app: QApplication, colour: str) -> bool:
    return app.palette().window().color() == QColor(colour)


async def test_the_look_follows_the_system(tmp_path: Path, app: QApplication) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.start()
        hints = QGuiApplication.styleHints()
        async with living(app, station):
            try:
                for scheme, colours in (("dark", theme.DARK), ("light", theme.LIGHT)):
                    theme.choose(scheme)  # a platform without a screen asks for nothing
                    hints.colorSchemeChanged.emit(Qt.ColorScheme.Unknown)
                    await until(partial(_ground_is, app, colours.ground), what="the look")
            finally:
                theme.choose("")
                theme.apply(app)


async def test_the_windows_icon_shows_the_state(tmp_path: Path, app: QApplication) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.start()
        async with living(app, station) as (tray, _):

            def shows(state: State) -> bool:
                wanted = icons.icon(state.value, icons.Variant.LIGHT)
                return tray.window.windowIcon().cacheKey() == wanted.cacheKey()

            await until(lambda: shows(State.IDLE), what="all is well")
            await tray.desk.client.pause("line1", None)
            await until(lambda: shows(State.PAUSED), what="the pause")


async def test_what_time_alone_changes_is_drawn_too(
    tmp_path: Path, app: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "_REDRAW_EVERY", 20)
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.start()
        async with living(app, station) as (tray, _):
            session = tray.desk.session

            def said() -> str:
                return tray.icon.menu.actions()[0].text()

            await until(lambda: said().startswith("Ready"), what="an agent that has come to rest")
            status = session.seen.status
            assert status is not None
            session.changed.disconnect()  # no snapshot draws anything
            until_ = tray.desk.now() + timedelta(seconds=5)
            paused = msgspec.structs.replace(status.instances[0], paused_until=until_)
            status = msgspec.structs.replace(status, instances=(paused,))
            session.seen = msgspec.structs.replace(session.seen, status=status)

            await until(lambda: said().startswith("Paused until"), what="the pause")
            await until(lambda: said().startswith("Ready"), what="its end")
