"""Files with odd names, times and contents: each is delivered or on the error list, and holds nothing up."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from fakes.hosted import Hosted, ids
from fakes.oracle import Oracle
from fakes.typed import Typist
from fakes.waiting import PATIENCE
from stationmaster.model import Entry, EntryState, Lifecycle, ProblemCode

pytestmark = pytest.mark.usefixtures("no_lingering_tasks")

NO_TEXT = os.fsdecode(b"caf\xe9")
ODD = [
    NO_TEXT,
    "two\nlines",
    "\x1b[31mred",
    "-rf",
    "dots...",
    "blank at the end ",
    "[not] a {glob}*?",
    "comma, 'quote' \"and\" \\ backslash",
    "\N{RIGHT-TO-LEFT OVERRIDE}txet",
]
BAD = b'{"type": "T"}'
linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")


@pytest.fixture
async def typist(hosted: Hosted) -> AsyncIterator[Typist]:
    with Typist(hosted) as keyboard:
        yield keyboard


def put(folder: Path, name: str, content: bytes) -> Path:
    """A file, renamed into place: a name may be as long as names get."""
    hidden = folder / ".part"
    hidden.write_bytes(content)
    return hidden.replace(folder / name)


def good(hosted: Hosted) -> bytes:
    return hosted.equipment.wsjf().content


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@linux
@pytest.mark.parametrize(
    ("after", "network"), [("keep", "no"), ("archive", "no"), ("delete", "no"), ("archive", "yes")]
)
async def test_a_name_that_is_no_text(
    hosted: Hosted, oracle: Oracle, typist: Typist, after: str, network: str
) -> None:
    folder = hosted.folder("line1")
    watch = hosted.watch(folder, "wsjf", "junit", after=after, network=network)
    await hosted.line("line1", oracle, patch={"watch": [watch]})
    async with hosted, typist.agent():
        await hosted.running("line1")
        place = put(folder, f"{NO_TEXT}.json", good(hosted))
        bad = put(folder, f"{NO_TEXT}-bad.json", BAD)
        await hosted.until(lambda: hosted.completed("line1") == 1)
        entry = await failed(hosted)
        assert hosted.lifecycle("line1") is Lifecycle.RUNNING
        # where the files are now
        errors = hosted.home.errors("line1")
        assert names(errors) == [bad.name, f"{bad.name}.reason.txt"]
        assert r"caf\xe9-bad.json" in (errors / f"{bad.name}.reason.txt").read_text(encoding="utf-8")
        kept = after == "keep"
        await hosted.until(lambda: names(folder) == (sorted([place.name, bad.name]) if kept else []))
        assert names(hosted.home.archive("line1")) == ([place.name] if after == "archive" else [])
        # what people are told
        assert entry.source == f"{folder}/caf\\xe9-bad.json"
        assert r"caf\xe9-bad.json" in entry.reason
        msgspec.json.encode(hosted.agent.status())
        listed = await typist.type("queue", "list", "--instance", "line1", "--json")
        assert {Path(one["source"]).name for one in listed.data if one["source"]} == {
            r"caf\xe9.json",
            r"caf\xe9-bad.json",
        }
        assert (await typist.type("queue", "list", "--instance", "line1")).code == 0
        assert (await typist.type("instance", "list", "--json")).code == 0
        # mended and tried again
        (folder if kept else errors).joinpath(bad.name).write_bytes(good(hosted))
        if kept:
            await hosted.until(lambda: hosted.completed("line1") == 2)
        assert await hosted.agent.retry("line1", [entry.id]) == 1
        await hosted.until(lambda: len(ids(oracle)) == 2)
        if not kept:
            await hosted.until(lambda: hosted.instance("line1").counts.error == 0)
            return
        spool = hosted.supervisor("line1").instance.spool
        assert spool is not None
        async with asyncio.timeout(PATIENCE):
            while await spool.retry_sources():
                await hosted.clock.advance(0.1)
        assert "/caf\\xe9-bad.json is another file by now" in (await failed(hosted)).reason


@linux
async def test_such_a_file_is_tried_and_submitted(hosted: Hosted, oracle: Oracle, typist: Typist) -> None:
    await hosted.line("line1", oracle)
    async with hosted, typist.agent():
        await hosted.running("line1")
        place = str(put(hosted.root, f"{NO_TEXT}.json", good(hosted)))
        tried = await typist.type("converter", "test", place)
        assert tried.code == 0, tried.talk
        submitted = await typist.type("submit", place, "--instance", "line1")
        assert submitted.code == 0, submitted.talk
        await hosted.until(lambda: len(ids(oracle)) == 1)
        (entry,) = await hosted.entries("line1")
        assert entry.source == r"caf\xe9.json"


@linux
@pytest.mark.parametrize("name", ODD)
async def test_odd_names(hosted: Hosted, oracle: Oracle, typist: Typist, name: str) -> None:
    folder = await archiving(hosted, oracle)
    async with hosted, typist.agent():
        await hosted.running("line1")
        put(folder, name, good(hosted))
        put(folder, f"bad {name}", BAD)
        await hosted.until(lambda: hosted.completed("line1") == 1)
        await failed(hosted)
        await hosted.until(lambda: not names(folder))
        assert names(hosted.home.archive("line1")) == [name]
        assert names(hosted.home.errors("line1")) == [f"bad {name}", f"bad {name}.reason.txt"]
        listed = await typist.type("queue", "list", "--instance", "line1", "--json")
        assert len(listed.data) == 2


@linux
async def test_the_longest_names(hosted: Hosted, oracle: Oracle) -> None:
    """Twice the same: in the archive a number must still fit, in the error folder the reason's ending too."""
    folder = await archiving(hosted, oracle)
    letters = "ä" * 125
    async with hosted:
        await hosted.running("line1")
        for number in (1, 2):
            put(folder, f"{letters}.json", good(hosted))
            put(folder, f"{'x' * 250}.json", BAD)
            await hosted.until(lambda at=number: hosted.completed("line1") == at)  # type: ignore[misc]  # a lambda's default
            await hosted.until(lambda at=number: hosted.instance("line1").counts.error == at)  # type: ignore[misc]  # the same
            await hosted.until(lambda: not names(folder))
        assert len(names(hosted.home.archive("line1"))) == 2
        found = names(hosted.home.errors("line1"))
        assert [name.endswith(".reason.txt") for name in found].count(True) == 2
        assert len(found) == 4


@linux
async def test_a_path_as_long_as_paths_get(hosted: Hosted, oracle: Oracle) -> None:
    """The hidden name of a release would be too long: it is delivered, and a Problem says what is left."""
    folder = hosted.folder("line1")
    room = 4095 - 5 - len(str(folder)) - 1
    while room > 0:
        folder /= "d" * min(200, room if room < 200 or room > 201 else room - 2)
        room = 4095 - 6 - len(str(folder)) - 1
    folder.mkdir(parents=True)
    await hosted.line("line1", oracle, patch={"watch": [hosted.watch(folder)]})
    async with hosted:
        await hosted.running("line1")
        (folder / "r").write_bytes(good(hosted))
        await hosted.until(lambda: hosted.completed("line1") == 1)
        await hosted.until(lambda: hosted.problem(ProblemCode.RELEASE_FAILED))
        assert names(folder) == ["r"]


@pytest.mark.parametrize("year", [-(2**62), 10**19])
async def test_a_time_that_no_clock_shows(hosted: Hosted, oracle: Oracle, year: int) -> None:
    """Before 1678 and after 2261 there are no nanoseconds since 1970 that a database can hold."""
    folder = hosted.folder("line1")
    await hosted.line("line1", oracle, patch={"watch": [hosted.watch(folder, after="keep")]})
    async with hosted:
        await hosted.running("line1")
        hidden = folder / ".part"
        hidden.write_bytes(good(hosted))
        os.utime(hidden, ns=(year, year))
        hidden.replace(folder / "r.json")
        await hosted.until(lambda: hosted.completed("line1") == 1)
        await hosted.restart()
        await hosted.running("line1")
        hosted.drop(folder, name="second.json")
        await hosted.until(lambda: len(ids(oracle)) == 2)
        assert len(await hosted.entries("line1")) == 2


async def test_a_file_that_the_spool_alone_refuses_is_on_the_error_list(
    hosted: Hosted, oracle: Oracle
) -> None:
    """It was taken for a full disk: everything waited, for ever."""
    folder = await hosted.line("line1", oracle)
    async with hosted:
        await hosted.running("line1")
        values = json.loads(good(hosted))
        values["processCode"] = 2**80
        put(folder, "huge.json", json.dumps(values).encode())
        entry = await failed(hosted)
        assert "refused" in entry.reason
        assert names(hosted.home.errors("line1")) == ["huge.json", "huge.json.reason.txt"]
        hosted.drop(folder)
        await hosted.until(lambda: hosted.completed("line1") == 1)


_REPLACED = """
import os
from stationmaster.api import Report

class Replaced:
    name = "replaced"
    version = "1"

    def convert(self, source, options, resume):
        unit = source.read_bytes()
        if unit == b"unit-1":
            source.path.write_bytes(b"unit-2")
            os.utime(source.path, (0, source.mtime.timestamp()))
        report = Report.uut(sn=unit.decode(), pn="P", rev="A", process_code=10, start=source.mtime)
        report.root.numeric("VCC", 5.0)
        yield report

converter = Replaced()
"""


@pytest.mark.parametrize("after", ["delete", "archive"])
async def test_a_file_replaced_by_one_of_the_same_size_and_time_is_not_taken_away(
    hosted: Hosted, oracle: Oracle, after: str
) -> None:
    """As by a tester on a coarse clock, while the first one is converted: both are delivered."""
    folder = hosted.folder("line1")
    await hosted.line("line1", oracle, patch={"watch": [hosted.watch(folder, "replaced", after=after)]})
    async with hosted:
        (hosted.home.converters("line1") / "replaced.py").write_text(_REPLACED)
        place = folder / "r.txt"
        place.write_bytes(b"unit-1")
        os.utime(place, (0, 1_700_000_000))
        await hosted.until(lambda: len(ids(oracle)) == 2)
        await hosted.until(lambda: not names(folder))
        assert {one.serial_number for one in await hosted.entries("line1")} == {"unit-1", "unit-2"}
        assert len(names(hosted.home.archive("line1"))) == (after == "archive")


async def archiving(hosted: Hosted, oracle: Oracle) -> Path:
    folder = hosted.folder("line1")
    watch = hosted.watch(folder, after="archive", include=["*"])
    return await hosted.line("line1", oracle, patch={"watch": [watch]})


async def failed(hosted: Hosted) -> Entry:
    """The one file on the error list, once it is in the error folder with its reason."""
    await hosted.until(lambda: hosted.instance("line1").counts.error == 1)
    await hosted.until(
        lambda: any(name.endswith(".reason.txt") for name in names(hosted.home.errors("line1")))
    )
    (entry,) = await hosted.entries("line1", EntryState.ERROR)
    return entry
