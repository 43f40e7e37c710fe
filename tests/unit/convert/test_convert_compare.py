"""Two conversions of one file, compared value by value."""

from __future__ import annotations

from typing import Any

from stationmaster.convert.compare import compare


def report(value: float, *, name: str = "u", **more: Any) -> dict[str, Any]:
    step = {"name": name, "stepType": "ET_NLT", "numericMeas": [{"value": value}]}
    group = {"name": "G", "steps": [step]}
    return {"id": str(value), "sn": "A1", "root": {"name": "Main", "steps": [group]}} | more


def told(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(one.path, one.old, one.new) for one in compare(old, new)]


def test_the_same_is_the_same_whatever_the_id() -> None:
    assert told([report(1.0), report(2.0)], [report(1.0), report(2.0)]) == []
    assert told([report(1.0, id="a")], [report(1.0, id="b")]) == []


def test_values_are_told_with_the_names_of_their_steps() -> None:
    assert told([report(1.0)], [report(1.5)]) == [("G / u: numericMeas[0].value", "1.0", "1.5")]
    assert told([report(1.0), report(1.0)], [report(1.0), report(2.0)]) == [
        ("report 2 / G / u: numericMeas[0].value", "1.0", "2.0")
    ]
    assert told([report(1)], [report(1.0)]) == [("G / u: numericMeas[0].value", "1", "1.0")]


def test_what_only_one_has_is_told() -> None:
    assert told([report(1.0, uut={"user": "Kim"})], [report(1.0)]) == [
        ("uut", "{'user': 'Kim'}", "(not there)")
    ]
    more = report(1.0)
    more["root"]["steps"].append({"name": "new"})
    assert told([report(1.0)], [more]) == [("new", "(not there)", "a step")]
    assert told([report(1.0)], []) == [("reports", "1", "0")]
    assert told([report(1.0)], [report(1.0, name="v")]) == [("G / u: name", "u", "v")]
