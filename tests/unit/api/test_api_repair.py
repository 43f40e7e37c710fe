"""Every mend of a foreign WSJF report: what changes, what is told, what stays."""

from __future__ import annotations

import copy
import json
import math
from typing import Any

import pytest

from stationmaster.api.moment import mend, parse
from stationmaster.api.wsjf import decode, repair


def report_data(*steps: dict[str, Any], **more: object) -> dict[str, Any]:
    root = {"stepType": "SequenceCall", "name": "Main", "status": "P", "steps": list(steps)}
    data: dict[str, Any] = {
        "type": "T",
        "sn": "1",
        "result": "P",
        "start": "2026-01-01T10:00:00Z",
        "root": root,
    }
    return data | more


def numeric(status: str = "P", **row: object) -> dict[str, Any]:
    measurement = {"status": status, "value": 1.0, "compOp": "LOG"} | row
    return {"stepType": "ET_NLT", "name": "n", "status": status, "numericMeas": [measurement]}


def looped(num: object, ending: object, *indexes: int) -> list[dict[str, Any]]:
    summary = numeric() | {"loop": {"idx": None, "num": num, "endingIndex": ending}}
    return [summary, *(numeric() | {"loop": {"idx": index}} for index in indexes)]


def mended(data: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    [report] = decode(json.dumps(data))
    told = repair(report)
    assert repair(report) == [], "mending is done at once"
    return report.data, told


def test_a_sound_report_is_left_alone() -> None:
    data = report_data(numeric(), *looped(2, 1, 0, 1), subUnits=[{"sn": "s", "pn": "p"}])
    after, told = mended(copy.deepcopy(data))
    assert after == data
    assert told == []


WORDS = {
    "Passed": "P",
    "OK": "P",
    "true": "P",
    "fail": "F",
    "NOK": "F",
    "Skipped": "S",
    "not run": "S",
    "Done": "D",
    "Error": "E",
    "aborted": "T",
    "Terminated": "T",
    "p": "P",
}


@pytest.mark.parametrize(("word", "letter"), WORDS.items())
def test_words_become_letters(word: str, letter: str) -> None:
    after, told = mended(report_data(numeric(word), result=word))
    step = after["root"]["steps"][0]
    assert (after["result"], step["status"], step["numericMeas"][0]["status"]) == (letter,) * 3
    assert told == [
        f"result {word!r} was written as {letter} (result)",
        f"status {word!r} was written as {letter} (root/n.status and 1 more)",
    ]


@pytest.mark.parametrize("word", ["0", "1", "maybe", "", 7, None, True])
def test_unknown_words_stay_for_validation(word: object) -> None:
    data = report_data(result=word)
    after, told = mended(copy.deepcopy(data))
    assert (after, told) == (data, [])


def test_comparison_operators_in_any_case() -> None:
    step = numeric(compOp="gele", lowLimit=0, highLimit=2)
    text = {
        "stepType": "ET_SVT",
        "name": "s",
        "status": "P",
        "stringMeas": [{"status": "P", "compOp": "Log"}],
    }
    after, told = mended(report_data(step, text, numeric(compOp="nonsense")))
    first, second, third = after["root"]["steps"]
    assert first["numericMeas"][0]["compOp"] == "GELE"
    assert second["stringMeas"][0]["compOp"] == "LOG"
    assert third["numericMeas"][0]["compOp"] == "nonsense"
    assert told == [
        "compOp 'gele' was written in capitals (root/n.numericMeas[0].compOp)",
        "compOp 'Log' was written in capitals (root/s.stringMeas[0].compOp)",
    ]


TIMES = {
    "2026-01-30T22:01:41+01:00": None,
    "2026-01-30T22:01:41.470+01:00": None,
    "2026-01-30T22:01:41.470735+01:00": None,
    "2026-01-30T22:01:41.4707353+01:00": None,
    "2026-01-30T22:01:41.4707353Z": None,
    "2026-01-30T22:01:41": None,
    "2026-01-30T22:01+01:00": None,
    "2020-01-01T08:00:00.Z": "2020-01-01T08:00:00Z",
    "2025-09-29 12:42:29.824638+02:00": "2025-09-29T12:42:29.824638+02:00",
    "2025-09-29 12:42:29,5 +0200": "2025-09-29T12:42:29.5+02:00",
    "2026-01-30t22:01:41z": "2026-01-30T22:01:41Z",
    " 2026-01-30T22:01:41Z": "2026-01-30T22:01:41Z",
}


@pytest.mark.parametrize(("text", "right"), TIMES.items())
def test_times(text: str, right: str | None) -> None:
    assert mend(text) == (right or text)
    assert parse(text) == parse(right or text) is not None
    step = numeric() | {"start": text}
    uur = {"confirmDate": text, "finalizeDate": text}
    after, told = mended(report_data(step, start=text, startUTC=text, uur=uur))
    wanted = right or text
    assert after["start"] == after["startUTC"] == after["root"]["steps"][0]["start"] == wanted
    assert after["uur"] == {"confirmDate": wanted, "finalizeDate": wanted}
    assert told == ([f"the time {text!r} was written as {right!r} (start and 4 more)"] if right else [])


NO_TIMES = [
    "",
    "now",
    "2026-13-01T00:00:00Z",
    "2026-01-01T25:00:00Z",
    "2026-01-01",
    "1/2/2026 10:00",
    "١٢٣٤-01-01T00:00:00",
]


@pytest.mark.parametrize("text", NO_TIMES)
def test_what_is_no_time_stays(text: str) -> None:
    assert parse(text) is None
    assert mend(text) is None
    after, _ = mended(report_data(startUTC=text))
    assert after["startUTC"] == text


def test_parse_cuts_to_microseconds() -> None:
    moment = parse("2026-01-30T22:01:41.4707359+01:00")
    assert moment is not None
    assert moment.microsecond == 470735
    assert moment.utcoffset() is not None
    naive = parse("2026-01-30T22:01:41")
    assert naive is not None
    assert naive.tzinfo is None


def test_the_start_comes_from_start_utc() -> None:
    after, told = mended(report_data(start=None, startUTC="2026-01-01T08:00:00.Z"))
    assert after["start"] == "2026-01-01T08:00:00Z"
    assert "start was taken from startUTC (start)" in told


LOOPS = [
    # num, endingIndex, indexes -> num, endingIndex
    (3, 3, (0, 1, 2), (3, 2)),
    (2, 2, (0, 1), (2, 1)),
    (3, 2, (0, 1, 2), (3, 2)),
    (4, 3, (0, 1, 2), (3, 2)),
    (None, 2, (0, 1, 2), (3, 2)),
    (3, 3, (1, 2, 3), (4, 3)),
    (3, 3, (), (3, 2)),
    (3, 2, (), (3, 2)),
    (0, 0, (), (0, 0)),
    (3, 5, (), (3, 5)),
]


@pytest.mark.parametrize(("num", "ending", "indexes", "right"), LOOPS)
def test_loops(num: object, ending: object, indexes: tuple[int, ...], right: tuple[int, int]) -> None:
    after, told = mended(report_data(*looped(num, ending, *indexes)))
    info = after["root"]["steps"][0]["loop"]
    assert (info["num"], info["endingIndex"]) == right
    assert len(told) == ((num, ending) != right)
    assert all("root/n.loop" in text for text in told)


def test_neighbouring_loops_are_told_apart() -> None:
    after, told = mended(
        report_data(*looped(3, 3, 0, 1, 2), *looped(2, 2, 0, 1), numeric(), *looped(1, 1, 0))
    )
    infos = [step["loop"] for step in after["root"]["steps"] if step.get("loop", {}).get("num")]
    assert [(info["num"], info["endingIndex"]) for info in infos] == [(3, 2), (2, 1), (1, 0)]
    assert len(told) == 3


def test_iterations_without_summary_stay() -> None:
    data = report_data(*looped(2, 1, 0, 1)[1:])
    after, told = mended(copy.deepcopy(data))
    assert (after, told) == (data, [])


@pytest.mark.parametrize("own", ["P", None, "maybe"])
def test_a_lone_measurement_follows_its_step(own: object) -> None:
    step = numeric("F") | {"numericMeas": [{"status": own, "value": 1}]}
    after, told = mended(report_data(step))
    assert after["root"]["steps"][0]["numericMeas"][0]["status"] == "F"
    assert told == [
        f"the lone measurement said {own!r}, it follows its step to F (root/n.numericMeas[0].status)"
    ]


def test_several_measurements_keep_their_own_verdict() -> None:
    rows = [{"name": "a", "status": "P"}, {"name": "b", "status": "F"}]
    data = report_data({"stepType": "ET_MPFT", "name": "m", "status": "F", "booleanMeas": rows})
    after, told = mended(copy.deepcopy(data))
    assert (after, told) == (data, [])


def test_numbers_that_are_none_become_words() -> None:
    after, told = mended(report_data(numeric(value=math.nan), numeric(value=math.inf, lowLimit=-math.inf)))
    first, second = (step["numericMeas"][0] for step in after["root"]["steps"])
    assert (first["value"], second["value"], second["lowLimit"]) == ("NaN", "Infinity", "-Infinity")
    assert told == ["numbers that are not finite were written as words"]


def test_sub_units_with_steps_are_mended_too() -> None:
    root = {"stepType": "SequenceCall", "name": "Sub", "status": "Passed", "steps": [numeric("Passed")]}
    after, told = mended(report_data(subUnits=[7, {"root": root}]))
    assert after["subUnits"][1]["root"]["steps"][0]["status"] == "P"
    assert told == ["status 'Passed' was written as P (subUnits[1].root.status and 2 more)"]


STRANGE: list[dict[str, Any]] = [
    {},
    {"root": 7, "subUnits": 7, "uur": 7},
    {"root": {"steps": [7, None, {"loop": 7, "steps": {}}, {"loop": {"idx": True}, "numericMeas": [7]}]}},
    {"root": {"numericMeas": {"status": "P"}, "steps": [{"loop": {}}, {"loop": {"num": "x"}}]}},
]


@pytest.mark.parametrize("data", STRANGE)
def test_strange_shapes_are_left_for_validation(data: dict[str, Any]) -> None:
    after, told = mended(copy.deepcopy(data))
    assert (after, told) == (data, [])
