"""Retention: payloads first, then rows; never what is queued or in error."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import msgspec

from fakes.clock import FakeClock
from fakes.spooled import meta_of, source_of, write_results
from stationmaster.model import Counts, EntryState
from stationmaster.spool import Spool, retention
from stationmaster.spool.retention import Swept, sweep


class Keep(msgspec.Struct, frozen=True, kw_only=True):
    """The retention settings."""

    payload_days: float = 7.0
    payload_mb: int = 1024
    completed_days: float = 90.0
    completed_count: int = 1_000_000


async def deliver(spool: Spool, names: list[str], size: int = 100) -> list[int]:
    content = {name: name.encode().ljust(size) for name in names}
    ids = await asyncio.gather(*(spool.submit(content[n], meta_of(n, content[n])) for n in names))
    leases = await spool.lease(len(names))
    await asyncio.gather(*(lease.ack("ok") for lease in leases))
    return ids


async def test_payloads_go_by_age_then_rows(spool: Spool, clock: FakeClock) -> None:
    (old,) = await deliver(spool, ["old"])
    await clock.advance(8 * 86400)
    (young,) = await deliver(spool, ["young"])
    assert await sweep(spool, Keep(), clock) == Swept(payloads=1, entries=0)
    assert await spool.payload(old) is None
    assert await spool.payload(young) is not None
    assert await sweep(spool, Keep(), clock) == Swept(payloads=0, entries=0)
    await clock.advance(83 * 86400)
    assert await sweep(spool, Keep(), clock) == Swept(payloads=1, entries=1)
    assert await spool.get(old) is None
    assert await spool.history(old) == []
    assert spool.counts == Counts(completed=1)


async def test_payloads_go_by_bytes_the_oldest_first(spool: Spool, clock: FakeClock) -> None:
    ids = []
    for n in range(5):
        ids += await deliver(spool, [str(n)], size=400_000)
        await clock.advance(1)
    assert await sweep(spool, Keep(payload_mb=1), clock) == Swept(payloads=3, entries=0)
    assert [await spool.payload(one) is not None for one in ids] == [False, False, False, True, True]


async def test_payloads_finished_at_one_moment_go_by_id(spool: Spool, clock: FakeClock) -> None:
    ids = await deliver(spool, [str(n) for n in range(5)], size=400_000)
    assert (await sweep(spool, Keep(payload_mb=1), clock)).payloads == 3
    assert [await spool.payload(one) is not None for one in ids] == [False, False, False, True, True]


async def test_rows_go_by_count(spool: Spool, clock: FakeClock) -> None:
    for n in range(6):
        await deliver(spool, [str(n)])
        await clock.advance(1)
    assert (await sweep(spool, Keep(completed_count=2), clock)).entries == 4
    assert [entry.serial_number for entry in await spool.entries()] == ["SN-5", "SN-4"]
    assert spool.counts == Counts(completed=2)


async def test_what_is_not_done_is_never_dropped(spool: Spool, clock: FakeClock) -> None:
    for name in ("rejected", "leased", "parked", "queued"):
        await spool.submit(name.encode(), meta_of(name, name.encode()))
    leases = await spool.lease(3)
    await leases[0].reject("bad")
    await leases[2].retry(clock.now() + timedelta(days=1000), "x")
    await spool.fail(source_of("/in/f"), "bad")
    await clock.advance(500 * 86400)
    nothing = Keep(payload_days=0, payload_mb=0, completed_days=0, completed_count=0)
    assert await sweep(spool, nothing, clock) == Swept(payloads=0, entries=0)
    assert spool.counts == Counts(queued=2, processing=1, error=2)
    assert len(await spool.entries()) == 5


async def test_dismissed_entries_are_done_too(spool: Spool, clock: FakeClock) -> None:
    entry_id = await spool.submit(b"x", meta_of("a", b"x"))
    await spool.dismiss([entry_id], "me")
    await clock.advance(100 * 86400)
    assert await sweep(spool, Keep(), clock) == Swept(payloads=1, entries=1)
    assert spool.counts == Counts()


async def test_ids_are_never_used_again(spool: Spool, clock: FakeClock) -> None:
    ids = await deliver(spool, ["a", "b"])
    await clock.advance(1)
    await sweep(spool, Keep(completed_days=0), clock)
    assert await spool.entries() == []
    assert await spool.submit(b"x", meta_of("c", b"x")) > max(ids)


async def test_ledger_rows_go_with_the_last_entry_that_speaks_of_them(
    spool: Spool, clock: FakeClock, tmp_path: Path
) -> None:
    for name, after in (("moved", Path("/done/x")), ("kept", None)):
        metas = write_results(tmp_path / "r", [name, name + "2"])
        path = Path("/in") / name
        taken = await spool.take(source_of(path), metas, tmp_path / "r")
        await spool.released(taken.source_id, after or path)
    for lease in await spool.lease(10):
        await lease.ack("ok")
    await clock.advance(100 * 86400)
    assert (await sweep(spool, Keep(), clock)).entries == 4
    rows = spool._engine.reader.execute("SELECT path FROM source").fetchall()
    assert rows == [("/in/kept",)]


async def test_space_is_given_back_to_the_disk(spool: Spool, clock: FakeClock, tmp_path: Path) -> None:
    for n in range(12):
        await deliver(spool, [f"{n}.{m}" for m in range(10)], size=400_000)
    before = (await spool.health()).size
    await clock.advance(8 * 86400)
    assert (await sweep(spool, Keep(), clock)).payloads == 120
    await spool.aclose()
    after = (tmp_path / "spool.db").stat().st_size
    assert before > 40_000_000
    assert after < before // 2


async def test_many_groups(spool: Spool, clock: FakeClock) -> None:
    names = [str(n) for n in range(retention.GROUP * 2 + 3)]
    await deliver(spool, names)
    await clock.advance(1)
    swept = await sweep(spool, Keep(payload_days=0, completed_count=2), clock)
    assert swept == Swept(payloads=len(names), entries=len(names) - 2)
    assert [entry.state for entry in await spool.entries()] == [EntryState.COMPLETED] * 2
