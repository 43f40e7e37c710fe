"""Trials of converters, each with one fault: it is found, and told in words with its place."""

from __future__ import annotations

import os
import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from stationmaster.api.testing import (
    Finding,
    Severity,
    assert_good,
    check_converter,
    options_of,
    source_of,
)
from stationmaster.api.trial.check import examine_alone, examine_growth, examine_together

FAULTY = Path(__file__).parents[2] / "data" / "plugins" / "faulty.py"
SAMPLE = (
    "serial;time;value;operator\nSN-1;2026-03-02 08:15:30;5.01;robin\nSN-2;2026-03-02 08:16:30;5.25;robin\n"
)


@pytest.fixture(scope="module")
def faulty() -> ModuleType:
    """The module with the converters."""
    spec = spec_from_file_location("faulty", FAULTY)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["faulty"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """A file of the kind that they read."""
    path = tmp_path / "day.csv"
    path.write_text(SAMPLE, encoding="utf-8")
    return path


def found(faulty: ModuleType, converter: str, sample: Path) -> list[Finding]:
    """What the trials say, apart from notes; of larger copies only where that is the fault."""
    made: Any = getattr(faulty, converter)()
    options, sources = options_of(made), [source_of(sample)]
    trials = [examine_alone, examine_together, *([examine_growth] if converter == "Squaring" else [])]
    told = [one for trial in trials for one in trial(made, sources, options)]
    return [one for one in told if one.severity is not Severity.NOTE]


def test_a_sound_converter_is_not_blamed(faulty: ModuleType, sample: Path) -> None:
    everything = check_converter(faulty.Sound(), sample)
    assert [str(one) for one in everything if one.severity is not Severity.NOTE] == []
    assert [one.code for one in everything] == ["local-time"]
    assert_good(faulty.Sound(), sample)
    assert sample.read_text(encoding="utf-8") == SAMPLE
    assert [path.name for path in sample.parent.iterdir()] == [sample.name]


def test_parts_of_a_file_are_told_once_with_their_number(faulty: ModuleType, sample: Path) -> None:
    [passed] = [
        one
        for one in check_converter(faulty.Incomplete(), sample)
        if one.code == "half-written" and "result P" in one.text
    ]
    assert re.search(r"cut at byte \d+ \(line \d+\), and at \d+ other places, the converter", passed.text)


@pytest.mark.parametrize(
    ("converter", "code", "place", "words"),
    [
        ("Incomplete", "half-written", "unit SN-", "makes a report with the result P"),
        ("NeverComplete", "incomplete", "", "it would wait for ever"),
        ("Crashing", "crash", "", "fails with IndexError: list index out of range"),
        ("Claiming", "detect", "", "90 sure of a table of addresses (people.csv)"),
        ("Unknowing", "detect", "", "does not know this file"),
        ("Lucky", "not-repeatable", "", "gives other reports"),
        (
            "Contradicting",
            "verdict-against-limits",
            "unit SN-1, step root/Volts",
            "its value 15.01 compared by GELE",
        ),
        ("Valueless", "verdict-against-limits", "unit SN-1, step root/Volts", "but there is no value"),
        ("Limitless", "rule", "unit SN-1", "highLimit is missing: GELE has two limits"),
        ("TooLong", "rule", "unit SN-1", "characters long, 100 are allowed"),
        (
            "Forgiving",
            "verdict-against-steps",
            "unit SN-1, step root",
            "The report is Passed, but its steps are not",
        ),
        ("Stepless", "no-steps", "unit SN-1, line 2", "has no steps"),
        ("Recordless", "no-record", "unit SN-1", "each unit is sent again when the file changes"),
        ("Remembering", "global-state", "", "The module faulty.py changes SEEN"),
        ("Keeping", "state", "", "after another file, this file gives other reports"),
        ("Moving", "global-state", "", "changes the environment of the process"),
        ("Unix", "line-ends", "", "with CRLF at the ends of its lines gives other reports"),
        ("Markless", "byte-order-mark", "", "with a byte order mark is refused: line 1: no header"),
        ("Lossy", "letters", "", "written in cp1252, is not what the report says: letters are lost"),
        ("Talking", "prints", "", "prints: 'measuring 5.01'"),
        ("Writing", "writes", "", "day.log"),
        ("Prying", "reads-elsewhere", "", "reads /etc/hostname"),
        ("Strict", "options", "", "An unknown option is not refused"),
        ("Squaring", "grows-too-fast", "", "10 times as large"),
        ("Growing", "resume", "", "that are not the 2 of the whole file"),
    ],
)
def test_a_fault_is_found_and_told(
    faulty: ModuleType, sample: Path, converter: str, code: str, place: str, words: str
) -> None:
    told = [one for one in found(faulty, converter, sample) if one.code == code]
    assert told, f"{code} was not found"
    assert any(words in one.text for one in told), [one.text for one in told]
    assert told[0].place.startswith(place)
    assert told[0].next_step or code == "rule"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no zone for one process")
def test_the_zone_of_the_pc_is_noticed_and_left_alone(
    faulty: ModuleType, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Europe/Oslo")
    [told] = [one for one in found(faulty, "Zoned", sample) if one.code == "pc-time-zone"]
    assert "although station.time_zone is set" in told.text
    assert os.environ["TZ"] == "Europe/Oslo"


def test_an_author_reads_sentences_and_may_allow_a_code(faulty: ModuleType, sample: Path) -> None:
    with pytest.raises(AssertionError) as failed:
        assert_good(faulty.Contradicting(), sample)
    first, *_ = str(failed.value).splitlines()
    assert first.startswith(
        "warning [verdict-against-limits] day.csv, unit SN-1, step root/Volts: It is Passed"
    )
    assert first.endswith("A tester's own verdict may stay as it is.")
    assert_good(faulty.Contradicting(), sample, allow=["verdict-against-limits"])


def test_a_file_that_is_refused_is_told_as_that_alone(faulty: ModuleType, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a;b\n1;2\n", encoding="utf-8")
    [told] = found(faulty, "Sound", other)
    assert (told.code, told.text) == ("refused", "The file is refused: line 1: no header")


def test_many_of_a_kind_are_counted(faulty: ModuleType, tmp_path: Path) -> None:
    many = tmp_path / "many.csv"
    many.write_text(
        "serial;time;value;operator\n" + "".join(f"SN-{n};2026-03-02 08:15:30;5;kim\n" for n in range(20)),
        encoding="utf-8",
    )
    told = [one for one in found(faulty, "Contradicting", many) if one.code == "verdict-against-limits"]
    assert len(told) == 6
    assert told[-1].text == "... and 15 more like this."


def test_reading_a_small_xml_file_takes_little_memory(tmp_path: Path) -> None:
    import tracemalloc  # noqa: PLC0415 - for this test alone

    from stationmaster.api import xml  # noqa: PLC0415 - the same
    from stationmaster.api.testing import source_of  # noqa: PLC0415 - the same

    small = tmp_path / "small.xml"
    small.write_text("<a><b/></a>")
    tracemalloc.start()
    try:
        xml.open(source_of(small))
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
