"""A report as CSV."""

from __future__ import annotations

import csv
import io

import msgspec

from stationmaster_tray.report.document import read
from stationmaster_tray.report.sheet import FIELDS, as_csv


def rows(report: object) -> list[dict[str, str]]:
    """As a spreadsheet reads it."""
    return list(csv.DictReader(io.StringIO(as_csv(read(msgspec.json.encode(report))))))


def test_each_measurement_has_a_line_and_each_step_without_one() -> None:
    steps = [
        {"name": "Group", "stepType": "SequenceCall", "status": "F", "steps": [
            {"name": "3V3", "stepType": "ET_NLT", "status": "F", "totTime": 0.25, "numericMeas": [
                {"compOp": "GELE", "value": -1.5, "lowLimit": 3.2, "highLimit": 3.4, "unit": "V"},
                {"name": "ripple", "compOp": "LOG", "value": "NaN", "unit": "mV", "status": "P"},
            ]},
            {"name": "Label", "stepType": "ET_SVT", "status": "P", "stringMeas": [
                {"compOp": "IGNORECASE", "value": "=A1+1", "limit": "x,y", "status": "P"}
            ]},
        ]},
        {"name": "Door", "stepType": "ET_PFT", "status": "P", "booleanMeas": {"status": "P"}},
    ]  # fmt: skip
    made = rows({"sn": "1", "root": {"name": "Main", "status": "F", "steps": steps}})
    assert [(one["path"], one["step"], one["status"]) for one in made] == [
        ("", "Main", "F"),
        ("Main", "Group", "F"),
        ("Main/Group", "3V3", "F"),
        ("Main/Group", "3V3", "P"),
        ("Main/Group", "Label", "P"),
        ("Main", "Door", "P"),
    ]
    first, second, third = made[2:5]
    cells = ("value", "unit", "comparison", "low_limit", "high_limit", "seconds")
    assert [first[name] for name in cells] == ["-1.5", "V", "GELE", "3.2", "3.4", "0.25"]
    assert (second["measurement"], second["value"]) == ("ripple", "NaN")
    assert (third["value"], third["limit"]) == ("'=A1+1", "x,y")


def test_what_is_wrong_in_a_report_is_left_empty() -> None:
    made = rows({"root": {"name": ["x"], "status": None, "steps": [7, {"numericMeas": [7, {"value": {}}]}]}})
    assert len(made) == 3
    assert all(set(one) == set(FIELDS) for one in made)
    assert not any(value for one in made for value in one.values())
