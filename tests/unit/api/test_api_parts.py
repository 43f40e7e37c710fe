"""The builder's less common parts: assets, attachments, deep additional data, tested sub-units."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from fakes.report import START, completed, repair_report, rich_report
from stationmaster.api import Failure, Property, Report, Status, at_least
from stationmaster.api.additional import Value
from stationmaster.api.validate import validate
from stationmaster.api.wsjf import decode, encode


def blank() -> Report:
    return Report.uut(sn="SN", pn="PN", rev="A", process_code=10, start=START)


def prop(value: Value) -> dict[str, Any]:
    """The property `p` with this value, as it is written."""
    found: dict[str, Any] = blank().additional("set", {"p": value}).data["additionalData"][0]["props"][0]
    assert found.pop("name") == "p"
    return found


def test_an_asset_with_all_it_may_carry() -> None:
    cet = timezone(timedelta(hours=1))
    report = blank().asset(
        "DMM-1",
        asset_type="Multimeter",
        part_number="DMM-7",
        usage_count=0,
        calibration_date=datetime(2026, 1, 1, 12, tzinfo=cet),
        calibration_due=datetime(2027, 1, 1, 12, tzinfo=cet),
    )
    assert report.data["assets"] == [
        {
            "sn": "DMM-1",
            "assetType": "Multimeter",
            "partNumber": "DMM-7",
            "usageCount": 0,
            "calibrationDate": "2026-01-01T11:00:00+00:00",
            "calibrationDue": "2027-01-01T11:00:00+00:00",
        }
    ]


def test_a_naive_calibration_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        blank().asset("A", calibration_due=datetime(2026, 1, 1))  # noqa: DTZ001 - the case


def test_attachments_say_what_they_show() -> None:
    report = blank().attach("a.txt", b"hi", content_type="text/plain", description="greeting")
    step = report.root.action("a").attach("b.bin", b"\0", description="one byte")
    assert report.data["binaryData"][0]["description"] == "greeting"
    assert step.data["attachment"] == {
        "name": "b.bin",
        "contentType": "application/octet-stream",
        "data": "AA==",
        "description": "one byte",
    }


def test_an_attachment_of_a_repair_names_its_failure() -> None:
    report = Report.uur(sn="S", pn="P", rev="A", process_code=500, test_process_code=1, start=START)
    report.failure(Failure("c", "k")).attach("a.jpg", b"x", fail_idx=0)
    assert report.data["binaryData"][0]["failIdx"] == 0
    assert validate(completed(report)) == []
    report.attach("b.jpg", b"x", fail_idx=1)
    assert [str(issue) for issue in validate(report)] == [
        "binaryData[1].failIdx: is 1: this report has 1 failures, from 0"
    ]


def test_a_test_report_has_no_failures_to_show() -> None:
    report = completed(blank().attach("a.jpg", b"x", fail_idx=0))
    assert [str(issue) for issue in validate(report)] == [
        "binaryData[0].failIdx: a test report has no failures"
    ]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("x", {"type": "String", "value": "x"}),
        (2, {"type": "Number", "value": "2"}),
        (True, {"type": "Boolean", "value": "True"}),
        (Property(), {"type": "String"}),
        (Property(None, "Number", flags=0), {"type": "Number", "flags": 0}),
        (
            Property(1.5, "Double", flags=4, comment="c", num_format="%.1f"),
            {"type": "Double", "value": "1.5", "flags": 4, "comment": "c", "numFormat": "%.1f"},
        ),
        (
            Property({"a": 1}, comment="c"),
            {"type": "Obj", "props": [{"name": "a", "type": "Number", "value": "1"}], "comment": "c"},
        ),
        ({}, {"type": "Obj", "props": []}),
        ([], {"type": "Array", "array": {"dimension": 1, "type": "String", "indexes": []}}),
    ],
)
def test_values_of_additional_data(value: Value, written: dict[str, Any]) -> None:
    assert prop(value) == written


def test_lists_become_arrays_of_as_many_dimensions() -> None:
    assert prop([[1, 2], [3]])["array"] == {
        "dimension": 2,
        "type": "Number",
        "indexes": [
            {"text": text, "indexes": at, "value": {"name": text, "type": "Number", "value": value}}
            for text, at, value in (("[0][0]", [0, 0], "1"), ("[0][1]", [0, 1], "2"), ("[1][0]", [1, 0], "3"))
        ],
    }
    assert prop([1, "n/a"])["array"]["type"] == "String"
    assert prop([Property(1, "Double")])["array"]["type"] == "Double"
    objects = prop(({"a": 1}, {"a": 2}))["array"]
    assert objects["type"] == "Obj"
    assert [cell["value"]["props"][0]["value"] for cell in objects["indexes"]] == ["1", "2"]


def test_a_list_that_is_deep_here_and_flat_there_is_refused() -> None:
    with pytest.raises(ValueError, match="equally deep"):
        blank().additional("set", {"p": [1, [2]]})


def test_a_sequence_call_names_its_caller_and_module() -> None:
    call = blank().root.sequence("Power", caller="Main", module="power.dll")
    assert (call.data["caller"], call.data["module"]) == ("Main", "power.dll")
    assert {"caller", "module"}.isdisjoint(blank().root.sequence("Power").data)


def test_a_chart_with_measurements() -> None:
    step = blank().root.chart_multi_numeric("Ramp").add("low", 1, limits=at_least(2)).add("low", 3)
    step.chart("Ramp", [])
    assert (step.step_type, step.status) == ("WATS_XYGMNLT", "F")
    assert [row["name"] for row in step.data["numericMeas"]] == ["low", "low #2"]
    assert blank().root.chart_multi_numeric("R", status=Status.DONE).add("x", 1).status == "D"


def test_a_step_of_any_type_may_hold_steps() -> None:
    report = blank()
    loop = report.root.generic("DoWhile", "until warm")
    loop.passfail("warm", Status.PASSED)
    loop.generic("NI_Flow_If", "if").action("then")
    completed(report)
    assert [(step.name, step.status) for step in report.steps()][1:] == [
        ("until warm", "D"),
        ("warm", "P"),
        ("if", "D"),
        ("then", "D"),
    ]
    assert validate(report) == []


def test_a_tested_sub_unit_counts_towards_the_result() -> None:
    report = blank()
    report.root.passfail("panel", Status.PASSED)
    good = report.tested_unit("Board", pn="B", sn="B-1")
    good.passfail("LED", Status.PASSED)
    bad = report.tested_unit(
        "Board", pn="B", sn="B-2", rev="C", sequence="Board", sequence_path="C:/b.seq", sequence_version="2"
    )
    bad.passfail("LED", Status.FAILED)
    completed(report)
    assert report.data["result"] == "F"
    assert (report.root.status, good.status, bad.status) == ("P", "P", "F")
    assert [step.data["id"] for step in report.steps()] == [1, 2, 3, 4, 5, 6]
    assert [step.data["id"] for step in report.steps() if step.data.get("causedUUTFailure")] == [6]
    assert bad.data["seqCall"] == {"path": "C:/b.seq", "name": "Board", "version": "2"}
    assert validate(report) == []
    bad.steps[0].data["status"] = "X"
    places = [issue.place for issue in validate(report)]
    assert "subUnits[1].root/LED.status" in places


def test_all_of_it_survives_encoding() -> None:
    for report in (completed(rich_report()), completed(repair_report())):
        assert validate(report) == []
        [again] = decode(encode(report))
        assert again.data == report.data
