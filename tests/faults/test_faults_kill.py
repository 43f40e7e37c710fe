"""`kill -9` of the agent at random moments under load: nothing lost, nothing doubled."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.account import Inbox
from fakes.equipment import Equipment
from fakes.oracle_script import Act
from fakes.server import answer
from fakes.station import Line, Station

SOURCES_PER_SECOND = 6.0


async def test_twenty_kills_under_load_lose_and_double_nothing(tmp_path: Path) -> None:
    await _kills(tmp_path, count=20, seed=20)


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(4))
async def test_two_hundred_kills_under_load_lose_and_double_nothing(tmp_path: Path, seed: int) -> None:
    await _kills(tmp_path, count=50, seed=seed)


async def _kills(root: Path, *, count: int, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - moments that repeat
    async with Station(root) as station:
        first, second = await station.server(delay=0.02), await station.server(delay=0.05)
        lines = [
            await station.line("line1", first, "archive", "delete"),
            await station.line("line2", second, "move", "keep"),
        ]
        # some answers get lost on their way as well
        await first.rules(answer(Act.COMMIT_THEN_DROP, skip=7, times=3))
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(_load(lines, rng, stop))
            for _ in range(count):
                await station.start()
                await asyncio.sleep(rng.uniform(0.05, 1.2))
                assert station.alive
                station.kill()
            stop.set()
        await station.start()
        await station.conserved()
        assert sum(len(line.account.expected) for line in lines) > count


async def _load(lines: list[Line], rng: random.Random, stop: asyncio.Event) -> None:
    """Several sources a second, of all formats, into all folders."""
    tester = Equipment("K", seed=rng.randrange(1000))
    for box in _in_turn([box for line in lines for box in line.inboxes]):
        if stop.is_set():
            return
        box.drop(tester.any())
        began = time.monotonic()
        await asyncio.sleep(max(0.0, 1 / SOURCES_PER_SECOND - (time.monotonic() - began)))


def _in_turn(boxes: list[Inbox]) -> Iterator[Inbox]:
    while True:
        yield from boxes
