"""`agent run --once`: it leaves when nothing more can be done, and its exit code says how far it came."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from fakes.hosted import TOKEN, Hosted, ids
from fakes.oracle import Oracle
from fakes.oracle_script import Act, Behaviour, Rule, Script, status
from stationmaster.cli.exit import Exit
from stationmaster.cli.once import run_once
from stationmaster.config.secrets import variable

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
