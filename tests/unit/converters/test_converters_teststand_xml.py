"""XML reports of TestStand, both root shapes: every kind of step, times, batches, spoilt files."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from stationmaster.api import ConversionError, ConverterOptions, Glimpse, Report, Station
from stationmaster.api.step import Step
from stationmaster.api.testing import convert_file, source_of
from stationmaster.converters.teststand_xml import TestStandXmlConverter

DATA = Path(__file__).parents[2] / "data" / "teststand-xml"
OSLO = Station(name="TEST", time_zone="Europe/Oslo")


def convert(name: str, **options: Any) -> list[Report]:
    return convert_file(TestStandXmlConverter(), DATA / name, options=options, station=OSLO)


def board() -> Report:
    [report] = convert("board.xml")
    return report


def prop(name: str, kind: str, inside: str) -> str:
    return f"<Prop Name='{name}' Type='{kind}'>{inside}</Prop>"


def value(name: str, text: str, kind: str = "String") -> str:
    return prop(name, kind, f"<Value>{text}</Value>")


def result(name: str, kind: str, *inside: str, status: str = "Passed", ts: str = "") -> str:
    told = prop("TS", "Obj", value("StepName", name) + value("StepType", kind) + ts)
    return f"<Prop Type='TEResult'>{value('Status', status)}{''.join(inside)}{told}</Prop>"


def call(*steps: str) -> str:
    cells = "".join(f"<Value ID='[{at}]'>{one}</Value>" for at, one in enumerate(steps))
    return prop("SequenceCall", "Obj", prop("ResultList", "Array", cells))


UUT = prop("UUT", "Obj", value("SerialNumber", "SN-1") + value("PartNumber", "P-1"))


def document(*steps: str, attributes: str = "UUTResult='Passed'", more: str = UUT) -> str:
    main = result("Main", "SequenceCall", ts=call(*steps))
    return f"<Reports><Report Type='UUT' {attributes}>{more}{main}</Report></Reports>"


def made(tmp_path: Path, text: str, **options: Any) -> list[Report]:
    path = tmp_path / "unit.xml"
    path.write_text(text, encoding="utf-8")
    return convert_file(TestStandXmlConverter(), path, options={"process_code": 10} | options, station=OSLO)


def refused(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConversionError) as caught:
        made(tmp_path, text)
    return str(caught.value)


def step(report: Report, name: str, at: int = 0) -> Step:
    return [one for one in report.steps() if one.name == name][at]


def row(report: Report, name: str) -> dict[str, Any]:
    found: dict[str, Any] = step(report, name).data["numericMeas"][0]
    return found


# ---------------------------------------------------------------- header
def test_the_header() -> None:
    report = board()
    assert (report.sn, report.pn, report.data["rev"], report.data["result"]) == ("SN-1001", "BRD-7", "B", "F")
    assert report.data["processCode"] == 20
    assert (report.data["machineName"], report.data["location"]) == ("FCT-2", "Hall 1")
    assert report.data["purpose"] == "Series"
    info = report.data["uut"]
    assert (info["user"], info["execTime"], info["batchSN"]) == ("kim", 0.2, "B-17")
    assert (info["fixtureId"], info["comment"]) == ("FX-3", "after rework")
    # -1 is TestStand's "no socket"
    assert "testSocketIndex" not in info
    assert report.data["subUnits"] == [{"partType": "Display", "pn": "DSP-1", "rev": "C", "sn": "D-0001"}]
    assert report.data["miscInfos"] == [{"description": "Cycles", "text": "1201"}]
    assert report.data["additionalData"][0]["props"] == [
        {"name": "Line", "type": "String", "value": "A"},
        {"name": "Shift", "type": "Number", "value": "2"},
    ]
    assert report.root.data["seqCall"] == {
        "path": "C:\\Programs\\board.seq",
        "name": "MainSequence",
        "version": "2.4.0.0",
    }


def test_times_come_from_numbers_and_steps_count_from_the_engines_start() -> None:
    report = board()
    # the date's text beside them is French
    assert report.data["start"] == "2026-03-02T07:15:30.250000+01:00"
    assert step(report, "Power on").data["start"] == "2026-03-02T07:15:30.500000+01:00"
    assert step(report, "Power on").data["totTime"] == 0.2


def test_the_other_root() -> None:
    [report] = convert("addon.xml")
    assert report.id == "3f0a2c1e-6d2b-4c1e-9d56-8d6a4f3f2b77"
    assert (report.sn, report.pn, report.data["rev"]) == ("SN-1004", "BRD-7", "B")
    assert (report.data["processCode"], report.data["result"]) == (60, "P")
    assert report.data["start"] == "2026-03-02T07:15:30.250000+01:00"
    # 214.25 s after the engine started
    assert step(report, "LEDs").data["start"] == "2026-03-02T07:15:30.500000+01:00"
    assert report.warnings == []


def test_several_units_and_the_summary_of_their_batch() -> None:
    first, second = convert("batch.xml")
    assert (first.sn, first.data["result"], first.data["uut"]["testSocketIndex"]) == ("SN-1002", "P", 0)
    assert (second.sn, second.pn, second.data["result"]) == ("SN-1003", "BRD-8", "T")
    assert first.record is not None
    assert first.record != second.record


def test_a_file_without_the_add_on_takes_options(tmp_path: Path) -> None:
    unit = prop("UUT", "Obj", value("SerialNumber", "SN-1"))
    [report] = made(tmp_path, document(more=unit), part_number="P-9", revision="C", process_code=30)
    assert (report.pn, report.data["rev"], report.data["processCode"]) == ("P-9", "C", 30)
    assert not report.timed
    details = prop("UUTOperationTypeDetails", "Obj", value("OpTypeName", "FCT"))
    unit = prop("UUT", "Obj", value("SerialNumber", "SN-1") + value("PartNumber", "P-1") + details)
    [report] = made(tmp_path, document(more=unit), process_codes={"fct": 7}, process_code=None)
    assert report.data["processCode"] == 7


def test_a_result_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="line 1 <Report>: the result 'Odd' is no result") as caught:
        made(tmp_path, document(attributes="UUTResult='Odd'"))
    assert 'words = { "Odd" = "F" }' in caught.value.next_step
    assert "'Skipped' is no result" in refused(tmp_path, document(attributes="UUTResult='Skipped'"))
    [report] = made(tmp_path, document(attributes=""))
    assert report.data["result"] == "P"


def test_words_of_another_language(tmp_path: Path) -> None:
    words = {"Fehlgeschlagen": "f", "bestanden": "P"}
    steps = [
        result("A", "PassFailTest", status="Bestanden"),
        result("B", "PassFailTest", status="Fehlgeschlagen"),
    ]
    text = document(*steps, attributes="UUTResult='fehlgeschlagen'")
    [report] = made(tmp_path, text, words=words)
    assert report.data["result"] == "F"
    assert [step(report, name).status for name in "AB"] == ["P", "F"]
    assert not any("status" in warning for warning in report.warnings)
    with pytest.raises(ConversionError, match="the option words gives 'x' the status 'Q'"):
        made(tmp_path, text, words={"x": "Q"})


def test_a_status_that_nobody_knows_leaves_the_result_of_the_unit(tmp_path: Path) -> None:
    odd = result("A", "PassFailTest", status="Seltsam")
    [report] = made(tmp_path, document(odd, attributes="UUTResult='Failed'"))
    assert (report.data["result"], step(report, "A").status) == ("F", "D")
    assert any(
        "the status 'Seltsam', which the option words lacks, became D" in one for one in report.warnings
    )


def test_a_unit_without_a_result_needs_steps_that_tell_it(tmp_path: Path) -> None:
    text = f"<Reports><Report Type='UUT'>{UUT}</Report></Reports>"
    assert "line 1 <Report>: the report has neither a result nor a step" in refused(tmp_path, text)
    main = prop("TS", "Obj", value("StepName", "Main") + call(result("A", "PassFailTest", status="Seltsam")))
    text = f"<Reports><Report Type='UUT'>{UUT}<Prop Type='TEResult'>{main}</Prop></Report></Reports>"
    assert "the report has no result, and the status 'Seltsam' of a step" in refused(tmp_path, text)
    [report] = made(tmp_path, text, words={"Seltsam": "F"})
    assert report.data["result"] == "F"


def unjudged(*steps: str) -> str:
    """A unit without a result, and steps."""
    main = prop("TS", "Obj", value("StepName", "Main") + call(*steps))
    return f"<Reports><Report Type='UUT'>{UUT}\n<Prop Type='TEResult'>{main}</Prop></Report></Reports>"


PASSED = result("A", "PassFailTest")
SILENT = result("B", "PassFailTest", value("PassFail", "True", "Boolean"), status="")
CALLING = result("C", "NumericLimitTest", ts=call(PASSED))


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ((SILENT,), "line 2 <Prop>: the report has no result, and 'B' has no status: it must not count"),
        ((PASSED, SILENT), "line 2 <Prop>: the report has no result, and 'B' has no status"),
        ((result("S", "SequenceCall", ts=call(SILENT)),), "'B' has no status"),
        ((result("A", "Action", status="Done"),), "line 1 <Report>: .* none of its steps was judged"),
        ((result("A", "PassFailTest", status="Skipped"),), "none of its steps was judged"),
    ],
)
def test_a_unit_that_nobody_judged_does_not_pass(steps: tuple[str, ...], reason: str, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=reason) as caught:
        made(tmp_path, unjudged(*steps))
    assert "may have been broken off" in caught.value.next_step


@pytest.mark.parametrize(
    ("steps", "letter"),
    [
        ((PASSED, result("A", "Action", status="Done")), "P"),
        ((PASSED, result("D", "PassFailTest", status="Failed")), "F"),
        ((CALLING,), "P"),
    ],
)
def test_a_unit_without_a_result_has_that_of_its_steps(
    steps: tuple[str, ...], letter: str, tmp_path: Path
) -> None:
    [report] = made(tmp_path, unjudged(*steps))
    assert report.data["result"] == letter


# ---------------------------------------------------------------- measurements
@pytest.mark.parametrize(
    ("written", "limit", "shown"),
    [("0x1F", "0x10", (31, 16)), ("0XFF", "0b101", (255, 5)), ("-0.0", "1e309", (0, "Infinity"))],
)
def test_numbers_that_are_shown_in_another_base(
    tmp_path: Path, written: str, limit: str, shown: tuple[Any, ...]
) -> None:
    inside = value("Numeric", written, "Number") + prop("Limits", "Obj", value("Low", limit, "Number"))
    [report] = made(tmp_path, document(result("N", "NumericLimitTest", inside, value("Comp", "GE"))))
    assert (row(report, "N")["value"], row(report, "N")["lowLimit"]) == shown


def test_a_word_is_no_number(tmp_path: Path) -> None:
    inside = value("Numeric", "0xfg", "Number")
    assert "Numeric: '0xfg' is no number" in refused(
        tmp_path, document(result("N", "NumericLimitTest", inside))
    )


@pytest.mark.parametrize(
    ("name", "number", "comp", "low", "high", "status"),
    [
        ("VCC", 5.01, "GELE", 4.75, 5.25, "P"),
        ("Above", 6, "GT", 5, None, "P"),
        ("Below", 6, "LE", 7, None, "P"),
        ("Outside", 10, "LTGT", 9, 11, "F"),
        # tolerances in percent around a nominal value of -100
        ("Around", -95, "GELE", -110, -90, "P"),
        ("Logged", 7, "LOG", None, None, "P"),
        ("Not a number", "NaN", "GELE", 4.75, 5.25, "F"),
        ("Bare limits", 7, "GELE", 5, 9, "P"),
        ("Limits gone", 7, "LOG", None, None, "P"),
    ],
)
def test_numbers(
    name: str, number: float | str, comp: str, low: float | None, high: float | None, status: str
) -> None:
    found = row(board(), name)
    assert (found["value"], found["compOp"], found["status"]) == (number, comp, status)
    assert (found.get("lowLimit"), found.get("highLimit")) == (low, high)


def test_what_limits_say_beside_is_report_text() -> None:
    report = board()
    assert step(report, "Around").data["reportText"] == "Nominal: -100 V, -10 +10 PERCENTAGE"
    assert (
        step(report, "Limits gone").data["reportText"] == "Compared by GELE, its limits are not in the file"
    )
    assert any("limits without an operator" in text for text in report.warnings)


def test_limits_that_contradict_the_verdict_are_not_guessed(tmp_path: Path) -> None:
    limits = prop("Limits", "Obj", value("Low", "5", "Number") + value("High", "9", "Number"))
    [report] = made(tmp_path, document(result("V", "NumericLimitTest", value("Numeric", "10"), limits)))
    assert row(report, "V")["compOp"] == "LOG"
    assert step(report, "V").data["reportText"] == "Limits: 5 to 9; how they compare is not told"


def test_verdicts_and_texts() -> None:
    report = board()
    assert step(report, "LEDs").data["booleanMeas"] == [{"status": "P"}]
    # no status of its own: what it measured says it
    assert step(report, "Own verdict").data["booleanMeas"] == [{"status": "F"}]
    assert step(report, "Not reached").data["booleanMeas"] == [{"status": "S"}]
    assert step(report, "Label").data["stringMeas"] == [
        {"status": "F", "value": "brd-7", "compOp": "CASESENSIT", "limit": "BRD-7"}
    ]
    assert step(report, "Label, any case").data["stringMeas"][0]["compOp"] == "IGNORECASE"


def test_numbers_without_a_value_are_told(tmp_path: Path) -> None:
    limits = prop("Limits", "Obj", value("Low", "5", "Number") + value("High", "9", "Number"))
    rest = limits + value("Comp", "GELE") + value("Units", "V")
    cells = "".join(
        f"<Value ID='[{at}]'>{prop(name, 'Obj', value('Data', number, 'Number') + rest)}</Value>"
        for at, (name, number) in enumerate((("a", "6"), ("b", "")))
    )
    several = f"<Prop Name='Measurement' Type='Array'>{cells}</Prop>"
    steps = (
        result("One", "NumericLimitTest", value("Numeric", "", "Number"), rest),
        result("Two", "NI_MultipleNumericLimitTest", several),
        result("Delta", "NumericLimitTest", value("Numeric", "5", "Number"), value("Comp", "ODD"), limits),
    )
    [report] = made(tmp_path, document(*steps))
    assert (step(report, "One").step_type, step(report, "One").status) == ("ET_PFT", "P")
    assert step(report, "One").data["reportText"] == "no value, GELE 5 9 V"
    assert [one["name"] for one in step(report, "Two").data["numericMeas"]] == ["a"]
    assert step(report, "Two").data["reportText"] == "b: no value, GELE 5 9 V, no verdict"
    assert row(report, "Delta")["compOp"] == "LOG"


def test_numbers_with_neither_value_nor_verdict_are_errors(tmp_path: Path) -> None:
    limits = prop("Limits", "Obj", value("Low", "5", "Number") + value("High", "9", "Number"))
    rest = limits + value("Comp", "GELE") + value("Units", "V")

    def several(word: str) -> str:
        numbers = (("a", "6", "Passed"), ("b", "-", word))
        cells = "".join(
            f"<Value ID='[{at}]'>"
            f"{prop(name, 'Obj', value('Data', number, 'Number') + rest + value('Status', status))}</Value>"
            for at, (name, number, status) in enumerate(numbers)
        )
        return f"<Prop Name='Measurement' Type='Array'>{cells}</Prop>"

    steps = (
        result("One", "NumericLimitTest", value("Numeric", "-", "Number"), rest, status=""),
        result("Two", "NI_MultipleNumericLimitTest", several(""), status=""),
        result("Three", "NI_MultipleNumericLimitTest", several("Failed"), status=""),
        result("Four", "NumericLimitTest", value("Numeric", "-", "Number"), value("Comp", "LOG"), status=""),
    )
    [report] = made(tmp_path, document(*steps))
    assert [(one.name, one.step_type, one.status) for one in report.root.steps] == [
        ("One", "ET_PFT", "E"),
        ("Two", "ET_MNLT", "E"),
        ("Three", "ET_MNLT", "F"),
        ("Four", "ET_PFT", "D"),
    ]
    assert any("neither a number nor a verdict" in text for text in report.warnings)


@pytest.mark.parametrize(
    ("inside", "shown"),
    [
        (value("Comp", "RegExp") + value("StringLimit", "a.*"), ("LOG", None, "Expected, RegExp: a.*")),
        (prop("Limits", "Obj", value("String", "abc")), ("CASESENSIT", "abc", None)),
        (
            prop("Limits", "Obj", value("String", "xyz")),
            ("LOG", None, "Limit: xyz; how it compares is not told"),
        ),
    ],
)
def test_texts_and_odd_comparisons(tmp_path: Path, inside: str, shown: tuple[str, str | None, str]) -> None:
    [report] = made(tmp_path, document(result("T", "StringValueTest", value("String", "abc"), inside)))
    found = step(report, "T").data
    [text] = found["stringMeas"]
    assert (text["compOp"], text.get("limit"), found.get("reportText")) == shown


def test_several_measurements() -> None:
    report = board()
    assert [
        (one["name"], one["value"], one["compOp"], one["status"])
        for one in step(report, "Rails").data["numericMeas"]
    ] == [("3V3", 3.31, "GE", "P"), ("1V8", "Infinity", "LT", "F")]
    assert step(report, "Keys").data["booleanMeas"] == [
        {"name": "left", "status": "P"},
        {"name": "right", "status": "F"},
    ]
    assert step(report, "Texts").data["stringMeas"] == [
        {"name": "Firmware", "status": "P", "value": "1.4", "compOp": "CASESENSIT", "limit": "1.4"},
        {"name": "Build", "status": "P", "value": "77", "compOp": "LOG"},
    ]


# ---------------------------------------------------------------- steps
def test_groups_calls_and_the_culprit() -> None:
    report = board()
    assert [one.data["group"] for one in (step(report, "Power on"), step(report, "Power off"))] == ["S", "C"]
    assert step(report, "Power on").data["reportText"] == "12 V supply"
    supply = step(report, "Supply")
    assert [one.name for one in supply.steps] == ["Ripple", "Idle"]
    assert supply.data["causedSeqFailure"] is True
    assert [one.name for one in report.steps() if one.data.get("causedUUTFailure")] == ["Ripple"]
    # what a measured step calls follows it
    assert step(report, "With a call").steps == []
    assert [one.name for one in step(report, "With a call", 1).steps] == ["Inner"]


def test_the_stack_of_failures_names_the_culprit(tmp_path: Path) -> None:
    entry = "<Value ID='[0]'>" + prop("x", "Obj", value("ResultId", "8", "Number")) + "</Value>"
    stack = prop("CriticalFailureStack", "Array", entry)
    unit = prop("UUT", "Obj", value("SerialNumber", "SN-1") + value("PartNumber", "P-1") + stack)
    steps = [
        result(name, "PassFailTest", status="Failed", ts=value("Id", number, "Number"))
        for name, number in (("A", "7"), ("B", "8"))
    ]
    [report] = made(tmp_path, document(*steps, attributes="UUTResult='Failed'", more=unit))
    assert [one.name for one in report.steps() if one.data.get("causedUUTFailure")] == ["B"]


def test_loops_errors_popups_and_own_types() -> None:
    report = board()
    assert [step(report, "Retry", at).data["loop"] for at in range(3)] == [
        {"idx": None, "num": 2, "endingIndex": 1, "passed": 2, "failed": 0},
        {"idx": 0},
        {"idx": 1},
    ]
    crash = step(report, "Crash").data
    assert (crash["status"], crash["errorCode"], crash["errorMessage"]) == ("E", -17306, "no such driver")
    assert step(report, "Ask").data["messagePopup"] == {"response": "go on", "button": 2}
    odd = step(report, "Odd").data
    assert (odd["stepType"], odd["status"], odd["reportText"]) == ("OurStep", "D", "Status: Doubtful")
    [details] = odd["additionalResults"][0]["props"]
    colour, points = details["props"]
    assert (colour["value"], points["array"]["type"]) == ("blue", "Number")
    assert [cell["value"]["value"] for cell in points["array"]["indexes"]] == ["1", "2"]


def test_arrays_of_more_dimensions_keep_their_places(tmp_path: Path) -> None:
    cells = "".join(f"<Value ID='[{at}][0]'>{at}</Value>" for at in range(2))
    table = f"<Prop Name='Table' Type='Array' ElementType='Number'>{cells}</Prop>"
    [report] = made(tmp_path, document(result("A", "Action", table, status="Done")))
    [held] = step(report, "A").data["additionalResults"][0]["props"]
    assert [(one["name"], one["value"]) for one in held["props"]] == [("[0][0]", "0"), ("[1][0]", "1")]


def test_a_run_without_results_is_a_report(tmp_path: Path) -> None:
    text = f"<Reports><Report Type='UUT' UUTResult='Terminated'>{UUT}</Report></Reports>"
    [report] = made(tmp_path, text)
    assert (report.data["result"], report.root.steps) == ("T", [])


def test_the_source_can_be_attached() -> None:
    [report] = convert("addon.xml", attach_source=True)
    assert base64.b64decode(report.data["binaryData"][0]["data"]) == (DATA / "addon.xml").read_bytes()


def test_each_unit_of_several_has_its_own_part_attached(tmp_path: Path) -> None:
    """A file of 1,000 units is not stored 1,000 times."""
    reports = convert("batch.xml", attach_source=True)
    assert len(reports) == 2
    for report in reports:
        [attached] = report.data["binaryData"]
        path = tmp_path / attached["name"]
        path.write_bytes(base64.b64decode(attached["data"]))
        # What is attached is a report by itself, and makes the same report.
        [again] = convert_file(TestStandXmlConverter(), path, station=OSLO)
        assert (again.sn, again.data["result"], again.data["start"]) == (
            report.sn,
            report.data["result"],
            report.data["start"],
        )
        assert again.data["root"] == report.data["root"]


def test_common_options_are_enough() -> None:
    [report] = TestStandXmlConverter().convert(source_of(DATA / "board.xml"), ConverterOptions(), None)
    assert isinstance(report, Report)


# ---------------------------------------------------------------- refusals
DATE = prop("StartDate", "Obj", "".join(value(key, "{}", "Number") for key in ("Year", "Month", "MonthDay")))
TIME = prop("StartTime", "Obj", "".join(value(key, "7", "Number") for key in ("Hours", "Minutes", "Seconds")))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<Reports/>", "holds no report"),
        ("<Reports><Report Type='Batch'/></Reports>", "only the summary of a batch"),
        ("<Report/>", "no root of a TestStand report"),
        (document(more=""), "no serial number"),
        (document(more=UUT.replace("SN-1", "NONE")), "placeholder"),
        (document(result("V", "NumericLimitTest", value("Numeric", "much"))), "'much' is no number"),
        (document(more=UUT + DATE.format(2026, 13, 1) + TIME), "StartDate, StartTime: month must be"),
        (document(more=UUT + DATE.format(1900, 1, 1) + TIME), "year 1900"),
        (document()[:-4], "not well-formed"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    assert reason in refused(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "confidence", "complete"),
    [
        (document(), 90, True),
        (document()[:-3], 90, False),
        ("<TSReport><ReportInfo key='ID' value='x'/></TSReport>", 90, True),
        ("<TSReport><Other/></TSReport>", 0, True),
        ("<Reports><Report/></Reports>", 0, True),
        ("<Reports xmlns='urn:x'><Report Type='UUT'/></Reports>", 0, True),
        ("{}", 0, False),
        ("", 0, False),
    ],
)
def test_detection_and_completeness(text: str, confidence: int, complete: bool) -> None:  # noqa: FBT001 - a table
    data = text.encode()
    glimpse = Glimpse(name="x.xml", size=len(data), head=data, tail=data[-4096:])
    assert TestStandXmlConverter().detect(glimpse) == confidence
    assert TestStandXmlConverter().is_complete(glimpse) == complete
