"""What an outcome means: for the report, for the gate and for the link."""

from __future__ import annotations

import logging
import random
from datetime import datetime

from stationmaster.clock import Clock
from stationmaster.deliver.ahead import Ahead
from stationmaster.deliver.backoff import full_jitter, half_jitter
from stationmaster.deliver.gate import Seat
from stationmaster.deliver.limiter import Trouble
from stationmaster.deliver.link import LinkState
from stationmaster.deliver.port import Lease
from stationmaster.errors import NeedsUserError, RejectedError, StationmasterError, TransientError
from stationmaster.log import BoundLog
from stationmaster.model import ProblemCode
from stationmaster.wats.answer import Receipt

RETRY_BASE = 1.0
RETRY_CAP = 300.0
"""Seconds between the tries of a report, at first and at most."""

PARK_BASE = 4.0
PARK_CAP = 900.0
"""The same for a parked report: it is never given up."""

SHORTEST_RETRY = 0.1
"""Seconds; the jitter may give next to nothing."""

_OWN_POSSIBLE = frozenset(
    {
        ProblemCode.PERMISSION_REFUSED,
        ProblemCode.ROUTE_MISSING,
        ProblemCode.SERVER_REDIRECTS,
        ProblemCode.SERVER_ANSWER_FOREIGN,
    }
)
"""Answers about the link that something in between may also give to one report alone, for what it holds."""


class Judge:
    """Turns outcomes into verdicts. Keeps nothing but figures, and the time of the last upload.

    Attributes:
        delivered_total: reports that the server acknowledged.
        refused_total: reports that it refused for good.
        failed_total: tries that are made again, for whatever reason.
    """

    def __init__(
        self,
        link: LinkState,
        clock: Clock,
        rng: random.Random,
        ahead: Ahead,
        *,
        log: BoundLog,
        last_upload_at: datetime | None = None,
    ) -> None:
        """`ahead` sees the verdicts to the disk; `log` tells of each report what became of it."""
        self._log = log
        self._link = link
        self._clock = clock
        self._rng = rng
        self._ahead = ahead
        self.last_upload_at = last_upload_at
        self.delivered_total = 0
        self.refused_total = 0
        self.failed_total = 0

    def delivered(self, seat: Seat, ticket: int, lease: Lease, receipt: Receipt) -> None:
        """The server has the report."""
        seat.succeeded(ticket)
        self._ahead.ack(lease, receipt.text())
        self.last_upload_at = self._clock.now()
        self.delivered_total += 1
        if self._log.isEnabledFor(logging.DEBUG):
            self._log.about(lease.entry_id).debug("delivered")
        self._link.contact()
        self._link.works(ticket)
        self._link.unsuspect(lease.entry_id)

    def answered(self, seat: Seat, ticket: int) -> None:
        """A ping came back and no report waits."""
        seat.answered(ticket)
        self._link.contact()
        self._link.works(ticket, proven=False)

    def troubled(self, seat: Seat, ticket: int, error: StationmasterError) -> None:
        """A ping failed."""
        self._link.contact()
        if isinstance(error, NeedsUserError):
            seat.answered(ticket)
            self._link.hold(ticket, seat.served, error)
        elif isinstance(error, TransientError):
            self._trouble(seat, ticket, error, _kind(error))
        else:
            seat.answered(ticket)

    def failed(self, seat: Seat, ticket: int, lease: Lease, error: StationmasterError, before: int) -> None:
        """The report did not get through; `before`: the gate's successes when it was sent."""
        self._link.contact()
        if isinstance(error, RejectedError):
            seat.succeeded(ticket)
            self.refused_total += 1
            self._log.about(lease.entry_id).warning("refused: %s", error.text)
            self._ahead.settle(lease.reject(str(error)), lease)
            self._link.works(ticket)
            self._link.unsuspect(lease.entry_id)
            return
        self.failed_total += 1
        self._log.about(lease.entry_id).debug("not delivered: %s", error.text)
        if self._fails_alone(seat, lease, error, before):
            self._park(seat, ticket, lease, error)
        elif isinstance(error, NeedsUserError):
            seat.answered(ticket)
            self._ahead.settle(lease.hold(error.text), lease)
            self._link.hold(ticket, seat.served, error)
        elif isinstance(error, TransientError):
            self._retry(seat, ticket, lease, error)
        else:
            raise error

    def _fails_alone(self, seat: Seat, lease: Lease, error: StationmasterError, before: int) -> bool:
        code = error.code if isinstance(error, TransientError | NeedsUserError) else ""
        if not (isinstance(error, TransientError) and error.alone) and code not in _OWN_POSSIBLE:
            return False
        return self._link.suspects.fails_alone(
            lease.entry_id, attempts=lease.attempts, before=before, successes=seat.gate.successes
        )

    def _park(self, seat: Seat, ticket: int, lease: Lease, error: StationmasterError) -> None:
        """It failed before, and others got through since: it goes behind the others."""
        seat.failed(ticket, Trouble.OWN, None)
        pause = half_jitter(lease.attempts, base=PARK_BASE, cap=PARK_CAP, rng=self._rng)
        if isinstance(error, TransientError):
            pause = max(pause, error.retry_after or 0.0)
        if lease.entry_id not in self._link.suspects.parked:
            self._log.about(lease.entry_id).warning("fails although others get through: %s", error.text)
        self._ahead.settle(lease.retry(self._link.after(pause), error.text), lease)
        self._link.park(lease.entry_id, lease.serial_number, error, self._clock.monotonic() + pause)

    def _retry(self, seat: Seat, ticket: int, lease: Lease, error: TransientError) -> None:
        """Trouble that passes. A try counts only if the server may have seen the report."""
        kind = _kind(error)
        if kind is Trouble.ERROR:
            pause = full_jitter(lease.attempts, base=RETRY_BASE, cap=RETRY_CAP, rng=self._rng)
            pause = max(pause, SHORTEST_RETRY, error.retry_after or 0.0)
            self._link.suspects.retrying[lease.entry_id] = self._clock.monotonic() + pause
            self._ahead.settle(lease.retry(self._link.after(pause), error.text), lease)
        else:
            self._ahead.settle(lease.hold(error.text), lease)
        self._trouble(seat, ticket, error, kind)

    def _trouble(self, seat: Seat, ticket: int, error: TransientError, kind: Trouble) -> None:
        seat.failed(ticket, kind, error.retry_after)
        self._link.trouble(error, outage=seat.gate.outage)


def _kind(error: TransientError) -> Trouble:
    if error.overload:
        return Trouble.BUSY
    return Trouble.ERROR if error.alone else Trouble.DOWN
