"""Names of new files that nobody has looked at yet: live ones, and those of a burst."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from stationmaster.ingest.settle import BATCH_COUNT


class Arrivals:
    """New names in the order they came; a burst waits behind, so that what comes after it is not delayed."""

    def __init__(self) -> None:
        """Nothing waits."""
        self._live: deque[str] = deque()
        self._burst: deque[str] = deque()
        self._hinted = 0

    def __len__(self) -> int:
        return len(self._live) + len(self._burst)

    def scanned(self, names: Iterable[str]) -> None:
        """A scan found these; with those hinted at since the scan before they make a burst, or not."""
        new = list(names)
        burst = len(new) + self._hinted > BATCH_COUNT
        (self._burst if burst else self._live).extend(new)
        self._hinted = 0

    def hinted(self, name: str) -> bool:
        """A new file was hinted at; True: it is one of a burst and waits here now."""
        self._hinted += 1
        if self._hinted <= BATCH_COUNT:
            return False
        self._burst.append(name)
        return True

    def take(self, *, live: int, burst: int) -> tuple[list[str], list[str]]:
        """Up to so many names of each kind."""
        return _take(self._live, live), _take(self._burst, burst)

    def unseen(self, live: list[str], burst: list[str]) -> None:
        """What `take` gave could not be looked at: it goes back where it was."""
        self._live.extendleft(reversed(live))
        self._burst.extendleft(reversed(burst))

    def waits(self, *, live: int, burst: int) -> bool:
        """Would `take` give anything?"""
        return bool((self._live and live > 0) or (self._burst and burst > 0))


def _take(names: deque[str], count: int) -> list[str]:
    return [names.popleft() for _ in range(min(count, len(names)))]
