"""Strict validation of WSJF reports: what a WATS server refuses is found here, with its place.

The rules are those of the server and of the published models (docs/reference/wsjf.md). A verdict is never
questioned: a value outside its limits with status P is the tester's word.
"""

from __future__ import annotations

from typing import Any

from stationmaster.api.extra_rule import additional, asset, attachment
from stationmaster.api.issue import Issue, Issues, shown
from stationmaster.api.moment import parse
from stationmaster.api.report import Report
from stationmaster.api.step_rule import check_steps
from stationmaster.errors import ValidationError

__all__ = ["Issue", "check", "validate"]

_AWKWARD = frozenset("*%?[]^!/\\")
_LISTED = 20
"""How many issues the text of a `ValidationError` lists; all are in its `issues`."""


def validate(report: Report) -> list[Issue]:
    """Everything wrong or doubtful in the report, in the order of the report's parts."""
    issues = Issues(built=report.built)
    data = report.data
    kind = data.get("type")
    if kind not in ("T", "R"):
        issues.error("type", f"is {shown(kind)}, not T (test) or R (repair)")
    _header(issues, data)
    if kind == "R":
        _repair_report(issues, data)
    else:
        _test_report(issues, data)
    _extras(issues, data)
    return issues.found


def check(report: Report) -> None:
    """Raise where the report has errors; warnings pass.

    Raises:
        ValidationError: lists each error with its place.
    """
    errors = tuple(str(issue) for issue in validate(report) if issue.severity == "error")
    if errors:
        listed = "; ".join(errors[:_LISTED])
        more = f"; and {len(errors) - _LISTED} more" if len(errors) > _LISTED else ""
        raise ValidationError(
            f"the report of {report.sn or 'a unit without serial number'} breaks the format's rules: "
            f"{listed}{more}",
            issues=errors,
            next_step="Mend the source or its converter, then retry.",
        )


def _header(issues: Issues, data: dict[str, Any]) -> None:
    issues.uuid(data, "id", "")
    for key in ("pn", "sn", "rev", "machineName", "location", "purpose"):
        issues.text(data, key, "", least=1, most=100)
    for key in ("pn", "sn"):
        value = data.get(key)
        awkward = sorted(_AWKWARD.intersection(value)) if isinstance(value, str) else []
        if awkward:
            issues.warning(key, f"holds {' '.join(awkward)}, which searches on the server take for patterns")
    issues.integer(data, "processCode", "", needed=True)
    if data.get("result") is not None or data.get("type") != "R":
        issues.letter(data, "result", "", "PFDET")
    for key in ("origin", "productName", "processName", "processCodeFormat"):
        issues.text(data, key, "", most=100)
    _start(issues, data)


def _start(issues: Issues, data: dict[str, Any]) -> None:
    start = data.get("start")
    issues.time(data, "start", "")
    moment = parse(start) if isinstance(start, str) else None
    if start is None:
        issues.error("start", "is missing")
    elif moment is not None and moment.tzinfo is None:
        issues.error("start", f"{shown(start)} has no offset from UTC: give it that of the station")
    utc = data.get("startUTC")
    if utc is not None and (not isinstance(utc, str) or parse(utc) is None):
        issues.warning("startUTC", f"is {shown(utc)}, not a time; the server works it out from start")


def _test_report(issues: Issues, data: dict[str, Any]) -> None:
    info = issues.table(data, "uut", "")
    if info is not None:
        _operator(issues, info, "uut.")
        for key in ("fixtureId", "batchSN"):
            issues.text(info, key, "uut.", most=100)
        for key in ("testSocketIndex", "errorCode", "batchFailCount", "batchLoopIndex"):
            issues.integer(info, key, "uut.")
        issues.integer(info, "stepIdCausedUUTFailure", "uut.")
        issues.text(info, "errorMessage", "uut.")
        for at, row in issues.rows(info, "referencedByUURs", "uut."):
            issues.uuid(row, "id", at)
    root = issues.table(data, "root", "", needed=True)
    if root is not None:
        check_steps(issues, root, "root")
    for at, unit in issues.rows(data, "subUnits", ""):
        _unit(issues, unit, at)
        issues.text(unit, "sn", at, least=1, most=100)
        below = issues.table(unit, "root", at)
        if below is not None:
            check_steps(issues, below, f"{at}root")


def _repair_report(issues: Issues, data: dict[str, Any]) -> None:
    info = issues.table(data, "uur", "", needed=True)
    if info is not None:
        _operator(issues, info, "uur.")
        for key in ("processCode", "testOperationCode"):
            issues.integer(info, key, "uur.")
        for key in ("processName", "testOperationName", "processCodeFormat"):
            issues.text(info, key, "uur.")
        for key in ("refUUT", "testOperationGuid", "parent"):
            issues.uuid(info, key, "uur.")
        for key in ("confirmDate", "finalizeDate"):
            issues.time(info, key, "uur.")
        issues.flag(info, "active", "uur.")
    if data.get("root") is not None:
        issues.warning("root", "a repair report has no steps")
    units = issues.rows(data, "subUnits", "")
    for at, unit in units:
        _unit(issues, unit, at)
        issues.text(unit, "sn", at, most=100)
        for key in ("idx", "parentIdx", "position", "replacedIdx"):
            issues.integer(unit, key, at)
        for place, failure in issues.rows(unit, "failures", at):
            _failure(issues, failure, place)
    _indexes(issues, units)


def _indexes(issues: Issues, units: list[tuple[str, dict[str, Any]]]) -> None:
    seen: set[int] = set()
    for at, unit in units:
        index = unit.get("idx")
        if type(index) is int:
            if index in seen:
                issues.error(at + "idx", f"{index} stands twice")
            seen.add(index)
    for at, unit in units:
        for key in ("parentIdx", "replacedIdx"):
            index = unit.get(key)
            # The server adds the unit itself as 0 where the report leaves it out.
            if type(index) is int and index not in seen and index != 0:
                issues.house(at + key, f"{index} is no unit of this report")


def _operator(issues: Issues, info: dict[str, Any], at: str) -> None:
    issues.text(info, "user", at, most=100)
    issues.text(info, "comment", at, most=5000)
    issues.duration(info, "execTime", at)


def _unit(issues: Issues, unit: dict[str, Any], at: str) -> None:
    issues.text(unit, "pn", at, least=1, most=100)
    issues.text(unit, "rev", at, most=100)
    issues.text(unit, "partType", at, most=50)


def _failure(issues: Issues, failure: dict[str, Any], at: str) -> None:
    for key in ("category", "code"):
        issues.text(failure, key, at, least=1)
    texts = ("comment", "comRef", "funcBlock", "refStepName", "artNumber", "artRev", "artVendor")
    for key in (*texts, "artDescription"):
        issues.text(failure, key, at)
    issues.integer(failure, "refStepId", at)


def _extras(issues: Issues, data: dict[str, Any]) -> None:
    for at, row in issues.rows(data, "miscInfos", ""):
        issues.text(row, "description", at, least=1, most=100)
        issues.text(row, "text", at, most=100)
        issues.number(row, "numeric", at)
    for at, row in issues.rows(data, "assets", ""):
        asset(issues, row, at)
    for at, row in issues.rows(data, "binaryData", ""):
        attachment(issues, row, at)
        _fail_idx(issues, data, row, at)
    for at, row in issues.rows(data, "additionalData", ""):
        additional(issues, row, at)


def _fail_idx(issues: Issues, data: dict[str, Any], row: dict[str, Any], at: str) -> None:
    issues.integer(row, "failIdx", at)
    index = row.get("failIdx")
    if type(index) is not int:
        return
    if data.get("type") != "R":
        issues.warning(at + "failIdx", "a test report has no failures")
        return
    units = data.get("subUnits")
    held = (
        [unit.get("failures") for unit in units if isinstance(unit, dict)] if isinstance(units, list) else []
    )
    failures = sum(len(found) for found in held if isinstance(found, list))
    if not 0 <= index < failures:
        issues.warning(at + "failIdx", f"is {index}: this report has {failures} failures, from 0")
