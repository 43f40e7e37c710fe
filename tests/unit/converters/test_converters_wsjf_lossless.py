"""WSJF files come through whole: samples and real exports, with the listed repairs and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stationmaster.api import ConversionError, Glimpse, Report
from stationmaster.api.testing import convert_file
from stationmaster.api.wsjf import encode
from stationmaster.converters.wsjf import WsjfConverter

DATA = Path(__file__).parents[2] / "data" / "wsjf"
GONE = "(absent)"
Change = tuple[str, object, object]


def differences(one: Any, other: Any, place: str = "") -> Iterator[Change]:
    """Every place where two JSON trees differ, in type, value or order of keys."""
    if isinstance(one, dict) and isinstance(other, dict):
        kept = [key for key in other if key in one]
        if kept != [key for key in one if key in other]:
            yield place, "order of keys", "other order of keys"
        for key in {**one, **other}:
            yield from differences(one.get(key, GONE), other.get(key, GONE), f"{place}.{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, pair in enumerate(zip(one, other, strict=True)):
            yield from differences(*pair, f"{place}[{index}]")
    elif type(one) is not type(other) or one != other:
        yield place, one, other


def test_the_difference_finder_finds() -> None:
    one = {"a": 1, "b": [1, {"c": None}], "d": 1}
    assert list(differences(one, json.loads(json.dumps(one)))) == []
    assert list(differences(one, {"a": 1.0, "b": [1, {}], "d": True})) == [
        (".a", 1, 1.0),
        (".b[1].c", None, GONE),
        (".d", 1, True),
    ]
    assert list(differences({"a": 1, "b": 2}, {"b": 2, "a": 1})) == [
        ("", "order of keys", "other order of keys")
    ]
    assert list(differences([1], [1, 2])) == [("", [1], [1, 2])]


def through(path: Path) -> tuple[Report, list[Change]]:
    """Convert and encode; what the JSON trees differ in."""
    [report] = convert_file(WsjfConverter(), path)
    before = json.loads(path.read_text("utf-8-sig"))
    return report, list(differences(before, json.loads(encode(report))))


# ---------------------------------------------------------------- our samples
def test_samples() -> None:
    for name in ("minimal", "uur"):
        report, changes = through(DATA / f"{name}.json")
        assert changes == []
        assert report.warnings == []
    report, changes = through(DATA / "rich.json")
    assert changes == [(".root.steps[11].loop.endingIndex", 2, 1)]
    assert report.warnings == ["loop num 2, endingIndex 2 became 2 and 1 (root/Looped.loop)"]
    assert report.data["plantCode"] == "unknown to us"


# ---------------------------------------------------------------- real exports
def kinds(changes: list[Change]) -> Counter[tuple[str, object, object]]:
    """Changes by last key and values."""
    return Counter((place.rsplit(".", 1)[-1], was, now) for place, was, now in changes)


EXPORT_REPAIRS: dict[Change, int] = {
    ("status", "P", "D"): 1,
    ("status", "P", "F"): 1,
    ("endingIndex", 3, 2): 4,
    ("endingIndex", 2, 1): 10,
}
SPEC_REPAIRS: dict[Change, int] = {("startUTC", "2020-01-01T08:00:00.Z", "2020-01-01T08:00:00Z"): 1}
CORPUS: dict[str, tuple[dict[Change, int], int, dict[str, int]]] = {
    # file: repairs, steps, measurements
    "olreppe-pyWATS/WATS - WSJF UUT Example file.json": (
        SPEC_REPAIRS | {("compOp", "Log", "LOG"): 2},
        26,
        {"numericMeas": 14, "booleanMeas": 5, "stringMeas": 8},
    ),
    "olreppe-pyWATS/advanced_uut.json": (
        EXPORT_REPAIRS,
        186,
        {"numericMeas": 108, "booleanMeas": 17, "stringMeas": 21},
    ),
    "olreppe-pyWATS/example_report_from_server.json": (
        EXPORT_REPAIRS,
        186,
        {"numericMeas": 108, "booleanMeas": 17, "stringMeas": 21},
    ),
    "olreppe-pyWATS/uut-wsjf-export.json": (
        EXPORT_REPAIRS,
        186,
        {"numericMeas": 108, "booleanMeas": 17, "stringMeas": 21},
    ),
    "olreppe-pyWATS/uur_example.json": ({}, 0, {}),
    "virinco-client-testdata/WATS - WSJF UUT Example file Bare Minimum.json": (
        SPEC_REPAIRS | {("compOp", "Log", "LOG"): 3},
        11,
        {"numericMeas": 4, "booleanMeas": 3, "stringMeas": 3},
    ),
}
NEGATIVE = "olreppe-pyWATS/852ea178-6a17-4dc6-a36b-3212583f4709.json"


def test_the_table_names_every_file_of_the_corpus(corpus: Path) -> None:
    there = {path.relative_to(corpus / "wsjf").as_posix() for path in (corpus / "wsjf").rglob("*.json")}
    assert there == {*CORPUS, NEGATIVE}


@pytest.mark.parametrize("name", CORPUS)
def test_real_exports_lose_nothing_but_the_listed_repairs(corpus: Path, name: str) -> None:
    path = corpus / "wsjf" / name
    repairs, step_count, measurements = CORPUS[name]
    report, changes = through(path)
    assert kinds(changes) == repairs
    assert sum(1 for _ in report.steps()) == step_count
    found = Counter(
        {
            key: sum(len(step.data.get(key) or []) for step in report.steps())
            for key in ("numericMeas", "booleanMeas", "stringMeas")
        }
    )
    assert +found == measurements
    assert bool(report.warnings) == bool(repairs)
    assert {place.rsplit(".", 1)[0] for place, *_ in changes if "endingIndex" in place} == {
        place
        for place, info in _loops(json.loads(path.read_text("utf-8-sig")))
        if info.get("num") is not None
    }


def _loops(value: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        for key, one in value.items():
            if key == "loop" and isinstance(one, dict):
                yield f"{place}.loop", one
            yield from _loops(one, f"{place}.{key}")
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _loops(one, f"{place}[{index}]")


def test_what_the_server_export_shows(corpus: Path) -> None:
    report, _ = through(corpus / "wsjf" / "olreppe-pyWATS/uut-wsjf-export.json")
    data = report.data
    assert (report.id, report.sn, report.pn, data["rev"]) == (
        "33a2d408-3fc8-480b-b554-6866c77fd91c",
        "FATTest-325",
        "FATPartNo",
        "Rev1",
    )
    assert (data["processCode"], data["processName"], data["machineName"]) == (10, "SW Debug", "OLALAPTOP")
    assert (data["result"], data["start"]) == ("F", "2026-01-30T22:01:41.4707353+01:00")
    assert data["uut"]["execTime"] == 123.67
    assert len(data["subUnits"]) == 2
    steps = list(report.steps())
    types = Counter(step.step_type for step in steps)
    known = {
        "SequenceCall": 27,
        "ET_NLT": 64,
        "ET_MNLT": 7,
        "ET_PFT": 14,
        "ET_MPFT": 1,
        "ET_SVT": 16,
        "ET_MSVT": 1,
        "WATS_XYGMNLT": 2,
    }
    assert {key: types[key] for key in known} == known
    assert Counter(step.status for step in steps) == {"P": 118, "F": 67, "D": 1}
    assert sum(1 for step in steps if step.data.get("loop")) == 46
    assert [len(step.data["chart"]["series"]) > 0 for step in steps if step.data.get("chart")] == [True, True]
    by_name = {step.name: step.data for step in steps}
    assert by_name["SingleLog"]["numericMeas"][0]["compOp"] == "LOG"
    row = by_name["SingleEQFail"]["numericMeas"][0]
    assert (row["value"], row["compOp"], row["lowLimit"], row["status"]) == (500, "EQ", 501, "F")
    for step in steps:
        for row in step.data.get("numericMeas") or []:
            assert row["compOp"] not in ("LE", "LT") or row["lowLimit"] is not None


def test_the_defective_file_is_refused_with_its_reason(corpus: Path) -> None:
    with pytest.raises(ConversionError) as caught:
        convert_file(WsjfConverter(), corpus / "wsjf" / NEGATIVE)
    assert str(caught.value) == "root: a step without stepType"


def test_nothing_else_of_the_corpus_is_taken_for_wsjf(corpus: Path) -> None:
    converter = WsjfConverter()
    for path in corpus.rglob("*"):
        if path.is_file() and path.parent.name != "wsjf" and "wsjf" not in path.parts:
            assert converter.detect(Glimpse.at(path)) < 50, path
    for path in (corpus / "wsjf").rglob("*.json"):
        glimpse = Glimpse.at(path)
        assert (converter.detect(glimpse), converter.is_complete(glimpse)) == (95, True)
