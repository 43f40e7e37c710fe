"""The window: pages on the left, the chosen one on the right, what is wrong above it."""

from __future__ import annotations

import asyncio

from PySide6.QtCore import QByteArray, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from stationmaster.errors import StationmasterError
from stationmaster_tray import icons
from stationmaster_tray.desk import Desk, Page
from stationmaster_tray.pages import DIALOGS, PAGES, PageSpec
from stationmaster_tray.presenter import TrayView
from stationmaster_tray.seen import Seen
from stationmaster_tray.text import tr
from stationmaster_tray.tray_icon import panel_variant
from stationmaster_tray.widgets.banner import Banner
from stationmaster_tray.widgets.drop import FileDrop

_REST = 0.05
"""Seconds between two steps of making pages that nobody has opened yet."""


class Window(QWidget):
    """The one window. Closing it leaves the icon; `closed` tells of it, for where there is none."""

    closed = Signal()

    def __init__(self, desk: Desk) -> None:
        """No page is made yet."""
        super().__init__()
        self._desk = desk
        self._pages: dict[str, Page] = {}
        self._argument: object = None
        self._warm = False
        self.dialog: QDialog | None = None
        self.setWindowTitle("Stationmaster")
        self.setMinimumSize(720, 480)
        self.resize(1080, 720)
        self._list = QListWidget(self)
        self._list.setObjectName("navigation")
        self._list.setAccessibleName(tr("Pages"))
        self._list.setFixedWidth(180)
        for spec in PAGES:
            self._list.addItem(spec.title())
        self._title = QLabel(self)
        self._title.setProperty("role", "title")
        self.banner = Banner(self)
        self._stack = QStackedWidget(self)
        self._lay_out()
        self._list.currentRowChanged.connect(self._chosen)
        desk.page_wanted.connect(self.open_page)
        FileDrop(self).dropped.connect(lambda files: self.open_page("converters", files))
        QShortcut(QKeySequence("Ctrl+K"), self, lambda: desk.wanted.emit("find", "", ""))
        QShortcut(QKeySequence.StandardKey.Close, self, self.close)
        self._restore()

    @property
    def page(self) -> Page | None:
        """The page that is shown."""
        shown = self._stack.currentWidget()
        return shown if isinstance(shown, Page) else None

    # ---------------------------------------------------------------- what others tell
    def show_seen(self, seen: Seen, view: TrayView) -> None:
        """The agent's state changed."""
        wanted = icons.icon(view.state.value, panel_variant())
        if self.windowIcon().cacheKey() != wanted.cacheKey():
            self.setWindowIcon(wanted)
        self.banner.show_seen(seen)
        if self.isVisible() and self.page is not None:
            self.page.show_seen(seen)

    def show_trouble(self, error: StationmasterError) -> None:
        """Say what could not be done."""
        self.banner.show_trouble(error)

    def open_page(self, name: str, argument: object = None) -> None:
        """Show a page, and the window if it is hidden; "" for the page that was open."""
        if not name:
            self.present()
            return
        if name in DIALOGS:
            self._open_dialog(name)
            return
        row = next((row for row, spec in enumerate(PAGES) if spec.id == name), 0)
        if self._list.currentRow() == row and self.page is not None:
            self._enter(self.page, argument)
        else:
            self._argument = argument
            self._list.setCurrentRow(row)
        self.present()

    def present(self) -> None:
        """Show the window in front of the others."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()
        if self.page is not None:
            self.page.show_seen(self._desk.seen)
        if not self._warm:
            self._warm = True
            self._desk.tasks.start(self._warm_up())

    @property
    def unsaved(self) -> list[str]:
        """What is lost if the program ends now, in words."""
        return [words for page in self._pages.values() if (words := page.unsaved())]

    def close_dialog(self) -> None:
        """As if a person had cancelled it."""
        if self.dialog is not None:
            self.dialog.reject()

    # ---------------------------------------------------------------- Qt's calls
    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Hide: the icon stays."""
        self.remember()
        self.close_dialog()
        if self.page is not None:
            self.page.left()
        event.accept()
        self.closed.emit()

    def remember(self) -> None:
        """Put where the window is, and which page it shows, into the memory."""
        self._desk.memory.now.geometry = bytes(self.saveGeometry().data()).hex()
        self._desk.memory.now.page = PAGES[max(0, self._list.currentRow())].id

    # ---------------------------------------------------------------- inside
    def _lay_out(self) -> None:
        right = QVBoxLayout()
        right.setContentsMargins(18, 14, 18, 14)
        right.setSpacing(10)
        for widget in (self._title, self.banner):
            right.addWidget(widget)
        right.addWidget(self._scrolled(), 1)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self._list)
        whole.addLayout(right, 1)

    def _scrolled(self) -> QScrollArea:
        """The pages: in a window that is too small for one, nothing of it is cut off."""
        scroll = QScrollArea(self)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(self._stack)
        # The area lets it fill its ground, and whatever fills its ground within another that does is painted
        # twice in the frame in which both changed.
        self._stack.setAutoFillBackground(False)
        scroll.viewport()  # the first look at one takes 10 ms: now, before anybody sees the window
        return scroll

    def _restore(self) -> None:
        known = self._desk.memory.now
        if known.geometry:
            self.restoreGeometry(QByteArray(bytes.fromhex(known.geometry)))
        row = next((row for row, spec in enumerate(PAGES) if spec.id == known.page), 0)
        self._list.setCurrentRow(row)

    def _open_dialog(self, name: str) -> None:
        self.present()
        if self.dialog is None:
            self.dialog = DIALOGS[name](self._desk, self)
            self.dialog.finished.connect(self._dialog_closed)
            self.dialog.open()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def _dialog_closed(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None

    def _chosen(self, row: int) -> None:
        if self.page is not None:
            self.page.left()
        spec = PAGES[row]
        page = self._made(spec)
        self._title.setText(spec.title())
        for one in self._pages.values():  # only the page that is shown says how much room it needs
            policy = QSizePolicy.Policy.Preferred if one is page else QSizePolicy.Policy.Ignored
            one.setSizePolicy(policy, policy)
        self._stack.setCurrentWidget(page)
        argument, self._argument = self._argument, None
        self._enter(page, argument)

    def _made(self, spec: PageSpec) -> Page:
        if spec.id not in self._pages:
            self._pages[spec.id] = spec.make(self._desk)
            self._pages[spec.id].setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
            self._stack.addWidget(self._pages[spec.id])
        return self._pages[spec.id]

    async def _warm_up(self) -> None:
        """Make the other pages before somebody wants them, with a rest after each step."""
        for spec in PAGES:
            await asyncio.sleep(_REST)
            for _step in self._made(spec).warm():
                await asyncio.sleep(_REST)

    def _enter(self, page: Page, argument: object) -> None:
        page.show_seen(self._desk.seen)
        page.entered(argument)
