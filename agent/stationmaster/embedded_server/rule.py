"""Why the server refuses a report: the format's rules, in the WATS server's words where known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from stationmaster.api import Report
from stationmaster.api.loop import loops
from stationmaster.api.validate import Issue, validate

_STATUS = re.compile(r"(?P<step>.*)\.\w+Meas\[\d+\]\.status", re.DOTALL)
_LOOP = re.compile(r"(?P<step>.*)\.loop\.(?P<key>num|endingIndex)", re.DOTALL)
_LOOP_WORDS = {
    "num": "num is required to be one more than endingIndex.",
    "endingIndex": "endingIndex is required to be the same as highest index.",
}


def refusals(report: Report, *, strict_loops: bool) -> list[str]:
    """One sentence for each error; none: the report may be stored. Warnings do not count.

    Args:
        strict_loops: refuse iterations whose type or limits differ from their summary's, too. The WATS
            server does, although its own exports hold such loops, which then cannot be imported again.
    """
    errors = [issue for issue in validate(report) if issue.severity == "error"]
    lines = [_sentence(issue) for issue in errors if not _is_iteration(issue)]  # `_unlike` says these
    return lines + list(_unlike(report, strict=strict_loops))


def _is_iteration(issue: Issue) -> bool:
    return issue.text.startswith("iteration ")


def _sentence(issue: Issue) -> str:
    status = _STATUS.fullmatch(issue.place)
    if status and "the step says" in issue.text:
        return f"{_path(status['step'])}: Status cannot be different from measurement status."
    loop = _LOOP.fullmatch(issue.place)
    # "is 3, ..." breaks a rule of loops; "is missing" and "must be ..." are said as they are
    if loop and re.match(r"is -?\d", issue.text):
        return f"loop {_path(loop['step'])}: {_LOOP_WORDS[loop['key']]}"
    return f"{_path(issue.place)}: {issue.text}" if issue.place else issue.text


def _path(place: str) -> str:
    return place.replace("/", " -> ")


def _unlike(report: Report, *, strict: bool) -> Iterator[str]:
    """Iterations of a loop that do not fit the summary."""
    waiting = [report.data.get("root")]
    while waiting:
        step = waiting.pop()
        children = step.get("steps") if isinstance(step, dict) else None
        if not isinstance(children, list):
            continue
        waiting.extend(reversed(children))
        for loop in loops(children):
            for _, iteration in loop.iterations:
                if loop.summary is not None:
                    yield from _against(loop.summary, iteration, strict=strict)


def _against(summary: dict[str, Any], iteration: dict[str, Any], *, strict: bool) -> Iterator[str]:
    head = f"Index {iteration['loop']['idx']}: step {iteration.get('name')}"
    if summary.get("name") != iteration.get("name"):
        yield f"{head} in Summary step requires a match."
        return
    if not strict:
        return
    for key, differs in (
        ("stepType", summary.get("stepType") != iteration.get("stepType")),
        ("numericMeas", _names(summary) != _names(iteration)),
        ("limit", _limits(summary) != _limits(iteration)),
    ):
        if differs:
            yield f"{head}: {key} is required to match Summary step."
            return


def _rows(step: dict[str, Any], *keys: str) -> list[dict[str, Any]]:
    found = [row for key in keys if isinstance(step.get(key), list) for row in step[key]]
    return [row for row in found if isinstance(row, dict)]


def _names(step: dict[str, Any]) -> list[Any]:
    return [row.get("name") for row in _rows(step, "numericMeas")]


def _limits(step: dict[str, Any]) -> list[tuple[Any, ...]]:
    keys = ("compOp", "lowLimit", "highLimit", "limit")
    return [tuple(row.get(key) for key in keys) for row in _rows(step, "numericMeas", "stringMeas")]
