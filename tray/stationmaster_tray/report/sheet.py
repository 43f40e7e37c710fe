"""A report as CSV, for a spreadsheet: a line for each measurement, and for each step without one."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from stationmaster_tray.report.document import Document, Part, name_of, rows_of, step_of, steps_of
from stationmaster_tray.report.measure import number_of

FIELDS = (
    "path", "step", "type", "status", "measurement", "value", "unit",
    "comparison", "low_limit", "high_limit", "limit", "seconds",
)  # fmt: skip
"""Names of the columns, which do not change with the language; `path` has the steps above."""
_MEASUREMENTS = ("numericMeas", "booleanMeas", "stringMeas")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so and is no number is run as a formula: it gets an apostrophe before it."""


def as_csv(document: Document) -> str:
    """All of it. Takes a while for a large report: call it in a thread."""
    made = io.StringIO()
    sheet = csv.writer(made, lineterminator="\n")
    sheet.writerow(FIELDS)
    waiting: list[tuple[str, object]] = [("", document.head.get("root"))]
    while waiting:
        path, found = waiting.pop()
        step = step_of(found)
        sheet.writerows([_cell(value) for value in line] for line in _lines(path, step))
        below = steps_of(step)
        if below:
            path = f"{path}/{name_of(step)}" if path else name_of(step)
            waiting += [(path, one) for one in reversed(below)]
    return made.getvalue()


def _lines(path: str, step: Part) -> Iterator[tuple[object, ...]]:
    head = (path, step.get("name"), step.get("stepType"))
    seconds = step.get("totTime")
    measured = [one for kind in _MEASUREMENTS for one in rows_of(step, kind)]
    if not measured:
        yield (*head, step.get("status"), *[""] * 7, seconds)
    for one in measured:
        said = (one.get(key) for key in ("name", "value", "unit", "compOp", "lowLimit", "highLimit", "limit"))
        yield (*head, one.get("status") or step.get("status"), *said, seconds)


def _cell(value: object) -> str:
    if value is None or isinstance(value, dict | list):
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) and number_of(value) is None else text
