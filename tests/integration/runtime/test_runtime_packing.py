"""A day that is over becomes one zip, by an agent that goes on with its work."""

from __future__ import annotations

import os
import signal
import sys
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from fakes.clock import FakeClock
from fakes.hosted import Hosted, ids
from fakes.oracle import Oracle
from fakes.oracle_script import Act, Behaviour, Rule, Script
from fakes.station import children
from stationmaster.archive.child import OWNER
from stationmaster.archive.pack import pack_day
from stationmaster.archive.place import INSIDE
from stationmaster.archive.writing import temporary_of
from stationmaster.model import ProblemCode
from stationmaster.runtime.packing import AGAIN_AFTER

pytestmark = pytest.mark.usefixtures("no_lingering_tasks")

DAY = 86400.0
TROUBLE = ProblemCode.ARCHIVE_NOT_PACKED


async def archived(hosted: Hosted, oracle: Oracle, **retention: object) -> Path:
    """A line that archives, and a folder for its files."""
    folder = hosted.folder("line1")
    patch = {f"retention.{name}": value for name, value in retention.items()}
    patch["watch"] = [hosted.watch(folder, after="archive")]
    await hosted.line("line1", oracle, patch=patch)
    return folder


def day_of(hosted: Hosted, back: int = 0) -> str:
    return f"{hosted.clock.now().astimezone() - timedelta(days=back):%Y-%m-%d}"


async def test_a_day_is_packed_once_it_is_over_and_its_files_are_found(
    hosted: Hosted, oracle: Oracle
) -> None:
    folder = await archived(hosted, oracle)
    async with hosted:
        archive = hosted.home.archive("line1")
        hosted.drop(folder, sn="SN-1", name="first.json")
        hosted.drop(folder, sn="SN-2", name="second.json")
        today = day_of(hosted)
        await hosted.until(lambda: hosted.completed("line1") == 2, what="the reports")
        await hosted.until(lambda: len(list((archive / today).glob("*.json"))) == 2, what="the archive")
        assert not list(archive.glob("*.zip"))

        hosted.clock.set_back(-DAY)
        pack = archive / f"{today}.zip"
        await hosted.until(lambda: pack.exists() and not (archive / today).exists(), step=10.0)

        with zipfile.ZipFile(pack) as found:
            assert found.namelist() == ["first.json", "second.json", "MANIFEST.json"]
        (one,) = await hosted.agent.find("SN-1")
        assert one.place == f"{pack}{INSIDE}first.json"
        assert (await hosted.agent.entry("line1", one.id)).place == one.place
        # what comes again is known still
        assert len(ids(oracle)) == 2


async def test_packing_waits_for_a_release_and_is_tried_again(hosted: Hosted, oracle: Oracle) -> None:
    folder = await archived(hosted, oracle)
    archive = hosted.home.archive("line1")
    hosted.home.ensure_instance("line1")
    today = day_of(hosted)
    async with hosted:
        hosted.drop(folder, name="first.json")
        await hosted.until(lambda: list((archive / today).glob("*.json")), what="the archive")
        # a second one is on record, but somebody still writes to it
        with (folder / "second.json").open("w+b") as writing:
            writing.write(hosted.wsjf())
            writing.flush()
            await hosted.until(lambda: hosted.completed("line1") == 2, what="the second")
            packing = hosted.supervisor("line1").instance._parts.packing  # type: ignore[union-attr] # it runs
            rounds = packing.rounds
            hosted.clock.set_back(-DAY)
            await hosted.until(lambda: packing.rounds > rounds, what="a look", step=10.0)
            assert not list(archive.glob("*.zip"))
        await hosted.until((archive / f"{today}.zip").exists, step=60.0)
        await hosted.until(lambda: not (archive / today).exists(), step=60.0)
        with zipfile.ZipFile(archive / f"{today}.zip") as found:
            assert len(found.namelist()) == 3


async def test_what_is_in_the_way_becomes_a_problem_and_goes_with_it(hosted: Hosted, oracle: Oracle) -> None:
    folder = await archived(hosted, oracle)
    async with hosted:
        archive, today = hosted.home.archive("line1"), day_of(hosted)
        hosted.drop(folder, name="first.json")
        await hosted.until(lambda: list((archive / today).glob("*.json")), what="the archive")
        foreign = archive / f"{today}.zip"
        foreign.write_bytes(b"somebody's")
        hosted.clock.set_back(-DAY)
        await hosted.until(lambda: hosted.problem(TROUBLE), what="the Problem", step=10.0)
        problem = hosted.problem(TROUBLE)
        assert problem is not None
        assert str(foreign) in problem.text
        assert problem.time_to_visible > AGAIN_AFTER
        assert (archive / today / "first.json").exists()
        foreign.unlink()
        await hosted.until(lambda: not hosted.problem(TROUBLE), what="its end", step=60.0)
        assert not (archive / today).exists()


@pytest.mark.parametrize("foreign", [True, False])
async def test_a_day_that_cannot_be_packed_holds_no_other_up(
    hosted: Hosted, oracle: Oracle, *, foreign: bool
) -> None:
    folder = await archived(hosted, oracle)
    async with hosted:
        archive, today = hosted.home.archive("line1"), day_of(hosted)
        hosted.drop(folder, name="first.json")
        await hosted.until(lambda: list((archive / today).glob("*.json")), what="the archive")
        (archive / "2001-01-01").mkdir()
        (archive / "2001-01-01" / "old.json").write_bytes(b"{}")
        pack = archive / "2001-01-01.zip"
        if foreign:
            pack.write_bytes(b"somebody's")
        else:  # an error of the disk, too
            temporary_of(pack).mkdir()
        hosted.clock.set_back(-DAY)
        await hosted.until((archive / f"{today}.zip").exists, what="the later day", step=10.0)
        await hosted.until(lambda: hosted.problem(TROUBLE), what="the Problem", step=10.0)
        assert (archive / "2001-01-01" / "old.json").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="finds the child in /proc")
async def test_a_child_that_dies_of_one_day_packs_the_others(hosted: Hosted, oracle: Oracle) -> None:
    await archived(hosted, oracle)
    hosted.home.ensure_instance("line1")
    archive = hosted.home.archive("line1")
    for name, size in (("2001-01-01", 32 << 20), ("2001-01-02", 1)):
        (archive / name).mkdir(parents=True)
        (archive / name / "a.bin").write_bytes(os.urandom(size))
    begun = temporary_of(archive / "2001-01-01.zip")
    async with hosted:
        await hosted.until(begun.exists, what="the first day")
        os.kill(child_that_runs("stationmaster.archive.child"), signal.SIGKILL)
        await hosted.until((archive / "2001-01-02.zip").exists, what="the second day")
        assert not (archive / "2001-01-01.zip").exists()
        await hosted.until(lambda: hosted.problem(TROUBLE), what="the Problem")
        await hosted.until((archive / "2001-01-01.zip").exists, what="the first, tried again", step=60.0)


def child_that_runs(module: str) -> int:
    """Process id of our child that runs this module."""
    (found,) = (pid for pid in children(os.getpid()) if module in Path(f"/proc/{pid}/cmdline").read_text())
    return found


async def test_old_packs_of_ours_are_removed_and_nothing_else(hosted: Hosted, oracle: Oracle) -> None:
    folder = await archived(hosted, oracle, archive_days=2)
    oracle.clock = hosted.clock
    async with hosted:
        archive, today = hosted.home.archive("line1"), day_of(hosted)
        hosted.drop(folder, name="first.json")
        await hosted.until(lambda: list((archive / today).glob("*.json")), what="the archive")
        with zipfile.ZipFile(archive / "2001-01-01.zip", "w") as foreign:
            foreign.writestr("x", "somebody's")
        (archive / "2001-01-02").mkdir()
        packing = hosted.supervisor("line1").instance._parts.packing  # type: ignore[union-attr] # it runs
        hosted.clock.set_back(-DAY)
        pack = archive / f"{today}.zip"
        await hosted.until(pack.exists, what="the pack", step=10.0)
        hosted.clock.set_back(-DAY)
        rounds = packing.rounds
        await hosted.until(lambda: packing.rounds > rounds, what="a look", step=10.0)
        assert pack.exists()
        hosted.clock.set_back(-DAY)
        await hosted.until(lambda: not pack.exists(), what="its end", step=30.0)
        assert (archive / "2001-01-01.zip").exists()


async def test_a_clock_that_is_years_ahead_removes_nothing(hosted: Hosted, oracle: Oracle) -> None:
    await archived(hosted, oracle, archive_days=30)
    archive = hosted.home.archive("line1")
    hosted.home.ensure_instance("line1")
    old, new = (f"{hosted.clock.now() - timedelta(days=days):%Y-%m-%d}" for days in (40, 20))
    for name in (old, new):
        (archive / name).mkdir(parents=True)
        (archive / name / "a.json").write_bytes(b"{}")
        pack_day(archive, name)
    oracle.clock = FakeClock(hosted.clock.now())
    hosted.clock.set_back(-3650 * DAY)
    oracle.script = Script([Rule(behaviour=Behaviour(act=Act.RESET), route="any")])  # no word of the server
    async with hosted:
        await hosted.running("line1")
        packing = hosted.supervisor("line1").instance._parts.packing  # type: ignore[union-attr] # it runs
        await hosted.until(lambda: packing.rounds >= 2, what="two looks", step=60.0)
        assert len(list(archive.glob("*.zip"))) == 2
        oracle.script = Script()
        await hosted.until(lambda: not (archive / f"{old}.zip").exists(), what="what is due", step=60.0)
        rounds = packing.rounds
        await hosted.until(lambda: packing.rounds > rounds, what="another look", step=60.0)
        assert (archive / f"{new}.zip").exists()


async def test_it_can_be_switched_off(hosted: Hosted, oracle: Oracle) -> None:
    folder = await archived(hosted, oracle, archive_pack=False)
    async with hosted:
        archive, today = hosted.home.archive("line1"), day_of(hosted)
        hosted.drop(folder, name="first.json")
        await hosted.until(lambda: list((archive / today).glob("*.json")), what="the archive")
        hosted.clock.set_back(-DAY)
        hosted.drop(folder, name="second.json")
        await hosted.until(lambda: hosted.completed("line1") == 2, what="the next day")
        assert [one.name for one in sorted(archive.iterdir())] == [today, day_of(hosted)]


async def test_an_archive_of_two_instances_is_left_alone_and_told(
    hosted: Hosted, oracle: Oracle, tmp_path: Path
) -> None:
    archive, shared = tmp_path / "done", ProblemCode.ARCHIVE_SHARED
    for name in ("line1", "line2"):
        watch = hosted.watch(hosted.folder(name), after="archive", move_to=str(archive))
        await hosted.line(name, oracle, patch={"watch": [watch], "retention.archive_days": 7})
    old = archive / "2001-01-01"
    old.mkdir(parents=True)
    (old / "old.json").write_bytes(b"{}")
    pack_day(archive, old.name)
    async with hosted:
        today = day_of(hosted)
        for name in ("line1", "line2"):
            hosted.drop(hosted.folder(name), name=f"{name}.json")
        await hosted.until(lambda: len(list((archive / today).glob("*.json"))) == 2, what="the archive")
        await hosted.until(lambda: hosted.problem(shared, "line1") and hosted.problem(shared, "line2"))
        problem = hosted.problem(shared, "line1")
        assert problem is not None
        assert f'{archive} is used by "line1" and by "line2"' in problem.text
        hosted.clock.set_back(-DAY)
        packing = hosted.supervisor("line1").instance._parts.packing  # type: ignore[union-attr] # it runs
        rounds = packing.rounds
        await hosted.until(lambda: packing.rounds > rounds, what="a look", step=10.0)
        assert sorted(one.name for one in archive.glob("2*")) == [f"{old.name}.zip", today]

        watch = hosted.watch(hosted.folder("line2"), after="archive", move_to=str(tmp_path / "other"))
        await hosted.agent.configure("line2", {"watch": [watch]})
        await hosted.until((archive / f"{today}.zip").exists, what="the pack", step=60.0)
        await hosted.until(lambda: not hosted.problem(shared, "line1"), what="its end")


async def test_an_archive_of_another_computer_is_left_alone_until_its_mark_goes(
    hosted: Hosted, oracle: Oracle, tmp_path: Path
) -> None:
    archive, shared = tmp_path / "done", ProblemCode.ARCHIVE_SHARED
    watch = hosted.watch(hosted.folder("line1"), after="archive", move_to=str(archive))
    await hosted.line("line1", oracle, patch={"watch": [watch]})
    old = archive / "2001-01-01"
    old.mkdir(parents=True)
    (old / "old.json").write_bytes(b"{}")
    mark = archive / f"{OWNER}11111111-2222-3333-4444-555555555555"
    mark.write_text("line7 on PC7\n")
    async with hosted:
        await hosted.until(lambda: hosted.problem(shared, "line1"), what="the Problem", step=10.0)
        problem = hosted.problem(shared, "line1")
        assert problem is not None
        assert '"line7 on PC7"' in problem.text
        assert str(mark) in problem.next_step
        assert len(list(archive.glob(f"{OWNER}*"))) == 2
        assert (old / "old.json").is_file()
        mark.unlink()
        await hosted.until((archive / "2001-01-01.zip").exists, what="the pack", step=60.0)
        await hosted.until(lambda: not hosted.problem(shared, "line1"), what="its end")
