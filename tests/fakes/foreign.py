"""WSJF objects as somebody else wrote them, without a fault: tests break them one rule at a time."""

from __future__ import annotations

from typing import Any


def uut() -> dict[str, Any]:
    """A foreign test report without a fault; steps by index: see the list."""
    steps: list[dict[str, Any]] = [
        {"stepType": "ET_NLT", "numericMeas": [{"status": "P", "value": 1, "compOp": "LOG"}]},
        {"stepType": "ET_MNLT", "numericMeas": [{"name": "a", "status": "P", "value": 1, "compOp": "LOG"}]},
        {"stepType": "ET_SVT", "stringMeas": [{"status": "P", "value": "x", "compOp": "LOG"}]},
        {"stepType": "ET_PFT", "booleanMeas": [{"status": "P"}]},
        {
            "stepType": "Chart",
            "chart": {"series": [{"dataType": "XYG", "name": "s", "xdata": "0;1", "ydata": "1;2"}]},
        },
        {"stepType": "Action", "attachment": {"name": "f", "contentType": "t", "data": "aGVsbG8="}},
        {"stepType": "SequenceCall", "seqCall": {"path": "p", "name": "n", "version": "1"}, "steps": []},
        {"stepType": "Action", "loop": {"idx": None, "num": 2, "endingIndex": 1, "passed": 2, "failed": 0}},
        {"stepType": "Action", "loop": {"idx": 0}},
        {"stepType": "Action", "loop": {"idx": 1}},
    ]
    for number, step in enumerate(steps):
        step |= {"id": number + 2, "name": "loop" if "loop" in step else step["stepType"], "status": "P"}
    return {
        "type": "T",
        "id": "7f1c2f0e-5c7e-4b37-9d0a-2a4c7a0f6b11",
        "pn": "P",
        "sn": "S",
        "rev": "A",
        "processCode": 10,
        "result": "P",
        "machineName": "M",
        "location": "L",
        "purpose": "U",
        "start": "2026-01-30T22:01:41.470+01:00",
        "uut": {"user": "u"},
        "subUnits": [{"pn": "p", "sn": "s", "rev": "r", "partType": "t"}],
        "miscInfos": [{"description": "d", "text": "t"}],
        "assets": [{"sn": "a"}],
        "binaryData": [{"name": "n", "contentType": "c", "data": "aGVsbG8="}],
        "additionalData": [{"name": "n", "props": [{"name": "p", "type": "Number", "value": "1"}]}],
        "root": {"id": 1, "stepType": "SequenceCall", "name": "Main", "status": "P", "steps": steps},
    }


def uur() -> dict[str, Any]:
    data = uut()
    for key in ("root", "uut", "subUnits"):
        del data[key]
    failure = {"category": "c", "code": "k"}
    data["uur"] = {"user": "u", "processCode": 10, "refUUT": data["id"]}
    data["subUnits"] = [
        {"idx": 0, "pn": "P", "sn": "S", "failures": [failure]},
        {"idx": 1, "parentIdx": 0, "pn": "p", "sn": ""},
    ]
    return data | {"type": "R"}
