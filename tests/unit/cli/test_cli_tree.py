"""What a dry run shows of a report."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

from fakes.foreign import uur, uut
from fakes.report import START, completed, repair_report, rich_report
from stationmaster.api.wsjf import encode
from stationmaster.cli.tree import report_tree


def lines(data: dict[str, Any]) -> list[str]:
    """The tree's lines, without what draws it."""
    out = io.StringIO()
    Console(file=out, width=10_000, markup=False, emoji=False).print(report_tree(data, report_id="ID"))
    return [line.lstrip("│├└─ \N{NO-BREAK SPACE}").rstrip() for line in out.getvalue().splitlines()]


def test_a_test_report_with_all_its_parts() -> None:
    shown = lines(json.loads(encode(completed(rich_report()))))
    assert shown[0] == "SN-0325 · PCBA-001 B · process 10 · F  ID"
    for line in (
        "misc Firmware: 1.2.3",
        "asset FIX-001",
        "asset DMM-001, type Multimeter, part DMM-7, used 1, calibrated {0}, due {0}".format(
            START.isoformat()
        ),
        "file log.txt: text/plain, 5 bytes, what the tester said",
        "file step.bin: application/octet-stream, 2 bytes, raw",
        "data station",
        "temp: 23.5",
        "gain: 1.25  (measured)",
        "nothing:",
        "supply:",
        "high: 30",
        "row: 1.5, 2.5 (2 of type Number, 1-dimensional)",
        "table: 1, 2, 3, 4 (4 of type Number, 2-dimensional)",
        "channels: (2 of type Obj, 1-dimensional)",
        "name: B",
        "F  Single  [ET_NLT]  500.0 V (GELE 501 502)",
        "P  Max  62.6 A (GELE 60 70)",
        "P  red",
        "chart Current: Line, x t in s, y I in A",
        "chart Current: LineLogX, x X, y Y",
        "Current: 3 points",
        "sub-unit PCBA SUB-1 R2 SUBSN-1",
        "sub-unit Module SUB-2 SUBSN-2",
        "P  VDD  [ET_NLT]  1.8 V (GELE 1.7 1.9)",
    ):
        assert line in shown, line


def test_a_repair_report_with_its_failures() -> None:
    shown = lines(json.loads(encode(completed(repair_report()))))
    for line in (
        "file photo.jpg: image/jpeg, 2 bytes, shows failure 1, the joint",
        "sub-unit Main PCBA-001 B SN-0325",
        "failure Component: Burned U1 hot",
        "celsius: 350, 360 (2 of type Number, 1-dimensional)",
    ):
        assert line in shown, line


def test_long_texts_are_cut_to_one_line() -> None:
    report = rich_report().additional("long", {"text": "a\nb" * 200, "list": list(range(500))})
    shown = lines(json.loads(encode(completed(report))))
    assert all(len(line) < 400 for line in shown)
    assert next(line for line in shown if line.startswith("text:")).startswith("text: a ba b")
    assert next(line for line in shown if line.startswith("list:")).endswith(
        "... (500 of type Number, 1-dimensional)"
    )


@pytest.mark.parametrize("wrong", [None, 7, "x", [], [7], [None], {}, [{}], [[{}]], True])
def test_a_report_that_is_wrong_anywhere_is_shown(wrong: object) -> None:
    for made in (uut(), uur()):
        for key in made:
            lines({**made, key: wrong})
        for part in ("root", "uut", "uur"):
            for key in made.get(part) or {}:
                lines({**made, part: {**made[part], key: wrong}})
        for place, step in enumerate(made.get("root", {}).get("steps", ())):
            for key in (*step, "chart", "attachment", "additionalResults", "numericMeas"):
                steps = [*made["root"]["steps"]]
                steps[place] = {**step, key: wrong}
                lines({**made, "root": {**made["root"], "steps": steps}})
    lines({})
