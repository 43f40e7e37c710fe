"""Spectrum: the grammar, USER lines, pages and values, units without an end, spoilt files."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stationmaster.api import ConversionError, Glimpse, Report, Station, Step
from stationmaster.api.testing import convert_file
from stationmaster.converters.teradyne_spectrum import SpectrumConverter
from stationmaster.converters.teradyne_spectrum_tree import Node, Reader

DATA = Path(__file__).parents[2] / "data" / "teradyne-spectrum"
OPTIONS: dict[str, Any] = {"process_code": 10}
OSLO = Station(name="TEST", time_zone="Europe/Oslo")
HEAD = (
    '(PROGRAM_NAME: "P")\n(USER: Serialnumber:S-1)(USER: Date:03/02/2026)(USER: StartTime:08:00:00)\n'
    '(SECTION_NAME: "S")\n'
)
END = "(USER: STATUS: BOARD PASSED)\n(USER: EndTime:08:00:10)\n"


def convert(name: str, **options: Any) -> list[Report]:
    return convert_file(SpectrumConverter(), DATA / name, options=OPTIONS | options, station=OSLO)


def board(tmp_path: Path, *steps: str, head: str = HEAD, end: str = END, **options: Any) -> Report:
    path = tmp_path / "board.txt"
    path.write_text(head + "\n".join(steps) + end, encoding="utf-8")
    [report] = convert_file(SpectrumConverter(), path, options=OPTIONS | options)
    return report


def changed(tmp_path: Path, name: str, old: str, new: str, **options: Any) -> Report:
    path = tmp_path / name
    text = (DATA / name).read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    [report] = convert_file(SpectrumConverter(), path, options=OPTIONS | options, station=OSLO)
    return report


def step(report: Report, name: str) -> Step:
    return next(one for one in report.steps() if one.name == name)


def row(report: Report, name: str) -> tuple[Any, ...]:
    [found] = step(report, name).data["numericMeas"]
    return tuple(found.get(key) for key in ("value", "unit", "compOp", "lowLimit", "highLimit", "status"))


def nodes(text: str) -> list[Node]:
    return list(Reader(text).nodes())


def test_a_file_becomes_a_report_with_all_its_header() -> None:
    [report] = convert("passed.txt")
    data = report.data
    assert (data["sn"], data["pn"], data["rev"], data["result"]) == ("SN-1001", "BRD-7", "A", "P")
    assert data["start"] == "2026-03-02T08:15:30.250000+01:00"
    assert data["uut"] == {"user": "kim", "execTime": 12.5, "batchSN": "L-9"}
    assert data["miscInfos"] == [
        {"description": "CustomerSerialnumber", "text": "CUST-9"},
        {"description": "Subprogram", "text": "SUB-1"},
    ]
    assert report.warnings == []


def test_sections_are_sequences_and_pages_are_steps() -> None:
    [report] = convert("passed.txt")
    assert [(one.name, [below.name for below in one.steps]) for one in report.root.steps] == [
        ("Header", ["START"]),
        ("PARTS", ["JUMPER[L3]", "RES[R1]"]),
        ("SHORTS", ["SHORTS[S]"]),
    ]
    assert [one.name for one in step(report, "START").steps] == ["begin", "board"]
    assert [one.name for one in step(report, "SHORTS[S]").steps] == ["SHORTS SPECIAL", "SHORTS SHORTS"]
    assert step(report, "SHORTS SPECIAL").data["reportText"] == "no value; GE 5 Ohm"
    limits = "Resistance limit: 1.25 MOhm\nCapacitance limit: 100 pF"
    assert step(report, "SHORTS SHORTS").data["reportText"] == limits


def test_value_and_limits_stand_in_the_scale_of_the_value() -> None:
    [report] = convert("passed.txt")
    assert row(report, "RES[R1]") == (1.002, "kOhm", "GELE", 0.95, 1.05, "P")
    assert row(report, "JUMPER[L3]") == (1.43, "Ohm", "LE", 5, None, "P")
    assert step(report, "RES[R1]").data["reportText"] == "Nominal: 1 kOhm\n10K"
    [plain] = convert("passed.txt", keep_units=True, description_in_name=True)
    assert row(plain, "RES[R1] 10K")[1] == "KO"


def test_a_nominal_value_keeps_its_digits(tmp_path: Path) -> None:
    inside = "(MEASVAL: (VAL: 1)(UNIT: O))(NOMVAL: (VAL: 33150.125)(UNIT: O))(STAT: PASS)"
    report = board(tmp_path, f'(STEP: (SNAME: "R")(PAGE: (PAGE_NAME: p)(ANA: {inside}))(STAT: PASS))')
    assert step(report, "R").data["reportText"] == "Nominal: 33150.125 Ohm"


def test_quoted_texts_may_hold_parentheses_and_quotes() -> None:
    [report] = convert("passed.txt")
    assert step(report, "board").data["reportText"] == 'a "quoted" word (and more)'


def test_failures_name_nodes_and_reasons() -> None:
    [report] = convert("failed.txt")
    assert report.data["result"] == "F"
    assert row(report, "RES[R1]")[-1] == "F"
    text = step(report, "RES[R1]").data["reportText"]
    assert "MEAS: 22 CH_/T~+, 23 CH2\nSTIM: 28 N$1" in text
    assert step(report, "RES[R1]").data["causedUUTFailure"] is True
    c9 = step(report, "C9")
    assert (c9.step_type, c9.status) == ("ET_PFT", "F")
    assert c9.data["reportText"] == "no value; GELE 5 3 nF\nValue: OVRFLOW\nno contact"
    assert (step(report, "Q1").status, step(report, "Q1").step_type) == ("S", "ET_PFT")
    assert row(report, "GE") == (3, "V", "GE", 2, None, "T")
    assert row(report, "LOG") == (0.003, "A", "LOG", None, None, "P")
    assert any("low limit 5 is above the high one 3" in text for text in report.warnings)
    assert any("a group 'LOOSE' was not read" in text for text in report.warnings)


def test_another_program_name_begins_another_unit() -> None:
    first, second = convert("two_boards.txt", attach_source=True)
    assert (first.sn, second.sn) == ("SN-1001", "SN-1002")
    whole = (DATA / "two_boards.txt").read_bytes()
    for report in (first, second):
        assert report.record is not None
        assert report.record in whole
        assert report.record.startswith(b"(PROGRAM_NAME:")
        assert base64.b64decode(report.data["binaryData"][0]["data"]) == whole
    assert convert("passed.txt")[0].record is None


def test_options_name_the_keys_of_the_test_program(tmp_path: Path) -> None:
    head = (
        '(PROGRAM_NAME: "P")(USER: sn:S-1)(USER: rev:C)(USER: op:FCT)(USER: lot:L)(USER: who:kim)'
        "(USER: at:ICT-1)(USER: day:2/3/2026)(USER: t0:23:59:50)(USER: verdict: FAIL)(USER: t1:00:00:10)"
    )
    report = board(
        tmp_path,
        head=head,
        end="",
        serial_number_key="SN",
        revision_key="rev",
        process_key="op",
        process_codes={"fct": 31},
        batch_key="lot",
        operator_key="who",
        station_key="at",
        date_key="day",
        start_key="t0",
        end_key="t1",
        status_key="verdict",
        date_order="dmy",
        part_numbers={"p": "PN-9"},
    )
    data = report.data
    assert (data["sn"], data["pn"], data["rev"], data["processCode"]) == ("S-1", "PN-9", "C", 31)
    assert (data["machineName"], data["result"], data["start"][:10]) == ("ICT-1", "F", "2026-03-02")
    assert data["uut"] == {"user": "kim", "execTime": 20, "batchSN": "L"}
    assert "miscInfos" not in data


def test_a_test_without_its_end_is_refused_or_accepted_on_request(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="the test that begins at line 1 has no USER line 'EndTime'"):
        convert("no_end.txt")
    [report] = convert("no_end.txt", accept_incomplete=True)
    assert (report.data["result"], "execTime" in report.data["uut"]) == ("P", False)
    report = board(tmp_path, end="", accept_incomplete=True)
    assert report.data["result"] == "T"
    assert len(report.warnings) == 2
    report = board(tmp_path, end="", end_key="")
    assert report.data["result"] == "T"
    with pytest.raises(ConversionError, match="the file ends inside the group STEP that begins at line"):
        convert("half_written.txt", accept_incomplete=True)


def complete(text: bytes) -> bool:
    head, tail = text[: 64 * 1024], text[-4 * 1024 :]
    return SpectrumConverter().is_complete(Glimpse(name="f", size=len(text), head=head, tail=tail))


def test_a_user_line_in_the_middle_is_no_end() -> None:
    whole = (DATA / "passed.txt").read_bytes()
    ends = [at + 1 for at in range(len(whole)) if whole.startswith(b")", at)]
    assert [at for at in ends if complete(whole[:at])] == [ends[-1]]
    assert complete(whole)
    assert whole[: ends[-1]].count(b"USER:") > 3


@pytest.mark.parametrize(
    ("end", "sure"),
    [
        (b"(USER:  EndTime:08:15:42:750     )\n\n", True),
        (b"(USER:EndTime:1)(USER: Note: done (at last) )", True),
        (b"(USER: TEST_END:1)", True),
        (b"(USER: testend)", True),
        (b"( USER:\n Finished:1)", True),
        (b"(USER: STATUS: BOARD PASSED)", False),
        (b"(USER: Vendor: The End)", False),
        (b"(USER: EndTime:1)(SECTION_NAME: x)", False),
        (b"(USER: EndTime:1)(USER: Not", False),
        (b"", False),
    ],
)
def test_what_ends_a_file(end: bytes, *, sure: bool) -> None:
    assert complete(b'(PROGRAM_NAME: "P")(STEP: (STAT: PASS))' + end) is sure


def test_without_a_verdict_the_steps_decide() -> None:
    [report] = convert("no_verdict.txt")
    assert report.data["result"] == "F"
    assert any("no USER line 'STATUS'" in text for text in report.warnings)


@pytest.mark.parametrize(
    ("day", "start", "end", "seconds"),
    [
        ("03/02/2026", "23:59:50", "00:00:10", 20),
        ("03/28/2026", "23:59:50", "00:00:10", 20),
        ("03/29/2026", "23:59:50", "00:00:10", 20),
        ("03/29/2026", "01:59:00", "03:01:00", 120),
        ("10/25/2026", "23:59:50", "00:00:10", 20),
    ],
)
def test_the_end_may_be_on_the_next_day(
    tmp_path: Path, day: str, start: str, end: str, seconds: float
) -> None:
    text = HEAD.replace("03/02/2026", day).replace("08:00:00", start)
    path = tmp_path / "board.txt"
    path.write_text(text + END.replace("08:00:10", end), encoding="utf-8")
    [report] = convert_file(SpectrumConverter(), path, options=OPTIONS, station=OSLO)
    assert report.data["uut"]["execTime"] == seconds


def test_the_first_step_may_tell_when_the_test_began(tmp_path: Path) -> None:
    report = changed(tmp_path, "passed.txt", "(USER:  Date:03/02/2026     )", "")
    assert report.data["start"] == "2026-03-02T08:15:28+01:00"
    with pytest.raises(ConversionError, match="neither a USER line nor a step tells when"):
        board(tmp_path, head='(PROGRAM_NAME: "P")(USER: Serialnumber:S)')


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("(PROGRAM_NAME:", "(PROGRAM:", "line 1 PROGRAM: the name of the program should stand here"),
        ('(SUBPROGRAM_NAME: "SUB-1")', "rubbish", "line 2: [(] should stand here, not 'rubbish'"),
        ("(VAL: 1.43)", "(VAL: 1x)", "line 40 MEASVAL: '1x' is no number"),
        ("(SCALE: K)", "(SCALE: Q)", "'Q' is no scale we know"),
        ("(STAT: PASS)", "(STAT: MAYBE)", "'MAYBE' is no verdict"),
        ("(STAT: PASS)", "", "the step has no verdict"),
        ("BOARD PASSED", "BOARD SO SO", "USER: 'SO' is no verdict"),
        ("08:15:42:750", "noon", "USER: 'noon' is no time of day"),
        ("Date:03/02/2026", "Date:30/30/2026", "in the order mdy"),
        ("Serialnumber:SN-1001", "Serialnumber:", "line 1 PROGRAM_NAME: no serial number"),
        ('PROGRAM_NAME: "BRD-7"', 'PROGRAM_NAME: ""', "names no part number"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, old: str, new: str, reason: str) -> None:
    with pytest.raises(ConversionError, match=reason):
        changed(tmp_path, "passed.txt", old, new)


def test_the_grammar_of_groups() -> None:
    [top] = nodes('( A: one (B: "q (x) "y" z") (C:bare [a/b] (c) d) two)')
    assert (top.key, top.text) == ("A", "one   two")
    assert [(one.key, one.text) for one in top.nodes] == [("B", 'q (x) "y" z'), ("C", "bare [a/b] (c) d")]
    assert (top.value("B"), top.value("X"), len(top.all("C"))) == ('q (x) "y" z', "", 1)
    [open_quote] = nodes('(A: "5 inch (B:x))')
    assert (open_quote.text, open_quote.value("B")) == ('"5 inch', "x")
    for text in ("(A: ", '(A: "x', "((", "(A:" * 40):
        with pytest.raises(ConversionError, match=r"ends inside|deep"):
            nodes(text)


@pytest.mark.parametrize(
    ("head", "sure"),
    [
        (b'(PROGRAM_NAME: "x")', 90),
        (b'\xef\xbb\xbf\r\n( PROGRAM_NAME: "x")', 90),
        (b'(SECTION_NAME: "x")', 0),
        (b"PROGRAM_NAME: x", 0),
        (b"\0\xff", 0),
        (b"", 0),
    ],
)
def test_detection(head: bytes, sure: int) -> None:
    assert SpectrumConverter().detect(Glimpse(name="f", size=len(head), head=head)) == sure


@given(st.text(alphabet='()AB: "\n', max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = nodes(text)
    except ConversionError:
        return
    assert all(one.end <= len(text) for one in found)
