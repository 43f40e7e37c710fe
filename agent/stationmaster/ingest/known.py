"""What a watch folder's files were when they were last dealt with: one small value per name."""

from __future__ import annotations

from collections import deque
from collections.abc import Container

from stationmaster.ingest.settle import Stat

_SIZE_BYTES = 8
_TIME_BYTES = 8
_AT_WORK = b""


class KnownFiles:
    """Names with the size and mtime they were taken at. 100,000 of them take about 20 MB.

    A name may also stand for a file that is at work (waiting, resting, claimed): it is known, so that scans
    do not report it again, but has no state yet.

    Attributes:
        dropped: how many names were dropped so far.
    """

    def __init__(self) -> None:
        """Know nothing."""
        self._names: dict[str, bytes] = {}
        self._turn: deque[str] = deque()
        self._settled = 0
        self.dropped = 0

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __len__(self) -> int:
        return len(self._names)

    @property
    def names(self) -> Container[str]:
        """The names alone, to look one up as fast as can be."""
        return self._names

    @property
    def settled(self) -> int:
        """How many files were dealt with and are not at work."""
        return self._settled

    def get(self, name: str) -> Stat | None:
        """The state a file was dealt with in; None when it is at work or unknown."""
        packed = self._names.get(name)
        if not packed:
            return None
        size = int.from_bytes(packed[:_SIZE_BYTES], "little", signed=True)
        return Stat(size, int.from_bytes(packed[_SIZE_BYTES:], "little", signed=True))

    def settle(self, name: str, stat: Stat) -> None:
        """This state of the file is dealt with."""
        if not self._names.get(name):
            self._settled += 1
            self._turn.append(name)
        size = stat.size.to_bytes(_SIZE_BYTES, "little", signed=True)
        self._names[name] = size + stat.mtime_ns.to_bytes(_TIME_BYTES, "little", signed=True)

    def work(self, name: str) -> None:
        """The file is at work from now on."""
        if self._names.get(name):
            self._settled -= 1
        self._names[name] = _AT_WORK

    def drop(self, name: str) -> None:
        """The file is gone."""
        if name in self._names:
            self.dropped += 1
        if self._names.pop(name, _AT_WORK):
            self._settled -= 1

    def turn(self, count: int) -> list[str]:
        """The next up to `count` files that were dealt with; all have their turn, round and round."""
        if not self._turn and self._settled:
            self._turn.extend(self._names)
        names: list[str] = []
        while self._turn and len(names) < count:
            name = self._turn.popleft()
            if self._names.get(name):
                names.append(name)
        return names
