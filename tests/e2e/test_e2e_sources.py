"""Sources that trip others: the counts are exact, and a second instance does not notice."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fakes.station import Line, Station


@asynccontextmanager
async def two(root: Path, *afters: str) -> AsyncIterator[tuple[Station, Line]]:
    """A line under test, and another that must go on as quickly as before."""
    async with Station(root) as station:
        line = await station.line("line1", await station.server(), *afters)  # type: ignore[arg-type]  # words of After
        other = await station.line("other", await station.server(), "archive")
        await station.start()
        before = await other.latency(3)
        stop = asyncio.Event()
        watching = asyncio.create_task(_beside(other, stop))
        yield station, line
        stop.set()
        meanwhile = await watching
        await station.conserved()
        # an order of magnitude: the middle one
        assert sorted(meanwhile)[len(meanwhile) // 2] < before[1] + 2.0


async def _beside(other: Line, stop: asyncio.Event) -> list[float]:
    times = await other.latency(1)
    while not stop.is_set():
        times += await other.latency(1)
    return times


async def test_a_name_overwritten_in_place_is_a_new_file_each_time(tmp_path: Path) -> None:
    async with two(tmp_path, "keep") as (station, line):
        for count in range(1, 6):
            line.inboxes[0].write(line.equipment.wsjf(), "last-result.json")
            await station.until(
                lambda snapshot: snapshot.instances[0].counts.completed >= count  # noqa: B023 - called at once
            )


async def test_a_file_appended_to_fifty_times_is_read_on(tmp_path: Path) -> None:
    async with two(tmp_path, "keep") as (_, line):
        made = line.equipment.make("wstf", units=1)
        line.inboxes[0].append(made, "log.wstf")
        for _ in range(49):
            made = made + line.equipment.make("wstf", units=1)
            line.inboxes[0].append(made, "log.wstf")
            await asyncio.sleep(0.05)  # a tester's pace, quicker than the settle time
        assert len(line.account.expected) == 50


@pytest.mark.parametrize("after", ["keep", "archive", "delete"])
async def test_the_same_file_twice_is_one_report(tmp_path: Path, after: str) -> None:
    async with two(tmp_path, after) as (station, line):
        made = line.equipment.wsjf()
        line.inboxes[0].drop(made, "a.json")
        await station.until(lambda snapshot: snapshot.instances[0].counts.completed == 1)
        line.inboxes[0].drop(made, "b.json")


async def test_two_folders_that_overlap_take_each_file_once(tmp_path: Path) -> None:
    async with two(tmp_path, "keep") as (station, line):
        inner = line.inboxes[0].path / "inner"
        inner.mkdir()
        path = str(line.inboxes[0].path)
        station.store.edit("line1", {"watch.0.recursive": True})
        folder = {"path": str(inner), "converters": ["wsjf"], "settle": 0.2}
        station.store.edit("line1", {"watch.1": folder})
        made = line.equipment.wsjf()
        (inner / "x.json").write_bytes(made.content)
        line.account.enter(made)
        await station.until(
            lambda snapshot: (
                any("overlap" in one.code or path in one.text for one in snapshot.problems)
                and snapshot.instances[0].counts.completed == 1
            )
        )
        shutil.rmtree(inner)
