"""One at a time at each thing, by its key; at different things all go on at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class Turns:
    """A lock for each key, as long as somebody uses it."""

    def __init__(self) -> None:
        """Nobody is at anything."""
        self._locks: dict[Hashable, asyncio.Lock] = {}
        self._users: Counter[Hashable] = Counter()

    def busy(self, key: Hashable) -> bool:
        """Somebody is at this."""
        return key in self._locks

    @asynccontextmanager
    async def at(self, key: Hashable) -> AsyncIterator[None]:
        """Have this to oneself; who comes first has it first."""
        lock = self._locks.setdefault(key, asyncio.Lock())
        self._users[key] += 1
        try:
            async with lock:
                yield
        finally:
            self._users[key] -= 1
            if not self._users[key]:
                del self._users[key], self._locks[key]
