"""When to stop feeding files to a converter that fails on everything. Pure: events and times in."""

from __future__ import annotations

from dataclasses import dataclass

FAULTS_TO_HOLD = 5
FAILURES_TO_TELL = 10
"""So many in a row."""

FIRST_PAUSE = 30.0
LONGEST_PAUSE = 600.0
"""Seconds between two files that a converter on hold may try."""


@dataclass(slots=True)
class Breaker:
    """The record of one converter since it was loaded.

    After 5 faults in a row (crash, limit, bug) it is held: one file is let through after 30 s, the next
    after twice that, up to 10 minutes; the first success ends the hold. Files that are wrong hold nothing.
    """

    faults: int = 0
    failures: int = 0
    last: str = ""
    _pause: float = 0.0
    _next_at: float = 0.0

    def held(self, now: float) -> bool:
        """No file may be converted at `now` (monotonic seconds)."""
        return self.faults >= FAULTS_TO_HOLD and now < self._next_at

    @property
    def holding(self) -> bool:
        """It is on hold, apart from the file that is let through now and then."""
        return self.faults >= FAULTS_TO_HOLD

    @property
    def suspicious(self) -> bool:
        """So many files failed one after the other that somebody should look."""
        return self.failures >= FAILURES_TO_TELL or self.holding

    def let_through(self, now: float) -> None:
        """A file is tried while on hold: no other before its outcome is known, or the pause is over."""
        if self.holding:
            self._next_at = now + max(self._pause, FIRST_PAUSE)

    def succeeded(self) -> None:
        """A file was converted."""
        self.faults = self.failures = 0
        self._pause = 0.0

    def failed(self, now: float, reason: str, *, fault: bool) -> None:
        """A file was not converted; `fault` says that the converter is to blame."""
        self.failures += 1
        self.faults = self.faults + 1 if fault else 0
        self.last = reason
        if self.holding:
            self._pause = min(max(self._pause * 2, FIRST_PAUSE), LONGEST_PAUSE)
            self._next_at = now + self._pause
