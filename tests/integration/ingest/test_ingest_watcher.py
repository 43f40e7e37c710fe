"""The watcher over real folders: what is offered, what is not, and when. Time is scripted, hints are off."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.clock import FakeClock
from fakes.ingest import FakeLedger, Rig, folder_at, row_of
from fakes.waiting import PATIENCE, until
from stationmaster.config.schema import After, LaneChoice
from stationmaster.errors import NeedsUserError
from stationmaster.ingest import plan
from stationmaster.ingest.claim import Claim, Outcome
from stationmaster.ingest.files import FolderHangsError, LocalFiles, Names
from stationmaster.ingest.folder import QUIET_INTERVAL
from stationmaster.ingest.known import KnownFiles
from stationmaster.ingest.release import Standing
from stationmaster.ingest.scan import Selection
from stationmaster.ingest.wakeup import WakeUp
from stationmaster.ingest.watcher import Watcher
from stationmaster.model import Lane, ProblemCode, SourceState

NOW = FakeClock().now().timestamp()


def write(path: Path, text: str = "x", *, age: float | None = 1.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    if age is not None:
        os.utime(path, (NOW - age - 0.4, NOW - age - 0.4))  # whole seconds mean a coarse clock
    return path


def codes(rig: Rig) -> list[ProblemCode]:
    return [problem.code for problem in rig.watcher.problems()]


async def test_a_file_is_offered_once_it_rested(tmp_path: Path) -> None:
    async with Rig([folder_at(tmp_path)]) as rig:
        path = write(tmp_path / "a.xml", "12345")
        rig.watcher.nudge()
        await rig.quiet()
        await rig.go(0.9)
        assert rig.take() == []
        await rig.go(0.2)

        (claim,) = rig.take()

        assert (claim.state.path, claim.state.size) == (path, 5)
        assert claim.state.mtime_ns == path.stat().st_mtime_ns
        assert claim.lane is Lane.LIVE
        assert claim.rested == pytest.approx(1.0, abs=0.11)
        assert claim.resume is None
        assert not claim.overdue
        assert rig.take() == []


async def test_scans_go_on_by_themselves(tmp_path: Path) -> None:
    async with Rig([folder_at(tmp_path)]) as rig:
        write(tmp_path / "a.xml")
        await rig.go(3.2)

        assert rig.names() == ["a.xml"]


async def test_quiet_folders_that_are_watched_are_scanned_together_and_less_often(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    folders = [folder_at(tmp_path / name) for name in ("a", "b")]
    clock = FakeClock()
    async with Rig(folders, clock=clock, wakeup=WakeUp(clock)) as rig:
        await rig.go(0.7)
        rig.watcher._folders[1].nudge()  # out of step with the other one
        await rig.go(6.0)
        scans: list[set[int]] = [set(), set()]
        began = clock.now()
        for _ in range(160):
            await rig.go(0.1)
            for seen, status in zip(scans, rig.watcher.status(), strict=True):
                if status.last_scan_at is not None and status.last_scan_at > began:
                    seen.add(round(status.last_scan_at.timestamp()))

        assert scans[0] == scans[1]
        assert {b - a for a, b in itertools.pairwise(sorted(scans[0]))} == {QUIET_INTERVAL}


async def test_a_file_that_is_still_written_is_not_offered(tmp_path: Path) -> None:
    async with Rig([folder_at(tmp_path)]) as rig:
        path = write(tmp_path / "a.xml")
        rig.watcher.nudge()
        await rig.quiet()
        for number in range(20):
            await rig.go(0.5)
            path.write_text("x" * (number + 2))
            rig.watcher._folders[0]._on_change({"a.xml"})
            await rig.quiet()
            assert rig.take() == []
        await rig.go(1.1)

        assert [claim.state.size for claim in rig.take()] == [21]


async def test_a_file_taken_once_is_not_offered_again(tmp_path: Path) -> None:
    async with Rig([folder_at(tmp_path)]) as rig:
        write(tmp_path / "a.xml")
        await rig.scan()
        assert rig.names() == ["a.xml"]
        await rig.go(120, 1.0)

        assert rig.take() == []
        assert rig.watcher.idle


@pytest.mark.parametrize("age", [1.0, -86_400.0, 10_000.0])
async def test_a_file_overwritten_in_place_is_new(tmp_path: Path, age: float) -> None:
    """Whatever its mtime becomes: newer, in the future, older than before."""
    async with Rig([folder_at(tmp_path)]) as rig:
        write(tmp_path / "a.xml", "first", age=100.0)
        await rig.scan()
        assert rig.names() == ["a.xml"]
        write(tmp_path / "a.xml", "other", age=age)
        await rig.go(28, 1.0)

        assert rig.names() == ["a.xml"]


async def test_another_size_with_the_same_mtime_is_new(tmp_path: Path) -> None:
    async with Rig([folder_at(tmp_path)]) as rig:
        write(tmp_path / "a.xml", "first")
        await rig.scan()
        rig.names()
        write(tmp_path / "a.xml", "longer than the first")
        await rig.go(28, 1.0)

        assert [claim.state.size for claim in rig.take()] == [21]


@pytest.mark.parametrize("after", [After.KEEP, After.DELETE])
async def test_a_second_write_that_a_coarse_clock_does_not_show_is_what_is_taken(
    tmp_path: Path, after: After
) -> None:
    """FAT counts every second second: the same size and mtime again, after the settle time."""
    path = tmp_path / "in" / "a.xml"
    async with Rig([folder_at(tmp_path / "in", after=after)]) as rig:
        for number, text in enumerate(("one", "two")):
            write(path, text)
            os.utime(path, (NOW, NOW))
            if number == 0:
                rig.watcher.nudge()
                await rig.quiet()
                await rig.go(1.5)
            assert rig.take() == [], "a write at this moment would not show"
        await rig.go(0.7)

        (claim,) = rig.take()

        assert claim.state.path.read_text() == "two"


async def test_what_lies_there_in_place_of_what_was_taken_is_new(tmp_path: Path) -> None:
    """Whether that is found before or after the file counts as dealt with."""
    path = tmp_path / "in" / "a.xml"
    async with Rig([folder_at(tmp_path / "in", after=After.DELETE)]) as rig:
        write(path, "one")
        for text, dealt_with_first in (("two", False), ("six", True)):
            await rig.scan()
            (claim,) = rig.take()
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            job = plan.after_commit(
                claim.folder, claim.state, archive=tmp_path, taken_at=rig.clock.now(), digest=digest
            )
            write(path, text)
            os.utime(path, ns=(0, claim.state.mtime_ns))
            if dealt_with_first:
                rig.watcher.done(claim, Outcome.CONVERTED)
                await rig.go(1.0)
            assert (await rig.watcher.release(claim.key, job)).standing is Standing.CHANGED
            if not dealt_with_first:
                rig.watcher.done(claim, Outcome.CONVERTED)
            assert path.read_text() == text
        await rig.go(1.5)

        assert rig.names() == ["a.xml"]
        await rig.go(60.0, 1.0)
        assert rig.names() == [], "and it is offered once"


async def test_a_clock_set_back_delays_nothing(tmp_path: Path) -> None:
    async with Rig([folder_at(tmp_path)]) as rig:
        rig.clock.set_back(86_400)
        write(tmp_path / "a.xml")
        await rig.go(3.3)

        assert rig.names() == ["a.xml"]


async def test_a_growing_file_is_offered_after_each_growth_with_its_resume_mark(tmp_path: Path) -> None:
    async with Rig([folder_at(tmp_path)]) as rig:
        marks = []
        for number in range(50):
            with (tmp_path / "day.log").open("a") as file:
                file.write(f"unit {number}\n")
            rig.watcher._folders[0]._on_change({"day.log"})
            await rig.quiet()
            await rig.go(1.1, 0.55)
            (claim,) = rig.take()
            marks.append(claim.resume)
            rig.watcher.done(claim, Outcome.CONVERTED, resume=str(number).encode())

        assert marks == [None, *(str(number).encode() for number in range(49))]


async def test_growth_while_it_is_converted_is_offered_next(tmp_path: Path) -> None:
    async with Rig([folder_at(tmp_path)]) as rig:
        path = write(tmp_path / "a.xml", "one")
        await rig.scan()
        (claim,) = rig.take()
        write(path, "one and two")
        rig.watcher._folders[0]._on_change({"a.xml"})
        await rig.quiet()
        rig.watcher.done(claim, Outcome.CONVERTED)
        await rig.quiet()
        await rig.go(1.2)

        assert [each.state.size for each in rig.take()] == [11]


async def test_what_the_ledger_knows_is_not_offered_after_a_restart(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{number}.xml") for number in range(5)]
    rows = [row_of(tmp_path, path) for path in paths[:3]]
    rows.append(row_of(tmp_path, paths[3], resume=b"mark"))
    write(paths[2], "overwritten while the agent was away")
    write(paths[3], "grown while the agent was away")

    async with Rig([folder_at(tmp_path)], FakeLedger(rows)) as rig:
        await rig.go(30, 1.0)
        claims = {claim.state.path.name: claim.resume for claim in rig.take()}

    assert claims == {"2.xml": None, "3.xml": b"mark", "4.xml": None}


async def test_a_ledger_that_cannot_be_read_now_is_read_later(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xml")
    ledger = FakeLedger([row_of(tmp_path, path)])
    ledger.failures = 2
    async with Rig([folder_at(tmp_path)], ledger) as rig:
        await rig.go(4.0)
        assert rig.watcher.status()[0].last_scan_at is None
        await rig.go(10.0)

        assert rig.watcher.status()[0].last_scan_at is not None
        assert rig.take() == []


@pytest.mark.parametrize("outcome", [Outcome.BUSY, Outcome.INCOMPLETE, Outcome.CHANGED])
async def test_what_was_not_ready_comes_again_and_holds_nothing_up(tmp_path: Path, outcome: Outcome) -> None:
    async with Rig([folder_at(tmp_path, incomplete_after=600.0)]) as rig:
        write(tmp_path / "stuck.xml")
        await rig.scan()
        offers = 0
        for number in range(40):
            write(tmp_path / f"{number}.xml")
            rig.watcher.nudge()
            await rig.quiet()
            await rig.go(20, 0.5)
            claims = rig.take()
            for claim in claims:
                stuck = claim.state.path.name == "stuck.xml"
                offers += stuck
                rig.watcher.done(claim, outcome if stuck else Outcome.CONVERTED)
                assert not stuck or claim.overdue == (claim.rested >= 600.0)
            assert f"{number}.xml" in [claim.state.path.name for claim in claims]

        assert 20 <= offers <= 40  # every 30 s at last, but only asked for every 20 s
        expected = {
            Outcome.BUSY: [ProblemCode.SOURCE_LOCKED],
            Outcome.INCOMPLETE: [ProblemCode.SOURCE_INCOMPLETE],
            Outcome.CHANGED: [],
        }
        assert codes(rig) == expected[outcome]
        assert rig.watcher.idle


async def test_a_returned_claim_is_offered_again_at_once(tmp_path: Path) -> None:
    async with Rig([folder_at(tmp_path)]) as rig:
        write(tmp_path / "a.xml")
        await rig.scan()
        (claim,) = rig.take()
        rig.watcher.done(claim, Outcome.RETURNED)
        rig.watcher.done(claim, Outcome.RETURNED)
        await rig.quiet()

        assert rig.names() == ["a.xml"]


async def test_a_vanished_file_may_come_back(tmp_path: Path) -> None:
    async with Rig([folder_at(tmp_path)]) as rig:
        path = write(tmp_path / "a.xml")
        await rig.scan()
        (claim,) = rig.take()
        path.unlink()
        rig.watcher.done(claim, Outcome.VANISHED)
        await rig.go(3)
        assert rig.watcher.waiting == 0
        write(path)
        await rig.go(5)

        assert rig.names() == ["a.xml"]


async def test_a_file_that_vanishes_while_it_rests_is_no_trouble(tmp_path: Path) -> None:
    async with Rig([folder_at(tmp_path)]) as rig:
        path = write(tmp_path / "a.xml")
        rig.watcher.nudge()
        await rig.quiet()
        assert rig.watcher.waiting == 1
        path.unlink()
        await rig.go(3)

        assert (rig.watcher.waiting, rig.take(), codes(rig)) == (0, [], [])


async def test_a_file_that_vanishes_while_it_is_claimed(tmp_path: Path) -> None:
    async with Rig([folder_at(tmp_path)]) as rig:
        path = write(tmp_path / "a.xml")
        await rig.scan()
        (claim,) = rig.take()
        path.unlink()
        rig.watcher._folders[0]._on_change({"a.xml"})
        await rig.quiet()
        rig.watcher.done(claim, Outcome.CONVERTED)
        await rig.go(0.5)
        write(path, "new")
        await rig.go(4)

        assert rig.names() == ["a.xml"]


async def test_a_burst_is_batch_work_and_what_comes_after_it_is_live(tmp_path: Path) -> None:
    async with Rig([folder_at(tmp_path)]) as rig:
        for number in range(600):
            write(tmp_path / f"burst-{number}.xml")
        await rig.scan()
        write(tmp_path / "live.xml")
        await rig.go(4)

        claims = rig.take()

        lanes = {claim.state.path.name: claim.lane for claim in claims}
        assert len(lanes) == len(claims) == 601
        assert lanes.pop("live.xml") is Lane.LIVE
        assert set(lanes.values()) == {Lane.BATCH}
        assert claims[0].state.path.name == "live.xml"


async def test_a_burst_larger_than_the_window_comes_in_parts(tmp_path: Path) -> None:
    async with Rig([folder_at(tmp_path)]) as rig:
        for number in range(5_000):
            (tmp_path / f"{number}.xml").touch()
        names: set[str] = set()
        rig.watcher.nudge()
        await rig.quiet()
        assert rig.watcher.waiting == 5_000
        assert len(rig.watcher._folders[0].roster.pending) <= 2_000
        for _ in range(5):
            await rig.go(1.2, 0.6)
            names |= set(rig.names())

        assert len(names) == 5_000


@pytest.mark.parametrize(("size", "age", "lane"), [
    (10, 1.0, Lane.LIVE),
    (10, 700.0, Lane.BATCH),
    (9 * 1024 * 1024, 1.0, Lane.BATCH),
])  # fmt: skip
async def test_the_lane_of_a_file(tmp_path: Path, size: int, age: float, lane: Lane) -> None:
    async with Rig([folder_at(tmp_path)]) as rig:
        path = tmp_path / "a.xml"
        with path.open("wb") as file:
            file.truncate(size)
        os.utime(path, (NOW - age, NOW - age))
        await rig.scan()

        assert [claim.lane for claim in rig.take()] == [lane]


async def test_batch_work_gets_one_claim_in_eight(tmp_path: Path) -> None:
    live, batch = tmp_path / "live", tmp_path / "batch"
    for number in range(30):
        write(live / f"{number}.xml")
        write(batch / f"{number}.xml")
    folders = [folder_at(live), folder_at(batch, lane=LaneChoice.BATCH)]
    async with Rig(folders) as rig:
        await rig.scan()
        lanes = []
        for _ in range(16):
            claim = await rig.watcher.claim()
            assert claim is not None
            lanes.append(claim.lane)

        assert lanes.count(Lane.BATCH) == 2


async def test_folders_take_turns(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "abc"]
    for folder in folders:
        for number in range(5):
            write(folder / f"{number}.xml")
    async with Rig([folder_at(folder) for folder in folders]) as rig:
        await rig.scan()
        claims = rig.take()

    parents = [claim.state.path.parent.name for claim in claims]
    assert all(set(parents[start : start + 3]) == set("abc") for start in range(0, 15, 3))


async def test_what_was_not_taken_is_offered_at_once_when_asked_for(tmp_path: Path) -> None:
    write(tmp_path / "a.xml")
    async with Rig([folder_at(tmp_path)]) as rig:
        await rig.scan()
        for _ in range(6):
            (claim,) = rig.take()
            rig.watcher.done(claim, Outcome.BUSY)
            rig.watcher.hasten()
            await rig.go(0.1)
        rig.watcher.done(rig.take()[0], Outcome.BUSY)
        await rig.go(0.1)
        assert rig.take() == [], "by itself it waits for seconds now"


async def test_consumers_wait_until_there_is_something(tmp_path: Path) -> None:
    async with Rig([folder_at(tmp_path)]) as rig:
        got: list[Claim] = []

        async def consume() -> None:
            while (claim := await rig.watcher.claim()) is not None:
                got.append(claim)

        consumers = [asyncio.create_task(consume()) for _ in range(3)]
        for number in range(10):
            write(tmp_path / f"{number}.xml")
        await rig.scan()
        rig.watcher.stop_claiming()
        await asyncio.gather(*consumers)

        assert len({claim.state.path for claim in got}) == len(got) == 10
        assert await rig.watcher.claim() is None


async def test_two_overlapping_folders_offer_a_file_once(tmp_path: Path) -> None:
    inner = tmp_path / "line" / "one"
    write(inner / "a.xml")
    write(tmp_path / "b.xml")
    folders = [folder_at(tmp_path, recursive=True), folder_at(inner), folder_at(tmp_path / "link")]
    (tmp_path / "link").symlink_to(inner)
    async with Rig(folders) as rig:
        await rig.scan()
        await rig.go(5)
        claims = rig.take()

        assert sorted(str(claim.state.path.relative_to(tmp_path)) for claim in claims) == [
            "b.xml",
            str(Path("line", "one", "a.xml")),
        ]
        assert set(codes(rig)) == {ProblemCode.FOLDER_OVERLAP}
        texts = [problem.text for problem in rig.watcher.problems()]
        assert any(str(inner) in text for text in texts)


async def test_two_folders_on_one_path_with_other_files_do_not_overlap(tmp_path: Path) -> None:
    paths = [write(tmp_path / "a.xml"), write(tmp_path / "b.json")]
    folders = [folder_at(tmp_path, include=("*.xml",)), folder_at(tmp_path, include=("*.json",))]
    ledger = FakeLedger([row_of(tmp_path, path) for path in paths])
    async with Rig(folders, ledger) as rig:
        write(paths[0], "overwritten")
        await rig.go(40, 1.0)
        claims = rig.take()

        assert [(claim.state.path, claim.folder) for claim in claims] == [(paths[0], folders[0])]
        assert codes(rig) == []


async def test_a_missing_folder_is_a_problem_that_heals(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    async with Rig([folder_at(folder)]) as rig:
        await rig.go(60, 1.0)
        (problem,) = rig.watcher.problems()
        assert problem.code is ProblemCode.FOLDER_MISSING
        assert (problem.instance, problem.subject) == ("line-1", str(folder))
        assert problem.since == rig.clock._start
        assert not rig.watcher.status()[0].reachable
        write(folder / "a.xml")
        await rig.go(33, 1.0)

        assert rig.names() == ["a.xml"]
        assert codes(rig) == []
        assert rig.watcher.status()[0].reachable


async def test_a_folder_that_goes_away_for_a_while_brings_nothing_twice(tmp_path: Path) -> None:
    folder = tmp_path / "share"
    for number in range(10):
        write(folder / f"{number}.xml")
    async with Rig([folder_at(folder)]) as rig:
        await rig.scan()
        assert len(rig.names()) == 10
        folder.rename(tmp_path / "away")
        await rig.go(1000, 10.0)
        assert codes(rig) == [ProblemCode.FOLDER_MISSING]
        (tmp_path / "away").rename(folder)
        await rig.go(60, 1.0)

        assert (rig.take(), codes(rig)) == ([], [])


async def test_an_unmounted_share_looks_empty_and_brings_nothing_twice(tmp_path: Path) -> None:
    folder = tmp_path / "share"
    for number in range(10):
        write(folder / f"{number}.xml")
    async with Rig([folder_at(folder)]) as rig:
        await rig.scan()
        rig.names()
        folder.rename(tmp_path / "away")
        folder.mkdir()
        await rig.go(3000, 10.0)
        folder.rmdir()
        (tmp_path / "away").rename(folder)
        await rig.go(60, 1.0)

        assert rig.take() == []
        assert rig.ledger.forgotten == []


async def test_files_that_left_long_ago_are_forgotten_by_the_ledger_too(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{number}.xml") for number in range(3)]
    async with Rig([folder_at(tmp_path)]) as rig:
        await rig.scan()
        rig.names()
        paths[0].unlink()
        await rig.go(3000, 10.0)
        assert rig.ledger.forgotten == []
        rig.ledger.failures = 1
        await rig.go(3600 * 2, 10.0)

        assert rig.ledger.forgotten == [paths[0]]


async def test_a_folder_that_refuses_is_a_problem_that_heals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.xml")
    real: Callable[..., object] = os.scandir
    with monkeypatch.context() as patch:

        def refuse(path: str) -> object:
            raise PermissionError(13, "Permission denied", path)

        patch.setattr(os, "scandir", refuse)
        async with Rig([folder_at(tmp_path)]) as rig:
            await rig.go(60, 1.0)
            (problem,) = rig.watcher.problems()
            assert problem.code is ProblemCode.FOLDER_UNREADABLE
            assert "Permission denied" in problem.text

            patch.setattr(os, "scandir", real)
            await rig.go(33, 1.0)
            assert rig.names() == ["a.xml"]
            assert codes(rig) == []


async def test_an_unreadable_sub_folder_is_a_problem_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "good" / "a.xml")
    write(tmp_path / "bad" / "b.xml")
    real = os.scandir

    def scandir(path: str) -> object:
        if path.endswith("bad"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    async with Rig([folder_at(tmp_path, recursive=True)]) as rig:
        await rig.scan()
        assert rig.names() == ["a.xml"]
        (problem,) = rig.watcher.problems()
        assert "bad" in problem.text
        monkeypatch.setattr(os, "scandir", real)
        await rig.go(4)

        assert rig.names() == ["b.xml"]
        assert codes(rig) == []


async def test_a_local_folder_that_hangs_is_worked_in_a_child_from_then_on(tmp_path: Path) -> None:
    write(tmp_path / "a.xml")
    made: list[bool] = []

    class Hanging(LocalFiles):
        async def names(self, known: object, *, restart: bool) -> object:  # type: ignore[override]  # it never answers
            del known, restart
            raise FolderHangsError("no answer")

    def make(root: str, selection: object, *, child: bool) -> LocalFiles:
        made.append(child)
        kind = LocalFiles if child else Hanging
        return kind(root, selection, copier=lambda: make(root, selection, child=True))  # type: ignore[arg-type]  # as make_files is called

    async with Rig([folder_at(tmp_path)], make=make) as rig:
        assert codes(rig) == [ProblemCode.FOLDER_HANGING]
        await rig.go(20, 1.0)

        assert made == [False, True]
        assert rig.names() == ["a.xml"]
        assert codes(rig) == []


async def test_release_moves_and_the_name_may_be_used_again(tmp_path: Path) -> None:
    folder = folder_at(
        tmp_path / "in", after=After.MOVE, move_to=str(tmp_path / "in" / "done"), recursive=True
    )
    (tmp_path / "in").mkdir()
    async with Rig([folder]) as rig:
        for number in range(3):
            write(tmp_path / "in" / "result.xml", f"unit {number}")
            rig.watcher._folders[0]._on_change({"result.xml"})
            await rig.quiet()
            await rig.go(1.5)
            (claim,) = rig.take()
            job = plan.after_commit(folder, claim.state, archive=tmp_path, taken_at=rig.clock.now())
            released = await rig.watcher.release(claim.key, job)
            assert released.standing is Standing.DONE
            rig.watcher.done(claim, Outcome.CONVERTED)
            await rig.go(0.5)

    assert sorted(path.name for path in (tmp_path / "in" / "done").iterdir()) == [
        "result (2).xml",
        "result (3).xml",
        "result.xml",
    ]


async def test_a_release_that_fails_is_a_problem_until_it_works(tmp_path: Path) -> None:
    blocked = tmp_path / "done"
    blocked.write_text("a file where the folder should be")
    folder = folder_at(tmp_path / "in", after=After.MOVE, move_to=str(blocked))
    write(tmp_path / "in" / "a.xml")
    async with Rig([folder]) as rig:
        await rig.scan()
        (claim,) = rig.take()
        job = plan.after_commit(folder, claim.state, archive=tmp_path, taken_at=rig.clock.now())
        for _ in range(2):
            with pytest.raises(NeedsUserError) as caught:
                await rig.watcher.release(claim.key, job)
            assert caught.value.code is ProblemCode.RELEASE_FAILED
        rig.watcher.done(claim, Outcome.CONVERTED)
        await rig.go(30, 1.0)
        (problem,) = rig.watcher.problems()
        assert problem.code is ProblemCode.RELEASE_FAILED
        assert (rig.clock.now() - problem.since).total_seconds() == pytest.approx(30.0)
        assert rig.take() == []
        blocked.unlink()

        assert (await rig.watcher.release(claim.key, job)).standing is Standing.DONE
        assert codes(rig) == []
        assert (blocked / "a.xml").exists()


async def test_a_file_of_a_folder_that_is_not_watched_any_more_is_released(tmp_path: Path) -> None:
    path = write(tmp_path / "old" / "a.xml")
    folder = folder_at(path.parent, after=After.DELETE)
    row = row_of(path.parent, path)
    state = SourceState(path=path, size=row.size, mtime_ns=row.mtime_ns)
    async with Rig([]) as rig:
        job = plan.after_commit(folder, state, archive=tmp_path, taken_at=rig.clock.now())
        await rig.watcher.release(row.folder, job)

    assert not path.exists()


async def test_a_file_hidden_by_a_killed_release_gets_its_name_back(tmp_path: Path) -> None:
    write(tmp_path / ".stationmaster-0123abcd-a.xml")
    async with Rig([folder_at(tmp_path)]) as rig:
        await rig.go(30, 1.0)
        assert rig.take() == []
        await rig.go(40, 1.0)

        assert rig.names() == ["a.xml"]


async def test_a_hidden_file_that_cannot_get_its_name_back_is_no_trouble_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = write(tmp_path / ".stationmaster-0123abcd-a.xml")

    def refuse(root: str, name: str) -> Path:
        raise PermissionError(13, "Permission denied", f"{root}/{name}")

    monkeypatch.setattr("stationmaster.ingest.release.put_back", refuse)
    async with Rig([folder_at(tmp_path)]) as rig:
        await rig.go(100, 1.0)
        write(tmp_path / "b.xml")
        await rig.go(4)

        assert rig.names() == ["b.xml"]
        assert hidden.exists()


async def test_idle_says_when_all_is_done(tmp_path: Path) -> None:
    write(tmp_path / "a.xml")
    async with Rig([folder_at(tmp_path)]) as rig:
        states = [rig.watcher.idle]
        await rig.go(1.2)
        (claim,) = rig.take()
        states.append(rig.watcher.idle)
        rig.watcher.done(claim, Outcome.CONVERTED)
        await rig.quiet()
        await until(lambda: rig.watcher.idle)
        rig.watcher.nudge()
        states.append(rig.watcher.idle)
        assert states == [False, False, False]
        await until(lambda: rig.watcher.idle)


async def test_a_nudge_during_a_scan_begins_another(tmp_path: Path) -> None:
    for number in range(50):
        write(tmp_path / f"{number}.xml")
    async with Rig([folder_at(tmp_path)]) as rig:
        folder = rig.watcher._folders[0]
        files = await folder._s.access.files()
        real = files.names
        calls: list[bool] = []

        async def names(known: object, *, restart: bool) -> object:
            part = await real(known, restart=restart)  # type: ignore[arg-type]  # passed on
            calls.append(restart)
            if len(calls) == 1:
                rig.watcher.nudge()
            return part

        files.names = names  # type: ignore[method-assign,assignment]  # to be there at that moment
        rig.watcher.nudge()
        await rig.quiet()

        assert calls == [True, True], "a nudge in the middle asks for another scan"
        assert folder.sight.tried


async def test_a_new_sub_folder_is_looked_into_soon(tmp_path: Path) -> None:
    async with Rig([folder_at(tmp_path, recursive=True)]) as rig:
        write(tmp_path / "new" / "a.xml")
        rig.watcher._folders[0]._on_change({"new"})
        await rig.quiet()
        await rig.go(1.3)

        assert rig.names() == ["a.xml"]


async def test_what_half_a_scan_found_is_not_lost_when_the_folder_goes_away(tmp_path: Path) -> None:
    for number in range(20):
        write(tmp_path / f"{number}.xml")

    class HalfWay(LocalFiles):
        failures = 1

        async def names(self, known: KnownFiles, *, restart: bool) -> Names:
            if not restart and HalfWay.failures:
                HalfWay.failures -= 1
                raise OSError(5, "Input/output error")
            part = self._folder.names(known.names, restart=restart, limit=7, dropped=known.dropped)
            await asyncio.sleep(0)
            return part

    def make(root: str, selection: Selection, *, child: bool) -> LocalFiles:
        return HalfWay(root, selection, copier=lambda: make(root, selection, child=child))

    async with Rig([folder_at(tmp_path)], make=make) as rig:
        assert codes(rig) == [ProblemCode.FOLDER_UNREADABLE]
        await rig.go(5)

        assert rig.names() == sorted(f"{number}.xml" for number in range(20))
        assert codes(rig) == []


async def test_hints_at_more_than_a_handful_of_new_files_are_a_burst(tmp_path: Path) -> None:
    names = {f"{number}.xml" for number in range(510)}
    async with Rig([folder_at(tmp_path)]) as rig:
        for name in names:
            write(tmp_path / name)
        rig.watcher._folders[0]._on_change(names)
        await rig.quiet()
        await rig.go(1.2)

        lanes = [claim.lane for claim in rig.take()]
        assert (lanes.count(Lane.LIVE), lanes.count(Lane.BATCH)) == (500, 10)


async def test_hints_at_files_that_do_not_count_are_nothing(tmp_path: Path) -> None:
    async with Rig([folder_at(tmp_path, include=("*.xml",))]) as rig:
        for name in ("a.txt", ".b.xml", "sub/c.xml"):
            write(tmp_path / name)
        rig.watcher._folders[0]._on_change({"a.txt", ".b.xml", str(Path("sub", "c.xml")), "gone.xml"})
        await rig.quiet()

        assert rig.watcher.waiting == 0


async def test_an_open_claim_of_a_file_that_came_back_as_another_is_dealt_with_once(tmp_path: Path) -> None:
    async with Rig([folder_at(tmp_path)]) as rig:
        write(tmp_path / "a.xml")
        await rig.scan()
        (claim,) = rig.take()
        rig.watcher.done(claim, Outcome.FAILED)
        rig.watcher.done(claim, Outcome.BUSY)
        await rig.go(60, 1.0)

        assert rig.take() == []


async def test_a_folder_has_its_turns_for_ever_in_trouble_too(tmp_path: Path) -> None:
    for name in ("well", "missing"):
        (tmp_path / name).mkdir()
    folders = [folder_at(tmp_path / name) for name in ("well", "missing")]
    async with Rig(folders) as rig:
        (tmp_path / "missing").rmdir()
        for _ in range(5):
            before = rig.watcher.turns()
            await rig.go(31.0, 1.0)
            assert before.keys() == {folder.path for folder in folders}
            assert all(turns > before[root] for root, turns in rig.watcher.turns().items())
        assert codes(rig) == [ProblemCode.FOLDER_MISSING]


async def test_a_look_that_never_ends_costs_its_folder_all_further_turns(tmp_path: Path) -> None:
    """Each look has a deadline of its own; this one has lost it."""
    well, stuck = tmp_path / "well", tmp_path / "stuck"
    well.mkdir()
    stuck.mkdir()
    endless = asyncio.Event()

    class Endless(LocalFiles):
        async def names(self, known: KnownFiles, *, restart: bool) -> Names:
            if self._folder.root == str(stuck):
                await endless.wait()
            return await super().names(known, restart=restart)

    def make(root: str, selection: Selection, *, child: bool) -> LocalFiles:
        assert not child
        return Endless(root, selection, copier=lambda: make(root, selection, child=False))

    clock = FakeClock()
    watcher = Watcher([folder_at(well), folder_at(stuck)], FakeLedger(), clock, make=make)
    running = asyncio.create_task(watcher.run())
    await until(lambda: watcher.turns()[str(well)] > 0)
    for _ in range(3):
        before = watcher.turns()[str(well)]
        async with asyncio.timeout(PATIENCE):
            while watcher.turns()[str(well)] == before:
                await clock.advance(1.0)
                await asyncio.sleep(0.0005)  # its thread needs real time
    assert watcher.turns()[str(stuck)] == 0
    endless.set()
    await until(lambda: watcher.turns()[str(stuck)] > 0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_what_is_claimed_or_can_be_is_claimable_but_not_in_a_folder_in_trouble(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    async with Rig([folder_at(folder)]) as rig:
        seen = [rig.watcher.claimable]
        write(folder / "a.xml")
        await rig.scan()
        seen.append(rig.watcher.claimable)
        (claim,) = rig.take()
        seen.append(rig.watcher.claimable)
        rig.watcher.done(claim, Outcome.CONVERTED)
        seen.append(rig.watcher.claimable)
        write(folder / "b.xml")
        await rig.scan()
        seen.append(rig.watcher.claimable)
        folder.rename(tmp_path / "elsewhere")
        rig.watcher.nudge()
        await rig.quiet()
        seen.append(rig.watcher.claimable)
        assert seen == [False, True, True, False, True, False]
