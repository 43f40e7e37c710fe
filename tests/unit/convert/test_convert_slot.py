from __future__ import annotations

import asyncio

import pytest

from fakes.clock import settle
from stationmaster.convert.slot import Slot, Slots
from stationmaster.model import Lane


class Crowd:
    """Tasks that want slots; `held` is who has one, in the order they got it."""

    def __init__(self, slots: Slots) -> None:
        self.slots = slots
        self.held: list[Slot] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def want(self, owner: str, lane: Lane = Lane.LIVE, times: int = 1) -> None:
        for _ in range(times):
            self.tasks.append(asyncio.create_task(self._take(owner, lane)))
        await settle()

    async def _take(self, owner: str, lane: Lane) -> None:
        self.held.append(await self.slots.acquire(owner, lane))

    async def give(self, index: int = 0) -> None:
        self.slots.release(self.held.pop(index))
        await settle()

    @property
    def owners(self) -> str:
        return "".join(slot.owner for slot in self.held)

    async def leave(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def test_no_more_than_the_limit() -> None:
    crowd = Crowd(Slots(3))
    await crowd.want("a", times=5)
    assert (crowd.owners, crowd.slots.taken, crowd.slots.waiting) == ("aaa", 3, 2)
    await crowd.give()
    assert (crowd.owners, crowd.slots.waiting) == ("aaa", 1)
    await crowd.leave()


async def test_one_owner_s_backlog_delays_no_other() -> None:
    crowd = Crowd(Slots(2, lend_slow=True))
    await crowd.want("a", times=6)
    await crowd.want("b")
    await crowd.want("c")
    await crowd.give()
    assert crowd.owners == "ab"
    await crowd.give()
    assert crowd.owners == "ba", "equal rights: who came first"
    await crowd.give()
    assert crowd.owners == "ac"
    await crowd.leave()


async def test_of_four_slots_one_owner_leaves_one_to_the_others() -> None:
    crowd = Crowd(Slots(4))
    await crowd.want("a", times=6)
    assert crowd.owners == "aaa"
    await crowd.want("b")
    assert crowd.owners == "aaab"
    await crowd.leave()


async def test_live_goes_before_batch_and_batch_leaves_a_slot() -> None:
    crowd = Crowd(Slots(2))
    await crowd.want("b", Lane.BATCH, times=3)
    assert crowd.owners == "b"
    await crowd.want("l", times=2)
    assert crowd.owners == "bl"
    await crowd.give()
    assert crowd.owners == "ll", "live work goes before batch work that waited longer"
    await crowd.give()
    assert crowd.owners == "l", "the last free slot stays free"
    await crowd.give()
    assert crowd.owners == "b"
    await crowd.leave()


async def test_batch_runs_where_there_is_one_slot_only() -> None:
    crowd = Crowd(Slots(0))
    await crowd.want("b", Lane.BATCH)
    assert crowd.owners == "b"
    await crowd.leave()


async def test_slow_work_lends_its_slot() -> None:
    crowd = Crowd(Slots(2, lend_slow=True))
    await crowd.want("a", times=5)
    slow = crowd.held[0]
    crowd.slots.mark_slow(slow)
    await settle()
    assert (crowd.owners, crowd.slots.taken) == ("aaa", 2)
    await crowd.give(0)
    assert (crowd.owners, crowd.slots.taken) == ("aa", 2), "what was lent is not given twice"
    crowd.slots.release(slow)
    crowd.slots.mark_slow(slow)
    assert crowd.slots.taken == 2
    await crowd.leave()


async def test_slow_work_of_one_owner_holds_half_of_the_slots() -> None:
    crowd = Crowd(Slots(4))
    await crowd.want("a", times=6)
    crowd.slots.mark_slow(crowd.held[0])
    crowd.slots.mark_slow(crowd.held[1])
    await crowd.give(2)
    assert crowd.owners == "aa", "the third is not given again"
    await crowd.want("b", times=2)
    assert crowd.owners == "aabb"
    await crowd.give(0)
    assert crowd.owners == "abba"
    await crowd.leave()


@pytest.mark.parametrize("granted", [True, False])
async def test_one_who_is_cancelled_leaves_nothing_behind(granted: bool) -> None:  # noqa: FBT001 - a parameter
    slots = Slots(1)
    first = await slots.acquire("a", Lane.LIVE)
    second = asyncio.create_task(slots.acquire("b", Lane.LIVE))
    await settle()
    if granted:
        # the slot is granted, and the task cancelled before it could run
        slots.release(first)
        second.cancel()
    else:
        second.cancel()
        await settle()
        slots.release(first)
    with pytest.raises(asyncio.CancelledError):
        await second
    assert (slots.taken, slots.waiting) == (0, 0)
    slots.release(first)
    assert slots.taken == 0


async def test_another_limit_holds_at_once_and_takes_nobody_s_slot_away() -> None:
    crowd = Crowd(Slots(3))
    await crowd.want("a", times=6)
    crowd.slots.resize(1)
    assert (crowd.owners, crowd.slots.taken) == ("aaa", 3)
    await crowd.give()
    await crowd.give()
    assert (crowd.slots.taken, crowd.slots.waiting) == (1, 3)
    await crowd.give()
    assert (crowd.slots.taken, crowd.slots.waiting) == (1, 2)
    crowd.slots.resize(3)
    await settle()
    assert (crowd.owners, crowd.slots.waiting) == ("aaa", 0), "who waits need not wait for the next release"
    crowd.slots.resize(0)
    assert crowd.slots.limit == 1
    await crowd.leave()
