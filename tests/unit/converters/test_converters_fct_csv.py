"""FCT CSV: keys and rows, texts that look like numbers, letters, half-written files."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from corpus.oracle import told
from stationmaster.api import ConversionError, ConverterOptions, Glimpse, Report, Station
from stationmaster.api.testing import convert_file, source_of
from stationmaster.converters.fct_csv import FctCsvConverter

DATA = Path(__file__).parents[2] / "data" / "fct-csv"
OPTIONS: dict[str, Any] = {"process_code": 20}


def convert(name: str, **options: Any) -> Report:
    station = Station(name="PC-1", time_zone="Europe/Budapest")
    [report] = convert_file(FctCsvConverter(), DATA / name, options=OPTIONS | options, station=station)
    return report


def test_keys_are_the_header() -> None:
    report = convert("board.csv")
    assert (report.sn, report.pn, report.data["rev"], report.data["result"]) == ("SN-F1", "BRD-7", "A", "F")
    assert (report.data["machineName"], report.data["uut"]["execTime"]) == ("FCT-4", 42)
    assert report.data["start"] == "2026-03-02T08:15:00+01:00"
    assert report.data["miscInfos"] == [
        {"description": "MainSerial", "text": "VEH/77"},
        {"description": "Part Type", "text": "Inverter"},
        {"description": "MES", "text": "1"},
        {"description": "Error Code", "text": "12"},
    ]
    assert report.warnings == []


def test_rows_are_steps() -> None:
    report = convert("board.csv")
    assert told(report)[1::2] == [
        "DMM Init = P",
        "Beeper = F",
        "Supply 5V = 5.01 V GELE 4.75 5.25 P",
        "Ripple = 12.5 mV LE 20 P",
        "Gain = 1.5 GE 2 F",
        "Flags = 129 LOG D",
        "Version = 1E10 LOG D",
        "Checksum = 00B0 LOG D",
        "Leading = 0012 LOG D",
        "Count = 1201 LOG D",
        "Note = see log LOG D",
        "Missing = F",
    ]
    assert report.root.steps[0].step_type == "ET_PFT"
    assert report.root.steps[-1].data["reportText"] == "no value; limits 1 2"
    assert [step.name for step in report.steps() if step.data.get("causedUUTFailure")] == ["Beeper"]


def test_which_values_are_texts_is_an_option() -> None:
    assert "Count = 1201 LOG D" in told(convert("board.csv", text_pattern="[0-9A-F]{4}"))
    assert "Version = 1e+10 LOG D" in told(convert("board.csv", text_pattern="x"))
    with pytest.raises(ConversionError, match="text_pattern is no regular expression"):
        convert("board.csv", text_pattern="(")


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        ("0x10;0x1F;0x20;;Passed", ("ET_SVT", "P", "0x1F", "LOG", "Min, Max, Unit: 0x10 0x20")),
        ("5;OVERLOAD;6;V;Failed", ("ET_SVT", "F", "OVERLOAD", "LOG", "Min, Max, Unit: 5 6 V")),
        (";abc;6;;Passed", ("ET_SVT", "P", "abc", "LOG", "Min, Max, Unit: 6")),
        (";v2.1;;;Info", ("ET_SVT", "D", "v2.1", "LOG", None)),
        ("0;1e309;1;V;Failed", ("ET_NLT", "F", "Infinity", "GELE", None)),
        ("0;-1,5E-3;1;V;Passed", ("ET_NLT", "P", -0.0015, "GELE", None)),
        ("0;NaN;1;V;Failed", ("ET_NLT", "F", "NaN", "GELE", None)),
        ("0;-inf;1;V;Error", ("ET_NLT", "E", "-Infinity", "GELE", None)),
        ("0;1.#QNAN;1;V;Failed", ("ET_NLT", "F", "NaN", "GELE", None)),
    ],
)
def test_texts_beside_limits_are_kept(tmp_path: Path, row: str, shown: tuple[Any, ...]) -> None:
    path = tmp_path / "board.csv"
    path.write_bytes((DATA / "board.csv").read_bytes().rstrip() + f"\nOne;{row}\n".encode())
    [report] = convert_file(FctCsvConverter(), path, options=OPTIONS)
    step = report.root.steps[-1]
    [found] = step.data.get("stringMeas") or step.data["numericMeas"]
    text = step.data.get("reportText")
    assert (step.step_type, step.status, found["value"], found["compOp"], text) == shown


def test_a_number_in_another_form_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "board.csv"
    path.write_bytes((DATA / "board.csv").read_bytes().rstrip() + b"\nOne;0;1,234.5;2000;V;Passed\n")
    with pytest.raises(ConversionError, match=r"'1,234.5' is no number"):
        convert_file(FctCsvConverter(), path, options=OPTIONS)


def test_other_letters_line_ends_and_decimal_marks() -> None:
    report = convert("latin.csv")
    assert told(report)[1:] == ["Heat = 25.25 \N{DEGREE SIGN}C GELE 10.5 30.5 P"]
    assert report.data["machineName"] == "PC-1"


def test_too_few_rows_are_told() -> None:
    assert convert("board.csv", usual_rows={"BRD-7": 12}).warnings == []
    assert convert("board.csv", usual_rows={"BRD-7": 13}).warnings == [
        "12 rows, usual are 13: the file may be cut"
    ]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("cut_in_a_row.csv", "line 6: 3 cells, but the columns are 6"),
        ("no_rows.csv", "no row became a step"),
        ("bad_word.csv", "line 5, step.status: 'Fine' is no verdict we know"),
    ],
)
def test_what_is_wrong_is_named(name: str, reason: str) -> None:
    with pytest.raises(ConversionError) as caught:
        convert(name)
    assert reason in str(caught.value)


def test_detection() -> None:
    converter = FctCsvConverter()
    for path in DATA.iterdir():
        assert converter.detect(Glimpse.at(path)) == 70
    for head in (
        b"",
        b"\0\1",
        b"SerialNumber;1\n",
        b"x\nSerialNumber;1\nStepName;Min;Value;Max;Unit;Status\n",
    ):
        assert converter.detect(Glimpse("a.csv", len(head), head, head)) == 0


def test_the_source_can_be_attached_and_common_options_are_enough() -> None:
    [source] = convert("board.csv", attach_source=True).data["binaryData"]
    assert base64.b64decode(source["data"]) == (DATA / "board.csv").read_bytes()
    assert list(
        FctCsvConverter().convert(source_of(DATA / "board.csv"), ConverterOptions(process_code=1), None)
    )


def test_no_part_of_a_row_passes_for_the_row(tmp_path: Path) -> None:
    whole = (DATA / "board.csv").read_bytes()
    path = tmp_path / "cut.csv"
    rows = told(convert("board.csv"))
    for length in range(1, len(whole) - 1, 3):
        path.write_bytes(whole[:length])
        try:
            [report] = convert_file(FctCsvConverter(), path, options=OPTIONS)
        except ConversionError:
            continue
        assert told(report) == rows[: len(told(report))]
