"""Taking: one transaction, once per report id and content, revisions on record."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from fakes.spooled import meta_of, payload_of, report_id, source_of, write_results
from stationmaster.errors import SpoolError
from stationmaster.model import Counts, EntryState, Lane
from stationmaster.spool import Spool


async def test_take_queues_every_report_with_its_payload(spool: Spool, tmp_path: Path) -> None:
    metas = write_results(tmp_path / "r", ["a", "b", "c"])
    taken = await spool.take(source_of("/in/f"), metas, tmp_path / "r")
    assert (taken.new, taken.same, taken.revised) == (3, 0, 0)
    assert spool.counts == Counts(queued=3)
    entries = await spool.entries()
    assert [e.report_id for e in entries] == [report_id(n) for n in "cba"]
    assert {e.source for e in entries} == {"/in/f"}
    assert await spool.payload(entries[0].id) == payload_of("c")


async def test_taking_again_changes_nothing(spool: Spool, tmp_path: Path) -> None:
    metas = write_results(tmp_path / "r", ["a", "b"])
    first = await spool.take(source_of("/in/f"), metas, tmp_path / "r")
    again = await spool.take(source_of("/in/f"), metas, tmp_path / "r")
    assert (again.source_id, again.new, again.same) == (first.source_id, 0, 2)
    assert spool.counts == Counts(queued=2)


async def test_the_same_report_twice_in_one_file_is_one_entry(spool: Spool, tmp_path: Path) -> None:
    metas = write_results(tmp_path / "r", ["a", "a"])
    taken = await spool.take(source_of("/in/f"), metas, tmp_path / "r")
    assert (taken.new, taken.same) == (1, 1)
    assert spool.counts.queued == 1


async def test_a_file_without_reports_is_known_afterwards(spool: Spool) -> None:
    taken = await spool.take(source_of("/in/f", resume=b"{}"), [], None)
    row = await spool.source("/in", Path("/in/f"))
    assert row is not None
    assert (row.source_id, row.resume) == (taken.source_id, b"{}")


async def test_a_payload_that_is_not_as_written_is_refused_as_a_whole(spool: Spool, tmp_path: Path) -> None:
    metas = write_results(tmp_path / "r", ["a", "b"])
    metas[1] = msgspec.structs.replace(metas[1], digest="0" * 64)
    with pytest.raises(SpoolError, match="not in"):
        await spool.take(source_of("/in/f"), metas, tmp_path / "r")
    assert spool.counts == Counts()
    assert await spool.entries() == []
    assert await spool.unreleased() == []


async def test_a_result_file_that_is_cut_or_missing_is_refused(spool: Spool, tmp_path: Path) -> None:
    metas = write_results(tmp_path / "r", ["a", "b"])
    (tmp_path / "r").write_bytes((tmp_path / "r").read_bytes()[:-5])
    for results in (tmp_path / "r", tmp_path / "missing", None):
        with pytest.raises(SpoolError):
            await spool.take(source_of("/in/f"), metas, results)
    assert spool.counts == Counts()


async def test_a_report_without_id_is_refused(spool: Spool) -> None:
    with pytest.raises(SpoolError, match="without an id"):
        await spool.submit(b"{}", msgspec.structs.replace(meta_of("a", b"{}"), report_id=""))


async def test_other_content_is_a_revision_and_takes_the_old_one_out(spool: Spool) -> None:
    first = await spool.submit(b"one", meta_of("a", b"one"))
    second = await spool.submit(b"two", meta_of("a", b"two"))
    old, new = await spool.get(first), await spool.get(second)
    assert old is not None
    assert new is not None
    assert (old.state, old.superseded, old.dismissed_by) == (EntryState.DISMISSED, True, "superseded")
    assert (new.state, new.revision, new.superseded) == (EntryState.QUEUED, 2, False)
    assert [lease.payload for lease in await spool.lease(10)] == [b"two"]
    assert [e.what for e in await spool.history(first)] == ["queued", "superseded"]
    assert [e.what for e in await spool.history(second)] == ["queued", "revision"]
    assert spool.counts == Counts(processing=1, dismissed=1)


async def test_an_old_revision_that_comes_again_does_not_turn_the_server_back(spool: Spool) -> None:
    first = await spool.submit(b"one", meta_of("a", b"one"))
    await spool.submit(b"two", meta_of("a", b"two"))
    assert await spool.submit(b"one", meta_of("a", b"one")) == first
    assert spool.counts == Counts(queued=1, dismissed=1)


async def test_a_revision_of_a_delivered_report_leaves_its_receipt(spool: Spool) -> None:
    first = await spool.submit(b"one", meta_of("a", b"one"))
    (lease,) = await spool.lease(1)
    await lease.ack("receipt")
    await spool.submit(b"two", meta_of("a", b"two"))
    old = await spool.get(first)
    assert old is not None
    assert (old.state, old.superseded, old.receipt) == (EntryState.COMPLETED, True, "receipt")


async def test_a_revision_of_a_rejected_report_clears_the_error(spool: Spool) -> None:
    await spool.submit(b"one", meta_of("a", b"one"))
    (lease,) = await spool.lease(1)
    await lease.reject("bad")
    await spool.submit(b"two", meta_of("a", b"two"))
    assert spool.counts == Counts(queued=1, dismissed=1)


async def test_submit_knows_its_report_again(spool: Spool) -> None:
    meta = msgspec.structs.replace(meta_of("a", b"one"), digest="", size=0)
    entry_id = await spool.submit(b"one", meta, source="/outbox/a.queued", lane=Lane.BATCH)
    assert await spool.submit(b"one", meta) == entry_id
    entry = await spool.get(entry_id)
    assert entry is not None
    assert (entry.source, entry.size, entry.lane) == ("/outbox/a.queued", 3, Lane.BATCH)


async def test_submit_checks_the_digest(spool: Spool) -> None:
    with pytest.raises(SpoolError, match="digest"):
        await spool.submit(b"other", meta_of("a", b"one"))


async def test_one_bad_write_fails_alone_in_its_group(spool: Spool) -> None:
    outcomes = await asyncio.gather(
        *(spool.submit(b"x" if n == 3 else payload_of(n), meta_of(n)) for n in range(6)),
        return_exceptions=True,
    )
    assert [isinstance(outcome, SpoolError) for outcome in outcomes] == [n == 3 for n in range(6)]
    assert spool.counts.queued == 5


async def test_text_that_cannot_be_kept_fails_alone(spool: Spool) -> None:
    with pytest.raises(SpoolError, match="Unicode"):
        await spool.submit(b"x", meta_of("a", b"x", serial="\ud800"))
    with pytest.raises(SpoolError, match="Overflow"):
        await spool.submit(b"x", msgspec.structs.replace(meta_of("a", b"x"), process_code=2**70))
    assert spool.counts == Counts()


async def test_warnings_of_the_conversion_are_in_the_history(spool: Spool) -> None:
    entry_id = await spool.submit(b"x", msgspec.structs.replace(meta_of("a", b"x"), warnings=("w1", "w2")))
    assert (await spool.history(entry_id))[0].detail == "w1\nw2"
    assert await spool.history(99) == []


async def test_a_report_that_is_turned_back_goes_again_where_no_revision_was_delivered(spool: Spool) -> None:
    first = await spool.submit(b"one", meta_of("a", b"one"))
    second = await spool.submit(b"two", meta_of("a", b"two"))
    (lease,) = await spool.lease(5)
    assert lease.entry_id == second
    await lease.reject("no")
    third = await spool.submit(b"one", meta_of("a", b"one"))
    assert third not in {first, second}
    entry = await spool.get(third)
    assert entry is not None
    assert (entry.state, entry.revision, await spool.payload(third)) == (EntryState.QUEUED, 3, b"one")
    assert await spool.submit(b"one", meta_of("a", b"one")) == third, "and once only"


async def test_an_old_report_that_comes_again_does_not_turn_back_one_that_goes(spool: Spool) -> None:
    first = await spool.submit(b"one", meta_of("a", b"one"))
    await spool.submit(b"two", meta_of("a", b"two"))
    assert await spool.submit(b"one", meta_of("a", b"one")) == first
    assert spool.counts == Counts(queued=1, dismissed=1)


async def test_a_file_that_failed_stays_in_error_when_another_takes_its_name(
    spool: Spool, tmp_path: Path
) -> None:
    failed = (await spool.fail(source_of("/in/f", digest="unread:10:1"), "wrong")).entry_id
    other = (await spool.fail(source_of("/in/f", digest="unread:10:2"), "wrong too")).entry_id
    assert failed != other
    metas = write_results(tmp_path / "r", ["a"])
    await spool.take(source_of("/in/f", digest="d9"), metas, tmp_path / "r")
    assert spool.counts == Counts(queued=1, error=2)
    assert (await spool.fail(source_of("/in/f", digest="unread:10:2"), "wrong still")).entry_id == other


async def test_a_file_that_is_to_be_tried_again_is_told_until_it_is(spool: Spool) -> None:
    failed = (await spool.fail(source_of("/in/f", digest="unread:1:1"), "wrong")).entry_id
    await spool.requeue([failed], by="kim")
    (row,) = await spool.retry_sources()
    assert await spool.wants_retry(row.source_id)
    await spool.dismiss([failed], by="kim")
    assert not await spool.wants_retry(row.source_id)


async def test_which_version_of_the_converter_it_was_is_kept_with_each_new_report(
    spool: Spool, tmp_path: Path
) -> None:
    for version, name in enumerate(("a", "a", "b"), 1):
        results = tmp_path / f"r{version}"
        metas = write_results(results, [name])
        source = msgspec.structs.replace(source_of("/in/f"), reader=f"rig, version {version}, code abc")
        await spool.take(source, metas, results)
    told = [[e.detail for e in await spool.history(one) if e.what == "converted"] for one in (1, 2)]
    assert told == [["rig, version 1, code abc"], ["rig, version 3, code abc"]]
    assert await spool.get(3) is None
