"""Which names of a folder are to be looked at now, and which soon or in their turn. No I/O."""

from __future__ import annotations

import math
from collections.abc import Iterable

CYCLE = 24.0
"""Seconds in which every known file is looked at again."""

CALL = 1_000
"""Files that one call looks at."""


class Agenda:
    """Names that were hinted at go first; names for later join them when their time has come.

    Beside these every known file has its turn: `quota` says how many it is time for.
    """

    def __init__(self, now: float) -> None:
        """Nothing is to be looked at."""
        self._hinted: set[str] = set()
        self._later: set[str] = set()
        self._later_at = math.inf
        self._quota = 0.0
        self._quota_at = now

    @property
    def hinted(self) -> bool:
        """Something is to be looked at now."""
        return bool(self._hinted)

    def hint(self, names: Iterable[str]) -> None:
        """Something happened to these."""
        self._hinted.update(names)

    def later(self, name: str, at: float) -> bool:
        """See this one again then, or sooner; True when nothing was to be seen again so soon."""
        self._later.add(name)
        earlier = at < self._later_at
        self._later_at = min(self._later_at, at)
        return earlier

    def take(self, now: float) -> list[str]:
        """Names to look at now, as many as one call takes; `hint` them again where that fails."""
        if now >= self._later_at:
            self._hinted |= self._later
            self._later.clear()
            self._later_at = math.inf
        return [self._hinted.pop() for _ in range(min(CALL, len(self._hinted)))]

    def quota(self, now: float, known: int) -> int:
        """How many of so many known files it is time for, so that each has its turn within a cycle."""
        share = (now - self._quota_at) / CYCLE * known
        self._quota, self._quota_at = min(self._quota + share, known), now
        count = min(CALL, int(self._quota))
        self._quota -= count
        return count

    def due_at(self) -> float:
        """When there is something to do: -inf for now, inf for not yet."""
        return -math.inf if self._hinted or self._quota >= CALL else self._later_at
