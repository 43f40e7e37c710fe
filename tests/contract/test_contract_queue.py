"""What delivery may expect of any `Queue` and its `Lease`s: of the real spool, and of the tests' fake."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest

from fakes.clock import FakeClock
from fakes.queue import FakeQueue
from fakes.spooled import meta_of, payload_of
from stationmaster.deliver.port import Lease, Queue
from stationmaster.errors import SpoolError
from stationmaster.model import EntryState
from stationmaster.spool import Spool, Storage


class Seen(NamedTuple):
    """An entry as people see it. `processing` counts as queued: only the lease makes the difference."""

    state: EntryState
    attempts: int
    reason: str = ""
    receipt: str = ""


class Kind(Protocol):
    """A queue, and how to fill, read and break it."""

    @property
    def queue(self) -> Queue: ...

    async def put(self, name: str) -> int: ...

    async def see(self, entry_id: int) -> Seen: ...

    async def break_disk(self) -> None: ...


class Real:
    """The spool on a real file."""

    def __init__(self, spool: Spool, storage: Storage) -> None:
        self.queue = spool
        self._storage = storage

    async def put(self, name: str) -> int:
        return await self.queue.submit(payload_of(name), meta_of(name))

    async def see(self, entry_id: int) -> Seen:
        entry = await self.queue.get(entry_id)
        assert entry is not None
        state = EntryState.QUEUED if entry.state is EntryState.PROCESSING else entry.state
        return Seen(state, entry.attempts, entry.reason, entry.receipt)

    async def break_disk(self) -> None:
        """SQLite refuses every statement from now on."""
        for connection in (self.queue._engine.writer, self.queue._engine.reader):
            await self._storage.run(connection.set_authorizer, lambda *_: sqlite3.SQLITE_DENY)


class Fake:
    """The queue in memory."""

    def __init__(self, clock: FakeClock) -> None:
        self.queue = FakeQueue(clock)

    async def put(self, name: str) -> int:
        return (await self.queue.put(f"SN-{name}")).entry_id

    async def see(self, entry_id: int) -> Seen:
        entry = self.queue.entries[entry_id]
        return Seen(entry.state, entry.attempts, entry.reason, entry.receipt)

    async def break_disk(self) -> None:
        self.queue.disk_full = True


@pytest.fixture(params=["spool", "fake"])
async def kind(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Kind]:
    """Each implementation."""
    if request.param == "fake":
        yield Fake(clock)
        return
    async with Storage() as storage:
        spool = await Spool.open(tmp_path / "spool.db", instance="line-1", storage=storage, clock=clock)
        yield Real(spool, storage)
        await spool.aclose()


async def one(kind: Kind) -> Lease:
    """The only report that is due."""
    (lease,) = await kind.queue.lease(5)
    return lease


async def test_leases_are_the_oldest_and_each_only_once(kind: Kind) -> None:
    ids = [await kind.put(str(number)) for number in range(5)]
    first, second = await kind.queue.lease(3), await kind.queue.lease(3)
    assert [lease.entry_id for lease in (*first, *second)] == ids
    assert list(await kind.queue.lease(3)) == []
    assert list(await kind.queue.lease(0)) == []
    assert await kind.queue.next_due() is None


async def test_a_lease_carries_the_report(kind: Kind) -> None:
    await kind.put("a")
    lease = await one(kind)
    assert len(lease.report_id) == 36
    assert lease.size == len(lease.payload) > 0
    assert (lease.serial_number, lease.attempts) == ("SN-a", 0)


async def test_what_waits_is_due_at_once_and_nothing_never(kind: Kind, clock: FakeClock) -> None:
    assert await kind.queue.next_due() is None
    await kind.put("a")
    due = await kind.queue.next_due()
    assert due is not None
    assert due <= clock.now()


async def test_ack_completes_with_the_receipt(kind: Kind) -> None:
    entry_id = await kind.put("a")
    await (await one(kind)).ack("{}")
    assert await kind.see(entry_id) == Seen(EntryState.COMPLETED, 1, receipt="{}")
    assert list(await kind.queue.lease(5)) == []


async def test_retry_waits_for_its_time_and_burns_an_attempt(kind: Kind, clock: FakeClock) -> None:
    entry_id = await kind.put("a")
    due = clock.now() + timedelta(seconds=30)
    await (await one(kind)).retry(due, "server busy")
    assert await kind.see(entry_id) == Seen(EntryState.QUEUED, 1, "server busy")
    assert list(await kind.queue.lease(5)) == []
    assert await kind.queue.next_due() == due
    await clock.advance(30)
    assert (await one(kind)).attempts == 1


async def test_what_was_retried_goes_before_younger_ones(kind: Kind, clock: FakeClock) -> None:
    ids = [await kind.put(str(number)) for number in range(3)]
    (lease,) = await kind.queue.lease(1)
    await lease.retry(clock.now() + timedelta(seconds=1), "x")
    await clock.advance(1)
    assert [lease.entry_id for lease in await kind.queue.lease(3)] == ids


async def test_hold_burns_no_attempt_and_is_due_at_once(kind: Kind) -> None:
    entry_id = await kind.put("a")
    await (await one(kind)).hold("login refused")
    assert await kind.see(entry_id) == Seen(EntryState.QUEUED, 0, "login refused")
    assert (await one(kind)).attempts == 0


async def test_reject_goes_to_the_error_list_and_blocks_nothing(kind: Kind) -> None:
    bad, good = await kind.put("bad"), await kind.put("good")
    (lease,) = await kind.queue.lease(1)
    await lease.reject("no such part")
    assert (await kind.see(bad))[::2] == (EntryState.ERROR, "no such part")
    assert [lease.entry_id for lease in await kind.queue.lease(5)] == [good]


async def test_release_queues_it_as_it_was(kind: Kind, clock: FakeClock) -> None:
    entry_id = await kind.put("a")
    await (await one(kind)).retry(clock.now() + timedelta(seconds=1), "busy")
    await clock.advance(1)
    before = await kind.see(entry_id)
    await (await one(kind)).release()
    assert await kind.see(entry_id) == before
    assert (await one(kind)).attempts == 1


@pytest.mark.parametrize("late", ["retry", "hold", "reject", "release"])
async def test_after_a_verdict_a_second_one_changes_nothing(kind: Kind, clock: FakeClock, late: str) -> None:
    entry_id = await kind.put("a")
    lease = await one(kind)
    await lease.ack("{}")
    if late == "retry":
        await lease.retry(clock.now(), "late")
    elif late == "release":
        await lease.release()
    else:
        await getattr(lease, late)("late")
    assert await kind.see(entry_id) == Seen(EntryState.COMPLETED, 1, receipt="{}")


async def test_a_verdict_may_be_left_alone_and_is_kept_all_the_same(kind: Kind) -> None:
    ids = [await kind.put(str(number)) for number in range(3)]
    *first, last = [lease.ack("{}") for lease in await kind.queue.lease(3)]
    await last
    assert all(future.done() for future in first)
    assert [(await kind.see(entry_id)).state for entry_id in ids] == [EntryState.COMPLETED] * 3


async def test_a_disk_that_fails_is_a_spool_error(kind: Kind) -> None:
    await kind.put("a")
    lease = await one(kind)
    await kind.break_disk()
    with pytest.raises(SpoolError):
        await lease.ack("{}")
    with pytest.raises(SpoolError):
        await kind.queue.lease(1)
    with pytest.raises(SpoolError):
        await kind.queue.next_due()
