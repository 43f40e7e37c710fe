"""What one uploader knows of the way to its server: the link, a hold, its Problems, the clocks."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from datetime import datetime, timedelta

from stationmaster.api.moment import ahead
from stationmaster.clock import Clock
from stationmaster.deliver.board import Board, Parked, Suspects, link_code, told
from stationmaster.deliver.port import Lease
from stationmaster.errors import NeedsLoginError, NeedsUserError, StationmasterError, TransientError
from stationmaster.log import bound
from stationmaster.model import Link, ProblemCode

_LOG = logging.getLogger(__name__)

CLOCK_TOLERANCE = 300.0
"""Seconds that the clocks of station and server may differ before it is a Problem."""

FUTURE_SHOWN = 3600.0
"""Seconds that a report from the future is told of; each further one begins them anew."""

FIRST_PROBE = 5.0
"""Seconds to the first probe of a held link; the pause doubles up to the ping interval."""

SWEEP_EVERY = 10.0
GONE_AFTER = 60.0
"""Seconds after its try was due that a report which failed is taken for gone, when nothing else is due ..."""

GONE_AFTER_AT_MOST = 600.0
"""... and when other reports are due, which may go first."""


CLOCK_STEP = "Set the station's clock and time zone: WATS quarantines reports from the future."


def clock_text(offset: float) -> str:
    """What to tell of a server's clock that is `offset` seconds ahead of ours; "" where that is all right."""
    if abs(offset) <= CLOCK_TOLERANCE:
        return ""
    side = "behind" if offset > 0 else "ahead of"
    return f"The station's clock is {abs(offset) / 60:.0f} minutes {side} the server's."


class LinkState:
    """Changed by outcomes, read by the loop.

    Attributes:
        board: the Problems.
        suspects: reports that failed.
        since: when the link came to be what it is.
        held: True while the link waits for a person; only probes go out.
        probe_at: monotonic time of the next probe of a held link.
    """

    def __init__(
        self, instance: str, clock: Clock, on_change: Callable[[], None], *, ping_interval: float
    ) -> None:
        """Offline until the first contact, without a Problem."""
        self.board = Board(instance, clock, on_change)
        self.suspects = Suspects()
        self.link = Link.OFFLINE
        self.since = clock.now()
        self.held = False
        self.probe_at = 0.0
        self._log = bound(_LOG, instance)
        self._clock = clock
        self._on_change = on_change
        self._ping_interval = ping_interval
        self._last_contact = -math.inf
        self._probes = 0
        self._valid_from = 0
        self._skewed = False
        self._clock_offset = 0.0
        self._future = 0
        self._future_until = 0.0
        self._sweep_at = 0.0

    def after(self, seconds: float) -> datetime:
        """The wall clock's time `seconds` from now."""
        return self._clock.now() + timedelta(seconds=seconds)

    def idle_ping_at(self) -> float:
        """Monotonic time of the next ping, should nothing else go out."""
        return self._last_contact + self._ping_interval

    def contact(self) -> None:
        """A request ended, one way or the other."""
        self._last_contact = self._clock.monotonic()

    def works(self, ticket: int, *, proven: bool = True) -> None:
        """A request got through. One that was sent before the hold does not end it.

        A ping alone has not `proven` that reports which failed will get through.
        """
        if self.held:
            if ticket <= self._valid_from:
                return
            self.held = False
            self._probes = 0
        if self.link is not Link.ONLINE:
            self._set(Link.ONLINE)
        if self.board.link_trouble and (proven or not self.suspects.retrying):
            self.board.clear_link()

    def hold(self, ticket: int, newest: int, error: NeedsUserError) -> None:
        """Hold the link until a person acts. `newest` is the last ticket given out."""
        if ticket <= self._valid_from:
            return  # sent before the hold began, or with the old token: nothing new
        self._valid_from = newest
        pause = min(FIRST_PROBE * 2.0 ** min(self._probes, 20), self._ping_interval)
        self._probes += 1
        self.held = True
        self.probe_at = self._clock.monotonic() + pause
        code = link_code(error.code)
        self.board.clear_link_but(code)
        self.board.show(code, error.text, next_step=error.next_step)
        self._set(Link.NEEDS_LOGIN if isinstance(error, NeedsLoginError) else Link.OFFLINE)

    def forgive(self, newest: int) -> None:
        """The cause may be gone: probe a held link at once, and ignore what was sent before."""
        self._valid_from = newest
        self._probes = 0
        self.probe_at = 0.0

    def trouble(self, error: TransientError, *, outage: bool) -> None:
        """A request failed for a reason that passes."""
        problem = told(error, "", self._clock.now())
        if outage:
            self.board.clear_link_but(problem.code)
            self._set(Link.OFFLINE)
        self.board.show(problem.code, problem.text, next_step=problem.next_step)

    def park(self, entry_id: int, serial_number: str, error: StationmasterError, at: float) -> None:
        """A report fails alone: show it."""
        self.suspects.park(entry_id, Parked(serial_number, error.text, at))
        self._show_parked()

    def unsuspect(self, entry_id: int) -> None:
        """A report got through or left the queue."""
        if entry_id in self.suspects and self.suspects.clear(entry_id):
            self._show_parked()

    def sweep(self, *, nothing_due: bool) -> None:
        """Forget failed reports that left the queue some other way: their time came, they did not."""
        now = self._clock.monotonic()
        if now < self._sweep_at:
            return
        self._sweep_at = now + SWEEP_EVERY
        if self._future and now >= self._future_until:
            self._future = 0
            self.board.clear(ProblemCode.REPORT_IN_FUTURE)
        if self.suspects.sweep(now - (GONE_AFTER if nothing_due else GONE_AFTER_AT_MOST)):
            self._show_parked()

    def note_clock(self, offset: float | None) -> None:
        """Compare the clocks of station and server."""
        if offset is None:
            return
        self._clock_offset = offset
        skewed = bool(clock_text(offset))
        if skewed == self._skewed:
            return
        self._skewed = skewed
        if not skewed:
            self.board.clear(ProblemCode.CLOCK_OFFSET)
            return
        self.board.show(ProblemCode.CLOCK_OFFSET, clock_text(offset), next_step=CLOCK_STEP)

    def note_start(self, lease: Lease) -> None:
        """The server took this report: tell where its date lies ahead of the server's clock."""
        by = ahead(lease.start, self.after(self._clock_offset))
        if not by:
            return
        self._future += 1
        self._future_until = self._clock.monotonic() + FUTURE_SHOWN
        head = f"A report is dated {by} in the future"
        if self._future > 1:
            head = f"{self._future} reports are dated in the future, the last by {by}"
        unit = f"unit {lease.serial_number or '-'}" + (f" from {lease.source}" if lease.source else "")
        self.board.show(
            ProblemCode.REPORT_IN_FUTURE,
            f"{head}: {unit}, start {lease.start}. Nothing is held back or changed.",
            next_step="Set the tester's clock and time zone; where its files name no offset, set "
            "station.time_zone. WATS quarantines reports from the future, and tries them again later.",
        )

    def _show_parked(self) -> None:
        parked = self.suspects.parked
        if not parked:
            self.board.clear(ProblemCode.REPORT_PARKED)
            return
        last = next(reversed(parked.values()))
        many = f"{len(parked)} reports fail" if len(parked) > 1 else "A report fails"
        self.board.show(
            ProblemCode.REPORT_PARKED,
            f"{many} although others get through; unit {last.serial_number or '-'}: {last.reason}",
            next_step="It is tried again, ever more rarely. Correct its source, or dismiss it in the queue.",
        )

    def _set(self, link: Link) -> None:
        if link is not self.link:
            self._log.info("link %s -> %s", self.link, link)
            self.link = link
            self.since = self._clock.now()
            self._on_change()
