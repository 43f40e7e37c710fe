"""A canary of a tester that writes folders, and of one whose database is polled: from start to promotion."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fakes.rack import MARKER, expected_id, unit
from fakes.rack import PLUGIN as RACK
from fakes.station import Line, Station
from fakes.tester_database import PLUGIN as ROWS
from fakes.tester_database import Database
from fakes.waiting import answer, until
from stationmaster.canary import Canary, Ended, Verdict
from stationmaster.control.canary_protocol import CanaryRequest
from stationmaster.errors import ControlError
from stationmaster.model import Lifecycle


class Bench:
    """A station with one line, whose converter gets a canary."""

    def __init__(self, station: Station, line: Line, plugin: Path) -> None:
        self.station = station
        self.line = line
        self.plugin = plugin

    @classmethod
    async def made(cls, station: Station, plugin: Path, settings: dict[str, Any]) -> Bench:
        """The line with these settings, and version 1.0 of the converter; the agent runs."""
        line = await station.line("line1", await station.server())
        station.store.edit("line1", settings)
        shutil.copy(plugin, station.home.converters("line1"))
        await station.start()
        await station.until(lambda seen: seen.instances[0].lifecycle is Lifecycle.RUNNING)
        return cls(station, line, plugin)

    def code(self, old: str, new: str) -> str:
        """Version 2.0, with something else in it."""
        text = self.plugin.read_text()
        for before, after in (('ClassVar[str] = "1.0"', 'ClassVar[str] = "2.0"'), (old, new)):
            assert text.count(before) == 1
            text = text.replace(before, after)
        return text

    async def begin(self, code: str, source: str, *, files: int) -> None:
        """Start the canary for one source."""
        request = CanaryRequest(filename=self.plugin.name, content=code, files=files, sources=(source,))
        async with self.station.client() as client:
            await client.start_canary("line1", request)

    async def until(self, true: Callable[[Canary], object]) -> Canary:
        """Wait until the canary is so."""
        found: Canary | None = None

        async def ask() -> Canary | None:
            nonlocal found
            async with self.station.client() as client:
                found = await client.canary("line1")
            return found if true(found) else None

        seen = await answer(ask, seconds=40, what=lambda: f"that: {found}", every=0.05)
        assert seen is not None
        return seen

    async def promoted(self, doubts: str) -> None:
        """It goes live, though something differs."""
        async with self.station.client() as client:
            with pytest.raises(ControlError, match=doubts):
                await client.promote_canary("line1")
            done = await client.promote_canary("line1", despite_differences=True)
        assert done.canary.ended is Ended.PROMOTED
        live = self.station.home.converters("line1") / self.plugin.name
        assert 'ClassVar[str] = "2.0"' in live.read_text()

    async def delivered(self, ids: set[str]) -> None:
        """These reports are at the server, each sent once, and none failed."""
        await until(lambda: self.line.server.ids() == ids, seconds=60, what="all reports, and no others")
        assert self.line.doubled() == {}
        assert (await self.station.instance("line1")).counts.error == 0

    async def read_by(self) -> str:
        """Which version took the newest file."""
        async with self.station.client() as client:
            entry = (await client.entries("line1", limit=1))[0]
            history = await client.history("line1", entry.id)
        return next(one.detail for one in reversed(history) if one.what == "converted")


def nothing_left(station: Station) -> bool:
    return not any((station.home.canary("line1") / part).exists() for part in ("kept", "work"))


async def test_a_canary_of_folders_sees_each_unit_whole_and_goes_live(tmp_path: Path) -> None:
    box = tmp_path / "box"
    box.mkdir()
    folder = {"path": str(box), "converters": ["rack"], "marker": MARKER, "settle": 0.2, "after": "delete"}
    async with Station(tmp_path) as station:
        bench = await Bench.made(station, RACK, {"watch": [folder]})

        def ids(*serials: str) -> set[str]:
            number = station.store.load("line1").id
            return {expected_id(number, serial) for serial in serials}

        # it needs all that belongs to a unit, below it too: the third has no picture
        whole = (
            "assert [one.name for one in source.files('*.png')] == ['top.png'], source.name\n        yield"
        )
        odd = "if serial == 'SN-2':\n            report.root.numeric('New', 1.0)\n        " + whole
        await bench.begin(bench.code("yield report\n", f"{odd} report\n"), str(box), files=3)
        for serial in ("SN-1", "SN-2"):
            unit(box, serial)
        await bench.until(lambda one: one.compared == 2)
        bare = unit(box, "SN-3", done=False)
        shutil.rmtree(bare / "pictures")
        (bare / MARKER).touch()
        done = await bench.until(lambda one: one.ended)
        assert (done.ended, done.same, done.different, done.failed) == (Ended.DONE, 1, 1, 1)
        assert (done.refused, done.skipped, done.first_skipped) == (0, 0, None)
        told = {one.name: (one.verdict, one.text) for one in done.found}
        assert told.keys() == {"SN-2", "SN-3"}
        assert told["SN-2"][0] is Verdict.DIFFERENT
        assert "AssertionError: SN-3" in told["SN-3"][1]
        assert done.beside_reader.startswith("rack, version 1.0, code ")
        await bench.delivered(ids("SN-1", "SN-2", "SN-3"))
        await until(lambda: not list(box.iterdir()), what="the release of all folders")
        await until(lambda: nothing_left(station), what="the end of the copies")
        await bench.promoted("Of 3 files: 1 different, 1 failed")

        async def newest() -> bool:
            """A changed converter is taken up within seconds."""
            serial = f"SN-{len(bench.line.server.ids()) + 1}"
            before = ids(*(f"SN-{number}" for number in range(1, int(serial[3:]))))
            unit(box, serial)
            await bench.delivered(before | ids(serial))
            return (await bench.read_by()).startswith("rack, version 2.0")

        await answer(newest, seconds=60, what="a unit that is read by the new version", every=0.3)


async def test_a_canary_of_a_scheduled_source_sees_what_was_fetched_once_and_goes_live(
    tmp_path: Path,
) -> None:
    database = Database(tmp_path / "results.db")
    options = {"database": str(database.path)}
    source = {"name": "results", "converter": "sqlite-rows", "every": 1.0, "options": options}
    async with Station(tmp_path) as station:
        bench = await Bench.made(station, ROWS, {"fetch": [source]})

        def ids() -> set[str]:
            return database.ids(station.store.load("line1").id)

        database.add(2)
        await bench.delivered(ids())  # before there is a canary
        odd = '(row["volts"] + (row["id"] == 4))'
        await bench.begin(bench.code('row["volts"]', odd), "results", files=3)
        database.add(3)
        done = await bench.until(lambda one: one.ended)
        assert (done.ended, done.same, done.different, done.skipped) == (Ended.DONE, 2, 1, 0)
        [file] = done.found
        assert (file.name, file.verdict) == ("row-4.json", Verdict.DIFFERENT)
        assert ("5.0", "6.0") in {(one.old, one.new) for one in file.values}
        assert done.beside_reader.startswith("sqlite-rows, version 1.0, code ")
        await bench.delivered(ids())
        (fetched,) = (await station.instance("line1")).fetches
        assert (fetched.count, fetched.error) == (5, ""), "the canary fetches nothing"
        await until(lambda: nothing_left(station), what="the end of the copies")
        await bench.promoted("Of 3 files: 1 different")

        async def newest() -> bool:
            """A changed converter is taken up within seconds."""
            database.add(1)
            await bench.delivered(ids())
            return (await bench.read_by()).startswith("sqlite-rows, version 2.0")

        await answer(newest, seconds=60, what="a row that is read by the new version", every=0.3)
