"""A file that is taken just before midnight is released into one day's folder, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from fakes.clock import FakeClock, settle
from fakes.ingest import folder_at
from fakes.spooled import write_results
from stationmaster.config.schema import After
from stationmaster.errors import SpoolError, TransientError
from stationmaster.ingest.release import Release, Released, release
from stationmaster.log import Lasting, bound
from stationmaster.model import SourceState
from stationmaster.runtime.release import Places, Releases
from stationmaster.runtime.task import Task
from stationmaster.runtime.turn import Turns
from stationmaster.spool import Spool, Storage
from stationmaster.spool.record import LedgerRow

pytestmark = pytest.mark.usefixtures("no_lingering_tasks")

LATE = datetime(2026, 3, 4, 23, 59, 59).astimezone()


class Hands:
    """Releases files at once; the first time the answer is lost, as in a kill once the file is moved."""

    def __init__(self) -> None:
        self.jobs: list[Release] = []

    async def release(self, key: str, job: Release) -> Released:
        done = release(job)
        self.jobs.append(job)
        if len(self.jobs) == 1:
            raise TransientError(f"{key}: killed")
        return done


async def rows(found: Awaitable[list[LedgerRow]]) -> Sequence[LedgerRow]:
    return await found


async def hold(error: SpoolError) -> None:
    raise error


async def test_a_kill_around_midnight_loses_no_place(tmp_path: Path) -> None:
    clock, hands = FakeClock(LATE), Hands()
    path = tmp_path / "in" / "a.json"
    path.parent.mkdir()
    path.write_bytes(b"{}")
    folder = folder_at(path.parent, after=After.ARCHIVE)
    seen = path.stat()
    state = SourceState(path=path, size=seen.st_size, mtime_ns=seen.st_mtime_ns)
    task = Task(path=path, state=state, folder=folder, key=str(path.parent))
    digest = hashlib.sha256(b"{}").hexdigest()
    own = {name: tmp_path / name for name in ("archive", "errors", "inbox", "fetched")}
    metas = write_results(tmp_path / "results", ["one"])
    async with (
        Storage() as storage,
        await Spool.open(tmp_path / "spool.db", instance="line1", storage=storage, clock=clock) as spool,
    ):
        releases = Releases(
            Places(folders=(folder,), **own),
            hands,
            spool=spool,
            turns=Turns(),
            clock=clock,
            lasting=Lasting(bound(logging.getLogger(__name__), "line1")),
        )
        taken = await spool.take(task.source(digest, "wsjf"), metas, tmp_path / "results")
        await clock.advance(2.0)  # it is tomorrow
        await releases.converted(task, taken, digest, resume=None)
        assert await spool.unreleased()

        again = asyncio.create_task(releases.run(rows, hold))
        while await spool.unreleased():
            await settle()
        again.cancel()
        await asyncio.gather(again, return_exceptions=True)

        there = own["archive"] / f"{LATE:%Y-%m-%d}" / "a.json"
        assert there.exists()
        (entry,) = await spool.entries()
        assert entry.place == str(there)
