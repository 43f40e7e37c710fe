"""Leases of the spool beyond their contract: lanes, revisions, counts, history, restarts, damage.

What any queue promises to delivery is in `tests/contract/test_contract_queue.py`.
"""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from fakes.clock import FakeClock
from fakes.spooled import meta_of, payload_of, report_id
from stationmaster.model import Counts, EntryState, Lane
from stationmaster.spool import Spool, Storage, leasing
from stationmaster.spool.change import Change


async def fill(spool: Spool, names: list[object], *, lane: Lane = Lane.LIVE) -> list[int]:
    return await asyncio.gather(*(spool.submit(payload_of(n), meta_of(n), lane=lane) for n in names))


async def test_two_calls_at_once_lease_nothing_twice(spool: Spool) -> None:
    ids = await fill(spool, list(range(5)))
    first, second = await asyncio.gather(spool.lease(3), spool.lease(3))
    assert [lease.entry_id for lease in first + second] == ids
    assert spool.counts == Counts(processing=5)
    assert (first[0].payload, first[0].report_id) == (payload_of(0), report_id(0))


async def test_what_is_completed_waits_no_more_and_its_history_tells(spool: Spool, clock: FakeClock) -> None:
    (entry_id,) = await fill(spool, ["a"])
    waiting_since = spool.oldest_queued_at
    assert waiting_since == clock.now()
    (lease,) = await spool.lease(1)
    await lease.ack("ok")
    assert spool.counts == Counts(completed=1)
    assert spool.oldest_queued_at is None
    assert (await spool.history(entry_id))[-1].detail == "ok"


async def test_a_retry_is_shown_with_its_time(spool: Spool, clock: FakeClock) -> None:
    (entry_id,) = await fill(spool, ["a"])
    (lease,) = await spool.lease(1)
    due = clock.now() + timedelta(seconds=30)
    await lease.retry(due, "server busy")
    entry = await spool.get(entry_id)
    assert entry is not None
    assert entry.not_before == due
    assert [e.what for e in await spool.history(entry_id)] == ["queued", "retry"]


async def test_a_clock_set_back_delays_nothing(spool: Spool, clock: FakeClock) -> None:
    await fill(spool, ["a", "b"])
    (lease,) = await spool.lease(1)
    await lease.retry(clock.now() + timedelta(seconds=10), "x")
    clock.set_back(3600)
    (other,) = await spool.lease(2)
    await other.release()
    await clock.advance(10)
    assert len(await spool.lease(2)) == 2


async def test_a_clock_set_back_by_days_while_the_agent_was_off_delays_nothing(
    tmp_path: Path, storage: Storage, clock: FakeClock
) -> None:
    path = tmp_path / "spool.db"
    async with await Spool.open(path, instance="i", storage=storage, clock=clock) as spool:
        await fill(spool, ["a"])
        (lease,) = await spool.lease(1)
        await lease.retry(clock.now() + timedelta(seconds=10), "x")
    clock.set_back(3 * 86400)
    async with await Spool.open(path, instance="i", storage=storage, clock=clock) as spool:
        assert len(await spool.lease(1)) == 1


async def test_hasten_makes_what_waits_due_at_once(spool: Spool, clock: FakeClock) -> None:
    await fill(spool, ["a", "b", "c"])
    leases = await spool.lease(2)
    for lease in leases:
        await lease.retry(clock.now() + timedelta(hours=1), "busy")
    assert await spool.hasten() == 2
    assert [lease.serial_number for lease in await spool.lease(5)] == ["SN-a", "SN-b", "SN-c"]
    assert await spool.hasten() == 0


async def test_hold_may_name_a_time(spool: Spool, clock: FakeClock) -> None:
    (entry_id,) = await fill(spool, ["a"])
    (lease,) = await spool.lease(1)
    until = clock.now() + timedelta(seconds=5)
    await lease.hold("this one alone", until)
    assert await spool.next_due() == until
    entry = await spool.get(entry_id)
    assert entry is not None
    assert (entry.reason, entry.attempts) == ("this one alone", 0)


async def test_a_reject_is_counted_and_its_reason_kept_as_text(spool: Spool) -> None:
    ids = await fill(spool, ["a", "b"])
    (lease,) = await spool.lease(1)
    await lease.reject("bad serial \ud800")
    entry = await spool.get(ids[0])
    assert entry is not None
    assert (entry.state, entry.reason) == (EntryState.ERROR, "bad serial \\ud800")
    assert spool.counts == Counts(queued=1, error=1)
    assert [e.what for e in await spool.history(ids[0])] == ["queued", "error"]


async def test_a_release_is_counted(spool: Spool) -> None:
    await fill(spool, ["a"])
    (lease,) = await spool.lease(1)
    await lease.release()
    assert spool.counts == Counts(queued=1)


async def test_an_ack_after_release_still_counts(spool: Spool) -> None:
    await fill(spool, ["a"])
    (lease,) = await spool.lease(1)
    await lease.release()
    (again,) = await spool.lease(1)
    await lease.ack("first")
    await again.ack("second")
    (entry,) = await spool.entries()
    assert (entry.state, entry.receipt) == (EntryState.COMPLETED, "first")
    assert spool.counts == Counts(completed=1)


async def test_one_in_eight_goes_to_the_batch_lane(spool: Spool) -> None:
    await fill(spool, [f"batch{n}" for n in range(6)], lane=Lane.BATCH)
    await fill(spool, [f"live{n}" for n in range(20)])
    lanes = [lease.lane for _ in range(4) for lease in await spool.lease(4)]
    assert [n for n, lane in enumerate(lanes) if lane is Lane.BATCH] == [7, 15]
    rest = [lease.lane for lease in await spool.lease(20)]
    assert rest.count(Lane.LIVE) == 6
    assert rest.count(Lane.BATCH) == 4


async def test_a_superseded_report_in_flight_keeps_its_revision_waiting(spool: Spool) -> None:
    first = await spool.submit(b"one", meta_of("a", b"one"))
    (lease,) = await spool.lease(1)
    second = await spool.submit(b"two", meta_of("a", b"two"))
    assert spool.counts == Counts(queued=1, dismissed=1)
    assert await spool.lease(5) == []
    assert await spool.next_due() is None
    await lease.ack("receipt")
    old = await spool.get(first)
    assert old is not None
    assert (old.state, old.receipt, old.superseded) == (EntryState.COMPLETED, "receipt", True)
    assert [e.what for e in await spool.history(first)] == ["queued", "superseded", "completed"]
    assert [lease.entry_id for lease in await spool.lease(5)] == [second]
    assert spool.counts == Counts(processing=1, completed=1)


@pytest.mark.parametrize("verdict", ["retry", "hold", "reject", "release"])
async def test_a_superseded_report_is_not_sent_again(spool: Spool, clock: FakeClock, verdict: str) -> None:
    await spool.submit(b"one", meta_of("a", b"one"))
    (lease,) = await spool.lease(1)
    await spool.submit(b"two", meta_of("a", b"two"))
    if verdict == "retry":
        await lease.retry(clock.now(), "x")
    elif verdict == "hold":
        await lease.hold("x")
    elif verdict == "reject":
        await lease.reject("x")
    else:
        await lease.release()
    assert spool.counts == Counts(queued=1, dismissed=1)
    assert [lease.payload for lease in await spool.lease(5)] == [b"two"]


async def test_dismissed_and_requeued_in_flight_is_not_leased_twice(spool: Spool) -> None:
    (entry_id,) = await fill(spool, ["a"])
    (lease,) = await spool.lease(1)
    assert await spool.dismiss([entry_id], "me") == 1
    assert spool.counts == Counts(dismissed=1)
    assert await spool.requeue([entry_id], "me") == 1
    assert spool.counts == Counts(processing=1)
    assert await spool.lease(1) == []
    await lease.ack("ok")
    assert spool.counts == Counts(completed=1)


async def test_leases_are_queued_again_after_a_restart(
    tmp_path: Path, storage: Storage, clock: FakeClock
) -> None:
    path = tmp_path / "spool.db"
    async with await Spool.open(path, instance="i", storage=storage, clock=clock) as spool:
        await fill(spool, ["a", "b"])
        assert len(await spool.lease(2)) == 2
    async with await Spool.open(path, instance="i", storage=storage, clock=clock) as spool:
        assert spool.counts == Counts(queued=2)
        assert spool.oldest_queued_at == clock.now()
        assert len(await spool.lease(2)) == 2


async def test_a_cancelled_lease_call_leaves_nothing_leased(spool: Spool, storage: Storage) -> None:
    await fill(spool, ["a"])
    gate = asyncio.Event()
    loop = asyncio.get_running_loop()
    blocked = storage.start(lambda: asyncio.run_coroutine_threadsafe(gate.wait(), loop).result(10))
    task = asyncio.create_task(spool.lease(1))
    await asyncio.sleep(0)
    task.cancel()
    gate.set()
    await blocked
    with pytest.raises(asyncio.CancelledError):
        await task
    await storage.run(int)  # the abandoned job is over
    await spool.released(0, None)  # and what it leased is given back
    (lease,) = await spool.lease(1)
    await lease.ack("ok")
    assert spool.counts == Counts(completed=1)


async def test_much_payload_is_handed_out_in_portions(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leasing, "LEASE_BYTES", 450)
    await fill(spool, list(range(5)))
    assert [len(await spool.lease(5)) for _ in range(4)] == [2, 2, 1, 0]


async def test_a_report_that_lost_its_payload_goes_to_the_error_list(spool: Spool) -> None:
    ids = await fill(spool, ["a", "b"])

    def lose(db: sqlite3.Connection, _: Change) -> None:
        db.execute("DELETE FROM payload WHERE entry_id=?", (ids[0],))

    await spool.change(lose)
    assert [lease.entry_id for lease in await spool.lease(2)] == [ids[1]]
    await spool.released(0, None)  # a commit later
    entry = await spool.get(ids[0])
    assert entry is not None
    assert entry.state is EntryState.ERROR


async def test_changes_are_told_once_for_many(tmp_path: Path, storage: Storage, clock: FakeClock) -> None:
    told: list[Counts] = []
    async with await Spool.open(
        tmp_path / "s.db",
        instance="i",
        storage=storage,
        clock=clock,
        on_change=lambda: told.append(spool.counts),
    ) as spool:
        await fill(spool, list(range(100)))
        await asyncio.sleep(0)
        assert told[-1] == Counts(queued=100)
        assert len(told) <= spool.commits <= 4
        told.clear()
        await spool.released(5, None)
        assert told == []


async def test_the_last_delivery_is_known_after_a_restart(
    tmp_path: Path, storage: Storage, clock: FakeClock
) -> None:
    async def opened() -> Spool:
        return await Spool.open(tmp_path / "spool.db", instance="line-1", storage=storage, clock=clock)

    async with await opened() as spool:
        assert spool.delivered_at is None
        ids = await fill(spool, ["a", "b", "c"])
        first, second, _ = await spool.lease(3)
        await first.ack("ok")
        await clock.advance(60)
        await second.ack("ok")
        delivered = clock.now()
        await clock.advance(60)
    async with await opened() as spool:
        await spool.dismiss([ids[2]], "somebody")  # later, but no delivery
    async with await opened() as spool:
        assert spool.counts == Counts(completed=2, dismissed=1)
        assert spool.delivered_at == delivered
    with sqlite3.connect(tmp_path / "spool.db") as bare:  # as retention leaves it
        bare.execute("UPDATE entry SET stored=0")
    bare.close()
    async with await opened() as spool:
        assert spool.delivered_at == delivered
