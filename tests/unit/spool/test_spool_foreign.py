"""Reports of other queues: stored once, and one in error supersedes nothing."""

from __future__ import annotations

from fakes.spooled import meta_of, payload_of
from stationmaster.model import EntryState
from stationmaster.spool import Spool


async def test_one_to_send_is_queued_once(spool: Spool) -> None:
    first = await spool.import_report(payload_of("a"), meta_of("a"), "elsewhere")
    again = await spool.import_report(payload_of("a"), meta_of("a"), "elsewhere")
    assert (first[1], again) == ("new", (first[0], "same"))
    later = await spool.import_report(payload_of("b"), meta_of("b", report=meta_of("a").report_id), "x")
    assert later[1] == "revised"
    assert (spool.counts.queued, spool.counts.dismissed) == (1, 1)


async def test_one_in_error_waits_for_a_person(spool: Spool) -> None:
    number, outcome = await spool.import_report(payload_of("a"), meta_of("a"), "there", reason="400: no")
    entry = await spool.get(number)
    assert entry is not None
    assert (outcome, entry.state, entry.reason, entry.attempts) == ("new", EntryState.ERROR, "400: no", 1)
    assert (spool.counts.queued, spool.counts.error) == (0, 1)
    assert await spool.lease(5) == []
    assert await spool.import_report(payload_of("a"), meta_of("a"), "there", reason="no") == (number, "same")
    assert await spool.requeue([number]) == 1
    (lease,) = await spool.lease(5)
    await lease.ack("{}")
    other = meta_of("b", report=meta_of("a").report_id)
    assert await spool.import_report(payload_of("b"), other, "there", reason="no") == (number, "other")
    assert (spool.counts.completed, spool.counts.error) == (1, 0)
