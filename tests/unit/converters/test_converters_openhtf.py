"""OpenHTF: header, verdicts, limits from validators, tables, attachments, spoilt files."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from stationmaster.api import ConversionError, ConverterOptions, Glimpse, Report, Step
from stationmaster.api.testing import convert_file, source_of
from stationmaster.api.validate import validate
from stationmaster.api.wsjf import encode
from stationmaster.converters.openhtf import OpenHtfConverter

DATA = Path(__file__).parents[2] / "data" / "openhtf"
GENERATED = "generated-openhtf-1.6.3"
OPTIONS: dict[str, Any] = {"process_code": 20}


def convert(name: str, **options: Any) -> Report:
    [report] = convert_file(OpenHtfConverter(), DATA / name, options=OPTIONS | options)
    return report


def written(tmp_path: Path, record: object, **options: Any) -> Report:
    path = tmp_path / "record.json"
    path.write_text(json.dumps(record), encoding="utf-8")
    [report] = convert_file(OpenHtfConverter(), path, options=OPTIONS | options)
    return report


def record(**changes: Any) -> dict[str, Any]:
    phase = {"name": "p", "outcome": "PASS", "measurements": {"m": {"name": "m", "outcome": "PASS"}}}
    whole = {
        "dut_id": "SN-1",
        "outcome": "PASS",
        "start_time_millis": 1790000000000,
        "metadata": {"part_number": "P-1"},
        "phases": [phase],
    }
    return whole | changes


def measured(**measurement: Any) -> dict[str, Any]:
    one = {"name": "m", "outcome": "PASS"} | measurement
    return record(phases=[{"name": "p", "outcome": "PASS", "measurements": {"m": one}}])


def only_step(report: Report) -> Step:
    return report.root.steps[0].steps[0]


def by_name(report: Report) -> dict[str, Step]:
    return {step.name: step for step in report.steps()}


def numeric(step: Step) -> dict[str, Any]:
    [row] = step.data["numericMeas"]
    return dict(row)


def test_a_plain_record() -> None:
    report = convert("minimal.json")
    assert (report.sn, report.pn, report.data["rev"]) == ("SN-H1", "BRD-7", "C")
    assert report.data["result"] == "P"
    assert datetime.fromisoformat(report.data["start"]).timestamp() == 1790000000
    assert report.data["uut"]["execTime"] == 4.5
    assert report.data["machineName"] == "fct-4"
    assert report.data["root"]["seqCall"]["name"] == "board_test"
    assert report.data["root"]["seqCall"]["version"] == "3.1"
    assert [step.name for step in report.root.steps] == ["trigger_phase", "boot"]
    boot = report.root.steps[1]
    assert (boot.step_type, boot.status, boot.data["totTime"]) == ("SequenceCall", "P", 0.25)
    assert boot.steps[0].data["stringMeas"] == [{"status": "P", "value": "ready", "compOp": "LOG"}]
    assert report.timed
    assert report.record is None
    assert report.warnings == []
    assert validate(report) == []


@pytest.mark.parametrize(
    ("name", "value", "comp", "low", "high", "unit"),
    [
        ("in_range", 5.0, "GELE", 4.5, 5.5, "V"),
        ("too_high", 12.25, "LE", 12, None, ""),
        ("at_least", 3, "GE", -0.001, None, ""),
        ("exactly", 7, "EQ", 7, None, ""),
        ("marginal", 3, "GELE", 0, 10, ""),
        ("odd_validator", 4, "GELE", 1, 9, ""),
        ("hostile", 1, "LOG", None, None, ""),
        ("not_a_number", "NaN", "GELE", 0, 1, ""),
    ],
)
def test_limits_come_from_known_shapes_only(
    name: str, value: object, comp: str, low: float | None, high: float | None, unit: str
) -> None:
    row = numeric(by_name(convert("every_kind.json"))[name])
    assert (row["value"], row["compOp"], row.get("lowLimit"), row.get("highLimit")) == (
        value,
        comp,
        low,
        high,
    )
    assert row["unit"] == unit


def test_validators_that_are_no_limits_are_kept_as_text() -> None:
    steps = by_name(convert("every_kind.json"))
    assert steps["hostile"].data["reportText"].startswith("Validator: __import__('os')")
    assert steps["odd_validator"].data["reportText"] == "Validator: x is even"
    assert steps["marginal"].data["reportText"] == (
        "Validator: 0 <= Marginal:4 <= x <= Marginal:8 <= 10\nMarginal"
    )
    assert steps["pattern"].data["reportText"] == "Validator: 'x' matches /a.c/"
    assert steps["in_range"].data["reportText"] == "The rail."


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("0 <= Marginal:2 <= x", ("GE", 0, None)),
        ("x <= Marginal:3 <= 4", ("LE", 4, None)),
        ("0 <= x <= Marginal:3 <= 4", ("GELE", 0, 4)),
        ("-.5 <= x <= 1e3", ("GELE", -0.5, 1000.0)),
        ("5 <= x <= 1", ("GELE", 5, 1)),
        ("x", ("LOG", None, None)),
        ("0 < x < 4", ("LOG", None, None)),
        ("x == y", ("LOG", None, None)),
        ("'x' is equal to '4'", ("EQ", 4, None)),
        ("'x' is equal to 'four'", ("LOG", None, None)),
        ("'x' is equal to ''", ("LOG", None, None)),
        ("1 <= x <= 2 and more", ("LOG", None, None)),
    ],
)
def test_shapes_of_validators(tmp_path: Path, text: str, limits: tuple[str, Any, Any]) -> None:
    row = numeric(only_step(written(tmp_path, measured(measured_value=1, validators=[text]))))
    assert (row["compOp"], row.get("lowLimit"), row.get("highLimit")) == limits


def test_other_kinds_of_values() -> None:
    steps = by_name(convert("every_kind.json"))
    flag = steps["flag"]
    assert (flag.step_type, flag.status) == ("ET_PFT", "P")
    assert flag.data["reportText"] == "Validator: 'x' is equal to 'False'\nValue: false"
    assert steps["model"].data["stringMeas"] == [
        {"status": "P", "value": "X-1", "compOp": "CASESENSIT", "limit": "X-1"}
    ]
    assert steps["never set"].status == "S"
    assert steps["list"].data["stringMeas"][0]["value"] == '[1, "two", null]'
    long = steps["long text"].data
    assert len(long["stringMeas"][0]["value"]) == 1000
    assert base64.b64decode(long["attachment"]["data"]) == b"long " * 400


def test_tables_are_charts_or_csv() -> None:
    steps = by_name(convert("every_kind.json"))
    chart = steps["sweep"].data["chart"]
    assert (chart["xLabel"], chart["xUnit"], chart["yUnit"]) == ("millisecond", "ms", "V")
    assert chart["series"] == [{"dataType": "XYG", "name": "sweep", "xdata": "0;1;2", "ydata": "1.5;2.5;2"}]
    assert steps["sweep"].status == "P"
    grid = base64.b64decode(steps["grid"].data["attachment"]["data"]).decode()
    assert grid == "row,column,value\n0,a,1\n1,b,2\n"
    labels = base64.b64decode(steps["labels"].data["attachment"]["data"]).decode()
    assert labels == "letter,value\na,1\nb,2\n"


def test_attachments_keep_bytes_and_get_a_type() -> None:
    steps = by_name(convert("every_kind.json"))
    assert steps["trace.png"].data["attachment"]["contentType"] == "image/png"
    assert base64.b64decode(steps["trace.png"].data["attachment"]["data"]) == b"\x89PNG"
    assert steps["notes.txt"].data["attachment"]["contentType"] == "text/plain"
    assert "attachment" not in steps["raw"].data


def test_the_culprit_is_the_first_failing_measurement_and_details_are_the_message() -> None:
    report = convert("every_kind.json")
    culprits = [step.name for step in report.steps() if step.data.get("causedUUTFailure")]
    assert culprits == ["too_high"]
    assert report.data["uut"]["errorMessage"] == "FAIL: rail\nSTOP"
    assert {"description": "Marginal", "text": "true"} in report.data["miscInfos"]


def test_a_crash_names_its_phase_and_metadata_finds_its_places() -> None:
    report = convert("crash_and_metadata.json")
    assert report.data["result"] == "E"
    assert report.data["processCode"] == 42
    crash = by_name(report)["crash"]
    assert (crash.status, crash.data["errorMessage"]) == ("E", "no instrument")
    assert crash.data["reportText"] == "Subtest: sub A\nDiagnoses: slow\nTraceback: here"
    assert crash.data["causedUUTFailure"] is True
    assert (by_name(report)["stopped"].status, by_name(report)["before"].status) == ("S", "P")
    info = report.data["uut"]
    assert (info["user"], info["batchSN"], info["comment"]) == ("kim", "B-1", "What it is for.")
    assert report.data["miscInfos"] == [
        {"description": "fixture", "text": "12"},
        {"description": "nested", "text": '{"a": [1]}'},
    ]


@pytest.mark.parametrize(("name", "result"), [("timeout.json", "E"), ("aborted.json", "T")])
def test_the_records_outcome_is_the_result_and_the_roots_status(name: str, result: str) -> None:
    report = convert(name)
    assert report.data["result"] == result
    assert report.root.status == result


def test_a_record_without_outcome_takes_the_worst_of_its_phases(tmp_path: Path) -> None:
    phases = [{"name": "a", "outcome": "PASS"}, {"name": "b", "outcome": "FAIL"}]
    report = written(tmp_path, record(outcome=None, phases=phases))
    assert report.data["result"] == "F"
    assert any("no outcome" in text for text in report.warnings)


def test_a_placeholder_serial_number_counts_as_none() -> None:
    with pytest.raises(ConversionError, match="dut_id: the serial number 'UNKNOWN_DUT' is a placeholder"):
        convert("placeholder_SN-H6.json")
    report = convert("placeholder_SN-H6.json", serial_number_pattern=r"_(?P<sn>SN-\w+)\.")
    assert report.sn == "SN-H6"
    assert convert("placeholder_SN-H6.json", placeholders=[]).sn == "UNKNOWN_DUT"


def test_old_writers_leave_much_out() -> None:
    with pytest.raises(ConversionError, match="names no part number"):
        convert("old_writer.json")
    report = convert("old_writer.json", part_number="P-9")
    assert (report.pn, report.data["rev"], report.data["machineName"]) == ("P-9", "A", "TEST")
    assert not report.timed


def test_options_of_header_and_phases() -> None:
    report = convert(
        "minimal.json", part_number_keys=[], test_name_as_part_number=True, omit_trigger_phase=True
    )
    assert report.pn == "board_test"
    assert [step.name for step in report.root.steps] == ["boot"]
    table = convert("minimal.json", part_number_keys=[], part_numbers={"Board_Test": "T-1"})
    assert table.pn == "T-1"
    assert len(convert("every_kind.json", omit_trigger_phase=True).root.steps) == 3


def test_log_and_source_can_be_attached() -> None:
    report = convert("minimal.json", attach_log=True, attach_source=True)
    log, source = report.data["binaryData"]
    assert base64.b64decode(log["data"]).decode().endswith("20 openhtf hello")
    assert base64.b64decode(source["data"]) == (DATA / "minimal.json").read_bytes()
    assert source["name"] == "minimal.json"


def test_the_name_table_and_units_of_older_writers(tmp_path: Path) -> None:
    dimensions = [{"uom_code": "C26", "uom_suffix": "ms"}]
    row = measured(measured_value=[[1, True]], dimensions=dimensions)
    text = base64.b64decode(only_step(written(tmp_path, row)).data["attachment"]["data"]).decode()
    assert text == "C26 [ms],value\n1,true\n"
    row = measured(measured_value=[[1], [2]], dimensions=[7])
    text = base64.b64decode(only_step(written(tmp_path, row)).data["attachment"]["data"]).decode()
    assert text == "x\n1\n2\n"


def test_partly_set_and_phase_results(tmp_path: Path) -> None:
    step = only_step(
        written(tmp_path, measured(outcome="PARTIALLY_SET", measured_value=[[1, 2]], dimensions=["x"]))
    )
    assert (step.status, step.data["reportText"]) == ("S", "Only some of the values were set")
    phase = {"name": "p", "outcome": "FAIL", "marginal": True, "result": {"phase_result": "STOP"}}
    phase["failure_diagnosis_results"] = ["hot"]
    report = written(tmp_path, record(outcome="FAIL", phases=[phase]))
    assert report.root.steps[0].data["reportText"] == "Marginal\nFailures diagnosed: hot\nPhase result: STOP"


def test_an_end_before_the_start_is_zero_seconds(tmp_path: Path) -> None:
    report = written(tmp_path, record(end_time_millis=1789999999000))
    assert report.data["uut"]["execTime"] == 0
    assert any("before start_time_millis" in text for text in report.warnings)


def test_too_much_metadata_is_bounded(tmp_path: Path) -> None:
    metadata = {"part_number": "P"} | {f"k{n}": n for n in range(150)}
    report = written(tmp_path, record(metadata=metadata))
    assert len(report.data["miscInfos"]) == 100
    assert any("50 were left out" in text for text in report.warnings)


def test_lone_surrogates_cannot_reach_the_report(tmp_path: Path) -> None:
    report = written(tmp_path, measured(measured_value="a\ud800b", docstring="\udfff"))
    assert only_step(report).data["stringMeas"][0]["value"] == "a\N{REPLACEMENT CHARACTER}b"
    assert encode(report)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"outcome": "SKIP"}, "outcome: a whole test cannot be skipped"),
        ({"outcome": 5}, "outcome: '5' is no outcome"),
        ({"dut_id": {}}, "dut_id: should be a text, is an object"),
        ({"phases": {}}, "phases: should be a list, is an object"),
        ({"phases": [1]}, "phases[0]: should be an object, is a number"),
        ({"metadata": []}, "metadata: should be an object, is a list"),
        ({"start_time_millis": "now"}, "start_time_millis: should be a whole number, is a text"),
        ({"start_time_millis": 1.5}, "start_time_millis: should be a whole number"),
        ({"start_time_millis": 10**400}, "start_time_millis"),
        ({"start_time_millis": -(10**15)}, "start_time_millis: -1000000000000.0 is no Unix time"),
        ({"end_time_millis": 10**400}, "end_time_millis"),
        ({"outcome_details": [True]}, "outcome_details[0]: should be an object, is true or false"),
        (
            {"phases": [{"name": "p", "measurements": {"m": 1}}]},
            '["m"]: should be an object',
        ),
        ({"phases": [{"start_time_millis": 10**400}]}, "phases[0].start_time_millis"),
        ({"phases": [{"start_time_millis": 1790000000000, "end_time_millis": 10**400}]}, "phases[0]"),
        (
            {"phases": [{"attachments": {"a": {"data": "%"}}}]},
            'attachments["a"].data: is not base64',
        ),
        (measured(outcome=None), 'phases[0].measurements["m"].outcome: the measurement has no outcome'),
        (measured(measured_value=10**400), "a number beyond all bounds"),
        (measured(validators=[1]), "validators[0]: should be a text"),
        (measured(measured_value=[1], dimensions=["x"]), "measured_value[0]: should be a list of 2 values"),
        (measured(measured_value=1, dimensions=["x"]), "measured_value: should be a list, is a number"),
    ],
)
def test_wrong_types_are_refused_with_their_path(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ConversionError) as caught:
        written(tmp_path, record(**changes))
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("half_written.json", "line 25 column 18: half_written.json is not JSON"),
        ("bad_outcome.json", "outcome: 'GREAT' is no outcome of OpenHTF"),
        ("ragged_table.json", "measured_value[1]: should be a list of 2 values"),
        ("lone_measurement.json", "it has no 'dut_id'"),
    ],
)
def test_what_is_wrong_is_named(name: str, reason: str) -> None:
    with pytest.raises(ConversionError) as caught:
        convert(name)
    assert reason in str(caught.value)


def test_a_bad_log_time_is_named(tmp_path: Path) -> None:
    log = [{"message": "no time"}, {"timestamp_millis": -(10**15)}]
    with pytest.raises(ConversionError, match=r"log_records\[1\].timestamp_millis"):
        written(tmp_path, record(log_records=log), attach_log=True)


@pytest.mark.parametrize(
    ("name", "confidence", "complete"),
    [
        ("minimal.json", 90, True),
        ("old_writer.json", 90, True),
        ("half_written.json", 90, False),
        ("lone_measurement.json", 0, True),
    ],
)
def test_detection_and_completeness(name: str, confidence: int, complete: bool) -> None:  # noqa: FBT001 - a table
    glimpse = Glimpse.at(DATA / name)
    assert OpenHtfConverter().detect(glimpse) == confidence
    assert OpenHtfConverter().is_complete(glimpse) is complete


def test_long_records_are_judged_by_head_and_tail() -> None:
    head = b'{"dut_id": "1", "start_time_millis": 1, "metadata": {'
    converter = OpenHtfConverter()
    assert converter.detect(Glimpse("a.json", 10**6, head, b"}\n")) == 60
    assert converter.is_complete(Glimpse("a.json", 10**6, head, b"}\n"))
    assert not converter.is_complete(Glimpse("a.json", 10**6, head, b'"half'))
    assert converter.detect(Glimpse("a.json", 10, b"[1]", b"[1]")) == 0


def test_common_options_are_enough() -> None:
    options = ConverterOptions(process_code=1)
    [report] = OpenHtfConverter().convert(source_of(DATA / "minimal.json"), options, None)
    assert isinstance(report, Report)


# ---------------------------------------------------------------- real files
def real(corpus: Path, name: str, **options: Any) -> Report:
    path = corpus / "openhtf" / name
    glimpse = Glimpse.at(path)
    assert OpenHtfConverter().detect(glimpse) == 90
    assert OpenHtfConverter().is_complete(glimpse)
    [report] = convert_file(
        OpenHtfConverter(), path, options={"process_code": 1, "part_number": "P"} | options
    )
    assert validate(report) == []
    return report


def counts(report: Report) -> tuple[int, int]:
    """Phases, and measurements: what stands below a phase and is no attachment."""
    phases = report.root.steps
    below = [step for phase in phases for step in phase.steps]
    return len(phases), sum(not (step.step_type == "Action" and step.status == "D") for step in below)


@pytest.mark.parametrize(
    ("name", "sn", "result", "phases", "measurements", "station"),
    [
        (
            f"{GENERATED}/SN-HTF-all_the_things.MyTest.1795453084208.json",
            "SN-HTF-all_the_things",
            "F",
            9,
            16,
            "vm",
        ),
        (
            f"{GENERATED}/SN-HTF-hello_world.hello_world.json",
            "SN-HTF-hello_world",
            "P",
            2,
            1,
            "vm",
        ),
        (
            f"{GENERATED}/SN-HTF-ignore_early_canceled_tests.hello_world.json",
            "SN-HTF-ignore_early_canceled_tests",
            "P",
            2,
            0,
            "vm",
        ),
        (
            f"{GENERATED}/SN-HTF-phase_branches.phase_branches.json",
            "SN-HTF-phase_branches",
            "E",
            2,
            1,
            "vm",
        ),
        (f"{GENERATED}/checkpoints.json", "MyDutId", "F", 5, 7, "vm"),
        (f"{GENERATED}/measurements.json", "MyDutId", "F", 7, 13, "vm"),
        ("jonasclaes/1.json", "1", "P", 2, 1, "LT2_5CG9322NW2"),
        ("jonasclaes/123.json", "123", "P", 2, 1, "LT2_5CG9322NW2"),
        ("yudhisteer/test_result.json", "SN1234", "P", 1, 0, "SEA-KFOCF5SNLGQ"),
    ],
)
def test_real_records(
    corpus: Path, name: str, sn: str, result: str, phases: int, measurements: int, station: str
) -> None:
    report = real(corpus, name)
    assert (report.sn, report.data["result"], report.data["machineName"]) == (sn, result, station)
    assert counts(report) == (phases, measurements)


def test_real_values_limits_and_units(corpus: Path) -> None:
    report = real(corpus, f"{GENERATED}/measurements.json")
    assert datetime.fromisoformat(report.data["start"]).timestamp() * 1000 == 1795452862619
    steps = by_name(report)
    assert steps["inline_phase"].status == "F"
    assert numeric(steps["inline_kwargs"]) == {
        "status": "F",
        "value": 15,
        "unit": "Hz",
        "compOp": "GELE",
        "lowLimit": 0,
        "highLimit": 10,
    }
    assert numeric(steps["validated_measurement"])["value"] == 5
    assert numeric(steps["validated_measurement"])["unit"] == "s"
    resistance = numeric(steps["resistance"])
    assert (resistance["value"], resistance["lowLimit"], resistance["highLimit"]) == (
        9.993378524127094,
        9,
        11,
    )
    assert steps["resistance"].status == "P"
    table = base64.b64decode(steps["power_time_series"].data["attachment"]["data"]).decode().splitlines()
    assert table[:2] == ["ms,V,A,value", "0,10.0,1.0075082030221276,0"]
    assert len(table) == 11


def test_real_marginal_limits_attachments_and_tables(corpus: Path) -> None:
    report = real(corpus, f"{GENERATED}/SN-HTF-all_the_things.MyTest.1795453084208.json")
    steps = by_name(report)
    row = numeric(steps["replaced_marginal_min_only"])
    assert (row["lowLimit"], row["highLimit"]) == (0, 10)
    assert (
        "0 <= Marginal:4 <= x <= Marginal:8 <= 10" in steps["replaced_marginal_min_only"].data["reportText"]
    )
    attached = [step.data["attachment"]["contentType"] for step in steps["attachments"].steps]
    assert attached == ["application/octet-stream", "text/plain"]
    assert "chart" in steps["monitor_measurement"].data
    assert base64.b64decode(steps["lots_of_dims"].data["attachment"]["data"]).startswith(b"hertz [Hz],")
    assert "matches" in steps["widget_type"].data["reportText"]
    assert steps["widget_type"].status == "F"
    assert sum("chart" in step.data or step.name == "lots_of_dims" for step in report.steps()) == 3


def test_real_errors_and_stops(corpus: Path) -> None:
    report = real(corpus, f"{GENERATED}/SN-HTF-phase_branches.phase_branches.json")
    assert report.data["uut"]["errorMessage"].startswith("OperatorError: Input 'a reply' not recognized")
    assert by_name(report)["SelectTestingBranchPhase"].status == "E"
    assert by_name(report)["test_branch"].status == "P"
    report = real(corpus, f"{GENERATED}/checkpoints.json")
    assert report.data["uut"]["errorMessage"].startswith("STOP: ")
    row = numeric(by_name(report)["fixed_time"])
    assert (row["value"], row["unit"], row["lowLimit"], row["highLimit"], row["status"]) == (
        20,
        "s",
        0,
        10,
        "F",
    )


def test_real_truth_value(corpus: Path) -> None:
    step = by_name(real(corpus, "jonasclaes/123.json"))["DIGITAL_TEST_1"]
    assert (step.step_type, step.status) == ("ET_PFT", "P")
    assert "'x' is equal to 'True'" in step.data["reportText"]


def test_real_string_and_start(corpus: Path) -> None:
    report = real(corpus, f"{GENERATED}/SN-HTF-hello_world.hello_world.json")
    assert report.root.steps[0].name == "trigger_phase"
    value = by_name(report)["hello_world_measurement"].data["stringMeas"]
    assert value == [{"status": "P", "value": "Hello Again!", "compOp": "LOG"}]
    report = real(corpus, "yudhisteer/test_result.json")
    assert datetime.fromisoformat(report.data["start"]).timestamp() * 1000 == 1754342672844
    assert report.root.steps[0].name == "get_sn"


def test_real_placeholder_needs_a_policy(corpus: Path) -> None:
    with pytest.raises(ConversionError, match="placeholder"):
        real(corpus, "jonasclaes/UNKNOWN_DUT.json")
    assert real(corpus, "jonasclaes/UNKNOWN_DUT.json", placeholders=[]).sn == "UNKNOWN_DUT"


def test_a_lone_measurement_is_not_ours(corpus: Path) -> None:
    glimpse = Glimpse.at(corpus / "openhtf" / "marcovannoord" / "multidim_testdata.json")
    assert OpenHtfConverter().detect(glimpse) < 50
