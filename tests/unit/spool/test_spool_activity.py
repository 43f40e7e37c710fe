"""What a spool tells of the last hours: counted where it belongs, whatever the slices are."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from fakes.clock import FakeClock
from fakes.spooled import meta_of, payload_of, source_of, write_results
from stationmaster.activity import Activity
from stationmaster.clock import Clock
from stationmaster.errors import SpoolError
from stationmaster.spool import Spool, Storage, activity
from stationmaster.spool.glance import glance

MINUTE = 60.0


class Eager(FakeClock):
    """Every look at it is later than a slice lasts."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self._looks = itertools.count()

    def monotonic(self) -> float:
        """A second more each time."""
        return float(next(self._looks))


async def submit(spool: Spool, name: str, result: str = "P") -> int:
    payload = payload_of(name)
    return await spool.submit(payload, msgspec.structs.replace(meta_of(name), result=result))


async def deliver(spool: Spool, count: int = 1) -> None:
    for lease in await spool.lease(count):
        await lease.ack("ok")


async def look(spool: Spool, clock: Clock, *, hours: float = 1.0, buckets: int = 6) -> Activity:
    found = await spool.activity(hours=hours, buckets=buckets, clock=clock)
    assert found.instance == "line-1"
    assert len(found.buckets) == buckets
    assert sum(one.delivered for one in found.buckets) == sum(
        one.passed + one.failed + one.error + one.other for one in found.buckets
    )
    return found


@pytest.fixture
def clock() -> FakeClock:
    """Two minutes into a bucket of ten."""
    return FakeClock(datetime(2026, 3, 2, 12, 2, tzinfo=UTC))


async def test_an_empty_spool_has_empty_buckets_on_whole_multiples(spool: Spool, clock: FakeClock) -> None:
    found = await look(spool, clock)
    assert found.until == clock.now()
    assert [one.start for one in found.buckets] == [
        datetime(2026, 3, 2, 11, minute, tzinfo=UTC) for minute in (10, 20, 30, 40, 50)
    ] + [datetime(2026, 3, 2, 12, 0, tzinfo=UTC)]
    assert {one.seconds for one in found.buckets} == {600.0}
    assert not any(one.taken or one.delivered or one.waiting or one.oldest_waiting for one in found.buckets)


async def test_reports_count_where_they_came_and_where_they_were_delivered(
    spool: Spool, clock: FakeClock
) -> None:
    for number, result in enumerate(["P", "F", "E", "T", ""]):
        await submit(spool, str(number), result)
    await clock.advance(10 * MINUTE)
    await deliver(spool, 3)
    await clock.advance(10 * MINUTE)
    await deliver(spool, 2)
    await submit(spool, "last")
    found = (await look(spool, clock)).buckets[-3:]
    assert [one.taken for one in found] == [5, 0, 1]
    assert [one.delivered for one in found] == [0, 3, 2]
    assert [(one.passed, one.failed, one.error, one.other) for one in found[1:]] == [
        (1, 1, 1, 0),
        (0, 0, 0, 2),
    ]
    assert [one.waiting for one in found] == [5, 2, 1]
    # The first came 8 minutes before its bucket ended, and waited through the next one.
    assert [one.oldest_waiting for one in found] == [8 * MINUTE, 18 * MINUTE, 0.0]


async def test_refused_reports_and_files_without_converter_went_into_error(
    spool: Spool, clock: FakeClock, tmp_path: Path
) -> None:
    await submit(spool, "a")
    failure = await spool.fail(source_of("/in/bad.txt"), "no converter reads it")
    await clock.advance(10 * MINUTE)
    (lease,) = await spool.lease(1)
    await lease.reject("unknown process")
    before, now = (await look(spool, clock)).buckets[-2:]
    assert (before.taken, before.into_error, before.waiting) == (1, 1, 1)
    assert (now.taken, now.into_error, now.waiting) == (0, 1, 0)
    # A file counts where it failed, also when its error is settled.
    await spool.dismiss([failure.entry_id], "kim")
    results = write_results(tmp_path / "r", ["b"])
    await spool.take(source_of("/in/good.txt"), results, tmp_path / "r")
    before, now = (await look(spool, clock)).buckets[-2:]
    assert (before.taken, before.into_error) == (1, 1)
    assert (now.taken, now.into_error, now.waiting) == (1, 1, 1)


async def test_what_is_older_than_the_chart_only_waits(spool: Spool, clock: FakeClock) -> None:
    await submit(spool, "old")
    await deliver(spool)
    await submit(spool, "waits")
    await clock.advance(180 * MINUTE)
    found = (await look(spool, clock)).buckets
    assert [(one.taken, one.delivered, one.waiting) for one in found] == [(0, 0, 1)] * 6
    assert [one.oldest_waiting for one in found] == [(128 + 10 * index) * MINUTE for index in range(1, 6)] + [
        180 * MINUTE
    ]


async def test_small_slices_count_the_same(
    spool: Spool, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        await submit(spool, str(number), "PF"[number % 2])
        if number % 3 == 0:
            await deliver(spool)
        await clock.advance(MINUTE)
    whole = await look(spool, clock)
    monkeypatch.setattr(activity, "ROWS", 2)
    monkeypatch.setattr(activity, "IDS", 3)
    eager = Eager(clock.now())
    assert await look(spool, eager) == whole


async def test_what_happens_meanwhile_does_not_count(spool: Spool, clock: FakeClock, tmp_path: Path) -> None:
    await submit(spool, "a")
    survey = activity.Survey(tmp_path / "spool.db", hours=1.0, buckets=6, clock=Eager(clock.now()))
    try:
        assert not survey.advance()
        await deliver(spool)
        await submit(spool, "b")
        while not survey.advance():
            pass
    finally:
        survey.close()
    assert [one.taken for one in survey.result("x").buckets][-1] == 1
    assert [one.waiting for one in survey.result("x").buckets][-1] == 1


async def test_a_spool_that_nobody_has_open_tells_too(
    tmp_path: Path, storage: Storage, clock: FakeClock
) -> None:
    path = tmp_path / "other.db"
    async with await Spool.open(path, instance="line-1", storage=storage, clock=clock) as spool:
        await submit(spool, "a")
    async with glance(path, instance="line-1", storage=storage, clock=clock) as closed:
        found = await closed.activity(hours=1.0, buckets=6, clock=clock)
    assert [one.taken for one in found.buckets] == [0, 0, 0, 0, 0, 1]
    with pytest.raises(SpoolError):
        await spool.activity(hours=1.0, buckets=6, clock=clock)
