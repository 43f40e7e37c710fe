"""What the server refuses, and in which words."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from fakes.wsjf import minimal, numeric, repair, report_id, rich, sequence
from stationmaster.embedded_server.error import RequestError
from stationmaster.embedded_server.incoming import Incoming, read_reports
from stationmaster.embedded_server.process import load_processes

NOW = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
PROCESSES = load_processes(None)


def taken(*reports: dict[str, Any], strict_loops: bool = False) -> list[Incoming]:
    body = json.dumps(reports[0] if len(reports) == 1 else reports).encode()
    return read_reports(body, now=NOW, processes=PROCESSES, strict_loops=strict_loops)


def refused(body: bytes | dict[str, Any] | list[dict[str, Any]], *, strict_loops: bool = False) -> list[str]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(RequestError) as caught:
        read_reports(data, now=NOW, processes=PROCESSES, strict_loops=strict_loops)
    assert (caught.value.status, caught.value.plain) == (400, True)
    return caught.value.text.split("\n")


def looped(**summary: Any) -> dict[str, Any]:
    """A report with a loop of two iterations; `summary` replaces fields of the summary's loop."""
    loop = {"idx": None, "num": 2, "endingIndex": 1, "passed": 2, "failed": 0} | summary
    steps = [numeric("L", 5, loop=loop), numeric("L", 5, loop={"idx": 0}), numeric("L", 5, loop={"idx": 1})]
    return minimal(root=sequence("Main", steps))


@pytest.mark.parametrize("report", [minimal(), rich(), repair(), looped()])
def test_what_is_right_is_taken(report: dict[str, Any]) -> None:
    (one,) = taken(deepcopy(report))
    assert (one.id, json.loads(one.body)) == (report["id"], report)


def test_status_against_measurement_in_the_words_of_the_server() -> None:
    report = minimal(root=sequence("Main", [sequence("Power", [numeric("VCC", 5, "P")])]))
    report["root"]["steps"][0]["steps"][0]["numericMeas"][0]["status"] = "F"
    lines = refused(report)
    assert lines == ["root -> Power -> VCC: Status cannot be different from measurement status."]


def test_loop_rules_in_the_words_of_the_server() -> None:
    assert refused(looped(num=3)) == ["loop root -> L: num is required to be one more than endingIndex."]
    assert refused(looped(endingIndex=2, num=3)) == [
        "loop root -> L: endingIndex is required to be the same as highest index."
    ]
    assert refused(looped(num=2, endingIndex=2)) == [
        "loop root -> L: num is required to be one more than endingIndex.",
        "loop root -> L: endingIndex is required to be the same as highest index.",
    ]


def test_a_loop_number_that_is_missing_or_no_number_is_said_as_it_is() -> None:
    assert refused(looped(num=None)) == ["root -> L.loop.num: is missing"]
    (line,) = refused(looped(endingIndex="1"))
    assert line.startswith("root -> L.loop.endingIndex: must be a whole number")


def test_an_iteration_of_another_name_is_refused() -> None:
    report = looped()
    report["root"]["steps"][2]["name"] = "M"
    assert refused(report) == ["Index 1: step M in Summary step requires a match."]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"stepType": "ET_MNLT"}, "stepType"),
        ({"numericMeas": [{"name": "x", "status": "P", "value": 1, "compOp": "LOG"}]}, "numericMeas"),
        ({"numericMeas": [{"status": "P", "value": 1, "compOp": "GE", "lowLimit": 0}]}, "limit"),
    ],
)
def test_strict_loops_refuse_other_types_and_limits(change: dict[str, Any], word: str) -> None:
    report = looped()
    report["root"]["steps"][1] |= change
    if change.get("stepType"):
        for row in report["root"]["steps"][1]["numericMeas"]:
            row["name"] = "a"
    assert refused(report, strict_loops=True) == [
        f"Index 0: step L: {word} is required to match Summary step."
    ]
    assert len(taken(report)) == 1


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"sn": ""}, "sn: is empty"),
        ({"sn": None}, "sn: is missing"),
        ({"pn": "x" * 101}, "pn: is 101 characters long, 100 are allowed"),
        ({"rev": 5}, "rev: must be a text, not 5"),
        ({"processCode": "10"}, "processCode: must be a whole number, not '10'"),
        ({"result": "X"}, "result: is 'X', not one of P, F, D, E, T"),
        ({"type": "X"}, "type: is 'X', not T (test) or R (repair)"),
        ({"machineName": None}, "machineName: is missing"),
        ({"id": "no"}, "id: is 'no', not a UUID"),
        ({"id": 5}, "id: is 5, not a UUID"),
        ({"root": None}, "root: is missing"),
        ({"uut": []}, "uut: must be an object, not a list"),
        ({"start": "yesterday"}, "start: is 'yesterday', not a time like 2026-01-30T22:01:41.470+01:00"),
        ({"miscInfos": [{"text": "x"}]}, "miscInfos[0].description: is missing"),
        ({"binaryData": [{"name": "x", "data": "*"}]}, "binaryData[0].data: is not base64"),
    ],
)
def test_broken_headers(change: dict[str, Any], line: str) -> None:
    assert refused(minimal() | change) == [line]


def test_each_error_is_a_line() -> None:
    report = minimal(sn="", pn="", rev="")
    report["root"]["status"] = "Q"
    assert len(refused(report)) == 4


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"5", "a report is a JSON object, not a number"),
        (b"[]", "the list holds no report"),
        (b'{"a": 1, "a": 2}', "stands twice"),
        (b"[" * 5000, "a report is a JSON object|nested too deeply"),
        (b"\xff\xfe\xfa", "utf-16"),
        (b'{"id": ' + b"9" * 5000 + b"}", "digits|limit"),
    ],
)
def test_what_is_no_report_is_refused(body: bytes, words: str) -> None:
    (line,) = refused(body)
    assert any(word in line for word in words.split("|")), line


def test_what_a_client_leaves_out_is_made() -> None:
    report = minimal()
    for key in ("id", "start", "result", "type"):
        del report[key]
    (one,) = taken(report)
    data = json.loads(one.body)
    assert data["id"] == one.id != report_id(1)
    assert (data["start"], data["result"], data["type"]) == (NOW.isoformat(), "P", "T")
    fixed = repair()
    del fixed["type"]
    assert json.loads(taken(fixed)[0].body)["type"] == "R"


def test_a_list_is_taken_whole_or_not_at_all() -> None:
    assert [one.id for one in taken(minimal(1), minimal(2))] == [report_id(1), report_id(2)]
    assert refused([minimal(1), minimal(2, sn="")]) == ["report 2: sn: is empty"]
    assert refused([minimal(1), minimal(1)]) == [f"report 2: id {report_id(1)} stands twice"]


def test_ids_are_kept_in_lower_case() -> None:
    (one,) = taken(minimal(id=report_id(0xAF).upper()))
    assert one.id == json.loads(one.body)["id"] == report_id(0xAF)


def test_the_operator_of_the_published_example_is_understood() -> None:
    report = minimal()
    report["root"]["steps"][0]["numericMeas"] = [{"status": "P", "value": 1, "compOp": "Log"}]
    assert json.loads(taken(report)[0].body)["root"]["steps"][0]["numericMeas"][0]["compOp"] == "LOG"


def test_the_header_of_a_rich_report() -> None:
    columns = taken(rich())[0].row.columns
    assert columns["caused_uut_failure"] == "Rail"
    assert columns["caused_uut_failure_path"] == "Main/Voltages/Rail"
    assert (columns["process_name"], columns["result"]) == ("SW Debug", "Failed")
    assert (columns["sw_filename"], columns["sw_version"]) == ("Main.seq", "1.2")
    assert (columns["error_code"], columns["fixture_id"], columns["batch_number"]) == (999, "FX-1", "B-1")
    assert taken(rich())[0].row.misc == (("Firmware", "1.2.3"), ("Ohm", "4.5"))


def test_odd_values_become_null_in_the_header_and_stay_in_the_report() -> None:
    report = minimal(sn="a\0b", start="9999-12-31T23:59:59-12:00")
    report["processCode"] = 2**70
    report["uut"]["execTime"] = "NaN"
    report["pn"] = "\ud83d!"
    (one,) = taken(report)
    columns = one.row.columns
    assert (columns["serial_number"], columns["part_number"]) == ("a\ufffdb", "?!")
    assert columns["process_code"] is None
    assert json.loads(one.body)["processCode"] == 2**70
    assert json.loads(one.body)["sn"] == "a\0b"
