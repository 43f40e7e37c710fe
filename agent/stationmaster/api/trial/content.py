"""Is what the reports say right in itself: the format's rules, limits, verdicts, records?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from stationmaster.api.limit import CompOp, Limits
from stationmaster.api.trial.case import Case, Taken
from stationmaster.api.trial.finding import Findings, Severity
from stationmaster.api.trial.place import place_of
from stationmaster.api.validate import validate

MOST_REPORTS = 200
"""So many reports of a sample are looked at."""

_BAD = frozenset("FET")
_STATUS = {"P": "Passed", "F": "Failed"}


def check_content(case: Case, found: Findings) -> None:
    """Look at each report of the sample."""
    reports = case.outcome.reports
    for taken in reports[:MOST_REPORTS]:
        _rules(case, taken, found)
        steps = list(_steps(taken.report.data))
        for path, step in steps:
            _step(case, taken, path, step, found)
        _whole(case, taken, steps, found)
    _records(case, found)


def _rules(case: Case, taken: Taken, found: Findings) -> None:
    for issue in validate(taken.report):
        step = issue.place.partition(".")[0] if issue.place.startswith("root") else ""
        found.add(
            "rule",
            Severity(issue.severity),
            f"{issue.place} {issue.text}." if issue.place else f"{issue.text}.",
            place=place_of(case, taken, step_name=step.rpartition("/")[2].partition("#")[0] if step else ""),
            file=case.file,
            next_step="Cut it with one_line or clip." if "characters long" in issue.text else "",
        )


def _step(case: Case, taken: Taken, path: str, step: dict[str, Any], found: Findings) -> None:
    numeric, texts = _rows(step, "numericMeas"), _rows(step, "stringMeas")
    for row in [*numeric, *texts]:
        if row.get("status") == "F" and (row.get("compOp") or CompOp.LOG) == CompOp.LOG:
            found.note(
                "failed-without-limits",
                "It is Failed, but nothing is compared: no limits are given.",
                place=place_of(case, taken, path, str(row.get("name") or step.get("name") or "")),
                file=case.file,
                next_step="If the file has limits, give them to the measurement.",
            )
        text = _wrong_number(row) if row in numeric else _wrong_text(row)
        if text:
            name = str(row.get("name") or step.get("name") or "")
            found.warning(
                "verdict-against-limits",
                text,
                place=place_of(case, taken, path, name),
                file=case.file,
                next_step="Are value, limits and status read from the right places? A tester's own verdict "
                "may stay as it is.",
            )
    below = [one for one in _rows(step, "steps") if one.get("status") in _BAD]
    if step.get("status") == "P" and below:
        name = str(below[0].get("name"))
        found.warning(
            "verdict-against-steps",
            f"The step is Passed, but {name!r} in it is not.",
            place=place_of(case, taken, path, name),
            file=case.file,
            next_step="Leave the status of a sequence out, and it follows its steps; or is this what the "
            "tester says?",
        )


def _wrong_number(row: dict[str, Any]) -> str:
    """Why a numeric measurement contradicts itself, "" where it does not."""
    status, value = row.get("status"), row.get("value")
    if status not in _STATUS:
        return ""
    try:
        comp = CompOp(row.get("compOp") or CompOp.LOG)
    except ValueError:
        return ""  # a broken rule, told as that
    low, high = _number(row.get("lowLimit")), _number(row.get("highLimit"))
    number = _number(value)
    wrong = ""
    if comp is CompOp.LOG:
        pass  # nothing is compared
    elif number is None or math.isnan(number):
        wrong = "It is Passed within limits, but there is no value." if status == "P" else ""
    elif low is not None and (comp.bounds < 2 or high is not None):  # else a broken rule, told as that
        wrong = _outside(str(status), number, Limits(comp, low, high))
    return wrong


def _outside(status: str, number: float, limits: Limits) -> str:
    if limits.passes(number) is (status == "P"):
        return ""
    comp, low, high = limits.comp, limits.low, limits.high
    bounds = f"{low:g} and {high:g}" if comp.bounds == 2 else f"{low:g}"
    return f"It is {_STATUS[status]}, but its value {number:g} compared by {comp} with {bounds} is not."


def _wrong_text(row: dict[str, Any]) -> str:
    status, value, limit = row.get("status"), row.get("value"), row.get("limit")
    comp = row.get("compOp")
    if status not in _STATUS or not isinstance(value, str) or not isinstance(limit, str):
        return ""
    if comp == CompOp.CASESENSIT:
        equal = value == limit
    elif comp == CompOp.IGNORECASE:
        equal = value.casefold() == limit.casefold()
    else:
        return ""
    if equal is (status == "P"):
        return ""
    return f"It is {_STATUS[status]}, but its text {value[:40]!r} compared with {limit[:40]!r} is not."


def _whole(case: Case, taken: Taken, steps: list[tuple[str, dict[str, Any]]], found: Findings) -> None:
    data = taken.report.data
    if data.get("type") != "T":
        return
    if len(steps) == 1:
        found.warning(
            "no-steps",
            "The report has no steps.",
            place=place_of(case, taken),
            file=case.file,
            next_step="Are the measurements read at all?",
        )
    if data.get("result") != "P":
        return
    root = data.get("root")
    bad = [path for path, step in steps if step.get("causedUUTFailure")]
    if isinstance(root, dict) and root.get("status") in _BAD:
        bad.insert(0, "root")
    if bad:
        found.warning(
            "verdict-against-steps",
            "The report is Passed, but its steps are not.",
            place=place_of(case, taken, bad[0]),
            file=case.file,
            next_step="Leave `result` out, and it follows the steps; or is this what the tester says?",
        )


def _records(case: Case, found: Findings) -> None:
    """Reports of one file need records of their own, or their ids change when the file grows."""
    without = [one for one in case.outcome.reports if one.record is None and not one.report.id]
    if len(case.outcome.reports) > 1 and without:
        found.warning(
            "no-record",
            f"The file holds {len(case.outcome.reports)} units, and report.record is not set: the report ids "
            "then hang on the whole file, and each unit is sent again when the file changes.",
            place=place_of(case, without[0]),
            file=case.file,
            next_step="Set report.record to the bytes of the unit's own lines.",
        )


def _steps(data: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every step with its path, the roots first."""
    roots = [data.get("root"), *(unit.get("root") for unit in _rows(data, "subUnits"))]
    waiting = [("root", root) for root in reversed(roots) if isinstance(root, dict)]
    while waiting:
        path, step = waiting.pop()
        yield path, step
        waiting += [(f"{path}/{one.get('name') or '?'}", one) for one in reversed(_rows(step, "steps"))]


def _rows(part: dict[str, Any], key: str) -> list[dict[str, Any]]:
    rows = part.get(key)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _number(value: object) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float | str):
        try:
            return float(value)
        except ValueError:
            return None
    return None
