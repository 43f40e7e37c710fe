"""The watcher over real folders: what is offered, what is not, and when. Time is scripted, hints are off."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.clock import FakeClock
from fakes.ingest import NOW, Rig, codes, folder_at, write
from fakes.waiting import until
from stationmaster.config.schema import After
from stationmaster.ingest.claim import Claim, Outcome
from stationmaster.ingest.files import LocalFiles, Names
from stationmaster.ingest.folder import QUIET_INTERVAL
from stationmaster.ingest.known import KnownFiles
from stationmaster.ingest.scan import Selection
from stationmaster.ingest.wakeup import WakeUp
from stationmaster.model import Lane, ProblemCode


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
    calls: list[bool] = []
    nudges: list[Callable[[], None]] = []

    class Nudging(LocalFiles):
        async def names(self, known: KnownFiles, *, restart: bool) -> Names:
            part = await super().names(known, restart=restart)
            calls.append(restart)
            while nudges:
                nudges.pop()()
            return part

    def make(root: str, selection: Selection, *, child: bool) -> LocalFiles:
        return Nudging(root, selection, copier=lambda: make(root, selection, child=child))

    async with Rig([folder_at(tmp_path)], make=make) as rig:
        calls.clear()
        nudges.append(rig.watcher.nudge)
        rig.watcher.nudge()
        await rig.quiet()

        assert calls == [True, True], "a nudge in the middle asks for another scan"
        assert rig.watcher._folders[0].sight.tried


async def test_a_new_sub_folder_is_looked_into_soon(tmp_path: Path) -> None:
    async with Rig([folder_at(tmp_path, recursive=True)]) as rig:
        write(tmp_path / "new" / "a.xml")
        rig.watcher._folders[0]._on_change({"new"})
        await rig.quiet()
        await rig.go(1.3)

        assert rig.names() == ["a.xml"]


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
