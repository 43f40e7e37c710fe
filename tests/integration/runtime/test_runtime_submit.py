"""Reports and files that programs hand over: on disk before the answer, whatever the instance is doing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from fakes.hosted import Hosted, ids
from fakes.oracle import Oracle
from fakes.rights import rights_count
from stationmaster.errors import ConfigError, ControlError, ConversionError, StationmasterError
from stationmaster.model import Entry, EntryState, Lifecycle
from stationmaster.spool.glance import glance
from stationmaster.submit import leave_raw, submit_async

pytestmark = pytest.mark.usefixtures("no_lingering_tasks")
ID = "7f1c2f0e-5c7e-4b37-9d0a-2a4c7a0f6b11"


# -------------------------------------------------------------------- reports


async def test_a_submitted_report_is_on_disk_when_the_answer_comes(hosted: Hosted, oracle: Oracle) -> None:
    await hosted.line("line1", oracle)
    await oracle.stop()
    async with hosted:
        await hosted.running("line1")
        body = hosted.wsjf(report_id=ID, sn="SN-7")
        answer = await hosted.agent.submit("line1", body, filename="a.json", converter="")
        assert (answer.instance, answer.report_id) == ("line1", ID)
        (entry,) = await _on_disk(hosted)  # what a kill right now would leave
        assert (entry.id, entry.serial_number, entry.source) == (answer.entry, "SN-7", "a.json")
        await oracle.start()
        await hosted.until(lambda: ids(oracle) == [ID])
        assert json.loads(oracle.stored[ID])["sn"] == "SN-7"


async def test_the_same_report_twice_is_one_and_another_content_is_a_revision(
    hosted: Hosted, oracle: Oracle
) -> None:
    await hosted.line("line1", oracle)
    async with hosted:
        await hosted.running("line1")
        body = hosted.wsjf(report_id=ID, sn="SN-7")
        first = await hosted.agent.submit("", body, filename="a.json", converter="")  # there is only one
        again = await hosted.agent.submit("line1", body, filename="b.json", converter="")
        assert again.entry == first.entry
        await hosted.until(lambda: ids(oracle) == [ID])
        await hosted.moment(lambda: hosted.completed("line1") == 1)
        assert (await hosted.agent.submit("line1", body, filename="", converter="")).entry == first.entry
        other = await hosted.agent.submit(
            "line1", hosted.wsjf(report_id=ID, sn="SN-8"), filename="a.json", converter=""
        )
        assert other.entry != first.entry
        await hosted.until(lambda: ids(oracle) == [ID, ID])
        assert other.entry is not None
        assert (await hosted.agent.entry("line1", other.entry)).revision == 2


@pytest.mark.parametrize("body", [b"no json", b'{"type": "T"}', b"[]"])
async def test_what_is_no_report_is_refused_and_nothing_is_kept(
    hosted: Hosted, oracle: Oracle, body: bytes
) -> None:
    await hosted.line("line1", oracle)
    async with hosted:
        await hosted.running("line1")
        with pytest.raises(ConversionError):
            await hosted.agent.submit("line1", body, filename="a.json", converter="")
        assert await hosted.entries("line1") == ()


async def test_a_submit_needs_an_instance_that_is_there(hosted: Hosted, oracle: Oracle) -> None:
    await hosted.line("line1", oracle, patch={"enabled": False})
    async with hosted:
        body = hosted.wsjf()
        with pytest.raises(ConfigError, match="Which instance") as none:
            await hosted.agent.submit("", body, filename="a.json", converter="")
        assert "instance add" in none.value.next_step
        for name in ("line1", "line9"):  # disabled; unknown
            with pytest.raises(ControlError) as caught:
                await hosted.agent.submit(name, body, filename="a.json", converter="")
            assert caught.value.status == 404
        await hosted.line("line2", oracle)
        await hosted.agent.configure("line1", {"enabled": None})
        with pytest.raises(ConfigError) as two:
            await hosted.agent.submit("", body, filename="a.json", converter="")
        assert two.value.next_step == "There are: line1, line2"


async def test_a_report_for_a_paused_instance_waits_in_its_spool(hosted: Hosted, oracle: Oracle) -> None:
    await hosted.line("line1", oracle)
    async with hosted:
        await hosted.running("line1")
        await hosted.agent.pause("line1", hosted.clock.now() + timedelta(days=1))
        answer = await hosted.agent.submit(
            "line1", hosted.wsjf(report_id=ID), filename="a.json", converter=""
        )
        assert answer.entry is not None
        await hosted.clock.advance(60.0)
        assert ids(oracle) == []
        await hosted.agent.resume("line1")
        await hosted.until(lambda: ids(oracle) == [ID])


async def test_a_report_for_a_stopped_instance_waits_in_its_outbox(hosted: Hosted, oracle: Oracle) -> None:
    await hosted.line("line1", oracle)
    async with hosted:
        await hosted.running("line1")
        await hosted.drained("line1")
        body = hosted.wsjf(report_id=ID)
        for _ in range(2):  # the caller's own retry
            answer = await hosted.agent.submit("line1", body, filename="a.json", converter="")
            assert (answer.entry, answer.report_id) == (None, ID)
            assert not _gone(answer.place)
        await hosted.agent.resume("line1")
        await hosted.until(lambda: ids(oracle) == [ID])
        await hosted.until(lambda: _gone(answer.place))
        assert hosted.instance("line1").counts.error == 0


# -------------------------------------------------------------------- raw files


async def test_a_raw_file_waits_in_the_inbox_of_its_converter(hosted: Hosted, oracle: Oracle) -> None:
    """A converter's first file makes its inbox; the second finds it watched."""
    await hosted.line("line1", oracle)
    async with hosted:
        await _converters(hosted)
        for count in (1, 2, 3):
            content = hosted.wsjf()
            answer = await hosted.agent.submit(
                "line1", content, filename="../same name.json", converter="wsjf"
            )
            inbox = hosted.home.inbox("line1") / "wsjf"
            assert (Path(answer.place).parent, _content(answer.place)) == (inbox, content)
            await hosted.until(partial(_arrived, oracle, count))
            await hosted.until(partial(_gone, answer.place))
        archived = [path for path in hosted.home.archive("line1").rglob("*") if path.is_file()]
        assert len(archived) == 3


@pytest.mark.parametrize("converter", ["nothing", "../wstf", "a b"])
async def test_a_converter_that_is_not_there_is_refused(
    hosted: Hosted, oracle: Oracle, converter: str
) -> None:
    await hosted.line("line1", oracle)
    async with hosted:
        await _converters(hosted)
        with pytest.raises(ConfigError) as caught:
            await hosted.agent.submit("line1", b"x", filename="a.txt", converter=converter)
        assert "wsjf" in caught.value.next_step
        await hosted.drained("line1")  # nobody knows the converters now: the name must do
        if not converter.isalnum():
            with pytest.raises(ConfigError, match="no name of a converter"):
                await hosted.agent.submit("line1", b"x", filename="a.txt", converter=converter)
        assert not (hosted.home.inbox("line1")).exists()


async def test_a_raw_file_for_a_drained_instance_waits_and_starts_nothing(
    hosted: Hosted, oracle: Oracle
) -> None:
    await hosted.line("line1", oracle)
    async with hosted:
        await hosted.running("line1")
        await hosted.drained("line1")
        answer = await hosted.agent.submit("line1", hosted.wsjf(), filename="a.json", converter="wsjf")
        await hosted.clock.advance(60.0)
        assert hosted.lifecycle("line1") is Lifecycle.STOPPED, "a submitted file ended the drain"
        assert not _gone(answer.place)
        await hosted.agent.resume("line1")
        await hosted.until(lambda: len(ids(oracle)) == 1)


async def test_a_raw_file_does_not_end_a_drain_that_goes_on(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    await oracle.stop()
    async with hosted:
        await hosted.running("line1")
        name = hosted.drop(folder)
        await hosted.until(lambda: hosted.waiting("line1") == 1)
        hosted.agent.drain("line1")
        answer = await hosted.agent.submit("line1", hosted.wsjf(), filename="a.json", converter="wsjf")
        await hosted.clock.advance(10.0)
        await oracle.start()
        await hosted.until(lambda: hosted.lifecycle("line1") is Lifecycle.STOPPED)
        assert ids(oracle) == [name]
        assert not _gone(answer.place)


@pytest.fixture
def rights() -> Iterator[None]:
    """Rights count, for root too."""
    with rights_count():
        yield


@pytest.mark.usefixtures("rights")
async def test_what_the_disk_does_not_take_is_refused(hosted: Hosted, oracle: Oracle) -> None:
    await hosted.line("line1", oracle)
    data = hosted.home.instance_dir("line1")
    async with hosted:
        await hosted.running("line1")
        await hosted.drained("line1")
        hosted.home.outbox("line1").chmod(0o500)
        data.chmod(0o500)
        try:
            for converter in ("", "wstf"):
                with pytest.raises(StationmasterError, match="cannot be written") as caught:
                    await hosted.agent.submit("line1", hosted.wsjf(), filename="a.json", converter=converter)
                assert "Nothing was taken" in caught.value.next_step
        finally:
            data.chmod(0o700)
            hosted.home.outbox("line1").chmod(0o700)


# -------------------------------------------------------------------- with no agent


async def test_reports_and_files_for_an_agent_that_does_not_run_are_found_when_it_does(
    hosted: Hosted, oracle: Oracle
) -> None:
    await hosted.line("line1", oracle)
    body = hosted.wsjf(report_id=ID)
    for _ in range(2):
        answer = await submit_async(body, instance="line1", home=hosted.home)
        assert (answer.entry, answer.report_id) == (None, ID)
    place, fresh = leave_raw(hosted.home, "line1", "wsjf", filename="a.json", content=hosted.wsjf())
    assert fresh
    assert place.exists()
    (hosted.home.inbox("line1") / "a file").write_text("no folder")
    with pytest.raises(ConfigError, match="line9"):
        await submit_async(body, instance="line9", home=hosted.home)
    async with hosted:
        await hosted.until(lambda: len(ids(oracle)) == 2)
        assert ID in ids(oracle)
    assert len(ids(oracle)) == 2


async def test_the_outbox_takes_what_other_programs_leave(hosted: Hosted, oracle: Oracle) -> None:
    await hosted.line("line1", oracle)
    outbox = hosted.home.outbox("line1")
    (outbox / "good.queued").write_bytes(hosted.wsjf(report_id=ID))
    (outbox / "bad.queued").write_bytes(b'{"type": "T"}')
    (outbox / "other.txt").write_bytes(b"not ours")
    async with hosted:
        await hosted.until(lambda: ids(oracle) == [ID])
        await hosted.until(lambda: hosted.instance("line1").counts.error == 1)
        left = ["bad.error", "bad.error.reason.txt", "good.completed", "other.txt"]
        await hosted.until(lambda: _names(outbox) == left, what=f"{left}")
        assert (outbox / "bad.error.reason.txt").read_text().strip()
        (error,) = await hosted.entries("line1", EntryState.ERROR)
        assert error.place == str(outbox / "bad.error")


def _arrived(oracle: Oracle, count: int) -> bool:
    return len(ids(oracle)) == count


def _gone(place: str) -> bool:
    return not Path(place).exists()


def _content(place: str) -> bytes:
    return Path(place).read_bytes()


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def _converters(hosted: Hosted) -> None:
    await hosted.running("line1")
    await hosted.moment(lambda: hosted.supervisor("line1").instance.converters, what="the converters")


async def _on_disk(hosted: Hosted) -> list[Entry]:
    """What another process finds in the spool now."""
    path = hosted.home.spool("line1")
    async with glance(path, instance="line1", storage=hosted.agent.storage, clock=hosted.clock) as seen:
        return await seen.entries()
