"""Does what the menu offers: each action of `action.ACTIONS` has its step here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from stationmaster.control.protocol import next_morning
from stationmaster.errors import StationmasterError
from stationmaster_tray.autostart import Autostart
from stationmaster_tray.desk import Desk
from stationmaster_tray.guide import guide
from stationmaster_tray.menu import Item
from stationmaster_tray.notifier import Notifier
from stationmaster_tray.opening import opened
from stationmaster_tray.presenter import Own
from stationmaster_tray.seen import Contact
from stationmaster_tray.text import tr

Step = Callable[[str, str], Coroutine[Any, Any, None]]
Until = Callable[[datetime], datetime | None]


class Actor(QObject):
    """Carries actions out: at once, never waiting, errors in words to the window.

    `quit_wanted`: the tray is to end; what the agent was told is done by then. `own_changed`: the tray's own
    state is another.
    """

    quit_wanted = Signal()
    own_changed = Signal()

    def __init__(self, desk: Desk, notifier: Notifier, autostart: Autostart) -> None:
        """Listen to whoever wants an action."""
        super().__init__()
        self._desk = desk
        self._notifier = notifier
        self._switch = autostart
        self._starts: bool | None = None
        self.steps: dict[str, Step] = {
            "open": self._page(""),
            "find": self._page("find"),
            "errors": self._page("queue"),
            "settings": self._page("settings"),
            "test-file": self._page("converters", "test"),
            "make-mapping": self._page("converters", "mapping"),
            "replay": self._page("converters", "replay"),
            "add-station": self._page("wizard"),
            "docs": self._docs,
            "about": self._page("about"),
            "check-updates": self._page("about"),
            "diagnostics": self._page("about", "diagnostics"),
            "start-agent": self._start,
            "watch-folder": self._watch_folder,
            "pause-15": self._pause(lambda now: now + timedelta(minutes=15)),
            "pause-60": self._pause(lambda now: now + timedelta(hours=1)),
            "pause-tomorrow": self._pause(next_morning),
            "pause-forever": self._pause(lambda _now: None),
            "resume": self._resume,
            "send-now": self._send,
            "snooze-30": self._snooze(timedelta(minutes=30)),
            "snooze-60": self._snooze(timedelta(hours=1)),
            "snooze-480": self._snooze(timedelta(hours=8)),
            "snooze-end": self._snooze(timedelta()),
            "autostart": self._autostart,
            "quit-tray": self._quit_tray,
            "quit-all": self._quit_all,
        }
        desk.wanted.connect(self.do)

    def chosen(self, item: Item) -> None:
        """A line of the menu was chosen."""
        self.do(item.action, item.instance, item.argument)

    def do(self, action: str, instance: str = "", argument: str = "") -> None:
        """Start an action; what goes wrong is shown in the window."""
        self._desk.tasks.start(self.steps[action](instance, argument), trouble=self._desk.trouble)

    # ---------------------------------------------------------------- pages
    def _page(self, page: str, usual: str = "") -> Step:
        async def step(instance: str, argument: str) -> None:
            self._desk.page_wanted.emit(page, argument or instance or usual or None)

        return step

    # ---------------------------------------------------------------- the agent
    async def _start(self, _instance: str, _argument: str) -> None:
        if self._desk.seen.contact is Contact.OTHER:
            await self._desk.session.restart_agent()
        else:
            self._desk.session.start_agent()

    def _pause(self, until: Until) -> Step:
        async def step(instance: str, _argument: str) -> None:
            for name in self._names(instance):
                await self._desk.client.pause(name, until(self._desk.now()))

        return step

    async def _resume(self, instance: str, _argument: str) -> None:
        for name in self._names(instance):
            await self._desk.client.resume(name)

    async def _send(self, instance: str, _argument: str) -> None:
        for name in self._names(instance):
            await self._desk.client.send_now(name)

    def _names(self, instance: str) -> tuple[str, ...]:
        if instance:
            return (instance,)
        status = self._desk.seen.status
        return tuple(one.name for one in status.instances) if status else ()

    # ---------------------------------------------------------------- the tray itself
    @property
    def own(self) -> Own:
        """The tray's own state, for the menu."""
        return Own(snoozed_until=self._notifier.snoozed_until, autostart=self._starts)

    async def look(self) -> None:
        """Find out what the system knows of us."""
        self._starts = await asyncio.to_thread(lambda: self._switch.is_on)
        self.own_changed.emit()

    def _snooze(self, length: timedelta) -> Step:
        async def step(_instance: str, _argument: str) -> None:
            self._notifier.snooze(length)
            self.own_changed.emit()

        return step

    async def _autostart(self, _instance: str, wanted: str) -> None:
        try:
            await asyncio.to_thread(self._switch.switch, on=wanted == "on" if wanted else not self._starts)
        finally:
            await self.look()

    # ---------------------------------------------------------------- the system
    async def _watch_folder(self, _instance: str, folder: str) -> None:
        await opened(Path(folder))

    async def _docs(self, _instance: str, page_wanted: str) -> None:
        page = await asyncio.to_thread(guide, page_wanted)
        if page is None:
            raise StationmasterError(
                tr("The documentation is not installed here."),
                next_step=tr("Ask who installed Stationmaster."),
            )
        await opened(page)

    async def _quit_tray(self, _instance: str, _argument: str) -> None:
        self.quit_wanted.emit()

    async def _quit_all(self, _instance: str, _argument: str) -> None:
        await self._desk.session.end_agent()
        self._desk.session.stop_starting()
        self.quit_wanted.emit()
