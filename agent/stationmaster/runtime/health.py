"""The watchdog: notices parts that stand still although nothing keeps them waiting, and a loop that hangs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

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

DELIVERY = "delivery"
INTAKE = "intake"
"""What is watched of an instance; beside these, each of its folders by its path."""


class Pulse(NamedTuple):
    """How a part does at one moment.

    Attributes:
        has_work: it could go on, and nothing that is known keeps it.
        progress: a value that changes whenever it goes on.
        may_take: seconds that one step of it may take by a limit of its own, on top of the watchdog's.
    """

    has_work: bool
    progress: object
    may_take: float = 0.0


class Beat(NamedTuple):
    """Tells a service manager that the loop runs.

    A part that stands still is a Problem and no reason to be silent: to restart the agent over and over would
    stop all other stations too, and mend nothing.

    Attributes:
        every: seconds between two looks at most.
        tell: called after each look.
    """

    every: float
    tell: Callable[[], None]


UNHEARD = Beat(LOOK_EVERY, lambda: None)
"""Nobody listens."""

Pulses = Mapping[tuple[str, str], Pulse]
"""By instance and part."""


class Watchdog:
    """Compares progress between looks; `stuck` names the instances and parts that stand still."""

    def __init__(self, clock: Clock, *, stuck_after: float = STUCK_AFTER) -> None:
        """Nothing is stuck yet."""
        self._clock = clock
        self._stuck_after = stuck_after
        self._last: dict[tuple[str, str], tuple[object, float]] = {}
        self.stuck: set[tuple[str, str]] = set()
        self.late = 0.0
        """Seconds that the loop was late at the last look."""

    async def run(self, look: Callable[[], Pulses], beat: Beat = UNHEARD) -> None:
        """Look until cancelled."""
        while True:
            before = self._clock.monotonic()
            await self._clock.sleep(beat.every)
            late = self._clock.monotonic() - before - beat.every
            self.late = max(late, 0.0)
            if late > LATE:
                _LOG.warning("the event loop was busy or the computer slept for %.1f s", late)
                self._last.clear()
            self.compare(look())
            beat.tell()

    def compare(self, now: Pulses) -> None:
        """One look."""
        moment = self._clock.monotonic()
        for key, pulse in now.items():
            known, since = self._last.get(key, (None, moment))
            if not pulse.has_work or known != pulse.progress:
                self._last[key] = (pulse.progress, moment)
                self.stuck.discard(key)
            elif moment - since >= self._stuck_after + pulse.may_take and key not in self.stuck:
                instance, part = key
                bound(_LOG, instance).error("%s has stood still for %.0f s", part, moment - since)
                self.stuck.add(key)
        for key in self._last.keys() - now.keys():
            del self._last[key]
            self.stuck.discard(key)

    def problems(self, now: datetime) -> list[Problem]:
        """What stands still."""
        return [_stalled(instance, part, self._stuck_after, now) for instance, part in sorted(self.stuck)]


def _stalled(instance: str, part: str, seconds: float, now: datetime) -> Problem:
    time = f"{seconds:.0f} s"
    if part == DELIVERY:
        title = f"{instance} uploads nothing"
        text = f"Delivery stands still: reports wait, nothing keeps them, and for {time} none has moved."
        safe = "What waits is safe in the spool."
    elif part == INTAKE:
        title = f"{instance} takes no files"
        text = f"Intake stands still: files wait, nothing keeps them, and for {time} none was taken."
        safe = "The files stay where they are."
    else:
        title = f"{instance} does not look at a folder"
        text = f"Intake stands still: nobody has looked at the watch folder {part} for {time}."
        safe = "Its files stay where they are."
    return Problem(
        code=ProblemCode.AGENT_STALLED,
        severity=Severity.ERROR,
        title=title,
        text=text,
        next_step=f"Restart the agent, and send the log to support. {safe}",
        instance=instance,
        subject=part,
        since=now,
    )
