"""Whatever a converter does, the others go on and the file ends in error with the reason."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from fakes.clock import FakeClock
from fakes.converting import Bench
from fakes.waiting import running, until
from stationmaster.convert.breaker import FAULTS_TO_HOLD, FIRST_PAUSE
from stationmaster.convert.job import Conversion, Failed, NotYet
from stationmaster.convert.pool import ConverterPool
from stationmaster.convert.registry import LOOK_INTERVAL
from stationmaster.model import ProblemCode, Severity


@pytest.fixture
def bench(tmp_path: Path, clock: FakeClock) -> Bench:
    bench = Bench(tmp_path, clock)
    bench.plug_in("plain.py", "hostile.py")
    return bench


async def _well(pool: ConverterPool, bench: Bench) -> None:
    """A file for a good converter goes through."""
    path = bench.file("good.txt", "plain\nSN-1\nend")
    done = await pool.convert(bench.job(path, "plain"))
    assert isinstance(done, Conversion), done
    done.discard()


@pytest.mark.parametrize(
    ("name", "reason", "detail"),
    [
        ("hang", "Converter hang did not finish converting a.txt within 3 s and was stopped.", "instrument"),
        ("spin", "Converter spin did not finish converting a.txt within 3 s and was stopped.", ""),
        (
            "exit",
            'Converter exit ended its process while converting a.txt: exit code 42. Its last output: "lic',
            "",
        ),
        ("segfault", "Converter segfault ended its process while converting a.txt: signal 11 (Segm", ""),
        (
            "eat",
            "Converter eat wanted more than 100 MB of memory while converting a.txt and was stopped.",
            "",
        ),
        (
            "flood",
            "Converter flood printed more than 0.5 MB while converting a.txt and was stopped.",
            "still",
        ),
        ("endless", "Converter endless did not finish converting a.txt within 3 s and was stopped.", ""),
    ],
)
async def test_a_broken_limit_fails_the_file_and_nothing_else(
    bench: Bench, name: str, reason: str, detail: str
) -> None:
    path = bench.file("a.txt", "x")
    async with bench.pool(memory_mb=100, output_mb=0.5) as pool:
        await pool.refresh()
        job = bench.job(
            path, name, options={name: {"timeout": 3 if name in {"hang", "spin", "endless"} else 20}}
        )
        bad = asyncio.create_task(pool.convert(job))
        await until(lambda: pool.converting == 1 or bad.done())
        await _well(pool, bench)
        failed = await bad
        assert isinstance(failed, Failed)
        assert failed.reason.startswith(reason)
        assert detail in failed.detail
        assert (failed.converter, failed.fault) == (name, True)
        await _well(pool, bench)
        assert bench.left_over() == []
        assert path.read_text() == "x"


@pytest.mark.parametrize("name", ["steady", "hang"])
async def test_a_large_file_gets_more_time_and_a_hung_converter_ends_all_the_same(
    bench: Bench, name: str
) -> None:
    path = bench.file("large.txt", "x" * (2 << 20))
    async with bench.pool(timeout=1.0) as pool:
        converting = asyncio.create_task(pool.convert(bench.job(path, name)))
        await until(lambda: pool.may_take > 0 or converting.done())
        assert pool.may_take == 5.0
        done = await converting
        assert pool.may_take == 0.0
        if name == "steady":
            assert isinstance(done, Conversion), done
            done.discard()
        else:
            assert isinstance(done, Failed)
            reason = "Converter hang did not finish converting large.txt within 5 s and was stopped."
            assert done.reason.startswith(reason)
        await _well(pool, bench)
        assert bench.left_over() == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("exit", "SystemExit: 3"),
        ("interrupt", "KeyboardInterrupt"),
        ("stop", "StopIteration"),
        ("generator", "GeneratorExit"),
        ("unspeakable", "UnspeakableError, whose text cannot be shown (RuntimeError)"),
        ("group", "ExceptionGroup: several (2 sub-exceptions)"),
        ("recursion", "it is nested too deeply"),
        ("key", "KeyError: 'sn' (hostile.py line"),
        ("os", "FileNotFoundError: [Errno 2] No such file: '/limits.ini'"),
    ],
)
async def test_odd_exceptions_become_reasons(bench: Bench, content: str, reason: str) -> None:
    path = bench.file("a.txt", content)
    async with bench.pool() as pool:
        failed = await pool.convert(bench.job(path, "odd"))
        assert isinstance(failed, Failed)
        assert reason in failed.reason
        assert "hostile.py" in failed.detail
        assert "a.txt" in failed.reason
        assert failed.fault == (content != "recursion")
        await _well(pool, bench)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("none", "Converter wrong returns a NoneType: convert() must yield reports"),
        ("dict", "Converter wrong yields a dict instead of a Report"),
        ("late", "Converter wrong yields something after its Resume"),
        ("empty", "Converter wrong cannot convert a.txt: there is no report in it"),
        ("list", ""),
    ],
)
async def test_a_broken_protocol_is_told(bench: Bench, content: str, reason: str) -> None:
    path = bench.file("a.txt", content)
    async with bench.pool() as pool:
        outcome = await pool.convert(bench.job(path, "wrong"))
    if content == "list":
        assert isinstance(outcome, Conversion)
        assert outcome.reports[0].serial_number == "LIST"
    else:
        assert isinstance(outcome, Failed)
        assert reason in outcome.reason


async def test_one_report_against_the_rules_fails_the_whole_file(bench: Bench) -> None:
    path = bench.file("a.txt", "x")
    async with bench.pool() as pool:
        failed = await pool.convert(bench.job(path, "invalid"))
    assert isinstance(failed, Failed)
    assert failed.place == "report 2"
    assert "a.txt: report 2: the report of BAD" in failed.reason
    assert "pn" in failed.reason
    assert "rev" in failed.reason
    assert not failed.fault
    assert bench.left_over() == []


async def test_what_is_printed_is_not_taken_for_an_answer(bench: Bench) -> None:
    path = bench.file("a.txt", "x")
    async with bench.pool() as pool:
        done = await pool.convert(bench.job(path, "chatter"))
    assert isinstance(done, Conversion)
    assert done.reports[0].serial_number == "SINNER"


@pytest.mark.parametrize("name", ["leak", "threads"])
async def test_a_worker_with_leaked_handles_or_threads_is_replaced(bench: Bench, name: str) -> None:
    path = bench.file("a.txt", "x")
    async with bench.pool() as pool:
        await _well(pool, bench)
        before = {worker.child.pid for worker in pool._crew._all}
        assert isinstance(await pool.convert(bench.job(path, name)), Conversion)
        await _well(pool, bench)
        assert before.isdisjoint(worker.child.pid for worker in pool._crew._all)
        assert pool.workers == 1


@pytest.mark.parametrize("how", ["goes on", "raises"])
async def test_a_converter_that_forks_gives_its_reports_once(bench: Bench, how: str) -> None:
    path = bench.file("a.txt", how)
    async with bench.pool() as pool:
        done = await pool.convert(bench.job(path, "fork"))
        assert isinstance(done, Conversion), done
        (meta,) = done.reports
        assert done.results is not None
        assert done.results.stat().st_size == meta.size
        done.discard()
        await _well(pool, bench)


async def test_litter_stays_out_of_the_way(bench: Bench) -> None:
    path = bench.file("a.txt", "x")
    async with bench.pool() as pool:
        assert isinstance(await pool.convert(bench.job(path, "litter")), Conversion)
    assert (bench.temp / "work" / "litter.tmp").exists()
    assert not (path.parent / "litter.tmp").exists()


@pytest.mark.parametrize(
    ("file", "reason"), [("hang.txt", "within 2 s"), ("crash.txt", "ValueError: crash.txt")]
)
async def test_a_converter_that_fails_to_detect_blocks_only_doubtful_files(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, file: str, reason: str
) -> None:
    monkeypatch.setattr("stationmaster.convert.search.LOOK_TIMEOUT", 2.0)
    mine = bench.file(file, "plain\nSN-1\nend")
    doubtful = bench.file("x" + file, "something")
    async with bench.pool() as pool:
        failed = await pool.convert(bench.job(doubtful, "growing", "dithers"))
        assert isinstance(failed, Failed)
        assert "dithers" in failed.reason
        assert "looking at" in failed.reason
        # another converter is sure: the file is not held up
        done = await pool.convert(bench.job(mine, "dithers", "plain"))
        assert isinstance(done, Conversion)
        direct = await pool.convert(bench.job(mine, "dithers", "growing"))
        assert isinstance(direct, Failed)
        assert reason in direct.reason


async def test_a_completeness_check_that_fails_is_told(bench: Bench) -> None:
    async with bench.pool() as pool:
        failed = await pool.convert(bench.job(bench.file("a.txt", "x"), "pedant"))
    assert isinstance(failed, Failed)
    assert "pedant failed while looking at a.txt with ZeroDivisionError" in failed.reason


async def test_slow_converters_do_not_take_all_slots(bench: Bench) -> None:
    """Of four slots, hanging work of one folder gets half; and its share of the cores goes to others."""
    path = bench.file("a.txt", "x")
    bench.slots.limit = 2
    async with bench.pool(timeout=60.0, slow_seconds=0.05) as pool:
        await pool.refresh()
        hanging = [asyncio.create_task(pool.convert(bench.job(path, "hang"))) for _ in range(6)]
        await until(lambda: pool.converting >= 2)
        for _ in range(3):
            await _well(pool, bench)
        assert 2 <= pool.converting <= 4
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
    assert (bench.slots.taken, bench.slots.waiting) == (0, 0)


async def test_a_converter_that_fails_on_everything_is_held(bench: Bench, clock: FakeClock) -> None:
    path = bench.file("a.txt", "x")
    good = bench.file("b.txt", "list")
    async with bench.pool() as pool:
        for _ in range(FAULTS_TO_HOLD):
            assert isinstance(await pool.convert(bench.job(path, "exit")), Failed)
        held = await pool.convert(bench.job(path, "exit"))
        assert isinstance(held, NotYet)
        assert held.reason == "held"
        problem = pool.problems()[0]
        assert (problem.code, problem.subject) == (ProblemCode.CONVERTER_FAILING, "exit")
        assert problem.severity is Severity.ERROR
        assert problem.since == clock.now()
        assert isinstance(await pool.convert(bench.job(good, "wrong")), Conversion)
        # one file is let through now and then
        await clock.advance(FIRST_PAUSE + 1)
        assert isinstance(await pool.convert(bench.job(path, "exit")), Failed)
        assert isinstance(await pool.convert(bench.job(path, "exit")), NotYet)
        # a mended converter is loaded at once
        plugin = bench.folder / "hostile.py"
        plugin.write_text(plugin.read_text().replace("os._exit(42)", "return"))
        await clock.advance(LOOK_INTERVAL + 1)
        assert isinstance(await pool.convert(bench.job(path, "exit")), Conversion)
        assert not pool.problems()


async def test_wrong_files_hold_nothing_but_are_told(bench: Bench) -> None:
    path = bench.file("a.txt", "empty")
    async with bench.pool() as pool:
        for _ in range(10):
            assert isinstance(await pool.convert(bench.job(path, "wrong")), Failed)
        problem = pool.problems()[0]
        assert problem.severity is Severity.WARNING
        assert "10 files" in problem.text
        path.write_text("list")
        assert isinstance(await pool.convert(bench.job(path, "wrong")), Conversion)
        assert not pool.problems()


async def test_a_cancelled_conversion_ends_its_worker(bench: Bench) -> None:
    path = bench.file("a.txt", "x")
    async with bench.pool(timeout=60.0) as pool:
        task = asyncio.create_task(pool.convert(bench.job(path, "hang")))
        await until(lambda: any(worker.child.busy for worker in pool._crew._all) and pool.converting == 1)
        pid = next(worker.child.pid for worker in pool._crew._all)
        assert pid
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: not running(pid), what="the end of the worker")
        assert pool.workers == 0
        await _well(pool, bench)


async def test_wrong_options_hold_the_files(bench: Bench) -> None:
    path = bench.file("a.txt", "plain\nSN-1\nend")
    wrong: list[dict[str, Any]] = [
        {"colour": "red"},
        {"suffix": 3},
        {"timeout": "long"},
        {"memory_mb": -1},
        {"timeout": True},
    ]
    async with bench.pool() as pool:
        for options in wrong:
            held = await pool.convert(bench.job(path, "plain", options={"plain": options}))
            assert isinstance(held, NotYet), options
            assert held.reason == "held"
            assert next(iter(options)) in held.text
        assert pool.problems()[0].title == "Converter plain cannot be used"
        await _well(pool, bench)
        assert not pool.problems()


async def test_no_worker_can_be_started(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    path = bench.file("a.txt", "plain\nSN-1\nend")
    async with bench.pool() as pool:
        await pool.refresh()
        for worker in list(pool._crew._all):
            worker.child.kill()
            await worker.child.aclose()
        monkeypatch.setattr("sys.executable", "/nowhere/python")
        outcome = await pool.convert(bench.job(path, "plain"))
        assert isinstance(outcome, NotYet)
        assert outcome.reason == "busy"
        assert pool.problems()[0].subject == "worker"
        monkeypatch.undo()
        await _well(pool, bench)
        assert not pool.problems()
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    async with bench.pool() as pool:
        assert isinstance(await pool.convert(bench.job(path, "plain")), NotYet)
        assert [problem.subject for problem in pool.problems()] == ["worker"]
        assert not pool.converters


@pytest.mark.parametrize("names", [("growing",), ("plain", "growing")])
async def test_a_share_that_hangs_is_not_the_converters_fault(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    """A pipe nobody writes to behaves as a file on a hung share does: opening it never returns."""
    path = bench.root / "pipe.txt"
    os.mkfifo(path)
    monkeypatch.setattr("stationmaster.convert.share.SHARE_TIMEOUT", 0.3)
    async with bench.pool(timeout=3.0) as pool:
        outcome = await pool.convert(bench.job(path, *names))
        assert isinstance(outcome, NotYet)
        assert outcome.reason == "busy"
        assert "does not answer" in outcome.text
        assert not any(pool._troubles.breaker(name).failures for name in names)
        assert not pool.problems()
        await _well(pool, bench)


@pytest.mark.parametrize(("name", "reason"), [("busy", "busy"), ("remover", "vanished")])
async def test_the_file_s_own_trouble_is_not_the_converters_fault(
    bench: Bench, name: str, reason: str
) -> None:
    async with bench.pool() as pool:
        outcome = await pool.convert(bench.job(bench.file("a.txt", "x"), name))
        assert isinstance(outcome, NotYet)
        assert outcome.reason == reason
        assert "a.txt" in outcome.text
        assert not pool._troubles.breaker(name).failures


async def test_a_converter_that_went_away_holds_its_files(bench: Bench, clock: FakeClock) -> None:
    """Between two looks at the folder a worker may meet a file that no longer has the class."""
    path = bench.file("a.txt", "plain\nSN-1\nend")
    plugin = bench.folder / "plain.py"
    async with bench.pool() as pool:
        await pool.refresh()
        for worker in list(pool._crew._all):
            await worker.child.aclose()
        plugin.write_text(plugin.read_text().replace("class Growing", "class Grown"))
        held = await pool.convert(bench.job(path, "growing"))
        assert isinstance(held, NotYet)
        assert "plain.py has no 'Growing'" in held.text
        assert pool.problems()[0].subject == "growing"
        await clock.advance(LOOK_INTERVAL)
        assert isinstance(await pool.convert(bench.job(path, "growing")), Conversion)
        assert not pool.problems()


async def test_a_held_converter_blocks_only_doubtful_files(bench: Bench) -> None:
    path = bench.file("a.txt", "plain\nSN-1\nend")
    doubtful = bench.file("b.txt", "x")
    async with bench.pool() as pool:
        for _ in range(FAULTS_TO_HOLD):
            assert isinstance(await pool.convert(bench.job(doubtful, "exit")), Failed)
        assert isinstance(await pool.convert(bench.job(path, "exit", "plain")), Conversion)
        held = await pool.convert(bench.job(doubtful, "exit", "growing"))
        assert isinstance(held, NotYet)
        assert held.reason == "held"
