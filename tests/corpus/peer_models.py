"""Runs under the third-party client's own Python: reads reports, tells which steps its models hold.

Input: one JSON report a line. Output: one JSON line each, `{"model", "steps": [[stepType, name, class,
measurements]], "failures", "parts"}` or `{"error"}`. Kept apart from the tests, which import nothing of the
client.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from typing import Any


def main() -> None:
    """Answer line by line."""
    models: Any = importlib.import_module("pywats.domains.report.report_models")
    for line in sys.stdin:
        data = json.loads(line)
        model = models.UURReport if data["type"] == "R" else models.UUTReport
        try:
            report = model.model_validate(data)
        except ValueError as error:
            answer: dict[str, Any] = {"error": str(error)}
        else:
            steps = list(_steps(report)) if data["type"] == "T" else []
            units = [len(unit.failures or []) for unit in report.sub_units] if data["type"] == "R" else []
            answer = {"model": model.__name__, "steps": steps, "failures": units}
            kept = report.model_dump(by_alias=True, exclude_none=True, mode="json")
            answer["parts"] = {key: kept.get(key) for key in ("additionalData", "assets")}
        sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _steps(report: Any) -> Iterator[list[object]]:
    yield from _walk(report.root)
    for unit in report.sub_units or []:
        if unit.root is not None:
            yield from _walk(unit.root)


def _walk(step: Any) -> Iterator[list[object]]:
    get: Any = step.get if isinstance(step, dict) else lambda key: getattr(step, key, None)
    kind = get("stepType") or get("step_type")
    held = step if isinstance(step, dict) else step.model_dump(by_alias=True, exclude_none=True)
    values = sum(len(held.get(key) or []) for key in ("numericMeas", "booleanMeas", "stringMeas"))
    yield [getattr(kind, "value", kind), get("name"), type(step).__name__, values]
    for child in get("steps") or []:
        yield from _walk(child)


if __name__ == "__main__":
    main()
