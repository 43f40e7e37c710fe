"""Lists, searches, requeue and dismiss."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from fakes.clock import FakeClock
from fakes.spooled import meta_of, payload_of, report_id, source_of, write_results
from stationmaster.config.retention_schema import RetentionConfig
from stationmaster.errors import SpoolError
from stationmaster.model import Counts, EntryState
from stationmaster.spool import Spool, browse, read
from stationmaster.spool.retention import sweep


async def fill(spool: Spool, count: int) -> list[int]:
    return await asyncio.gather(*(spool.submit(payload_of(n), meta_of(n)) for n in range(count)))


async def test_find_is_exact_and_without_case(spool: Spool) -> None:
    ids = [
        await spool.submit(payload_of(n), meta_of(n, serial=serial))
        for n, serial in enumerate(["Straße-1", "STRASSE-1", "Strasse-10", ""])
    ]
    assert [entry.id for entry in await spool.find("strasse-1")] == [ids[1], ids[0]]
    assert await spool.find("") == []
    assert await spool.find("nobody") == []


async def test_entries_page_newest_first(spool: Spool) -> None:
    ids = await fill(spool, 7)
    first = await spool.entries(limit=3)
    second = await spool.entries(limit=3, before_id=first[-1].id)
    third = await spool.entries(limit=3, before_id=second[-1].id)
    assert [entry.id for entry in first + second + third] == ids[::-1]
    assert await spool.entries(limit=3, before_id=ids[0]) == []


async def test_entries_by_state_tell_leased_from_queued(spool: Spool) -> None:
    ids = await fill(spool, 6)
    leases = await spool.lease(3)
    await leases[0].ack("ok")
    assert [e.id for e in await spool.entries(EntryState.COMPLETED)] == ids[:1]
    assert [e.id for e in await spool.entries(EntryState.PROCESSING)] == ids[1:3][::-1]
    assert [e.id for e in await spool.entries(EntryState.PROCESSING, before_id=ids[2])] == [ids[1]]
    assert [e.id for e in await spool.entries(EntryState.PROCESSING, text="sn-2")] == [ids[2]]
    assert [e.id for e in await spool.entries(EntryState.QUEUED)] == ids[3:][::-1]
    assert [e.id for e in await spool.entries(EntryState.QUEUED, limit=1, before_id=ids[4])] == [ids[3]]
    assert await spool.entries(EntryState.QUEUED, before_id=ids[3]) == []


async def test_search_looks_into_every_field(spool: Spool, tmp_path: Path) -> None:
    metas = write_results(tmp_path / "r", ["a", "b"])
    metas[0] = msgspec.structs.replace(metas[0], part_number="100%_PN")
    await spool.take(source_of("/in/line 4.xml"), metas, tmp_path / "r")
    (lease,) = await spool.lease(1)
    await lease.reject("Process code 77 is unknown")
    for text in ("SN-a", "sn-A", "100%_p", report_id("a")[:8], "LINE 4", "code 77"):
        assert "SN-a" in {entry.serial_number for entry in await spool.entries(text=text)}, text
    assert [entry.serial_number for entry in await spool.entries(text="%_")] == ["SN-a"]
    assert await spool.entries(EntryState.QUEUED, text="code 77") == []
    assert len(await spool.entries(EntryState.ERROR, text="code 77")) == 1


async def test_search_goes_on_through_all_windows(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (browse, read):
        monkeypatch.setattr(module, "WINDOW", 4)
    ids = await fill(spool, 20)
    assert [entry.id for entry in await spool.entries(text="SN-1", limit=100)] == [*ids[10:][::-1], ids[1]]
    assert [entry.id for entry in await spool.entries(text="SN-1", limit=3)] == ids[17:][::-1]
    rest = await spool.entries(text="SN-1", limit=100, before_id=ids[17])
    assert [entry.id for entry in rest] == [*ids[10:17][::-1], ids[1]]


async def test_requeue_sends_errors_again_on_record(spool: Spool) -> None:
    ids = await fill(spool, 3)
    leases = await spool.lease(3)
    await leases[0].reject("bad")
    await leases[1].ack("ok")
    assert await spool.requeue([*ids, 99], by="anna") == 1
    assert spool.counts == Counts(queued=1, processing=1, completed=1)
    assert [(e.what, e.by) for e in await spool.history(ids[0])][1] == ("requeued", "anna")
    assert [lease.entry_id for lease in await spool.lease(3)] == [ids[0]]


async def test_dismiss_takes_out_on_record(spool: Spool) -> None:
    ids = await fill(spool, 3)
    leases = await spool.lease(2)
    await leases[0].reject("bad")
    await leases[1].ack("ok")
    assert await spool.dismiss([*ids, 99], by="anna") == 2
    assert spool.counts == Counts(completed=1, dismissed=2)
    entry = await spool.get(ids[0])
    assert entry is not None
    assert (entry.state, entry.dismissed_by) == (EntryState.DISMISSED, "anna")
    assert await spool.requeue([ids[0]]) == 1
    entry = await spool.get(ids[0])
    assert entry is not None
    assert (entry.state, entry.dismissed_by) == (EntryState.QUEUED, "")


async def test_a_report_whose_payload_is_gone_cannot_be_requeued(spool: Spool, clock: FakeClock) -> None:
    (entry_id,) = await fill(spool, 1)
    await spool.dismiss([entry_id], "me")
    await clock.advance(8 * 86400)
    await sweep(spool, RetentionConfig(), clock)
    assert await spool.payload(entry_id) is None
    assert await spool.requeue([entry_id]) == 0
    assert await spool.submit(payload_of(0), meta_of(0)) == entry_id  # dismissed stays dismissed
    assert spool.counts == Counts(dismissed=1)


async def test_a_superseded_revision_cannot_be_requeued(spool: Spool) -> None:
    first = await spool.submit(b"one", meta_of("a", b"one"))
    await spool.submit(b"two", meta_of("a", b"two"))
    assert await spool.requeue([first]) == 0


async def test_what_is_not_there_is_none(spool: Spool) -> None:
    assert await spool.get(1) is None
    assert await spool.payload(1) is None
    assert await spool.entries() == []
    assert await spool.entries(text="x") == []


async def test_a_closed_spool_says_so(spool: Spool, clock: FakeClock) -> None:
    await spool.submit(b"x", meta_of("a", b"x"))
    (lease,) = await spool.lease(1)
    await spool.aclose()
    await spool.aclose()
    with pytest.raises(SpoolError, match="closed"):
        await spool.submit(b"x", meta_of("a", b"x"))
    with pytest.raises(SpoolError, match="closed"):
        await spool.get(1)
    with pytest.raises(SpoolError, match="closed"):
        await lease.retry(clock.now(), "late")


async def test_health_of_a_sound_spool(spool: Spool) -> None:
    await spool.submit(b"x", meta_of("a", b"x"))
    health = await spool.health()
    assert health.size > 0
    assert health.wal > 0
    assert (health.unclean, health.damage, health.salvage, health.error, health.owed) == (
        False,
        "",
        None,
        "",
        0,
    )
    assert await spool.verify() == ""
