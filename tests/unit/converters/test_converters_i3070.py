"""i3070: the grammar, blocks and what stands in them, panels, results, spoilt files."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.oracle import told
from stationmaster.api import ConversionError, Glimpse, Report, Station, Step
from stationmaster.api.testing import convert_file
from stationmaster.converters.i3070 import I3070Converter
from stationmaster.converters.i3070_records import Reader, Record

DATA = Path(__file__).parents[2] / "data" / "i3070"
OPTIONS: dict[str, Any] = {"process_codes": {"in-circuit": 10}, "process_code": 11, "part_number": "P-1"}
OSLO = Station(name="TEST", time_zone="Europe/Oslo")
BATCH = "{@BATCH|P|B|F|1||In-circuit|1|kim|ICT|plan|R1"


def convert(name: str, **options: Any) -> list[Report]:
    return convert_file(I3070Converter(), DATA / name, options=OPTIONS | options, station=OSLO)


def board(tmp_path: Path, *records: str, status: str = "00", **options: Any) -> Report:
    path = tmp_path / "board"
    body = "\n".join(records)
    path.write_text(f"{BATCH}\n{{@BTEST|S-1|{status}|260302081530|1\n{body}\n}}}}", encoding="utf-8")
    [report] = convert_file(I3070Converter(), path, options=OPTIONS | options, station=OSLO)
    return report


def step(report: Report, name: str) -> Step:
    return next(one for one in report.steps() if one.name == name)


def read(text: str) -> list[Record]:
    return list(Reader(text.encode(), 0).records())


@pytest.mark.parametrize(
    ("limits", "shown"),
    [
        ("{@LIM2|9.99E+37|4}", ("GE", 4, None)),
        ("{@LIM2|+9.990000E+37|4}", ("GELE", 4, 9.99e37)),
        ("{@LIM2||4}", ("GE", 4, None)),
        ("{@LIM2|6|}", ("LE", 6, None)),
        ("{@LIM2||}", ("LOG", None, None)),
        ("{@LIM3|9.99E+37|6|9.99E+37}", ("LE", 6, None)),
        ("{@LIM3||6|4}", ("GELE", 4, 6)),
    ],
)
def test_a_limit_that_is_none_leaves_the_other(
    tmp_path: Path, limits: str, shown: tuple[str, float | None, float | None]
) -> None:
    report = board(tmp_path, f"{{@BLOCK|m|01\n{{@A-MEA|1|5{limits}}}\n}}", status="06")
    [row] = step(report, "m").data["numericMeas"]
    assert (row["compOp"], row.get("lowLimit"), row.get("highLimit")) == shown
    assert row["status"] == "F"


def test_a_nominal_value_keeps_its_digits(tmp_path: Path) -> None:
    report = board(tmp_path, "{@BLOCK|r|00\n{@A-RES|0|33150{@LIM3|33150.125|4E4|3E4}}\n}")
    assert step(report, "r").data["reportText"] == "Nominal: 33150.125 Ohm"


def test_a_board_becomes_a_report_with_all_its_header() -> None:
    [report] = convert("one_board.ict")
    data = report.data
    assert (data["sn"], data["pn"], data["rev"], data["processCode"]) == ("SN-1001", "BRD-7", "B", 10)
    assert (data["result"], data["machineName"]) == ("P", "ICT-2")
    assert data["start"] == "2026-03-02T08:15:30+01:00"
    assert data["uut"] == {
        "user": "kim",
        "execTime": 21,
        "fixtureId": "FX-12",
        "batchSN": "260302070000",
        "testSocketIndex": 2,
    }
    assert data["root"]["seqCall"] == {"path": "brd7_plan", "name": "brd7_plan", "version": "RevC"}
    assert {"description": "Panel", "text": "PNL-55"} in data["miscInfos"]
    assert {"description": "SITE_Release", "text": "7"} in data["miscInfos"]
    assert report.warnings == []


def test_blocks_become_steps_by_what_stands_in_them() -> None:
    [report] = convert("one_board.ict")
    assert [(one.name, one.step_type, one.status) for one in report.root.steps] == [
        ("pins", "ET_PFT", "P"),
        ("shorts", "ET_PFT", "P"),
        ("r1", "ET_NLT", "P"),
        ("c4", "ET_NLT", "P"),
        ("jp1", "ET_NLT", "P"),
        ("rails", "ET_MNLT", "P"),
        ("testjet", "SequenceCall", "P"),
    ]
    assert [one.name for one in step(report, "testjet").steps] == ["u1", "u2"]


def test_limits_stand_high_first_and_the_nominal_value_is_kept() -> None:
    [report] = convert("one_board.ict")
    row = {"status": "P", "value": 995.1, "unit": "Ohm", "compOp": "GELE", "lowLimit": 950, "highLimit": 1050}
    assert step(report, "r1").data["numericMeas"] == [row]
    assert step(report, "r1").data["reportText"] == "Nominal: 1000 Ohm"
    assert step(report, "jp1").data["numericMeas"][0]["highLimit"] == 5
    assert [one["name"] for one in step(report, "rails").data["numericMeas"]] == ["5V0", "3V3"]


def test_a_failing_board_names_what_failed_and_how() -> None:
    [report] = convert("failed_board.ict")
    assert report.data["result"] == "F"
    assert report.data["uut"]["errorCode"] == 6
    assert report.data["uut"]["errorMessage"] == "failed in the analog test"
    culprits = [one.name for one in report.steps() if one.data.get("causedUUTFailure")]
    assert culprits == ["r2"]
    statuses = {one.name: one.status for one in report.root.steps}
    assert statuses == {
        "r1": "P",
        "r2": "F",
        "q1%func": "F",
        "d1": "F",
        "c9": "T",
        "r7": "P",
        "u9": "E",
        "empty": "P",
        "relay_control": "P",
        "r99": "P",
        "u4": "F",
        "shorts": "F",
    }
    assert step(report, "d1").data["reportText"] == "compliance limit"
    assert step(report, "d1").data["numericMeas"][0]["status"] == "F"


def test_report_lines_reach_the_block_they_name_else_the_next_step_else_the_root() -> None:
    [report] = convert("failed_board.ict")
    assert "3%r2 HAS FAILED\nMeasured: 1.21k" in step(report, "r2").data["reportText"]
    assert "HAS FAILED" not in step(report, "r1").data["reportText"]
    mixed = report.root.steps[2]
    assert mixed.data["reportText"] == "inside the block\nNODE n1\n  PIN 12 | 13\nabout the next one"
    assert {"description": "PATTERN", "text": "x; ROW 1 | 2"} in report.data["miscInfos"]
    assert report.root.data["reportText"] == "after everything"


def test_a_block_of_measurements_and_digital_tests_is_a_sequence_in_file_order() -> None:
    [report] = convert("failed_board.ict")
    mixed = report.root.steps[2]
    assert [(one.name, one.step_type, one.status) for one in mixed.steps] == [
        ("OFF", "ET_NLT", "P"),
        ("q1%func", "ET_PFT", "F"),
    ]
    text = mixed.steps[1].data["reportText"]
    told = "status: 1; substatus: 21; failing vector: 123; pins: 1; failed; hardware error; halt\n"
    assert text.startswith(told)
    assert "3%NET_A, 20" in text


def test_limits_in_the_wrong_order_are_kept_and_told() -> None:
    [report] = convert("failed_board.ict")
    row = step(report, "r99").data["numericMeas"][0]
    assert (row["lowLimit"], row["highLimit"], row["status"]) == (90, 10, "P")
    assert any("low limit 90 is above the high one 10" in text for text in report.warnings)


def test_nested_lists_are_report_text_and_alarms_are_left_out() -> None:
    [report] = convert("failed_board.ict")
    assert step(report, "shorts").data["reportText"].endswith("TS-S 1 | 1 | node_a\n  TS-D node_b | +1.2E+00")
    assert {"description": "RETEST", "text": "1"} in report.data["miscInfos"]
    assert "AID" not in str(report.data)


def test_a_panel_gives_a_report_for_each_board_that_was_tested() -> None:
    first, last = convert("panel.ict")
    assert (first.sn, first.data["result"], last.sn, last.data["result"]) == ("SN-1003", "P", "SN-1005", "T")
    assert first.data["rev"] == "RevC"
    whole = (DATA / "panel.ict").read_bytes()
    for report in (first, last):
        assert report.record is not None
        assert report.record in whole
        assert report.record.startswith(b"{@BTEST|" + report.sn.encode())
        assert report.record.endswith(b"}")
    assert any("board 002 was crossed out" in text for text in last.warnings)
    assert any("what follows the last record was not read" in text for text in last.warnings)
    assert last.data["uut"]["execTime"] == 12
    assert {"description": "NOTE", "text": "{any} | thing | C:\\dir~x"} in last.data["miscInfos"]


def test_options_change_names_blocks_and_boards(tmp_path: Path) -> None:
    [report] = convert("one_board.ict", strip_board_number=False, several="sequence", batch_id_as_batch=False)
    assert report.root.steps[2].name == "2%r1"
    rails = step(report, "2%rails")
    assert [(one.step_type, one.name) for one in rails.steps] == [("ET_NLT", "5V0"), ("ET_NLT", "3V3")]
    assert "batchSN" not in report.data["uut"]
    [first] = convert("panel.ict", skip_learning=True)
    assert first.sn == "SN-1003"
    [lone] = convert("lone_test.ict", status_results={"95": "F"})
    assert (lone.data["result"], lone.data["start"][:4]) == ("F", "1970")
    with pytest.raises(ConversionError, match="gives status 95 the result 'maybe'"):
        convert("lone_test.ict", status_results={"95": "maybe"})
    report = board(tmp_path, "{@BLOCK|%|00", "}", "{@BLOCK|1%|00", "}")
    assert [one.name for one in report.root.steps] == ["%", "1%"]


@pytest.mark.parametrize(
    ("status", "result"),
    [
        ("00", "P"),
        ("0", "P"),
        ("01", "F"),
        ("10", "F"),
        ("11", "E"),
        ("12", "E"),
        ("14", "F"),
        ("17", "F"),
        ("18", "E"),
        ("80", "E"),
        ("81", "T"),
        ("82", "T"),
        ("90", "E"),
    ],
)
def test_the_status_of_the_board_alone_decides(tmp_path: Path, status: str, result: str) -> None:
    report = board(tmp_path, "{@BLOCK|r1|01", "{@A-RES|1|+1.0E+00}", "}", status=status)
    assert report.data["result"] == result
    assert report.root.status == result
    assert report.root.steps[0].status == "F"
    assert any("status 18" in text for text in report.warnings) == (status == "18")


def test_a_board_that_failed_before_its_first_test_says_why(tmp_path: Path) -> None:
    report = board(tmp_path, status="12")
    assert (report.data["result"], report.root.data["reportText"]) == ("E", "trouble with the bar code")


def test_readings_without_a_number_or_limits(tmp_path: Path) -> None:
    report = board(
        tmp_path,
        "{@BLOCK|a|01",
        "{@A-CAP|1||x{@LIM3|+1E-9|+2E-9|+0E+0}}",
        "{@A-CAP|0|+1.5E-9|y{@LIM3|+1E-9|+2E-9|+0E+0}}",
        "}",
        "{@BLOCK|b|00",
        "{@A-NFE|0|+1.0E+0|{@LIM2|+2E+0|+0E+0}{@OTHER|q{@DEEP|1}}}",
        "}",
        "{@BLOCK|c|01",
        "{@A-RES|7|}",
        "}",
        "{@TS|20|0|0|0|shorts}",
        "{@D-PLD|f.svf|program||done|3}",
    )
    a, b, c, shorts, program = report.root.steps
    assert [(one.step_type, one.status) for one in a.steps] == [("ET_PFT", "F"), ("ET_NLT", "P")]
    assert a.steps[0].data["reportText"] == "no value; GELE 0 2e-09 F\nNominal: 1e-09 F"
    assert b.data["numericMeas"][0]["unit"] == ""
    assert b.data["reportText"] == "OTHER q\n  DEEP 1"
    assert (c.step_type, c.data["reportText"]) == ("ET_PFT", "no value")
    assert (shorts.status, program.name, program.status) == ("P", "f.svf", "P")


def test_the_grammar_of_fields_lists_and_literals() -> None:
    [top] = read("{@A|one|two\\3|x|y|z|after~5|a|b}c|end\n{@B}{@C:d|C:\\dir\\2nd|~home}\n  }")
    assert top.fields == ["one", "two", ["x", "y", "z"], "after", "a|b}c", "end"]
    inner, last = top.records
    assert (inner.kind, inner.fields) == ("@B", [])
    assert (last.kind, last.fields) == ("@C:d", ["C:\\dir\\2nd", "~home"])
    [cut] = read("{@A|val\x04ue|b}")
    assert cut.fields == ["val", "b"]
    [short] = read("{@A\\5|x|y}")
    assert short.fields == [["x", "y"]]
    [letters] = Reader("{@A|\N{OHM SIGN}|".encode() + b"\xb0}", 0).records()
    assert letters.fields == ["\N{OHM SIGN}", "\N{DEGREE SIGN}"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "holds no tested board"),
        ("no record", "holds no tested board"),
        ("rubbish {@BATCH|P}", "line 1: a record should begin here, not 'rubbish"),
        ("{@BATCH|P\nmore}", "line 2: { or } should stand here, not 'more}'"),
        ("{@BATCH|P\n{@BTEST|S", "the file ends inside the record @BTEST that begins at line 2"),
        ("{@BATCH|P~99|x}", "the file ends inside a literal"),
        ("{@A" * 60, "more than 50 deep"),
        ("{@BATCH|P{@BTEST|S|00}}", r"line 1 \{@BTEST: the board has no start time"),
        ("{@BATCH|P{@BTEST|S|OK|260302081530}}", "the status 'OK' of the board is no number"),
        ("{@BATCH|P{@BTEST|S|00|261302081530}}", "'261302081530' is no time"),
        ("{@BATCH|P{@BTEST|S|00|today}}", "'today' is no time"),
        (
            "{@BATCH|P{@BTEST|S|00|260302081530{@A-RES|0|many|r}}}",
            "line 1 {@A-RES: 'many' is no number",
        ),
        ("{@BATCH|P{@BTEST|S|00|260302081530{@BLOCK|r|bad}}}", "the status 'bad' is no number"),
        ("{@BATCH|P{@BTEST|S|00|260302081530{@A-RES|0|1|r{@LIM2|3}}}}", "a limit is missing"),
        ("{@BATCH|P{@BTEST|S|00|26030208\x00530}}", "NUL"),
        ("{@OTHER|P}", "holds no tested board"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "log"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConversionError, match=reason):
        convert_file(I3070Converter(), path, options=OPTIONS)


def test_a_board_without_serial_number_or_crossed_out_is_refused() -> None:
    with pytest.raises(ConversionError, match=r"line 2 \{@BTEST: no serial number"):
        convert("no_serial.ict")
    with pytest.raises(ConversionError, match="board 003 was crossed out"):
        convert("crossed_out.ict")
    with pytest.raises(ConversionError, match="ends inside the record @BTEST that begins at line 2"):
        convert("half_written.ict")


def glimpse(head: bytes) -> Glimpse:
    return Glimpse(name="log", size=len(head), head=head[:65536], tail=head[-4096:])


@pytest.mark.parametrize(
    ("head", "sure"),
    [
        (b"{@BATCH|P", 95),
        (b"\xef\xbb\xbf\r\n  {@BATCH|P", 95),
        (b"{@BTEST|S", 80),
        (b"{@BATCHES|P", 0),
        (b'{"@BATCH|": 1}', 0),
        (b"text {@BATCH|P", 0),
        (b"\0\xff", 0),
        (b"", 0),
    ],
)
def test_detection(head: bytes, sure: int) -> None:
    assert I3070Converter().detect(glimpse(head)) == sure


@pytest.mark.parametrize(
    "data",
    [
        b"{@BATCH|P{@BTEST|S}}",
        b"{@BATCH|P{@BTEST|S}} junk",
        b"{@BATCH|P\nwrong",
        b"{@BATCH|P" + b"{@B|x}" * 20_000 + b"}",
        b"{@BATCH|P{@BTEST|S\n" + b"{@BLOCK|x\n}\n" * 20_000 + b"}}\n",
        b"{@BTEST|S\n" + b"{@BLOCK|x\n}\n" * 20_000 + b"}\n",
    ],
)
def test_what_is_closed_or_broken_is_complete(data: bytes) -> None:
    assert I3070Converter().is_complete(glimpse(data))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{@BATCH|P{@BTEST|S}",
        b"{@BATCH|P~40|x",
        b"{@BATCH|P" + b"{@B|x}" * 20_000 + b"{@B",
        b"{@BATCH|P" + b"{@B|x" * 20_000,
        b"{@BATCH|P{@BTEST|S\n" + b"{@BLOCK|x\n}\n" * 20_000,
        b"{@BATCH|P{@BTEST|S\n" + b"{@BLOCK|x\n}\n" * 20_000 + b"}",
    ],
)
def test_what_is_open_is_not_complete(data: bytes) -> None:
    assert not I3070Converter().is_complete(glimpse(data))


def test_the_file_is_attached_on_request() -> None:
    [report] = convert("one_board.ict", attach_source=True)
    [attached] = report.data["binaryData"]
    assert base64.b64decode(attached["data"]) == (DATA / "one_board.ict").read_bytes()


def test_each_board_of_several_has_its_own_part_attached(tmp_path: Path) -> None:
    """A file of up to 128 MB is not attached to each of its boards."""
    reports = convert("panel.ict", attach_source=True)
    assert len(reports) > 1
    for report in reports:
        [attached] = report.data["binaryData"]
        path = tmp_path / report.sn
        path.write_bytes(base64.b64decode(attached["data"]))
        assert report.record is not None
        assert report.record in path.read_bytes()
        [alone] = convert_file(I3070Converter(), path, options=OPTIONS, station=OSLO)
        assert alone.record == report.record
        assert (alone.sn, alone.data["uut"], told(alone)) == (report.sn, report.data["uut"], told(report))
        others = [other.sn.encode() for other in reports if other.sn != report.sn]
        assert not any(other in path.read_bytes() for other in others)


@given(st.text(alphabet="{}@|\\~0123A-RESBLOCK\n \x04", max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        records = read(text)
    except ConversionError:
        return
    assert all(one.end <= len(text) for one in records)
