"""Who may convert next: slots with two lanes, fair between owners, not clogged by slow work.

Pure scheduling on futures of the running loop; no task, no clock.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from stationmaster.model import Lane


@dataclass(eq=False, slots=True)
class Slot:
    """The right to convert one file, until `Slots.release`."""

    owner: str
    lane: Lane
    granted: asyncio.Future[None]
    slow: bool = field(default=False)


class Slots:
    """At most `limit` at once.

    The waiter whose owner has the fewest slots goes first, so that one owner's backlog delays no other.
    Batch work never takes the last free slot, and of 4 or more slots one owner leaves one to the others.
    Work that turned out slow (`mark_slow`) either gives its slot up (`lend_slow`: the limit is about
    processor cores, and slow work must not hold up the quick) or counts on, and then an owner whose slow
    work holds half of the slots gets no more.
    """

    def __init__(self, limit: int, *, lend_slow: bool = False) -> None:
        """All slots are free."""
        self.limit = max(1, limit)
        self._lend_slow = lend_slow
        self._held: list[Slot] = []
        self._waiting: list[Slot] = []

    @property
    def taken(self) -> int:
        """Slots that are not free."""
        return sum(1 for slot in self._held if not (self._lend_slow and slot.slow))

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def resize(self, limit: int) -> None:
        """Another limit from now on; who holds a slot beyond it keeps it until the work is done."""
        self.limit = max(1, limit)
        self._grant()

    async def acquire(self, owner: str, lane: Lane) -> Slot:
        """Wait for a slot; live work goes before batch work."""
        slot = Slot(owner, lane, asyncio.get_running_loop().create_future())
        self._waiting.append(slot)
        self._grant()
        try:
            await slot.granted
        except asyncio.CancelledError:
            if slot in self._waiting:
                self._waiting.remove(slot)
            else:
                self.release(slot)
            raise
        return slot

    def release(self, slot: Slot) -> None:
        """Give the slot back. Idempotent."""
        if slot in self._held:
            self._held.remove(slot)
        self._grant()

    def mark_slow(self, slot: Slot) -> None:
        """The work takes long: it may be a hanging converter."""
        if slot in self._held:
            slot.slow = True
        self._grant()

    def _grant(self) -> None:
        while (slot := self._next()) is not None:
            self._waiting.remove(slot)
            self._held.append(slot)
            if not slot.granted.done():
                slot.granted.set_result(None)

    def _next(self) -> Slot | None:
        free = self.limit - self.taken
        if free <= 0 or not self._waiting:
            return None
        held = Counter(slot.owner for slot in self._held)
        slow = Counter(slot.owner for slot in self._held if slot.slow)
        ready = [
            slot
            for slot in self._waiting
            if self._owner_may(held[slot.owner], slow[slot.owner])
            and (slot.lane is Lane.LIVE or self._batch_may(free))
        ]
        # min keeps the first of equals: who came first
        return min(ready, key=lambda slot: (slot.lane is not Lane.LIVE, held[slot.owner]), default=None)

    def _owner_may(self, held: int, slow: int) -> bool:
        if self._lend_slow:
            return True
        most = self.limit - 1 if self.limit >= 4 else self.limit
        return held < most and slow < max(1, self.limit // 2)

    def _batch_may(self, free: int) -> bool:
        return free > 1 or self.limit == 1
