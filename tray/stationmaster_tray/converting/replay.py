"""Replay: files converted again with another version of a converter, and what differs. Nothing is sent."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSplitter, QVBoxLayout, QWidget

from stationmaster.control.command_answer import Replayed, ReplayPlan
from stationmaster.control.trial_protocol import Converters
from stationmaster_tray import clipboard
from stationmaster_tray.call import CallBar
from stationmaster_tray.converting import replayed
from stationmaster_tray.converting.replay_choice import Order, ReplayChoice
from stationmaster_tray.desk import Desk
from stationmaster_tray.seen import Seen
from stationmaster_tray.slices import sliced
from stationmaster_tray.text import number, tr
from stationmaster_tray.widgets.columns import keep_widths
from stationmaster_tray.widgets.label import label, set_role
from stationmaster_tray.widgets.plain_table import PlainTable

_NOTHING = ReplayPlan(present="", present_version="", converter="", version="", files=0)

_PARTS = (480, 520)
"""Files and the chosen one's differences, as long as nobody moved their border: shares of the room."""

MOST = 100_000
"""Differences that are kept, of all files together; beyond that they are counted alone."""


class ReplayPanel(QWidget):
    """The choice above, what differs below.

    Attributes:
        found: every file that is done.
    """

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        """Nothing is compared yet."""
        super().__init__(parent)
        self._desk = desk
        self._plan = _NOTHING
        self._room = MOST
        self.found: list[Replayed] = []
        self.choice = ReplayChoice(desk, self)
        self.bar = CallBar(desk.tasks, self)
        self.copying = CallBar(desk.tasks, self)
        self.begin = QPushButton(tr("Replay"), self)
        self.copy = QPushButton(tr("Copy as text"), self)
        self.sides = label(role="quiet", parent=self)
        self.summary = label(parent=self)
        self.files = PlainTable((tr("File"), tr("Result")), (28,), tr("Files that differ"), self)
        self.changes = PlainTable(
            (tr("Place"), tr("Now"), tr("Other version")),
            (34, 20),
            tr("Differences of the chosen file"),
            self,
        )
        self.said = label(parent=self)
        self._split = QSplitter(Qt.Orientation.Horizontal, self)
        self._lay_out()
        keep_widths(self.files.horizontalHeader(), desk.memory, "replayed")
        keep_widths(self.changes.horizontalHeader(), desk.memory, "replay-changes")
        self.choice.changed.connect(self._ready)
        self.begin.clicked.connect(self.run)
        self.copy.clicked.connect(self.copy_text)
        self.bar.stopped.connect(self._stopped)
        self.files.selectionModel().currentChanged.connect(lambda *_: self._choose())
        self._ready()

    # ---------------------------------------------------------------- what others tell
    def show_seen(self, seen: Seen) -> None:
        """Offer the stations there are."""
        self.choice.show_seen(seen)

    def entered(self) -> None:
        """See what there is to replay."""
        self.choice.show_seen(self._desk.seen)
        self.choice.entered()

    def left(self) -> None:
        """A replay goes on: it takes minutes, and a person may look at something else meanwhile."""

    def learn(self, station: str, found: Converters) -> None:
        """The converters of a station are known now."""
        self.choice.learn(station, found)

    def take(self, paths: Sequence[Path]) -> None:
        """Files were dropped."""
        self.choice.take(paths)

    # ---------------------------------------------------------------- the replay
    def run(self) -> None:
        """Compare what is chosen."""
        order = self.choice.order
        if order is None:
            return
        self.show_plan(_NOTHING)
        self.bar.run(lambda: self._follow(order), self._done, what=tr("Reading the converters and files..."))
        self._ready()

    async def _follow(self, order: Order) -> bool:
        command = self._desk.session.launcher.command("converter", *order.words)
        async with contextlib.aclosing(command.answers(ReplayPlan, Replayed)) as answers:
            async for one in answers:
                if isinstance(one, ReplayPlan):
                    self.show_plan(one)
                else:
                    self.show_file(one)
        return True

    def show_plan(self, plan: ReplayPlan) -> None:
        """Begin: nothing is found yet."""
        self._plan, self.found, self._room = plan, [], MOST
        self.files.plain.show_lines(())
        self.changes.plain.show_lines(())
        self.sides.setText(replayed.sides(plan) if plan.files else "")
        self.sides.setVisible(plan.files > 0)
        self.summary.clear()
        set_role(self.summary, "")
        if plan.files:
            self._tell()

    def show_file(self, one: Replayed) -> None:
        """One more file is done."""
        self._room -= len(one.differences)
        if self._room < 0:
            one = msgspec.structs.replace(one, differences=())
        self.found.append(one)
        if not one.alike:
            self.files.plain.append([replayed.line(one)])
            if len(self.files.plain.lines) == 1:
                self.files.selectRow(0)
        self._tell()

    def _tell(self) -> None:
        done, total = len(self.found), self._plan.files
        said = tr("Replaying: {done} of {total} files", done=number(done), total=number(total))
        self.bar.tell(done, total, said)
        self.summary.setText(replayed.summary(self.found, total))

    def _done(self, _whole: bool) -> None:  # noqa: FBT001 - an answer
        differs = any(not one.alike for one in self.found)
        set_role(self.summary, "" if differs else "good")
        self._ready()

    def _stopped(self) -> None:
        self._ready()

    # ---------------------------------------------------------------- what differs
    def _choose(self) -> None:
        chosen = self.files.chosen
        one = chosen if isinstance(chosen, Replayed) else None
        self.changes.plain.show_lines(replayed.changes(one) if one else ())
        self.said.setText("\n".join(replayed.said(one)) if one else "")
        self.said.setVisible(bool(self.said.text()))

    def copy_text(self) -> None:
        """Copy all of it as text."""
        plan, found = self._plan, list(self.found)

        async def work() -> str:
            made: list[str] = []
            await sliced(map(made.append, replayed.as_text(plan, found)))
            return "\n".join((*made, ""))

        self.copying.run(work, clipboard.put, what=tr("Copying..."))

    # ---------------------------------------------------------------- inside
    def _ready(self) -> None:
        self.begin.setEnabled(self.choice.order is not None and not self.bar.busy)
        self.copy.setEnabled(bool(self.found) and not self.bar.busy)

    def _lay_out(self) -> None:
        self.summary.setObjectName("summary")
        line = QHBoxLayout()
        line.addWidget(self.summary, 1)
        line.addWidget(self.copy)
        line.addWidget(self.begin)
        chosen = QWidget(self)
        right = QVBoxLayout(chosen)
        right.setContentsMargins(0, 0, 0, 0)
        right.addWidget(self.said)
        right.addWidget(self.changes, 1)
        for place, part in enumerate((self.files, chosen)):
            self._split.addWidget(part)
            self._split.setStretchFactor(place, 1)
        self._split.setSizes(_PARTS)
        self.said.hide()
        self._split.setChildrenCollapsible(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.addWidget(self.choice)
        column.addLayout(line)
        column.addWidget(self.sides)
        column.addWidget(self.bar)
        column.addWidget(self.copying)
        column.addWidget(self._split, 1)
