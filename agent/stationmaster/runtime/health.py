"""The watchdog: notices work that stands still although nothing keeps it waiting, and a loop that hangs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from stationmaster.clock import Clock
from stationmaster.log import bound
from stationmaster.model import Problem, ProblemCode, Severity

_LOG = logging.getLogger(__name__)
LOOK_EVERY = 5.0
"""Seconds between two looks."""

STUCK_AFTER = 300.0
"""Seconds without any progress while there is work that could be done."""
LATE = 2.0
"""Seconds the loop may be late before it is logged."""


class Watchdog:
    """Compares progress between looks; `stuck` names the instances that stand still."""

    def __init__(self, clock: Clock, *, stuck_after: float = STUCK_AFTER) -> None:
        """Nothing is stuck yet."""
        self._clock = clock
        self._stuck_after = stuck_after
        self._last: dict[str, tuple[object, float]] = {}
        self.stuck: set[str] = set()

    async def run(self, look: Callable[[], Mapping[str, tuple[bool, object]]]) -> None:
        """Look until cancelled.

        Args:
            look: by instance, whether it has work that could go on, and a value that changes with progress.
        """
        while True:
            before = self._clock.monotonic()
            await self._clock.sleep(LOOK_EVERY)
            late = self._clock.monotonic() - before - LOOK_EVERY
            if late > LATE:
                _LOG.warning("the event loop was busy or the computer slept for %.1f s", late)
                self._last.clear()
            self.compare(look())

    def compare(self, now: Mapping[str, tuple[bool, object]]) -> None:
        """One look."""
        moment = self._clock.monotonic()
        for name, (has_work, progress) in now.items():
            known, since = self._last.get(name, (None, moment))
            if not has_work or known != progress:
                self._last[name] = (progress, moment)
                self.stuck.discard(name)
            elif moment - since >= self._stuck_after and name not in self.stuck:
                bound(_LOG, name).error("has stood still for %.0f s", moment - since)
                self.stuck.add(name)
        for name in self._last.keys() - now.keys():
            del self._last[name]
            self.stuck.discard(name)

    def problems(self, now: datetime) -> list[Problem]:
        """Instances that stand still."""
        return [
            Problem(
                code=ProblemCode.AGENT_STALLED,
                severity=Severity.ERROR,
                title=f"{name} stands still",
                text=f"Reports wait, nothing keeps them, and for {self._stuck_after:.0f} s none has moved.",
                next_step="Restart the agent, and send the log to support. What waits is safe in the spool.",
                instance=name,
                since=now,
            )
            for name in sorted(self.stuck)
        ]
