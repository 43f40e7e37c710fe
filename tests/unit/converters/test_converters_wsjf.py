"""The WSJF converter: detection, completeness, what is refused, filled and told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stationmaster.api import ConversionError, ConverterOptions, Glimpse, Report, Station, ValidationError
from stationmaster.api.testing import convert_file
from stationmaster.api.wsjf import encode
from stationmaster.converters.wsjf import WsjfConverter

DATA = Path(__file__).parents[2] / "data" / "wsjf"


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
    ('{"a": {}', False),
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
    assert encode(report) == json.dumps(sample(), separators=(",", ":")).encode()
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
    wrongs: list[object] = ["", {}, "x"]
    for wrong in wrongs:
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
