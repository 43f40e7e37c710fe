"""What people ask of a running agent: retry, dismiss, send, pause, resume, drain, look up."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from fakes.hosted import Hosted, ids
from fakes.oracle import Oracle
from fakes.oracle_script import Rule, Script, status
from stationmaster.errors import ConfigError, ControlError, SpoolError, StationmasterError
from stationmaster.model import EntryState, Lifecycle, Link, ProblemCode

pytestmark = pytest.mark.usefixtures("no_lingering_tasks")


# -------------------------------------------------------------------- the error list


async def test_a_refused_report_is_sent_again_on_order(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    oracle.script = Script([Rule(behaviour=status(400, "Unknown part number"), contains="BAD", times=3)])
    async with hosted:
        bad = {hosted.drop(folder, sn=f"BAD{number}") for number in range(3)}
        good = hosted.drop(folder)
        await hosted.until(lambda: hosted.instance("line1").counts.error == 3)
        await hosted.until(lambda: ids(oracle) == [good])
        first, *others = await hosted.entries("line1", EntryState.ERROR)
        assert "Unknown part number" in first.reason
        assert await hosted.agent.retry("line1", [first.id]) == 1
        await hosted.until(lambda: ids(oracle) == [good, first.report_id])
        assert await hosted.agent.retry("line1", [first.id, 999]) == 0  # delivered; unknown
        assert await hosted.agent.retry("line1", None) == len(others)
        await hosted.until(lambda: set(ids(oracle)) == {good, *bad})
        assert hosted.instance("line1").counts.error == 0


async def test_a_dismissed_report_is_on_record_and_never_sent(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    oracle.script = Script([Rule(behaviour=status(400), times=2)])
    async with hosted:
        for _ in range(2):
            hosted.drop(folder)
        await hosted.until(lambda: hosted.instance("line1").counts.error == 2)
        one, other = await hosted.entries("line1", EntryState.ERROR)
        assert await hosted.agent.dismiss("line1", [one.id], by="ada") == 1
        entry = await hosted.agent.entry("line1", one.id)
        assert (entry.state, entry.dismissed_by) == (EntryState.DISMISSED, "ada")
        assert await hosted.agent.dismiss("line1", None, by="bob") == 1
        assert (await hosted.agent.entry("line1", other.id)).dismissed_by == "bob"
        await hosted.clock.advance(600.0)
        await hosted.agent.send_now("line1")
        await hosted.clock.advance(60.0)
        assert ids(oracle) == []
        counts = hosted.instance("line1").counts
        assert (counts.error, counts.dismissed) == (0, 2)


async def test_orders_about_entries_are_refused_while_the_instance_is_stopped(
    hosted: Hosted, oracle: Oracle
) -> None:
    await hosted.line("line1", oracle)
    async with hosted:
        await hosted.running("line1")
        await hosted.drained("line1")
        for order in (hosted.agent.retry("line1", None), hosted.agent.dismiss("line1", [1], by="ada")):
            with pytest.raises(SpoolError, match="stopped") as caught:
                await order
            assert caught.value.next_step == "stationmaster agent resume line1"


# -------------------------------------------------------------------- send, pause, resume, drain


async def test_send_now_does_not_wait_for_the_next_try(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    oracle.script = Script([Rule(behaviour=status(500), contains="BAD")])
    async with hosted:
        await hosted.running("line1")
        bad = hosted.drop(folder, sn="BAD1")
        for _ in range(20):  # others get through meanwhile: the trouble lies in that one
            good = hosted.drop(folder)
            await hosted.until(partial(_arrived, oracle, good))
            await hosted.clock.advance(2.0)
        assert hosted.problem(ProblemCode.REPORT_PARKED)
        await hosted.moment(lambda: hosted.instance("line1").counts.queued == 1)
        (waiting,) = await hosted.entries("line1", EntryState.QUEUED)
        assert waiting.not_before is not None
        assert waiting.not_before > hosted.clock.now()
        oracle.script = Script()
        await hosted.agent.send_now("line1")
        await hosted.moment(lambda: bad in ids(oracle), what="the try at once")
        await hosted.moment(lambda: not hosted.problem(ProblemCode.REPORT_PARKED))


async def test_send_now_of_a_stopped_instance_does_nothing(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    async with hosted:
        await hosted.running("line1")
        await hosted.drained("line1")
        hosted.drop(folder)
        await hosted.agent.send_now("line1")
        await hosted.clock.advance(60.0)
        assert ids(oracle) == []


async def test_a_pause_holds_uploads_only_ends_by_itself_and_survives_a_restart(
    hosted: Hosted, oracle: Oracle
) -> None:
    folder = await hosted.line("line1", oracle)
    async with hosted:
        await hosted.running("line1")
        until = hosted.clock.now() + timedelta(hours=1)
        before = hosted.supervisor("line1").instance
        await hosted.agent.pause("line1", until)
        assert hosted.supervisor("line1").instance is before  # no restart for this
        names = {hosted.drop(folder)}
        await hosted.until(lambda: hosted.instance("line1").counts.queued == 1)
        await hosted.restart()
        await hosted.running("line1")
        assert hosted.instance("line1").paused_until == until
        names.add(hosted.drop(folder))
        await hosted.until(lambda: hosted.instance("line1").counts.queued == 2)
        await hosted.clock.advance((until - hosted.clock.now()).total_seconds() - 1.0)
        assert ids(oracle) == []
        await hosted.until(lambda: set(ids(oracle)) == names)
        assert hosted.clock.now() >= until


async def test_a_resume_ends_a_pause_at_once(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    async with hosted:
        await hosted.running("line1")
        await hosted.agent.pause("line1", hosted.clock.now() + timedelta(days=1))
        name = hosted.drop(folder)
        await hosted.until(lambda: hosted.instance("line1").counts.queued == 1)
        await hosted.agent.resume("line1")
        await hosted.moment(lambda: ids(oracle) == [name])
        assert hosted.instance("line1").paused_until is None
        assert hosted.store.load("line1").paused_until is None


async def test_a_drain_delivers_what_waits_takes_no_more_and_ends_with_a_resume(
    hosted: Hosted, oracle: Oracle
) -> None:
    folder = await hosted.line("line1", oracle)
    oracle.delay = 0.05
    async with hosted:
        await hosted.running("line1")
        names = {hosted.drop(folder) for _ in range(10)}
        await hosted.until(lambda: hosted.waiting("line1") + hosted.completed("line1") == 10)
        hosted.agent.drain("line1")
        assert hosted.lifecycle("line1") is Lifecycle.DRAINING
        late = hosted.drop(folder)
        await hosted.until(lambda: hosted.lifecycle("line1") is Lifecycle.STOPPED)
        assert set(ids(oracle)) == names
        assert hosted.instance("line1").link is Link.OFFLINE
        await hosted.clock.advance(600.0)
        assert late not in ids(oracle)
        await hosted.agent.resume("line1")
        await hosted.until(lambda: set(ids(oracle)) == {*names, late})
    assert len(ids(oracle)) == len(names) + 1


async def test_a_resume_in_the_middle_of_a_drain_begins_anew(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    await oracle.stop()
    async with hosted:
        await hosted.running("line1")
        name = hosted.drop(folder)
        await hosted.until(lambda: hosted.waiting("line1") == 1)
        hosted.agent.drain("line1")
        await hosted.clock.advance(60.0)
        assert hosted.lifecycle("line1") is Lifecycle.DRAINING  # it waits for the server
        await hosted.agent.resume("line1")
        await hosted.running("line1")
        late = hosted.drop(folder)
        await oracle.start()
        await hosted.until(lambda: set(ids(oracle)) == {name, late})
        assert hosted.lifecycle("line1") is Lifecycle.RUNNING


async def test_an_agent_stops_in_the_middle_of_a_drain(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    await oracle.stop()
    async with hosted:
        await hosted.running("line1")
        name = hosted.drop(folder)
        await hosted.until(lambda: hosted.waiting("line1") == 1)
        hosted.agent.drain("line1")
        await hosted.clock.advance(1.0)
        await hosted.stop()
        await oracle.start()
        await hosted.start()
        await hosted.until(lambda: ids(oracle) == [name])


# -------------------------------------------------------------------- look-ups


async def test_a_serial_number_is_found_in_running_stopped_and_disabled_instances(
    hosted: Hosted, oracle: Oracle
) -> None:
    folders = [await hosted.line(f"line{number}", oracle) for number in (1, 2, 3)]
    await hosted.line("line4", oracle, patch={"enabled": False})  # never had a spool
    async with hosted:
        await hosted.running("line1", "line2", "line3")
        names = [hosted.drop(folder, sn="SN-7") for folder in folders]
        hosted.drop(folders[0], sn="SN-8")
        await hosted.until(lambda: len(ids(oracle)) == 4)
        await hosted.drained("line2")
        await hosted.agent.configure("line3", {"enabled": False})
        found = await hosted.agent.find("sn-7")
        assert {(one.instance, one.report_id) for one in found} == set(
            zip(("line1", "line2", "line3"), names, strict=True)
        )
        assert await hosted.agent.find("SN-9") == ()
        assert [one.serial_number for one in await hosted.entries("line2")] == ["SN-7"]


async def test_a_spool_that_cannot_be_read_hides_nothing_of_the_others(
    hosted: Hosted, oracle: Oracle
) -> None:
    first, second = await hosted.line("line1", oracle), await hosted.line("line2", oracle)
    async with hosted:
        await hosted.running("line1", "line2")
        hosted.drop(first, sn="SN-7")
        hosted.drop(second, sn="SN-7")
        await hosted.until(lambda: len(ids(oracle)) == 2)
        await hosted.drained("line2")
        hosted.home.spool("line2").write_bytes(b"no database" * 100)
        assert [one.instance for one in await hosted.agent.find("SN-7")] == ["line1"]
        with pytest.raises(SpoolError):
            await hosted.entries("line2")


async def test_an_entry_and_its_report_are_shown_as_sent(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    async with hosted:
        name = hosted.drop(folder, sn="SN-7")
        await hosted.until(lambda: hosted.agent.supervisors and hosted.completed("line1") == 1)
        (entry,) = await hosted.entries("line1")
        assert await hosted.agent.entry("line1", entry.id) == entry
        assert (entry.report_id, entry.state) == (name, EntryState.COMPLETED)
        assert (await hosted.agent.payload("line1", entry.id)).decode() == oracle.stored[name]
        for order in (hosted.agent.entry("line1", 99), hosted.agent.payload("line1", 99)):
            with pytest.raises(ControlError) as caught:
                await order
            assert (caught.value.status, caught.value.code) == (404, "not-found")


async def test_orders_to_an_unknown_instance_name_those_there_are(hosted: Hosted, oracle: Oracle) -> None:
    await hosted.line("line1", oracle)
    async with hosted:
        agent, now = hosted.agent, hosted.clock.now()
        for order in (agent.pause("line9", now), agent.resume("line9"), agent.send_now("line9")):
            with pytest.raises(ControlError, match="line9") as caught:
                await order
            assert (caught.value.status, caught.value.next_step) == (404, "There are: line1")
        with pytest.raises(ControlError):
            agent.drain("line9")
        with pytest.raises(StationmasterError, match="line9"):
            await agent.entries("line9", state=None, text=None, limit=1, before=None)
        with pytest.raises(ConfigError, match="no instance"):
            await agent.set_token("line9", "dG9rZW4=")
        agent.restart("line9")  # nothing happens
        await hosted.running("line1")


def _arrived(oracle: Oracle, name: str) -> bool:
    return name in ids(oracle)
