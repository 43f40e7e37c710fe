"""An instance that crashes, or cannot run, disturbs no other, is tried again, and heals."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fakes.hosted import Hosted, ids
from fakes.oracle import Oracle
from fakes.rights import rights_count
from stationmaster.config.secrets import variable
from stationmaster.model import Lifecycle, Problem, ProblemCode
from stationmaster.runtime.supervisor import MAX_CRASHES, MAX_DELAY

pytestmark = pytest.mark.usefixtures("no_lingering_tasks")
FAILED = ProblemCode.INSTANCE_FAILED
ENVIRONMENT = {"secrets.store": "environment"}


class BuggyEnvironment(dict[str, str]):
    """An environment of which one variable breaks whoever reads it, as a bug would.

    Attributes:
        reads: how often it broke somebody.
    """

    def __init__(self, broken: str) -> None:
        super().__init__({variable("line1"): "dG9rZW4x", variable("line2"): "dG9rZW4y"})
        self.broken = broken
        self.reads = 0

    def get(self, key: str, default: object = None, /) -> str:
        if key == self.broken:
            self.reads += 1
            raise RuntimeError("a bug")
        return super().get(key, str(default))


@pytest.fixture
def bug(hosted: Hosted) -> BuggyEnvironment:
    """Breaks line1 whenever its token is read."""
    hosted.env = BuggyEnvironment(variable("line1"))
    return hosted.env


async def test_a_crash_is_told_others_go_on_and_the_instance_is_restarted(
    hosted: Hosted, oracle: Oracle, bug: BuggyEnvironment
) -> None:
    first = await hosted.line("line1", oracle, token="", patch=ENVIRONMENT)
    second = await hosted.line("line2", oracle, token="", patch=ENVIRONMENT)
    mine, other = hosted.drop(first), hosted.drop(second)
    async with hosted:
        await hosted.moment(lambda: hosted.lifecycle("line1") is Lifecycle.FAILED)
        problem = _failure(hosted)
        assert problem.title == "line1 was restarted after an error"
        assert "RuntimeError: a bug" in problem.text
        assert hosted.instance("line1").lifecycle is Lifecycle.FAILED
        await hosted.running("line2")
        bug.broken = ""
        await hosted.until(lambda: sorted(ids(oracle)) == sorted([mine, other]))
        assert hosted.lifecycle("line1") is Lifecycle.RUNNING
        assert hosted.problem(FAILED) is None


async def test_restarts_come_ever_later_and_end_until_a_person_resumes(
    hosted: Hosted, oracle: Oracle, bug: BuggyEnvironment
) -> None:
    folder = await hosted.line("line1", oracle, token="", patch=ENVIRONMENT)
    name = hosted.drop(folder)
    async with hosted:
        delays = [1.0, 2.0, 4.0, 8.0, 16.0]
        assert len(delays) == MAX_CRASHES
        for count, delay in enumerate(delays, start=1):
            await _crashed(hosted, bug, count)
            await hosted.clock.advance(delay - 0.2)
            assert hosted.lifecycle("line1") is Lifecycle.FAILED
            assert bug.reads == count
            await hosted.clock.advance(0.2)
        await _crashed(hosted, bug, MAX_CRASHES + 1)
        problem = _failure(hosted)
        assert problem.title == "line1 stopped after repeated errors"
        assert "stationmaster agent resume line1" in problem.next_step
        await hosted.clock.advance(3600.0)
        assert bug.reads == MAX_CRASHES + 1
        bug.broken = ""
        await hosted.agent.resume("line1")
        await hosted.until(lambda: ids(oracle) == [name])
        assert hosted.problem(FAILED) is None


async def test_crashes_that_lie_far_apart_never_end_the_restarts(
    hosted: Hosted, oracle: Oracle, bug: BuggyEnvironment
) -> None:
    await hosted.line("line1", oracle, token="", patch=ENVIRONMENT)
    bug.broken = ""
    async with hosted:
        for count in range(1, MAX_CRASHES + 4):
            await hosted.running("line1")
            bug.broken = variable("line1")
            with pytest.raises(RuntimeError):  # what brings the bug to light fails itself
                await hosted.agent.set_token("line1", "dG9rZW4x")
            hosted.agent.restart("line1")
            await _crashed(hosted, bug, count)
            bug.broken = ""
            await hosted.clock.advance(400.0)


async def test_an_agent_ends_at_once_while_an_instance_waits_for_its_restart(
    hosted: Hosted, oracle: Oracle, bug: BuggyEnvironment
) -> None:
    await hosted.line("line1", oracle, token="", patch=ENVIRONMENT)
    async with hosted:
        await _crashed(hosted, bug, 1)
        await hosted.stop()  # no time passes
    assert not hosted.agent.supervisors


async def test_what_cannot_run_now_is_tried_for_ever_and_heals(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    second = await hosted.line("line2", oracle)
    hosted.blocked("line1")
    name = hosted.drop(folder)
    async with hosted:
        await hosted.moment(lambda: hosted.lifecycle("line1") is Lifecycle.FAILED)
        problem = _failure(hosted)
        assert problem.title == "line1 cannot run now"
        assert "It is tried again by itself." in problem.text
        for _ in range(3 * MAX_CRASHES):  # many more times than a crash is
            await hosted.clock.advance(MAX_DELAY)
            await hosted.moment(lambda: hosted.lifecycle("line1") is Lifecycle.FAILED)
        assert _failure(hosted).since == problem.since
        other = hosted.drop(second)
        await hosted.until(lambda: ids(oracle) == [other])
        hosted.unblocked("line1")
        await hosted.until(lambda: ids(oracle) == [other, name])
        assert hosted.problem(FAILED) is None


async def test_a_drain_ends_the_tries_and_a_resume_begins_them_anew(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    hosted.blocked("line1")
    name = hosted.drop(folder)
    async with hosted:
        await hosted.moment(lambda: hosted.lifecycle("line1") is Lifecycle.FAILED)
        hosted.agent.drain("line1")
        assert hosted.lifecycle("line1") is Lifecycle.STOPPED
        assert hosted.problem(FAILED) is None
        hosted.unblocked("line1")
        await hosted.clock.advance(120.0)
        assert hosted.lifecycle("line1") is Lifecycle.STOPPED
        await hosted.agent.resume("line1")
        await hosted.until(lambda: ids(oracle) == [name])


async def test_a_work_folder_that_cannot_be_made_is_trouble_and_no_bug(
    hosted: Hosted, oracle: Oracle
) -> None:
    folder = await hosted.line("line1", oracle)
    work = hosted.home.instance_dir("line1") / "work"
    work.write_text("somebody's file")
    name = hosted.drop(folder)
    async with hosted:
        await hosted.moment(lambda: hosted.lifecycle("line1") is Lifecycle.FAILED)
        assert _failure(hosted).title == "line1 cannot run now"
        assert str(work) in _failure(hosted).text
        work.unlink()
        await hosted.until(lambda: ids(oracle) == [name])


async def test_an_inbox_that_cannot_be_read_keeps_one_instance_only_from_running(
    hosted: Hosted, oracle: Oracle
) -> None:
    folder = await hosted.line("line1", oracle)
    second = await hosted.line("line2", oracle)
    inbox = hosted.home.instance_dir("line1") / "inbox"
    inbox.mkdir(mode=0)
    name, other = hosted.drop(folder), hosted.drop(second)
    with rights_count():
        async with hosted:
            await hosted.until(lambda: ids(oracle) == [other])
            assert _failure(hosted).title == "line1 cannot run now"
            assert str(inbox) in _failure(hosted).text
            inbox.chmod(0o700)
            await hosted.until(lambda: ids(oracle) == [other, name])


async def test_data_that_are_removed_under_a_running_instance_are_made_anew(
    hosted: Hosted, oracle: Oracle
) -> None:
    folder = await hosted.line("line1", oracle, token="", patch=ENVIRONMENT)
    hosted.env = {variable("line1"): "dG9rZW4x"}
    async with hosted:
        await hosted.running("line1")
        before = hosted.drop(folder)
        await hosted.until(lambda: ids(oracle) == [before])
        shutil.rmtree(hosted.home.instance_dir("line1"))
        await hosted.until(lambda: hosted.home.spool("line1").exists(), what="a new spool")
        after = hosted.drop(folder)
        await hosted.until(lambda: ids(oracle) == [before, after])
        assert hosted.problem(FAILED) is None
    assert _files(folder) == []


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def _failure(hosted: Hosted) -> Problem:
    problem = hosted.problem(FAILED, "line1")
    assert problem is not None
    return problem


async def _crashed(hosted: Hosted, bug: BuggyEnvironment, count: int) -> None:
    await hosted.moment(
        lambda: bug.reads >= count and hosted.lifecycle("line1") is Lifecycle.FAILED, what=f"crash {count}"
    )
