"""What becomes of files that are taken: what was set when they were, and never under somebody who writes."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from fakes.equipment import OPTIONS
from fakes.hosted import Hosted, ids
from fakes.oracle import Oracle
from fakes.spooled import source_of
from fakes.waiting import PATIENCE
from stationmaster.model import EntryState
from stationmaster.spool import Spool, Storage
from stationmaster.spool.record import TakenSource

pytestmark = pytest.mark.usefixtures("no_lingering_tasks")


@asynccontextmanager
async def spool_of(hosted: Hosted) -> AsyncIterator[Spool]:
    """The spool of a line whose agent does not run."""
    hosted.home.ensure_instance("line1")
    async with Storage() as storage:
        path = hosted.home.spool("line1")
        async with await Spool.open(path, instance="line1", storage=storage, clock=hosted.clock) as spool:
            yield spool


async def killed(hosted: Hosted, oracle: Oracle, after: str, *watch: dict[str, Any]) -> Path:
    """A file that is on record with `after` in a line with these folders; a kill came before its release."""
    await hosted.line("line1", oracle, patch={"watch": list(watch)})
    path = hosted.folder("line1") / "a.json"
    path.write_bytes(hosted.wsjf())
    async with spool_of(hosted) as spool:
        await spool.take(source_at(path, after=after), [], None)
    return path


def source_at(path: Path, **more: Any) -> TakenSource:
    seen = path.stat()
    state = {"size": seen.st_size, "mtime_ns": seen.st_mtime_ns, "folder": str(path.parent)}
    return source_of(path, **{**state, "digest": hashlib.sha256(path.read_bytes()).hexdigest(), **more})


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(("after", "there"), [("keep", True), ("delete", False)])
async def test_two_watch_folders_on_one_path_keep_their_files_apart(
    hosted: Hosted, oracle: Oracle, order: int, *, after: str, there: bool
) -> None:
    folder = hosted.folder("line1")
    other = "delete" if after == "keep" else "keep"
    watch = [
        hosted.watch(folder, after=after, include=["*.json"]),
        hosted.watch(folder, after=other, include=["*.wsjf"]),
    ]
    path = await killed(hosted, oracle, after, *watch[::order])
    async with hosted:
        await hosted.running("line1")
        await all_released(hosted)
        assert path.exists() is there


@pytest.mark.parametrize(("recorded", "now", "there"), [("keep", "delete", True), ("delete", "keep", True)])
async def test_settings_that_changed_since_do_no_more_to_a_file_than_was_on_record(
    hosted: Hosted, oracle: Oracle, recorded: str, now: str, *, there: bool
) -> None:
    path = await killed(hosted, oracle, recorded, hosted.watch(hosted.folder("line1"), after=now))
    async with hosted:
        await hosted.running("line1")
        await all_released(hosted)
        assert path.exists() is there


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who has a file open for writing")
@pytest.mark.parametrize("after", ["delete", "archive", "move"])
async def test_a_file_that_is_still_written_to_stays_until_it_is_closed(
    hosted: Hosted, oracle: Oracle, after: str
) -> None:
    """A tester that keeps its log open writes on in it, wherever it lies: what came after would be lost."""
    folder, done = hosted.folder("line1"), hosted.folder("done")
    watch = hosted.watch(folder, "wstf", after=after, options={"wstf": OPTIONS})
    if after != "delete":
        watch["move_to"] = str(done)
    await hosted.line("line1", oracle, patch={"watch": [watch]})
    log = folder / "log.txt"
    async with hosted:
        await hosted.running("line1")
        with log.open("wb") as tester:
            for count in (1, 2, 3):
                tester.write(hosted.equipment.make("wstf").content)
                tester.flush()
                await hosted.until(lambda: hosted.completed("line1") == count, what=f"unit {count}")  # noqa: B023 - called at once
                await hosted.clock.advance(60.0)
                assert log.exists()
        kept = after != "delete"

        def released() -> bool:
            """On its way the file is neither here nor there."""
            return (
                not log.exists()
                and len([one for one in done.rglob("*") if one.is_file() and not one.name.startswith(".")])
                == kept
            )

        await hosted.until(released, what="the release")
        assert len(ids(oracle)) == 3


async def test_a_growing_file_on_a_share_stays_until_it_has_rested_for_long(
    hosted: Hosted, oracle: Oracle
) -> None:
    """A file server does not tell who has a file open at the other end."""
    folder = hosted.folder("line1")
    watch = hosted.watch(
        folder, "wstf", network="yes", incomplete_after=120.0, options={"wstf": OPTIONS}, after="delete"
    )
    await hosted.line("line1", oracle, patch={"watch": [watch]})
    log = folder / "log.txt"
    async with hosted:
        await hosted.running("line1")
        log.write_bytes(hosted.equipment.make("wstf").content)
        await hosted.until(lambda: hosted.completed("line1") == 1)
        await hosted.clock.advance(60.0)
        assert log.exists()
        with log.open("ab") as tester:
            tester.write(hosted.equipment.make("wstf").content)
        await hosted.until(lambda: hosted.completed("line1") == 2)
        await hosted.until(lambda: not log.exists(), what="the release", step=1.0)


async def test_a_retry_that_a_kill_interrupted_is_released_from_where_the_file_lies(
    hosted: Hosted, oracle: Oracle
) -> None:
    folder, errors = await hosted.line("line1", oracle), hosted.home.errors("line1")
    path, place = folder / "a.json", errors / "a.json"
    place.write_bytes(hosted.wsjf())
    async with spool_of(hosted) as spool:
        failed = await spool.fail(source_of(path, folder=str(folder)), "It was wrong.")
        await spool.released(failed.source_id, place)
        seen = place.stat()
        again = source_of(
            path, size=seen.st_size, mtime_ns=seen.st_mtime_ns, folder=str(folder), after="delete",
            source_id=failed.source_id, digest=hashlib.sha256(place.read_bytes()).hexdigest(),
        )  # fmt: skip
        await spool.take(again, [], None)
    async with hosted:
        await hosted.running("line1")
        await hosted.until(lambda: not place.exists(), what="the release")
        assert await hosted.entries("line1", EntryState.ERROR) == ()


async def all_released(hosted: Hosted) -> None:
    """Let time pass until no release is open."""
    spool = hosted.supervisor("line1").instance.spool
    assert spool is not None
    async with asyncio.timeout(PATIENCE):
        while await spool.unreleased():
            await hosted.clock.advance(1.0)


NAMED = {"process_code": 10, "part_number": "P-1", "serial_number_pattern": r"(?P<sn>SN\d+.*)\.xml$"}
GOOD = b'<testsuite name="s" tests="1"><testcase name="t" time="1"/></testsuite>'


async def test_a_serial_number_in_a_name_is_the_testers_and_not_one_of_our_making(
    hosted: Hosted, oracle: Oracle
) -> None:
    """Names that are taken get a number in the error folder, and submitted files a mark before theirs."""
    folder = hosted.folder("line1")
    watch = hosted.watch(folder, "junit", options={"junit": NAMED})
    await hosted.line("line1", oracle, patch={"watch": [watch]})
    async with hosted:
        await hosted.running("line1")
        for count in (1, 2):
            (folder / "SN123.xml").write_bytes(b"<nothing/>" + b" " * count)
            await hosted.until(lambda: hosted.instance("line1").counts.error == count, what=f"error {count}")  # noqa: B023 - called at once
            await all_released(hosted)
        errors = sorted(hosted.home.errors("line1").glob("*.xml"))
        assert [path.name for path in errors] == ["SN123 (2).xml", "SN123.xml"]
        for number, path in enumerate(errors):
            path.write_bytes(GOOD.replace(b'"t"', b'"t%d"' % number))
        assert await hosted.agent.retry("line1", None) == 2
        await hosted.until(lambda: len(ids(oracle)) == 2)
        await hosted.agent.submit("line1", GOOD, filename="SN777.xml", converter="junit")
        # the two errors are done with, too
        await hosted.until(lambda: hosted.completed("line1") == 5)
        delivered = await hosted.entries("line1", EntryState.COMPLETED)
        assert {one.serial_number for one in delivered if one.report_id} == {"SN123", "SN777"}
