"""The report builder, method by method."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from fakes.report import START, completed, minimal_report, repair_report, rich_report
from stationmaster.api import (
    CompOp,
    Failure,
    Group,
    Report,
    ReportType,
    Result,
    Series,
    Status,
    Step,
    at_least,
)
from stationmaster.api.validate import check, validate
from stationmaster.api.wsjf import decode, encode


def blank(**more: object) -> Report:
    report = Report.uut(sn="SN", pn="PN", rev="A", process_code=10, start=START)
    report.data.update(more)
    return report


def test_a_test_report_begins_with_its_header() -> None:
    start = datetime(2026, 1, 30, 22, 1, tzinfo=timezone(timedelta(hours=1)))
    report = Report.uut(
        sn=" SN-1 ",
        pn="PN",
        rev="A",
        process_code=10,
        start=start,
        result=Result.TERMINATED,
        user="op",
        execution_time=1.5,
        sequence="Main",
        sequence_path="C:/main.seq",
        sequence_version="2",
    )
    assert report.data == {
        "type": "T",
        "pn": "PN",
        "sn": "SN-1",
        "rev": "A",
        "processCode": 10,
        "result": "T",
        "start": "2026-01-30T22:01:00+01:00",
        "uut": {"user": "op", "execTime": 1.5},
        "root": {
            "stepType": "SequenceCall",
            "name": "Main",
            "group": "M",
            "seqCall": {"path": "C:/main.seq", "name": "Main", "version": "2"},
            "steps": [],
        },
    }
    assert (report.type, report.sn, report.pn, report.id) == (ReportType.UUT, "SN-1", "PN", "")
    assert report.built
    assert report.timed


def test_a_report_without_time_says_so() -> None:
    assert not Report.uut(sn="S", pn="P", rev="A", process_code=1, start=None).timed
    uur = Report.uur(sn="S", pn="P", rev="A", process_code=500, test_process_code=1, start=None)
    assert not uur.timed
    assert "start" not in uur.data


def test_a_naive_start_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        Report.uut(sn="S", pn="P", rev="A", process_code=1, start=datetime(2026, 1, 1))  # noqa: DTZ001 - the case


def test_header_parts() -> None:
    report = blank()
    report.info(comment="c", fixtureId=None).station("").station("ST-1")
    report.sub_unit("PCBA", pn="p", sn="s").asset("A1").asset("A2", usage_count=3)
    report.additional("set", {"n": 1.5, "b": True, "s": "x"}).attach(
        "a.txt", b"hi", content_type="text/plain"
    )
    assert report.data["uut"] == {"user": "", "comment": "c"}
    assert report.data["machineName"] == "ST-1"
    assert report.data["subUnits"] == [{"partType": "PCBA", "pn": "p", "rev": "", "sn": "s"}]
    assert report.data["assets"] == [{"sn": "A1"}, {"sn": "A2", "usageCount": 3}]
    assert report.data["additionalData"] == [
        {
            "name": "set",
            "props": [
                {"name": "n", "type": "Number", "value": "1.5"},
                {"name": "b", "type": "Boolean", "value": "True"},
                {"name": "s", "type": "String", "value": "x"},
            ],
        }
    ]
    assert report.data["binaryData"] == [{"name": "a.txt", "contentType": "text/plain", "data": "aGk="}]


def test_a_long_misc_info_is_cut_and_told() -> None:
    report = blank()
    report.misc("short", "text").misc("d" * 101, "t" * 150)
    assert report.data["miscInfos"] == [
        {"description": "short", "text": "text"},
        {"description": "d" * 100, "text": "t" * 100},
    ]
    assert len(report.warnings) == 1
    assert "cut to 100" in report.warnings[0]


def test_an_empty_file_is_not_attached_but_told() -> None:
    report = blank()
    report.attach("empty.log", b"")
    step = report.root.action("a").attach("empty.bin", b"")
    assert "binaryData" not in report.data
    assert "empty.log" in report.warnings[0]
    assert "attachment" not in step.data
    assert step.data["additionalResults"][0]["props"][0]["value"] == "empty.bin"


def test_steps_of_every_kind() -> None:
    root = blank().root
    root.numeric("n", 1, unit="V")
    root.multi_numeric("mn").add("a", 1.0)
    root.passfail("p", Status.FAILED)
    root.multi_passfail("mp").add("a", Status.PASSED)
    root.string("s", "x")
    root.multi_string("ms").add("a", "x", limit="X", comp=CompOp.IGNORECASE)
    root.action("a")
    root.generic("Goto", "g", Status.PASSED)
    root.chart_step("c")
    root.executable("e", 3.0, Status.FAILED)
    root.message("m", response="yes", button=2)
    root.sequence("q", path="C:/q.seq", version="9")
    assert [(step.step_type, step.name, step.status) for step in root.steps] == [
        ("ET_NLT", "n", "P"),
        ("ET_MNLT", "mn", "P"),
        ("ET_PFT", "p", "F"),
        ("ET_MPFT", "mp", "P"),
        ("ET_SVT", "s", "P"),
        ("ET_MSVT", "ms", "P"),
        ("Action", "a", "D"),
        ("Goto", "g", "P"),
        ("Chart", "c", "D"),
        ("CallExecutable", "e", "F"),
        ("MessagePopup", "m", "D"),
        ("SequenceCall", "q", ""),
    ]
    by_name = {step.name: step.data for step in root.steps}
    assert by_name["n"]["numericMeas"] == [{"status": "P", "value": 1, "unit": "V", "compOp": "LOG"}]
    assert by_name["mp"]["booleanMeas"] == [{"name": "a", "status": "P"}]
    assert by_name["ms"]["stringMeas"] == [
        {"name": "a", "status": "P", "value": "x", "compOp": "IGNORECASE", "limit": "X"}
    ]
    assert by_name["e"]["callExe"] == {"exitCode": 3.0}
    assert by_name["m"]["messagePopup"] == {"response": "yes", "button": 2}
    assert by_name["q"]["seqCall"] == {"path": "C:/q.seq", "name": "q", "version": "9"}


def test_a_stated_status_wins_over_limits() -> None:
    root = blank().root
    assert root.numeric("n", 0, limits=at_least(1), status=Status.PASSED).status == "P"
    assert root.string("s", "a", limit="b", status=Status.DONE).status == "D"
    multi = root.multi_numeric("m", status=Status.PASSED).add("a", 0, limits=at_least(1))
    assert multi.status == "P"
    assert multi.data["numericMeas"][0]["status"] == "F"
    assert root.multi_passfail("b", status=Status.SKIPPED).add("x", Status.FAILED).status == "S"
    assert root.multi_string("t", status=Status.ERROR).add("x", "y").status == "E"


def test_a_multi_step_has_the_worst_of_its_measurements() -> None:
    multi = blank().root.multi_passfail("m")
    found = [multi.add("x", Status(letter)).status for letter in "PFPETF"]
    assert found == ["P", "F", "F", "E", "T", "T"]


def test_measurement_names_become_unique() -> None:
    multi = blank().root.multi_numeric("m")
    for name in ("V", "V", "V #2", "V", "", "  ", "V"):
        multi.add(name, 1)
    names = [row["name"] for row in multi.data["numericMeas"]]
    assert names == ["V", "V #2", "V #2 #2", "V #3", "-", "- #2", "V #4"]


def test_long_names_are_cut_and_kept_whole_beside() -> None:
    long = "x" * 99 + "yz"
    report = blank()
    step = report.root.action(long)
    multi = report.root.multi_numeric("m").add(long, 1).add(long, 2)
    assert step.name == long[:100]
    assert step.data["additionalResults"][0]["props"] == [{"name": "name", "type": "String", "value": long}]
    names = [row["name"] for row in multi.data["numericMeas"]]
    assert names == [long[:100], "x" * 97 + " #2"]
    assert [row["props"][0]["value"] for row in multi.data["additionalResults"]] == [long, long]
    assert not [issue for issue in validate(completed(report)) if issue.severity == "error"]


def test_control_characters_get_into_no_text_of_a_report() -> None:
    report = blank()
    root, bad = report.root, "a\x01b\x7f\ud800"
    sequence = root.sequence(bad, path=bad, version=bad)
    sequence.numeric(bad, 1, unit=bad).details(text=f"{bad}\n\tc", error_message=bad)
    sequence.string(bad, bad, limit=bad)
    sequence.multi_numeric(bad).add(bad, 1, unit=bad)
    sequence.passfail(f"{bad}{'x' * 100}", Status.PASSED)
    sequence.chart_step("\x02")
    report.misc(bad, bad)
    found = json.dumps(report.finish().data, ensure_ascii=False)
    assert not re.search(r"\\u00(?!0a|09)|[\x7f\ud800]", found)
    assert found.count("ab\N{REPLACEMENT CHARACTER}") == 18
    assert sequence.steps[0].data["reportText"] == "ab\N{REPLACEMENT CHARACTER}\n\tc"
    assert sequence.steps[-1].name == "-"


def test_a_sequence_of_any_name_fits() -> None:
    report = blank()
    step = report.root.sequence("n" * 600, version="v" * 40)
    assert {key: len(text) for key, text in step.data["seqCall"].items()} == {
        "path": 500,
        "name": 200,
        "version": 30,
    }
    assert step.data["additionalResults"][0]["props"][0]["value"] == "n" * 600
    check(completed(report))


def test_numbers_of_all_kinds() -> None:
    root = blank().root
    values = (1, 1.5, float("nan"), float("inf"), float("-inf"), Decimal("2.5"), True)
    got = [root.numeric("n", value).data["numericMeas"][0]["value"] for value in values]  # type: ignore[arg-type] # Decimal: what authors hand in
    assert got == [1, 1.5, "NaN", "Infinity", "-Infinity", 2.5, 1.0]
    assert [type(value) for value in got] == [int, float, str, str, str, float, float]


def test_details_chart_attachment_and_loops() -> None:
    step = blank().root.action("a")
    step.details(
        text="t",
        error_code=0,
        error_message="m",
        total_time=1.5,
        start=START,
        caused_failure=False,
        group=Group.CLEANUP,
    ).details()
    step.attach("a.bin", b"\x00", content_type="x/y").additional("r", {"n": 1})
    step.chart("c", [Series("s", [0, 1.0, 1e300], [float("nan"), 0.1, -2])], chart_type="LineLogX")
    assert step.data == {
        "stepType": "Action",
        "name": "a",
        "group": "C",
        "status": "D",
        "reportText": "t",
        "errorCode": 0,
        "errorMessage": "m",
        "totTime": 1.5,
        "start": START.isoformat(),
        "causedUUTFailure": False,
        "attachment": {"name": "a.bin", "contentType": "x/y", "data": base64.b64encode(b"\x00").decode()},
        "additionalResults": [{"name": "r", "props": [{"name": "n", "type": "Number", "value": "1"}]}],
        "chart": {
            "chartType": "LineLogX",
            "label": "c",
            "xLabel": "X",
            "xUnit": "",
            "yLabel": "Y",
            "yUnit": "",
            "series": [{"dataType": "XYG", "name": "s", "xdata": "0;1;1e+300", "ydata": "NaN;0.1;-2"}],
        },
    }
    assert step.loop_summary(count=3, passed=2, failed=1).data["loop"] == {
        "idx": None,
        "num": 3,
        "endingIndex": 2,
        "passed": 2,
        "failed": 1,
    }
    assert step.loop_index(2).data["loop"] == {"idx": 2}


def test_finish_rolls_up_numbers_and_names_the_culprit() -> None:
    report = blank()
    part = report.root.sequence("part")
    part.passfail("good", Status.PASSED)
    part.passfail("bad", Status.FAILED)
    part.passfail("worse", Status.ERROR)
    report.root.passfail("last", Status.FAILED)
    report.finish()
    assert report.data["result"] == "E"
    assert [(step.name, step.data["id"], step.status) for step in report.steps()] == [
        ("MainSequence", 1, "E"),
        ("part", 2, "E"),
        ("good", 3, "P"),
        ("bad", 4, "F"),
        ("worse", 5, "E"),
        ("last", 6, "F"),
    ]
    assert [step.name for step in report.steps() if step.data.get("causedUUTFailure")] == ["bad"]
    before = encode(report)
    assert encode(report.finish()) == before


def test_finish_keeps_what_the_source_said() -> None:
    report = Report.uut(sn="S", pn="P", rev="A", process_code=1, start=None, result=Result.FAILED)
    report.root.passfail("first", Status.FAILED)
    report.root.passfail("named", Status.FAILED).details(caused_failure=True)
    kept = report.root.sequence("kept", status=Status.PASSED)
    kept.passfail("below", Status.FAILED)
    report.finish()
    assert kept.status == "P"
    assert [step.name for step in report.steps() if step.data.get("causedUUTFailure")] == ["named"]


def test_a_failing_sequence_without_failing_step_is_the_culprit() -> None:
    report = blank()
    report.root.sequence("part", status=Status.TERMINATED).passfail("p", Status.PASSED)
    report.finish()
    assert report.data["result"] == "T"
    assert [step.name for step in report.steps() if step.data.get("causedUUTFailure")] == ["part"]


def test_nothing_failed_names_nobody() -> None:
    report = Report.uut(sn="S", pn="P", rev="A", process_code=1, start=None, result=Result.ERROR).finish()
    assert "causedUUTFailure" not in report.root.data


def test_a_decoded_report_is_not_finished() -> None:
    [report] = decode(b'{"type":"T","root":{"stepType":"SequenceCall","steps":[{"status":"F"}]}}')
    before = encode(report)
    assert not report.built
    assert encode(report.finish()) == before


def test_a_repair_report() -> None:
    report = repair_report()
    assert report.type is ReportType.UUR
    assert report.data["uur"] == {
        "user": "repairer",
        "comment": "mended",
        "execTime": 60.0,
        "processCode": 10,
        "refUUT": "873d67f8-7669-4f4b-a627-e598e444d323",
        "confirmDate": "2026-01-30T21:01:41.470735+00:00",
        "finalizeDate": "2026-01-30T21:01:41.470735+00:00",
        "active": True,
        "processName": "ICT",
    }
    main, old, new = report.data["subUnits"]
    assert main == {
        "idx": 0,
        "partType": "Main",
        "pn": "PCBA-001",
        "rev": "B",
        "sn": "SN-0325",
        "failures": [{"category": "Solder", "code": "Cold joint"}],
    }
    assert (old["idx"], old["parentIdx"], old["position"], "replacedIdx" in old) == (1, 0, 1, False)
    assert (new["idx"], new["replacedIdx"], new["failures"]) == (2, 1, [])
    assert old["failures"] == [
        {
            "category": "Component",
            "code": "Burned",
            "comment": "hot",
            "comRef": "U1",
            "funcBlock": "PSU",
            "refStepId": 3,
            "refStepName": "Single",
            "artNumber": "CAP-100",
            "artRev": "1",
            "artVendor": "ACME",
            "artDescription": "100uF",
        }
    ]
    assert report.data["result"] == "P"
    assert list(report.steps()) == []
    assert validate(completed(report)) == []
    with pytest.raises(KeyError):
        _ = report.root


def test_a_small_repair_report() -> None:
    report = Report.uur(sn="S", pn="P", rev="A", process_code=500, test_process_code=1, start=START)
    report.failure(Failure("c", "k"))
    assert report.data["uur"] == {"user": "", "processCode": 1, "active": True}
    assert validate(completed(report)) == []


@pytest.mark.parametrize("make", [minimal_report, rich_report, repair_report])
def test_what_the_builder_makes_is_valid_and_survives(make: object) -> None:
    assert callable(make)
    report = completed(make())
    assert validate(report) == []
    [again] = decode(encode(report))
    assert again.data == report.data
    assert encode(again) == encode(report)


def test_steps_walk_in_file_order_whatever_they_hold() -> None:
    step = Step(
        {"name": "a", "steps": [{"name": "b", "steps": [{"name": "c"}]}, 7, {"name": "d", "steps": "?"}]}
    )
    assert [one.name for one in step.walk()] == ["a", "b", "c", "d"]


def test_deep_reports_walk() -> None:
    data: dict[str, object] = {"name": "leaf"}
    for _ in range(5000):
        data = {"name": "x", "steps": [data]}
    assert sum(1 for _ in Step(data).walk()) == 5001


def test_utc_is_kept() -> None:
    assert blank().data["start"] == datetime(2026, 1, 30, 21, 1, 41, 470735, tzinfo=UTC).isoformat()
