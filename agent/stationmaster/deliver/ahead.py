"""What is leased: a short look-ahead before the gate, and verdicts behind it on their way to the disk."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence

from stationmaster.clock import Clock
from stationmaster.deliver.backoff import half_jitter
from stationmaster.deliver.port import Lease, Queue
from stationmaster.errors import SpoolError
from stationmaster.log import BoundLog

LOOK_AHEAD_BYTES = 32 * 1024 * 1024
"""No further look-ahead while leased payloads hold this many bytes."""

PENDING_VERDICTS = 512
"""So many verdicts may wait for their commit before no more is leased."""

AHEAD_SECONDS = 0.1
MOST_AHEAD = 128
"""What goes out in so many seconds may be leased even beyond twice the limit, but not more than this: a fast
server empties a short look-ahead sooner than the disk fills it, and each trip to the disk has its price."""

ACK_GROUP = 64
ACK_LINGER = 0.02
"""Acknowledgements are handed on in groups of so many, or after so many seconds, or when nothing is under
way: one trip to the disk for all. A crash meanwhile only sends their reports again, under the same ids."""

SHORTEST_WAIT = 0.05
"""A queue that gave nothing is not asked again sooner, whatever it says is due."""


class Ahead:
    """Leases in front of the gate, bounded in number and bytes; and the verdicts still to be committed.

    Attributes:
        ready: leased reports that wait for a slot.
        low_water: when no more than so many are ready it is time to lease again.
        may_have_more: the queue may have due reports that are not leased.
        idle_until: monotonic time until which a faulty disk is left alone.
        settled: verdicts that were committed.
    """

    def __init__(
        self,
        queue: Queue,
        clock: Clock,
        rng: random.Random,
        wake: Callable[[], None],
        log: BoundLog,
    ) -> None:
        """Lease nothing yet. `wake` is called when the loop should look again."""
        self._queue = queue
        self._clock = clock
        self._rng = rng
        self._wake = wake
        self._log = log
        self._bytes = 0
        self._pending: set[asyncio.Future[None]] = set()
        self._acks: list[tuple[Lease, str]] = []
        self._acks_since = 0.0
        self._failures = 0
        self._rate = 0.0
        self._leased = 0
        self._leased_at = 0.0
        self.ready: deque[Lease] = deque()
        self.low_water = 0
        self.may_have_more = True
        self._due_at: float | None = None
        self.idle_until = 0.0
        self.settled = 0
        self.bug: BaseException | None = None

    @property
    def pending(self) -> int:
        """Verdicts that are not committed yet."""
        return len(self._pending) + len(self._acks)

    @property
    def faulty(self) -> bool:
        """True from a fault of the disk until a verdict was kept again."""
        return self._failures > 0

    def note_due(self) -> None:
        """A report whose time has come can be leased."""
        if self._due_at is not None and self._clock.monotonic() >= self._due_at:
            self.may_have_more, self._due_at = True, None

    def due_at(self) -> float | None:
        """When the queue has more, as far as it is known.

        Monotonic: were the clock set back, the time of day would not come for long, and the queue, which
        notices that, would not be asked before.
        """
        return self._due_at

    async def fill(self, limit: int, active: int) -> None:
        """Lease so much that no slot waits; twice `limit` with what is under way, more for a fast server."""
        target = max(2 * limit, min(int(self._rate * AHEAD_SECONDS), MOST_AHEAD))
        self.low_water = max(target - active, 0) // 2
        room = target - len(self.ready) - active
        if (
            not self.may_have_more
            or room <= 0
            or len(self.ready) > self.low_water
            or self._bytes >= LOOK_AHEAD_BYTES
            or len(self._pending) >= PENDING_VERDICTS
        ):
            return
        if self._failures:
            # After a fault of the disk one report shows whether it is over: an ack that cannot be kept
            # means that the report is sent again.
            room = 0 if active or self._pending or self.ready else 1
        if room:
            self.ready.extend(await self.lease(room))
            self._measure(len(self.ready))

    def _measure(self, ready: int) -> None:
        """How many reports a second went out since the last lease."""
        now = self._clock.monotonic()
        if now > self._leased_at:
            self._rate = self._leased / (now - self._leased_at)
        self._leased, self._leased_at = ready, now

    async def lease(self, count: int) -> Sequence[Lease]:
        """Lease up to `count`, or learn when more is due. Each ends in `settle` or `release`."""
        self.may_have_more = False  # `wake` may say otherwise while we wait
        try:
            leases = await self._queue.lease(count)
            if leases:
                self.may_have_more, self._due_at = True, None
            elif (due := await self._queue.next_due()) is not None:
                wait = max((due - self._clock.now()).total_seconds(), SHORTEST_WAIT)
                self._due_at = self._clock.monotonic() + wait
        except SpoolError as error:
            self._failed(error)
            return ()
        self._bytes += sum(lease.size for lease in leases)
        return leases

    def give_back(self) -> None:
        """Return what is leased but not under way: others may change it meanwhile."""
        while self.ready:
            self.release(self.ready.popleft())

    def release(self, lease: Lease) -> None:
        """Return one lease without a verdict."""
        self._bytes -= lease.size
        self.may_have_more = True
        lease.release().add_done_callback(_seen)

    def ack(self, lease: Lease, receipt: str) -> None:
        """Delivered; see `ACK_GROUP` for when it is handed on."""
        self._acks.append((lease, receipt))
        if len(self._acks) == 1:
            self._acks_since = self._clock.monotonic()
            self._wake()
        elif len(self._acks) >= ACK_GROUP:
            self.flush_acks(idle=True)

    def flush_acks(self, *, idle: bool) -> float | None:
        """Hand acknowledgements on if it is time or nothing is under way; else the time when it will be."""
        if not self._acks:
            return None
        if not idle:
            at = self._acks_since + ACK_LINGER
            if self._clock.monotonic() < at:
                return at
        acks, self._acks = self._acks, []
        for lease, receipt in acks:
            self.settle(lease.ack(receipt), lease)
        return None

    def settle(self, future: asyncio.Future[None], lease: Lease) -> None:
        """A verdict is on its way to the disk."""
        self._bytes -= lease.size
        self._pending.add(future)
        future.add_done_callback(self._settled)

    def _settled(self, future: asyncio.Future[None]) -> None:
        self._pending.discard(future)
        if not self._pending or len(self._pending) == PENDING_VERDICTS - 1:
            self._wake()
        if future.cancelled():
            return
        error = future.exception()
        if error is None:
            self.settled += 1
            if self._failures:
                self._failures = 0
                self._wake()
        elif isinstance(error, SpoolError):
            self._failed(error)
        else:
            self.bug = error
            self._wake()

    def _failed(self, error: SpoolError) -> None:
        """The queue cannot take verdicts or give leases: slow down; the spool tells the user why."""
        if not self._failures:
            self._log.warning("uploads wait for the spool: %s", error)
        now = self._clock.monotonic()
        if now >= self.idle_until:
            pause = half_jitter(self._failures, base=1.0, cap=60.0, rng=self._rng)
            self.idle_until = now + pause
            self._failures += 1
        self.may_have_more = True
        self._wake()


def _seen(future: asyncio.Future[None]) -> None:
    """A release that the disk refused loses nothing: the spool keeps it until it can be written."""
    if not future.cancelled():
        future.exception()
