"""`converter check`, as an author types it: workers try the converter, and one that hangs or ends is told."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from fakes import rack
from fakes.converting import PLUGINS
from fakes.typed import Typist
from stationmaster.api.testing import source_of
from stationmaster.api.trial.finding import Finding, Severity
from stationmaster.convert.built_in import BUILT_INS
from stationmaster.convert.check import check
from stationmaster.convert.mapping_advice import for_mapping

SAMPLE = (
    "serial;time;value;operator\nSN-1;2026-03-02 08:15:30;5.01;robin\nSN-2;2026-03-02 08:16:30;5.25;robin\n"
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with the faulty converters and a sample."""
    folder = tmp_path / "mine"
    folder.mkdir()
    shutil.copy(PLUGINS / "faulty.py", folder)
    (folder / "day.csv").write_text(SAMPLE, encoding="utf-8")
    return folder


async def found(name: str, place: Path, *, seconds: float = 120.0) -> dict[str, Finding]:
    findings = await check(name, [place / "day.csv"], folder=place, seconds=seconds)
    return {one.code: one for one in findings}


async def test_findings_are_printed_with_what_to_do(alone: Typist, place: Path) -> None:
    words = ("converter", "check", "half-written", str(place / "day.csv"), "--dir", str(place))
    said = await alone.begin(*words)
    assert said.code == 1
    assert "✗ day.csv, unit SN-1, line 2: Of the file cut at byte " in said.out
    assert "  → Give the converter is_complete()" in said.out
    assert "half-written, tried with 1 file: " in said.talk
    assert "1 error, " in said.talk


async def test_json_has_every_finding(alone: Typist, place: Path) -> None:
    words = ("converter", "check", "sound", str(place / "day.csv"), "--dir", str(place), "--json")
    said = await alone.begin(*words)
    assert said.code == 0, said.out
    assert (said.data["converter"], said.data["files"], said.data["ok"]) == ("sound", 1, True)
    [note] = said.data["findings"]
    assert (note["code"], note["severity"], note["file"]) == ("local-time", "note", "day.csv")


async def test_an_unknown_converter_is_refused_with_those_that_there_are(alone: Typist, place: Path) -> None:
    said = await alone.type("converter", "check", "nobody", str(place / "day.csv"))
    assert said.code == 2
    assert "There is no converter nobody." in said.talk
    assert f"There are: {', '.join(BUILT_INS)}." in said.talk


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("hash-seed", "not-repeatable", "In another process the file gives other reports"),
        ("pc-time-zone", "pc-time-zone", "although station.time_zone is set"),
        ("encoding", "encoding", "faulty.py line"),
        ("ends", "crash", "ended its process: exit code 7"),
    ],
)
async def test_what_only_another_process_shows(place: Path, name: str, code: str, words: str) -> None:
    assert words in (await found(name, place))[code].text


async def test_a_converter_that_hangs_is_ended(place: Path) -> None:
    told = (await found("hangs", place, seconds=1.0))["hangs"]
    assert told.text == "Within 1 s the converter was not done with it."


CLUMSY = """
from datetime import UTC, datetime
from stationmaster.api import Report


class Clumsy:
    name, version, takes_folders = "clumsy", "1.0", True

    def convert(self, source, options, resume):
        first = source.files("result.csv")[0].read_bytes().decode().split(",")[0]
        yield Report.uut(sn=first, pn="P-1", rev="A", process_code=10, start=datetime(2026, 3, 2, tzinfo=UTC))
"""


async def test_a_folder_is_a_sample_of_a_converter_that_takes_folders(alone: Typist, place: Path) -> None:
    shutil.copy(rack.PLUGIN, place)
    units = [str(rack.unit(place / "units", serial)) for serial in ("SN-1", "SN-2")]
    words = ("--dir", str(place), "--marker", rack.MARKER, "--json")
    said = await alone.begin("converter", "check", "rack", *units, *words)
    assert said.code == 0, said.out
    assert (said.data["files"], said.data["ok"]) == (2, True)
    codes = {one["code"] for one in said.data["findings"]}
    assert codes == {"local-time", "encoding"}, "its read_text() names no encoding"


async def test_a_folder_without_one_of_its_files_must_be_refused_in_words(place: Path) -> None:
    (place / "clumsy.py").write_text(CLUMSY)
    unit = rack.unit(place / "units", "SN-1")
    told = {one.code: one.text for one in await check("clumsy", [unit], folder=place, marker=rack.MARKER)}
    assert (
        told["folder-incomplete"]
        == "Without any file, convert() fails with IndexError: list index out of range."
    )


async def test_a_folder_is_refused_where_the_converter_takes_files(alone: Typist, place: Path) -> None:
    said = await alone.type("converter", "check", "sound", str(place), "--dir", str(place))
    assert said.code == 2
    assert f"{place} is a folder, and the converter sound takes single files." in said.talk


async def test_a_module_or_its_folder_may_be_named_instead(
    alone: Typist, tmp_path: Path, place: Path
) -> None:
    mine = tmp_path / "rack"
    mine.mkdir()
    shutil.copy(rack.PLUGIN, mine)
    unit = str(rack.unit(tmp_path / "units", "SN-1"))
    for named in (str(mine / "rack.py"), str(mine)):
        said = await alone.begin("converter", "check", named, unit, "--marker", rack.MARKER)
        assert said.code == 0, said.talk
        assert "rack, tried with 1 file: " in said.talk
    for named, words in {
        str(place): "holds several converters: ",
        str(tmp_path / "units"): "holds no converter that can be loaded.",
        str(tmp_path / "no.py"): "There is no file ",
    }.items():
        said = await alone.type("converter", "check", named, unit)
        assert (said.code, said.out) == (2, "")
        assert words in said.talk
    (mine / "__init__.py").touch()
    assert "is a Python package" in (await alone.type("converter", "check", str(mine), unit)).talk


MAPPING = """
kind = "table"
detect.head = ["^serial;"]
table.delimiter = ";"
[header]
sn = "serial"
pn = { value = "P-1" }
rev = { value = "A" }
process = 10
start = { from = "time", format = "%Y-%m-%d %H:%M:%S" }
[rows]
name = { value = "Supply" }
value = "value"
[[step]]
kind = "numeric"
"""


async def test_a_mapping_is_advised_in_words_of_mappings(alone: Typist, place: Path) -> None:
    (place / "bench.toml").write_text(MAPPING, encoding="utf-8")
    (place / "day.csv").write_text(SAMPLE.rpartition("SN-2")[0], encoding="utf-8")
    said = await alone.begin("converter", "check", str(place / "bench.toml"), str(place / "day.csv"))
    assert "[half-written]\n  → Say how a whole file ends: `table.end` or `text.end`" in said.out
    for word in ("()", "ConversionError", "Resume", "source.", "report."):
        assert word not in said.out


def test_advice_that_speaks_of_code_is_left_out() -> None:
    python = Finding(
        code="record-changes", severity=Severity.WARNING, text="convert() has another report.record.",
        next_step="Set report.record to the bytes of the unit's own lines.",
    )  # fmt: skip
    assert for_mapping(python).text == "The conversion has another record of the unit."
    assert for_mapping(python).next_step == "", "better no advice than one for programmers"
    plain = replace(python, code="local-time", next_step="Set station.time_zone.")
    assert for_mapping(plain).next_step == "Set station.time_zone."


async def test_a_path_may_lead_upwards(
    alone: Typist, place: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (place / "deep").mkdir()
    monkeypatch.chdir(place / "deep")
    for sample, folder in (("../day.csv", ".."), (f"{tmp_path}/mine/deep/../day.csv", str(place))):
        said = await alone.begin("converter", "check", "sound", sample, "--dir", folder, "--json")
        assert said.code == 0, said.out + said.talk
        assert {one["code"] for one in said.data["findings"]} == {"local-time"}


def test_a_source_that_leads_upwards_is_in_the_folder_that_is_meant(place: Path) -> None:
    (place / "deep").mkdir()
    assert source_of(place / "deep/../day.csv").folder == "mine"
