"""Shows the notifications that are due, and keeps quiet when it should."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from PySide6.QtCore import QObject, QTimer

from stationmaster_tray.memory import Memory
from stationmaster_tray.notice import Notice, Told, decide
from stationmaster_tray.seen import Seen

_LOOK_EVERY = 2000
"""Milliseconds: a cause may become due without a new snapshot."""
_SLEPT = timedelta(seconds=30)
"""A look that comes so late, or so early: the computer slept, or its clock was set."""
_LONGEST = timedelta(days=1)
"""No snooze is longer: one that is was begun before the clock was set back, or its file is broken."""

Show = Callable[[Notice], None]


class Notifier(QObject):
    """Decides at each change, and every few seconds."""

    def __init__(
        self,
        memory: Memory,
        show: Show,
        *,
        quiet_start: timedelta,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Keep quiet at first.

        Args:
            memory: remembers a snooze.
            show: shows a notice.
            quiet_start: how long nothing is shown after the start and after the computer woke.
            now: tells the time.
        """
        super().__init__()
        self._memory = memory
        self._show = show
        self._quiet_start = quiet_start
        self._now = now
        self._told = Told()
        self._seen: Seen | None = None
        self._looked_at = self._now()
        self._quiet_until = self._looked_at + quiet_start
        self.last: Notice | None = None
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(_LOOK_EVERY)

    def show_seen(self, seen: Seen) -> None:
        """The agent's state changed."""
        self._seen = seen
        self._look()

    def snooze(self, length: timedelta) -> None:
        """Show nothing for so long; no length ends it."""
        self._memory.now.quiet_until = (self._now() + length).timestamp()

    @property
    def snoozed_until(self) -> datetime | None:
        """When the snooze ends; None where there is none."""
        now, until = self._now().timestamp(), self._memory.now.quiet_until
        if not now < until <= now + _LONGEST.total_seconds():
            return None
        return datetime.fromtimestamp(until, UTC)

    def _look(self) -> None:
        now = self._now()
        if abs(now - self._looked_at) > _SLEPT:
            self._quiet_until = now + self._quiet_start
        self._looked_at = now
        if self._seen is None:
            return
        quiet = max(self._quiet_until, self.snoozed_until or self._quiet_until)
        self._told, notices = decide(self._told, self._seen, now, quiet_until=quiet)
        for notice in notices:
            self.last = notice
            self._show(notice)
