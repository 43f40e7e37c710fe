"""IPC-CFX: units and panels, verdicts, limits in other units, defects with pictures, spoilt files."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from stationmaster.api import ConversionError, ConverterOptions, Glimpse, Report, Step
from stationmaster.api.testing import convert_file, source_of
from stationmaster.api.validate import validate
from stationmaster.converters.ipc_cfx import IpcCfxConverter

DATA = Path(__file__).parents[2] / "data" / "ipc-cfx"
SOUND = ("tested_envelope.json", "inspected_panel.json", "panel_only.json")
OPTIONS: dict[str, Any] = {"process_code": 20, "part_number": "P-1"}


def convert(name: str, **options: Any) -> list[Report]:
    return convert_file(IpcCfxConverter(), DATA / name, options=OPTIONS | options)


def written(tmp_path: Path, message: object, **options: Any) -> list[Report]:
    path = tmp_path / "message.json"
    path.write_text(json.dumps(message), encoding="utf-8")
    return convert_file(IpcCfxConverter(), path, options=OPTIONS | options)


def unit(*tests: dict[str, Any], **changes: Any) -> dict[str, Any]:
    whole = {"UnitIdentifier": "SN-1", "OverallResult": "Passed", "Tests": list(tests)}
    return whole | changes


def message(*units: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"TestMethod": "Automated", "TestedUnits": list(units)} | changes


def measured(**members: Any) -> dict[str, Any]:
    """A message with one measurement."""
    one = {"MeasurementName": "m", "Result": "Passed"} | members
    return message(unit({"TestName": "T", "Result": "Passed", "Measurements": [one]}))


def by_name(report: Report) -> dict[str, Step]:
    return {step.name: step for step in report.steps()}


def numeric(step: Step) -> tuple[Any, ...]:
    [row] = step.data["numericMeas"]
    keys = ("value", "unit", "compOp", "lowLimit", "highLimit", "status")
    return tuple(row.get(key) for key in keys)


def test_a_message_in_its_envelope() -> None:
    first, second = convert("tested_envelope.json")
    assert (first.sn, first.pn, first.data["rev"], first.data["result"]) == ("SN-C1", "BRD-7", "C", "F")
    assert (second.sn, second.data["result"]) == ("SN-C2", "T")
    assert first.data["machineName"] == "ACME.TESTER.T4"
    assert first.data["uut"] == {"user": "B-77", "execTime": 12.5}
    assert first.data["start"] == "2026-03-02T08:59:00+01:00"
    assert second.data["start"] == "2026-03-02T09:00:00.123456+01:00"
    assert first.data["root"]["seqCall"]["name"] == "BRD-7"
    misc = {one["description"]: one["text"] for one in first.data["miscInfos"]}
    assert misc["Sampling"] == "FixedSample"
    assert misc["Temperature in RAILS"] == "mean 23.5, min 23.0, max 24.0"
    assert first.timed
    assert first.record != second.record
    assert not [issue for issue in validate(first) if issue.severity == "error"]


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("V33", (3.01, "V", "GELE", 3.2, 3.4, "F")),
        ("I33", (120.0, "mA", "LE", 200.0, None, "P")),
        ("R7", (10.2, "kOhm", "GELE", 9.5, 10.5, "P")),
        ("Odd", (4.0, "V", "LOG", None, None, "P")),
        ("Swapped", (4.0, "V", "GELE", 5, 3, "P")),
        ("V18", (1.79, "V", "GE", 1.7, None, "P")),
        ("Silent", (7, "V", "GELE", 1, 5, "F")),
    ],
)
def test_numbers_have_limits_in_their_own_unit(name: str, row: tuple[Any, ...]) -> None:
    assert numeric(by_name(convert("tested_envelope.json")[0])[name]) == row


def test_what_is_doubtful_is_told() -> None:
    first, second = convert("tested_envelope.json")
    told = " ".join(first.warnings)
    assert "the value is in 'V', the limits are in 'A'" in told
    assert "Measurements[5].MeasuredValue: the lower limit is above the upper one" in told
    assert "2 measurements have no result: limits decided" in told
    assert "TestedUnits[2] was skipped: there is no report of it" in " ".join(second.warnings)
    steps = by_name(first)
    assert steps["V33"].data["reportText"] == "Component: U3\nNominal: 3.3 V"
    assert steps["Odd"].data["reportText"] == "Limits: GELE 1 2 A"


def test_other_kinds_of_measurements() -> None:
    steps = by_name(convert("tested_envelope.json")[0])
    assert (steps["LED"].step_type, steps["LED"].status) == ("ET_PFT", "P")
    assert (steps["Fan"].status, steps["Fan"].data["reportText"]) == ("F", "Value: false\nExpected: true")
    assert steps["Version"].data["stringMeas"] == [
        {"status": "P", "value": "1.4.2", "compOp": "CASESENSIT", "limit": "1.4.2"}
    ]
    assert steps["Banner"].data["stringMeas"][0]["compOp"] == "LOG"
    assert (steps["Noise"].step_type, steps["Noise"].status) == ("ET_PFT", "T")
    assert steps["Noise"].data["reportText"] == "No value\nLimits: LE 5"
    assert (steps["CASE"].step_type, steps["CASE"].status) == ("ET_PFT", "S")


def test_a_test_tells_its_symptoms_and_its_times() -> None:
    rails = by_name(convert("tested_envelope.json")[0])["RAILS"]
    assert (rails.status, rails.data["totTime"]) == ("F", 12.5)
    assert rails.data["errorMessage"] == "supply limit"
    assert rails.data["reportText"] == (
        "Procedure: TP-4\nwarm start\nSymptom LOWV (Power): Voltage too low; U3 P-33"
    )
    assert by_name(convert("tested_envelope.json")[1])["RAILS"].data["errorMessage"] == '{"Code": 5}'


def test_units_of_a_panel_and_the_panel_itself() -> None:
    one, two, panel = convert("inspected_panel.json")
    assert [report.sn for report in (one, two, panel)] == ["PNL-9-1", "PNL-9-2", "PNL-9"]
    assert one.data["miscInfos"][0] == {"description": "Panel", "text": "PNL-9"}
    assert {"description": "PCB variant", "text": "V2"} in panel.data["miscInfos"]
    assert [step.name for step in panel.root.steps] == ["FIDUCIAL"]
    assert not one.timed
    named = convert("inspected_panel.json", panel_serial_number="{id}/{pos}")
    assert named[0].sn == "PNL-9/1"
    [alone] = convert("panel_only.json")
    assert (alone.sn, alone.data["uut"]["execTime"]) == ("PNL-10", 4)


def placed(identifier: str, position: int | None) -> dict[str, Any]:
    return unit(UnitIdentifier=identifier, UnitPositionNumber=position)


@pytest.mark.parametrize(
    ("units", "serials"),
    [
        ([placed("P", 1)], ["P-1"]),
        ([placed("P", 4)], ["P-4"]),
        ([placed("P", None)], ["P"]),
        ([placed("P", 0)], ["P"]),
        ([placed("A", 1), placed("B", 2)], ["A", "B"]),
        ([placed("P", 1), placed("Q", 1)], ["P-1", "Q-1"]),
        ([placed("P", 1), placed("P", 2), placed("Q", 1)], ["P-1", "P-2", "Q-1"]),
        ([placed("P", 2), placed("P", 1) | {"OverallResult": "Skipped"}], ["P-2"]),
    ],
)
def test_an_identifier_beside_a_position_is_that_of_a_panel(
    tmp_path: Path, units: list[dict[str, Any]], serials: list[str]
) -> None:
    reports = written(tmp_path, message(*units))
    assert [report.sn for report in reports] == serials
    for report in reports:
        panels = [one["text"] for one in report.data.get("miscInfos", ()) if one["description"] == "Panel"]
        assert panels == ([report.sn[0]] if "-" in report.sn else [])


def test_whose_the_identifier_is_can_be_said(tmp_path: Path) -> None:
    def told(*units: dict[str, Any], **options: Any) -> list[tuple[str, int]]:
        reports = written(tmp_path, message(*units), **options)
        guess = "TestedUnits[0].UnitIdentifier: 'P' has a position beside it: it was taken for a panel's."
        return [(one.sn, sum(text.startswith(guess) for text in one.warnings)) for one in reports]

    assert told(placed("P", 1)) == [("P-1", 1)]
    assert told(placed("P", 1), unit_identifier="unit") == [("P", 0)]
    assert told(placed("P", 1), placed("B", 2), unit_identifier="panel") == [("P-1", 0), ("B-2", 0)]
    assert told(placed("P", 1), placed("P", 2)) == [("P-1", 0), ("P-2", 0)]


def test_a_placeholder_with_a_position_is_no_serial_number(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="the serial number 'NONE' is a placeholder"):
        written(tmp_path, message(placed("NONE", 1), placed("NONE", 2)))


def test_a_text_that_no_field_holds_is_attached_whole(tmp_path: Path) -> None:
    value, expected = "v" * 2000, "v" * 1999
    [report] = written(tmp_path, measured(Value=value, ExpectedValue=expected, Result=None))
    [row] = by_name(report)["m"].data["stringMeas"]
    assert (row["status"], len(row["value"]), len(row["limit"])) == ("F", 1000, 1000)
    assert row["value"].endswith("v... (whole in m_value_1.txt)")
    assert attached(report) == {"m_value_1.txt": value, "m_expected_value_2.txt": expected}
    assert not [issue for issue in validate(report) if issue.severity == "error"]


def test_long_errors_and_comments_are_attached_whole(tmp_path: Path) -> None:
    test = {"TestName": "T", "Result": "Error", "Error": "e" * 1001, "Comments": "c\u00e4" * 10_001}
    [report] = written(tmp_path, message(unit(test)))
    [step] = report.root.steps
    assert (len(step.data["errorMessage"]), len(step.data["reportText"])) == (1000, 20_000)
    assert attached(report) == {"T_error_1.txt": "e" * 1001, "T_text_2.txt": "c\u00e4" * 10_001}
    [short] = written(tmp_path, message(unit(test | {"Error": "e" * 1000, "Comments": "c"})))
    assert "binaryData" not in short.data


def test_a_long_name_is_kept_whole(tmp_path: Path) -> None:
    [report] = written(tmp_path, message(unit({"TestName": "n" * 1200, "Result": "Passed"})))
    [step] = report.root.steps
    [full] = step.data["additionalResults"]
    assert (step.name, full["props"][0]["value"]) == ("n" * 100, "n" * 1200)


def attached(report: Report) -> dict[str, str]:
    return {one["name"]: base64.b64decode(one["data"]).decode() for one in report.data["binaryData"]}


def test_defects_are_text_and_pictures() -> None:
    report = convert("inspected_panel.json")[0]
    step = report.root.steps[0]
    assert (step.step_type, step.status, step.data["causedUUTFailure"]) == ("ET_PFT", "F", True)
    assert step.data["reportText"] == (
        "Verification: Verified by hand\nDefect BRG (Solder): Bridge; C12; pin 3\nDefect TMB"
    )
    assert base64.b64decode(step.data["attachment"]["data"]) == b"\x89PNG one"
    [other] = report.data["binaryData"]
    assert (other["name"], base64.b64decode(other["data"])) == ("C12_BRG_2.png", b"\x89PNG two")
    assert "start" not in step.data


def test_several_numbers_are_one_step() -> None:
    sequence = convert("inspected_panel.json")[0].root.steps[1]
    assert (sequence.name, sequence.data["reportText"]) == ("Inspection 2", "Symptom S1: Dust")
    offsets, paste = sequence.steps
    assert (offsets.step_type, offsets.name) == ("ET_MNLT", "R1")
    values = [(row["name"], row["value"], row["compOp"]) for row in offsets.data["numericMeas"]]
    assert values == [("DX", 0.02, "LOG"), ("DY", -0.01, "LOG"), ("RXY", 0, "LOG")]
    [volume] = paste.data["numericMeas"]
    assert (paste.name, volume["name"], volume["unit"], volume["lowLimit"]) == (
        "Measurement 2",
        "Volume",
        "mm3",
        0.1,
    )


LIMITS = {"MinimumAcceptableValue": 1, "MaximumAcceptableValue": 2}


@pytest.mark.parametrize(
    ("value", "limits", "result", "status"),
    [
        ("9.99E+37", LIMITS, None, "E"),
        ("OVERLOAD", LIMITS, None, "E"),
        ("OVERLOAD", LIMITS, "Passed", "P"),
        ("OVERLOAD", {}, None, "P"),
        (None, LIMITS, None, "D"),
    ],
)
def test_a_value_that_is_no_number_beside_limits(
    tmp_path: Path, value: str | None, limits: dict[str, float], result: str | None, status: str
) -> None:
    [report] = written(tmp_path, measured(MeasuredValue={"Value": value, **limits}, Result=result))
    step = by_name(report)["m"]
    assert step.status == status
    assert ("Limits: GELE 1 2" in step.data.get("reportText", "")) is bool(limits)


@pytest.mark.parametrize(("result", "status"), [(None, "E"), ("Passed", "P")])
def test_one_of_several_numbers_that_is_none_is_not_lost(
    tmp_path: Path, result: str | None, status: str
) -> None:
    [report] = written(tmp_path, measured(DX={"Value": 1.5}, DY={"Value": "OVER", **LIMITS}, Result=result))
    step = by_name(report)["m"]
    assert (step.step_type, step.status) == ("ET_MNLT", status)
    assert step.data["reportText"] == "DY: no value: OVER; Limits: GELE 1 2"


def test_the_overall_result_stands_whatever_the_tests_say(tmp_path: Path) -> None:
    [report] = written(tmp_path, message(unit({"TestName": "T", "Result": "Failed"})))
    assert (report.data["result"], report.root.steps[0].status) == ("P", "F")
    [silent] = written(tmp_path, message(unit({"TestName": "T", "Result": "Failed"}, OverallResult=None)))
    assert silent.data["result"] == "F"
    assert any("no OverallResult" in text for text in silent.warnings)


@pytest.mark.parametrize(
    ("given", "wanted", "low"),
    [
        ("kOhm", "Ohm", 1000),
        ("ohm", "OHM", 1),
        ("mOhm", "MOhm", 1e-9),
        ("m", "mm", 1000),
        ("\u03bcV", "nV", 1000),
    ],
)
def test_limits_are_brought_to_the_unit_of_the_value(
    tmp_path: Path, given: str, wanted: str, low: float
) -> None:
    value = {"Value": 1, "ValueUnits": wanted, "ExpectedValueUnits": given, "MinimumAcceptableValue": 1}
    [report] = written(tmp_path, measured(MeasuredValue=value))
    [row] = by_name(report)["m"].data["numericMeas"]
    assert (row["lowLimit"], row["unit"]) == (pytest.approx(low), wanted)


def test_operators_and_part_numbers_by_option() -> None:
    first = convert("tested_envelope.json", operator_name=True, part_numbers={"brd-7": "T-1"})[0]
    assert (first.data["uut"]["user"], first.pn) == ("Ida Berg", "T-1")
    assert convert("inspected_panel.json", operator_name=True)[0].data["uut"]["user"] == "lee"
    assert convert("tested_envelope.json", recipe_as_part_number=False)[0].pn == "P-1"
    assert convert("tested_envelope.json", process_codes={"automated": 7})[0].data["processCode"] == 7


def test_the_source_can_be_attached() -> None:
    for report in convert("panel_only.json", attach_source=True):
        [source] = report.data["binaryData"]
        assert base64.b64decode(source["data"]) == (DATA / "panel_only.json").read_bytes()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (message(), "has the result of no unit"),
        (message(unit(OverallResult="Skipped")), "has the result of no unit"),
        (message(unit(UnitIdentifier="")), "TestedUnits[0].UnitIdentifier: no serial number"),
        (message(unit(), unit()), "TestedUnits[0].UnitPositionNumber: several units are called 'SN-1'"),
        (message(unit({"TestName": "T"})), "Tests[0].Result: it has neither a result nor measurements"),
        (message(unit({"TestName": "T", "Result": "OK"})), "Tests[0].Result: 'OK' is no result of IPC-CFX"),
        (message(unit({"TestStartTime": "now"})), "Tests[0].TestStartTime: 'now' is no ISO date and time"),
        (message(unit({"Result": "Passed", "Measurements": {}})), "Measurements: should be a list"),
        (measured(MeasuredValue={"Value": 10**400}), "MeasuredValue.Value: a number beyond all bounds"),
        (measured(DX=10**400, DY=1), "DX: a number beyond all bounds"),
        (
            message(unit({"Result": "Failed", "DefectsFound": [{"DefectImages": [{"ImageData": "%"}]}]})),
            "ImageData: is not base64",
        ),
        ({"TestedUnits": [unit()]}, "no message UnitsTested or UnitsInspected"),
        ({"MessageName": "CFX.Heartbeat", "MessageBody": {}}, "the message 'CFX.Heartbeat'"),
        ([], "should be an object, is a list"),
    ],
)
def test_what_is_wrong_is_refused_with_its_path(tmp_path: Path, changed: object, reason: str) -> None:
    with pytest.raises(ConversionError) as caught:
        written(tmp_path, changed)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("name", "confidence", "complete"),
    [
        ("tested_envelope.json", 85, True),
        ("inspected_panel.json", 85, True),
        ("panel_only.json", 85, True),
        ("half_written.json", 85, False),
        ("other_message.json", 0, True),
        ("reply.json", 0, True),
    ],
)
def test_detection_and_completeness(name: str, confidence: int, complete: bool) -> None:  # noqa: FBT001 - a table
    glimpse = Glimpse.at(DATA / name)
    assert IpcCfxConverter().detect(glimpse) == confidence
    assert IpcCfxConverter().is_complete(glimpse) is complete


def test_long_messages_are_judged_by_their_end() -> None:
    head = b'{"TestMethod": "Automated", "TestedUnits": [{'
    assert IpcCfxConverter().detect(Glimpse("a.json", 10**6, head, b"]}\n")) == 85
    assert IpcCfxConverter().is_complete(Glimpse("a.json", 10**6, head, b"]}\n"))
    assert not IpcCfxConverter().is_complete(Glimpse("a.json", 10**6, head, b'"half'))


def test_common_options_are_enough() -> None:
    options = ConverterOptions(process_code=1, part_number="P")
    reports = list(IpcCfxConverter().convert(source_of(DATA / "panel_only.json"), options, None))
    assert len(reports) == 1
