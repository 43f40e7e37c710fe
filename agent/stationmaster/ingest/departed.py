"""Files of a folder that keeps its files, which are not there any more: remembered for a while."""

from __future__ import annotations

from stationmaster.ingest.settle import Stat

REMEMBER = 3600.0
"""Seconds; a share that was away, or a file that comes back as it was, is no new work within them."""


class Departed:
    """Names with the state they left in and when, the oldest first."""

    def __init__(self) -> None:
        """Nothing has left."""
        self._names: dict[str, tuple[Stat, float]] = {}

    def __len__(self) -> int:
        return len(self._names)

    def left(self, name: str, stat: Stat, now: float) -> None:
        """This file is gone."""
        self._names.pop(name, None)
        self._names[name] = (stat, now)

    def returned(self, name: str, stat: Stat) -> bool:
        """A file of that name is there (again): is it the one that left, unchanged?"""
        left = self._names.pop(name, None)
        return left is not None and left[0] == stat

    def expired(self, now: float, limit: int) -> list[tuple[str, Stat]]:
        """Up to `limit` files that left long ago; they are forgotten."""
        names: list[tuple[str, Stat]] = []
        for name, (stat, at) in self._names.items():
            if now - at < REMEMBER or len(names) >= limit:
                break
            names.append((name, stat))
        for name, _ in names:
            del self._names[name]
        return names
