"""ATML: three versions of one run, every kind of limit and measurement, verdicts, loops, spoilt files."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from corpus.oracle import told
from stationmaster.api import ConversionError, ConverterOptions, Glimpse, Report, Station
from stationmaster.api.step import Step
from stationmaster.api.testing import convert_file, source_of
from stationmaster.converters.atml import AtmlConverter

DATA = Path(__file__).parents[2] / "data" / "atml"
OPTIONS: dict[str, Any] = {"process_code": 10}
OSLO = Station(name="TEST", time_zone="Europe/Oslo")
RUNS = ("run_202.xml", "run_500.xml", "run_601.xml")
NS = (
    'xmlns:tr="urn:IEEE-1636.1:2013:TestResults" xmlns:c="urn:IEEE-1671:2010:Common" '
    'xmlns:ts="www.ni.com/TestStand/ATMLTestResults/3.0" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)
UUT = (
    "<tr:UUT><c:Definition><c:Identification><c:IdentificationNumbers>"
    '<c:IdentificationNumber number="P-1" type="Part"/></c:IdentificationNumbers></c:Identification>'
    "</c:Definition><c:SerialNumber>SN-1</c:SerialNumber></tr:UUT>"
)


def convert(name: str, **options: Any) -> Report:
    [report] = convert_file(AtmlConverter(), DATA / name, options=OPTIONS | options, station=OSLO)
    return report


def results(inside: str, *, outcome: str = 'value="Passed"', times: str = "", unit: str = UUT) -> str:
    times = times or 'startDateTime="2026-03-02T07:15:30"'
    return (
        f"<tr:TestResults {NS}>"
        f'<tr:ResultSet ID="1" name="a.seq#Main" {times}><tr:Outcome {outcome}/>{inside}</tr:ResultSet>'
        f"{unit}</tr:TestResults>"
    )


def made(tmp_path: Path, text: str, **options: Any) -> list[Report]:
    path = tmp_path / "unit.xml"
    path.write_text(text, encoding="utf-8")
    return convert_file(AtmlConverter(), path, options=OPTIONS | options, station=OSLO)


def refused(tmp_path: Path, text: str, **options: Any) -> str:
    with pytest.raises(ConversionError) as caught:
        made(tmp_path, text, **options)
    return str(caught.value)


def step(report: Report, name: str, at: int = 0) -> Step:
    return [one for one in report.steps() if one.name == name][at]


def row(report: Report, name: str) -> dict[str, Any]:
    found: dict[str, Any] = step(report, name).data["numericMeas"][0]
    return found


def bare(value: Any) -> Any:
    """Without what differs from run to run and from version to version: times and durations."""
    if isinstance(value, dict):
        return {key: bare(one) for key, one in value.items() if key not in {"start", "totTime", "execTime"}}
    return [bare(one) for one in value] if isinstance(value, list) else value


# ---------------------------------------------------------------- versions
def test_the_three_versions_of_one_run_give_equal_reports() -> None:
    first, second, third = (bare(convert(name).data) for name in RUNS)
    assert first == second == third


def test_the_run() -> None:
    report = convert("run_500.xml")
    assert (report.sn, report.pn, report.data["rev"], report.data["result"]) == ("SN-1001", "BRD-7", "A", "F")
    assert (report.data["machineName"], report.data["uut"]) == ("FCT-2", {"user": "kim", "execTime": 5.5})
    assert report.data["start"] == "2026-03-02T07:15:30.250000+01:00"
    assert report.root.data["seqCall"] == {
        "path": "C:\\Programs\\board.seq",
        "name": "MainSequence",
        "version": "1.0",
    }
    assert told(report) == [
        "Power on: Action D",
        "Check supply: SequenceCall F",
        "Check supply / VCC: ET_NLT P",
        "Check supply / VCC = 5.01 V GELE 4.75 5.25 P",
        "Check supply / Ripple: ET_NLT F",
        "Check supply / Ripple = 62 mV LE 50 F",
        "Burn in: SequenceCall S",
        "LEDs: ET_PFT P",
        "LEDs = P",
        "If: NI_Flow_If D",
    ]
    assert [one.data["group"] for one in report.root.steps] == ["S", "M", "M", "M", "C"]
    assert step(report, "Check supply").data["seqCall"]["name"] == "Supply"
    assert step(report, "If").data["reportText"] == "{True}"
    assert step(report, "VCC").data["start"] == "2026-03-02T07:15:31+01:00"
    assert report.warnings == []


@pytest.mark.parametrize("name", RUNS)
def test_the_culprit_is_the_step_that_made_the_test_fail(name: str) -> None:
    report = convert(name)
    assert [one.name for one in report.steps() if one.data.get("causedUUTFailure")] == ["Ripple"]
    assert [one.name for one in report.steps() if one.data.get("causedSeqFailure")] == [
        "Check supply",
        "Ripple",
    ]


def test_three_real_runs_in_three_versions_give_equal_trees(corpus: Path) -> None:
    files = sorted((corpus / "atml").rglob("ATML *"))
    assert len(files) == 3
    trees = []
    for path in files:
        [report] = convert_file(AtmlConverter(), path, options=OPTIONS, station=OSLO)
        trees.append(bare(report.data))
    assert trees[0] == trees[1] == trees[2]


# ---------------------------------------------------------------- limits
@pytest.mark.parametrize(
    ("name", "comp", "low", "high", "status"),
    [
        ("Outside", "LTGT", 9, 11, "P"),
        ("Outside or on it", "LEGE", 9, 11, "F"),
        ("Half open", "GELT", 9, 11, "P"),
        ("Equal", "EQ", 4, None, "F"),
        ("Not equal", "NE", 4, None, "P"),
        # tolerances around a nominal value, which may be negative
        ("Around percent", "GELE", -109, -89, "F"),
        ("Around ppm", "GELE", 99.5, 100.5, "P"),
        ("Around delta", "GELE", -5, 15, "P"),
        ("Logged", "LOG", None, None, "P"),
        ("Not a number", "GTLE", 9, 11, "F"),
    ],
)
def test_limits(name: str, comp: str, low: float | None, high: float | None, status: str) -> None:
    found = row(convert("everything.xml"), name)
    assert (found["compOp"], found.get("lowLimit"), found.get("highLimit")) == (comp, low, high)
    assert (found["status"], found["unit"]) == (status, "V")


def test_a_nominal_value_is_report_text() -> None:
    assert step(convert("everything.xml"), "Around percent").data["reportText"] == (
        "Nominal: -100, -9 +11 PERCENTAGE"
    )


def _number(kind: str, value: str, limit: str) -> str:
    return (
        '<tr:Test ID="2" name="N"><tr:Outcome value="Passed"/><tr:TestResult ID="3" name="Numeric">'
        '<tr:TestLimits><tr:Limits><c:SingleLimit comparator="LE">'
        f'<c:Datum xsi:type="c:{kind}" {limit}/></c:SingleLimit></tr:Limits></tr:TestLimits>'
        f'<tr:TestData><c:Datum xsi:type="c:{kind}" {value}/></tr:TestData></tr:TestResult></tr:Test>'
    )


@pytest.mark.parametrize(
    ("kind", "value", "limit", "shown"),
    [
        ("hexadecimal", "1F", "0x20", (31, 32)),
        ("hexadecimal", "10", "20", (16, 32)),
        ("octal", "17", "20", (15, 16)),
        ("binary", "101", "110", (5, 6)),
        ("unsignedInteger", "10", "20", (10, 20)),
        ("double", "-0.0", "1e309", (0, "Infinity")),
    ],
)
def test_numbers_of_every_base(
    tmp_path: Path, kind: str, value: str, limit: str, shown: tuple[Any, ...]
) -> None:
    [report] = made(tmp_path, results(_number(kind, f'value="{value}"', f'value="{limit}"')))
    assert (row(report, "N")["value"], row(report, "N")["lowLimit"]) == shown


def test_a_complex_number_is_report_text(tmp_path: Path) -> None:
    text = _number("complex", 'real="1.5" imaginary="-2"', 'value="1"').replace("complex", "double", 1)
    [report] = made(tmp_path, results(text))
    found = step(report, "N")
    assert (found.step_type, found.status) == ("ET_PFT", "P")
    assert found.data["reportText"] == "Numeric: 1.5 -2 i\nno value, LE 1"


def test_words_are_no_numbers(tmp_path: Path) -> None:
    assert "'XY'" in refused(tmp_path, results(_number("hexadecimal", 'value="XY"', 'value="1"')))


def test_texts_and_how_they_are_compared() -> None:
    report = convert("everything.xml")
    assert step(report, "Label").data["stringMeas"] == [
        {"status": "F", "value": "brd-7", "compOp": "CASESENSIT", "limit": "BRD-7"}
    ]
    assert step(report, "Label, any case").data["stringMeas"][0]["compOp"] == "IGNORECASE"
    pattern = step(report, "Label, pattern").data
    assert pattern["stringMeas"] == [{"status": "P", "value": "BRD-7", "compOp": "LOG"}]
    assert pattern["reportText"] == "Expected, RegularExpressionIgnoreCase: brd-[0-9]"
    assert step(report, "Texts").data["stringMeas"] == [
        {"name": "Firmware", "status": "P", "value": "1.4", "compOp": "CASESENSIT", "limit": "1.4"},
        {"name": "Build", "status": "P", "value": "77", "compOp": "LOG"},
    ]


def test_limits_that_stand_beside_the_value_are_taken_with_a_warning(tmp_path: Path) -> None:
    number = '<c:Datum value="{}" xsi:type="c:double"/>'
    low, high = (
        f'<c:Item name="{name}">{number.format(value)}</c:Item>' for name, value in (("Low", 0), ("High", 10))
    )
    inside = (
        '<tr:Test name="V"><tr:Outcome value="Passed"/>'
        f'<tr:TestResult ID="Numeric"><tr:TestData>{number.format(7)}</tr:TestData></tr:TestResult>'
        f'<tr:TestResult ID="Limits"><tr:TestData><c:Collection>{low}{high}</c:Collection></tr:TestData>'
        "</tr:TestResult></tr:Test>"
    )
    [report] = made(tmp_path, results(inside))
    assert (row(report, "V")["compOp"], row(report, "V")["highLimit"]) == ("GELE", 10)
    assert any("limits without an operator" in text for text in report.warnings)
    [report] = made(tmp_path, results(inside.replace('value="7"', 'value="70"')))
    assert row(report, "V")["compOp"] == "LOG"
    assert step(report, "V").data["reportText"] == "Limits: 0 to 10; how they compare is not told"


# ---------------------------------------------------------------- steps
def test_several_measurements_have_their_own_verdicts() -> None:
    report = convert("everything.xml")
    assert [
        (one["name"], one["value"], one["status"]) for one in step(report, "Rails").data["numericMeas"]
    ] == [
        ("3V3", 3.31, "P"),
        ("1V8", "Infinity", "F"),
    ]
    keys = step(report, "Keys").data
    assert keys["booleanMeas"] == [{"name": "left", "status": "P"}, {"name": "right", "status": "F"}]
    assert keys["reportText"] == "two keys"


def test_a_graph_has_its_curve_and_other_arrays_are_additional_results() -> None:
    report = convert("everything.xml")
    [curve] = step(report, "Graph").data["chart"]["series"]
    assert (curve["name"], curve["xdata"], curve["ydata"]) == ("Inrush", "0;1;2", "0;1;4")
    [held] = step(report, "Recorded").data["additionalResults"]
    table, humidity, rack = held["props"]
    assert (table["name"], table["array"]["dimension"], len(table["array"]["indexes"])) == ("Table", 2, 6)
    assert (humidity["type"], humidity["value"]) == ("Number", "41")
    assert rack["props"][1]["props"][0] == {"name": "Free", "type": "Number", "value": "3"}


def test_own_step_types_and_words_are_told() -> None:
    report = convert("everything.xml")
    own = step(report, "Own type").data
    assert (own["stepType"], own["status"]) == ("ET_NLT", "F")
    assert own["additionalResults"][0]["props"][0]["value"] == "OurVoltageTest"
    word = step(report, "Other word").data
    assert (word["status"], word["reportText"]) == ("D", "Status: Doubtful")
    assert any("'Doubtful' became D" in text for text in report.warnings)


def test_loops_and_what_is_none() -> None:
    report = convert("everything.xml")
    assert [step(report, "Retry", at).data["loop"] for at in range(3)] == [
        {"idx": None, "num": 2, "endingIndex": 1, "passed": 2, "failed": 0},
        {"idx": 0},
        {"idx": 1},
    ]
    # its iteration has another limit: a server would not take it as a loop
    assert [step(report, "Sweep", at).data.get("loop") for at in range(2)] == [None, None]
    assert step(report, "Sweep").data["additionalResults"][0]["name"] == "Loop"
    assert any("a loop whose steps are not alike" in text for text in report.warnings)


def test_steps_without_a_value_popups_programs_and_errors() -> None:
    report = convert("everything.xml")
    assert step(report, "No value").data["booleanMeas"] == [{"status": "T"}]
    assert step(report, "Ask").data["messagePopup"] == {"response": "go on", "button": 2}
    assert step(report, "Flash").data["callExe"] == {"exitCode": 3}
    crash = step(report, "Crash").data
    assert (crash["stepType"], crash["status"], crash["errorCode"]) == ("InitDriver", "E", -17306)
    assert report.data["uut"]["errorMessage"] == "no such driver"


def test_a_step_may_call_a_sequence() -> None:
    report = convert("everything.xml")
    # readers of reports look for steps in sequences only: what it calls follows it
    outer, inner = step(report, "With a call"), step(report, "With a call", 1)
    assert (outer.step_type, outer.steps, inner.step_type) == ("ET_NLT", [], "SequenceCall")
    assert inner.data["seqCall"]["version"] == "2.4.0.0"
    assert [one.name for one in inner.steps] == ["Inner"]


def test_the_container_of_this_unit_fills_the_header() -> None:
    report = convert("everything.xml", process_code=None)
    assert (report.pn, report.data["rev"], report.data["processCode"]) == ("BRD-9", "C", 20)
    info = report.data["uut"]
    assert (info["batchSN"], info["fixtureId"], info["testSocketIndex"]) == ("B-17", "FX-3", 2)
    assert info["comment"] == "second run"
    assert report.data["subUnits"] == [{"partType": "Display", "pn": "DSP-1", "rev": "C", "sn": "D-0001"}]
    assert report.data["miscInfos"] == [{"description": "Cycles", "text": "1201"}]
    assert report.data["additionalData"][0]["name"] == "UUT"
    assert report.data["start"] == "2026-07-02T07:15:30.250000+02:00"


def test_the_container_of_another_unit_does_not(tmp_path: Path) -> None:
    text = (DATA / "everything.xml").read_text(encoding="utf-8")
    other = text.replace("<c:SerialNumber>SN-1002", "<c:SerialNumber>SN-1003")
    [report] = made(tmp_path, other, part_number="BRD-7")
    assert (report.sn, report.pn, report.data["rev"]) == ("SN-1003", "BRD-7", "A")
    assert "subUnits" not in report.data


def test_files_of_other_programs_lack_step_types(tmp_path: Path) -> None:
    datum = '<c:Datum value="{}" xsi:type="c:double" standardUnit="V"/>'
    limits = (
        '<tr:TestLimits><tr:Limits><c:SingleLimit comparator="GE">'
        f"{datum.format(1)}</c:SingleLimit></tr:Limits></tr:TestLimits>"
    )
    inside = (
        '<tr:Test name="Self test"><tr:Outcome value="Passed"/></tr:Test>'
        '<tr:TestGroup name="Supply"><tr:Outcome value="Passed"/>'
        '<tr:Test name="VCC"><tr:Outcome value="Passed"/><tr:TestResult ID="m1">'
        f"<tr:TestData>{datum.format(5)}</tr:TestData>{limits}</tr:TestResult></tr:Test>"
        '</tr:TestGroup><tr:SessionAction name="Off"><tr:ActionOutcome value="Done"/></tr:SessionAction>'
    )
    [report] = made(tmp_path, results(inside))
    assert told(report) == [
        "Self test: ET_PFT P",
        "Self test = P",
        "Supply: SequenceCall P",
        "Supply / VCC: ET_MNLT P",
        "Supply / VCC / m1 = 5 V GE 1 P",
        "Off: Action D",
    ]
    assert not [one for one in report.steps() if one.data.get("additionalResults")]


STRING = '<c:Datum xsi:type="c:string"><c:Value>{}</c:Value></c:Datum>'
RESULT = '<tr:TestResult name="{}"><tr:TestData>{}</tr:TestData>{}</tr:TestResult>'
EXPECTED = '<tr:TestLimits><tr:Limits><c:Expected comparator="{}">{}</c:Expected></tr:Limits></tr:TestLimits>'


def test_without_a_verdict_limits_decide_and_are_told_so(tmp_path: Path) -> None:
    number = '<c:Datum value="{}" xsi:type="c:double"/>'
    bound = f'<tr:TestLimits><tr:Limits><c:SingleLimit comparator="GE">{number.format(1)}</c:SingleLimit>'
    limits = f"{bound}</tr:Limits></tr:TestLimits>"
    text = EXPECTED.format("CIEQ", STRING.format("ABC"))
    inside = (
        f'<tr:Test name="Number">{RESULT.format("Numeric", number.format(0), limits)}</tr:Test>'
        f'<tr:Test name="Text">{RESULT.format("String", STRING.format("abc"), text)}</tr:Test>'
        f'<tr:Test name="Numbers">{RESULT.format("a", number.format(2), limits)}'
        f"{RESULT.format('b', number.format(''), limits)}</tr:Test>"
        '<tr:Test name="Nothing"/>'
    )
    [report] = made(tmp_path, results(inside))
    shown = [(one.name, one.status) for one in report.root.steps]
    assert shown == [("Number", "F"), ("Text", "P"), ("Numbers", "E"), ("Nothing", "D")]
    assert step(report, "Numbers").data["reportText"] == "b: no value, GE 1, no verdict"
    lost = "neither a number nor a verdict"
    for told_of in ("its limits decided", "its limit decided", "without a verdict became D", lost):
        assert any(told_of in text for text in report.warnings), told_of


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        ('<tr:Test name="A"><tr:Outcome value="Passed"/></tr:Test><tr:Test name="B"/>', "'B' has no status"),
        ('<tr:Test name="A"><tr:Outcome value="Done"/></tr:Test>', "none of its steps was judged"),
        ("", "none of its steps was judged"),
    ],
)
def test_a_result_set_without_outcome_does_not_pass_by_chance(
    inside: str, reason: str, tmp_path: Path
) -> None:
    own = '<tr:Outcome value="Passed"/>'
    assert reason in refused(tmp_path, results(inside).replace(own, "", 1))
    judged = '<tr:Test name="A"><tr:Outcome value="Failed"/></tr:Test>'
    [report] = made(tmp_path, results(judged).replace(own, "", 1))
    assert report.data["result"] == "F"


def test_curves_of_every_shape(tmp_path: Path) -> None:
    def array(dimensions: str, cells: dict[str, str]) -> str:
        inside = "".join(f'<c:Element position="[{at}]" value="{one}"/>' for at, one in cells.items())
        return (
            f'<c:IndexedArray dimensions="[{dimensions}]" xsi:type="c:doubleArray">{inside}</c:IndexedArray>'
        )

    kind = (
        "<tr:Extension><ts:TSStepProperties><ts:StepType>WATS_XYGMNLT</ts:StepType></ts:TSStepProperties>"
        "</tr:Extension>"
    )
    arrays = {
        "y": array("2", {"0": "5", "1": "6"}),
        "rows": array("2,3", {f"{row},{at}": str(row * 10 + at) for row in range(2) for at in range(3)}),
        "gap": array("3", {"0": "5", "2": "6"}),
        "holes": array("2", {"0": "5", "1": ""}),
    }
    inside = "".join(RESULT.format(name, text, "") for name, text in arrays.items())
    peak = RESULT.format("peak", '<c:Datum value="1" xsi:type="c:double"/>', '<tr:Outcome value="Passed"/>')
    [report] = made(
        tmp_path, results(f'<tr:Test name="G">{kind}<tr:Outcome value="Passed"/>{peak}{inside}</tr:Test>')
    )
    found = step(report, "G").data
    assert [(one["name"], one["xdata"], one["ydata"]) for one in found["chart"]["series"]] == [
        ("y", "0;1", "5;6"),
        ("rows", "0;1;2", "10;11;12"),
    ]
    assert [one["name"] for one in found["additionalResults"][0]["props"]] == ["gap", "holes"]


def test_what_a_loop_calls_follows_the_loop(tmp_path: Path) -> None:
    def looping(inside: str) -> str:
        kind = "<ts:StepType>PassFailTest</ts:StepType>"
        loop = f"<ts:LoopingProperties>{inside}</ts:LoopingProperties>"
        properties = f"<ts:TSStepProperties>{kind}{loop}</ts:TSStepProperties>"
        return f'<tr:Extension>{properties}</tr:Extension><tr:Outcome value="Passed"/>'

    called = '<tr:TestGroup name="a.seq#Sub" callerName="L"><tr:Outcome value="Passed"/></tr:TestGroup>'
    counts = "<ts:NumLoops value='2'/><ts:NumPassed value='2'/><ts:NumFailed value='0'/>"
    inside = f'<tr:Test name="L">{looping(counts)}</tr:Test>'
    for at in range(2):
        iteration = looping(f"<ts:LoopIndex value='{at}'/>")
        inside += f'<tr:TestGroup name="L">{iteration}{called}</tr:TestGroup>'
    [report] = made(tmp_path, results(inside + '<tr:Test name="After"/>'))
    assert [(one.name, one.step_type) for one in report.root.steps] == [
        ("L", "ET_PFT"),
        ("L", "ET_PFT"),
        ("L", "ET_PFT"),
        ("L", "SequenceCall"),
        ("L", "SequenceCall"),
        ("After", "ET_PFT"),
    ]
    assert report.root.steps[0].data["loop"]["num"] == 2


# ---------------------------------------------------------------- verdicts and times
@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        ('value="Passed"', "P"),
        ('value="Failed"', "F"),
        ('value="Done"', "D"),
        ('value="NotStarted"', "S"),
        ('value="Inconclusive"', "E"),
        ('value="Aborted"', "T"),
        ('value="Aborted" qualifier="Skipped"', "S"),
        ('value="Aborted" qualifier="Error"', "E"),
        ('value="Aborted" qualifier="Terminated"', "T"),
        ('value="UserDefined" qualifier="Skipped"', "S"),
        ('value="UserDefined" qualifier="Odd"', "D"),
    ],
)
def test_outcomes(tmp_path: Path, outcome: str, status: str) -> None:
    [report] = made(tmp_path, results(f'<tr:Test name="T"><tr:Outcome {outcome}/></tr:Test>'))
    assert step(report, "T").status == status


def test_a_word_of_its_own_is_a_failure_where_it_made_the_sequence_fail(tmp_path: Path) -> None:
    caused = (
        "<tr:Extension><ts:TSStepProperties><ts:StepCausedSequenceFailure value='true'/>"
        "</ts:TSStepProperties></tr:Extension>"
    )
    inside = f'<tr:Test name="T">{caused}<tr:Outcome value="Aborted" qualifier="Odd"/></tr:Test>'
    [report] = made(tmp_path, results(inside, outcome='value="Failed"'))
    assert step(report, "T").status == "F"


def test_the_results_of_a_run_win(tmp_path: Path) -> None:
    inside = '<tr:Test name="T"><tr:Outcome value="Failed"/></tr:Test>'
    [report] = made(tmp_path, results(inside))
    assert (report.data["result"], report.root.status) == ("P", "P")
    [report] = made(tmp_path, results(inside, outcome='value="NotStarted"'))
    assert report.data["result"] == "T"
    assert any("'NotStarted' became T" in text for text in report.warnings)


def test_a_run_without_steps_is_a_report(tmp_path: Path) -> None:
    [report] = made(tmp_path, results(""))
    assert report.root.steps == []


def test_odd_times(tmp_path: Path) -> None:
    backwards = 'startDateTime="2026-03-02T07:15:30" endDateTime="2026-03-02T07:15:29"'
    [report] = made(tmp_path, results("", times=backwards))
    assert report.data["uut"]["execTime"] == 0
    assert any("ends before it starts" in text for text in report.warnings)
    [report] = made(tmp_path, results("", times='startDateTime="1970-01-01T00:00:00"'))
    assert not report.timed
    assert any("startDateTime was left out" in text for text in report.warnings)


def test_several_results_have_records_of_their_own(tmp_path: Path) -> None:
    both = results("") + results("", unit=UUT.replace("SN-1", "SN-2"))
    text = f'<x:TestResultsCollection xmlns:x="urn:IEEE-1636.1:2013:TestResultsCollection">{both}'
    first, second = made(tmp_path, f"{text}</x:TestResultsCollection>")
    assert (first.sn, second.sn) == ("SN-1", "SN-2")
    assert first.record is not None
    assert first.record != second.record


def test_each_unit_of_several_has_its_own_part_attached(tmp_path: Path) -> None:
    one = results('<tr:Test name="A"><tr:Outcome value="Passed"/></tr:Test>')
    text = f"<trc:TestResultsCollection xmlns:trc='urn:IEEE-1636.1:2011:01:TestResultsCollection'>{one}"
    text += one.replace("SN-", "SN-2").replace("Passed", "Failed") + "</trc:TestResultsCollection>"
    reports = made(tmp_path, text, attach_source=True)
    assert [report.data["result"] for report in reports] == ["P", "F"]
    for report in reports:
        [attached] = report.data["binaryData"]
        [again] = made(tmp_path, base64.b64decode(attached["data"]).decode())
        assert (again.sn, again.data["root"]) == (report.sn, report.data["root"])


def test_the_source_can_be_attached() -> None:
    report = convert("run_202.xml", attach_source=True)
    assert base64.b64decode(report.data["binaryData"][0]["data"]) == (DATA / "run_202.xml").read_bytes()


def test_common_options_are_enough() -> None:
    [report] = AtmlConverter().convert(
        source_of(DATA / "run_202.xml"), ConverterOptions(process_code=1), None
    )
    assert isinstance(report, Report)


# ---------------------------------------------------------------- refusals
TEST = '<tr:Test name="T"><tr:Outcome value="Passed"/>{}</tr:Test>'
NUMERIC = (
    '<tr:TestResult name="Numeric"><tr:TestData><c:Datum value="{}" xsi:type="c:double"/></tr:TestData>'
    "<tr:TestLimits><tr:Limits>{}</tr:Limits></tr:TestLimits></tr:TestResult>"
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (results('<tr:Test name="T"><tr:Outcome value="Maybe"/></tr:Test>'), "'maybe' is no outcome"),
        (results(TEST.format(NUMERIC.format("much", ""))), "'much' is no number"),
        (results(TEST.format(NUMERIC.format("1", '<c:SingleLimit comparator="GE"/>'))), "limit without a"),
        (
            results(TEST.format(NUMERIC.format("1", '<c:SingleLimit comparator="ABOUT"/>'))),
            "'ABOUT' is no comparator",
        ),
        (
            results(TEST.format(NUMERIC.format("1", '<c:LimitPair operator="AND"/>'))),
            "neither inside nor outside",
        ),
        (results("", unit=UUT.replace("SN-1", "NONE")), "placeholder"),
        (results("", unit=""), "no serial number"),
        (f"<tr:TestResults {NS}/>", "without a ResultSet"),
        ("<x:TestResultsCollection xmlns:x='urn:IEEE-1636.1:2013:x'/>", "holds no test results"),
        ("<Reports/>", "no root of an ATML file"),
        (results("")[:-9], "not well-formed"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    assert reason in refused(tmp_path, text)


def test_a_part_number_that_nobody_knows(tmp_path: Path) -> None:
    unit = "<tr:UUT><c:SerialNumber>SN-1</c:SerialNumber></tr:UUT>"
    assert "names no part number" in refused(tmp_path, results("", unit=unit))
    [report] = made(tmp_path, results("", unit=unit), part_numbers={"a.seq": "P-7"})
    assert report.pn == "P-7"


@pytest.mark.parametrize(
    ("text", "confidence", "complete"),
    [
        (results(""), 95, True),
        (results("")[:-3], 95, False),
        ('<TestResults xmlns="http://www.ieee.org/ATML/2007/TestResults"/>', 95, True),
        ('<TestResults xmlns="urn:other"/>', 0, True),
        ("<Reports></Reports>", 0, True),
        ("{}", 0, False),
        ("", 0, False),
    ],
)
def test_detection_and_completeness(text: str, confidence: int, complete: bool) -> None:  # noqa: FBT001 - a table
    data = text.encode()
    glimpse = Glimpse(name="x.xml", size=len(data), head=data, tail=data[-4096:])
    assert AtmlConverter().detect(glimpse) == confidence
    assert AtmlConverter().is_complete(glimpse) == complete
