"""Group commit, slices, and what happens when the disk refuses."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
from collections.abc import AsyncIterator, Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fakes.clock import FakeClock, settle
from fakes.spooled import meta_of, payload_of, source_of, write_results
from stationmaster.clock import Clock
from stationmaster.errors import SpoolError
from stationmaster.model import Counts, EntryState
from stationmaster.spool import Lease, Spool, Storage
from stationmaster.spool.change import Change


class BusyClock(Clock):
    """Every look at it costs 10 ms: slices are over after three."""

    def __init__(self) -> None:
        self._ticks = itertools.count()

    def monotonic(self) -> float:
        return next(self._ticks) * 0.01


@pytest.fixture
async def slow_spool(tmp_path: Path, storage: Storage) -> AsyncIterator[Spool]:
    """A spool on a slow machine."""
    async with await Spool.open(
        tmp_path / "slow.db", instance="slow", storage=storage, clock=BusyClock()
    ) as opened:
        yield opened


def cap(spool: Spool, pages: int) -> None:
    """Let the database grow to so many pages: SQLite then says FULL, as a full disk makes it do."""
    spool._engine.writer.execute(f"PRAGMA max_page_count={pages}")


async def fill(spool: Spool, count: int) -> list[int]:
    return await asyncio.gather(*(spool.submit(payload_of(n), meta_of(n)) for n in range(count)))


async def test_writes_that_wait_share_a_flush(spool: Spool) -> None:
    await fill(spool, 200)
    assert spool.commits <= 10  # 20 reports a flush


async def test_a_long_take_gives_way_and_shows_nothing_before_its_commit(
    slow_spool: Spool, storage: Storage, tmp_path: Path
) -> None:
    metas = write_results(tmp_path / "r", range(40))
    take = asyncio.create_task(slow_spool.take(source_of("/in/f"), metas, tmp_path / "r"))
    others = 0
    seen = set()
    while not take.done():
        await storage.run(int)  # another instance's work
        others += 1
        seen.add(slow_spool.counts.queued)
        seen.add(len(await slow_spool.entries()))
    assert (await take).new == 40
    assert others >= 4
    assert seen <= {0, 40}
    assert slow_spool.counts.queued == 40


async def test_writes_beyond_a_slice_go_into_the_next_commit_in_order(slow_spool: Spool) -> None:
    ids = await fill(slow_spool, 20)
    assert ids == sorted(ids)
    assert slow_spool.commits >= 5
    assert slow_spool.counts == Counts(queued=20)


async def test_a_long_take_that_fails_leaves_nothing(slow_spool: Spool, tmp_path: Path) -> None:
    metas = write_results(tmp_path / "r", range(40))
    (tmp_path / "r").write_bytes((tmp_path / "r").read_bytes()[:-1])
    with pytest.raises(SpoolError):
        await slow_spool.take(source_of("/in/f"), metas, tmp_path / "r")
    assert slow_spool.counts == Counts()
    assert await slow_spool.entries() == []


async def test_a_full_disk_fails_every_waiter_and_changes_nothing(spool: Spool, tmp_path: Path) -> None:
    await spool.submit(b"first", meta_of("first", b"first"))
    cap(spool, 40)
    big = [b"x" * 40_000 for _ in range(10)]
    metas = write_results(tmp_path / "r", range(10), payloads=big)
    outcomes = await asyncio.gather(
        spool.released(0, None),  # its commit makes the others wait, and so share the next one
        spool.take(source_of("/in/f"), metas, tmp_path / "r"),
        spool.submit(b"small", meta_of("small", b"small")),
        return_exceptions=True,
    )
    assert [isinstance(one, SpoolError) and one.disk_full for one in outcomes[1:]] == [True, True]
    assert spool.counts == Counts(queued=1)
    assert len(await spool.entries()) == 1
    assert await spool.source("/in", Path("/in/f")) is None
    health = await spool.health()
    assert health.disk_full
    assert "full" in health.error
    cap(spool, 100_000)
    assert (await spool.take(source_of("/in/f"), metas, tmp_path / "r")).new == 10
    assert spool.counts == Counts(queued=11)
    assert not (await spool.health()).disk_full


def refuse(spool: Spool) -> None:
    """Make every commit fail: a foreign connection holds the write lock, and nobody waits for it."""
    spool._engine.writer.execute("PRAGMA busy_timeout=0")


async def test_a_verdict_the_disk_refused_is_kept_and_written_later(
    spool: Spool, clock: FakeClock, tmp_path: Path
) -> None:
    await fill(spool, 5)
    leases = await spool.lease(4)
    refuse(spool)
    blocker = sqlite3.connect(tmp_path / "spool.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    later = clock.now() + timedelta(hours=1)
    verdicts = [
        leases[0].ack("receipt"),
        leases[1].retry(later, "busy"),
        leases[2].reject("bad"),
        leases[3].hold("held", later),
    ]
    outcomes = await asyncio.gather(*verdicts, return_exceptions=True)
    assert all(isinstance(one, SpoolError) for one in outcomes)
    assert spool.counts == Counts(queued=1, processing=4)
    assert (await spool.health()).owed == 4
    (other,) = await spool.lease(10)  # what is owed is not leased again
    assert other.entry_id not in {lease.entry_id for lease in leases}
    await clock.advance(2)  # the first attempt to mend fails as well
    await until_idle(spool)
    assert (await spool.health()).owed == 4
    blocker.close()
    await clock.advance(2)
    await until_idle(spool)
    assert (await spool.health()).owed == 0
    assert spool.counts == Counts(queued=2, processing=1, completed=1, error=1)
    (done,) = await spool.entries(EntryState.COMPLETED)
    assert done.receipt == "receipt"


async def until_idle(spool: Spool) -> None:
    """Let the commit that runs end."""
    await settle()
    await spool._committer._idle.wait()
    await settle()


async def test_an_owed_verdict_goes_with_the_next_write(spool: Spool, tmp_path: Path) -> None:
    await fill(spool, 1)
    (lease,) = await spool.lease(1)
    await owe(spool, lease, tmp_path)
    await spool.submit(b"x", meta_of("x", b"x"))
    assert spool.counts == Counts(queued=1, completed=1)


async def owe(spool: Spool, lease: Lease, folder: Path) -> None:
    """Ack while the disk refuses."""
    refuse(spool)
    blocker = sqlite3.connect(folder / "spool.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(SpoolError):
        await lease.ack("receipt")
    blocker.close()


async def test_closing_writes_what_is_owed(tmp_path: Path, storage: Storage, clock: FakeClock) -> None:
    path = tmp_path / "spool.db"
    async with await Spool.open(path, instance="i", storage=storage, clock=clock) as spool:
        await fill(spool, 1)
        (lease,) = await spool.lease(1)
        await owe(spool, lease, tmp_path)
    async with await Spool.open(path, instance="i", storage=storage, clock=clock) as spool:
        assert spool.counts == Counts(completed=1)
        assert not (await spool.health()).unclean


async def test_a_bug_in_a_write_fails_its_group_and_nothing_else(spool: Spool) -> None:
    def broken(db: sqlite3.Connection, change: Change) -> None:
        db.execute("DELETE FROM entry")
        change.removed(EntryState.QUEUED)
        raise ZeroDivisionError

    await fill(spool, 1)
    with pytest.raises(ZeroDivisionError):
        await spool.change(broken)
    assert spool.counts == Counts(queued=1)
    assert len(await spool.entries()) == 1
    await spool.submit(b"x", meta_of("x", b"x"))
    assert spool.counts == Counts(queued=2)


async def test_a_bug_in_the_middle_of_a_long_write_rolls_back(slow_spool: Spool) -> None:
    def broken(db: sqlite3.Connection, _: Change) -> Generator[None, None, Any]:
        db.execute("DELETE FROM entry")
        for _step in range(10):
            yield
        raise ZeroDivisionError

    await fill(slow_spool, 1)
    with pytest.raises(ZeroDivisionError):
        await slow_spool.change(broken)
    assert len(await slow_spool.entries()) == 1


async def test_a_waiter_that_went_away_disturbs_nobody(spool: Spool) -> None:
    first = asyncio.create_task(spool.submit(b"x", meta_of("x", b"x")))
    second = asyncio.create_task(spool.submit(b"y", meta_of("y", b"y")))
    await asyncio.sleep(0)
    first.cancel()
    await second
    assert spool.counts == Counts(queued=2)


async def test_storage_that_went_first_is_an_error_not_a_hang(tmp_path: Path, clock: FakeClock) -> None:
    storage = Storage()
    spool = await Spool.open(tmp_path / "spool.db", instance="i", storage=storage, clock=clock)
    await storage.run(spool._engine.close)
    await storage.aclose()
    await storage.aclose()
    with pytest.raises(SpoolError, match="stopping"):
        await spool.submit(b"x", meta_of("x", b"x"))


async def test_the_log_stays_small_under_load(spool: Spool) -> None:
    content = b"x" * 20_000
    sizes = []
    for n in range(40):
        await asyncio.gather(*(spool.submit(content, meta_of(f"{n}.{m}", content)) for m in range(20)))
        sizes.append((await spool.health()).wal)
    assert max(sizes) < 12 * 1024 * 1024
