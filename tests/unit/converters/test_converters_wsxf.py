"""WSXF and WRML: every element in its place, placeholders, what is left out, spoilt files."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from stationmaster.api import ConversionError, ConverterOptions, Glimpse, Report, Station
from stationmaster.api.step import Step
from stationmaster.api.testing import convert_file, source_of
from stationmaster.api.wsxf import decode
from stationmaster.converters.wsxf import WsxfConverter

DATA = Path(__file__).parents[2] / "data" / "wsxf"
OSLO = Station(name="TEST", location="Lab", purpose="Trial", time_zone="Europe/Oslo")
NAMESPACE = "http://wats.virinco.com/schemas/WATS/Report"
HEADER = 'type="UUT" Start="2026-03-02T07:15:30+01:00" Result="Passed" SN="SN-1" PN="P-1" Rev="A"'
PROCESS = '<Process Code="10" />'


def convert(name: str, **options: Any) -> list[Report]:
    return convert_file(WsxfConverter(), DATA / name, options=options, station=OSLO)


def document(*reports: str, flat: bool = False) -> str:
    return f'<Reports xmlns="{NAMESPACE}{"" if flat else "/wsxf"}">{"".join(reports)}</Reports>'


def unit(tmp_path: Path, *inside: str, header: str = HEADER, flat: bool = False, **options: Any) -> Report:
    path = tmp_path / "unit.xml"
    text = document(f"<Report {header}>{PROCESS}{''.join(inside)}</Report>", flat=flat)
    path.write_text(text, encoding="utf-8")
    [report] = convert_file(WsxfConverter(), path, options=options, station=OSLO)
    return report


def refused(tmp_path: Path, *inside: str, header: str = HEADER, flat: bool = False) -> str:
    with pytest.raises(ConversionError) as caught:
        unit(tmp_path, *inside, header=header, flat=flat)
    return str(caught.value)


def step(report: Report, name: str, at: int = 0) -> Step:
    return [one for one in report.steps() if one.name == name][at]


def test_the_header_keeps_its_fields_and_empty_ones_are_the_stations() -> None:
    [report] = convert("board.xml")
    assert report.id == "5b0c1f6e-8f1d-4c6b-9a7e-0d3d5f1c2a11"
    assert (report.sn, report.pn, report.data["rev"], report.data["result"]) == ("SN-1001", "BRD-7", "B", "F")
    assert (report.data["machineName"], report.data["location"]) == ("FCT-2", "Lab")
    assert (report.data["processCode"], report.data["processName"]) == (20, "Function test")
    assert report.data["uut"] == {
        "user": "kim",
        "execTime": 12.5,
        "fixtureId": "FX-3",
        "batchSN": "B-17",
        "testSocketIndex": 2,
        "errorCode": 12,
        "errorMessage": "rail low",
        "comment": "after rework",
    }


def test_a_start_without_an_offset_takes_that_between_it_and_utc() -> None:
    [report] = convert("board.xml")
    assert report.data["start"] == "2026-03-02T07:15:30.250+01:00"
    assert report.data["startUTC"] == "2026-03-02T06:15:30.250Z"


def test_misc_infos_units_assets_and_additional_data() -> None:
    [report] = convert("board.xml")
    assert report.data["miscInfos"] == [
        {"description": "Cycles", "text": "1201", "numeric": 1201},
        {"description": "Firmware", "text": "1.4.2"},
    ]
    assert report.data["subUnits"] == [
        {"partType": "Display", "pn": "DSP-1", "rev": "C", "sn": "D-0001", "position": 0},
        {"partType": "Cover", "pn": "COV-1", "sn": "-"},
    ]
    assert report.data["assets"] == [{"sn": "FX-3", "usageCount": 88}]
    assert report.data["additionalData"] == [
        {
            "name": "Climate",
            "props": [
                {"name": "Celsius", "type": "Number", "value": "23.5"},
                {
                    "name": "Room",
                    "type": "Obj",
                    "props": [{"name": "Number", "type": "String", "value": "1.07"}],
                },
            ],
        }
    ]


def test_steps_keep_type_group_verdict_and_place() -> None:
    [report] = convert("board.xml")
    assert report.root.data["seqCall"] == {
        "path": "C:\\Programs\\board.seq",
        "name": "board",
        "version": "2.4",
    }
    shown = [(one.step_type, one.name, one.status, one.data["group"]) for one in report.root.steps]
    assert shown[:3] == [
        ("Action", "Power on", "D", "S"),
        ("ET_NLT", "VCC", "P", "M"),
        ("ET_NLT", "Ripple", "F", "M"),
    ]
    assert shown[-2:] == [("MessagePopup", "Ask", "D", "C"), ("NI_Flow_If", "If warm", "D", "M")]
    assert step(report, "Cool").status == "P"
    power, ripple = step(report, "Power on").data, step(report, "Ripple").data
    assert (power["reportText"], power["tsGuid"], power["totTime"]) == ("12 V supply", "guid-2", 0.5)
    assert (ripple["errorCode"], ripple["errorMessage"], ripple["causedUUTFailure"]) == (7, "too much", True)
    assert step(report, "Flash").data["callExe"] == {"exitCode": 3}
    assert step(report, "Ask").data["messagePopup"] == {"response": "yes", "button": 1}
    assert [one.data["id"] for one in report.steps()] == list(range(1, 18))


def test_measurements_and_where_their_limits_stand() -> None:
    [report] = convert("board.xml")
    assert step(report, "VCC").data["numericMeas"] == [
        {"status": "P", "value": 5.01, "unit": "V", "compOp": "GELE", "lowLimit": 4.75, "highLimit": 5.25}
    ]
    # an upper bound stands in HighLimit there, in lowLimit here; the lone measurement follows its step
    assert step(report, "Ripple").data["numericMeas"] == [
        {"status": "F", "value": 62, "unit": "mV", "compOp": "LE", "lowLimit": 50}
    ]
    rails = step(report, "Rails").data
    assert [(row["name"], row["status"], row["value"]) for row in rails["numericMeas"]] == [
        ("3V3", "P", 3.31),
        ("1V8", "F", "NaN"),
        ("1V8 #2", "P", 1.79),
    ]
    assert rails["reportText"] == "1V2: no value, GT 1.1 V, F"
    assert step(report, "LEDs").data["booleanMeas"] == [
        {"name": "red", "status": "P"},
        {"name": "green", "status": "P"},
    ]
    assert step(report, "Label").data["stringMeas"] == [
        {"status": "P", "value": "BRD-7", "compOp": "IGNORECASE", "limit": "brd-7"}
    ]


def test_a_lone_measurement_without_a_number_is_a_verdict() -> None:
    [report] = convert("board.xml")
    lone = step(report, "Not reached").data
    assert (lone["stepType"], lone["booleanMeas"]) == ("ET_PFT", [{"status": "S"}])
    assert lone["reportText"] == "Not reached: no value, GE 1 A, S"


def test_limits_of_zero_are_told_where_there_is_no_number(tmp_path: Path) -> None:
    report = unit(
        tmp_path,
        '<Step Name="Main" StepType="SequenceCall" Status="Failed">'
        '<Step Name="Level" StepType="ET_NLT" Status="Failed"><NumericLimit CompOperator="GELE" '
        'LowLimit="0" HighLimit="5" Units="V" Status="Failed"/></Step></Step>',
    )
    assert step(report, "Level").data["reportText"] == "Level: no value, GELE 0 5 V, F"


def test_charts_loops_and_attachments() -> None:
    [report] = convert("board.xml")
    chart = step(report, "Inrush").data["chart"]
    assert (chart["chartType"], chart["label"], chart["xUnit"]) == ("Line", "Current", "ms")
    assert [(one["name"], one["xdata"], one["ydata"]) for one in chart["series"]] == [
        ("I", "0;1;2", "0;2.1;0.4"),
        ("Series 2", "0;1", "1;2"),
    ]
    assert [step(report, "Retry", at).data["loop"] for at in range(3)] == [
        {"idx": None, "num": 2, "endingIndex": 1, "passed": 2, "failed": 0},
        {"idx": 0},
        {"idx": 1},
    ]
    files = step(report, "Files").data
    assert base64.b64decode(files["attachment"]["data"]) == b"all fine"
    assert files["additionalResults"][0]["name"] == "Attachment without content"
    assert [one["name"] for one in report.data["binaryData"]] == ["more.txt"]


def test_what_was_mended_or_left_out_is_told() -> None:
    [report] = convert("board.xml")
    for text in (
        "the status 'Unknown' became D",
        "a measurement has no number",
        "a measurement without a status: its limits decided",
        "the content of an attachment is not in the file",
        "the size of an attachment is not the one",
        "a step holds one attachment",
        "a curve without points was left out",
        "a part without sn has - there",
        "a report has no place for Step Colour: left out",
        "loop num 2, endingIndex 2 became 2 and 1",
        "the lone measurement said 'P', it follows its step to F",
    ):
        assert sum(text in warning for warning in report.warnings) == 1, text


def test_a_repair_report() -> None:
    [report] = convert("repair.xml")
    assert report.id == "6f6a6c1e-2f5b-4a55-8a6b-53f0a9d3c0aa"
    assert (report.data["type"], report.data["processCode"], report.data["result"]) == ("R", 500, "P")
    assert report.data["uur"] == {
        "user": "lee",
        "active": True,
        "comment": "ripple",
        "execTime": 1200,
        "processCode": 20,
        "processName": "Function test",
        "refUUT": "5b0c1f6e-8f1d-4c6b-9a7e-0d3d5f1c2a11",
        "confirmDate": "2026-03-03T09:05:00",
        "finalizeDate": "2026-03-03T09:20:00",
    }
    main, old, new = report.data["subUnits"]
    assert main["failures"] == [{"category": "Solder", "code": "Cold joint", "comRef": "R5"}]
    assert old["failures"] == [
        {"category": "Component", "code": "Burned", "comment": "replaced", "comRef": "U1", "refStepId": 4}
    ]
    assert (new["idx"], new["replacedIdx"], new["parentIdx"]) == (5, 4, 0)
    # Idx 2 in the file is the second failure over all units, number 1
    assert report.data["binaryData"][0]["failIdx"] == 1
    assert report.warnings == []


def test_the_flat_form_gives_the_same_kind_of_tree() -> None:
    [report] = convert("flat.xml")
    assert [(one.step_type, one.name) for one in report.root.steps] == [
        ("ET_NLT", "VCC"),
        ("WATS_AttachFile", "Log"),
        ("WATS_XYGMNLT", "Graph"),
    ]
    assert step(report, "VCC").data["numericMeas"][0]["value"] == 5.01
    [curve] = step(report, "Graph").data["chart"]["series"]
    assert curve == {"dataType": "XYG", "name": "I", "xdata": "0;1", "ydata": "0.5;2"}
    attached = step(report, "Log").data["attachment"]
    assert (attached["name"], attached["contentType"]) == ("log.txt", "text/plain")
    assert base64.b64decode(attached["data"]) == b"all fine"
    assert report.data["subUnits"][0]["sn"] == "D-0001"


def test_a_placeholder_for_the_start_is_the_files_time() -> None:
    [report] = convert("flat.xml")
    assert not report.timed
    assert report.data["start"][:4] != "1900"
    assert "startUTC" not in report.data
    assert any("is a placeholder" in text for text in report.warnings)
    assert report.data["uut"]["execTime"] == 0


def test_several_reports_have_records_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "two.xml"
    both = [f'<Report {HEADER} FixtureNote="{at}">{PROCESS}</Report>' for at in (1, 2)]
    path.write_text(document(*both), encoding="utf-8")
    first, second = convert_file(WsxfConverter(), path, station=OSLO)
    assert first.record is not None
    assert first.record != second.record
    assert first.id == ""


def test_silent_fields_come_from_the_options(tmp_path: Path) -> None:
    header = 'type="UUT" Start="2026-03-02T07:15:30" Result="Passed" SN="none" PN="" Rev=""'
    path = tmp_path / "SN-9.xml"
    path.write_text(document(f'<Report {header}><Process Name="FCT" /></Report>'), encoding="utf-8")
    options = {
        "serial_number_pattern": "(?P<sn>SN-[0-9]+)",
        "part_number": "P-9",
        "process_codes": {"fct": 7},
    }
    [report] = convert_file(WsxfConverter(), path, options=options, station=OSLO)
    assert (report.sn, report.pn, report.data["rev"], report.data["processCode"]) == ("SN-9", "P-9", "A", 7)
    assert report.data["start"] == "2026-03-02T07:15:30+01:00"
    assert any("has no offset" in text for text in report.warnings)


def test_top_steps_get_one_root(tmp_path: Path) -> None:
    steps = (
        '<Step Name="A" StepType="Action" Status="Done"/><Step Name="B" StepType="ET_PFT" Status="Failed"/>'
    )
    report = unit(tmp_path, steps, header=HEADER.replace('Result="Passed"', ""))
    assert [one.name for one in report.root.steps] == ["A", "B"]
    assert (report.root.status, report.data["result"]) == ("F", "F")
    assert any("no result" in text for text in report.warnings)


def test_what_a_report_cannot_hold_as_it_is(tmp_path: Path) -> None:
    long = "x" * 120
    report = unit(
        tmp_path,
        f'<MiscInfo Description="note">{long}</MiscInfo>',
        '<Step Name="Main" StepType="SequenceCall" Status="Passed">',
        f'<Step Name="{long}" StepType="Action"/>',
        '<Step Name="Curves" StepType="Chart" Status="Done">'
        '<Chart ChartType="Bar" Label="A"><Series><ydata>1</ydata></Series></Chart>'
        '<Chart ChartType="Line" Label="B"><Series Name="b"><ydata>2</ydata></Series></Chart>'
        '<AdditionalResults Name="More"><Prop Name="n" Comment="why" NumFmt="%d">7</Prop></AdditionalResults>'
        "</Step></Step>",
    )
    assert len(report.data["miscInfos"][0]["text"]) == 100
    assert report.data["additionalData"][0]["props"][0]["value"] == long
    action = report.root.steps[0]
    assert (len(action.name), action.status) == (100, "D")
    assert action.data["additionalResults"][0]["props"][0]["value"] == long
    curves = step(report, "Curves").data
    assert (curves["chart"]["chartType"], curves["chart"]["label"]) == ("Line", "A")
    assert [one["name"] for one in curves["chart"]["series"]] == ["Series 1", "b"]
    assert curves["additionalResults"][0]["props"] == [
        {"name": "n", "type": "String", "value": "7", "comment": "why", "numFormat": "%d"}
    ]
    for text in (
        "a misc info was cut",
        "a step without a status became D",
        "the chart type 'Bar' became Line",
        "a step holds one chart",
    ):
        assert any(text in warning for warning in report.warnings), text


@pytest.mark.parametrize(
    ("measured", "row", "text"),
    [
        ('CompOperator="EQ" StringLimit="a" StringValue="a"', ("CASESENSIT", "a", "P"), None),
        ('CompOperator="NE" StringLimit="b" StringValue="a"', ("LOG", None, "P"), "must not be 'b'"),
        ('CompOperator="IGNORECASE" StringValue=""', ("IGNORECASE", "", "P"), None),
        ('StringValue="a"', ("LOG", None, "P"), None),
    ],
)
def test_texts(tmp_path: Path, measured: str, row: tuple[str, str | None, str], text: str | None) -> None:
    inside = (
        '<Step Name="Main" StepType="SequenceCall" Status="Passed">'
        f'<Step Name="T" StepType="ET_SVT" Status="Passed"><StringValue {measured}/></Step></Step>'
    )
    found = step(unit(tmp_path, inside), "T").data
    [value] = found["stringMeas"]
    assert (value["compOp"], value.get("limit"), value["status"]) == row
    assert found.get("reportText") == text


def test_a_loop_that_names_its_last_index_only(tmp_path: Path) -> None:
    inside = (
        '<Step Name="Main" StepType="SequenceCall" Status="Passed"><Step Name="A" StepType="ET_PFT" '
        'Status="Passed"><Loop ending_index="2" passed="3"/><PassFail Status="Passed"/></Step></Step>'
    )
    loop = step(unit(tmp_path, inside), "A").data["loop"]
    assert (loop["num"], loop["endingIndex"], loop["passed"]) == (3, 2, 3)


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        ('<Failures Code="Burned"/>', "a failure without Category"),
        ('<Failures Category="C" Code="Burned" PartIdx="7"/>', "there is no such unit"),
        ('<ReportUnitHierarchy Idx="1" PN="P"/><ReportUnitHierarchy Idx="1" PN="P"/>', "Idx 1 stands twice"),
        ('<UUR Active="maybe"/>', "'maybe' is neither true nor false"),
        ('<UUR ConfirmDate="yesterday"/>', "'yesterday' is no time"),
        ('<UUR ReferencedUUT="x"/><Process Code="1.5"/>', "'1.5' is no whole number"),
    ],
)
def test_what_is_wrong_with_a_repair(tmp_path: Path, inside: str, reason: str) -> None:
    path = tmp_path / "unit.xml"
    header = HEADER.replace("UUT", "UUR")
    path.write_text(document(f"<Report {header}>{inside}{PROCESS}</Report>"), encoding="utf-8")
    with pytest.raises(ConversionError, match=reason):
        convert_file(WsxfConverter(), path, options={"process_code": 500})


def test_the_source_can_be_attached(tmp_path: Path) -> None:
    report = unit(tmp_path, attach_source=True)
    held = report.data["binaryData"][0]
    assert (held["name"], held["contentType"]) == ("unit.xml", "text/xml")
    assert base64.b64decode(held["data"]) == (tmp_path / "unit.xml").read_bytes()


def test_common_options_are_enough() -> None:
    [report] = WsxfConverter().convert(source_of(DATA / "board.xml"), ConverterOptions(), None)
    assert isinstance(report, Report)


NUMBER = '<Step Name="V" StepType="ET_NLT" Status="Passed"><NumericLimit {} Status="Passed"/></Step>'
FLAT = '<Step StepID="{}" {} Name="S" StepType="Action" Status="Done"/>'


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        ('<Step Name="S" Status="Passed"/>', "a step without StepType"),
        ('<Step Name="S" StepType="Action" Status="Perhaps"/>', "'Perhaps' is no verdict"),
        (NUMBER.format('NumericValue="much" CompOperator="LOG"'), "'much' is no number"),
        (NUMBER.format('NumericValue="1" CompOperator="GELE" LowLimit="0"'), "GELE without its limit"),
        (NUMBER.format('NumericValue="1" CompOperator="ABOUT"'), "'ABOUT' is no operator"),
        ('<Step Name="S" StepType="A" Status="Done"><Attachment>=!</Attachment></Step>', "is not base64"),
        (
            '<Step StepType="C"><Chart><Series><xdata>1;2</xdata><ydata>1</ydata></Series></Chart></Step>',
            "2 x and 1 y",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, inside: str, reason: str) -> None:
    text = refused(tmp_path, inside)
    assert reason in text
    assert "line 1 <" in text


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        (FLAT.format(1, "") * 2, "StepID 1 stands twice"),
        (FLAT.format(1, 'ParentStepID="7"'), "no step 7 to be its parent"),
        (FLAT.format(1, 'ParentStepID="2"') + FLAT.format(2, 'ParentStepID="1"'), "each other's parents"),
        ('<PassFail StepID="4" Status="Passed"/>', "there is no step 4"),
        (
            FLAT.format(1, "") + "".join(FLAT.format(n, f'ParentStepID="{n - 1}"') for n in range(2, 2000)),
            "nest more than 100 deep",
        ),
        (
            FLAT.format(1, "") + '<Chart StepID="1" ChartType="Line"><Data>AAAA</Data></Chart>',
            "3 bytes, which is not a number of points",
        ),
    ],
)
def test_what_is_wrong_with_the_flat_form(tmp_path: Path, inside: str, reason: str) -> None:
    assert reason in refused(tmp_path, inside, flat=True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (document(), "holds no report"),
        ("<Reports><Report/></Reports>", "no root of a WSXF or WRML file"),
        (document('<Report type="XYZ"/>'), "not UUT"),
        (document(f"<Report {HEADER.replace('Passed', 'Maybe')}/>"), "'Maybe' is no verdict"),
        (document(f"<Report {HEADER}/>"), "process_code"),
        (document(f"<Report {HEADER.replace('SN-1', '')}>{PROCESS}</Report>"), "no serial number"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "unit.xml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConversionError, match=reason):
        convert_file(WsxfConverter(), path)


@pytest.mark.parametrize(
    ("text", "confidence", "complete"),
    [
        (document(), 95, True),
        (document(flat=True), 95, True),
        (document()[:-3], 95, False),
        ("<Reports><Report Type='UUT'/></Reports>", 0, True),
        (f'<Report xmlns="{NAMESPACE}"/>', 0, True),
        ("{}", 0, False),
        ("", 0, False),
    ],
)
def test_detection_and_completeness(text: str, confidence: int, complete: bool) -> None:  # noqa: FBT001 - a table
    data = text.encode()
    glimpse = Glimpse(name="x.xml", size=len(data), head=data, tail=data[-4096:])
    assert WsxfConverter().detect(glimpse) == confidence
    assert WsxfConverter().is_complete(glimpse) == complete


def test_decode_tells_what_the_parser_mended() -> None:
    text = document(f'<Report {HEADER}><MiscInfo Description="note">a\x01b</MiscInfo></Report>')
    [report] = decode(text.encode())
    assert report.data["miscInfos"][0]["text"] == "ab"
    assert any("control characters" in text for text in report.warnings)
