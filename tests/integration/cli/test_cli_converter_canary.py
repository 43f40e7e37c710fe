"""`converter canary`: a new version beside the live one, as a person types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes.oracle import Oracle
from fakes.rig import rig
from fakes.typed import Typist


@pytest.fixture
async def line(typist: Typist) -> Typist:
    """An instance whose folder uses the converter `rig`, in version 1."""
    hosted = typist.hosted
    rig(hosted.home.converters("line1"), "1")
    assert (await typist.type("instance", "edit", "line1", "--set", "watch.0.converters=rig")).code == 0
    await hosted.running("line1")
    return typist


async def dropped(line: Typist, serial: str) -> None:
    """A file that the live converter took."""
    hosted, before = line.hosted, line.hosted.instance("line1").counts.completed
    hidden = hosted.folder("line1") / f".{serial}.part"
    hidden.write_text(f"{serial},5.0\n")
    hidden.replace(hosted.folder("line1") / f"{serial}.txt")
    await hosted.until(lambda: hosted.instance("line1").counts.completed > before, what="the delivery")


async def compared(line: Typist, files: int) -> None:
    def seen() -> bool:
        canary = line.hosted.instance("line1").canary
        return canary is not None and canary.compared >= files

    await line.hosted.until(seen, what=f"{files} files of the canary")


async def test_from_start_to_promotion_and_back(line: Typist, tmp_path: Path, oracle: Oracle) -> None:
    none = await line.type("converter", "canary", "show", "line1")
    assert (none.code, "line1 has no canary" in none.talk) == (2, True)
    file = rig(tmp_path / "new", "2", "value = '5.5' if serial == 'B' else value")
    words = ("--converter", str(file), "--files", "3")
    started = await line.type("converter", "canary", "start", "line1", *words)
    assert (started.code, started.talk.splitlines()[0]) == (
        0,
        "rig version 2 runs beside rig, for 3 files.",
    )
    again = await line.type("converter", "canary", "start", "line1", *words)
    assert (again.code, "End it first: stationmaster converter canary stop line1" in again.talk) == (1, True)
    for number, serial in enumerate("AB", 1):
        await dropped(line, serial)
        await compared(line, number)
    shown = await line.type("converter", "canary", "show", "line1")
    lines = shown.out.splitlines()
    assert lines[0] == "rig version 2 beside rig: runs, 2 of 3 files."
    assert lines[-2:] == ["≠ B.txt: 1 value", "    Voltage: numericMeas[0].value: 5.0 → 5.5"]
    machine = (await line.type("converter", "canary", "show", "line1", "--json")).data
    assert (machine["same"], machine["different"], machine["ended"]) == (1, 1, None)
    status = (await line.type("agent", "status")).out
    assert "line1: canary rig version 2 beside rig: 2 of 3 files, 1 of them the same." in status
    assert machine["found"][0]["values"][0]["new"] == "5.5"
    stopped = await line.type("converter", "canary", "stop", "line1")
    assert (stopped.code, "was stopped after 2 of 3 files" in stopped.talk) == (0, True)
    refused = await line.type("converter", "canary", "promote", "line1")
    assert (refused.code, "Of 2 files: 1 different." in refused.talk) == (1, True)
    done = await line.type("converter", "canary", "promote", "line1", "--despite-differences")
    assert done.code == 0
    assert "rig version 2 is live in line1." in done.talk
    [back] = done.out.splitlines()
    assert back.startswith("stationmaster converter install ")
    assert (
        (await line.type("converter", "canary", "show", "line1"))
        .out.splitlines()[0]
        .startswith("rig version 2 beside rig: is live since ")
    )
    assert (await line.type(*back.split()[1:])).code == 0
    live = line.hosted.home.converters("line1") / "rig.py"
    assert 'version = "1"' in live.read_text()
    assert len(oracle.submits()) == 2


async def test_the_first_file_that_was_skipped_is_shown_with_the_reason(line: Typist, tmp_path: Path) -> None:
    file = rig(tmp_path / "new", "2")
    assert (await line.type("converter", "canary", "start", "line1", "--converter", str(file))).code == 0
    kept = line.hosted.home.canary("line1") / "kept"
    kept.rmdir()
    kept.write_text("somebody's file")
    await dropped(line, "A")
    await line.hosted.until(
        lambda: (canary := line.hosted.instance("line1").canary) and canary.skipped, what="the skip"
    )
    shown = (await line.type("converter", "canary", "show", "line1")).out
    assert shown.splitlines()[-1] == "- A.txt: skipped. It cannot be copied: Not a directory."
    machine = (await line.type("converter", "canary", "show", "line1", "--json")).data
    assert machine["first_skipped"]["name"] == "A.txt"


async def test_what_it_found_is_shown_without_an_agent_and_nothing_else_goes(
    line: Typist, tmp_path: Path
) -> None:
    file = rig(tmp_path / "new", "2", "raise ConversionError('no such board')")
    assert (await line.type("converter", "canary", "start", "line1", "--converter", str(file))).code == 0
    await dropped(line, "A")
    await compared(line, 1)
    await line.hosted.stop()
    gone = Typist(line.hosted)
    with gone:
        gone.env["STATIONMASTER_HOME"] = line.env["STATIONMASTER_HOME"]
        machine = (await gone.type("converter", "canary", "show", "line1", "--json")).data
        assert (machine["refused"], machine["found"][0]["name"]) == (1, "A.txt")
    await line.hosted.start()


async def test_an_installed_converter_needs_to_know_beside_which(line: Typist) -> None:
    words = ("converter", "canary", "start", "line1", "--converter", "wstf")
    alone = await line.type(*words)
    assert (alone.code, "wstf is the live converter itself" in alone.talk) == (2, True)
    assert (await line.type(*words, "--beside", "rig", "--files", "1")).code == 0
    await dropped(line, "A")
    await compared(line, 1)
    machine = (await line.type("converter", "canary", "show", "line1", "--json")).data
    assert (machine["refused"], machine["ended"]) == (1, "done")
    missing = await line.type("converter", "canary", "start", "line1", "--converter", "nowhere.py")
    assert (missing.code, "nowhere.py is not there, or empty" in missing.talk) == (2, True)


async def test_without_an_agent_nothing_begins(alone: Typist) -> None:
    for words in (("start", "line1", "--converter", "wstf"), ("stop", "line1"), ("promote", "line1")):
        assert (await alone.type("converter", "canary", *words)).code == 3
