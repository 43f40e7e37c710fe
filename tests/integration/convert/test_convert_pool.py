"""The pool with real workers: what comes out of good files."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from fakes.clock import FakeClock
from fakes.converting import INSTANCE_ID, Bench, payloads
from fakes.waiting import running, until
from stationmaster.api.identity import report_id
from stationmaster.convert.crew import IDLE_SECONDS
from stationmaster.convert.job import Conversion, Failed, NotYet, Outcome
from stationmaster.convert.meta_file import INLINE
from stationmaster.model import Lane, ProblemCode
from stationmaster.worker.memory import resident_bytes


@pytest.fixture
def bench(tmp_path: Path, clock: FakeClock) -> Bench:
    bench = Bench(tmp_path, clock)
    bench.plug_in("plain.py", "hostile.py")
    return bench


def converted(outcome: Outcome) -> Conversion:
    assert isinstance(outcome, Conversion), outcome
    return outcome


async def test_a_file_becomes_reports(bench: Bench) -> None:
    path = bench.file("a.txt", "plain\nSN-1\nSN-2\nSN-1\nend\n")
    async with bench.pool() as pool:
        done = converted(await pool.convert(bench.job(path, "plain", options={"plain": {"suffix": "x"}})))
    assert (done.converter, done.version, done.resume) == ("plain", "1.2", None)
    assert done.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert [meta.serial_number for meta in done.reports] == ["SN-1x", "SN-2x", "SN-1x"]
    # ids as anybody can compute them: equal records are told apart by their ordinal
    records = [(b"SN-1", 0), (b"SN-2", 0), (b"SN-1", 1)]
    expected = [report_id(INSTANCE_ID, "plain", record, ordinal, None) for record, ordinal in records]
    assert [meta.report_id for meta in done.reports] == expected
    for payload, meta in zip(payloads(done), done.reports, strict=True):
        report = json.loads(payload)
        assert hashlib.sha256(payload).hexdigest() == meta.digest
        assert (report["id"], report["sn"]) == (meta.report_id, meta.serial_number)
        assert (report["machineName"], report["location"], report["purpose"]) == ("ST-1", "Hall 3", "FCT")
        assert report["result"] == meta.result == "P"
        assert (report["processCode"], report["pn"]) == (meta.process_code, meta.part_number)
    assert bench.left_over() == ["1.wsjf"]
    done.discard()
    done.discard()
    assert bench.left_over() == []


async def test_the_same_file_gives_the_same_ids(bench: Bench) -> None:
    path = bench.file("a.txt", "unit 7")
    async with bench.pool() as pool:
        first = converted(await pool.convert(bench.job(path, "unmarked")))
        again = converted(await pool.convert(bench.job(path, "unmarked")))
        touched = path.stat().st_mtime_ns + 1_000_000_000
        os.utime(path, ns=(touched, touched))
        later = converted(await pool.convert(bench.job(path, "unmarked")))
    assert first.reports[0].report_id == again.reports[0].report_id
    assert later.reports[0].report_id == report_id(INSTANCE_ID, "unmarked", b"unit 7", 0, touched)
    assert first.reports[0].report_id != later.reports[0].report_id
    start = datetime.fromisoformat(later.reports[0].start).astimezone(UTC)
    assert abs(start.timestamp() - touched / 1e9) < 0.001
    assert "start" in later.reports[0].warnings[0]
    assert later.warnings == 1


@pytest.mark.parametrize(
    "text", ["{7A7DE2B6-6DBA-4A0F-8A5E-0D2F34B0C9D1}", "7a7de2b6-6dba-4a0f-8a5e-0d2f34b0c9d1"]
)
async def test_an_id_in_the_source_is_kept_in_canonical_form(bench: Bench, text: str) -> None:
    async with bench.pool() as pool:
        done = converted(await pool.convert(bench.job(bench.file("a.txt", text), "named")))
    assert done.reports[0].report_id == "7a7de2b6-6dba-4a0f-8a5e-0d2f34b0c9d1"
    assert json.loads(payloads(done)[0])["id"] == done.reports[0].report_id


async def test_an_id_that_is_none_fails_the_file(bench: Bench) -> None:
    async with bench.pool() as pool:
        failed = await pool.convert(bench.job(bench.file("a.txt", "no uuid"), "named"))
    assert isinstance(failed, Failed)
    assert "id" in failed.reason
    assert "no uuid" in failed.reason


async def test_a_converter_that_is_not_deterministic_still_gives_one_id(bench: Bench) -> None:
    path = bench.file("a.txt", "unit")
    async with bench.pool() as pool:
        one = converted(await pool.convert(bench.job(path, "moody")))
        two = converted(await pool.convert(bench.job(path, "moody")))
    assert one.reports[0].report_id == two.reports[0].report_id
    assert one.reports[0].digest != two.reports[0].digest


async def test_a_hundred_thousand_reports_come_in_bounded_memory(bench: Bench) -> None:
    path = bench.file("a.txt", "100000")
    async with bench.pool(memory_mb=64, timeout=300.0) as pool:
        done = converted(await pool.convert(bench.job(path, "many")))
    assert len(done.reports) == 100_000
    before = resident_bytes(os.getpid())
    ids: set[bytes] = set()
    end = 0
    for meta in done.reports:
        assert meta.offset == end
        end += meta.size
        ids.add(UUID(meta.report_id).bytes)
    after = resident_bytes(os.getpid())
    assert before
    assert after
    assert after - before < 30_000_000  # the set alone takes 12 MB
    assert len(ids) == 100_000
    assert done.results
    assert done.results.stat().st_size == end
    assert done.reports[99_999].serial_number == done.reports[-1].serial_number == "SN-49999"
    assert [meta.serial_number for meta in done.reports[1:4]] == ["SN-0", "SN-1", "SN-1"]
    with pytest.raises(IndexError):
        done.reports[100_000]
    done.discard()
    assert bench.left_over() == []


@pytest.mark.parametrize("count", [1, INLINE, INLINE + 1])
async def test_few_and_many_reports_look_alike(bench: Bench, count: int) -> None:
    path = bench.file("a.txt", str(count))
    async with bench.pool() as pool:
        done = converted(await pool.convert(bench.job(path, "many")))
    assert [meta.serial_number for meta in done.reports] == [f"SN-{n // 2}" for n in range(count)]
    assert len(payloads(done)) == len(done.reports) == count


async def test_a_file_that_grows_is_resumed(bench: Bench) -> None:
    path = bench.file("log.txt", "A\nB\nA\nhal")
    async with bench.pool() as pool:
        first = converted(await pool.convert(bench.job(path, "growing")))
        assert [m.serial_number for m in first.reports] == ["A", "B", "A"]
        with path.open("a") as file:
            file.write("f\nA\n")
        more = converted(await pool.convert(bench.job(path, "growing", resume=first.resume)))
        assert [m.serial_number for m in more.reports] == ["half", "A"]
        # the third A of the file: the same id as in one go
        whole = converted(await pool.convert(bench.job(path, "growing")))
        assert [m.report_id for m in whole.reports] == [m.report_id for m in (*first.reports, *more.reports)]
        # nothing new: no report, and that is no failure
        none = converted(await pool.convert(bench.job(path, "growing", resume=more.resume)))
        assert (list(none.reports), none.results) == ([], None)
        assert none.resume
        assert json.loads(none.resume)["state"] == {"lines": 3}


@pytest.mark.parametrize("content", ["X\nY\nZ\nZZZZ\n", "A\n", "A\nB\nX\nmore\n"])
async def test_a_file_that_was_replaced_is_not_resumed(bench: Bench, content: str) -> None:
    path = bench.file("log.txt", "A\nB\nA\n")
    async with bench.pool() as pool:
        first = converted(await pool.convert(bench.job(path, "growing")))
        path.write_text(content)
        again = converted(await pool.convert(bench.job(path, "growing", resume=first.resume)))
        assert [m.serial_number for m in again.reports] == content.split()
        other = converted(await pool.convert(bench.job(path, "growing", resume=b"not a note")))
        assert len(other.reports) == len(content.split())


async def test_the_surest_converter_takes_the_file(bench: Bench) -> None:
    (bench.folder / "hostile.py").unlink()
    plain = bench.file("a.txt", "plain\nSN-1\nend\n")
    foreign = bench.file("b.txt", "something else")
    async with bench.pool() as pool:
        done = converted(await pool.convert(bench.job(plain, "wsjf", "plain")))
        assert done.converter == "plain"
        assert done.confidences == {"wsjf": 0, "plain": 90}
        # no name: all that detect
        assert converted(await pool.convert(bench.job(plain))).converter == "plain"
        # one that cannot tell is the last resort
        assert converted(await pool.convert(bench.job(foreign, "plain", "growing"))).converter == "growing"
        failed = await pool.convert(bench.job(foreign, "plain", "wsjf"))
    assert isinstance(failed, Failed)
    assert failed.reason == "No converter of its folder knows b.txt (asked: plain, wsjf)."


async def test_a_tie_is_an_error_and_a_problem(bench: Bench) -> None:
    path = bench.file("a.txt", "plain\nSN-1\nend\n")
    async with bench.pool() as pool:
        failed = await pool.convert(bench.job(path, "plain", "twin"))
        assert isinstance(failed, Failed)
        assert "claimed by plain and twin alike" in failed.reason
        problem = next(p for p in pool.problems() if p.code is ProblemCode.DETECTION_TIE)
        assert problem.subject == "plain, twin"
        # told apart: the Problem is over
        path.write_text("other")
        await pool.convert(bench.job(path, "growing", "plain", "twin"))
        assert not pool.problems()


async def test_a_file_is_left_alone_until_it_is_complete(bench: Bench) -> None:
    path = bench.file("a.txt", "plain\nSN-1\n")
    async with bench.pool() as pool:
        early = await pool.convert(bench.job(path, "plain"))
        assert isinstance(early, NotYet)
        assert early.reason == "incomplete"
        path.write_text("plain\nSN-1\nend")
        converted(await pool.convert(bench.job(path, "plain")))


async def test_a_file_that_is_not_the_one_claimed_is_not_converted(bench: Bench) -> None:
    path = bench.file("a.txt", "plain\nSN-1\nend")
    job = bench.job(path, "growing")
    hostile = bench.job(path, "meddler")
    async with bench.pool() as pool:
        during = await pool.convert(hostile)
        before = await pool.convert(job)
        path.unlink()
        gone = await pool.convert(job)
    outcomes = [during, before, gone]
    assert [o.reason for o in outcomes if isinstance(o, NotYet)] == ["changed", "changed", "vanished"]
    assert bench.left_over() == []


async def test_a_file_that_cannot_be_read_is_busy(bench: Bench) -> None:
    if os.geteuid() == 0:
        # root reads everything: a folder in the file's place cannot be read by root either
        path = bench.root / "inbox"
        path.mkdir()
    else:
        path = bench.file("a.txt", "x")
        path.chmod(0)
    async with bench.pool() as pool:
        for name in ("plain", "growing"):
            outcome = await pool.convert(bench.job(path, name))
            assert isinstance(outcome, NotYet)
            assert outcome.reason == "busy"
            assert str(path) in outcome.text


async def test_workers_leave_when_idle_but_one_stays_warm(bench: Bench, clock: FakeClock) -> None:
    path = bench.file("a.txt", "plain\nSN-1\nend")
    async with bench.pool() as pool:
        keeper = asyncio.create_task(pool.run())
        await until(lambda: bool(pool.converters), what="loading")
        await asyncio.gather(*(pool.convert(bench.job(path, "plain")) for _ in range(4)))
        most = pool.workers
        assert 2 <= most <= 4
        await until(lambda: clock.sleeping == 1)
        await clock.advance(IDLE_SECONDS - 10)
        assert pool.workers == most
        await clock.advance(60)
        await until(lambda: pool.workers == 1, what="the end of idle workers")
        worker = next(iter(pool._crew._all))
        assert worker.child.pid
        assert running(worker.child.pid)
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
    assert pool.workers == 0


async def test_what_an_earlier_run_left_is_removed(bench: Bench) -> None:
    (bench.temp / "results").mkdir(parents=True)
    (bench.temp / "results" / "1.wsjf").write_text("old")
    async with bench.pool() as pool:
        assert bench.left_over() == []
        converted(await pool.convert(bench.job(bench.file("a.txt", "plain\nSN-1\nend"), "plain")))


async def test_a_batch_leaves_a_slot_for_live_work(bench: Bench) -> None:
    path = bench.file("a.txt", "SN-1")
    live = bench.file("b.txt", "plain\nSN-1\nend")
    async with bench.pool(max_concurrent=2, timeout=60.0) as pool:
        batch = [
            asyncio.create_task(pool.convert(bench.job(path, "hang", lane=Lane.BATCH))) for _ in range(3)
        ]
        await until(lambda: pool.converting == 1)
        converted(await pool.convert(bench.job(live, "plain")))
        assert pool.converting == 1
        for task in batch:
            task.cancel()
        await asyncio.gather(*batch, return_exceptions=True)
        assert pool.converting == 0
        assert bench.changes > 0
