"""The ledger: what is known of source files, and source files that fail."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec
import pytest

from fakes.clock import FakeClock
from fakes.spooled import source_of, write_results
from stationmaster.model import Counts, EntryKind, EntryState
from stationmaster.spool import LedgerRow, LedgerState, Spool, ledger

FILE = Path("/in/f")


async def known(spool: Spool, folder: str = "/in") -> list[LedgerRow]:
    return [row async for page in spool.ledger(folder) for row in page]


async def test_a_taken_file_is_known_and_waits_for_its_release(spool: Spool, clock: FakeClock) -> None:
    taken = await spool.take(source_of(FILE, digest="d", size=7, mtime_ns=9, resume=b"r"), [], None)
    (row,) = await known(spool)
    assert row == LedgerRow(
        source_id=taken.source_id,
        path=FILE,
        folder="/in",
        size=7,
        mtime_ns=9,
        digest="d",
        state=LedgerState.TAKEN,
        released=False,
        after="move",
        place=FILE,
        resume=b"r",
        converter="wsjf",
        lane=row.lane,
        taken_at=clock.now(),
    )
    assert await spool.unreleased() == [row]
    assert await spool.source("/in", FILE) == row
    assert await spool.source("/other", FILE) is None


async def test_a_kept_file_stays_known_and_keeps_its_row_as_it_grows(spool: Spool) -> None:
    first = await spool.take(source_of(FILE, after="keep"), [], None)
    await spool.released(first.source_id, FILE)
    assert await spool.unreleased() == []
    second = await spool.take(source_of(FILE, after="keep", size=20, digest="d2", resume=b"20"), [], None)
    (row,) = await known(spool)
    assert second.source_id == first.source_id == row.source_id
    assert (row.size, row.resume, row.released) == (20, b"20", False)


async def test_a_moved_file_is_history_and_its_name_is_new(spool: Spool, tmp_path: Path) -> None:
    metas = write_results(tmp_path / "r", ["a"])
    first = await spool.take(source_of(FILE), metas, tmp_path / "r")
    await spool.released(first.source_id, Path("/done/f"))
    assert await known(spool) == []
    (entry,) = await spool.entries()
    assert (entry.source, entry.place) == ("/in/f", "/done/f")
    second = await spool.take(source_of(FILE), metas, tmp_path / "r")
    assert second.source_id != first.source_id
    await spool.released(second.source_id, None)
    assert await known(spool) == []
    (entry,) = await spool.entries()
    assert entry.place == "/done/f"


async def test_a_deleted_file_has_no_place(spool: Spool, tmp_path: Path) -> None:
    metas = write_results(tmp_path / "r", ["a"])
    taken = await spool.take(source_of(FILE), metas, tmp_path / "r")
    (entry,) = await spool.entries()
    assert entry.place == "/in/f"
    await spool.released(taken.source_id, None)
    (entry,) = await spool.entries()
    assert entry.place == ""


async def test_forgotten_files_are_new_again_but_their_entries_remember(spool: Spool, tmp_path: Path) -> None:
    metas = write_results(tmp_path / "r", ["a"])
    with_entry = await spool.take(source_of(FILE, after="keep"), metas, tmp_path / "r")
    without = await spool.take(source_of("/in/g", after="keep"), [], None)
    for source_id, path in ((with_entry.source_id, FILE), (without.source_id, Path("/in/g"))):
        await spool.released(source_id, path)
    await spool.forget("/in", [FILE, Path("/in/g"), Path("/in/never")])
    assert await known(spool) == []
    (entry,) = await spool.entries()
    assert entry.source == "/in/f"


async def test_a_forgotten_file_still_waits_for_its_release(spool: Spool) -> None:
    taken = await spool.take(source_of(FILE), [], None)
    await spool.forget("/in", [FILE])
    assert [row.source_id for row in await spool.unreleased()] == [taken.source_id]


async def test_pages_hold_every_row_once(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "PAGE", 3)
    paths = [Path(f"/in/{n}") for n in range(8)]
    for path in paths:
        await spool.take(source_of(path), [], None)
    await spool.take(source_of("/else/x", folder="/else"), [], None)
    assert [row.path for row in await known(spool)] == paths
    assert len(await spool.unreleased()) == 9


@pytest.mark.skipif(sys.platform != "linux", reason="other platforms allow Unicode names only")
async def test_a_name_that_is_no_text_is_kept_as_it_is(spool: Spool, tmp_path: Path) -> None:
    strange = Path(os.fsdecode(b"/in/\xff\xfe.xml"))
    metas = write_results(tmp_path / "r", ["a"])
    taken = await spool.take(source_of(strange), metas, tmp_path / "r")
    (row,) = await known(spool)
    assert row.path == strange
    (entry,) = await spool.entries()
    assert entry.source == "/in/\\xff\\xfe.xml"
    assert (await spool.take(source_of(strange), metas, tmp_path / "r")).source_id == taken.source_id
    await spool.released(taken.source_id, strange)
    await spool.forget("/in", [strange])
    assert await known(spool) == []


# ---------------------------------------------------------------------- sources that fail


async def test_a_failed_source_is_an_error_entry_and_known(spool: Spool) -> None:
    entry_id = (await spool.fail(source_of(FILE), "no converter", "line 3")).entry_id
    entry = await spool.get(entry_id)
    assert entry is not None
    assert (entry.kind, entry.state, entry.reason) == (
        EntryKind.SOURCE,
        EntryState.ERROR,
        "no converter\nline 3",
    )
    assert (entry.source, entry.attempts, entry.digest) == ("/in/f", 1, "d1")
    (row,) = await known(spool)
    assert row.state is LedgerState.ERROR
    assert spool.counts == Counts(error=1)
    assert await spool.payload(entry_id) is None
    assert await spool.lease(5) == []


async def test_the_same_file_failing_again_is_the_same_entry(spool: Spool) -> None:
    first = (await spool.fail(source_of(FILE), "bad")).entry_id
    assert (await spool.fail(source_of(FILE), "worse")).entry_id == first
    entry = await spool.get(first)
    assert entry is not None
    assert (entry.attempts, entry.reason) == (2, "worse")
    assert spool.counts == Counts(error=1)
    assert [e.what for e in await spool.history(first)] == ["failed", "failed", "error"]


async def test_other_content_failing_at_the_same_place_is_another_entry(spool: Spool) -> None:
    first = (await spool.fail(source_of(FILE, digest="d1"), "bad")).entry_id
    assert (await spool.fail(source_of(FILE, digest="d2"), "bad")).entry_id != first
    assert spool.counts == Counts(error=2)


async def test_other_content_converting_leaves_the_error_standing(spool: Spool) -> None:
    await spool.fail(source_of(FILE, digest="d1"), "bad")
    await spool.take(source_of(FILE, digest="d2"), [], None)
    assert spool.counts == Counts(error=1)


@pytest.mark.parametrize("after", ["keep", "move"])
async def test_an_error_tells_what_came_of_its_place_since_and_how_to_close_it(
    spool: Spool, tmp_path: Path, after: str
) -> None:
    failure = await spool.fail(source_of(FILE, digest="d1", after=after), "bad", "line 3")
    elsewhere = await spool.fail(source_of("/in/g", digest="d1", after=after), "bad")
    await spool.released(failure.source_id, FILE if after == "keep" else Path("/errors/f"))
    for number, serial in enumerate(("a", "b")):
        metas = write_results(tmp_path / serial, [serial])
        await spool.take(source_of(FILE, digest=f"mended{number}", after=after), metas, tmp_path / serial)
    entry = await spool.get(failure.entry_id)
    assert entry is not None
    assert entry.state is EntryState.ERROR, "nobody but a person knows whether it was the same result"
    newest, *rest = entry.reason.splitlines()
    latest = max(await spool.entries(state=EntryState.QUEUED), key=lambda one: one.id)
    assert newest.startswith(f"The file at its place was converted since: entry {latest.id}, serial number ")
    assert latest.serial_number in newest
    assert rest == ["bad", "line 3"]
    assert [event.what for event in await spool.history(failure.entry_id)][1:3] == ["replaced", "replaced"]
    other = await spool.get(elsewhere.entry_id)
    assert other is not None
    assert other.reason == "bad"
    await spool.dismiss([failure.entry_id], "kim")
    closed = (await spool.history(failure.entry_id))[-1]
    assert (closed.what, closed.by) == ("dismissed", "kim")
    assert newest in closed.detail, "what mended it stays on record"


async def test_a_source_that_converts_at_last_is_done(spool: Spool) -> None:
    entry_id = (await spool.fail(source_of(FILE), "bad")).entry_id
    await spool.take(source_of(FILE), [], None)
    entry = await spool.get(entry_id)
    assert entry is not None
    assert entry.state is EntryState.COMPLETED
    assert spool.counts == Counts(completed=1)
    assert [e.what for e in await spool.history(entry_id)] == ["failed", "converted"]


async def test_a_requeued_source_is_offered_where_it_lies_until_it_converts(spool: Spool) -> None:
    entry_id = (await spool.fail(source_of(FILE), "bad")).entry_id
    (row,) = await known(spool)
    await spool.released(row.source_id, Path("/error/f"))
    assert await spool.retry_sources() == []
    assert await spool.requeue([entry_id], "me") == 1
    (row,) = await spool.retry_sources()
    assert (row.place, row.state) == (Path("/error/f"), LedgerState.RETRY)
    assert spool.counts == Counts(error=1)
    again = source_of(FILE, digest="fixed", source_id=row.source_id)
    assert (await spool.fail(again, "still bad")).entry_id == entry_id
    assert await spool.retry_sources() == []
    await spool.requeue([entry_id], "me")
    await spool.take(again, [], None)
    assert await spool.retry_sources() == []
    assert spool.counts == Counts(completed=1)


async def test_a_retry_that_is_dismissed_is_offered_no_more(spool: Spool) -> None:
    entry_id = (await spool.fail(source_of(FILE), "bad")).entry_id
    await spool.requeue([entry_id], "me")
    assert await spool.dismiss([entry_id], "me") == 1
    assert await spool.retry_sources() == []
    assert await spool.requeue([entry_id], "me") == 1
    assert spool.counts == Counts(error=1)


async def test_a_row_that_is_gone_is_found_by_path(spool: Spool) -> None:
    taken = await spool.take(source_of(FILE), [], None)
    again = await spool.take(source_of(FILE, source_id=999), [], None)
    assert again.source_id == taken.source_id


async def test_a_retry_that_cannot_be_leaves_the_errors_with_both_reasons(spool: Spool) -> None:
    first = await spool.fail(source_of(FILE, digest="d1"), "bad")
    second = await spool.fail(source_of(FILE, digest="d2"), "worse")
    assert second.source_id == first.source_id
    await spool.requeue([first.entry_id])
    await spool.refuse_retry(first.source_id, "It is gone.")
    await spool.refuse_retry(first.source_id, "It is gone.")  # said once
    for failure, before in ((first, "bad"), (second, "worse")):
        entry = await spool.get(failure.entry_id)
        assert entry is not None
        assert (entry.state, entry.reason) == (EntryState.ERROR, f"It is gone.\n{before}")
    assert await spool.retry_sources() == []
    assert spool.counts.error == 2


async def test_a_retry_closes_the_error_that_it_is_about(spool: Spool) -> None:
    first = await spool.fail(source_of(FILE, digest="d1"), "bad")
    second = await spool.fail(source_of(FILE, digest="d2"), "worse")
    again = msgspec.structs.replace(source_of(FILE, source_id=first.source_id), failed="d1")
    await spool.take(again, [], None)
    states = [await spool.get(one.entry_id) for one in (first, second)]
    assert [one and one.state for one in states] == [EntryState.COMPLETED, EntryState.ERROR]


async def test_a_release_is_open_until_it_is_on_record(spool: Spool) -> None:
    taken = await spool.take(source_of(FILE), [], None)
    (row,) = await spool.unreleased()
    assert await spool.still_unreleased(taken.source_id) == row
    await spool.released(taken.source_id, None)
    assert await spool.still_unreleased(taken.source_id) is None


async def test_a_row_tells_why_its_file_failed(spool: Spool) -> None:
    failure = await spool.fail(source_of(FILE, digest="d1"), "bad", "line 3")
    row = await spool.still_unreleased(failure.source_id)
    assert row is not None
    assert (row.reason, row.failed) == ("bad\nline 3", "d1")
