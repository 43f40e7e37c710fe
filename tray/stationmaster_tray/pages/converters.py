"""Converters: what watches what, which converters there are, and what one makes of a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import QStackedWidget, QTabBar, QVBoxLayout

from stationmaster_tray.converting.known import Known
from stationmaster_tray.converting.panel import TrialPanel
from stationmaster_tray.converting.watched import Watched
from stationmaster_tray.desk import Desk, Page
from stationmaster_tray.seen import Seen
from stationmaster_tray.text import tr
from stationmaster_tray.widgets.drop import FileDrop

WATCHED, KNOWN, TRIAL = range(3)


class ConvertersPage(Page):
    """Three tabs. A file that is dropped onto the page is tested."""

    def __init__(self, desk: Desk) -> None:
        """Ask for nothing yet."""
        super().__init__(desk)
        self.watched = Watched(desk, self)
        self.known = Known(desk, self)
        self.trial = TrialPanel(desk, self)
        self.tabs = QTabBar(self)
        self.tabs.setAccessibleName(tr("Parts of the page"))
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        self._stack = QStackedWidget(self)
        for title, part in (
            (tr("What watches &what"), self.watched),
            (tr("&Converters"), self.known),
            (tr("&Test a file"), self.trial),
        ):
            self._stack.addWidget(part)
            self.tabs.addTab(title)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tabs)
        column.addWidget(self._stack, 1)
        self.tabs.currentChanged.connect(self._turned)
        self.known.learned.connect(self.trial.learn)
        self.watched.test_wanted.connect(self.test)
        self._drop = FileDrop(self)
        self._drop.dropped.connect(self.test)

    # ---------------------------------------------------------------- what others tell
    def show_seen(self, seen: Seen) -> None:
        """Draw the snapshot."""
        self.watched.show_seen(seen)
        self.known.show_seen(seen)
        self.trial.show_seen(seen)

    def entered(self, argument: object = None) -> None:
        """Show what was wanted: a file to test, files, or `test` for the tab alone."""
        if isinstance(argument, tuple):
            self.test([one for one in argument if isinstance(one, Path)])
        elif argument == "test":
            self.tabs.setCurrentIndex(TRIAL)
        self._turned(self.tabs.currentIndex())

    def left(self) -> None:
        """Ask for nothing."""
        for part in (self.watched, self.known, self.trial):
            part.left()

    def test(self, files: Sequence[Path]) -> None:
        """Test a file."""
        self.tabs.setCurrentIndex(TRIAL)
        self.trial.test(files)

    # ---------------------------------------------------------------- inside
    def _turned(self, tab: int) -> None:
        self._stack.setCurrentIndex(tab)
        if tab == WATCHED:
            self.watched.entered()
        else:
            self.known.entered()
