"""The files of one folder that are on their way: resting, ready to be claimed, or claimed. No I/O."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from stationmaster.ingest.claim import Outcome
from stationmaster.ingest.scan import UNSEEN
from stationmaster.ingest.settle import LONGEST_DELAY, Stat, delay
from stationmaster.model import Lane

_IN_VAIN = 3
"""A file that was offered more often than this is not waited for."""


class Phase(StrEnum):
    """Where a candidate stands."""

    RESTING = "resting"
    READY = "ready"
    CLAIMED = "claimed"


@dataclass(slots=True, eq=False)
class Candidate:
    """One file on its way.

    Attributes:
        name: path below the folder.
        stat: its state at the last look.
        since: monotonic time since which it rests in that state.
        first_seen: when it was first seen.
        due: monotonic time of the next look.
        tries: how often it was offered in this state.
        trouble: why the last try did not take it.
        trouble_since: when that kind of trouble began.
        stirred: something happened to it while it was claimed.
        replaced: another content took its place while it was claimed, of the same size and mtime.
    """

    name: str
    stat: Stat
    since: float
    first_seen: datetime
    lane: Lane
    due: float = 0.0
    tries: int = 0
    phase: Phase = Phase.RESTING
    trouble: Outcome | None = None
    trouble_since: datetime | None = None
    stirred: bool = False
    replaced: bool = False

    def comes(self, wall: datetime, limit: float) -> bool:
        """Will it be ready, or end as a failed one, by itself and before long?

        Args:
            limit: seconds that a file may be incomplete; no longer than that a file that grows is waited for.
        """
        if self.phase is not Phase.RESTING:
            return True
        young = (wall - self.first_seen).total_seconds() < limit + 2 * LONGEST_DELAY
        return young and (self.tries <= _IN_VAIN or self.trouble is Outcome.INCOMPLETE)


@dataclass(slots=True)
class Pending:
    """All candidates of a folder.

    Attributes:
        settle: seconds a file must rest.
        claimed: how many are claimed now.
        untried: how many were not offered yet in the state they are in.
    """

    settle: float
    claimed: int = 0
    untried: int = 0
    _names: dict[str, Candidate] = field(default_factory=dict)
    _due: list[tuple[float, int, Candidate]] = field(default_factory=list)
    _ready: dict[Lane, deque[Candidate]] = field(default_factory=lambda: {lane: deque() for lane in Lane})
    _order: itertools.count[int] = field(default_factory=itertools.count)

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> itertools.chain[Candidate]:
        return itertools.chain(self._names.values())

    @property
    def active(self) -> bool:
        """One is claimed, or can be."""
        return self.claimed > 0 or any(self._head(lane) for lane in Lane)

    def get(self, name: str) -> Candidate | None:
        """The candidate of that name."""
        return self._names.get(name)

    def add(self, candidate: Candidate) -> None:
        """A file that was just seen begins to rest."""
        self._names[candidate.name] = candidate
        self.untried += 1
        self._rest(candidate, candidate.since + self.settle)

    def drop(self, name: str) -> None:
        """It is no candidate any more."""
        candidate = self._names.pop(name, None)
        if candidate is not None:
            self._leave_claim(candidate)
            self.untried -= candidate.tries == 0
            candidate.phase = Phase.RESTING
            candidate.due = -1.0  # what the heap and the ready lanes still hold of it no longer fits

    def due(self, now: float, limit: int) -> list[Candidate]:
        """Up to `limit` candidates whose next look has come."""
        found: list[Candidate] = []
        while self._due and self._due[0][0] <= now and len(found) < limit:
            due, _, candidate = heapq.heappop(self._due)
            if candidate.due == due and candidate.phase is Phase.RESTING:
                found.append(candidate)
        return found

    def unseen(self, candidates: list[Candidate]) -> None:
        """What `due` gave could not be looked at: it is due as before."""
        for candidate in candidates:
            self._rest(candidate, candidate.due)

    def next_due(self) -> float | None:
        """When the next look is due."""
        while self._due:
            due, _, candidate = self._due[0]
            if candidate.due == due and candidate.phase is Phase.RESTING:
                return due
            heapq.heappop(self._due)
        return None

    def observe(self, candidate: Candidate, stat: Stat, since: float, now: float) -> bool:
        """Take in a look at a candidate; True when it has become ready by it.

        Args:
            since: since when it rests, should its state have changed.
        """
        if candidate.phase is Phase.CLAIMED:
            candidate.stirred = candidate.stirred or stat != candidate.stat
            return False
        if stat == UNSEEN:
            candidate.stat = stat
            self._try(candidate, candidate.tries + 1)
            self._rest(candidate, now + delay(candidate.tries))
            return False
        if stat != candidate.stat:
            candidate.stat, candidate.since = stat, since
            self._try(candidate, 0)
            candidate.trouble = candidate.trouble_since = None
            self._rest(candidate, since + self.settle)
        if candidate.phase is Phase.RESTING and candidate.due <= now:
            candidate.phase = Phase.READY
            self._ready[candidate.lane].append(candidate)
            return True
        return False

    def claim(self, lane: Lane) -> Candidate | None:
        """Claim the next one of that lane."""
        if not self._head(lane):
            return None
        candidate = self._ready[lane].popleft()
        candidate.phase = Phase.CLAIMED
        candidate.stirred = candidate.replaced = False
        self._try(candidate, candidate.tries + 1)
        self.claimed += 1
        return candidate

    def again(self, candidate: Candidate, outcome: Outcome, *, now: float, wall: datetime) -> None:
        """It was not taken: it rests again and is offered after a growing delay."""
        self._leave_claim(candidate)
        if outcome is Outcome.RETURNED:
            self._try(candidate, candidate.tries - 1)
            self._rest(candidate, now)
            return
        if candidate.trouble is not outcome:
            candidate.trouble, candidate.trouble_since = outcome, wall
        self._rest(candidate, now + delay(candidate.tries))

    def hasten(self, now: float) -> None:
        """Offer at once what rests because it was not taken: what kept it may be over."""
        for candidate in self:
            if candidate.phase is Phase.RESTING and candidate.tries and candidate.due > now:
                self._rest(candidate, now)

    def _try(self, candidate: Candidate, tries: int) -> None:
        self.untried += (tries == 0) - (candidate.tries == 0)
        candidate.tries = tries

    def _leave_claim(self, candidate: Candidate) -> None:
        if candidate.phase is Phase.CLAIMED:
            self.claimed -= 1

    def _rest(self, candidate: Candidate, due: float) -> None:
        candidate.phase = Phase.RESTING
        candidate.due = due
        heapq.heappush(self._due, (due, next(self._order), candidate))

    def _head(self, lane: Lane) -> bool:
        """Drop what stands at the head of the lane and is not ready any more."""
        ready = self._ready[lane]
        while ready and ready[0].phase is not Phase.READY:
            ready.popleft()
        return bool(ready)
