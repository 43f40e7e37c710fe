"""The way every page asks the agent for something: never waiting, with a busy sign, Cancel, and words.

A page owns a `CallBar`. `bar.run(work, done)` starts the call; after 150 ms it shows that it is busy, with
Cancel; an answer goes to `done`; an error shows in words with its next step, and Try again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QSizePolicy, QWidget

from stationmaster.errors import StationmasterError
from stationmaster_tray.in_window import in_window
from stationmaster_tray.task import Tasks
from stationmaster_tray.text import tr
from stationmaster_tray.widgets.label import label

T = TypeVar("T")

BUSY_AFTER = 150
"""Milliseconds: what is quicker shows no sign, which would only flicker."""

Work = Callable[[], Coroutine[Any, Any, T]]


class CallBar(QWidget):
    """One line below or above what it is for: hidden, busy, or an error. One call at a time: the last one.

    Attributes:
        stopped: the call ended without an answer, by its Cancel or by an error.
    """

    stopped = Signal()

    def __init__(self, tasks: Tasks, parent: QWidget | None = None) -> None:
        """Hidden at first."""
        super().__init__(parent)
        self._tasks = tasks
        self._task: asyncio.Task[None] | None = None
        self._again: Callable[[], None] | None = None
        self._what = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(BUSY_AFTER)
        self._timer.timeout.connect(self._show_busy)
        self._text = label(parent=self)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._turn = QProgressBar(self)
        self._turn.setRange(0, 0)
        self._turn.setTextVisible(False)
        self._turn.setFixedWidth(120)
        self._turn.setAccessibleName(tr("Busy"))
        self._button = QPushButton(tr("Cancel"), self)
        self._button.clicked.connect(self._pressed)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        for widget in (self._turn, self._text, self._button):
            line.addWidget(widget)
        self.hide()

    @property
    def busy(self) -> bool:
        """A call runs."""
        return self._task is not None

    @property
    def error(self) -> str:
        """The error that is shown, "" for none."""
        return self._text.text() if self.property("state") == "error" else ""

    def run(self, work: Work[T], done: Callable[[T], None], *, what: str = "") -> None:
        """Start a call; one that still runs is cancelled, its answer is not wanted any more.

        Args:
            work: makes the call; called again by Try again.
            done: gets the answer.
            what: what we are waiting for, in words.
        """
        self.cancel()
        self._again = lambda: self.run(work, done, what=what)
        self._what = what or tr("Asking the agent...")
        self._turn.setRange(0, 0)
        self._text.setText(self._worded(self._what))
        self._timer.start()
        self._task = self._tasks.start(self._run(work, done), trouble=self.show_error)

    def tell(self, done: int, total: int, what: str) -> None:
        """Say how far the call is: so much of so much, and in words."""
        self._turn.setRange(0, max(1, total))
        self._turn.setValue(done)
        self._text.setText(self._worded(what))

    def cancel(self) -> None:
        """Forget the call that runs, and the error that is shown."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        self._rest()

    def show_error(self, error: StationmasterError) -> None:
        """Say what went wrong and what to do."""
        self._task = None
        self._timer.stop()
        self._turn.hide()
        self._text.setText(self._worded(in_window(str(error))))
        self._button.setText(tr("Try again"))
        self._button.setVisible(self._again is not None)
        self._state("error")
        self.show()
        self.stopped.emit()

    async def _run(self, work: Work[T], done: Callable[[T], None]) -> None:
        answer = await work()
        if asyncio.current_task() is self._task:
            self._task = None
            self._rest()
            done(answer)
            self._free()

    def _worded(self, text: str) -> str:
        """What is said while something runs or after it failed."""
        return text

    def _free(self) -> None:
        """Nothing runs any more, and nothing failed."""

    def _show_busy(self) -> None:
        self._turn.show()
        self._button.setText(tr("Cancel"))
        self._button.show()
        self._state("busy")
        self.show()

    def _rest(self) -> None:
        self._timer.stop()
        self._state("")
        self.hide()

    def _state(self, state: str) -> None:
        self.setProperty("state", state)
        self.style().unpolish(self)
        self.style().polish(self)

    def _pressed(self) -> None:
        if self._task is not None:
            self.cancel()
            self.stopped.emit()
            self._free()
        elif self._again is not None:
            self._again()
