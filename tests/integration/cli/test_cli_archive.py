"""`archive ...`: what is archived is listed, checked, got out again, and submitted again without doubles."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from fakes.hosted import Hosted, ids
from fakes.oracle import Oracle
from fakes.typed import Typist
from stationmaster.archive.pack import pack_day
from stationmaster.model import EntryState

TO_CONVERT = "1 handed over to be converted; the queue shows what becomes of it.\n"


async def archived(hosted: Hosted, converter: str = "wsjf", **options: object) -> Path:
    """`line1` archives what it takes from this folder."""
    folder = hosted.root / "results"
    folder.mkdir()
    watch = hosted.watch(folder, converter, after="archive", options={converter: options} if options else {})
    await hosted.agent.configure("line1", {"watch": [watch]})
    await hosted.running("line1")
    return folder


def day_of(hosted: Hosted) -> str:
    return f"{hosted.clock.now().astimezone():%Y-%m-%d}"


async def lies(hosted: Hosted, count: int) -> Path:
    """Until so many files lie in the folder of today, which this names, and have no other name any more."""
    folder = hosted.home.archive("line1") / day_of(hosted)
    await hosted.until(lambda: len([*folder.glob("[!.]*")]) == count, what="the archive")
    await hosted.until(lambda: hosted.supervisor("line1").instance.idle, what="rest")
    return folder


async def test_days_are_listed_shown_verified_and_extracted(typist: Typist, tmp_path: Path) -> None:
    hosted = typist.hosted
    folder = await archived(hosted)
    hosted.drop(folder, sn="SN-1", name="first.json")
    hosted.drop(folder, sn="SN-2", name="second.json")
    today = (await lies(hosted, 2)).name
    (loose,) = (await typist.type("archive", "list", "--json")).data
    assert (loose["day"], loose["files"], loose["loose"]) == (today, 0, 2)
    archive = hosted.home.archive("line1")
    pack_day(archive, today)
    hosted.drop(folder, sn="SN-3", name="third.json")
    await lies(hosted, 1)

    (mixed,) = (await typist.type("archive", "list", "--json")).data
    assert (mixed["files"], mixed["loose"], mixed["pack"]) == (2, 1, str(archive / f"{today}.zip"))
    assert today in (await typist.type("archive", "list")).out
    shown = await typist.type("archive", "show", today, "--json")
    assert [one["name"] for one in shown.data] == ["first.json", "second.json", "third.json"]
    assert shown.data[0]["place"] == f"{archive / today}.zip!/first.json"
    one = await typist.type("archive", "show", str(archive / f"{today}.zip"), "--name", "sec*")
    assert "second.json" in one.out
    assert "third.json" not in one.out

    well = await typist.type("archive", "verify")
    assert well.code == 0
    assert "2 files are as the manifest says." in well.talk

    out = tmp_path / "out"
    for _ in range(2):  # nothing is overwritten
        done = await typist.type("archive", "extract", "--serial", "sn-1", "-o", str(out))
        assert (done.code, done.talk) == (0, f"1 file is in {out}.\n")
    assert sorted(path.name for path in out.iterdir()) == ["first (2).json", "first.json"]
    assert "SN-1" in (out / "first.json").read_text()
    assert (out / "first.json").stat().st_mtime_ns == shown.data[0]["mtime_ns"]
    # another file took the name of one that is packed: whose it is its name does not tell
    (archive / today / "first.json").write_text("another")
    both = await typist.type("archive", "extract", "--serial", "sn-1", "-o", str(tmp_path / "both"))
    assert "2 files are in" in both.talk
    (archive / today / "first.json").unlink()
    every = await typist.type(
        "archive", "extract", today, "--name", "*d.json", "--output", str(tmp_path / "x")
    )
    assert "2 files are in" in every.talk
    none = await typist.type("archive", "extract", "--serial", "SN-9")
    assert (none.code, "stationmaster queue find SN-9" in none.talk) == (1, True)
    assert (await typist.type("archive", "extract")).code == 2


async def test_damage_and_what_is_not_there_are_told(typist: Typist, tmp_path: Path) -> None:
    hosted = typist.hosted
    assert "There is no zip yet." in (await typist.type("archive", "verify")).talk
    folder = await archived(hosted)
    hosted.drop(folder, name="first.json")
    today = (await lies(hosted, 1)).name
    archive = hosted.home.archive("line1")
    pack_day(archive, today)
    pack = archive / f"{today}.zip"
    whole = bytearray(pack.read_bytes())
    whole[60] ^= 0xFF
    pack.write_bytes(whole)
    bad = await typist.type("archive", "verify", today)
    assert bad.code == 1
    assert "first.json" in bad.talk
    half = await typist.type("archive", "extract", today, "--output", str(tmp_path / "out"))
    assert (half.code, "first.json" in half.talk, list((tmp_path / "out").iterdir())) == (1, True, [])
    pack.write_bytes(whole[: len(whole) // 2])  # no end: it is not even known as ours
    torn = await typist.type("archive", "verify")
    assert (torn.code, str(pack) in torn.talk) == (1, True)
    none = await typist.type("archive", "show", "2001-01-01")
    assert (none.code, "Nothing of 2001-01-01" in none.talk) == (1, True)
    foreign = tmp_path / "x.zip"
    foreign.write_text("no zip")
    assert (await typist.type("archive", "show", str(foreign))).code == 1
    assert (await typist.type("archive", "show", "tomorrow")).code == 1


@pytest.mark.parametrize("packed", [True, False])
async def test_what_is_submitted_again_is_not_doubled(
    typist: Typist, oracle: Oracle, *, packed: bool
) -> None:
    hosted = typist.hosted
    options = {"part_number": "P-1", "process_code": 10, "serial_number_pattern": "(?P<sn>SN-[0-9]+)"}
    folder = await archived(hosted, "junit", **options)
    # no time of its own: the file's time is part of its report's id
    (folder / "SN-7.xml").write_text('<testsuite name="FCT"><testcase name="VCC" time="0.1"/></testsuite>')
    await hosted.until(lambda: hosted.completed("line1") == 1, what="the report")
    today = (await lies(hosted, 1)).name
    if packed:
        pack_day(hosted.home.archive("line1"), today)
    before, sent = await hosted.entries("line1"), ids(oracle)

    dry = await typist.type("archive", "resubmit", today, "--dry-run")
    assert (dry.code, dry.talk) == (0, "1 would be submitted.\n")
    # time passes: what comes now has another time, if its own is not kept
    await hosted.clock.advance(timedelta(minutes=5).total_seconds())
    done = await typist.type("archive", "resubmit", today)
    assert (done.code, done.talk) == (0, TO_CONVERT)

    inbox = hosted.home.inbox("line1") / "junit"
    await hosted.until(lambda: inbox.is_dir() and not list(inbox.iterdir()), what="the inbox")
    await hosted.until(lambda: hosted.supervisor("line1").instance.idle, what="rest")
    assert [one.id for one in await hosted.entries("line1")] == [one.id for one in before]
    assert ids(oracle) == sent
    assert not await hosted.entries("line1", EntryState.ERROR)


async def test_a_damaged_file_holds_no_other_up(typist: Typist) -> None:
    hosted = typist.hosted
    folder = await archived(hosted)
    for number in (1, 2):
        hosted.drop(folder, name=f"{number}.json")
    today = (await lies(hosted, 2)).name
    archive = hosted.home.archive("line1")
    pack_day(archive, today)
    pack = archive / f"{today}.zip"
    whole = bytearray(pack.read_bytes())
    whole[60] ^= 0xFF
    pack.write_bytes(whole)
    done = await typist.type("archive", "resubmit", today)
    assert done.code == 1
    assert TO_CONVERT in done.talk
    assert "1 refused" in done.talk
    assert f"{pack}!/1.json" in done.talk


async def test_without_an_agent_it_waits_in_the_inbox(alone: Typist, oracle: Oracle) -> None:
    hosted = alone.hosted
    folder = hosted.folder("line1")
    await hosted.line("line1", oracle, patch={"watch": [hosted.watch(folder, after="archive")]})
    await hosted.start()
    name = hosted.drop(folder, name="first.json")
    await hosted.until(lambda: ids(oracle) == [name], what="the report")
    today = (await lies(hosted, 1)).name
    await hosted.stop()
    done = await alone.type("archive", "resubmit", today)
    assert (done.code, done.talk) == (0, TO_CONVERT)
    (waiting,) = (hosted.home.inbox("line1") / "wsjf").iterdir()
    assert waiting.name.endswith("first.json")
    await hosted.start()
    await hosted.until(lambda: not waiting.exists(), what="the inbox")
    assert ids(oracle) == [name]
    assert len(await hosted.entries("line1")) == 1


async def test_2_raw_files_need_a_converter(typist: Typist) -> None:
    hosted = typist.hosted
    (hosted.home.archive("line1") / "2001-01-01").mkdir(parents=True)
    (hosted.home.archive("line1") / "2001-01-01" / "a.txt").write_text("a")
    done = await typist.type("archive", "resubmit", "2001-01-01")
    assert done.code == 1
    assert "--converter" in done.talk


async def test_an_empty_archive_says_what_fills_it(alone: Typist) -> None:
    alone.hosted.store.add("line1", "http://127.0.0.1:9")
    listed = await alone.type("archive", "list")
    assert (listed.code, listed.out) == (0, "")
    assert 'Nothing is archived yet. Only watch folders with after = "archive" fill it' in listed.talk
    shown = await alone.type("archive", "show", "2026-11-29")
    assert shown.code != 0
    assert 'archive list. Only watch folders with after = "archive" fill it' in shown.talk
