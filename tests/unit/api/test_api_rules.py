"""Each rule of validation, broken once, with the place it is told at."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fakes.foreign import uur, uut
from stationmaster.api import CompOp, Report, ValidationError
from stationmaster.api.validate import Issue, check, validate

Change = Callable[[dict[str, Any]], object]
DATA = Path(__file__).parents[2] / "data" / "wsjf"


def put(path: str, value: object) -> Change:
    """Set (or with `...` remove) the value at a path like "root.steps.0.name"."""

    def change(data: Any) -> None:
        *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
        for part in way:
            data = data[part]
        if value is ...:
            del data[last]
        elif isinstance(data, list) and last == len(data):
            data.append(value)
        else:
            data[last] = value

    return change


def step(index: int, path: str, value: object) -> Change:
    return put(f"root.steps.{index}.{path}", value)


def row(**fields: object) -> Change:
    """Change the measurement of the numeric step."""
    return lambda data: data["root"]["steps"][0]["numericMeas"][0].update(fields)


def text_row(**fields: object) -> Change:
    return lambda data: data["root"]["steps"][2]["stringMeas"][0].update(fields)


NLT, MNLT, SVT = "root/ET_NLT", "root/ET_MNLT", "root/ET_SVT"
PROP = "additionalData[0].props[0]"
ARRAY = {
    "dimension": 1,
    "type": "Number",
    "indexes": [{"text": "[0]", "indexes": [0], "value": {"name": "v"}}],
}


def array(*indexes: object) -> Change:
    """Give the property an array of one cell with these indexes."""
    cell = {"text": "[0]", "indexes": list(indexes), "value": {"name": "v", "type": "t"}}
    found = {"dimension": 1, "type": "Number", "indexes": [None, cell]}
    return put("additionalData.0.props.0.array", found)


ERRORS: list[tuple[Change, str, str]] = [
    # ---- header
    (put("type", "X"), "type", "is 'X', not T"),
    (put("type", ...), "type", "is null"),
    *(
        (put(key, ...), key, "is missing")
        for key in ("sn", "pn", "rev", "machineName", "location", "purpose")
    ),
    *((put(key, " "), key, "is empty") for key in ("sn", "pn", "rev", "machineName", "location", "purpose")),
    *((put(key, "x" * 101), key, "101 characters long, 100") for key in ("sn", "pn", "rev", "machineName")),
    *(
        (put(key, "x" * 101), key, "101 characters long, 100")
        for key in ("location", "purpose", "productName")
    ),
    (put("sn", 7), "sn", "must be a text, not 7"),
    (put("processCode", ...), "processCode", "is missing"),
    (put("processCode", "10"), "processCode", "must be a whole number, not '10'"),
    (put("processCode", True), "processCode", "must be a whole number, not true"),
    (put("processCode", 10.5), "processCode", "must be a whole number, not 10.5"),
    (put("result", ...), "result", "is missing"),
    (put("result", "S"), "result", "not one of P, F, D, E, T"),
    (put("result", "Passed"), "result", "'Passed'"),
    (put("result", "PF"), "result", "'PF'"),
    (put("start", ...), "start", "is missing"),
    (put("start", "yesterday"), "start", "not a time"),
    (put("start", 0), "start", "not a time"),
    (put("start", "2026-01-30T22:01:41"), "start", "no offset"),
    (put("id", "42"), "id", "not a UUID"),
    (put("id", "7f1c2f0e5c7e4b379d0a2a4c7a0f6b11zzzz"), "id", "not a UUID"),
    (put("id", 42), "id", "not a UUID"),
    # ---- uut
    (put("uut", []), "uut", "must be an object, not a list"),
    (put("uut.user", "x" * 101), "uut.user", "101 characters"),
    (put("uut.comment", "x" * 5001), "uut.comment", "5001 characters long, 5000"),
    (put("uut.fixtureId", "x" * 101), "uut.fixtureId", "101 characters"),
    (put("uut.batchSN", "x" * 101), "uut.batchSN", "101 characters"),
    (put("uut.execTime", "long"), "uut.execTime", "must be a number, not 'long'"),
    (put("uut.execTime", True), "uut.execTime", "must be a number, not true"),
    (put("uut.errorCode", "E1"), "uut.errorCode", "must be a whole number"),
    (put("uut.referencedByUURs", [{"id": "x"}]), "uut.referencedByUURs[0].id", "not a UUID"),
    # ---- parts
    (put("subUnits.0.sn", ""), "subUnits[0].sn", "is empty"),
    (put("subUnits.0.pn", ...), "subUnits[0].pn", "is missing"),
    (put("subUnits.0.rev", "x" * 101), "subUnits[0].rev", "101 characters"),
    (put("subUnits.0.partType", "x" * 51), "subUnits[0].partType", "51 characters long, 50"),
    (
        put("subUnits.0.root", {"stepType": "SequenceCall", "name": "r"}),
        "subUnits[0].root.status",
        "is missing",
    ),
    (put("subUnits", {}), "subUnits", "must be a list, not an object"),
    (put("subUnits.1", 7), "subUnits[1]", "must be an object, not 7"),
    (put("miscInfos.0.description", ""), "miscInfos[0].description", "is empty"),
    (put("miscInfos.0.description", "x" * 101), "miscInfos[0].description", "101 characters"),
    (put("miscInfos.0.text", "x" * 101), "miscInfos[0].text", "101 characters"),
    (put("miscInfos.0.numeric", "x"), "miscInfos[0].numeric", "must be a number"),
    (put("assets.0.sn", ...), "assets[0].sn", "is missing"),
    (put("assets.0.usageCount", 1.5), "assets[0].usageCount", "must be a whole number"),
    (put("assets.0.partNumber", "x" * 101), "assets[0].partNumber", "101 characters"),
    (put("assets.0.calibrationDue", "soon"), "assets[0].calibrationDue", "not a time"),
    (put("binaryData.0.name", ""), "binaryData[0].name", "is empty"),
    (put("binaryData.0.name", "x" * 257), "binaryData[0].name", "257 characters long, 256"),
    (put("binaryData.0.contentType", "x" * 101), "binaryData[0].contentType", "101 characters"),
    (put("binaryData.0.data", "aGVsbG8"), "binaryData[0].data", "is not base64"),
    (put("binaryData.0.data", "a!Vs"), "binaryData[0].data", "is not base64"),
    (put("binaryData.0.data", "Ø"), "binaryData[0].data", "is not base64"),
    (put("binaryData.0.data", 7), "binaryData[0].data", "must be a base64 text, not 7"),
    (put("binaryData.0.failIdx", "0"), "binaryData[0].failIdx", "must be a whole number"),
    (put("additionalData.0.name", "x" * 201), "additionalData[0].name", "201 characters long, 200"),
    (put("additionalData.0.props.0.name", ""), f"{PROP}.name", "is empty"),
    (put("additionalData.0.props.0.type", ...), f"{PROP}.type", "is missing"),
    (put("additionalData.0.props.0.value", 1), f"{PROP}.value", "must be a text, not 1"),
    (put("additionalData.0.props.0.flags", "x"), f"{PROP}.flags", "must be a whole number"),
    (put("additionalData.0.props.0.props", [{"type": "x"}]), f"{PROP}.props[0].name", "is missing"),
    (put("additionalData.0.props.0.array", ARRAY), f"{PROP}.array.indexes[0].value.type", "is missing"),
    (put("additionalData.0.props.0.array", {"type": "t"}), f"{PROP}.array.dimension", "is missing"),
    (put("additionalData.0.props.0.array", 7), f"{PROP}.array", "must be an object"),
    (put("root.caller", 7), "root.caller", "must be a text, not 7"),
    (put("root.module", []), "root.module", "must be a text, not a list"),
    (put("assets.0.assetType", "x" * 101), "assets[0].assetType", "101 characters"),
    (put("assets.0.calibrationDate", 5), "assets[0].calibrationDate", "not a time"),
    # ---- steps
    (put("root", ...), "root", "is missing"),
    (put("root", 7), "root", "must be an object, not 7"),
    (put("root.stepType", "Action"), "root.stepType", "a root is a SequenceCall"),
    (put("root.stepType", []), "root.stepType", "a root is a SequenceCall"),
    (put("root.steps", {}), "root.steps", "must be a list"),
    (put("root.steps.3", "x"), "root.steps[3]", "must be an object, not 'x'"),
    (step(0, "stepType", ...), "root/ET_NLT.stepType", "is missing"),
    (step(0, "stepType", 7), "root/ET_NLT.stepType", "must be a text"),
    (step(0, "name", ...), "root.steps[0].name", "is missing"),
    (step(0, "name", ""), "root.steps[0].name", "is empty"),
    (step(0, "name", "x" * 101), f"root/{'x' * 101}.name", "101 characters"),
    (step(0, "group", "X"), f"{NLT}.group", "not one of S, M, C"),
    (step(0, "status", ...), f"{NLT}.status", "is missing"),
    (step(0, "status", "X"), f"{NLT}.status", "is 'X', not one of P, F, S, D, E, T"),
    (step(0, "status", 1), f"{NLT}.status", "is 1, not one of"),
    (step(0, "id", 1.5), f"{NLT}.id", "must be a whole number or a text"),
    (step(0, "errorCode", []), f"{NLT}.errorCode", "not a list"),
    (step(0, "errorMessage", 7), f"{NLT}.errorMessage", "must be a text"),
    (step(0, "totTime", "x"), f"{NLT}.totTime", "must be a number"),
    (step(0, "start", "x"), f"{NLT}.start", "not a time"),
    (step(0, "causedUUTFailure", "yes"), f"{NLT}.causedUUTFailure", "must be true or false, not 'yes'"),
    (step(0, "additionalResults", [{}]), f"{NLT}.additionalResults[0].name", "is missing"),
    (step(0, "loop", 7), f"{NLT}.loop", "must be an object"),
    (step(6, "seqCall.path", "x" * 501), "root/SequenceCall.seqCall.path", "501 characters long, 500"),
    (step(6, "seqCall.name", "x" * 201), "root/SequenceCall.seqCall.name", "201 characters long, 200"),
    (step(6, "seqCall.version", "x" * 31), "root/SequenceCall.seqCall.version", "31 characters long, 30"),
    (step(6, "steps.0", {"stepType": "X", "name": "in"}), "root/SequenceCall/in.status", "is missing"),
    # ---- measurements
    (step(0, "numericMeas", {}), f"{NLT}.numericMeas", "must be a list, not an object"),
    (step(0, "status", "F"), f"{NLT}.numericMeas[0].status", "a lone measurement agrees with its step"),
    (row(status="X"), f"{NLT}.numericMeas[0].status", "not one of"),
    (row(status=None), f"{NLT}.numericMeas[0].status", "is missing"),
    (row(value="x"), f"{NLT}.numericMeas[0].value", "must be a number, not 'x'"),
    (row(value="inf"), f"{NLT}.numericMeas[0].value", "must be a number, not 'inf'"),
    (row(value=True), f"{NLT}.numericMeas[0].value", "must be a number, not true"),
    (row(value=[1]), f"{NLT}.numericMeas[0].value", "must be a number, not a list"),
    (row(lowLimit="x", compOp="GE"), f"{NLT}.numericMeas[0].lowLimit", "must be a number"),
    (row(unit=7), f"{NLT}.numericMeas[0].unit", "must be a text"),
    (row(compOp="<="), f"{NLT}.numericMeas[0].compOp", "not one of LOG, EQ"),
    (row(compOp=7), f"{NLT}.numericMeas[0].compOp", "is 7"),
    (row(compOp="CASESENSIT", lowLimit=1), f"{NLT}.numericMeas[0].compOp", "compares texts"),
    *(
        (row(compOp=comp.value, highLimit=1), f"{NLT}.numericMeas[0].lowLimit", "is missing")
        for comp in CompOp
        if comp.bounds == 1 and comp not in (CompOp.CASESENSIT, CompOp.IGNORECASE)
    ),
    *(
        (row(compOp=comp.value, lowLimit=1), f"{NLT}.numericMeas[0].highLimit", "is missing")
        for comp in CompOp
        if comp.bounds == 2
    ),
    (row(compOp="GELE", highLimit=1), f"{NLT}.numericMeas[0].lowLimit", "has two limits"),
    (step(1, "numericMeas.0.name", ...), f"{MNLT}.numericMeas[0].name", "is missing"),
    (step(1, "numericMeas.0.name", "x" * 101), f"{MNLT}.numericMeas[0].name", "101 characters"),
    (text_row(value=7), f"{SVT}.stringMeas[0].value", "must be a text, not 7"),
    (text_row(compOp="CASESENSIT"), f"{SVT}.stringMeas[0].limit", "is missing"),
    (text_row(compOp="IGNORECASE"), f"{SVT}.stringMeas[0].limit", "is missing"),
    (text_row(compOp="GE", limit="x"), f"{SVT}.stringMeas[0].compOp", "compares numbers"),
    (text_row(compOp="Log"), f"{SVT}.stringMeas[0].compOp", "is 'Log'"),
    (step(3, "booleanMeas.0.status", "Q"), "root/ET_PFT.booleanMeas[0].status", "not one of"),
    # ---- charts, attachments
    (step(4, "chart", 7), "root/Chart.chart", "must be an object"),
    (step(4, "chart.chartType", "Pie"), "root/Chart.chart.chartType", "not one of Line"),
    (step(4, "chart.label", "x" * 101), "root/Chart.chart.label", "101 characters"),
    (step(4, "chart.xUnit", "x" * 51), "root/Chart.chart.xUnit", "51 characters long, 50"),
    (step(4, "chart.series.0.name", ""), "root/Chart.chart.series[0].name", "is empty"),
    (step(4, "chart.series.0.dataType", ...), "root/Chart.chart.series[0].dataType", "is missing"),
    (
        step(4, "chart.series.0.xdata", "0;x"),
        "root/Chart.chart.series[0].xdata",
        "'x', which is not a number",
    ),
    (step(4, "chart.series.0.ydata", [1]), "root/Chart.chart.series[0].ydata", "must be a text of numbers"),
    (step(4, "chart.series.0.ydata", "1;2;3"), "root/Chart.chart.series[0].ydata", "3 numbers, xdata has 2"),
    (step(5, "attachment.data", "???"), "root/Action.attachment.data", "is not base64"),
    (step(5, "attachment.name", ...), "root/Action.attachment.name", "is missing"),
    (step(5, "attachment.description", "x" * 501), "root/Action.attachment.description", "501 characters"),
    # ---- loops
    (step(7, "loop.num", 3), "root/loop.loop.num", "is 3, it must be one more than endingIndex 1"),
    (step(7, "loop.num", ...), "root/loop.loop.num", "is missing"),
    (step(7, "loop.endingIndex", "1"), "root/loop.loop.endingIndex", "must be a whole number"),
    (step(9, "loop.idx", 2), "root/loop.loop.endingIndex", "is 1, the highest index of the iterations is 2"),
    (step(8, "name", "M"), "root/M", "iteration 0 does not match its summary: name 'M'"),
    (step(7, "loop.passed", "x"), "root/loop.loop.passed", "must be a whole number"),
]

REPAIR_ERRORS: list[tuple[Change, str, str]] = [
    (put("uur", ...), "uur", "is missing"),
    (put("uur.user", "x" * 101), "uur.user", "101 characters"),
    (put("uur.processCode", "10"), "uur.processCode", "must be a whole number"),
    (put("uur.refUUT", "x"), "uur.refUUT", "not a UUID"),
    (put("uur.confirmDate", "x"), "uur.confirmDate", "not a time"),
    (put("uur.active", "x"), "uur.active", "must be true or false"),
    (put("result", "X"), "result", "not one of"),
    (put("subUnits.0.failures.0.category", ...), "subUnits[0].failures[0].category", "is missing"),
    (put("subUnits.0.failures.0.code", ""), "subUnits[0].failures[0].code", "is empty"),
    (put("subUnits.0.failures.0.comRef", 7), "subUnits[0].failures[0].comRef", "must be a text"),
    (
        put("subUnits.0.failures.0.refStepId", "7"),
        "subUnits[0].failures[0].refStepId",
        "must be a whole number",
    ),
    (put("subUnits.1.idx", 0), "subUnits[1].idx", "0 stands twice"),
    (put("subUnits.1.idx", "x"), "subUnits[1].idx", "must be a whole number"),
    (put("subUnits.1.pn", ""), "subUnits[1].pn", "is empty"),
]

WARNINGS: list[tuple[Change, str, str]] = [
    # What servers take, or the format's owner writes himself: told, not refused.
    (put("sn", "A/B*"), "sn", "holds * /"),
    (put("pn", "A%"), "pn", "holds %"),
    (put("startUTC", "2020-13"), "startUTC", "not a time"),
    (put("startUTC", 7), "startUTC", "not a time"),
    (put("uut.execTime", -1), "uut.execTime", "is -1"),
    (row(value="1.5"), f"{NLT}.numericMeas[0].value", "write it as a number"),
    (row(lowLimit=1), f"{NLT}.numericMeas[0].compOp", "is LOG"),
    (row(compOp="GE", lowLimit=1, highLimit=2), f"{NLT}.numericMeas[0].highLimit", "one limit"),
    (row(compOp="GELE", lowLimit=2, highLimit=1), f"{NLT}.numericMeas[0].lowLimit", "2 is above highLimit 1"),
    (row(value=None), f"{NLT}.numericMeas[0].value", "is missing"),
    (text_row(limit="x"), f"{SVT}.stringMeas[0].compOp", "is LOG"),
    (step(0, "numericMeas", []), f"{NLT}.numericMeas", "nothing was measured"),
    (step(0, "numericMeas.1", {"status": "P", "value": 1}), f"{NLT}.numericMeas", "holds 2 measurements"),
    (step(0, "booleanMeas", [{"status": "P"}]), f"{NLT}.booleanMeas", "ET_NLT has numericMeas"),
    (
        step(1, "numericMeas.1", {"name": "a", "status": "P", "value": 1}),
        f"{MNLT}.numericMeas[1].name",
        "twice",
    ),
    (step(1, "id", 2), f"{MNLT}.id", "2 stands twice"),
    (step(4, "chart.series.0.ydata", ""), "root/Chart.chart.series[0].ydata", "is empty"),
    (step(8, "stepType", "Label"), "root/loop#2", "iteration 0 does not match its summary: stepType 'Label'"),
    (step(9, "loop.idx", 0), "root/loop#3.loop.idx", "stands twice"),
    (step(7, "loop", ...), "root/loop#2.loop", "without a summary"),
    (put("binaryData.0.failIdx", 0), "binaryData[0].failIdx", "a test report has no failures"),
    (array("0"), f"{PROP}.array.indexes[1].indexes", "must be a list of whole numbers"),
    (array(0, 1), f"{PROP}.array.indexes[1].indexes", "has 2 numbers, the array has 1 dimensions"),
]


def found(data: dict[str, Any], severity: str) -> list[Issue]:
    return [issue for issue in validate(Report(data)) if issue.severity == severity]


def test_the_reports_of_this_test_are_sound() -> None:
    assert validate(Report(uut())) == []
    assert validate(Report(uur())) == []
    for path in DATA.glob("*.json"):
        errors = found(json.loads(path.read_bytes()), "error")
        assert [error.place for error in errors] == (
            ["root/Looped.loop.num"] if path.stem == "rich" else []
        ) + (["root/Looped.loop.endingIndex"] if path.stem == "rich" else [])


def test_nulls_between_properties_pass() -> None:
    data = uut()
    array(0)(data)
    data["additionalData"][0]["props"].append(None)
    data["additionalData"][0]["props"][0]["props"] = [None]
    assert validate(Report(data)) == []


def names(table: list[tuple[Change, str, str]]) -> list[str]:
    return [f"{place} {text}"[:70] for _, place, text in table]


@pytest.mark.parametrize(("change", "place", "text"), ERRORS, ids=names(ERRORS))
def test_errors_of_test_reports(change: Change, place: str, text: str) -> None:
    data = uut()
    change(data)
    errors = found(data, "error")
    assert [error.place for error in errors if text in error.text] == [place], errors
    with pytest.raises(ValidationError) as caught:
        check(Report(data))
    assert any(text in issue for issue in caught.value.issues)
    assert place in str(caught.value)


@pytest.mark.parametrize(("change", "place", "text"), REPAIR_ERRORS, ids=names(REPAIR_ERRORS))
def test_errors_of_repair_reports(change: Change, place: str, text: str) -> None:
    data = uur()
    change(data)
    errors = found(data, "error")
    assert [error.place for error in errors if text in error.text] == [place], errors


@pytest.mark.parametrize(("change", "place", "text"), WARNINGS, ids=names(WARNINGS))
def test_warnings(change: Change, place: str, text: str) -> None:
    data = uut()
    change(data)
    warnings = found(data, "warning")
    assert place in [warning.place for warning in warnings if text in warning.text], warnings
    if text != "stands twice":  # where the last index stands twice, the highest is wrong as well
        assert found(data, "error") == []


@pytest.mark.parametrize(
    ("change", "place", "text"),
    [
        (put("root", {}), "root", "has no steps"),
        (put("subUnits.1.parentIdx", 9), "subUnits[1].parentIdx", "9 is no unit"),
        (put("subUnits.1.replacedIdx", 9), "subUnits[1].replacedIdx", "9 is no unit"),
    ],
)
def test_warnings_of_repair_reports(change: Change, place: str, text: str) -> None:
    data = uur()
    change(data)
    assert [(issue.place, issue.severity, text in issue.text) for issue in validate(Report(data))] == [
        (place, "warning", True)
    ]
