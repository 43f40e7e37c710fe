"""A database that is polled, with a real agent that is killed at any moment: each row exactly once."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
from pathlib import Path
from typing import Any

from fakes.rack import files
from fakes.station import Line, Station
from fakes.tester_database import PLUGIN, Database
from fakes.waiting import until
from stationmaster.model import ProblemCode


async def _line(station: Station, **source: Any) -> Line:
    line = await station.line("line1", await station.server())
    options = {"database": str(station.root / "results.db")}
    usual = {"name": "results", "converter": "sqlite-rows", "every": 1.0, "options": options}
    station.store.edit("line1", {"fetch": [{**usual, **source}]})
    shutil.copy(PLUGIN, station.home.converters("line1"))
    return line


async def _delivered(station: Station, line: Line, database: Database) -> None:
    """Every row is at the server, and nothing else."""
    wanted = database.ids(station.store.load("line1").id)
    await until(lambda: line.server.ids() == wanted, seconds=60, what="all rows at the server, and no others")


async def test_rows_survive_kills_at_any_moment(tmp_path: Path) -> None:
    rng = random.Random(11)  # noqa: S311 - moments that repeat
    database = Database(tmp_path / "results.db")
    async with Station(tmp_path) as station:
        line = await _line(station)
        for _ in range(6):
            database.add(10)
            await station.start()
            await asyncio.sleep(rng.uniform(0.3, 2.0))  # the moment of the kill is what is tried here
            database.add(3)
            station.kill()
        await station.start()
        await _delivered(station, line, database)
        rows = len(database.serials)
        await station.until(lambda now: now.instances[0].counts.completed == rows, what="all answers")
        (source,) = (await station.instance("line1")).fetches
        assert source.count == rows, "no row was fetched twice"
        folder = station.home.fetched("line1") / "results"
        await until(lambda: not files(folder), seconds=60, what="the release of all files")
        archived = [name.rpartition("row-")[2] for name in files(station.home.archive("line1"))]
        assert sorted(archived) == sorted(f"{number}.json" for number in range(1, source.count + 1))


async def test_commands_and_a_problem_that_comes_and_goes(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        line = await _line(station, every=86_400.0)
        await station.start()
        problem = await station.problem(ProblemCode.FETCH_FAILED, instance="line1")
        assert "results.db cannot be read" in problem.text
        database = Database(tmp_path / "results.db")
        database.add(2)
        done = await station.command("source", "run", "results")
        assert done.returncode == 0, done
        await _delivered(station, line, database)
        await station.well(ProblemCode.FETCH_FAILED)
        listed = json.loads((await station.command("source", "list", "--json")).stdout)
        ((source,),) = [one["sources"] for one in listed["data"]]
        assert (source["name"], source["count"], source["error"]) == ("results", 2, "")
        assert source["last_run_at"] < source["next_run_at"]
        assert "results" in (await station.command("agent", "status")).stdout
        unknown = await station.command("source", "run", "other")
        assert unknown.returncode != 0
        assert 'No instance has a source "other"' in unknown.stderr
