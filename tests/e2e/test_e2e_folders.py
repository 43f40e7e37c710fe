"""Folders that are one source, with a real agent that is killed at any moment: each unit exactly once."""

from __future__ import annotations

import asyncio
import random
import shutil
from pathlib import Path
from typing import Literal

import pytest

from fakes.rack import MARKER, PLUGIN, PNG, expected_id, files, unit
from fakes.station import Line, Station
from fakes.waiting import until

After = Literal["keep", "move", "delete"]


async def _line(station: Station, after: After) -> tuple[Line, Path, Path]:
    line = await station.line("line1", await station.server())
    box, target = station.root / "box", station.root / "target"
    box.mkdir()
    folder = {
        "path": str(box), "converters": ["rack"], "marker": MARKER, "settle": 0.2, "after": after,
        "move_to": str(target) if after == "move" else "",
    }  # fmt: skip
    station.store.edit("line1", {"watch": [folder]})
    shutil.copy(PLUGIN, station.home.converters("line1"))
    return line, box, target


def _id(station: Station, serial: str) -> str:
    return expected_id(station.store.load("line1").id, serial)


async def _delivered(line: Line, ids: set[str]) -> None:
    await until(lambda: line.server.ids() == ids, seconds=60, what="all units at the server, and no others")


@pytest.mark.parametrize("after", ["keep", "move", "delete"])
async def test_units_survive_kills_at_any_moment(tmp_path: Path, after: After) -> None:
    rng = random.Random(after)  # noqa: S311 - moments that repeat
    async with Station(tmp_path) as station:
        line, box, target = await _line(station, after)
        expected: dict[str, dict[str, bytes]] = {}
        for round_ in range(4):
            await station.start()
            for number in range(3):
                serial = f"SN-{round_}-{number}"
                folder = unit(box, serial, done=False)
                expected[serial] = {**files(folder), MARKER: b""}
                (folder / MARKER).touch()
            await asyncio.sleep(rng.uniform(0.2, 1.5))  # the moment of the kill is what is tried here
            station.kill()
        await station.start()
        await _delivered(line, {_id(station, serial) for serial in expected})
        kept = {"keep": expected, "move": {}, "delete": {}}[after]
        moved = expected if after == "move" else {}
        await until(lambda: _units(box) == kept and _units(target) == moved, seconds=60, what="all releases")
        await station.until(
            lambda snapshot: snapshot.instances[0].counts.completed == len(expected), what="all answers"
        )
        assert (await station.instance("line1")).counts.error == 0


def _units(folder: Path) -> dict[str, dict[str, bytes]]:
    """Folders below, with all their files, hidden ones too."""
    try:
        return {path.name: files(path) for path in folder.iterdir()}
    except FileNotFoundError:
        return {}


async def test_a_unit_without_its_marker_waits_and_one_that_changes_is_a_new_revision(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        line, box, _ = await _line(station, "keep")
        await station.start()
        early, folder = unit(box, "SN-1", done=False), unit(box, "SN-2")
        await _delivered(line, {_id(station, "SN-2")})
        (folder / "pictures" / "side.png").write_bytes(PNG)
        await until(lambda: len(line.server.submits()) == 2, what="the new revision")
        assert line.server.ids() == {_id(station, "SN-2")}
        entries = await station.entries("line1")
        assert sorted(entry.revision for entry in entries) == [1, 2]
        (early / MARKER).touch()
        await _delivered(line, {_id(station, "SN-1"), _id(station, "SN-2")})


async def test_a_unit_that_cannot_be_converted_lies_whole_in_errors_and_can_be_mended(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        line, box, _ = await _line(station, "delete")
        await station.start()
        folder = unit(box, "SN-1", content=b"no such thing")
        failed = line.errors / "SN-1"
        reason = failed.with_name("SN-1.reason.txt")
        await until(lambda: not folder.exists() and reason.exists(), what="the error")
        assert set(files(failed)) == {"result.csv", "pictures/top.png", "wave-1.csv", MARKER}
        shutil.copy(unit(tmp_path / "spare", "SN-1") / "result.csv", failed / "result.csv")
        done = await station.command("queue", "retry", "--all", "--instance", "line1")
        assert done.returncode == 0, done
        await _delivered(line, {_id(station, "SN-1")})
        await until(lambda: not failed.exists(), what="the release")
