"""The watcher with the real ledger: what is taken stays taken over restarts, what is left is finished."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fakes.clock import FakeClock
from fakes.ingest import Rig, folder_at
from stationmaster.config.schema import After, WatchFolder
from stationmaster.ingest import plan
from stationmaster.ingest.claim import Claim, Outcome
from stationmaster.model import Lane, SourceState
from stationmaster.spool import Spool, Storage
from stationmaster.spool.record import TakenSource


@pytest.fixture
async def spool(tmp_path: Path) -> AsyncIterator[Spool]:
    """A spool on a real file."""
    async with (
        Storage() as storage,
        await Spool.open(
            tmp_path / "spool.db", instance="line-1", storage=storage, clock=FakeClock()
        ) as opened,
    ):
        yield opened


async def take(spool: Spool, claim: Claim, resume: bytes | None = None) -> int:
    """Commit a claim, without reports."""
    source = TakenSource(
        state=claim.state, digest="00", converter="wsjf", lane=Lane.LIVE, folder=claim.key,
        after=claim.folder.after, resume=resume,
    )  # fmt: skip
    return (await spool.take(source, [], None)).source_id


async def finish(spool: Spool, rig: Rig, folder: WatchFolder, claim: Claim, source_id: int) -> None:
    """Release a committed claim, and put that on record."""
    job = plan.after_commit(folder, claim.state, archive=Path("/nowhere"), taken_at=rig.clock.now())
    released = await rig.watcher.release(claim.key, job)
    await spool.released(source_id, released.place)


async def test_a_restart_offers_nothing_twice(tmp_path: Path, spool: Spool) -> None:
    folder = folder_at(tmp_path / "in")
    (tmp_path / "in").mkdir()
    for number in range(10):
        (tmp_path / "in" / f"{number}.xml").write_text("x")
    async with Rig([folder], spool) as rig:
        await rig.scan()
        for claim in rig.take():
            await finish(spool, rig, folder, claim, await take(spool, claim))
            rig.watcher.done(claim, Outcome.CONVERTED)
    (tmp_path / "in" / "3.xml").write_text("overwritten")
    (tmp_path / "in" / "4.xml").unlink()
    (tmp_path / "in" / "new.xml").write_text("x")

    async with Rig([folder], spool) as rig:
        await rig.go(40, 1.0)

        assert rig.names() == ["3.xml", "new.xml"]


async def test_a_kill_between_commit_and_release_is_finished_at_the_next_start(
    tmp_path: Path, spool: Spool
) -> None:
    folder = folder_at(tmp_path / "in", after=After.MOVE, move_to=str(tmp_path / "out"))
    path = tmp_path / "in" / "a.xml"
    path.parent.mkdir()
    path.write_text("x")
    async with Rig([folder], spool) as rig:
        await rig.scan()
        (claim,) = rig.take()
        await take(spool, claim)

    async with Rig([folder], spool) as rig:
        await rig.go(30, 1.0)
        assert rig.take() == [], "taken but not released: it is not offered"
        (row,) = await spool.unreleased()
        state = SourceState(path=row.path, size=row.size, mtime_ns=row.mtime_ns)
        job = plan.after_commit(folder, state, archive=tmp_path, taken_at=row.taken_at)
        released = await rig.watcher.release(row.folder, job)
        await spool.released(row.source_id, released.place)
        await rig.go(30, 1.0)
        path.write_text("x")
        await rig.go(30, 1.0)

        assert (tmp_path / "out" / "a.xml").read_text() == "x"
        assert rig.names() == ["a.xml"]
        assert await spool.unreleased() == []


async def test_a_moved_file_that_is_brought_back_is_new_after_a_restart(tmp_path: Path, spool: Spool) -> None:
    folder = folder_at(tmp_path / "in", after=After.MOVE, move_to=str(tmp_path / "out"))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.xml").write_text("x")
    async with Rig([folder], spool) as rig:
        await rig.scan()
        (claim,) = rig.take()
        await finish(spool, rig, folder, claim, await take(spool, claim))
        rig.watcher.done(claim, Outcome.CONVERTED)
    (tmp_path / "out" / "a.xml").rename(tmp_path / "in" / "a.xml")

    async with Rig([folder], spool) as rig:
        await rig.scan()

        assert rig.names() == ["a.xml"]


async def test_the_resume_mark_survives_a_restart(tmp_path: Path, spool: Spool) -> None:
    folder = folder_at(tmp_path / "in")
    path = tmp_path / "in" / "day.log"
    path.parent.mkdir()
    path.write_text("one\n")
    async with Rig([folder], spool) as rig:
        await rig.scan()
        (claim,) = rig.take()
        await finish(spool, rig, folder, claim, await take(spool, claim, b"4"))
        rig.watcher.done(claim, Outcome.CONVERTED, resume=b"4")
    path.write_text("one\ntwo\n")

    async with Rig([folder], spool) as rig:
        await rig.go(30, 1.0)

        assert [claim.resume for claim in rig.take()] == [b"4"]


async def test_a_file_forgotten_and_back_is_new(tmp_path: Path, spool: Spool) -> None:
    folder = folder_at(tmp_path / "in")
    (tmp_path / "in").mkdir()
    for name in ("a.xml", "b.xml"):
        (tmp_path / "in" / name).write_text("x")
    async with Rig([folder], spool) as rig:
        await rig.scan()
        for claim in rig.take():
            await finish(spool, rig, folder, claim, await take(spool, claim))
            rig.watcher.done(claim, Outcome.CONVERTED)
        (tmp_path / "in" / "a.xml").rename(tmp_path / "kept")
        await rig.go(4000, 10.0)
        assert await spool.source(str(tmp_path / "in"), tmp_path / "in" / "a.xml") is None
        (tmp_path / "kept").rename(tmp_path / "in" / "a.xml")
        await rig.go(5)

        assert rig.names() == ["a.xml"]
