"""A bug at one file: it goes to the error list, and the others go on."""

from __future__ import annotations

import asyncio
import hashlib
from functools import partial
from pathlib import Path
from uuid import UUID

from fakes.clock import FakeClock
from fakes.waiting import PATIENCE, until
from stationmaster.api import Station
from stationmaster.config.schema import After, WatchFolder
from stationmaster.convert.job import Conversion, Job
from stationmaster.ingest.watcher import Watcher
from stationmaster.model import EntryState
from stationmaster.runtime.intake import Intake, Setting
from stationmaster.runtime.release import Places
from stationmaster.spool import Spool, Storage

_DIGEST = hashlib.sha256(b"x").hexdigest()


class BuggyPool:
    """Converts no file, and breaks at one whose name says so."""

    async def convert(self, job: Job) -> Conversion:
        if "bug" in job.path.name:
            raise KeyError("nobody thought of that")
        return Conversion(
            converter="wsjf", version="1", digest=_DIGEST, reports=(), results=None, resume=None
        )


async def test_a_bug_at_one_file_fails_that_file_alone(tmp_path: Path) -> None:
    clock, folder = FakeClock(), tmp_path / "in"
    folder.mkdir()
    for name in ("a.json", "bug.json", "c.json"):
        (folder / name).write_text("x")
    watch = WatchFolder(path=str(folder), converters=("wsjf",), settle=0.2, after=After.ARCHIVE)
    places = Places(
        folders=(watch,),
        archive=tmp_path / "archive",
        errors=tmp_path / "errors",
        inbox=tmp_path / "inbox",
        fetched=tmp_path / "fetched",
    )
    setting = Setting(name="line1", instance_id=UUID(int=1), station=Station(), slots=1, places=places)
    async with Storage() as storage:
        path = tmp_path / "spool.db"
        async with await Spool.open(path, instance="line1", storage=storage, clock=clock) as spool:
            watcher = Watcher([watch], spool, clock)
            intake = Intake(setting, watcher=watcher, pool=BuggyPool(), spool=spool, clock=clock)
            async with asyncio.TaskGroup() as group, asyncio.timeout(PATIENCE):
                watching, taking = group.create_task(watcher.run()), group.create_task(intake.run())
                await until(lambda: not list(folder.iterdir()), meanwhile=partial(clock.advance, 0.1))
                intake.stop()
                await taking
                watching.cancel()
            (entry,) = await spool.entries(EntryState.ERROR)
            assert entry.source.endswith("bug.json")
            assert "KeyError: 'nobody thought of that'" in entry.reason
    assert sorted(one.name for one in (tmp_path / "archive").rglob("*.json")) == ["a.json", "c.json"]
    assert (tmp_path / "errors" / "bug.json").exists()
