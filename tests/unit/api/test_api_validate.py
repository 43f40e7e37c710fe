"""Validation as a whole: what is stricter for our own reports, what passes, what it costs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from fakes.foreign import uur, uut
from fakes.report import completed, repair_report, rich_report
from stationmaster.api import CompOp, Limits, Report, Status, ValidationError, between
from stationmaster.api.validate import Issue, check, validate

NLT = "root/ET_NLT"


def found(data: dict[str, Any], severity: str) -> list[Issue]:
    return [issue for issue in validate(Report(data)) if issue.severity == severity]


def test_a_number_that_a_server_cannot_hold_is_an_error() -> None:
    report = completed(rich_report())
    report.root.numeric("Huge", 1)
    row = report.root.steps[-1].data["numericMeas"][0]
    for value, errors in ((10**308, 0), (10**400, 1), (-(10**400), 1)):
        row["value"] = value
        assert len(found(report.data, "error")) == errors


def test_units_may_leave_their_index_out() -> None:
    data = uur()
    for unit in data["subUnits"]:
        unit.pop("idx")
    assert validate(Report(data)) == []


def test_a_repair_report_needs_no_result() -> None:
    data = uur()
    del data["result"]
    assert validate(Report(data)) == []


# ---------------------------------------------------------------- stricter for what was built here
def built() -> Report:
    return completed(rich_report())


BUILT: list[tuple[Callable[[Report], object], str, str]] = [
    (lambda report: report.info(execTime=-1.0), "uut.execTime", "not negative"),
    (lambda report: report.root.multi_numeric("empty"), "root/empty.numericMeas", "nothing was measured"),
    (lambda report: report.root.action("lone").loop_index(0), "root/lone.loop", "without a summary"),
    (
        lambda report: report.root.numeric("Looped", 3, limits=between(1, 9)).loop_index(2),
        "root/Looped#4",
        "the limits are not those of the summary",
    ),
    (
        lambda report: report.root.action("Looped").loop_index(1),
        "root/Looped#4",
        "stepType 'Action' is not the summary's 'ET_NLT'",
    ),
]


@pytest.mark.parametrize(("change", "place", "text"), BUILT, ids=[text for _, _, text in BUILT])
def test_our_own_reports_are_held_to_more(change: Callable[[Report], object], place: str, text: str) -> None:
    report = rich_report()
    if "Looped" not in place:
        report.root.action("end of the loop")
    change(report)
    errors = [issue for issue in validate(completed(report)) if issue.severity == "error"]
    assert (place, True) in [(error.place, text in error.text) for error in errors], errors


def test_a_wide_attachment_and_one_in_lines() -> None:
    data = uut()
    data["binaryData"][0]["data"] = "aGVs\r\nbG8=\r\n"
    assert validate(Report(data)) == []
    data["binaryData"][0]["data"] = "A" * (14 * 1024 * 1024)
    assert [(issue.severity, issue.place) for issue in validate(Report(data))] == [
        ("warning", "binaryData[0].data")
    ]
    data["binaryData"][0]["data"] = None
    assert validate(Report(data)) == []


def test_a_skipped_step_needs_no_value() -> None:
    data = uut()
    data["root"]["steps"][0] |= {"status": "S", "numericMeas": [{"status": "S", "value": None}]}
    data["root"]["steps"][3] |= {"status": "S", "booleanMeas": []}
    assert validate(Report(data)) == []


def test_a_summary_alone_is_only_told() -> None:
    data = uut()
    del data["root"]["steps"][8:]
    assert [(issue.severity, issue.place) for issue in validate(Report(data))] == [
        ("warning", "root/loop.loop.endingIndex")
    ]


def test_words_for_numbers_are_numbers() -> None:
    for word in ("NaN", "Infinity", "-Infinity"):
        data = uut()
        data["root"]["steps"][0]["numericMeas"][0]["value"] = word
        assert validate(Report(data)) == []


def test_steps_of_unknown_type_are_checked_too() -> None:
    data = uut()
    data["root"]["steps"][0] = {
        "stepType": "Never_Seen",
        "name": "u",
        "status": "P",
        "numericMeas": [{"status": "P", "value": 1, "compOp": "GE"}],
        "steps": [{"stepType": "Also_New", "name": "v", "status": "Q"}],
    }
    assert [error.place for error in found(data, "error")] == [
        "root/u.numericMeas[0].lowLimit",
        "root/u/v.status",
    ]


def test_too_many_levels() -> None:
    data = uut()
    inner = data["root"]
    for _ in range(3000):
        inner["steps"] = [{"stepType": "SequenceCall", "name": "s", "status": "P"}]
        inner = inner["steps"][0]
    [error] = found(data, "error")
    assert "more than 100 levels" in error.text
    assert error.place.startswith("root/s/s/")


def test_a_list_with_a_foreign_thing_in_it_keeps_its_places() -> None:
    data = uut()
    data["root"]["steps"].insert(0, None)
    data["root"]["steps"][1]["status"] = "X"
    places = [error.place for error in found(data, "error")]
    assert places[0] == "root.steps[0]"
    assert f"{NLT}.status" in places


def test_the_error_lists_what_fits_and_keeps_all() -> None:
    data = uut()
    data["root"]["steps"] = [{"stepType": "Action", "name": f"s{n}", "status": "X"} for n in range(50)]
    with pytest.raises(ValidationError) as caught:
        check(Report(data))
    assert len(caught.value.issues) == 50
    assert "the report of S breaks" in caught.value.text
    assert "and 30 more" in caught.value.text
    with pytest.raises(ValidationError, match="a unit without serial number"):
        check(Report({}))


def test_warnings_do_not_refuse() -> None:
    data = uut()
    data["sn"] = "A/B"
    check(Report(data))
    assert str(validate(Report(data))[0]).startswith("sn: holds /")
    assert str(Issue("", "text")) == "text"


@pytest.mark.parametrize("status", [one for one in Status if one is not Status.SKIPPED])
def test_a_verdict_is_never_questioned(status: Status) -> None:
    report = Report.uut(sn="S", pn="P", rev="A", process_code=1, start=None)
    report.root.numeric("n", 99, limits=Limits(CompOp.LE, 1), status=status)
    report.data["start"] = "2026-01-01T00:00:00Z"
    assert validate(completed(report)) == []


def test_the_same_issues_whatever_the_report_is() -> None:
    for report in (completed(repair_report()), built()):
        assert validate(report) == validate(report) == []


def test_validation_of_a_large_report_takes_milliseconds() -> None:
    data = uut()
    data["root"]["steps"] = [
        {
            "stepType": "ET_NLT",
            "name": f"step {number}",
            "status": "P",
            "numericMeas": [{"status": "P", "value": 1.5, "compOp": "GELE", "lowLimit": 1, "highLimit": 2}],
        }
        for number in range(700)
    ]
    assert 90_000 < len(json.dumps(data)) < 120_000
    best = min(_seconds(data) for _ in range(5))
    assert best < 0.05, "a few milliseconds; ten times that on a busy machine is a fault"


def _seconds(data: dict[str, Any]) -> float:
    begin = time.process_time()
    assert validate(Report(data)) == []
    return time.process_time() - begin
