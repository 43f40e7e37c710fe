"""Many stations against one server, simulated: each with its own limiter, time in a heap, no I/O."""

from __future__ import annotations

import heapq
import itertools
import random
from collections import deque
from collections.abc import Callable
from functools import partial

import msgspec

from stationmaster.deliver.limiter import Limiter, Limits, Trouble


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A server that works on `slots` reports at once, lets `queue` more wait, and answers 429 beyond that.

    Attributes:
        service: seconds it works on a report, give or take a fifth.
        network: seconds to the server or back, give or take a half.
        retry_after: what it says with the 429.
        outages: times between which nobody answers.
    """

    slots: int = 200
    queue: int = 200
    service: float = 0.2
    network: float = 0.02
    retry_after: float | None = None
    outages: tuple[tuple[float, float], ...] = ()

    def away(self, at: float) -> bool:
        """True in an outage."""
        return any(start <= at < end for start, end in self.outages)

    def capacity(self, start: float, end: float) -> float:
        """Reports it can take between these times."""
        away = sum(max(0.0, min(end, b) - max(start, a)) for a, b in self.outages)
        return self.slots / self.service * (end - start - away)


class Station:
    """A station with an endless backlog."""

    def __init__(self, limits: Limits, rng: random.Random) -> None:
        self.limiter = Limiter(limits, rng)
        self.in_flight = 0
        self.done = 0
        self.alarm = 0.0


class Fleet:
    """The simulation. `run` plays it to the end; `accepted` holds the time of every delivery."""

    def __init__(self, server: Server, limits: Limits, *, stations: int = 50, seed: int = 1) -> None:
        self.server = server
        self.rng = random.Random(seed)  # noqa: S311 - a simulation that repeats
        self.stations = [Station(limits, random.Random(seed * 1000 + n)) for n in range(stations)]  # noqa: S311
        self.accepted: list[float] = []
        self.refused = 0
        self.probes = 0
        self._working = 0
        self._waiting: deque[tuple[Station, int]] = deque()
        self._order = itertools.count()
        self._events: list[tuple[float, int, Callable[[float], None]]] = []

    def run(self, seconds: float) -> None:
        """Play. The stations start within the first second."""
        for station in self.stations:
            self._at(self.rng.uniform(0.0, 1.0), partial(self._send, station))
        while self._events and self._events[0][0] < seconds:
            at, _, event = heapq.heappop(self._events)
            event(at)

    def goodput(self, start: float, end: float) -> float:
        """Deliveries between these times as a share of what the server could take."""
        return sum(start <= at < end for at in self.accepted) / self.server.capacity(start, end)

    def fairness(self) -> float:
        """Jain's index over the stations' deliveries: 1 is perfectly fair."""
        done = [station.done for station in self.stations]
        return sum(done) ** 2 / (len(done) * sum(one * one for one in done))

    def _at(self, at: float, event: Callable[[float], None]) -> None:
        heapq.heappush(self._events, (at, next(self._order), event))

    def _send(self, station: Station, now: float) -> None:
        while station.limiter.may_send(now, station.in_flight):
            ticket = station.limiter.sent(now)
            station.in_flight += 1
            self._at(now + self._travel(), partial(self._arrive, station, ticket))
        opens = station.limiter.opens_at(now)
        if opens is not None and not now < station.alarm <= opens:
            station.alarm = opens
            self._at(opens, partial(self._send, station))

    def _travel(self) -> float:
        return self.server.network * self.rng.uniform(0.5, 1.5)

    def _arrive(self, station: Station, ticket: int, now: float) -> None:
        server = self.server
        if server.away(now):
            self.probes += 1
            self._at(now + self._travel(), partial(self._lost, station, ticket))
        elif self._working + len(self._waiting) >= server.slots + server.queue:
            self.refused += 1
            self._at(now + self._travel(), partial(self._busy, station, ticket))
        elif self._working >= server.slots:
            self._waiting.append((station, ticket))
        else:
            self._work(station, ticket, now)

    def _work(self, station: Station, ticket: int, now: float) -> None:
        self._working += 1
        took = self.server.service * self.rng.uniform(0.8, 1.2)
        self._at(now + took, partial(self._worked, station, ticket))

    def _worked(self, station: Station, ticket: int, now: float) -> None:
        self._working -= 1
        if self._waiting:
            self._work(*self._waiting.popleft(), now)
        if self.server.away(now):
            self._at(now + self._travel(), partial(self._lost, station, ticket))
        else:
            self._at(now + self._travel(), partial(self._took, station, ticket))

    def _took(self, station: Station, ticket: int, now: float) -> None:
        self.accepted.append(now)
        station.done += 1
        station.limiter.succeeded(ticket, station.in_flight)
        self._over(station, now)

    def _busy(self, station: Station, ticket: int, now: float) -> None:
        station.limiter.failed(ticket, now, Trouble.BUSY, self.server.retry_after)
        self._over(station, now)

    def _lost(self, station: Station, ticket: int, now: float) -> None:
        station.limiter.failed(ticket, now, Trouble.DOWN)
        self._over(station, now)

    def _over(self, station: Station, now: float) -> None:
        station.in_flight -= 1
        self._send(station, now)
