"""How long the loop of a window stood still: the time between two beats of a timer."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import Self

from PySide6.QtCore import Qt, QTimer

BEAT = 16
"""Milliseconds: a frame of a screen."""
BLOCKED = 600.0
"""Milliseconds that a busy machine may make of a moment's wait for another thread: not yet a window that is
blocked."""

_TOLD = Path("/proc/thread-self/schedstat")
"""What Linux tells of a thread: its time on a CPU, its wait for one, and how often it got one."""


class Gaps:
    """`with` listens.

    Attributes:
        found: milliseconds between beats, in order.
        busy: milliseconds of CPU that this thread took between them: the same whatever runs beside it.
        blocked: milliseconds that it neither computed nor waited for a CPU, beyond the time to the next beat:
            it slept, or waited for a file, a process or a thread. 0 where the system does not tell how long
            a thread waited for a CPU.
    """

    def __init__(self) -> None:
        self.found: list[float] = []
        self.busy: list[float] = []
        self.blocked: list[float] = []
        self._last = self._cpu = self._queued = 0.0
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(BEAT)
        self._timer.timeout.connect(self._beat)

    def __enter__(self) -> Self:
        self._last, self._cpu, self._queued = time.perf_counter(), time.thread_time(), _queued()
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
        now, cpu, queued = time.perf_counter(), time.thread_time(), _queued()
        gap, busy = (now - self._last) * 1000, (cpu - self._cpu) * 1000
        self.found.append(gap)
        self.busy.append(busy)
        waited = gap - busy - (queued - self._queued) * 1000 - BEAT
        self.blocked.append(max(0.0, waited) if _TOLD.exists() else 0.0)
        self._last, self._cpu, self._queued = now, cpu, queued


def _queued() -> float:
    """Seconds that this thread was ready to run and had no CPU."""
    return int(_TOLD.read_text().split()[1]) / 1e9 if _TOLD.exists() else 0.0
