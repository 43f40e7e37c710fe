"""`converter replay`: what another version of a converter makes of files, before it goes live."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import pytest

from fakes.typed import Typist

COUNTING = '''\
"""Counts what was unpacked."""

from pathlib import Path

from stationmaster.api import ConversionError


class Counting:
    """Counts what was unpacked."""

    name = "fct"
    version = "2"

    def convert(self, source, options, resume):
        there = Path("ROOM").glob("stationmaster-replay-*/**/fct-*.csv")
        raise ConversionError(f"{len(list(there))} of them")
'''
DATA = Path(__file__).parents[2] / "data" / "mapping"


@pytest.fixture
async def line(alone: Typist, tmp_path: Path) -> Typist:
    """An instance whose folder uses the mapping `fct`."""
    words = ("--server", "http://127.0.0.1:9", "--watch", str(tmp_path), "--converter", "fct")
    assert (await alone.type("instance", "add", "line1", *words)).code == 0
    assert (await alone.type("converter", "install", str(DATA / "fct.toml"), "--instance", "line1")).code == 0
    return alone


def other(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    """Another version of the mapping."""
    text = (DATA / "fct.toml").read_text()
    for old, new in (('version = "1"', 'version = "2"'), *changes):
        assert old in text
        text = text.replace(old, new)
    place = tmp_path / "new"
    place.mkdir()
    (place / "fct.toml").write_text(text)
    return place / "fct.toml"


async def test_a_version_that_makes_the_same_is_told_so(line: Typist, tmp_path: Path) -> None:
    candidate = other(tmp_path)
    done = await line.type("converter", "replay", str(candidate), str(DATA / "fct.csv"), "-i", "line1")
    assert (done.code, done.talk.splitlines()[-1]) == (0, "fct version 2: 1 file, 1 alike, 0 not.")


async def test_other_code_under_the_same_version_is_told(line: Typist, tmp_path: Path) -> None:
    candidate = other(tmp_path)
    candidate.write_text(candidate.read_text().replace('version = "2"', 'version = "1"') + "# changed\n")
    words = ("converter", "replay", str(candidate), str(DATA / "fct.csv"), "-i", "line1")
    assert "Both call themselves version 1: raise it" in (await line.type(*words)).talk
    candidate.write_bytes((DATA / "fct.toml").read_bytes())
    assert "Both call themselves" not in (await line.type(*words)).talk


async def test_what_differs_is_shown_value_by_value(line: Typist, tmp_path: Path) -> None:
    candidate = other(tmp_path, ('low = "Min"\n', ""), ('seconds = "Seconds"\n', ""))
    words = ("converter", "replay", str(candidate), str(DATA / "fct.csv"), "-i", "line1")
    done = await line.type(*words)
    assert done.code == 1
    assert "≠ fct.csv: " in done.talk
    assert "Supply 5V: numericMeas[0].compOp: GELE → LE" in done.talk
    assert "uut.execTime" in done.talk
    machine = await line.type(*words, "--json")
    [file] = machine.data["files"]
    assert {one["path"] for one in file["differences"]} >= {"Supply 5V: numericMeas[0].compOp"}


async def test_what_only_one_can_read(line: Typist, tmp_path: Path) -> None:
    candidate = other(tmp_path, ('"OK" = "P", ', ""), ('"%d.%m.%Y %H:%M"', '"%Y"'))
    done = await line.type("converter", "replay", str(candidate), str(DATA / "fct.csv"), "-i", "line1")
    assert done.code == 1
    assert "only the present one reads it" in done.talk


async def test_an_archived_day_is_replayed(line: Typist, tmp_path: Path) -> None:
    day = line.hosted.home.archive("line1") / "2026-11-27"
    day.mkdir(parents=True)
    for number in range(3):
        shutil.copy(DATA / "fct.csv", day / f"fct-{number}.csv")
    candidate = other(tmp_path)
    done = await line.type("converter", "replay", str(candidate), "2026-11-27", "-i", "line1", "--limit", "2")
    assert (done.code, done.talk.splitlines()[-1]) == (0, "fct version 2: 2 files, 2 alike, 0 not.")
    none = await line.type("converter", "replay", str(candidate), "2026-11-27", "-i", "line1", "--name", "x*")
    assert none.code == 2
    assert "There is no file in 2026-11-27 whose name fits x*." in none.talk
    assert (
        "What its archive holds: stationmaster archive list -i line1. Only watch folders with after = "
        '"archive" fill it, and files that were submitted; they stay for the days that '
        "retention.archive_days says, 0 for ever." in none.talk
    )
    (tmp_path / "empty").mkdir()
    none = await line.type("converter", "replay", str(candidate), str(tmp_path / "empty"), "-i", "line1")
    assert (none.code, f"There is no file in {tmp_path / 'empty'}." in none.talk) == (2, True)
    strange = await line.type("converter", "replay", str(DATA / "fct.csv"), "2026-11-27", "-i", "line1")
    assert "neither a Python module nor a mapping" in strange.talk


async def test_files_of_the_archive_are_unpacked_one_at_a_time(
    line: Typist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(room))
    day = line.hosted.home.archive("line1") / "2026-11-27"
    day.mkdir(parents=True)
    for number in range(4):
        shutil.copy(DATA / "fct.csv", day / f"fct-{number}.csv")
    candidate = tmp_path / "fct.py"
    candidate.write_text(COUNTING.replace("ROOM", str(room)))
    words = ("converter", "replay", str(candidate), "2026-11-27", "-i", "line1", "--limit", "3", "--json")
    files = (await line.type(*words)).data["files"]
    assert [(one["name"], one["new"][-9:]) for one in files] == [
        (f"fct-{number}.csv", "1 of them") for number in range(3)
    ]
    assert not list(room.iterdir())


async def test_a_pattern_is_one_of_names_alone(line: Typist, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    shutil.copy(DATA / "fct.csv", tmp_path)
    for pattern in ("../*", "/*", "**/*.csv"):
        words = ("replay", "wsjf", str(folder), "--name", pattern, "-i", "line1", "--present", "fct")
        done = await line.type("converter", *words)
        assert (done.code, f"whose name fits {pattern}." in done.talk) == (2, True)


async def test_of_a_file_with_very_many_differences_the_first_are_counted(
    line: Typist, tmp_path: Path
) -> None:
    big = tmp_path / "big.csv"
    rows = "".join(f"Leakage {number};;0,002;0,01;mA;OK\n" for number in range(1500))
    big.write_bytes((DATA / "fct.csv").read_bytes() + rows.encode())
    candidate = other(tmp_path, ('unit = "Unit"\n', ""))
    done = await line.type("converter", "replay", str(candidate), str(big), "-i", "line1", "--json")
    [file] = done.data["files"]
    assert (file["count"], len(file["differences"])) == (1000, 1000)


async def test_a_converter_that_the_instance_lacks_is_no_comparison(line: Typist, tmp_path: Path) -> None:
    strange = tmp_path / "strange.toml"
    strange.write_text((DATA / "fct.toml").read_text())
    done = await line.type("converter", "replay", str(strange), str(DATA / "fct.csv"), "-i", "line1")
    assert done.code == 2
    assert "The station has no converter strange to compare with" in done.talk


async def test_another_converter_and_a_folder_are_replayed_line_by_line(line: Typist, tmp_path: Path) -> None:
    words = ("converter", "replay", "wsjf", str(DATA), "--name", "*.csv", "-i", "line1")
    done = await line.type(*words, "--present", "fct", "--lines")
    assert (done.code, done.talk) == (1, "")
    plan, file = (json.loads(one) for one in done.out.splitlines())
    assert (plan["kind"], file["kind"]) == ("replay-plan", "replayed")
    assert plan["data"] | {"version": ""} == {
        "present": "fct",
        "present_version": "1",
        "converter": "wsjf",
        "version": "",
        "files": 1,
    }
    assert (file["data"]["name"], file["data"]["old"]) == ("fct.csv", "")
    assert file["data"]["new"]
    assert str(tmp_path) not in file["data"]["new"]


async def test_a_mapping_of_the_name_of_a_built_in_converter_is_compared_with_that(
    line: Typist, tmp_path: Path
) -> None:
    own = tmp_path / "fct-csv.toml"
    own.write_text((DATA / "fct.toml").read_text().replace('name = "fct"', 'name = "fct-csv"'))
    assert (await line.type("converter", "install", str(own), "--instance", "line1")).code == 0
    done = await line.type("converter", "replay", "fct-csv", str(DATA / "fct.csv"), "-i", "line1", "--json")
    assert done.code == 1
    [file] = done.data["files"]
    assert (file["old"], bool(file["new"])) == ("", True)


@pytest.mark.parametrize(
    ("words", "says"),
    [(("fct",), "there is nothing to compare"), (("nobody",), "neither a file nor the name of a converter")],
)
async def test_what_is_no_other_version_is_told(line: Typist, words: tuple[str, ...], says: str) -> None:
    done = await line.type("converter", "replay", *words, str(DATA / "fct.csv"), "-i", "line1")
    assert done.code == 2
    assert says in done.talk
