"""The upload loop: leases from the queue, through the gate, to the server, to a verdict.

`Uploader` decides when something is sent, `Ahead` what is leased, `Judge` what an outcome means. No task
per queued report: little more than what is under way is leased, and a task carries one request after another.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import NamedTuple

from stationmaster.clock import Clock
from stationmaster.deliver.ahead import Ahead
from stationmaster.deliver.gate import Gate, Seat
from stationmaster.deliver.limiter import Limits
from stationmaster.deliver.link import LinkState
from stationmaster.deliver.port import Checks, Lease, Queue, Submits
from stationmaster.deliver.verdict import Judge
from stationmaster.errors import StationmasterError
from stationmaster.log import bound
from stationmaster.model import Link, Problem, UploadStatus

_LOG = logging.getLogger(__name__)

LONG_BLOCK = 1.0
"""When the gate stays shut for longer than this, leases go back to the queue meanwhile."""

CANARY_CHOICE = 8
"""So many reports a canary is chosen from, to pass over those that failed before."""


class Uploader:
    """Delivers one instance's queue. `run` lives until cancelled, stopped or drained."""

    def __init__(
        self,
        queue: Queue,
        client: Submits,
        gate: Gate,
        clock: Clock,
        on_change: Callable[[], None],
        *,
        instance: str = "",
        limits: Limits | None = None,
        ping_interval: float = 60.0,
        checks: Checks | None = None,
        last_upload_at: datetime | None = None,
        rng: random.Random | None = None,
    ) -> None:
        """Keep what it works with; nothing runs yet.

        Args:
            on_change: called when the link or a Problem changed.
            limits: the instance's own limits at a shared gate.
            ping_interval: seconds without contact after which the server is pinged, and the longest pause
                between two probes of a held link.
            checks: looks at each report before it leaves.
            last_upload_at: of an earlier run.
        """
        rng = rng or random.Random()  # noqa: S311 - jitter, not a secret
        self._log = bound(_LOG, instance)
        self._client = client
        self._checks = checks
        self._gate = gate
        self._clock = clock
        self._limits = limits or Limits()
        self._rng = rng
        self._event = asyncio.Event()
        self._seat = Seat(gate, self._limits, self._event.set)  # taken when `run` begins
        self._link = LinkState(instance, clock, on_change, ping_interval=ping_interval)
        self._ahead = Ahead(queue, clock, rng, self._event.set, self._log)
        self._judge = Judge(self._link, clock, rng, self._ahead, log=self._log, last_upload_at=last_upload_at)
        self._tasks: asyncio.TaskGroup | None = None
        self._active = 0  # requests under way, at this gate and at one we left
        self._starting: set[_Start] = set()
        self._probing = False
        self._paused = False
        self._paused_until: datetime | None = None
        self._draining = False
        self._stop_budget: float | None = None

    # ------------------------------------------------------------------ what others see and say

    @property
    def link(self) -> Link:
        """What is known of the way to the server."""
        return self._link.link

    @property
    def link_since(self) -> datetime:
        """Since when the link is what it is."""
        return self._link.since

    def problems(self) -> tuple[Problem, ...]:
        """The uploader's Problems now."""
        return self._link.board.problems()

    @property
    def hindered(self) -> bool:
        """Something that is told elsewhere keeps reports back: a held link, a shut gate, the spool's disk."""
        return self._link.held or self._ahead.faulty or self._gate.opens_at() is not None

    @property
    def progress(self) -> tuple[int, int]:
        """Changes whenever a verdict is kept; in an outage, whenever the server was tried again."""
        return self._ahead.settled, self._gate.ended if self._gate.outage else 0

    @property
    def totals(self) -> tuple[int, int, int]:
        """Reports delivered and refused, and tries that are made again."""
        return self._judge.delivered_total, self._judge.refused_total, self._judge.failed_total

    def status(self) -> UploadStatus:
        """The gate as this instance sees it."""
        blocked = self._gate.blocked_until - self._clock.monotonic()
        return UploadStatus(
            mode=self._limits.mode,
            limit=min(self._gate.limit, self._limits.ceiling),
            in_flight=self._active,
            blocked_until=self._link.after(blocked) if blocked > 0 else None,
            last_upload_at=self._judge.last_upload_at,
        )

    def wake(self) -> None:
        """The queue changed."""
        self._ahead.may_have_more = True
        self._event.set()

    def pause(self, until: datetime | None = None) -> None:
        """Send nothing new until `until`, or until `resume`; what is under way finishes."""
        self._paused, self._paused_until = True, until
        self._event.set()

    def resume(self) -> None:
        """Send again."""
        self._paused, self._paused_until = False, None
        self._event.set()

    def drain(self) -> None:
        """Let `run` return once everything that can be sent is sent."""
        self._draining = True
        self._event.set()

    def stop(self, budget: float = 10.0) -> None:
        """Let `run` return: nothing new goes out, what is under way has `budget` seconds to finish."""
        self._stop_budget = budget
        self._event.set()

    def credentials_changed(self, gate: Gate | None = None) -> None:
        """A new token was stored: try it at once, at its own gate where the caller names one."""
        self._client.credentials_changed()
        if gate is not None and gate is not self._gate:
            self._gate.leave(self._seat)  # what is under way still ends there
            self._gate = gate
            self._seat = Seat(gate, self._limits, self._event.set)
            if self._tasks is not None:
                gate.join(self._seat)
        self._link.forgive(self._seat.served)
        self._event.set()

    # ------------------------------------------------------------------ the loop

    async def run(self, *, draining: bool = False) -> None:
        """Deliver until cancelled or stopped; with `draining` until everything that can be sent is sent.

        Draining does not wait for parked reports, nor for tries that an earlier run put off; it does wait
        for the link. Cancelled, it returns its leases unsent and leaves; `stop` lets requests finish first.
        """
        self._draining = self._draining or draining
        self._gate.join(self._seat)
        try:
            async with asyncio.TaskGroup() as self._tasks:
                await self._loop()
                await self._finish()
        except* _OutOfTimeError:
            self._log.warning("uploads under way did not finish in time; they are sent again later")
        finally:
            self._probing = False
            self._ahead.flush_acks(idle=True)
            self._give_back()
            self._undo_starts()
            self._gate.leave(self._seat)
            self._tasks = None
            self._draining, self._stop_budget = False, None

    async def _loop(self) -> None:
        while self._stop_budget is None:
            self._event.clear()
            timeout = self._soonest(await self._step(), self._ahead.flush_acks(idle=not self._active))
            if self._ahead.bug is not None:
                raise self._ahead.bug
            if self._draining and self._drained():
                return
            await self._clock.wait(self._event, timeout)

    async def _step(self) -> float | None:
        """Do what can be done now; returns the monotonic time at which time alone makes a difference."""
        now = self._clock.monotonic()
        self._link.sweep(nothing_due=not self._ahead.may_have_more)
        self._ahead.note_due()
        if self._pausing():
            self._give_back()
            return _first(self._ping_if_idle(now), self._pause_ends_at(now))
        if self._link.held or self._gate.outage:
            self._give_back()
            return _first(self._probe_if_due(now))
        opens_at = self._gate.opens_at() or now
        if opens_at > now + LONG_BLOCK or self._ahead.idle_until > now:
            self._give_back()
            return _first(max(opens_at, self._ahead.idle_until))
        await self._ahead.fill(min(self._gate.limit, self._limits.ceiling), self._active)
        self._spawn()
        if self._ahead.ready:
            return _first(self._gate.opens_at())
        return _first(self._ping_if_idle(now), self._ahead.due_at())

    def _spawn(self) -> None:
        """One task for each slot that is free and has a report."""
        while self._ahead.ready and (ticket := self._seat.enter()):
            self._begin(self._work, _Start(self._seat, ticket, self._ahead.ready.popleft()))

    def _begin(self, work: Callable[[_Start], Coroutine[None, None, None]], start: _Start) -> None:
        assert self._tasks is not None  # noqa: S101 - for mypy: only `run` comes here
        self._active += 1
        self._starting.add(start)
        self._tasks.create_task(work(start))

    def _undo_starts(self) -> None:
        """A task that is cancelled before its first step runs no `finally` of its own."""
        for start in self._starting:
            self._active -= 1
            start.seat.dropped(start.ticket)
            if start.lease is not None:
                self._ahead.release(start.lease)
        self._starting.clear()

    def _soonest(self, *times: float | None) -> float | None:
        """Seconds until the first of these monotonic times; None without any."""
        at = _first(*times)
        # A busy loop is never right, whatever a clock says.
        return None if at is None else max(at - self._clock.monotonic(), 0.001)

    def _give_back(self) -> None:
        self._ahead.give_back()
        self._seat.hungry = False

    def _pausing(self) -> bool:
        if self._paused_until is not None and self._clock.now() >= self._paused_until:
            self.resume()
        return self._paused

    def _pause_ends_at(self, now: float) -> float | None:
        if self._paused_until is None:
            return None
        return now + (self._paused_until - self._clock.now()).total_seconds()

    def _ping_if_idle(self, now: float) -> float | None:
        """Ping a server that was silent for long; returns when to look again."""
        at = max(self._link.idle_ping_at(), self._gate.opens_at() or now)
        if at <= now and not self._active:
            self._start_probe()
        return at if at > now else None

    def _probe_if_due(self, now: float) -> float | None:
        """Probe a held link or an outage when it is time; returns when to look again."""
        at = max(self._link.probe_at if self._link.held else now, self._gate.opens_at() or now)
        if at <= now and not self._probing:
            self._start_probe()
        return at if at > now else None

    # ------------------------------------------------------------------ requests

    def _sending(self) -> bool:
        halted = self._paused or self._link.held or self._ahead.faulty
        return not halted and self._stop_budget is None

    async def _work(self, start: _Start) -> None:
        """Deliver this report, then the next, as long as there is one and the gate agrees."""
        self._starting.discard(start)
        seat, ticket, lease = start.seat, start.ticket, start.lease
        assert lease is not None  # noqa: S101 - for mypy: `_spawn` has one
        try:
            while True:
                await self._deliver(lease, ticket, seat)
                seat = self._seat
                if not self._ahead.ready or not self._sending() or not (ticket := seat.enter()):
                    break
                lease = self._ahead.ready.popleft()
                if len(self._ahead.ready) <= self._ahead.low_water:
                    self._event.set()
        finally:
            self._active -= 1
            self._event.set()

    async def _deliver(self, lease: Lease, ticket: int, seat: Seat) -> None:
        before = seat.gate.successes
        try:
            if self._checks is not None:
                await self._checks.before(lease)
            receipt = await self._client.submit(lease.report_id, lease.payload)
        except StationmasterError as error:
            self._judge.failed(seat, ticket, lease, error, before)
            self._ahead.may_have_more = True
        except BaseException:
            seat.dropped(ticket)
            self._ahead.release(lease)
            raise
        else:
            self._judge.delivered(seat, ticket, lease, receipt)
            self._link.note_clock(self._client.clock_offset)
            self._link.note_start(lease)

    def _start_probe(self) -> None:
        if ticket := self._seat.enter():
            self._probing = True
            self._begin(self._probe, _Start(self._seat, ticket, None))

    async def _probe(self, start: _Start) -> None:
        """Ping; where the link is in doubt, one report follows as the canary."""
        self._starting.discard(start)
        seat, ticket = start.seat, start.ticket
        try:
            if self._link.held:
                # The token may have been replaced by hand, behind the agent's back.
                self._client.credentials_changed()
            try:
                await self._client.ping()
                lease = await self._canary()
            except StationmasterError as error:
                self._judge.troubled(seat, ticket, error)
                return
            except BaseException:
                seat.dropped(ticket)
                raise
            self._link.note_clock(self._client.clock_offset)
            if lease is None:
                self._judge.answered(seat, ticket)
            else:
                seat.gate.counted()
                await self._deliver(lease, ticket, seat)
        finally:
            self._probing = False
            self._active -= 1
            self._event.set()

    async def _canary(self) -> Lease | None:
        """A report to try a doubtful link with; one that never failed if there is one."""
        if self._paused or not (self._link.held or self._gate.outage):
            return None
        leases = await self._ahead.lease(min(1 + len(self._link.suspects), CANARY_CHOICE))
        if not leases:
            return None
        fresh = [lease for lease in leases if lease.entry_id not in self._link.suspects]
        chosen = (fresh or [leases[self._rng.randrange(len(leases))]])[0]
        for lease in leases:
            if lease is not chosen:
                self._ahead.release(lease)
        return chosen

    # ------------------------------------------------------------------ the end

    def _drained(self) -> bool:
        ahead = self._ahead
        busy = ahead.ready or self._active or ahead.pending or ahead.may_have_more
        return not (busy or self._link.suspects.retrying)

    async def _finish(self) -> None:
        """Let what is under way finish within the budget, then call it off."""
        self._give_back()
        deadline = self._clock.monotonic() + (self._stop_budget or 0.0)
        while self._active or self._ahead.pending:
            self._event.clear()
            self._ahead.flush_acks(idle=True)
            left = deadline - self._clock.monotonic()
            if left <= 0 or not await self._clock.wait(self._event, left):
                break
        if self._active:
            raise _OutOfTimeError


def _first(*times: float | None) -> float | None:
    return min((at for at in times if at is not None), default=None)


class _Start(NamedTuple):
    """A request that is about to begin: with a report, or a ping."""

    seat: Seat
    ticket: int
    lease: Lease | None


class _OutOfTimeError(Exception):
    """Ends the task group when the budget is spent."""
