"""Takaya: both ATD dialects, ATDX with its attempts, units and limits, spoilt files."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from stationmaster.api import ConversionError, Glimpse, Report, Station, Step
from stationmaster.api.testing import convert_file
from stationmaster.converters.takaya import TakayaConverter
from stationmaster.converters.takaya_step import Amount, amount, percent, readable_unit

DATA = Path(__file__).parents[2] / "data" / "takaya"
OPTIONS: dict[str, Any] = {"process_code": 10}
OSLO = Station(name="TEST", time_zone="Europe/Oslo")


def convert(name: str, **options: Any) -> list[Report]:
    return convert_file(TakayaConverter(), DATA / name, options=OPTIONS | options, station=OSLO)


def changed(tmp_path: Path, name: str, old: str, new: str, **options: Any) -> list[Report]:
    path = tmp_path / name
    text = (DATA / name).read_bytes().decode()
    assert old in text
    path.write_bytes(text.replace(old, new).encode())
    return convert_file(TakayaConverter(), path, options=OPTIONS | options)


def step(report: Report, name: str) -> Step:
    return next(one for one in report.steps() if one.name == name)


def row(report: Report, name: str) -> dict[str, Any]:
    [found] = step(report, name).data["numericMeas"]
    assert isinstance(found, dict)
    return found


def test_each_group_of_a_panel_is_a_report_with_its_own_verdict() -> None:
    first, second = convert("tab_panel.ATD")
    assert (first.sn, first.data["result"], second.sn, second.data["result"]) == (
        "SN-2001",
        "P",
        "SN-2002",
        "F",
    )
    assert first.data["pn"] == "BRD-7_B_TOP"
    assert first.data["start"] == "2026-04-13T08:15:30+02:00"
    assert first.data["machineName"] == "FP-2"
    assert first.data["uut"] == {"user": "", "execTime": 42, "testSocketIndex": 1}
    assert first.data["root"]["seqCall"]["path"] == "BRD-7_B_TOP.SWX2"
    assert {"description": "Header line", "text": "kim"} in first.data["miscInfos"]
    assert "group 3 was not tested, it has no report" in second.warnings[-1]


def test_rows_between_tabs_keep_values_units_and_judgement() -> None:
    first, second = convert("tab_panel.ATD")
    assert [(one.name, one.step_type, one.status) for one in first.root.steps] == [
        ("After-fix.", "ET_PFT", "S"),
        ("U1 1-GP", "ET_NLT", "P"),
        ("C4*", "ET_NLT", "P"),
        ("P1P2 5V-3V3", "ET_NLT", "P"),
        ("R9", "ET_NLT", "P"),
    ]
    assert row(first, "U1 1-GP") == {
        "status": "P",
        "value": 0.536,
        "unit": "V",
        "compOp": "GELE",
        "lowLimit": 0.4788,
        "highLimit": 0.5852,
    }
    assert (row(first, "C4*")["value"], row(first, "C4*")["lowLimit"]) == (33.6, 27.92)
    assert step(first, "C4*").data["reportText"].startswith("Nominal: 34.9 nF\nTest 1: 52.1 nF\n")
    assert "Test 1" not in step(first, "U1 1-GP").data["reportText"]
    assert row(first, "P1P2 5V-3V3")["compOp"] == "LOG"
    assert row(first, "R9")["compOp"] == "LOG"
    assert (row(second, "R7")["unit"], row(second, "R7")["status"]) == ("kOhm", "F")
    assert step(second, "R7").data["reportText"].startswith("Judgement: HI\nNominal: 10 kOhm")
    assert step(second, "C8").data["reportText"].startswith("no value; GELE 0.7 1.3 nF\nJudgement: NG")
    assert row(second, "L2")["unit"] == "uH"
    assert any("5.3 UH and 0.0053 are not the same value" in text for text in second.warnings)


def test_the_records_of_groups_differ_and_carry_the_date() -> None:
    first, second = convert("tab_panel.ATD", attach_source=True)
    for report in (first, second):
        assert report.record is not None
        assert report.record.startswith(b"@\r\n")
        assert b"DATE 13/4/2026" in report.record
        assert report.sn.encode() in report.record
    assert first.record != second.record
    [attached] = first.data["binaryData"]
    assert base64.b64decode(attached["data"]) == (DATA / "tab_panel.ATD").read_bytes()


def test_options_read_model_operator_units_and_dates(tmp_path: Path) -> None:
    pattern = r"(?P<pn>.+)_(?P<rev>\w)_(?P<side>TOP|BOT)"
    first, _ = convert(
        "tab_panel.ATD",
        model_pattern=pattern,
        process_codes={"top": 31},
        operator_line=True,
        keep_units=True,
    )
    data = first.data
    assert (data["pn"], data["rev"], data["processCode"], data["uut"]["user"]) == ("BRD-7", "B", 31, "kim")
    assert {"description": "Side", "text": "TOP"} in data["miscInfos"]
    assert row(first, "R9")["unit"] == "O"
    [mapped] = convert("quoted.ATD", part_numbers={"BRD-8_V1": "P-88"}, date_order="mdy")
    assert (mapped.pn, mapped.data["start"][:10]) == ("P-88", "2026-02-03")
    with pytest.raises(ConversionError, match="in the order mdy"):
        convert("tab_panel.ATD", date_order="mdy")
    with pytest.raises(ConversionError, match="model_pattern is no regular expression"):
        convert("tab_panel.ATD", model_pattern="(")
    [plain, _] = changed(tmp_path, "tab_panel.ATD", "Serial No.:SN-2001", "Serial No.:")
    assert plain.sn == "SN-2001"


def test_rows_between_quotes_whatever_the_order_of_the_flags() -> None:
    [report] = convert("quoted.ATD")
    assert (report.sn, report.pn, report.data["uut"]["testSocketIndex"]) == ("SN 2003 (A1)", "BRD-8_V1", 20)
    assert report.data["start"] == "2026-03-02T08:15:30+01:00"
    assert [one.name for one in report.root.steps] == ["SHRT1 #27-#28", "R1", "C2", "U8 P11-G"]
    assert row(report, "SHRT1 #27-#28")["compOp"] == "LOG"
    assert (row(report, "R1")["value"], row(report, "R1")["lowLimit"]) == (4.3, 3.9995)
    assert (row(report, "C2")["value"], row(report, "C2")["unit"]) == (8, "uF")
    diode = row(report, "U8 P11-G")
    assert (diode["lowLimit"], diode["highLimit"]) == (-0.8652, -0.5768)
    assert report.warnings == ["line 20: 'remark of somebody' was not read"]


def test_the_last_attempt_of_a_group_tells_how_it_is() -> None:
    first, second = convert("retested.atdx")
    assert (first.sn, first.data["result"], second.sn, second.data["result"]) == (
        "SN-3001-1",
        "P",
        "SN-3001-2",
        "P",
    )
    assert first.data["machineName"] == "APT-1 FP3"
    assert first.data["miscInfos"] == [
        {"description": "Group", "text": "1"},
        {"description": "Side", "text": "A"},
        {"description": "Attempts", "text": "3"},
    ]
    assert row(first, "R82")["value"] == 101.3
    assert first.record == b"atdx\nSN-3001\n13/04/2026 08:15:30\n1"


def test_functions_of_atdx_compare_each_in_its_way() -> None:
    first, _ = convert("retested.atdx")
    rows = {one.name: one.data["numericMeas"][0] for one in first.root.steps if "numericMeas" in one.data}
    shown = {
        name: (one["value"], one["unit"], one["compOp"], one.get("lowLimit"), one.get("highLimit"))
        for name, one in rows.items()
    }
    assert shown == {
        "SHORTS 15-9": (55000, "Ohm", "GE", 100, None),
        "R82": (101.3, "Ohm", "GELE", 90, 110),
        "L37": (pytest.approx(1.8), "uH", "GELE", 1.432, 2.506),
        "C81": (18.101, "kOhm", "GELE", 12.796, 23.764),
        "U48 39Pin": (56.2, "", "GELE", 25.6, 102.4),
        "J2 P1-2": (0.5, "Ohm", "LE", 5, None),
        "R3": (4.5, "Ohm", "LE", 5, None),
        "R4": (4.5, "V", "LOG", None, None),
    }
    assert [one.status for one in first.root.steps[5:7]] == ["S", "S"]
    assert "Judgement: UnTested" in first.root.steps[6].data["reportText"]
    assert "Phase: -7.0; Nominal phase: -7.8" in step(first, "C81").data["reportText"]
    assert first.warnings == ["line 120: 'V' cannot be compared with 'O': no limits"]


def test_all_attempts_follow_each_other_in_time() -> None:
    reports = convert("retested.atdx", all_attempts=True, group_serial="{sn}")
    assert [report.data["result"] for report in reports] == ["F", "F", "F", "P", "P"]
    assert [report.data["start"][19:] for report in reports] == [
        "+02:00",
        ".001000+02:00",
        ".002000+02:00",
        ".003000+02:00",
        ".004000+02:00",
    ]
    assert {report.sn for report in reports} == {"SN-3001"}
    assert len({report.record for report in reports}) == 5
    assert row(reports[0], "R82") == {
        "status": "F",
        "value": 550000,
        "unit": "Ohm",
        "compOp": "GELE",
        "lowLimit": 90,
        "highLimit": 110,
    }
    assert "Judgement: OPEN" in step(reports[0], "R82").data["reportText"]


def test_a_packed_file_gives_the_same_reports() -> None:
    plain, packed = convert("retested.atdx"), convert("retested.atdx.gz")
    assert [one.data for one in plain] == [one.data for one in packed]
    assert [one.record for one in plain] == [one.record for one in packed]
    assert TakayaConverter().detect(Glimpse.at(DATA / "retested.atdx.gz")) == 90
    assert TakayaConverter().is_complete(Glimpse.at(DATA / "retested.atdx.gz"))


def test_unfinished_files_are_refused() -> None:
    assert not TakayaConverter().is_complete(Glimpse.at(DATA / "half_written.ATD"))
    with pytest.raises(ConversionError, match="ends inside the panel that begins at line 1"):
        convert("half_written.ATD")
    with pytest.raises(ConversionError, match="ends inside the block that begins at line 97"):
        convert("short_block.atdx")
    with pytest.raises(ConversionError, match="group 20 at line 11: no serial number"):
        convert("no_serial.ATD")


def test_a_group_s_number_of_any_length_leaves_room_for_the_reason(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=r"^group 9{20} at line 11: no serial number"):
        changed(tmp_path, "no_serial.ATD", "GROUP No.20", "GROUP No." + "9" * 3000)


@pytest.mark.parametrize(
    ("name", "old", "new", "reason"),
    [
        ("quoted.ATD", "@\n* PASS", "* PASS", "line 1: '@' should stand here"),
        ("quoted.ATD", "* GROUP No.20  *", "rubbish", "line 11: a group should begin here, not 'rubbish'"),
        ("quoted.ATD", '"4.7KO      " ', "", "line 17: the row has not the cells"),
        ("quoted.ATD", "4.30 KO", "many KO", "line 17: 'many' is no number"),
        ("quoted.ATD", "+20% -20%", "+x% -20%", "line 18: 'x' is no number"),
        ("quoted.ATD", "02/03/26", "today", "group 20 at line 11: 'today' is no date"),
        ("quoted.ATD", "Model:C", "Kind:C", "names no part number"),
        (
            "tab_panel.ATD",
            "Test time:42 s",
            "Test time:long",
            "panel at line 1: Test time: 'long' is no number",
        ),
        ("tab_panel.ATD", "* PASS *", "* SO SO *", "group 1 at line 12: 'SO SO' is no verdict"),
        ("tab_panel.ATD", "Judgement", "Opinion", "the table has no column Judgement"),
        ("retested.atdx", "Func;", "Fun;", "line 14: column 12 should be 'Func'"),
        ("retested.atdx", ";OPEN;", ";BORED;", "line 16: 'BORED' is no judgement we know"),
        ("retested.atdx", ";SH;", ";XX;", "line [0-9]+: 'XX' is no function we know"),
        ("retested.atdx", "Test Date:", "Day:", "does not belong here"),
        ("retested.atdx", " FAIL ", " WELL ", "block at line 1: 'WELL' is no verdict"),
        ("retested.atdx", "101.30", "x", "line [0-9]+: 'x' is no number"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    tmp_path: Path, name: str, old: str, new: str, reason: str
) -> None:
    with pytest.raises(ConversionError, match=reason):
        changed(tmp_path, name, old, new, all_attempts=True)


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("409.5 O  ", "", Amount(409.5, "O")),
        (" 0.49", "V", Amount(0.49, "V")),
        ("........", "", Amount()),
        ("----------", "V", Amount(None, "V")),
        ("", "", Amount()),
        ("3.000[O]|-3.5", "", Amount(3, "O", "-3.5")),
        ("33.000[KO]<|6.9", "", Amount(33, "KO", "<6.9")),
    ],
)
def test_values_are_read_as_the_tester_shows_them(text: str, unit: str, expected: Amount) -> None:
    assert amount(text, unit) == expected


def test_tolerances_and_units() -> None:
    assert [percent(text) for text in ("+10%", "-5.5%", "20.0", "----------", "")] == [
        10,
        5.5,
        20,
        None,
        None,
    ]
    units = {
        "O": "Ohm",
        "KO": "kOhm",
        "mO": "mOhm",
        "MO": "MOhm",
        "UF": "uF",
        "nF": "nF",
        "UH": "uH",
        "V": "V",
    }
    assert {unit: readable_unit(unit) for unit in units} == units
    assert readable_unit("%") == "%"


@pytest.mark.parametrize(
    "head",
    [
        b"@\n",
        b"@\nmail me\n",
        b"* PASS *\nD.T:1 G.F:0\n",
        b"text\n@\nD.T:1 G.F:0\n",
        b"\x1f\x8bnot really",
        b"Order;Aux\n",
        b"\0\xff",
        b"",
    ],
)
def test_files_of_others_are_left_alone(head: bytes) -> None:
    glimpse = Glimpse(name="f", size=len(head), head=head, tail=head)
    assert TakayaConverter().detect(glimpse) == 0
    assert not TakayaConverter().is_complete(glimpse)
