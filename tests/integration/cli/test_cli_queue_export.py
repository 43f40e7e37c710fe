"""`queue export` and `queue import`: out of one spool and into another, each report once at the server."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

from fakes.hosted import Hosted, ids
from fakes.oracle import Oracle
from fakes.oracle_script import Rule, Script, status
from fakes.typed import Typist
from stationmaster.archive.look import holding
from stationmaster.archive.writing import read_back
from stationmaster.model import EntryState


async def delivered(hosted: Hosted, *serials: str) -> None:
    for serial in serials:
        goal = hosted.completed("line1") + 1
        hosted.drop(hosted.folder("line1"), sn=serial)
        await hosted.until(lambda goal=goal: hosted.completed("line1") == goal, what=serial)  # type: ignore[misc]  # bound now


async def test_lists_as_json_lines_and_as_csv(typist: Typist, tmp_path: Path) -> None:
    await delivered(typist.hosted, "SN-1", "SN-2", 'SN-"3"')
    lines = await typist.type("queue", "export", "--all")
    assert lines.code == 0
    entries = [json.loads(line) for line in lines.out.splitlines()]
    assert [one["serial_number"] for one in entries] == ['SN-"3"', "SN-2", "SN-1"]
    target = tmp_path / "entries.csv"
    done = await typist.type("queue", "export", "--state", "completed", "--state", "error", "-o", str(target))
    assert done.talk == f"3 entries are in {target}.\n"
    rows = list(csv.DictReader(io.StringIO(target.read_text())))
    assert [row["serial_number"] for row in rows] == ['SN-"3"', "SN-2", "SN-1"]
    assert [row["report_id"] for row in rows] == [one["report_id"] for one in entries]
    found = await typist.type("queue", "export", "--all", "--search", "SN-2", "--format", "csv")
    assert len(found.out.splitlines()) == 2
    tomorrow = typist.hosted.clock.now() + timedelta(days=1)
    assert (await typist.type("queue", "export", "--all", "--since", tomorrow.isoformat())).out == ""
    yesterday = typist.hosted.clock.now() - timedelta(days=1)
    kept = await typist.type("queue", "export", "--all", "--since", yesterday.isoformat())
    assert len(kept.out.splitlines()) == 3
    for words in (("--since", "soon"), ("--format", "xml"), ("--format", "wsjf-zip")):
        assert (await typist.type("queue", "export", *words)).code == 2


async def test_a_zip_of_reports_goes_to_another_machine_under_the_same_ids(
    typist: Typist, oracle: Oracle, tmp_path: Path
) -> None:
    hosted = typist.hosted
    await delivered(hosted, "SN-1", "SN-2")
    target = tmp_path / "reports.zip"
    done = await typist.type("queue", "export", str(target), "--all")
    assert done.talk == f"2 reports are in {target}.\n"
    assert {one.name for one in read_back(target).members} == {f"{one}.json" for one in ids(oracle)}
    with holding(None, target) as held:
        kept = {one.name.removesuffix(".json"): held.read(one) for one in held.files()}
    assert {one: json.loads(body) for one, body in kept.items()} == {
        one: json.loads(oracle.stored[one]) for one in ids(oracle)
    }

    again = await typist.type("queue", "import", str(target))
    assert (again.code, again.talk) == (0, "2 known already.\n")
    assert (await typist.type("queue", "import", str(target), "--dry-run")).talk == "2 would be submitted.\n"

    # another machine, the same server: the same two ids arrive, and no other
    other = Hosted(tmp_path / "other")
    other.root.mkdir()
    async with Oracle(tmp_path / "elsewhere") as server:
        server.clock = other.clock
        await other.line("line9", server)
        await other.start()
        try:
            await other.running("line9")
            with Typist(other) as keyboard:
                async with keyboard.agent():
                    moved = await keyboard.type("queue", "import", str(target))
                assert (moved.code, moved.talk) == (0, "2 stored.\n")
            await other.until(lambda: other.completed("line9") == 2, what="delivery")
        finally:
            await other.stop()
        assert set(ids(server)) == set(kept)
        assert {one: json.loads(server.stored[one]) for one in kept} == {
            one: json.loads(body) for one, body in kept.items()
        }


async def test_it_works_without_an_agent(alone: Typist, oracle: Oracle, tmp_path: Path) -> None:
    hosted = alone.hosted
    oracle.script = Script([Rule(behaviour=status(400, "Unknown part number"), contains="BAD")])
    folder = await hosted.line("line1", oracle)
    await hosted.start()
    hosted.drop(folder, sn="BAD-1")
    await hosted.until(lambda: hosted.instance("line1").counts.error == 1, what="the refusal")
    (bad,) = await hosted.entries("line1", EntryState.ERROR)
    await hosted.stop()
    target = tmp_path / "bad.zip"
    assert (await alone.type("queue", "export", str(target))).talk == f"1 report is in {target}.\n"
    assert len((await alone.type("queue", "export")).out.splitlines()) == 1
    back = await alone.type("queue", "import", str(target))
    assert (back.code, back.talk) == (0, "1 left for the agent to take.\n")
    assert [one.name for one in hosted.home.outbox("line1").iterdir()] == [f"{bad.report_id}.queued"]


async def test_a_report_that_a_later_revision_replaced_is_left_out(typist: Typist, tmp_path: Path) -> None:
    hosted = typist.hosted
    folder, name = hosted.folder("line1"), "7c2b55a2-4fd0-4f5c-8a65-1f6f3a2f0c11"
    for serial in ("SN-1", "SN-2"):
        goal = hosted.completed("line1") + 1
        (folder / f"{serial}.json").write_bytes(hosted.wsjf(report_id=name, sn=serial))
        await hosted.until(lambda goal=goal: hosted.completed("line1") == goal, what=serial)  # type: ignore[misc]  # bound now
    target = tmp_path / "reports.zip"
    done = await typist.type("queue", "export", "--all", "--output", str(target))
    assert "1 report is in" in done.talk
    assert "1 more are left out: a later revision took their place." in done.talk
    with holding(None, target) as held:
        (one,) = held.files()
        assert json.loads(held.read(one))["sn"] == "SN-2"
        assert one.member is not None
        assert (one.member.about["revision"], one.member.about["serial_number"]) == (2, "SN-2")
    raw = await typist.type("archive", "show", str(target), "--json")
    assert raw.data[0]["about"]["state"] == "completed"
