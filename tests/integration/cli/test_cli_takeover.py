"""`instance import --reports-dir`: what another client left behind is taken over, once."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from fakes.hosted import ids
from fakes.oracle import Oracle
from fakes.typed import Typist
from stationmaster.model import EntryState

OLD = 1_700_000_000
NAMES = [f"00000000-0000-4000-8000-00000000000{number}" for number in range(9)]


def names(folder: Path, pattern: str = "*") -> list[str]:
    return sorted(path.name for path in folder.glob(pattern))


def leave(folder: Path, typist: Typist, name: str, number: int, *, sn: str = "") -> Path:
    """A report of the other client."""
    path = folder / name
    path.write_bytes(typist.hosted.wsjf(report_id=NAMES[number], sn=sn or f"SN-{number}"))
    os.utime(path, (OLD + number, OLD + number))
    return path


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Its folder of reports, with one of each kind."""
    typist = request.getfixturevalue("alone" if "alone" in request.fixturenames else "typist")
    found = tmp_path / "other" / "Reports"
    found.mkdir(parents=True)
    leave(found, typist, "a.json.queued", 1)
    leave(found, typist, "b.queued", 2)
    leave(found, typist, "c.processing", 3)
    leave(found, typist, "d.error", 4)
    (found / "d.error.info").write_text(json.dumps({"error": "400: Unknown part number", "attempts": 1}))
    leave(found, typist, "e.pending.wsjf", 5)
    leave(found, typist, "f.failed.wsjf", 6)
    (found / "f.failed.meta.json").write_text(json.dumps({"last_error": "Serial number too long"}))
    leave(found, typist, "g.completed", 7)
    return found


async def imported(typist: Typist, folder: Path, *words: str) -> tuple[int, str]:
    done = await typist.type("instance", "import", "--reports-dir", str(folder), *words)
    assert done.out == ""
    return done.code, done.talk


async def test_all_is_taken_over_once(typist: Typist, oracle: Oracle, folder: Path) -> None:
    hosted = typist.hosted
    code, talk = await imported(typist, folder)
    assert (code, talk) == (0, "2 error: stored.\n1 processing: stored.\n3 queued: stored.\n")
    await hosted.until(lambda: hosted.completed("line1") == 4, what="delivery")
    assert sorted(ids(oracle)) == [NAMES[number] for number in (1, 2, 3, 5)]
    errors = {one.report_id: one for one in await hosted.entries("line1", EntryState.ERROR)}
    assert {name: one.reason for name, one in errors.items()} == {
        NAMES[4]: "400: Unknown part number",
        NAMES[6]: "Serial number too long",
    }
    assert errors[NAMES[4]].source == str(folder / "d.error")
    assert names(folder) == [
        "a.json.queued.imported", "b.queued.imported", "c.processing.imported", "d.error.imported",
        "d.error.info", "e.pending.wsjf.imported", "f.failed.meta.json", "f.failed.wsjf.imported",
        "g.completed",
    ]  # fmt: skip
    assert "nothing to take over" in (await imported(typist, folder))[1]
    # a retry sends what was in error
    assert (await typist.type("queue", "retry", "--all")).code == 0
    await hosted.until(lambda: hosted.completed("line1") == 6, what="the retries")
    assert len(ids(oracle)) == 6


async def test_a_kill_between_the_store_and_the_mark_doubles_nothing(
    typist: Typist, oracle: Oracle, folder: Path
) -> None:
    assert (await imported(typist, folder))[0] == 0
    for name in names(folder, "*.imported"):
        (folder / name).rename(folder / name.removesuffix(".imported"))
    code, talk = await imported(typist, folder)
    assert (code, talk) == (
        0,
        "2 error: known already.\n1 processing: known already.\n3 queued: known already.\n",
    )
    await typist.hosted.until(lambda: typist.hosted.completed("line1") == 4, what="delivery")
    assert len(ids(oracle)) == 4
    assert len(await typist.hosted.entries("line1")) == 6


async def test_what_cannot_be_taken_stays_and_is_told(typist: Typist, folder: Path) -> None:
    broken = folder / "h.queued"
    broken.write_text('{"type": "T"')
    os.utime(broken, (OLD, OLD))
    code, talk = await imported(typist, folder)
    assert code == 1
    assert f"Left in place: {broken}: " in talk
    assert broken.exists()
    # in error there, delivered here with other content: neither is lost
    other = leave(folder, typist, "i.error", 1, sn="SN-other")
    code, talk = await imported(typist, folder)
    assert code == 1
    assert f"Left in place: {other}: A report of this id is known with other content." in talk
    assert other.exists()


async def test_a_client_that_runs_is_left_alone(typist: Typist, folder: Path) -> None:
    lock = folder.parent / "service.lock"
    lock.write_text(json.dumps({"pid": os.getpid(), "instance_id": "default"}))
    code, talk = await imported(typist, folder)
    assert code == 1
    assert f"Process {os.getpid()} holds {lock}." in talk
    lock.unlink()
    os.utime(folder / "b.queued")
    code, talk = await imported(typist, folder)
    assert code == 1
    assert "was written less than" in talk
    assert not names(folder, "*.imported")
    with (folder / "c.processing").open("ab"):
        code, talk = await imported(typist, folder, "--force")
        assert code == 1
        assert "A program has it open to write to it." in talk
    assert len(names(folder, "*.imported")) == 5


async def test_without_an_agent_the_outbox_takes_them_but_for_errors(
    alone: Typist, oracle: Oracle, folder: Path
) -> None:
    await alone.hosted.line("line1", oracle)
    code, talk = await imported(alone, folder)
    assert code == 1
    assert talk.count("needs a running agent") == 2
    assert "3 queued: left for the agent to take." in talk
    assert len(names(alone.hosted.home.outbox("line1"), "*.queued")) == 4
    assert (folder / "d.error").exists()
    await alone.hosted.start()
    await alone.hosted.until(lambda: len(ids(oracle)) == 4, what="delivery")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def foretold(typist: Typist, folder: Path) -> tuple[int, dict[str, str], str]:
    """Exit code of a dry run, what it says of each file, and its talk; it changes nothing."""
    before = contents(folder)
    dry = await typist.type("instance", "import", "--reports-dir", str(folder), "--dry-run")
    assert contents(folder) == before
    rows = [line.split() for line in dry.out.splitlines()[1:]]
    return dry.code, {row[2]: row[1] for row in rows}, dry.talk


async def test_a_dry_run_reads_and_checks_each_report_and_writes_nothing(
    typist: Typist, oracle: Oracle, folder: Path
) -> None:
    hosted = typist.hosted
    code, rows, talk = await foretold(typist, folder)
    assert (code, set(rows.values())) == (0, {"new"})
    assert "6 would be taken over, 0 would stay." in talk
    assert not await hosted.entries("line1")
    assert not ids(oracle)
    assert (await imported(typist, folder))[0] == 0
    for name in names(folder, "*.imported"):
        (folder / name).rename(folder / name.removesuffix(".imported"))
    other = leave(folder, typist, "i.error", 1, sn="SN-1")
    other.write_bytes(other.read_bytes().replace(b'"P"', b'"F"'))
    revised = leave(folder, typist, "b.queued", 2)
    revised.write_bytes(revised.read_bytes().replace(b'"P"', b'"F"'))
    broken = folder / "h.queued"
    broken.write_text('{"type": "T"')
    for path in (other, revised, broken):
        os.utime(path, (OLD, OLD))
    code, rows, talk = await foretold(typist, folder)
    assert (code, rows) == (
        1,
        {
            "a.json.queued": "same", "b.queued": "revised", "c.processing": "same", "d.error": "same",
            "e.pending.wsjf": "same", "f.failed.wsjf": "same", "h.queued": "refused", "i.error": "refused",
        },
    )  # fmt: skip
    assert f"Would be left in place: {other}: A report of this id is known with other content." in talk
    assert f"Would be left in place: {broken}: " in talk
    assert "6 would be taken over, 2 would stay." in talk
    told = (await imported(typist, folder))[1]
    assert told.count("Left in place") == 2, "the real one comes to the same"
    assert "1 queued: stored as a later revision." in told
    assert "2 error: known already." in told


async def test_a_dry_run_without_an_agent_says_that_errors_need_one(
    alone: Typist, oracle: Oracle, folder: Path
) -> None:
    await alone.hosted.line("line1", oracle)
    code, rows, talk = await foretold(alone, folder)
    assert code == 1
    assert talk.count("needs a running agent") == 2
    assert sorted(rows.values()) == ["left"] * 4 + ["refused"] * 2
    assert not names(alone.hosted.home.outbox("line1"))


async def test_a_dry_run_tells_of_a_client_that_runs(typist: Typist, folder: Path) -> None:
    lock = folder.parent / "service.lock"
    lock.write_text(json.dumps({"pid": os.getpid()}))
    code, _, talk = await foretold(typist, folder)
    assert code == 1
    assert f"Process {os.getpid()} holds {lock}." in talk
