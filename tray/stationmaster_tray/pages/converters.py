"""Converters: what watches what, which converters there are, and what one makes of a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from PySide6.QtWidgets import QStackedWidget, QTabBar, QVBoxLayout

from stationmaster.control.trial_protocol import Converters
from stationmaster_tray.converting.known import Known
from stationmaster_tray.converting.panel import TrialPanel
from stationmaster_tray.converting.watched import Watched
from stationmaster_tray.desk import Desk, Page
from stationmaster_tray.seen import Seen
from stationmaster_tray.text import tr
from stationmaster_tray.widgets.drop import FileDrop

WATCHED, KNOWN, TRIAL = range(3)


class ConvertersPage(Page):
    """Three tabs. A file that is dropped onto the page is tested.

    The second and the third tab are made when they are first needed, or by `warm`.
    """

    def __init__(self, desk: Desk) -> None:
        """Ask for nothing yet."""
        super().__init__(desk)
        self.watched = Watched(desk, self)
        self._known: Known | None = None
        self._trial: TrialPanel | None = None
        self.tabs = QTabBar(self)
        self.tabs.setAccessibleName(tr("Parts of the page"))
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        for title in (tr("What watches &what"), tr("&Converters"), tr("&Test a file")):
            self.tabs.addTab(title)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self.watched)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tabs)
        column.addWidget(self._stack, 1)
        self.tabs.currentChanged.connect(self._turned)
        self.watched.test_wanted.connect(self.test)
        self._drop = FileDrop(self)
        self._drop.dropped.connect(self.test)

    @property
    def known(self) -> Known:
        """The second tab."""
        if self._known is None:
            self._known = Known(self.desk, self)
            self._known.learned.connect(self._learned)
            self._stack.addWidget(self._known)
        return self._known

    @property
    def trial(self) -> TrialPanel:
        """The third tab."""
        if self._trial is None:
            self._trial = TrialPanel(self.desk, self)
            self._stack.addWidget(self._trial)
            self._trial.show_seen(self.desk.seen)
        return self._trial

    def warm(self) -> Iterator[None]:
        """Make the other tabs."""
        for tab in (KNOWN, TRIAL):
            self._part(tab)
            yield

    # ---------------------------------------------------------------- what others tell
    def show_seen(self, seen: Seen) -> None:
        """Draw the snapshot."""
        for part in self._made:
            part.show_seen(seen)

    def entered(self, argument: object = None) -> None:
        """Show what was wanted: a file to test, files, or `test` for the tab alone."""
        if isinstance(argument, tuple):
            self.test([one for one in argument if isinstance(one, Path)])
        elif argument == "test":
            self.tabs.setCurrentIndex(TRIAL)
        self._turned(self.tabs.currentIndex())

    def left(self) -> None:
        """Ask for nothing."""
        for part in self._made:
            part.left()

    def test(self, files: Sequence[Path]) -> None:
        """Test a file."""
        self.tabs.setCurrentIndex(TRIAL)
        self.trial.test(files)

    # ---------------------------------------------------------------- inside
    def _learned(self, station: str, found: Converters) -> None:
        self.trial.learn(station, found)

    @property
    def _made(self) -> list[Watched | Known | TrialPanel]:
        return [part for part in (self.watched, self._known, self._trial) if part is not None]

    def _part(self, tab: int) -> Watched | Known | TrialPanel:
        if tab == WATCHED:
            return self.watched
        return self.known if tab == KNOWN else self.trial

    def _turned(self, tab: int) -> None:
        self._stack.setCurrentWidget(self._part(tab))
        if tab == WATCHED:
            self.watched.entered()
        else:
            self.known.entered()
