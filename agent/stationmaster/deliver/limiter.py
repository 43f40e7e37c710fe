"""How many requests may be under way: pure, events and clock in, limit and blocked-until out.

Slow start and additive increase, multiplicative decrease as TCP has them (RFC 5681), in requests instead of
bytes: the limit grows by half per round trip until the first brake, then by one per round trip; a brake
(429, 5xx, timeout) takes a fifth, once per round trip. A `Retry-After` shuts one gate for everybody who
shares the limiter; afterwards requests go out one first, then half more per round trip, because a burst of a
whole limit would only meet the next 429 (without this ramp a simulated fleet has twice as many refusals).
An outage shuts the gate too; then one canary at a time goes out, and when it comes home half of the best
limit is open again. The best is the highest that ever worked: the brakes before an outage tell of the outage,
not of the server. Should the server be smaller since, a few more brakes find that out; a simulated fleet
delivers more this way than from half of what the last brake left.
"""

from __future__ import annotations

import math
import random
from collections import deque
from enum import StrEnum
from typing import Literal

import msgspec

from stationmaster.deliver.backoff import full_jitter, half_jitter

SLOW_START = 8
"""Requests that may be under way at first."""

GROWTH = 0.5
"""What each success adds in slow start: so many under way make half as many more a round trip."""

BRAKE = 0.8
"""A brake multiplies the limit by this."""

OUTAGE_AFTER = 5
"""So many troubles in a row without a success, and it is an outage."""

PROBE_BASE = 0.5
PROBE_CAP = 8.0
"""Canaries are at most this many seconds apart: a fresh file arrives within 10 s after an outage."""

BUSY_BASE = 0.2
BUSY_CAP = 8.0
"""Seconds of a pause after "busy" without a `Retry-After`, at first and at most."""

MINUTE = 60.5
"""The window of the requests-per-minute cap; half a second more than a minute for the network's jitter."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings allow.

    Attributes:
        requests_per_minute: 0 for no cap.
    """

    mode: Literal["adaptive", "fixed"] = "adaptive"
    max_concurrent: int = 5
    max_adaptive: int = 64
    requests_per_minute: int = 0

    @property
    def ceiling(self) -> int:
        """The most requests that may ever be under way."""
        return self.max_concurrent if self.mode == "fixed" else self.max_adaptive


class Trouble(StrEnum):
    """What a failure tells about the server."""

    BUSY = "busy"
    """It asks for less: 429, 503."""
    ERROR = "error"
    """It failed, or gave no whole answer: 5xx, timeout, reset."""
    DOWN = "down"
    """Nobody is there, or not a WATS server."""
    OWN = "own"
    """Nothing: the trouble is known to lie in the report."""


class Limiter:
    """The state of one gate. Times are monotonic seconds; tickets are numbers that only grow."""

    def __init__(self, limits: Limits, rng: random.Random) -> None:
        """Start open, in slow start."""
        self.limits = limits
        self._rng = rng
        self._limit = float(limits.max_concurrent)
        if limits.mode == "adaptive":
            self._limit = float(min(SLOW_START, limits.max_adaptive))
        self._best = self._limit
        self._slow_start = True
        self._ticket = 0
        self._braked_at = 0
        self._returned_at = 0
        self._errors = 0
        self._busy = 0
        self._outage = 0
        self._canary = 0
        self._window: deque[float] = deque()
        self._ramp = math.inf
        self.blocked_until = 0.0

    @property
    def limit(self) -> int:
        """How many requests may be under way now; 1 while a canary is out."""
        return 1 if self._outage else int(self._limit)

    @property
    def outage(self) -> bool:
        """True from the outage's start until a canary came home."""
        return self._outage > 0

    def reconfigure(self, limits: Limits) -> None:
        """Take new settings without forgetting what was learnt."""
        fixed = limits.mode == "fixed"
        if fixed or self.limits.mode == "fixed":
            self._limit = float(limits.max_concurrent if fixed else min(SLOW_START, limits.max_adaptive))
            self._best = self._limit
        self.limits = limits
        self._limit = min(self._limit, float(limits.ceiling))
        self._best = min(self._best, float(limits.ceiling))

    def may_send(self, now: float, in_flight: int) -> bool:
        """True when one more request may go out."""
        if now < self.blocked_until:
            return False
        if self._outage:
            return not self._canary
        return in_flight < int(min(self._limit, self._ramp)) and self._cap_opens_at(now) <= now

    def opens_at(self, now: float) -> float | None:
        """When time alone opens the gate; None when it waits for a canary or is open already."""
        if now < self.blocked_until:
            return self.blocked_until
        if self._outage:
            return None
        at = self._cap_opens_at(now)
        return at if at > now else None

    def sent(self, now: float) -> int:
        """A request goes out; returns its ticket (never 0)."""
        self._ticket += 1
        if self._outage:
            self._canary = self._ticket
        self.counted(now)
        return self._ticket

    def counted(self, now: float) -> None:
        """A request counts towards the requests-per-minute cap only."""
        if self.limits.requests_per_minute:
            self._window.append(now)

    def succeeded(self, ticket: int, in_flight: int) -> None:
        """The server took it (or refused that report in its right mind); `in_flight` includes it."""
        self._errors = self._busy = 0
        if self._outage:
            self._return(ticket)
            return
        if self._ramp < self._limit:
            self._ramp += GROWTH
        if self.limits.mode == "fixed" or in_flight * 2 < self._limit:
            # A limit that is not in use has not been shown to work: it must not grow.
            return
        self._limit += GROWTH if self._slow_start else 1.0 / self._limit
        self._limit = min(self._limit, float(self.limits.max_adaptive))
        self._best = max(self._best, self._limit)

    def failed(self, ticket: int, now: float, trouble: Trouble, retry_after: float | None = None) -> None:
        """The request did not get through."""
        if retry_after is not None:
            # The jitter keeps the stations that were all told the same second from coming back in one wave.
            wait = retry_after + self._rng.uniform(0.0, 0.05 + min(retry_after * 0.25, 5.0))
            self.blocked_until = max(self.blocked_until, now + wait)
            self._ramp = 1.0
        if self._outage:
            if ticket == self._canary:
                self._shut(now)
        elif trouble is Trouble.BUSY:
            self._brake_busy(ticket, now, wait=retry_after is None)
        elif trouble is Trouble.ERROR:
            self._brake(ticket)
            self._errors += ticket > self._returned_at
            if self._errors >= OUTAGE_AFTER:
                self._shut(now)
        elif trouble is Trouble.DOWN and ticket > self._returned_at:
            self._shut(now)

    def dropped(self, ticket: int) -> None:
        """The request was called off and tells nothing."""
        if ticket == self._canary:
            self._canary = 0

    def _brake(self, ticket: int) -> bool:
        """Take a fifth, once per round trip: what was sent before the last brake tells nothing new."""
        if ticket <= self._braked_at:
            return False
        self._braked_at = self._ticket
        self._slow_start = False
        if self.limits.mode == "adaptive":
            self._limit = max(1.0, self._limit * BRAKE)
        return True

    def _brake_busy(self, ticket: int, now: float, *, wait: bool) -> None:
        if self._brake(ticket):
            self._busy += 1
            # The first brake only makes us slower; who is still told "busy" has to pause as well.
            if wait and self._busy > 1:
                pause = full_jitter(self._busy - 2, base=BUSY_BASE, cap=BUSY_CAP, rng=self._rng)
                self.blocked_until = max(self.blocked_until, now + pause)

    def _shut(self, now: float) -> None:
        """Begin an outage, or go on with it after a canary that did not come home."""
        pause = half_jitter(self._outage, base=PROBE_BASE, cap=PROBE_CAP, rng=self._rng)
        self._outage += 1
        self._canary = 0
        self.blocked_until = max(self.blocked_until, now + pause)

    def _return(self, ticket: int) -> None:
        """The outage is over: half of the best limit, and nothing sent before counts any more."""
        self._outage = self._canary = 0
        self._ramp = math.inf
        self._slow_start = False
        self._returned_at = self._braked_at = max(self._ticket, ticket)
        if self.limits.mode == "adaptive":
            self._limit = max(1.0, self._best / 2)

    def _cap_opens_at(self, now: float) -> float:
        """When the requests-per-minute cap lets the next request through; `now` or before: at once."""
        cap = self.limits.requests_per_minute
        if not cap:
            return now
        while self._window and self._window[0] + MINUTE <= now:
            self._window.popleft()
        return now if len(self._window) < cap else self._window[len(self._window) - cap] + MINUTE
