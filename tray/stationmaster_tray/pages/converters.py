"""Converters: what watches what, which there are, a file tested, a mapping made, a version compared."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

from PySide6.QtWidgets import QTabBar, QVBoxLayout

from stationmaster.control.trial_protocol import Converters
from stationmaster_tray.converting.known import Known
from stationmaster_tray.converting.mapping import MappingPanel
from stationmaster_tray.converting.panel import TrialPanel
from stationmaster_tray.converting.replay import ReplayPanel
from stationmaster_tray.converting.result import TrialResult
from stationmaster_tray.converting.watched import Watched
from stationmaster_tray.desk import Desk, Page
from stationmaster_tray.seen import Seen
from stationmaster_tray.slices import Gradual
from stationmaster_tray.text import tr
from stationmaster_tray.widgets.drop import FileDrop
from stationmaster_tray.widgets.stack import Stack

WATCHED, KNOWN, TRIAL, MAPPING, REPLAY = range(5)
_WORDS = {"test": TRIAL, "mapping": MAPPING, "replay": REPLAY}
"""What `Desk.page_wanted` may say that it wants to see."""

Part = Watched | Known | TrialPanel | MappingPanel | ReplayPanel


class ConvertersPage(Page):
    """Five tabs. A file that is dropped onto the page is tested, or is a sample, or is replayed.

    All tabs but the first are made when they are first needed, or by `warm`.
    """

    def __init__(self, desk: Desk) -> None:
        """Ask for nothing yet."""
        super().__init__(desk)
        self.watched = Watched(desk, self)
        self._known = Gradual(self._make_known())
        self._trial = Gradual(self._make_trial())
        self._mapping = Gradual(self._make_mapping())
        self._replay = Gradual(self._make_replay())
        self.tabs = QTabBar(self)
        self.tabs.setAccessibleName(tr("Parts of the page"))
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        for title in (
            tr("What watches &what"),
            tr("&Converters"),
            tr("&Test a file"),
            tr("&Make a mapping"),
            tr("&Replay"),
        ):
            self.tabs.addTab(title)
        self._stack = Stack(self)
        self._stack.addWidget(self.watched)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tabs)
        column.addWidget(self._stack, 1)
        self.tabs.currentChanged.connect(self._turned)
        self.watched.test_wanted.connect(self.test)
        self._drop = FileDrop(self)
        self._drop.dropped.connect(self._dropped)

    @property
    def known(self) -> Known:
        """The second tab."""
        return self._known.finish()

    @property
    def trial(self) -> TrialPanel:
        """The third tab."""
        return self._trial.finish()

    @property
    def mapping(self) -> MappingPanel:
        """The fourth tab."""
        return self._mapping.finish()

    @property
    def replay(self) -> ReplayPanel:
        """The fifth tab."""
        return self._replay.finish()

    def warm(self) -> Iterator[None]:
        """Make the other tabs."""
        for part in (self._known, self._trial, self._mapping, self._replay):
            yield from part.steps

    # ---------------------------------------------------------------- what others tell
    def show_seen(self, seen: Seen) -> None:
        """Draw the snapshot."""
        for part in self._made:
            part.show_seen(seen)

    def unsaved(self) -> str:
        """A mapping that was changed."""
        made = self._mapping.made
        return tr("a mapping") if made is not None and made.changed else ""

    def entered(self, argument: object = None) -> None:
        """Show what was wanted: files to test, or a tab by its word: `test`, `mapping`, `replay`."""
        if isinstance(argument, tuple):
            self.test([one for one in argument if isinstance(one, Path)])
        elif isinstance(argument, str) and argument in _WORDS:
            self.tabs.setCurrentIndex(_WORDS[argument])
        self._turned(self.tabs.currentIndex())

    def left(self) -> None:
        """Ask for nothing."""
        for part in self._made:
            part.left()

    def test(self, files: Sequence[Path]) -> None:
        """Test a file."""
        self.tabs.setCurrentIndex(TRIAL)
        self.trial.test(files)

    def map(self, files: Sequence[Path]) -> None:
        """Propose a mapping for a file."""
        self.tabs.setCurrentIndex(MAPPING)
        self.mapping.open(files)

    # ---------------------------------------------------------------- inside
    def _make_known(self) -> Generator[None, None, Known]:
        known = Known(self.desk, self)
        yield
        known.learned.connect(self._learned)
        self._stack.addWidget(known)
        return known

    def _make_trial(self) -> Generator[None, None, TrialPanel]:
        result = TrialResult(self.desk, self)
        yield
        panel = TrialPanel(self.desk, result, self)
        yield
        self._stack.addWidget(panel)
        panel.map_wanted.connect(self.map)
        panel.show_seen(self.desk.seen)
        return panel

    def _make_mapping(self) -> Generator[None, None, MappingPanel]:
        result = TrialResult(self.desk, self)
        yield
        panel = MappingPanel(self.desk, result, self)
        yield
        panel.save.saved.connect(lambda _text, _station: self.known.forget())
        self._stack.addWidget(panel)
        panel.show_seen(self.desk.seen)
        return panel

    def _make_replay(self) -> Generator[None, None, ReplayPanel]:
        panel = ReplayPanel(self.desk, self)
        yield
        self._stack.addWidget(panel)
        panel.show_seen(self.desk.seen)
        return panel

    def _learned(self, station: str, found: Converters) -> None:
        self.trial.learn(station, found)
        self.replay.learn(station, found)

    def _dropped(self, files: Sequence[Path]) -> None:
        tab = self.tabs.currentIndex()
        if tab == MAPPING:
            self.mapping.open(files)
        elif tab == REPLAY:
            self.replay.take(files)
        else:
            self.test(files)

    @property
    def _made(self) -> list[Part]:
        parts = (self._known.made, self._trial.made, self._mapping.made, self._replay.made)
        return [self.watched, *(part for part in parts if part is not None)]

    def _part(self, tab: int) -> Part:
        if tab == WATCHED:
            return self.watched
        if tab in {KNOWN, TRIAL}:
            return self.known if tab == KNOWN else self.trial
        return self.mapping if tab == MAPPING else self.replay

    def _turned(self, tab: int) -> None:
        self._stack.setCurrentWidget(self._part(tab))
        if tab == WATCHED:
            self.watched.entered()
        else:
            self.known.entered()
        if tab == REPLAY:
            self.replay.entered()
