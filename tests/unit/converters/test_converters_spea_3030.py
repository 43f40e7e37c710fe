"""SPEA 3030: blocks, rows to steps, date orders, several boards, growing files, spoilt files."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from stationmaster.api import ConversionError, Glimpse, Report, Resume, Station, Step
from stationmaster.api.testing import convert_file, source_of
from stationmaster.converters.spea_3030 import Spea3030Converter
from stationmaster.converters.spea_3030_unit import Spea3030Options

DATA = Path(__file__).parents[2] / "data" / "spea-3030"
OPTIONS: dict[str, Any] = {"process_code": 10}
OSLO = Station(name="TEST", time_zone="Europe/Oslo")
START = "START;Programme;BRD-7;B;brd7;kim;02/03/2026;08:15:30\n"
END = "SN;S-1\nEND;PASS;02/03/2026;08:15:40\n"


def convert(name: str, **options: Any) -> list[Report]:
    return convert_file(Spea3030Converter(), DATA / name, options=OPTIONS | options, station=OSLO)


def block(tmp_path: Path, *rows: str, end: str = END, **options: Any) -> Report:
    path = tmp_path / "block.csv"
    path.write_text(START + "".join(f"{row}\n" for row in rows) + end, encoding="utf-8")
    [report] = convert_file(Spea3030Converter(), path, options=OPTIONS | options)
    return report


def tree(step: Step) -> list[Any]:
    return [[child.step_type, child.name, child.status, tree(child)] for child in step.steps]


def test_a_block_becomes_a_report_with_all_its_header() -> None:
    [report] = convert("one_board.csv")
    data = report.data
    assert (data["sn"], data["pn"], data["rev"], data["processCode"]) == ("SN-1001", "BRD-7", "B", 10)
    assert (data["result"], data["start"]) == ("P", "2026-03-02T08:15:30+01:00")
    assert data["uut"] == {"user": "kim", "execTime": 21, "batchSN": "L-9"}
    assert data["root"]["seqCall"]["name"] == "brd7"
    assert data["miscInfos"] == [{"description": "Kind", "text": "Programme"}]
    assert report.warnings == []


def test_rows_of_a_task_are_a_sequence_and_a_lone_row_is_a_step() -> None:
    [report] = convert("one_board.csv")
    assert tree(report.root) == [
        [
            "SequenceCall",
            "POWER",
            "P",
            [["ET_PFT", "Fixture down", "P", []], ["ET_NLT", "5V rail", "P", []]],
        ],
        ["ET_NLT", "R1", "P", []],
        ["ET_PFT", "SHO GND", "P", []],
        ["ET_PFT", "LED", "P", []],
    ]
    r1, shorts, led = report.root.steps[1:]
    row = {"status": "P", "value": 1.25, "unit": "Ohm", "compOp": "GELE", "lowLimit": 0, "highLimit": 10}
    assert r1.data["numericMeas"] == [row]
    assert r1.data["reportText"] == "Test points: 12 14\nLNKR1 12-14"
    assert shorts.data["reportText"] == "value: Automatic; high: 236"
    assert led.data["reportText"] == "LED is green"


def test_units_are_left_as_they_are_on_request() -> None:
    [report] = convert("one_board.csv", keep_units=True)
    assert report.root.steps[1].data["numericMeas"][0]["unit"] == "ohm"


def test_failures_keep_their_word_limits_and_remark() -> None:
    report = convert("day.csv")[0]
    c3, c4, c5, c6, q1, again, boots = report.root.steps
    assert c3.data["numericMeas"][0] == {
        "status": "F",
        "value": "NaN",
        "unit": "F",
        "compOp": "GELE",
        "lowLimit": 8.5e-10,
        "highLimit": 1.15e-9,
    }
    assert c3.data["reportText"].startswith("FAIL(+/-)\nTest points: 30 250\nRemark: 972")
    assert c3.data["causedUUTFailure"] is True
    assert (c4.status, c4.data["numericMeas"][0]["value"]) == ("F", 1.253988e-9)
    assert (c5.step_type, c5.status) == ("ET_PFT", "F")
    assert c5.data["reportText"].startswith("no value; GELE 8.5e-10 1.15e-09 F\nFAIL(-)")
    assert (c6.status, c6.data["numericMeas"][0]["compOp"]) == ("S", "LOG")
    assert c6.data["reportText"] == "CAPC6;with 10n"
    assert [one.name for one in q1.steps] == ["swapped", "equal"]
    assert (again.step_type, again.status, boots.status) == ("ET_PFT", "F", "S")
    assert any("low limit 2 is above the high one 1" in text for text in report.warnings)


@pytest.mark.parametrize(
    ("verdict", "cells", "shown"),
    [
        ("FAIL(+)", "20;;10;V", ("F", 20, "V", "LE", 10, None)),
        ("FAIL(-)", "2;10;;V", ("F", 2, "V", "GE", 10, None)),
        ("PASS", "20;;10;V", ("P", 20, "V", "LE", 10, None)),
        ("PASS", "1e309;;10;V", ("P", "Infinity", "V", "LE", 10, None)),
        ("PASS", "20;;;V", ("P", 20, "V", "LOG", None, None)),
        ("PASS", "20;;236;", ("P", 20, "", "LOG", None, None)),
        ("PASS", "20;-0.0;0;V", ("P", 20, "V", "LOG", None, None)),
    ],
)
def test_a_lone_limit_is_a_limit_and_the_verdict_stays(
    tmp_path: Path, verdict: str, cells: str, shown: tuple[Any, ...]
) -> None:
    [step] = block(tmp_path, f"ANL;1;T1;1;1;T1;;{verdict};{cells};12;7").root.steps
    [row] = step.data["numericMeas"]
    keys = ("status", "value", "unit", "compOp", "lowLimit", "highLimit")
    assert tuple(row.get(key) for key in keys) == shown


def test_end_wins_over_boardresult_and_odd_lines_are_told() -> None:
    first, second, *_ = convert("day.csv")
    assert first.data["result"] == "F"
    assert first.data["uut"]["execTime"] == 0
    assert any("BOARDRESULT is 'PASS', END says 'FAIL'" in text for text in first.warnings)
    assert any("line 11: a line 'NOTE' was not read" in text for text in first.warnings)
    assert any("ends before it begins" in text for text in first.warnings)
    assert second.warnings == ["line 16: a line outside of any START and END was not read"]


def test_the_date_order_is_the_option_until_a_format_line_comes() -> None:
    starts = [report.data["start"][:10] for report in convert("day.csv")]
    assert starts == ["2026-03-02"] * 4
    assert convert("day.csv", date_order="mmdd")[0].data["start"][:10] == "2026-02-03"


def test_a_block_of_several_boards_gives_each_its_rows_and_verdict() -> None:
    *_, fourth, fifth = convert("day.csv")
    assert (fourth.sn, fourth.data["result"]) == ("SN-1004", "P")
    assert (fifth.sn, fifth.data["result"]) == ("SN-1005", "F")
    assert fifth.root.steps[0].data["numericMeas"][0]["value"] == 12
    assert fourth.record != fifth.record


def test_each_report_has_its_own_record_and_attachment() -> None:
    reports = convert("day.csv", attach_source=True)
    whole = (DATA / "day.csv").read_bytes()
    for report in reports[:2]:
        assert report.record is not None
        assert report.record in whole
        assert report.record.startswith(b"START;")
        assert base64.b64decode(report.data["binaryData"][0]["data"]) == report.record


def test_a_growing_file_gives_each_block_once(tmp_path: Path) -> None:
    whole = (DATA / "day.csv").read_bytes()
    ends = [at for at in range(len(whole)) if whole[:at].endswith(b":29\n") or whole[:at].endswith(b":10\n")]
    path = tmp_path / "day.csv"
    resume: Resume | None = None
    grown: list[Report] = []
    for end in (*ends, len(whole)):
        path.write_bytes(whole[:end])
        options = Spea3030Options(process_code=10)
        items = list(Spea3030Converter().convert(source_of(path, OSLO), options, resume))
        grown.extend(item for item in items if isinstance(item, Report))
        assert isinstance(items[-1], Resume)
        resume = items[-1]
    assert [report.record for report in grown] == [report.record for report in convert("day.csv")]
    assert [report.data["start"] for report in grown][1] == "2026-03-02T08:20:00+01:00"


def test_a_mark_knows_line_and_date_order(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    head = "FORMAT;mmdd\n" + START + END
    path.write_text(head, encoding="utf-8")
    *_, resume = Spea3030Converter().convert(source_of(path), Spea3030Options(process_code=1), None)
    assert isinstance(resume, Resume)
    path.write_text(head + START + "ANL;1\n" + END, encoding="utf-8")
    with pytest.raises(ConversionError, match="line 6 ANL: the row has 2 cells"):
        list(Spea3030Converter().convert(source_of(path), Spea3030Options(process_code=1), resume))
    path.write_text(head + START + END, encoding="utf-8")
    report, *_ = Spea3030Converter().convert(source_of(path), Spea3030Options(process_code=1), resume)
    assert isinstance(report, Report)
    assert report.data["start"].startswith("2026-02-03")


def test_an_unfinished_block_is_refused_or_terminated_on_request() -> None:
    assert not Spea3030Converter().is_complete(Glimpse.at(DATA / "half_written.csv"))
    with pytest.raises(ConversionError, match="the file ends inside the block that begins at line 1"):
        convert("half_written.csv")
    with pytest.raises(ConversionError, match="line 4: another one begins inside the block"):
        convert("two_starts.csv", decimal=",")
    first, second = convert("two_starts.csv", decimal=",", accept_incomplete=True)
    assert (first.data["result"], second.data["result"]) == ("T", "P")
    assert first.root.steps[0].data["numericMeas"][0]["value"] == 1.25
    assert any("no END line" in text for text in first.warnings)


def test_code_page_and_the_turn_of_the_year() -> None:
    [report] = convert("cp1252.csv")
    assert report.data["uut"] == {"user": "J\N{LATIN SMALL LETTER U WITH DIAERESIS}rgen", "execTime": 10}
    assert report.root.steps[0].data["numericMeas"][0]["unit"] == "\N{DEGREE SIGN}C"


@pytest.mark.parametrize(
    ("rows", "end", "reason"),
    [
        (["ANL;1;R1;2;1;x;;PERHAPS;1;0;2;V;;"], END, "line 2 ANL: 'PERHAPS' is no verdict"),
        (["ANL;1;R1;2;1;x;;PASS;1x;0;2;V;;"], END, "line 2 ANL: '1x' is no number"),
        (["ANL;1;R1;2;1;x;;PASS;1;low;2;V;;"], END, "the limits 'low' and '2' are no numbers"),
        (["ANL;1;R1;2;1;x"], END, "line 2 ANL: the row has 6 cells"),
        ([], "END;PASS;02/03/2026;08:15:40\n", "line 1 START: no serial number"),
        (
            [],
            "SN;NONE\nEND;PASS;02/03/2026;08:15:40\n",
            "line 2 SN: the serial number 'NONE' is a placeholder",
        ),
        ([], "SN;S\nEND;MAYBE;02/03/2026;08:15:40\n", "line 3 END: 'MAYBE' is no verdict"),
        ([], "SN;S\nEND;PASS;32/03/2026;08:15:40\n", "line 3 END: '32/03/2026'"),
        ([], "SN;S\nSN;T\nEND;PASS;02/03/2026;08:15:40\n", "2 serial numbers and rows of 0 sites"),
        ([], END + "FORMAT;yyyy\n", "line 4 FORMAT: the date order 'yyyy' is not known"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    tmp_path: Path, rows: list[str], end: str, reason: str
) -> None:
    with pytest.raises(ConversionError, match=reason):
        block(tmp_path, *rows, end=end)


def test_a_file_without_blocks_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.write_bytes(b"FORMAT;mmdd\n")
    with pytest.raises(ConversionError, match="holds no START line"):
        convert_file(Spea3030Converter(), path, options=OPTIONS)


@pytest.mark.parametrize(
    ("head", "sure"),
    [
        (b"FORMAT;mmdd\r\nSTART;a;b;c;d;e;10/12/2024;16:15:03\r\n", 85),
        (b"\xef\xbb\xbfSTART;a;b;c;d;e;10.12.2024;6:15:03", 85),
        (b"START;a;b\n", 0),
        (b"FORMAT;mmdd\n", 0),
        (b"FORMAT;x\nother;START;a;b;c;d;e;10/12/2024;16:15:03", 0),
        (b"\0\xff", 0),
        (b"", 0),
    ],
)
def test_detection(head: bytes, sure: int) -> None:
    assert Spea3030Converter().detect(Glimpse(name="f", size=len(head), head=head)) == sure
