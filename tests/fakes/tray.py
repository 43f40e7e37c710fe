"""Parts of the tray app in the test's own process, with a real agent behind them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget

from fakes.station import Station
from fakes.waiting import until
from stationmaster.hosting.launch import Launcher
from stationmaster_tray.app import TrayApp
from stationmaster_tray.desk import Desk
from stationmaster_tray.memory import Memory
from stationmaster_tray.seen import Contact
from stationmaster_tray.session import Session
from stationmaster_tray.single import Single
from stationmaster_tray.task import Tasks


@asynccontextmanager
async def attached(station: Station, *, wait: bool = True) -> AsyncIterator[Desk]:
    """A desk whose session follows the station's agent; it starts none."""
    async with asyncio.TaskGroup() as group:
        session = Session(Launcher("user", station.env))
        session.stop_starting()
        desk = Desk(session, Tasks(group), Memory(station.root / "tray.json"))
        following = group.create_task(session.run())
        try:
            if wait:
                await until(lambda: desk.seen.status is not None, what="the agent's snapshot")
            yield desk
        finally:
            session.stop_starting()
            following.cancel()
            desk.tasks.end()


def texts(widget: QWidget) -> list[str]:
    """What the labels below a widget say that are not hidden, in order."""
    return [one.text() for one in widget.findChildren(QLabel) if not one.isHidden() and one.text()]


def button(widget: QWidget, text: str) -> QAbstractButton:
    """The button below a widget that says this."""
    found = [one for one in widget.findChildren(QAbstractButton) if one.text() == text]
    assert found, f"no button {text!r} among {[one.text() for one in widget.findChildren(QAbstractButton)]}"
    return found[0]


@asynccontextmanager
async def living(app: QApplication, station: Station) -> AsyncIterator[tuple[TrayApp, asyncio.Task[int]]]:
    """The whole app of a station whose agent runs; it quits at the end."""
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
