"""GR228X: units of a shift, readings and their scales, node lists, growing files, spoilt files."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from stationmaster.api import ConversionError, Glimpse, Report, Resume, Station, Step
from stationmaster.api.testing import convert_file, source_of
from stationmaster.converters.teradyne_gr228x import Gr228xConverter
from stationmaster.converters.teradyne_gr228x_line import read_date, read_reading
from stationmaster.converters.teradyne_gr228x_unit import Gr228xOptions

DATA = Path(__file__).parents[2] / "data" / "teradyne-gr228x"
OPTIONS: dict[str, Any] = {"process_code": 10}
OSLO = Station(name="TEST", time_zone="Europe/Oslo")
PROGRAM = "C:\\P\\BRD.obc[02-MAR-26  07:00:00\n"
START, END = "@02-MAR-26  08:15:30 SN S-1\n", '"02-MAR-26  08:15:47\n'


def convert(name: str, **options: Any) -> list[Report]:
    return convert_file(Gr228xConverter(), DATA / name, options=OPTIONS | options, station=OSLO)


def unit(tmp_path: Path, *lines: str, head: str = PROGRAM + START, end: str = END, **options: Any) -> Report:
    path = tmp_path / "unit.LOG"
    path.write_text(head + "".join(f"{line}\n" for line in lines) + end, encoding="utf-8")
    [report] = convert_file(Gr228xConverter(), path, options=OPTIONS | options)
    return report


def step(report: Report, name: str) -> Step:
    return next(one for one in report.root.steps if one.name == name)


def shown(report: Report, name: str) -> tuple[Any, ...]:
    row = step(report, name).data["numericMeas"][0]
    return tuple(row.get(key) for key in ("value", "unit", "compOp", "lowLimit", "highLimit", "status"))


def test_a_unit_becomes_a_report_with_all_its_header() -> None:
    [report] = convert("one_unit.LOG")
    data = report.data
    assert (data["sn"], data["pn"], data["rev"], data["result"]) == ("SN-1001", "BRD-7", "A", "P")
    assert data["start"] == "2026-03-02T08:15:30+01:00"
    assert data["uut"] == {"user": "", "execTime": 17}
    assert data["root"]["seqCall"] == {
        "path": "F:\\BOARDS\\BRD7_PROGRAM\\BRD-7.obc",
        "name": "BRD-7",
        "version": "1.0",
    }
    assert data["miscInfos"] == [{"description": "Program loaded", "text": "02-MAR-26  07:00:05"}]
    assert report.warnings == []


@pytest.mark.parametrize(("day", "seconds"), [("29-MAR-26", 120), ("25-OCT-26", 7320)])
def test_a_change_of_summer_time_does_not_lengthen_a_test(tmp_path: Path, day: str, seconds: float) -> None:
    path = tmp_path / "unit.LOG"
    path.write_text(f'{PROGRAM}@{day}  01:59:00 SN S-1\nR1=1(0,2)R\n"{day}  03:01:00\n', encoding="utf-8")
    [report] = convert_file(Gr228xConverter(), path, options=OPTIONS, station=OSLO)
    assert report.data["uut"]["execTime"] == seconds


def test_readings_keep_the_scale_that_the_log_shows() -> None:
    [report] = convert("one_unit.LOG")
    assert shown(report, "R508") == (100.20007, "kOhm", "GELE", 92.919, 105.131, "P")
    assert shown(report, "R402") == (45.5, "MOhm", "GE", 0.5, None, "P")
    assert shown(report, "L3") == (12.5, "uH", "LE", 15, None, "P")
    assert shown(report, "C206") == (10.2, "nF", "GELE", 7.9, 12.1, "P")
    assert shown(report, "V230") == (520.7, "mV", "GELE", 475, 955, "P")
    assert step(report, "C206").data["reportText"] == "Type: CP"


def test_the_same_name_again_is_the_same_step() -> None:
    [report] = convert("one_unit.LOG")
    again = step(report, "R211")
    assert again.step_type == "ET_MNLT"
    rows = [(row["name"], row["value"], row["compOp"]) for row in again.data["numericMeas"]]
    assert rows == [("R211", 10.6, "LOG"), ("R211 #2", 10.7, "GELE")]
    assert again.data["reportText"] == "Type: AR"


def test_what_has_no_value_is_skipped_done_or_left_out() -> None:
    [report] = convert("one_unit.LOG")
    assert (step(report, "D103").step_type, step(report, "D103").status) == ("ET_PFT", "D")
    assert (step(report, "PS_OFF").step_type, step(report, "PS_OFF").status) == ("ET_PFT", "S")
    assert step(report, "PS_OFF").data["reportText"] == "no value; GELE 1.6 5.5 V"
    assert "SETCR" not in {one.name for one in report.root.steps}
    [full] = convert("one_unit.LOG", keep_empty_readings=True, digital_passes=True)
    assert (step(full, "SETCR").step_type, step(full, "SETCR").data["reportText"]) == ("Action", "Type: IS")
    assert step(full, "D103").status == "P"
    assert [one.name for one in full.root.steps].count("V230") == 2


def test_wats_lines_are_header_fields_or_misc_infos() -> None:
    report = convert("shift.LOG")[1]
    data = report.data
    assert (data["pn"], data["rev"], data["machineName"], data["uut"]["user"]) == (
        "PN-77",
        "C",
        "ICT-5",
        "kim",
    )
    assert (data["root"]["seqCall"]["name"], data["root"]["seqCall"]["version"]) == ("SEQ-1", "1.1")
    assert data["miscInfos"][1] == {"description": "lot", "text": "L-9"}


def test_node_lists_are_failed_steps_with_the_nodes_as_text() -> None:
    report = convert("shift.LOG")[1]
    assert [(one.name, one.status) for one in report.root.steps[:3]] == [
        ("Opens", "F"),
        ("Faults", "F"),
        ("List X", "F"),
    ]
    assert step(report, "Opens").data["reportText"] == "397,398, 401,402)"
    assert step(report, "Faults").data["reportText"] == "90,156, 172 +"
    assert step(report, "Opens").data["causedUUTFailure"] is True


def test_status_follows_from_limits_and_odd_lines_are_kept() -> None:
    report = convert("shift.LOG")[1]
    assert shown(report, "R1") == (1.5, "kOhm", "GELE", 0.9, 1.1, "F")
    assert shown(report, "I7") == (2.5, "mA", "GELE", 2, 3, "P")
    assert shown(report, "ODD") == (5, "", "GELE", 1, 9, "P")
    assert step(report, "ODD").data["reportText"] == "Type: ZZ"
    assert report.root.data["reportText"] == "some words"
    assert any("'some words' is no measurement" in text for text in report.warnings)


def test_a_value_that_is_none_beside_limits_is_an_error(tmp_path: Path) -> None:
    report = unit(tmp_path, "R1=9.99E+37(1,2)R", "R2=---(,2)R", "R3=9.99E+37(,)R", "R4=(1,2)R")
    assert [(one.name, one.step_type, one.status) for one in report.root.steps] == [
        ("R1", "ET_PFT", "F"),
        ("R2", "ET_PFT", "E"),
        ("R3", "ET_PFT", "F"),
        ("R4", "ET_PFT", "S"),
    ]
    assert [text.partition(": ")[2] for text in report.warnings] == [
        "R1 is beyond the instrument's range, and the unit passed",
        "R2 has limits and no number, and the unit passed",
        "R3 is beyond the instrument's range, and the unit passed",
    ]


def test_ends_of_units() -> None:
    reports = convert("shift.LOG")
    assert [(one.sn, one.data["result"]) for one in reports] == [
        ("SN-1001", "P"),
        ("SN-1002", "F"),
        ("SN-1003", "T"),
        ("SN-1004", "P"),
        ("SN-1005", "E"),
    ]
    third, fourth, fifth = reports[2:]
    assert any("another one begins inside this unit" in text for text in third.warnings)
    assert any("outside of any unit" in text for text in third.warnings)
    assert fourth.data["uut"]["execTime"] == 0
    assert any("R1 is out of its limits, and the unit passed" in text for text in fourth.warnings)
    assert step(fourth, "R1").status == "F"
    assert fifth.warnings == []
    assert (fifth.pn, reports[0].pn) == ("BRD-9", "BRD-7")


@pytest.mark.parametrize(("mark", "result"), [("*", "E"), ("&", "E"), ("!", "T"), ("$", "E")])
def test_marks_that_end_a_unit(tmp_path: Path, mark: str, result: str) -> None:
    report = unit(tmp_path, "R1=1(0,2)R", end=f"{mark}02-MAR-26  08:15:47\n")
    assert report.data["result"] == result
    told = [text for text in report.warnings if "which is no verdict we know" in text]
    assert len(told) == (mark == "$")


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("R1=OVERLOAD(500K,)R", "no value; GE 500 kOhm\nValue: OVERLOAD"),
        ("R1=****(1,2)AR", "no value; GELE 1 2 Ohm\nValue: ****\nType: AR"),
        ("R1=9.99E+37(500K,)R", "no value; GE 500 kOhm\nValue: 9.99E+37"),
        ("R1=9.9E37(500K,)R", "no value; GE 500 kOhm\nValue: 9.9E37"),
        ("R1=INF(500K,)R", "no value; GE 500 kOhm\nValue: INF"),
        ("R1=OVRFLOW", "no value\nValue: OVRFLOW"),
        ("R1%(1,2)R", "no value; GELE 1 2 Ohm\nfailed: %"),
        (
            "R1>OVERLOAD(,2)R =OUT OF RANGE",
            "no value; LE 2 Ohm\nValue: OVERLOAD\nabove its limits\nOUT OF RANGE",
        ),
    ],
)
def test_a_reading_beyond_the_range_has_failed_with_its_text(tmp_path: Path, line: str, text: str) -> None:
    report = unit(tmp_path, line, end="/02-MAR-26  08:15:47\n")
    [one] = report.root.steps
    assert (one.name, one.step_type, one.status, one.data["causedUUTFailure"]) == ("R1", "ET_PFT", "F", True)
    assert one.data["reportText"] == text
    passed = unit(tmp_path, line)
    assert (passed.data["result"], passed.root.steps[0].status) == ("P", "F")
    assert any("line 3: R1 is" in told and "the unit passed" in told for told in passed.warnings)


def test_a_reading_beyond_the_range_that_nobody_judges_is_done_not_passed(tmp_path: Path) -> None:
    report = unit(tmp_path, "R1#OVERLOAD(,)R")
    [one] = report.root.steps
    assert (one.step_type, one.status, one.data["reportText"]) == ("ET_PFT", "D", "no value\nValue: OVERLOAD")


@pytest.mark.parametrize(
    ("line", "row", "text"),
    [
        ("R1<0.5(0.9,1.1)R", (0.5, "Ohm", "GELE", 0.9, 1.1, "F"), "below its limits"),
        ("R1>5K(900,1.1K)R", (5, "kOhm", "GELE", 0.9, 1.1, "F"), "above its limits"),
        ("R1%1(0.9,1.1)R", (1, "Ohm", "GELE", 0.9, 1.1, "F"), "failed: %"),
        ("R1=1(0.9,1.1)R  =CHECK R2", (1, "Ohm", "GELE", 0.9, 1.1, "P"), "CHECK R2"),
    ],
)
def test_a_sign_tells_that_a_measurement_failed(
    tmp_path: Path, line: str, row: tuple[Any, ...], text: str
) -> None:
    report = unit(tmp_path, line, end="/02-MAR-26  08:15:47\n")
    assert shown(report, "R1") == row
    assert step(report, "R1").data["reportText"] == text


def test_a_digital_test_that_failed(tmp_path: Path) -> None:
    report = unit(tmp_path, "D103%", end="/02-MAR-26  08:15:47\n")
    assert (step(report, "D103").step_type, step(report, "D103").status) == ("ET_PFT", "F")


@pytest.mark.parametrize("line", ["50% of all", "R1>R2", "the limit = unknown", "A<B"])
def test_sentences_are_no_readings(tmp_path: Path, line: str) -> None:
    report = unit(tmp_path, line)
    assert (report.root.steps, report.root.data["reportText"]) == ([], line)
    assert any("is no measurement" in text for text in report.warnings)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("AC", "V"), ("DC", "V"), ("HZ", "Hz"), ("RA", ""), ("ZM", "Ohm"), ("LP", "H"), ("AI", "A"), ("QQ", "")],
)
def test_units_of_types(tmp_path: Path, kind: str, name: str) -> None:
    assert shown(unit(tmp_path, f"X1=1(0,2){kind}"), "X1")[1] == name


@pytest.mark.parametrize(
    ("line", "row"),
    [
        ("R1=100,2K(92,919K,105,131K)R", (100.2, "kOhm", "GELE", 92.919, 105.131, "P")),
        ("R1=1,5(1,2)R", (1.5, "Ohm", "GELE", 1, 2, "P")),
        ("R1=600(0,5K,1K)R", (600, "Ohm", "GELE", 500, 1000, "P")),
        ("R1=600(500,1,5K)R", None),
        ("R1=0,6K(0,5K,1K)R", (0.6, "kOhm", "GELE", 0.5, 1, "P")),
        ("R1=1,5(,1,6)R", (1.5, "Ohm", "LE", 1.6, None, "P")),
        ("R1=1,5(1,4,)R", (1.5, "Ohm", "GE", 1.4, None, "P")),
        ("R1=1,5(1,4,1,6)R", (1.5, "Ohm", "GELE", 1.4, 1.6, "P")),
        ("R1=1,5(,)R", (1.5, "Ohm", "LOG", None, None, "P")),
        ("R1=1.5(1,2)R", None),
    ],
)
def test_decimal_comma(tmp_path: Path, line: str, row: tuple[Any, ...] | None) -> None:
    if row is None:
        with pytest.raises(ConversionError, match=r"line 3: .*decimal mark ','.*option decimal"):
            unit(tmp_path, line, decimal=",")
        return
    assert shown(unit(tmp_path, line, decimal=","), "R1") == row


def test_decimal_commas_without_the_option_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=r"line 3: .*set the converter's option decimal"):
        unit(tmp_path, "R1=1,5(1,2)R")
    with pytest.raises(ConversionError, match=r"no two limits with the decimal mark '\.'"):
        unit(tmp_path, "R1=1(1,4,1,6)R")
    assert shown(unit(tmp_path, "R1=1,5(1.4,1.6)R", decimal="auto"), "R1")[0] == 1.5


def test_the_part_number_may_be_the_folder_or_come_from_the_table(tmp_path: Path) -> None:
    assert convert("one_unit.LOG", part_number_from="folder")[0].pn == "BRD7_PROGRAM"
    assert convert("one_unit.LOG", part_numbers={"brd-7": "P-9"})[0].pn == "P-9"
    assert unit(tmp_path, head=START, part_number="P-8").pn == "P-8"
    with pytest.raises(ConversionError, match="names no part number"):
        unit(tmp_path, head=START)


def test_a_growing_file_gives_each_unit_once(tmp_path: Path) -> None:
    whole = (DATA / "shift.LOG").read_bytes()
    at_once = convert("shift.LOG", attach_source=True)
    path = tmp_path / "shift.LOG"
    resume: Resume | None = None
    grown: list[Report] = []
    for number in (0, 1, 3, 4):
        record = at_once[number].record
        assert record is not None
        path.write_bytes(whole[: whole.index(record) + len(record) + 1])
        items = list(Gr228xConverter().convert(source_of(path), Gr228xOptions(process_code=1), resume))
        grown.extend(item for item in items if isinstance(item, Report))
        assert isinstance(items[-1], Resume)
        resume = items[-1]
    assert [one.record for one in grown] == [one.record for one in at_once]
    assert [one.pn for one in grown] == [one.pn for one in at_once]
    [attached] = at_once[0].data["binaryData"]
    assert base64.b64decode(attached["data"]) == at_once[0].record


def test_an_unfinished_unit_is_refused_or_terminated_on_request() -> None:
    assert not Gr228xConverter().is_complete(Glimpse.at(DATA / "half_written.LOG"))
    with pytest.raises(ConversionError, match="ends inside the unit that begins at line 16"):
        convert("half_written.LOG")
    _, last = convert("half_written.LOG", accept_incomplete=True)
    assert (last.data["result"], "execTime" in last.data["uut"]) == ("T", False)
    options = Gr228xOptions(process_code=1, accept_incomplete=True)
    items = list(Gr228xConverter().convert(source_of(DATA / "half_written.LOG"), options, None))
    assert not any(isinstance(item, Resume) for item in items)


@pytest.mark.parametrize(
    ("line", "name", "value", "kind"),
    [
        ("A=1.5MEG(,)R ", "A", (1.5, 6), "R"),
        ("A = -2M(1,2)AV", "A", (-2, -3), "AV"),
        ("A_1#3E-2(,)IS", "A_1", (0.03, 0), "IS"),
        ("A=4n(,)cs", "A", (4, -9), "cs"),
    ],
)
def test_lines_with_readings(line: str, name: str, value: tuple[float, int], kind: str) -> None:
    found = read_reading(line)
    assert found is not None
    assert found.value is not None
    assert (found.name, (found.value.value, found.value.exponent), found.kind) == (name, value, kind)


@pytest.mark.parametrize("line", ["", "words", "(F 1,2", "A", "A=1(2", "A=1(2)V"])
def test_lines_that_are_no_readings(line: str) -> None:
    assert read_reading(line) is None


def test_dates() -> None:
    assert read_date("31-jul-12  14:18:51").isoformat() == "2012-07-31T14:18:51"
    assert read_date("1-DEC-1999 4:00:00").year == 1999
    for text in ("31-XXX-12  14:18:51", "32-JUL-12  14:18:51", "31-JUL-12  24:18:51", "31-JUL-71  04:18:51"):
        with pytest.raises(ValueError, match=r"no month|must be|out of range|has year"):
            read_date(text)


@pytest.mark.parametrize(
    ("lines", "head", "end", "reason"),
    [
        (["R1=1.5X(1,2)R"], None, END, "line 3: '1.5X' is no number"),
        (["R1=1(a,2)R"], None, END, "line 3: 'A' is no number"),
        ([], "@99-MAR-26  08:15:30 SN S-1\n", END, "line 1: '99-MAR-26  08:15:30'"),
        ([], None, '"30-FEB-26  08:15:47\n', "line 3: '30-FEB-26  08:15:47'"),
        ([], "", "", "holds no unit"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    tmp_path: Path, lines: list[str], head: str | None, end: str, reason: str
) -> None:
    more = {} if head is None else {"head": head}
    with pytest.raises(ConversionError, match=reason):
        unit(tmp_path, *lines, end=end, part_number="P", **more)


def test_a_unit_without_serial_number_is_refused() -> None:
    with pytest.raises(ConversionError, match="line 3: no serial number"):
        convert("no_serial.LOG")


@pytest.mark.parametrize(
    ("head", "sure"),
    [
        (b"\r\nF:\\A B\\x.obc[31-JUL-12  14:17:35\r\n@31-JUL-12  14:18:51 SN 1\r\n", 85),
        (b"\xef\xbb\xbf@31-JUL-12  14:18:51 SN 1\n", 80),
        (b"F:\\x.obc[31-JUL-12  14:17:35\n", 60),
        (b"F:\\x.obc[31-JUL-12\n@31-JUL-12  14:18:51 SN 1\n", 0),
        (b"@\n* PASS *\n", 0),
        (b"\0\xff", 0),
        (b"", 0),
    ],
)
def test_detection(head: bytes, sure: int) -> None:
    assert Gr228xConverter().detect(Glimpse(name="f", size=len(head), head=head)) == sure
