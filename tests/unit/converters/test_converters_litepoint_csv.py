"""LitePoint CSV: sections, limits in cells and in names of columns, vectors, verdicts, half-written files."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from corpus.oracle import told
from stationmaster.api import ConversionError, ConverterOptions, Glimpse, Report, Station
from stationmaster.api.testing import convert_file, source_of
from stationmaster.converters.litepoint_csv import LitePointCsvConverter

DATA = Path(__file__).parents[2] / "data" / "litepoint-csv"
OPTIONS: dict[str, Any] = {"process_code": 20, "part_number": "P-1"}
TX, PERFORMANCE = "TX Calibration 24GHz", "Tx Performance"


def convert(name: str, **options: Any) -> Report:
    station = Station(name="PC-1", time_zone="Asia/Taipei")
    [report] = convert_file(LitePointCsvConverter(), DATA / name, options=OPTIONS | options, station=station)
    return report


def test_the_first_section_is_the_header() -> None:
    report = convert("radio.csv")
    assert (report.sn, report.pn, report.data["result"]) == ("SN-L1", "P-1", "F")
    assert report.data["start"] == "2026-03-02T08:05:00+08:00"
    assert report.data["miscInfos"] == [
        {"description": "IQDVT Version", "text": "1.9.0"},
        {"description": "DUT VERSION", "text": "r77"},
    ]
    assert report.warnings == []


def test_a_file_without_serial_number_is_named_by_it() -> None:
    assert convert("SN-L2.csv").sn == "SN-L2"
    with pytest.raises(ConversionError, match="no serial number"):
        convert("SN-L2.csv", serial_number_pattern="")


@pytest.mark.parametrize(
    "line",
    [
        f"{TX}: SequenceCall F",
        f"{TX} / 2.1 2G 0 2412: SequenceCall P",
        f"{TX} / 2.1 2G 0 2412 / Clock Error = 0.06 LOG P",
        f"{TX} / 2.1 2G 0 2412 / Measure Power = 17.65 GELE 17 18 P",
        f"{TX} / 2.1 2G 0 2412 / Power @ EVM -25dB = 26.7 dBm GE 23 P",
        f"{TX} / 2.1 2G 0 2412 / Max Evm = -25.1 dB LE -25 P",
        f"{TX} / 2.1 2G 0 2412 / COEFF A = 493 LOG P",
        f"{TX} / 2.1 2G 0 2412 / Error Reg1 = 0.39 LT 1 P",
        f"{TX} / 2.1 2G 1 2412: SequenceCall F",
        f"{TX} / 2.1 2G 1 2412 / Measure Power = 18.2 GELE 17 18 F",
        f"{TX} / 2.1 2G 1 2412 / Temp = 46 LOG D",
        f"{TX} / 5 2G 0 / LNA GAIN 0 = 35.25 GELE 31 39 P",
        f"{TX} / 5 2G 0 / LNA GAIN 1 = -6.4 GELE -7 1 P",
        f"{TX} / 5 2G 0 / Flatness 5180 = -0.5 GELE -4 4 P",
        f"{TX} / 5 2G 0 / Flatness 5300 = 4.5 GELE -4 4 F",
        f"{TX} / 5 2G 0: SequenceCall F",
        f"{PERFORMANCE} / 21 24G / Freq Offset[PPM] = 0.07 PPM LOG P",
        f"{PERFORMANCE} / 21 24G / EVM = -35.91 LT -30 P",
        f"{PERFORMANCE} / 21 24G / Frequency Error Hz = -2861.9 LOG P",
        f"{PERFORMANCE} / 21 24G / Frequency Error ppm = -1.19 GELE -10 10 P",
        f"{PERFORMANCE} / 21 24G / Margin: ET_MNLT P",
        f"{PERFORMANCE} / 21 24G / Margin / 2 = 3.88 LOG P",
        f"{PERFORMANCE} / 22 24G / EVM = -29.5 LT -30 F",
        f"{PERFORMANCE} / 23 24G: SequenceCall F",
    ],
)
def test_rows_are_sequences_of_measurements(line: str) -> None:
    assert line in told(convert("radio.csv"))


def test_the_word_fail_in_names_of_columns_fails_nothing(tmp_path: Path) -> None:
    path = tmp_path / "SN-1.csv"
    text = (DATA / "radio.csv").read_text(encoding="utf-8")
    path.write_text(text.replace("Fail,", "Pass,").replace(",Fail\n", ",Pass\n"), encoding="utf-8")
    [report] = convert_file(LitePointCsvConverter(), path, options=OPTIONS)
    assert report.data["result"] == "P"
    assert not [line for line in told(report) if line.endswith(" F")]


def test_other_texts_are_told() -> None:
    rows = [step for step in convert("radio.csv").steps() if step.name == "22 24G"]
    assert rows[0].data["reportText"] == "Error Message: Late"


def test_key_columns_are_an_option() -> None:
    report = convert("radio.csv", key_columns=["Test", "Ant"])
    assert f"{TX} / 2.1 0 / Frequency = 2412 LOG P" in told(report)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("cut_in_a_row.csv", "cells, but the columns are 16"),
        ("bad_limit.csv", "line 7, column 'Power Limit': 'about 17' are no limits"),
    ],
)
def test_what_is_wrong_is_named(name: str, reason: str) -> None:
    with pytest.raises(ConversionError) as caught:
        convert(name)
    assert reason in str(caught.value)


def test_detection() -> None:
    converter = LitePointCsvConverter()
    for path in DATA.iterdir():
        assert converter.detect(Glimpse.at(path)) == 70
    for head in (b"", b"General\nx\n", b"x\nGeneral\nSerial Number,a\n", b"\0\1"):
        assert converter.detect(Glimpse("a.csv", len(head), head, head)) == 0


def test_the_source_can_be_attached_and_common_options_are_enough() -> None:
    [source] = convert("radio.csv", attach_source=True).data["binaryData"]
    assert base64.b64decode(source["data"]) == (DATA / "radio.csv").read_bytes()
    options = ConverterOptions(process_code=1, part_number="P")
    assert list(LitePointCsvConverter().convert(source_of(DATA / "radio.csv"), options, None))


def test_no_part_of_a_row_passes_for_the_row(tmp_path: Path) -> None:
    whole = (DATA / "radio.csv").read_bytes()
    path = tmp_path / "SN-L1.csv"
    rows = {line for line in told(convert("radio.csv")) if " = " in line}
    for length in range(1, len(whole) - 1, 7):
        path.write_bytes(whole[:length])
        try:
            [report] = convert_file(LitePointCsvConverter(), path, options=OPTIONS)
        except ConversionError:
            continue
        assert {line for line in told(report) if " = " in line} <= rows
