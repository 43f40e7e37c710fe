"""One gate per destination: instances with the same server and token share one limiter, fairly."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable

from stationmaster.clock import Clock
from stationmaster.deliver.limiter import Limiter, Limits, Trouble


class Seat:
    """One uploader's place at a gate. Each ticket ends in exactly one of the four outcomes below.

    Attributes:
        gate: the gate.
        limits: the instance's own limits.
        in_flight: its requests under way.
        hungry: it has work and was refused; the gate wakes it when it is worth asking again.
        served: the ticket it got last.
    """

    __slots__ = ("gate", "hungry", "in_flight", "limits", "served", "wake")

    def __init__(self, gate: Gate, limits: Limits, wake: Callable[[], None]) -> None:
        """Keep the instance's own limits and how to wake it."""
        self.gate = gate
        self.limits = limits
        self.wake = wake
        self.in_flight = 0
        self.hungry = False
        self.served = 0

    def enter(self) -> int:
        """A ticket for one request, 0 when the seat has to wait."""
        if self.in_flight >= self.limits.ceiling:
            self.hungry = False  # it waits for itself: nobody need make room for it
            return 0
        ticket = self.gate.enter(self)
        self.hungry = not ticket
        if ticket:
            self.in_flight += 1
            self.served = ticket
        return ticket

    def succeeded(self, ticket: int) -> None:
        """The server took the report, or refused that report in its right mind."""
        self.gate.succeeded(ticket)
        self._over()

    def answered(self, ticket: int) -> None:
        """The server is there, but it took nothing (a ping, a refused log-in)."""
        self.gate.answered(ticket)
        self._over()

    def failed(self, ticket: int, trouble: Trouble, retry_after: float | None) -> None:
        """The request did not get through."""
        self.gate.failed(ticket, trouble, retry_after)
        self._over()

    def dropped(self, ticket: int) -> None:
        """The request was called off."""
        self.gate.dropped(ticket)
        self._over()

    def _over(self) -> None:
        self.in_flight -= 1
        self.gate.over()


class Gate:
    """Shares one limiter among seats; runs on the loop. Uploaders speak to their `Seat`.

    Attributes:
        in_flight: requests under way, of all seats.
        successes: how many requests the server took so far.
        ended: how many requests ended so far, whatever end it was.
    """

    def __init__(self, limits: Limits, clock: Clock, *, rng: random.Random | None = None) -> None:
        """Start open."""
        self._clock = clock
        self._limiter = Limiter(limits, rng or random.Random())  # noqa: S311 - jitter, not a secret
        self._seats: list[Seat] = []
        self.in_flight = 0
        self.successes = 0
        self.ended = 0

    @property
    def limit(self) -> int:
        """How many requests may be under way now."""
        return self._limiter.limit

    @property
    def outage(self) -> bool:
        """True while only canaries go out."""
        return self._limiter.outage

    @property
    def blocked_until(self) -> float:
        """Monotonic time until which nothing goes out; in the past when the gate is open."""
        return self._limiter.blocked_until

    def opens_at(self) -> float | None:
        """Monotonic time at which the gate opens by itself, None if it does not wait for the clock."""
        return self._limiter.opens_at(self._clock.monotonic())

    def join(self, seat: Seat) -> None:
        """Seat an uploader; the gate's limits become the widest of its seats, the cap the narrowest."""
        self._seats.append(seat)
        self._limiter.reconfigure(_merged([one.limits for one in self._seats]))

    def leave(self, seat: Seat) -> None:
        """Give the seat back. Idempotent; requests under way still end at it."""
        if seat in self._seats:
            self._seats.remove(seat)
        if self._seats:
            self._limiter.reconfigure(_merged([one.limits for one in self._seats]))
            self._notify()

    def enter(self, seat: Seat) -> int:
        """See `Seat.enter`."""
        now = self._clock.monotonic()
        if not self._limiter.may_send(now, self.in_flight):
            return 0
        if len(self._seats) > 1 and self._others_first(seat):
            return 0
        self.in_flight += 1
        return self._limiter.sent(now)

    def counted(self) -> None:
        """One more request under the same ticket: it counts towards the requests-per-minute cap."""
        self._limiter.counted(self._clock.monotonic())

    def succeeded(self, ticket: int) -> None:
        """See `Seat.succeeded`."""
        self._limiter.succeeded(ticket, self.in_flight)
        self.successes += 1

    def answered(self, ticket: int) -> None:
        """See `Seat.answered`."""
        self._limiter.succeeded(ticket, 0)

    def failed(self, ticket: int, trouble: Trouble, retry_after: float | None) -> None:
        """See `Seat.failed`."""
        self._limiter.failed(ticket, self._clock.monotonic(), trouble, retry_after)

    def dropped(self, ticket: int) -> None:
        """See `Seat.dropped`."""
        self._limiter.dropped(ticket)

    def over(self) -> None:
        """A request ended: who waits may ask again."""
        self.in_flight -= 1
        self.ended += 1
        if len(self._seats) > 1:
            self._notify()

    def _notify(self) -> None:
        for seat in self._seats:
            if seat.hungry:
                seat.wake()

    def _others_first(self, seat: Seat) -> bool:
        """True when a seat waits that has fewer requests under way, or as few and was served earlier."""
        mine = (seat.in_flight, seat.served)
        return any(
            other.hungry and other is not seat and (other.in_flight, other.served) < mine
            for other in self._seats
        )


class Gates:
    """The gates of an agent, by destination."""

    def __init__(self, clock: Clock) -> None:
        """Start with none."""
        self._clock = clock
        self._gates: dict[str, Gate] = {}

    def gate(self, url: str, token: str, limits: Limits) -> Gate:
        """The gate of this server and token; made with `limits` when it is new.

        Only a hash of the token is kept.
        """
        fields = f"{url.lower().rstrip('/')}\n{token}".encode()
        key = hashlib.blake2b(fields, digest_size=16).hexdigest()
        if key not in self._gates:
            self._gates[key] = Gate(limits, self._clock)
        return self._gates[key]


def _merged(limits: list[Limits]) -> Limits:
    """The widest mode and limits, the narrowest cap: each seat keeps to its own ceiling besides."""
    caps = [one.requests_per_minute for one in limits if one.requests_per_minute]
    adaptive = [one for one in limits if one.mode == "adaptive"]
    return Limits(
        mode="adaptive" if adaptive else "fixed",
        max_concurrent=max(one.max_concurrent for one in limits),
        max_adaptive=max(one.max_adaptive for one in adaptive or limits),
        requests_per_minute=min(caps, default=0),
    )
