"""How long the loop of a window stood still: the time between two beats of a timer."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from PySide6.QtCore import Qt, QTimer

BEAT = 16
"""Milliseconds: a frame of a screen."""


class Gaps:
    """`with` listens.

    Attributes:
        found: milliseconds between beats, in order.
        busy: milliseconds of CPU that this thread took between them: the same whatever runs beside it.
    """

    def __init__(self) -> None:
        self.found: list[float] = []
        self.busy: list[float] = []
        self._last = self._cpu = 0.0
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(BEAT)
        self._timer.timeout.connect(self._beat)

    def __enter__(self) -> Self:
        self._last, self._cpu = time.perf_counter(), time.thread_time()
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.stop()

    @property
    def longest(self) -> float:
        """The longest, in milliseconds."""
        return max(self.found, default=0.0)

    def share(self, part: float) -> float:
        """The gap that `part` of all gaps do not exceed."""
        ordered = sorted(self.found)
        return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0

    def _beat(self) -> None:
        now, cpu = time.perf_counter(), time.thread_time()
        self.found.append((now - self._last) * 1000)
        self.busy.append((cpu - self._cpu) * 1000)
        self._last, self._cpu = now, cpu
