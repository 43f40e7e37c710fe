"""The WSJF converter: real exports come through whole, with the listed repairs and nothing else."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.report import completed, minimal_report, repair_report, rich_report
from stationmaster.api import ConversionError, ConverterOptions, Glimpse, Report, Station, ValidationError
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


# ---------------------------------------------------------------- detection and completeness
def glimpse(text: str | bytes, size: int | None = None) -> Glimpse:
    data = text if isinstance(text, bytes) else text.encode()
    return Glimpse(name="x.json", size=size or len(data), head=data[: 64 * 1024], tail=data[-4096:])


UUT = '"sn":"1","pn":"2","root":{}'
DETECT: list[tuple[str | bytes, int]] = [
    ('{"type":"T",' + UUT + "}", 95),
    ('{"type" : "T", "x": {"root": 1}, ' + UUT + "}", 95),
    ('[{"type":"T",' + UUT + "}]", 95),
    ('\ufeff [ {"type":"T",' + UUT + "}]", 95),
    (('{"type":"T",' + UUT + "}").encode("utf-16"), 95),
    ('{"type":"R","sn":"1","pn":"2","uur":{}}', 95),
    ('{"note":"a \\" b {","type":"T",' + UUT, 95),
    ('{"type":"T","sn":"1","pn":"2","uur":{}}', 0),
    ('{"type":"R",' + UUT + "}", 0),
    ('{"type":"X",' + UUT + "}", 0),
    ('{"type":7,' + UUT + "}", 0),
    ('{"type":["T"],' + UUT + "}", 0),
    ('{"type":"T","sn":"1","root":{}}', 0),
    ('{"a":{"type":"T",' + UUT + "}}", 0),
    ('{"a":1}{"type":"T",' + UUT + "}", 0),
    ("{", 0),
    ("", 0),
    ("<xml/>", 0),
    (b"\xff\xfe\x00", 0),
    (b"\x00\xff{", 0),
]


@pytest.mark.parametrize(("text", "confidence"), DETECT)
def test_detection(text: str | bytes, confidence: int) -> None:
    assert WsjfConverter().detect(glimpse(text)) == confidence


def test_steps_beyond_the_first_look_are_likely() -> None:
    text = '{"type":"T","sn":"1","pn":"2","binaryData":[{"data":"' + "A" * 100_000
    assert WsjfConverter().detect(glimpse(text)) == 60


COMPLETE: list[tuple[str | bytes, bool]] = [
    ("{}", True),
    ("{} \r\n", True),
    ('{"a": [1]', False),
    ('{"a": {}', True),  # one brace too few, but the tester has written a closing brace
    ("[{}]", True),
    ("[{}", False),
    ("\ufeff[{}", False),
    ("{}".encode("utf-16"), True),
    ('{"a"'.encode("utf-16"), False),
    ("", False),
]


@pytest.mark.parametrize(("text", "complete"), COMPLETE)
def test_the_closing_brace_is_the_end_mark(text: str | bytes, complete: bool) -> None:  # noqa: FBT001 - a table
    assert WsjfConverter().is_complete(glimpse(text)) is complete


# ---------------------------------------------------------------- what is refused, filled, told
def sample(**changes: object) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((DATA / "minimal.json").read_bytes())
    for key, value in changes.items():
        if value is ...:
            del data[key]
        else:
            data[key] = value
    return data


def convert(tmp_path: Path, data: object, name: str = "x.json", **options: Any) -> list[Report]:
    path = tmp_path / name
    path.write_text(json.dumps(data) if not isinstance(data, str) else data, "utf-8")
    return convert_file(
        WsjfConverter(), path, options=options, station=Station("ST", time_zone="Europe/Oslo")
    )


STEP = {"name": "n", "status": "P", "numericMeas": [{"status": "P", "value": 1}]}
DEEP = {
    "stepType": "SequenceCall",
    "name": "Main",
    "status": "P",
    "steps": [{"stepType": "X", "steps": [7, STEP]}],
}
REFUSED: list[tuple[object, str]] = [
    (sample(sn=""), "sn: no serial number"),
    (sample(sn=...), "sn: no serial number"),
    (sample(sn=None), "sn: no serial number"),
    (sample(sn="N/A"), "sn: the serial number 'N/A' is a placeholder"),
    (sample(pn=""), "pn: x.json names no part number"),
    (sample(processCode=...), "processCode: x.json names no operation"),
    (sample(start=...), "start: the report names no time"),
    (sample(start="", startUTC=""), "start: the report names no time"),
    (sample(type="X"), "type: is 'X'"),
    (sample(type=...), "type: is None"),
    (sample(root=...), "root: is missing"),
    (sample(root=[]), "root: is missing, or no object"),
    (sample(type="R"), "uur: is missing"),
    (sample(root=DEEP), "root/steps[0]/n: a step without stepType"),
    ([sample(), sample(sn="")], "report 2: sn: no serial number"),
    ([sample(), sample(root=DEEP)], "report 2: root/steps[0]/n: a step without stepType"),
    ([sample(), 7], "report 2: a report is a JSON object"),
    ('{"type": "T"', "line 1 column 13"),
]


@pytest.mark.parametrize(("data", "text"), REFUSED, ids=[text for _, text in REFUSED])
def test_what_is_refused(tmp_path: Path, data: object, text: str) -> None:
    with pytest.raises(ConversionError) as caught:
        convert(tmp_path, data)
    assert str(caught.value).startswith(text)


def test_the_rules_of_the_format_hold(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="machineName: must be a text, not 7"):
        convert(tmp_path, sample(machineName=7))


def test_a_list_is_several_reports(tmp_path: Path) -> None:
    reports = convert(tmp_path, [sample(sn=f"SN-{number}") for number in range(3)])
    assert [report.sn for report in reports] == ["SN-0", "SN-1", "SN-2"]
    assert len({report.record for report in reports}) == 3


def test_a_missing_id_is_left_to_the_host(tmp_path: Path) -> None:
    [report] = convert(tmp_path, sample(id=...))
    assert report.id == ""
    assert report.timed
    assert report.record == json.dumps(sample(id=...)).encode()


def test_the_station_is_filled_in(tmp_path: Path) -> None:
    [report] = convert(tmp_path, sample(machineName=None, location="", purpose=...))
    assert [report.data[key] for key in ("machineName", "location", "purpose")] == ["ST", "-", "-"]


def test_options_fill_what_is_absent_and_nothing_else(tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "part_number": "OPT",
        "revision": "Z",
        "process_code": 77,
        "process_codes": {"FCT": 55},
    }
    [report] = convert(tmp_path, sample(), **options)
    assert list(differences(sample(), json.loads(encode(report)))) == []
    [report] = convert(tmp_path, sample(pn=..., rev="", processCode=..., processName="FCT"), **options)
    assert (report.pn, report.data["rev"], report.data["processCode"]) == ("OPT", "Z", 55)
    assert [warning.split()[0] for warning in report.warnings] == ["pn", "rev", "processCode"]


def test_the_serial_number_may_stand_in_the_name(tmp_path: Path) -> None:
    pattern = {"serial_number_pattern": r"^(?P<sn>[A-Z]\d+)_"}
    for sn in ("", "none"):
        [report] = convert(tmp_path, sample(sn=sn), "B77_x.json", **pattern)
        assert report.sn == "B77"
    [report] = convert(tmp_path, sample(), "B77_x.json", **pattern)
    assert report.sn == "SN-0001"


def test_a_start_without_offset_gets_the_stations(tmp_path: Path) -> None:
    [report] = convert(tmp_path, sample(start="2026-07-01T10:00:00.1234567"))
    assert report.data["start"] == "2026-07-01T10:00:00.1234567+02:00"
    assert "no offset" in report.warnings[0]
    [report] = convert(tmp_path, sample(start="2026-10-25 02:30:00"))
    assert report.data["start"] == "2026-10-25T02:30:00+02:00"
    assert len(report.warnings) == 3, "the blank, the offset, the change of summer time"


def test_a_start_from_utc_is_enough(tmp_path: Path) -> None:
    [report] = convert(tmp_path, sample(start=..., startUTC="2026-01-01T08:00:00.Z"))
    assert report.data["start"] == "2026-01-01T08:00:00Z"


def test_the_source_may_be_attached(tmp_path: Path) -> None:
    [report] = convert(tmp_path, sample(), attach_source=True)
    [held] = report.data["binaryData"]
    assert (held["name"], held["contentType"]) == ("x.json", "application/json")
    [report] = convert(tmp_path, sample(binaryData=None), attach_source=True)
    assert len(report.data["binaryData"]) == 1
    for wrong in ("", {}, "x"):
        with pytest.raises(ValidationError, match="binaryData: must be a list"):
            convert(tmp_path, sample(binaryData=wrong), attach_source=True)


def test_bare_words_for_numbers(tmp_path: Path) -> None:
    text = json.dumps(sample()).replace("5.01", "NaN")
    [report] = convert(tmp_path, text)
    assert report.root.steps[0].data["numericMeas"][0]["value"] == "NaN"
    assert report.warnings == ["numbers that are not finite were written as words"]


def test_names() -> None:
    assert (WsjfConverter.name, WsjfConverter.version) == ("wsjf", "1")
    assert WsjfConverter.options_type is ConverterOptions


# ---------------------------------------------------------------- damage
def _flip(data: bytes, rng: random.Random) -> bytes:
    broken = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
    return bytes(broken)


def _cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def _delete(data: bytes, rng: random.Random) -> bytes:
    begin = rng.randrange(len(data))
    return data[:begin] + data[begin + rng.randint(1, 40) :]


OTHERS: list[Any] = [None, True, -1, 2**70, 1.5, float("nan"), "", "x" * 6000, "P", "2026-01-01", [], {}]
OTHERS += [[[]], [{}], [{"status": "P"}], {"idx": 0}, {"idx": None, "num": 1}]


def _swap(data: bytes, rng: random.Random) -> bytes:
    """Give one or more values another type, or take them away."""
    tree = json.loads(data)
    for _ in range(rng.randint(1, 3)):
        spots: list[tuple[Any, Any]] = list(_spots(tree))
        holder, key = rng.choice(spots)
        if rng.random() < 0.2:
            del holder[key]
        else:
            holder[key] = rng.choice(OTHERS)
    return json.dumps(tree).encode()


def _spots(value: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    for key in keys:
        yield value, key
        yield from _spots(value[key])


MUTATIONS: list[Callable[[bytes, random.Random], bytes]] = [_flip, _cut, _delete, _swap]


@pytest.mark.parametrize("seed", range(100))
def test_a_damaged_file_converts_or_is_refused(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - seeded, so that a failure comes back
    makers = (minimal_report, rich_report, rich_report, repair_report)
    data = encode(completed(rng.choice(makers)()))
    if seed % 5 == 0:
        data = (DATA / rng.choice(("rich.json", "uur.json"))).read_bytes()
    broken = MUTATIONS[seed % len(MUTATIONS)](data, rng)
    path = tmp_path / "x.json"
    path.write_bytes(broken)
    look = Glimpse.at(path)
    assert WsjfConverter().detect(look) in (0, 60, 95)
    assert WsjfConverter().is_complete(look) in (True, False)
    try:
        reports = convert_file(WsjfConverter(), path, options={"attach_source": seed % 3 == 0})
    except ConversionError as error:
        assert error.text  # noqa: PT017 - either outcome is right, this one needs a reason
    else:
        assert all(json.loads(encode(report)) for report in reports)


def test_some_damage_is_survived_and_some_refused(tmp_path: Path) -> None:
    """The test above would pass if everything were refused."""
    data = encode(completed(rich_report()))
    outcomes = Counter[bool]()
    for seed in range(60):
        path = tmp_path / "x.json"
        path.write_bytes(_swap(data, random.Random(seed)))  # noqa: S311 - seeded
        try:
            convert_file(WsjfConverter(), path)
            outcomes[True] += 1
        except ConversionError:
            outcomes[False] += 1
    assert min(outcomes[True], outcomes[False]) > 5, outcomes
