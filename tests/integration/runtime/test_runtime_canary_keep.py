"""What the live side pays for a canary at worst."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from fakes.clock import FakeClock
from fakes.rig import rig
from stationmaster.api import Station
from stationmaster.canary import Canary, Ended
from stationmaster.clock import Clock
from stationmaster.config.schema import WatchFolder
from stationmaster.convert.dry_run import DryLimits
from stationmaster.convert.job import Conversion
from stationmaster.convert.slot import Slots
from stationmaster.home.paths import Home
from stationmaster.model import SourceState
from stationmaster.runtime.canary import PATIENCE, QUEUE, REST, CanaryRun
from stationmaster.runtime.canary_store import CanaryStore
from stationmaster.runtime.intake import Setting
from stationmaster.runtime.release import Places
from stationmaster.runtime.task import Task

if sys.platform == "win32":
    pytest.skip("a pipe stands for a share that hangs", allow_module_level=True)


@asynccontextmanager
async def canary(root: Path, clock: Clock | None = None) -> AsyncIterator[CanaryRun]:
    """A canary that has begun; its own side does not run."""
    home = Home.find(env={"STATIONMASTER_HOME": str(root / "home")})
    places = Places(folders=(), archive=root, errors=root, inbox=root / "inbox", fetched=root / "fetched")
    setting = Setting(name="line1", instance_id=UUID(int=1), station=Station(), slots=1, places=places)
    store = CanaryStore(home, "line1")
    clock = clock or Clock()
    made = CanaryRun(setting, store, limits=DryLimits(), slots=Slots(2), clock=clock, changed=lambda: None)
    store.install(rig(root, "2").read_bytes(), "rig.py", ())
    store.take_new()
    await made.begin(
        Canary(
            id="1",
            started_at=datetime.now(UTC),
            converter="rig",
            version="2",
            beside="rig",
            files=100,
            file="rig.py",
        )
    )
    try:
        yield made
    finally:
        assert made.canary is not None
        await made.put(made.canary.over(Ended.STOPPED, datetime.now(UTC)))


def skipped(run: CanaryRun) -> int:
    status = run.status()
    assert status is not None
    return status.skipped


def taken(path: Path) -> tuple[Task, Conversion]:
    state = SourceState(path=path, size=0, mtime_ns=0)
    folder = WatchFolder(path=str(path.parent), converters=("rig",))
    task = Task(path=path, state=state, folder=folder, key=folder.path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    return task, Conversion(converter="rig", version="1", digest=digest, reports=(), results=None)


async def test_a_share_that_hangs_costs_seconds_once_and_then_nothing(tmp_path: Path) -> None:
    pipe = tmp_path / "a.txt"
    os.mkfifo(pipe)
    async with canary(tmp_path) as run:
        began = time.monotonic()
        await run.keep(*taken(pipe))
        assert PATIENCE <= time.monotonic() - began < PATIENCE + 5
        began = time.monotonic()
        await asyncio.gather(*(run.keep(*taken(pipe)) for _ in range(50)))
        assert time.monotonic() - began < PATIENCE
        assert skipped(run) == 51
        assert run.canary is not None
        assert run.canary.first_skipped is not None
        assert run.canary.first_skipped.text == f"It could not be copied within {PATIENCE:g} s."


async def test_a_share_that_goes_on_hanging_is_tried_less_and_less_often(tmp_path: Path) -> None:
    pipe, place, clock = tmp_path / "a.txt", tmp_path / "b.txt", FakeClock()
    os.mkfifo(pipe)
    place.write_text("SN1,5.0\n")

    async def kept(path: Path) -> bool:
        """Whether it was tried: where not, it takes no time."""
        before = time.monotonic()
        await run.keep(*taken(path))
        return time.monotonic() - before >= PATIENCE

    async with canary(tmp_path, clock) as run:
        rest = REST
        for _ in range(3):
            assert await kept(pipe)
            await clock.advance(rest - 1)
            assert not await kept(pipe)
            await clock.advance(1)
            rest *= 2
        await kept(place)
        assert len(list((tmp_path / "home/data/line1/canary/kept").iterdir())) == 1
        assert await kept(pipe)
        await clock.advance(REST)
        assert await kept(pipe), "the share answered in between"


async def test_a_file_that_changed_since_it_was_converted_is_skipped(tmp_path: Path) -> None:
    place = tmp_path / "a.txt"
    place.write_text("SN1,5.0\n")
    task, live = taken(place)
    place.write_text("SN1,5.5\n")
    async with canary(tmp_path) as run:
        await run.keep(task, live)
        assert skipped(run) == 1
        assert not list((tmp_path / "home/data/line1/canary/kept").iterdir())


async def test_many_at_once_wait_together_no_longer_than_one(tmp_path: Path) -> None:
    pipe = tmp_path / "a.txt"
    os.mkfifo(pipe)
    async with canary(tmp_path) as run:
        began = time.monotonic()
        await asyncio.gather(*(run.keep(*taken(pipe)) for _ in range(50)))
        assert time.monotonic() - began < PATIENCE + 5
        assert skipped(run) == 50


async def test_the_queue_is_bounded_and_files_of_others_cost_nothing(tmp_path: Path) -> None:
    place = tmp_path / "a.txt"
    place.write_text("SN1,5.0\n")
    async with canary(tmp_path) as run:
        kept = tmp_path / "home" / "data" / "line1" / "canary" / "kept"
        for _ in range(QUEUE + 3):
            await run.keep(*taken(place))
        assert len(list(kept.iterdir())) == QUEUE
        assert skipped(run) == 3
        task, _ = taken(place)
        await run.keep(task, Conversion(converter="x", version="1", digest="", reports=(), results=None))
        assert skipped(run) == 3
    assert not kept.exists()
