"""Sources that trip others: the counts are exact, and a second instance does not notice."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fakes.account import After
from fakes.station import Line, Station
from fakes.waiting import until
from stationmaster.model import ProblemCode

SPARE = 10.0
"""Seconds that the middle file of the other instance may take longer than it did before: no tight bound."""


@asynccontextmanager
async def two(
    root: Path, after: After, more: Callable[[Station, Line], None] | None = None
) -> AsyncIterator[tuple[Station, Line]]:
    """A line under test, and another that must go on as quickly as before; all counts are exact in the end.

    Args:
        root: folder for it all.
        after: what becomes of the files.
        more: changes the settings of the line before the agent starts.
    """
    async with Station(root) as station:
        line = await station.line("line1", await station.server(), after)
        other = await station.line("other", await station.server(), "archive")
        if more is not None:
            more(station, line)
        await station.start()
        before = await other.latency(3)
        meanwhile: list[float] = []
        async with asyncio.TaskGroup() as group:
            beside = group.create_task(_beside(other, meanwhile))
            yield station, line
            await until(lambda: len(meanwhile) >= 3, what="files of the other instance")
            beside.cancel()
        await station.conserved()
        assert sorted(meanwhile)[len(meanwhile) // 2] < before[1] + SPARE
        for one in (line, other):
            counts = (await station.instance(one.name)).counts
            assert counts.completed == len(one.account.expected)
            assert not one.doubled()


async def _beside(other: Line, times: list[float]) -> None:
    while True:
        times += await other.latency(1)


async def took(station: Station, name: str, words: str) -> None:
    """Wait until the agent's log says what it took from a file."""
    log = station.root / "agent.log"
    told = f"{name} with wsjf: {words}"
    await until(lambda: told in log.read_text(), what=f'"{told}"')


@pytest.mark.parametrize("mtime", ["newer", "older", "future"])
async def test_a_name_overwritten_in_place_is_a_new_file_each_time(tmp_path: Path, mtime: str) -> None:
    """The sizes are equal; the mtime goes forward, back as with a clock set back, or lies ahead."""
    async with two(tmp_path, "keep") as (_, line):
        place = line.inboxes[0].path / "last-result.json"
        for count in range(1, 6):
            line.inboxes[0].write(line.equipment.wsjf(), place.name)
            if mtime != "newer":
                at = place.stat().st_mtime + (-3600.0 * count if mtime == "older" else 86_400.0)
                os.utime(place, (at, at))
            await until(lambda: not line.account.faults(line.server.seen()), what=f"file {count}")
        assert len(line.account.expected) == 5


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
async def test_the_same_file_again_is_no_other_report(tmp_path: Path, after: After) -> None:
    async with two(tmp_path, after) as (station, line):
        box, made = line.inboxes[0], line.equipment.wsjf()
        box.drop(made, "a.json")
        await took(station, "a.json", "1 new, 0 known")
        box.drop(made, "b.json")
        await took(station, "b.json", "0 new, 1 known")
        if after != "keep":
            await until(lambda: not box.faults(), what="the release of both")
        box.drop(made, "a.json")
        if after != "keep":  # else it is the file that lies there already
            await took(station, "a.json", "0 new, 1 known")


@pytest.mark.parametrize("outer_first", [True, False])
async def test_two_folders_that_overlap_take_each_file_once_and_it_is_told(
    tmp_path: Path, *, outer_first: bool
) -> None:
    def nest(station: Station, line: Line) -> None:
        outer = line.inboxes[0].path
        (outer / "inner").mkdir()
        usual = {"converters": ["wsjf"], "settle": 0.2, "after": "keep"}
        folders = [
            {**usual, "path": str(outer), "recursive": True},
            {**usual, "path": str(outer / "inner")},
        ]
        station.store.edit(line.name, {"watch": folders if outer_first else folders[::-1]})

    async with two(tmp_path, "keep", nest) as (station, line):
        box = line.inboxes[0]
        for number in range(10):
            box.drop(line.equipment.wsjf())
            made = line.equipment.wsjf()
            line.account.enter(made)
            (box.path / "inner" / f"inner-{number}.json").write_bytes(made.content)
        problem = await station.problem(ProblemCode.FOLDER_OVERLAP, instance="line1")
        assert str(box.path / "inner") in problem.text
        assert problem.next_step
