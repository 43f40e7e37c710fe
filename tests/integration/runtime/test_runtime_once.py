"""`agent run --once`: it leaves when nothing more can be done, and its exit code says how far it came."""

from __future__ import annotations

import asyncio
import shutil
from datetime import timedelta

import pytest

from fakes.hosted import TOKEN, Hosted, ids
from fakes.oracle import Oracle
from fakes.oracle_script import Act, Behaviour, Rule, Script, status
from fakes.rack import MARKER, unit
from fakes.rack import PLUGIN as RACK
from fakes.tester_database import PLUGIN, Database
from stationmaster.cli.exit import Exit
from stationmaster.cli.once import run_once
from stationmaster.config.secrets import variable
from stationmaster.model import ProblemCode

pytestmark = pytest.mark.usefixtures("no_lingering_tasks")
ENVIRONMENT = {"secrets.store": "environment"}


async def _once(hosted: Hosted, *, timeout: float | None = None) -> Exit:  # noqa: ASYNC109 - that of the run
    """One such run; the agent has ended when this returns."""
    await hosted.start()
    once = asyncio.create_task(run_once(hosted.agent, timeout))
    await hosted.done(once)
    await hosted.stop()
    return once.result()


async def test_with_nothing_to_do_it_leaves_at_once(hosted: Hosted, oracle: Oracle) -> None:
    async with hosted.idle():
        assert await _once(hosted) is Exit.OK  # no instance at all
        await hosted.line("line1", oracle)
        assert await _once(hosted) is Exit.OK


async def test_it_takes_and_delivers_all_there_is(hosted: Hosted, oracle: Oracle) -> None:
    folders = [await hosted.line(f"line{number}", oracle) for number in (1, 2)]
    oracle.script = Script([Rule(behaviour=status(503), times=3)])
    names = {hosted.drop(folder) for folder in folders for _ in range(10)}
    async with hosted.idle():
        assert await _once(hosted) is Exit.OK
        assert set(ids(oracle)) == names
        assert not [path for folder in folders for path in folder.iterdir()]


@pytest.mark.parametrize("reports", [0, 1])
async def test_what_ends_on_the_error_list_needs_a_person(
    hosted: Hosted, oracle: Oracle, reports: int
) -> None:
    folder = await hosted.line("line1", oracle)
    oracle.script = Script([Rule(behaviour=status(400))])
    if reports:
        hosted.drop(folder)
    else:
        hosted.spoil(folder)
    async with hosted.idle():
        assert await _once(hosted) is Exit.NEEDS_PERSON


async def test_a_server_that_stays_away_ends_with_the_time_limit(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    await oracle.stop()
    name = hosted.drop(folder)
    async with hosted.idle():
        assert await _once(hosted, timeout=1.0) is Exit.NOT_DELIVERED
        await oracle.start()
        assert await _once(hosted) is Exit.OK
        assert ids(oracle) == [name]


async def test_a_refused_token_needs_a_person_and_keeps_what_waits(hosted: Hosted, oracle: Oracle) -> None:
    oracle.token = "bmV3OnRva2Vu"
    folder = await hosted.line("line1", oracle)
    name = hosted.drop(folder)
    async with hosted.idle():
        assert await _once(hosted) is Exit.NEEDS_PERSON
        assert ids(oracle) == []
        oracle.token = TOKEN
        assert await _once(hosted) is Exit.OK
        assert ids(oracle) == [name]


async def test_paused_reports_are_taken_and_not_delivered(hosted: Hosted, oracle: Oracle) -> None:
    until = hosted.clock.now() + timedelta(days=1)
    folder = await hosted.line("line1", oracle, patch={"paused_until": until})
    hosted.drop(folder)
    async with hosted.idle():
        assert await _once(hosted) is Exit.NOT_DELIVERED
        assert not list(folder.iterdir())
        assert ids(oracle) == []


async def test_a_wrong_settings_file_needs_a_person_and_holds_up_no_other(
    hosted: Hosted, oracle: Oracle
) -> None:
    folder = await hosted.line("line1", oracle)
    await hosted.line("line2", oracle)
    hosted.home.instance_file("line2").write_text("wrong")
    name = hosted.drop(folder)
    async with hosted.idle():
        assert await _once(hosted) is Exit.NEEDS_PERSON
        assert ids(oracle) == [name]


async def test_an_instance_that_cannot_run_needs_a_person(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    await hosted.line("line2", oracle)
    hosted.blocked("line2")
    name = hosted.drop(folder)
    async with hosted.idle():
        assert await _once(hosted) is Exit.NEEDS_PERSON
        assert ids(oracle) == [name]


async def test_a_stop_in_the_middle_ends_it(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    oracle.script = Script([Rule(behaviour=Behaviour(act=Act.OK, seconds=0.2))])
    names = {hosted.drop(folder) for _ in range(30)}
    async with hosted:
        once = asyncio.create_task(run_once(hosted.agent, None))
        await hosted.until(lambda: ids(oracle))
        await hosted.stop()
        await hosted.clock.advance(1.0)
        assert await once is Exit.NOT_DELIVERED
        oracle.script = Script()
        await hosted.start()
        await hosted.until(lambda: set(ids(oracle)) == names)


async def test_a_source_that_is_due_is_fetched_first(hosted: Hosted, oracle: Oracle) -> None:
    database = await _database(hosted, oracle, every=86_400.0)
    database.add(3)
    async with hosted.idle():
        assert await _once(hosted) is Exit.OK
        assert set(ids(oracle)) == database.ids(hosted.store.load("line1").id)
        database.add(2)
        assert await _once(hosted) is Exit.OK  # it is not due again
        assert len(ids(oracle)) == 3
        await hosted.clock.advance(86_400.0)
        assert await _once(hosted) is Exit.OK
        assert set(ids(oracle)) == database.ids(hosted.store.load("line1").id)


async def test_a_source_that_is_due_all_the_time_is_not_waited_for_without_end(
    hosted: Hosted, oracle: Oracle
) -> None:
    (await _database(hosted, oracle, every=1.0)).add(1)
    async with hosted.idle():
        assert await _once(hosted) is Exit.OK
        assert len(ids(oracle)) == 1


async def test_a_source_that_cannot_be_fetched_is_told_and_tried_once(
    hosted: Hosted, oracle: Oracle, capsys: pytest.CaptureFixture[str]
) -> None:
    database = await _database(hosted, oracle, every=86_400.0)
    database.path.unlink()
    async with hosted.idle():
        assert await _once(hosted) is Exit.NOT_DELIVERED
        assert "line1: not fetched: source results." in capsys.readouterr().err


async def _database(hosted: Hosted, oracle: Oracle, **source: object) -> Database:
    """A database that the instance asks."""
    database = Database(hosted.root / "results.db")
    usual = {"name": "results", "converter": "sqlite-rows", "options": {"database": str(database.path)}}
    await hosted.line("line1", oracle, patch={"fetch": [{**usual, **source}]})
    hosted.home.ensure_instance("line1")
    shutil.copy(PLUGIN, hosted.home.converters("line1"))
    return database


async def test_a_file_that_becomes_complete_is_waited_for(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    path, whole = folder / "slow.json", hosted.wsjf()
    path.write_bytes(whole[:100])
    async with hosted.idle():
        await hosted.start()
        once = asyncio.create_task(run_once(hosted.agent, None))
        await hosted.until(lambda: hosted.problem(ProblemCode.SOURCE_INCOMPLETE))
        assert not once.done()
        path.write_bytes(whole)
        await hosted.done(once)
        await hosted.stop()
        assert once.result() is Exit.OK
        assert len(ids(oracle)) == 1


async def test_a_file_that_never_is_complete_ends_on_the_error_list(
    hosted: Hosted, oracle: Oracle, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = hosted.folder("line1")
    watch = hosted.watch(folder, incomplete_after=60.0)
    await hosted.line("line1", oracle, patch={"watch": [watch]})
    (folder / "half.json").write_bytes(hosted.wsjf()[:100])
    async with hosted.idle():
        assert await _once(hosted) is Exit.NEEDS_PERSON
        assert "line1: in the error list: 1." in capsys.readouterr().err


async def test_a_folder_without_its_marker_is_left_and_told(
    hosted: Hosted, oracle: Oracle, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = hosted.folder("line1")
    await hosted.line("line1", oracle, patch={"watch": [hosted.watch(folder, "rack", marker=MARKER)]})
    hosted.home.ensure_instance("line1")
    shutil.copy(RACK, hosted.home.converters("line1"))
    unit(folder, "SN-1", done=False)
    unit(folder, "SN-2")
    async with hosted.idle():
        assert await _once(hosted) is Exit.NOT_DELIVERED
        assert capsys.readouterr().err.splitlines() == [
            f"line1: left: {folder / 'SN-1'} has no marker {MARKER}."
        ]
        assert len(ids(oracle)) == 1


class _Moody(dict[str, str]):
    """An environment that breaks its first few readers."""

    left = 3

    def get(self, key: str, default: object = None, /) -> str:
        if key == variable("line1") and self.left:
            self.left -= 1
            raise RuntimeError("a bug")
        return super().get(key, str(default))


async def test_a_crash_that_a_restart_heals_is_waited_for(hosted: Hosted, oracle: Oracle) -> None:
    hosted.env = _Moody({variable("line1"): TOKEN})
    folder = await hosted.line("line1", oracle, token="", patch=ENVIRONMENT)
    name = hosted.drop(folder)
    async with hosted.idle():
        assert await _once(hosted) is Exit.OK
        assert ids(oracle) == [name]


async def test_crashes_without_end_need_a_person(hosted: Hosted, oracle: Oracle) -> None:
    env = hosted.env = _Moody({variable("line1"): TOKEN})
    env.left = 1000
    await hosted.line("line1", oracle, token="", patch=ENVIRONMENT)
    async with hosted.idle():
        assert await _once(hosted) is Exit.NEEDS_PERSON
