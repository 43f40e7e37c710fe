"""Calls that change something: in order, one after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TypeVar

from PySide6.QtWidgets import QWidget

from stationmaster_tray.call import CallBar, Work
from stationmaster_tray.task import Tasks
from stationmaster_tray.text import plural

T = TypeVar("T")


class CallQueue(CallBar):
    """A `CallBar` on which no call ends another: a second one waits until the first is done.

    Cancel ends the one that runs; then the next begins. After an error the others wait until a person has
    read it: Try again, or a further call, goes on.
    """

    def __init__(self, tasks: Tasks, parent: QWidget | None = None) -> None:
        """Hidden at first."""
        super().__init__(tasks, parent)
        self._waiting = deque[Callable[[], None]]()

    def run(self, work: Work[T], done: Callable[[T], None], *, what: str = "") -> None:
        """Do this after what was asked for before, see `CallBar.run`."""
        start = super().run
        self._waiting.append(lambda: start(work, done, what=what))
        if self.busy:
            self._text.setText(self._worded(self._what))
        else:
            self._free()

    def _free(self) -> None:
        if self._waiting and not self.busy:
            self._waiting.popleft()()

    def _worded(self, text: str) -> str:
        count = len(self._waiting)
        return f"{text} {plural(count, '{count} more waits.', '{count} more wait.')}" if count else text
