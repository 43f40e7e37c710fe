"""One at a time at each file."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fakes.clock import settle
from stationmaster.runtime.turn import Turns

A, B = Path("/in/a"), Path("/in/b")


async def test_each_file_has_one_at_a_time_and_others_do_not_wait() -> None:
    turns, order = Turns(), list[str]()
    go = asyncio.Event()

    async def work(name: str, path: Path) -> None:
        async with turns.at(path):
            order.append(name)
            await go.wait()
            order.append(f"{name} done")

    async with asyncio.TaskGroup() as group:
        for name, path in (("first", A), ("second", A), ("other", B)):
            group.create_task(work(name, path))
        await settle()
        assert order == ["first", "other"]
        assert turns.busy(A)
        assert turns.busy(B)
        assert not turns.busy(Path("/in/c"))
        go.set()
    assert order == ["first", "other", "first done", "other done", "second", "second done"]
    assert not turns.busy(A)


async def test_who_gives_up_waiting_leaves_nothing_behind() -> None:
    turns = Turns()
    async with turns.at(A):
        late = asyncio.create_task(turns.at(A).__aenter__())
        await settle()
        late.cancel()
        await asyncio.wait({late})
        assert turns.busy(A)
    assert not turns.busy(A)
