"""`queue ...`: what a person finds, takes out and decides, with a real spool behind it."""

from __future__ import annotations

import asyncio
import getpass
import json
import re
from pathlib import Path

import pytest

from fakes.hosted import Hosted, ids
from fakes.oracle import Oracle
from fakes.oracle_script import Rule, Script, status
from fakes.typed import Typist
from stationmaster.model import Counts, Entry, EntryState

DAY = 86400.0


def counts(hosted: Hosted) -> Counts:
    """How many entries stand in each state."""
    return hosted.instance("line1").counts


async def refused(typist: Typist, oracle: Oracle, *serials: str) -> tuple[Entry, ...]:
    """Reports that the server refuses, newest first."""
    hosted = typist.hosted
    oracle.script = Script([Rule(behaviour=status(400, "Unknown part number"), contains="BAD")])
    for serial in serials:
        hosted.drop(hosted.folder("line1"), sn=serial)
        before = counts(hosted).error
        await hosted.until(lambda before=before: counts(hosted).error == before + 1, what=serial)  # type: ignore[misc]  # bound now
    oracle.script = Script()
    return await hosted.entries("line1", EntryState.ERROR)


async def delivered(typist: Typist, *serials: str) -> None:
    """Reports that arrive, one after the other."""
    hosted = typist.hosted
    for serial in serials:
        goal = hosted.completed("line1") + 1
        hosted.drop(hosted.folder("line1"), sn=serial)
        await hosted.until(lambda goal=goal: hosted.completed("line1") == goal, what=serial)  # type: ignore[misc]  # bound now


# ---------------------------------------------------------------- list, find, show
async def test_listing_by_state_text_and_page(typist: Typist, oracle: Oracle) -> None:
    await delivered(typist, "SN-1", "SN-2", "SN-3")
    (bad,) = await refused(typist, oracle, "BAD-1")

    async def listed(*words: str) -> list[str]:
        done = await typist.type("queue", "list", "--json", *words)
        assert (done.code, done.talk) == (0, "")
        return [one["serial_number"] for one in done.data]

    assert await listed() == ["BAD-1", "SN-3", "SN-2", "SN-1"]
    assert await listed("--state", "error") == ["BAD-1"]
    assert await listed("--state", "queued") == []
    assert await listed("--search", "sn-") == ["SN-3", "SN-2", "SN-1"]
    assert await listed("--search", "unknown PART") == ["BAD-1"], "the reason counts"
    assert await listed("--search", "SN-", "--limit", "2") == ["SN-3", "SN-2"]
    assert await listed("--limit", "2", "--before", str(bad.id)) == ["SN-3", "SN-2"]
    for_people = await typist.type("queue", "list", "--instance", "line1")
    assert for_people.code == 0
    assert "✗ error" in for_people.out
    assert "Unknown part number" in for_people.out
    assert (await typist.type("queue", "list", "--limit", "0")).code == 2


async def test_finding_a_unit_whatever_became_of_it(typist: Typist, oracle: Oracle) -> None:
    await delivered(typist, "SN-1")
    await refused(typist, oracle, "BAD-1")
    good = await typist.type("queue", "find", "sn-1", "--json")
    assert (good.code, [one["state"] for one in good.data]) == (0, ["completed"])
    bad = await typist.type("queue", "find", "BAD-1")
    assert bad.code == 0
    for words in ("of line1, ✗ error", "r0002.json", "Unknown part number"):
        assert words in bad.out
    nothing = await typist.type("queue", "find", "SN-9", "--json")
    assert (nothing.code, nothing.data) == (1, [])
    assert "Nothing is known of serial number SN-9." in nothing.talk
    assert "stationmaster queue list --state error" in nothing.talk
    shown = (await typist.type("queue", "find", "SN-1")).out
    assert re.search(r"^Server: +accepted, 200$", shown, re.MULTILINE)
    assert re.search(rf"^Report size: +{good.data[0]['size']} bytes$", shown, re.MULTILINE)


async def test_3_finding_needs_an_agent(alone: Typist) -> None:
    done = await alone.type("queue", "find", "SN-1")
    assert (done.code, done.out) == (3, "")
    assert "agent start" in done.talk


async def test_showing_an_entry_and_its_report(typist: Typist, oracle: Oracle) -> None:
    await delivered(typist, "SN-1")
    (entry,) = await typist.hosted.entries("line1")
    shown = await typist.type("queue", "show", str(entry.id), "--json")
    assert (shown.data["id"], shown.data["report_id"]) == (entry.id, entry.report_id)
    assert f"{entry.report_id} revision 1" in (await typist.type("queue", "show", str(entry.id))).out
    report = await typist.type("queue", "show", str(entry.id), "--payload")
    assert (report.code, report.talk) == (0, "")
    assert json.loads(report.out) == json.loads(oracle.stored[entry.report_id])
    assert (await typist.type("queue", "show", "77", "--payload")).code == 2


# ---------------------------------------------------------------- retry, dismiss, send
async def test_a_retry_by_number_and_of_all(typist: Typist, oracle: Oracle) -> None:
    third, second, first = await refused(typist, oracle, "BAD-1", "BAD-2", "BAD-3")
    one = await typist.type("queue", "retry", str(second.id))
    assert (one.code, one.out) == (0, "")
    assert "1 entry is queued again." in one.talk
    await typist.hosted.until(lambda: ids(oracle) == [second.report_id], what="the second")
    some = await typist.type("queue", "retry", str(second.id), str(first.id))
    assert some.code == 0
    assert "1 entry is queued again." in some.talk
    assert "The others are not in the error list" in some.talk
    assert (await typist.type("queue", "retry", str(second.id))).code == 1
    rest = await typist.type("queue", "retry", "--all", "--instance", "line1")
    assert "1 entry is queued again." in rest.talk
    await typist.hosted.until(lambda: counts(typist.hosted).completed == 3, what="all")
    assert set(ids(oracle)) == {first.report_id, second.report_id, third.report_id}
    for words in ((), ("--all", "1")):
        assert (await typist.type("queue", "retry", *words)).code == 2


async def test_a_file_that_could_not_be_converted_is_converted_again(typist: Typist, oracle: Oracle) -> None:
    hosted = typist.hosted
    hosted.spoil(hosted.folder("line1"))
    await hosted.until(lambda: counts(hosted).error == 1, what="the error")
    (entry,) = await hosted.entries("line1", EntryState.ERROR)
    place = hosted.home.errors("line1") / "bad.json"
    async with asyncio.timeout(60):
        while (await typist.type("queue", "show", str(entry.id), "--json")).data["place"] != str(place):
            await hosted.clock.advance(0.1)
    place.write_bytes(hosted.wsjf(sn="SN-1"))  # a person repaired it
    assert (await typist.type("queue", "retry", "--all")).code == 0
    await hosted.until(lambda: len(ids(oracle)) == 1, what="the report")
    assert "SN-1" in {one.serial_number for one in await hosted.entries("line1")}


async def test_dismissing_asks_and_stays_on_record(typist: Typist, oracle: Oracle) -> None:
    second, first = await refused(typist, oracle, "BAD-1", "BAD-2")
    no = await typist.type("queue", "dismiss", str(first.id), given="n\n")
    assert (no.code, counts(typist.hosted).error) == (1, 2)
    assert "Dismiss them?" in no.talk
    yes = await typist.type("queue", "dismiss", str(first.id), given="y\n")
    assert (yes.code, "1 entry is dismissed." in yes.talk) == (0, True)
    rest = await typist.type("queue", "dismiss", "--all", "--yes")
    assert (rest.code, "1 entry is dismissed." in rest.talk) == (0, True)
    shown = await typist.type("queue", "show", str(second.id), "--json")
    assert (shown.data["state"], shown.data["dismissed_by"]) == ("dismissed", getpass.getuser())
    told = await typist.type("queue", "show", str(second.id), "--history", "--json")
    assert [event["what"] for event in told.data] == ["queued", "converted", "dismissed"]
    assert re.fullmatch(r"\w+, version \S+, (code [0-9a-f]{12}|Stationmaster \S+)", told.data[1]["detail"])
    assert "400" in told.data[-1]["detail"]
    assert told.data[-1]["by"] == getpass.getuser()
    for_people = (await typist.type("queue", "show", str(second.id), "--history")).out
    assert "dismissed" in for_people
    assert getpass.getuser() in for_people
    assert (await typist.type("queue", "show", "77", "--history")).code == 2
    assert not ids(oracle)


async def test_sending_now_does_not_wait_for_the_next_attempt(typist: Typist, oracle: Oracle) -> None:
    hosted = typist.hosted
    oracle.script = Script([Rule(behaviour=status(500))])
    hosted.drop(hosted.folder("line1"))
    await hosted.until(lambda: sum(one.status == 500 for one in oracle.seen) == 4, what="four tries")
    oracle.script = Script()
    await hosted.moment(lambda: counts(hosted).queued == 1, what="the wait for a fifth")
    done = await typist.type("queue", "send")
    assert (done.code, done.out) == (0, "")
    await hosted.moment(lambda: hosted.completed("line1") == 1, what="the upload")


# ---------------------------------------------------------------- export
async def test_an_export_writes_each_report_as_it_was_sent(
    typist: Typist, oracle: Oracle, tmp_path: Path
) -> None:
    await delivered(typist, "SN-1", "SN-2")
    bad = await refused(typist, oracle, "BAD-1")
    folder = tmp_path / "deep" / "out"
    done = await typist.type("queue", "export", str(folder))
    assert (done.code, done.out) == (0, "")
    assert f"1 report is in {folder}." in done.talk
    (file,) = folder.iterdir()
    assert file.name == f"{bad[0].report_id}-1.json"
    assert json.loads(file.read_bytes())["sn"] == "BAD-1"
    done = await typist.type("queue", "export", str(folder), "--state", "completed", "-i", "line1")
    assert f"2 reports are in {folder}." in done.talk
    names = {one: folder / f"{one}-1.json" for one in ids(oracle)}
    assert {one: json.loads(path.read_bytes()) for one, path in names.items()} == {
        one: json.loads(oracle.stored[one]) for one in ids(oracle)
    }
    in_the_way = tmp_path / "file"
    in_the_way.write_text("somebody's")
    refusal = await typist.type("queue", "export", str(in_the_way))
    assert (refusal.code, str(in_the_way) in refusal.talk) == (1, True)


async def test_an_export_tells_of_reports_whose_content_is_gone(
    typist: Typist, oracle: Oracle, tmp_path: Path
) -> None:
    hosted = typist.hosted
    await typist.type("instance", "edit", "line1", "--set", f"retention.payload_days={3600 / DAY}")
    await hosted.running("line1")
    await delivered(typist, "SN-1")
    (old,) = await hosted.entries("line1")
    async with asyncio.timeout(60):
        while (await typist.type("queue", "show", str(old.id), "--payload")).code == 0:
            await hosted.clock.advance(600.0)
    await delivered(typist, "SN-2")
    done = await typist.type("queue", "export", str(tmp_path / "out"), "--state", "completed")
    assert done.code == 0
    assert "1 report is in" in done.talk
    assert "1 more were delivered so long ago that only their history is kept" in done.talk
    (file,) = (tmp_path / "out").iterdir()
    assert json.loads(file.read_bytes())["sn"] == "SN-2"
    assert len(ids(oracle)) == 2


# ---------------------------------------------------------------- several instances
async def test_2_which_instance_is_asked_where_there_are_two(typist: Typist, oracle: Oracle) -> None:
    await typist.hosted.line("line2", oracle)
    await typist.hosted.until(lambda: "line2" in typist.hosted.agent.supervisors, what="line2")
    for words in (("list",), ("show", "1"), ("retry", "--all"), ("export", str(typist.hosted.root / "out"))):
        done = await typist.type("queue", *words)
        assert (done.code, done.out) == (2, "")
        assert "--instance with one of: line1, line2" in done.talk
    await delivered(typist, "SN-1")
    assert (await typist.type("queue", "find", "SN-1", "--json")).data[0]["instance"] == "line1"


@pytest.mark.parametrize("verb", ["list", "send"])
async def test_2_an_instance_that_is_not_there_is_named(typist: Typist, verb: str) -> None:
    done = await typist.type("queue", verb, "--instance", "line9")
    assert (done.code, done.out) == (2, "")
    assert "There are: line1" in done.talk


# ---------------------------------------------------------------- activity
async def test_activity_as_a_table_and_in_json(typist: Typist, oracle: Oracle) -> None:
    await delivered(typist, "SN-1", "SN-2")
    await refused(typist, oracle, "BAD-1")
    done = await typist.type("queue", "activity", "--hours", "1", "--buckets", "3", "--json")
    assert (done.code, done.talk) == (0, "")
    buckets = done.data["buckets"]
    assert len(buckets) == 3
    assert sum(one["taken"] for one in buckets) == 3
    assert sum(one["delivered"] for one in buckets) == 2
    assert sum(one["into_error"] for one in buckets) == 1
    assert buckets[-1]["waiting"] == 0
    told = await typist.type("queue", "activity", "--hours", "48", "--buckets", "2")
    head, *rows = told.out.splitlines()
    assert head.split()[:3] == ["From", "Taken", "Delivered"]
    assert len(rows) == 2
    for words in (("--hours", "0"), ("--hours", "745"), ("--buckets", "501")):
        assert (await typist.type("queue", "activity", *words)).code == 2
