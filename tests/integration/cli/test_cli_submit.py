"""`submit` from Python and by the command: one thing, with an agent and without."""

from __future__ import annotations

import asyncio
import json
import os
from functools import partial
from pathlib import Path

import pytest

from fakes.equipment import Equipment
from fakes.hosted import ids
from fakes.oracle import Oracle
from fakes.typed import Typist
from stationmaster.api import Report
from stationmaster.control.protocol import MAX_BODY
from stationmaster.errors import ConfigError, ControlError, ConversionError, StationmasterError
from stationmaster.submit import Item, submit, submit_async

ID = "7f1c2f0e-5c7e-4b37-9d0a-2a4c7a0f6b11"
AWAY = "http://127.0.0.1:9"


def raw(folder: Path) -> Path:
    """A file that the converter `wstf` reads: one unit."""
    file = folder / "raw.wstf"
    file.write_bytes(Equipment().make("wstf", units=1).content)
    return file


def forms(typist: Typist) -> list[Item]:
    """Four reports, each in another form."""
    made = [json.loads(typist.hosted.wsjf(sn=f"SN-{number}")) for number in range(4)]
    file = typist.hosted.root / "report.json"
    file.write_text(json.dumps(made[3]))
    return [Report(dict(made[0])), made[1], json.dumps(made[2]).encode(), file]


# ---------------------------------------------------------------- without an agent
async def test_every_form_waits_in_a_folder_where_no_agent_runs(alone: Typist, tmp_path: Path) -> None:
    home = alone.hosted.home
    alone.hosted.store.add("line1", AWAY)
    for item in forms(alone):
        done = await submit_async(item, home=home)
        assert (done.instance, Path(done.place).parent) == ("line1", home.outbox("line1"))
        assert Path(done.place).name == f"{done.report_id}.queued"
    file = raw(tmp_path)
    by_python = await submit_async(str(file), converter="wstf", home=home)
    by_command = await alone.type("submit", str(file), "--converter", "wstf", "--json")
    places = [Path(by_python.place), Path(by_command.data["place"])]
    assert [place.parent for place in places] == [home.inbox("line1") / "wstf"] * 2
    assert [place.read_bytes() for place in places] == [file.read_bytes()] * 2
    assert file.exists(), "the file that was named stays"
    assert by_command.talk == ""
    for_people = await alone.type("submit", str(file), "--converter", "wstf")
    assert (for_people.code, for_people.out) == (0, "")
    assert "the agent takes it from there" in for_people.talk


async def test_without_a_loop_the_same_by_one_plain_call(alone: Typist) -> None:
    alone.hosted.store.add("line1", AWAY)
    done = await asyncio.to_thread(partial(submit, alone.hosted.wsjf(report_id=ID), home=alone.hosted.home))
    assert (done.report_id, done.entry) == (ID, None)
    assert [str(one) for one in alone.hosted.home.outbox("line1").iterdir()] == [done.place]


async def test_which_instance_is_asked_where_it_is_not_clear(alone: Typist) -> None:
    home, report = alone.hosted.home, alone.hosted.wsjf()
    file = alone.hosted.root / "report.json"
    file.write_bytes(report)
    for names, wanted, says in (
        ((), "", "instance add"),
        ((), "line1", "instance add"),
        (("line1", "line2"), "", "There are: line1, line2"),
        ((), "line9", "There are: line1, line2"),
        ((), "../line1", "letters"),
    ):
        for name in names:
            alone.hosted.store.add(name, AWAY)
        with pytest.raises(ConfigError) as caught:
            await submit_async(report, instance=wanted, home=home)
        assert says in str(caught.value)
        typed = await alone.type("submit", str(file), *(("--instance", wanted) if wanted else ()))
        assert (typed.code, typed.out) == (2, "")
        assert says in typed.talk
    assert (await submit_async(report, instance="line2", home=home)).instance == "line2"


async def test_what_cannot_be_taken_is_refused_with_a_sentence(alone: Typist, tmp_path: Path) -> None:
    alone.hosted.store.add("line1", AWAY)
    home = alone.hosted.home
    with pytest.raises(StationmasterError, match=r"nowhere\.json cannot be read: No such file"):
        await submit_async(tmp_path / "nowhere.json", home=home)
    with pytest.raises(ConversionError, match=r"raw\.wstf: .*name its converter"):
        await submit_async(raw(tmp_path), home=home)
    with pytest.raises(ConfigError, match="path of the file"):
        await submit_async(alone.hosted.wsjf(), converter="wstf", home=home)
    with pytest.raises(ConfigError, match="no name of a converter"):
        await submit_async(raw(tmp_path), converter="../wstf", home=home)
    large = tmp_path / "large.json"
    large.touch()
    os.truncate(large, MAX_BODY + 1)
    with pytest.raises(ControlError, match="watch folder") as caught:
        await submit_async(large, converter="wstf", home=home)
    assert caught.value.code == "too-large"
    typed = await alone.type("submit", str(large))
    assert (typed.code, "watch folder" in typed.talk) == (1, True)
    assert not list(home.outbox("line1").iterdir())
    assert not home.inbox("line1").exists()


# ---------------------------------------------------------------- from standard input
async def test_standard_input_without_an_agent(alone: Typist, tmp_path: Path) -> None:
    alone.hosted.store.add("line1", AWAY)
    home = alone.hosted.home
    report = await alone.type("submit", "-", "--json", given=alone.hosted.wsjf(report_id=ID).decode())
    assert (report.data["report_id"], Path(report.data["place"]).parent) == (ID, home.outbox("line1"))
    file = raw(tmp_path)
    words = ("submit", "-", "--converter", "wstf", "--name", "r-7.wstf", "--json")
    typed = await alone.type(*words, given=file.read_text())
    place = Path(typed.data["place"])
    assert place.parent == home.inbox("line1") / "wstf"
    content = file.read_bytes()
    assert place.name.endswith("-r-7.wstf")
    assert [one.read_bytes() for one in (place,)] == [content]
    by_python = await submit_async(content, converter="wstf", name="r-8.wstf", home=home)
    assert by_python.place.endswith("-r-8.wstf")


async def test_standard_input_that_is_no_report_is_refused_with_a_sentence(alone: Typist) -> None:
    alone.hosted.store.add("line1", AWAY)
    for given, says in (
        ("", "Nothing came on standard input"),
        (" \n", "Nothing came on standard input"),
        ("SN-1;fail\n", "name its converter"),
        ("x" * (MAX_BODY + 1), "More than 64 MB"),
    ):
        typed = await alone.type("submit", "-", given=given)
        assert (typed.code != 0, typed.out) == (True, "")
        assert says in typed.talk
    home = alone.hosted.home
    assert not list(home.outbox("line1").iterdir())
    with pytest.raises(ControlError, match="64 MB"):
        await submit_async(b" " * (MAX_BODY + 1), home=home)
    with pytest.raises(ConfigError, match="reads a file"):
        await submit_async({"sn": "SN-1"}, converter="wstf", name="a", home=home)


# ---------------------------------------------------------------- with an agent
async def test_standard_input_with_an_agent(typist: Typist, oracle: Oracle) -> None:
    report = typist.hosted.wsjf(report_id=ID)
    for _ in range(2):  # the second time changes nothing
        typed = await typist.type("submit", "-", given=report.decode())
        assert (typed.code, f"report id {ID}" in typed.talk) == (0, True)
    raw_file = typist.hosted.wsjf().decode()
    typed = await typist.type("submit", "-", "--name", "a.json", "--converter", "wsjf", given=raw_file)
    assert typed.code == 0
    await typist.hosted.until(lambda: len(ids(oracle)) == 2, what="both reports")
    assert {Path(one.source).name for one in await typist.hosted.entries("line1")} >= {"stdin"}


async def test_every_form_is_in_the_spool_where_an_agent_runs(typist: Typist, oracle: Oracle) -> None:
    home = typist.hosted.home
    sent = [await submit_async(item, home=home) for item in forms(typist)]
    assert all(one.entry is not None and not one.place for one in sent)
    file = typist.hosted.root / "raw.json"
    file.write_bytes(typist.hosted.wsjf())
    by_python = await submit_async(file, converter="wsjf", home=home)
    assert Path(by_python.place).parent == home.inbox("line1") / "wsjf"
    await typist.hosted.until(lambda: len(ids(oracle)) == 5, what="all reports")
    assert {one.report_id for one in sent} < set(ids(oracle))
    known = await typist.hosted.entries("line1")
    assert {Path(one.source).name for one in known} >= {"report.json"}
    typed = await typist.type("submit", str(typist.hosted.root / "report.json"))
    assert (typed.code, typed.out) == (0, "")
    assert f"report id {sent[3].report_id}" in typed.talk


async def test_the_agent_refuses_with_the_same_sentences(typist: Typist) -> None:
    home, file = typist.hosted.home, raw(typist.hosted.root)
    await typist.hosted.moment(lambda: typist.hosted.supervisor("line1").instance.converters)
    with pytest.raises(ControlError) as caught:
        await submit_async(file, converter="nothing", home=home)
    assert "wstf" in caught.value.next_step
    assert (await typist.type("submit", str(file), "--converter", "nothing")).code == 2
    with pytest.raises(ControlError) as caught:
        await submit_async(typist.hosted.wsjf(), instance="line9", home=home)
    assert caught.value.next_step == "There are: line1"
    assert await typist.hosted.entries("line1") == ()
