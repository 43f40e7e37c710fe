"""The tray app, put together: session, icon, menu, window, and the way out."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMessageBox

from stationmaster.hosting.launch import Launcher
from stationmaster.model import ProblemCode
from stationmaster_tray import clipboard, theme
from stationmaster_tray.actor import Actor
from stationmaster_tray.autostart import Autostart
from stationmaster_tray.desk import Desk
from stationmaster_tray.memory import Memory
from stationmaster_tray.menu import QUITS, Item
from stationmaster_tray.notice import Notice
from stationmaster_tray.notifier import Notifier
from stationmaster_tray.presenter import present
from stationmaster_tray.seen import Seen
from stationmaster_tray.session import Session
from stationmaster_tray.single import Single
from stationmaster_tray.task import LAST, Tasks
from stationmaster_tray.text import tr
from stationmaster_tray.tray_icon import TrayIcon, panel_variant
from stationmaster_tray.widgets.message import message
from stationmaster_tray.window import Window

_REDRAW_EVERY = 15_000
"""Milliseconds: a pause ends, and "2 min ago" grows older, without a new snapshot."""


class TrayApp(QObject):
    """The whole app; `run` is its life."""

    def __init__(
        self,
        app: QApplication,
        launcher: Launcher,
        single: Single,
        memory: Memory,
        *,
        hidden: bool = False,
        quiet_start: timedelta = timedelta(minutes=1),
    ) -> None:
        """Nothing is shown before `run`.

        Args:
            app: Qt's.
            launcher: finds and starts the agent.
            single: acquired already.
            memory: what was remembered.
            hidden: begin with the icon alone, as at log-in.
            quiet_start: no notifications for so long after the start and after the computer woke.
        """
        super().__init__()
        self._app = app
        self._launcher = launcher
        self._single = single
        self._memory = memory
        self._hidden = hidden
        self._quiet_start = quiet_start
        self._stop = asyncio.Event()

    async def run(self) -> int:
        """Live until somebody wants us to quit; returns the exit code."""
        self._stop_on_signals()
        async with asyncio.TaskGroup() as group:
            await self._live(group)
        return 0

    async def _live(self, group: asyncio.TaskGroup) -> None:
        session = Session(self._launcher)
        self.desk = Desk(session, Tasks(group), self._memory)
        self.notifier = Notifier(self._memory, self._notify, quiet_start=self._quiet_start)
        self.actor = Actor(self.desk, self.notifier, Autostart(self._launcher.home.scope.value))
        self.icon = TrayIcon(self._menu_chosen, panel_variant)
        self.window = Window(self.desk)
        self._connect(session)
        try:
            await self._used(group, session)
        finally:
            self._close()
            await self._remember()

    async def _used(self, group: asyncio.TaskGroup, session: Session) -> None:
        self.desk.tasks.start(self.actor.look())
        following = group.create_task(session.run())
        self._draw(session.seen)
        if not self._hidden or not self.icon.is_available:
            self.window.present()
        await self._stop.wait()
        self._single.release()  # at once: who starts another tray from now on wants one that stays
        self.icon.close()
        self.window.close_dialog()
        await self.desk.tasks.finish()
        session.stop_starting()
        following.cancel()
        self.desk.tasks.end()
        clipboard.let_go()

    def redraw(self) -> None:
        """Draw everything anew: the look changed."""
        self.icon.repaint()
        self._draw(self.desk.seen)

    def quit(self) -> None:
        """End `run`; the agent goes on."""
        self._stop.set()

    def keep(self) -> None:
        """Somebody is about to log out. It may still be called off: who ends us then says so."""
        self.window.remember()
        self.desk.tasks.start(self._remember(), last=True)

    async def _remember(self) -> None:
        """Keep widths and places, where the disk answers."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST):
                await asyncio.to_thread(self._memory.save)

    # ---------------------------------------------------------------- inside
    def _connect(self, session: Session) -> None:
        session.changed.connect(self._draw)
        self.desk.trouble = self.window.show_trouble
        self.actor.quit_wanted.connect(self._stop.set)
        self.actor.own_changed.connect(lambda: self._draw(session.seen))
        self.icon.message_clicked.connect(self._notice_clicked)
        self.icon.opened.connect(self._icon_clicked)
        self.icon.available.connect(self._panel)
        self.window.banner.start_wanted.connect(session.start_agent)
        self.window.banner.restart_wanted.connect(lambda: self.actor.do("start-agent"))
        self.window.closed.connect(self._window_closed)
        self._single.raised.connect(self.window.present)
        self._redraw = QTimer(self)
        self._redraw.timeout.connect(lambda: self._draw(session.seen))
        self._redraw.start(_REDRAW_EVERY)
        QGuiApplication.styleHints().colorSchemeChanged.connect(lambda _scheme: self._dress())
        self._app.commitDataRequest.connect(lambda _manager: self.keep())

    def _draw(self, seen: Seen) -> None:
        view = present(seen, datetime.now(UTC), self.actor.own)
        self.icon.show_view(view)
        self.window.show_seen(seen, view)
        self.notifier.show_seen(seen)
        self._first_run(seen)

    def _first_run(self, seen: Seen) -> None:
        """Once, where there is no station and somebody looks: lead to the first one."""
        known = self._memory.now
        if known.wizard or not self.window.isVisible() or seen.status is None:
            return
        if seen.status.instances or any(
            one.code is ProblemCode.CONFIG_INVALID for one in seen.status.problems
        ):
            return
        known.wizard = True
        self.desk.page_wanted.emit("wizard", None)

    def _notify(self, notice: Notice) -> None:
        self.icon.notify(notice.title, notice.text, urgent=notice.urgent)

    def _notice_clicked(self) -> None:
        last = self.notifier.last
        self.window.open_page(last.page if last else "")

    def _dress(self) -> None:
        theme.apply(self._app)
        self.redraw()

    def _menu_chosen(self, item: Item) -> None:
        if item.action in QUITS:
            self._let_go(lambda: self.actor.chosen(item))
        else:
            self.actor.chosen(item)

    def _let_go(self, end: Callable[[], object]) -> None:
        """End, after a person let go of what is not saved; nobody waits for the answer."""
        unsaved = self.window.unsaved
        if not unsaved:
            end()
            return
        self.window.present()
        box = message(
            QMessageBox.Icon.Question,
            tr("Quit"),
            tr("Not saved yet: {what}.", what=", ".join(unsaved)),
            more=tr("What was changed is lost if the tray ends now."),
            parent=self.window,
        )
        leave = box.addButton(tr("Quit all the same"), QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(QMessageBox.StandardButton.Cancel)
        leave.clicked.connect(end)
        box.open()

    def _icon_clicked(self) -> None:
        if self.desk.seen.status is None:
            self.desk.session.start_agent()
        self.window.present()

    def _panel(self, shown: bool) -> None:  # noqa: FBT001 - a slot
        """Without a panel the window is all there is."""
        if not shown and not self.window.isVisible():
            self.window.present()

    def _window_closed(self) -> None:
        """Where no panel shows an icon, nobody could bring the window back: it was the tray."""
        if not self.icon.is_available and not self._stop.is_set():
            QTimer.singleShot(0, lambda: self._let_go(self._stop.set))  # it is hidden after this

    def _close(self) -> None:
        self.window.remember()
        self._redraw.stop()
        self.icon.close()
        self.window.close()
        self._single.release()

    def _stop_on_signals(self) -> None:
        if sys.platform == "win32":
            signal.signal(signal.SIGINT, lambda *_: self._stop.set())
            return
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(name, self._stop.set)
