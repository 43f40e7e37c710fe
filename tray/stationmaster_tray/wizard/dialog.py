"""The first run, and each further station: server, token, test, name, folder, a file on trial, done.

Nothing is with the agent before the last step, but for the built-in server, where that was chosen; Cancel
switches that off again.
"""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from stationmaster_tray.call import CallBar
from stationmaster_tray.desk import Desk
from stationmaster_tray.text import number, tr
from stationmaster_tray.widgets.label import label
from stationmaster_tray.wizard.connection_step import ConnectionStep
from stationmaster_tray.wizard.draft import Draft
from stationmaster_tray.wizard.end_step import EndStep, SummaryStep
from stationmaster_tray.wizard.folder_step import FolderStep
from stationmaster_tray.wizard.name_step import NameStep
from stationmaster_tray.wizard.server_step import ServerStep, TokenStep
from stationmaster_tray.wizard.step import Step
from stationmaster_tray.wizard.trial_step import TrialStep
from stationmaster_tray.wizard.try_server import TryServer

STEPS: tuple[type[Step], ...] = (
    ServerStep,
    TokenStep,
    ConnectionStep,
    NameStep,
    FolderStep,
    TrialStep,
    SummaryStep,
    EndStep,
)


class Wizard(QDialog):
    """Show it with `open()`; nothing waits for it."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        """The first step."""
        super().__init__(parent)
        self.desk = desk
        self.draft = Draft()
        self._server = TryServer(desk)
        self.steps = tuple(kind(desk, self.draft, self._server) for kind in STEPS)
        self._done = False
        self.setWindowTitle(tr("Set up a station"))
        self.setObjectName("wizard")
        self.resize(720, 600)
        self._count = label(role="quiet", parent=self)
        self._title = label(role="title", parent=self)
        self._stack = QStackedWidget(self)
        for step in self.steps:
            self._stack.addWidget(step)
            step.changed.connect(self._changed)
        self.bar = CallBar(desk.tasks, self)
        self.back = QPushButton(tr("Back"), self)
        self.cancel = QPushButton(tr("Cancel"), self)
        self.next = QPushButton(tr("Next"), self)
        self.next.setDefault(True)
        for quiet in (self.back, self.cancel):
            quiet.setAutoDefault(False)
        self.back.clicked.connect(self._back)
        self.cancel.clicked.connect(self.reject)
        self.next.clicked.connect(self._next)
        self._lay_out()
        self._show(0)

    @property
    def step(self) -> Step:
        """The one that is seen."""
        return self.steps[self._stack.currentIndex()]

    def reject(self) -> None:
        """Leave nothing behind."""
        self._end()
        super().reject()

    def accept(self) -> None:
        """The station is there."""
        self._end()
        super().accept()
        self.desk.page_wanted.emit("overview", self.draft.name)

    # ---------------------------------------------------------------- inside
    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self.cancel)
        buttons.addStretch(1)
        buttons.addWidget(self.back)
        buttons.addWidget(self.next)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        column.addWidget(self._count)
        column.addWidget(self._title)
        column.addWidget(self._stack, 1)
        column.addWidget(self.bar)
        column.addLayout(buttons)

    def _next(self) -> None:
        if not self.step.ready or self.bar.busy:
            return
        if self._stack.currentIndex() == len(self.steps) - 1:
            self.accept()
            return
        self.bar.run(self.step.check, lambda _none: self._go(1))
        self._buttons()

    def _back(self) -> None:
        self.bar.cancel()
        self._go(-1)

    def _go(self, way: int) -> None:
        index = self._stack.currentIndex() + way
        while not self.steps[index].needed:
            index += way
        self.step.left()
        self._show(index)

    def _show(self, index: int) -> None:
        self._stack.setCurrentIndex(index)
        self._done = index == len(self.steps) - 1
        if self._done:
            self._forget()
        needed = [step for step in self.steps[:-1] if step.needed]
        shown = "" if self._done else tr(
            "Step {number} of {count}",
            number=number(needed.index(self.step) + 1),
            count=number(len(needed)),
        )  # fmt: skip
        self._count.setText(shown)
        self._title.setText(self.step.title)
        self.next.setText(self.step.next_text)
        self.step.entered()
        self._buttons()
        first = self.step.nextInFocusChain()
        (self.next if first is None or not self.step.isAncestorOf(first) else first).setFocus()

    def _changed(self) -> None:
        self.bar.cancel()  # what was said is about something else now
        self._buttons()

    def _buttons(self) -> None:
        self.back.setVisible(not self._done)
        self.back.setEnabled(self._stack.currentIndex() > 0)
        self.cancel.setVisible(not self._done)
        self.next.setEnabled(self.step.ready)

    def _end(self) -> None:
        self.bar.cancel()
        self.step.left()
        self._forget()
        if not self._done:
            self.desk.tasks.start(self._server.off(), trouble=self.desk.trouble, last=True)

    def _forget(self) -> None:
        """The agent has the token now, or nobody needs it."""
        for step in self.steps:
            if isinstance(step, TokenStep):
                step.forget()
