"""WSJF reports that a test station might send: small, full of everything, and a repair."""

from __future__ import annotations

import base64
from typing import Any
from uuid import UUID


def report_id(number: int) -> str:
    """An id that reads as its number."""
    return str(UUID(int=0xABCD << 112 | 4 << 76 | 8 << 60 | number))


def minimal(number: int = 1, **header: Any) -> dict[str, Any]:
    """The least that a server takes, with one measurement."""
    report: dict[str, Any] = {
        "type": "T",
        "id": report_id(number),
        "pn": "PCBA-001",
        "sn": f"SN-{number:04}",
        "rev": "A",
        "processCode": 10,
        "result": "P",
        "machineName": "STATION-01",
        "location": "Lab",
        "purpose": "Development",
        "start": f"2026-01-{1 + number % 28:02}T12:00:00.500+01:00",
        "uut": {"user": "operator1", "execTime": 1.25},
        "root": sequence("Main", [numeric("VCC", 5.01)]),
    }
    return report | header


def sequence(name: str, steps: list[dict[str, Any]], status: str = "P", **more: Any) -> dict[str, Any]:
    """A sequence call."""
    call = {"path": f"C:/seq/{name}.seq", "name": f"{name}.seq", "version": "1.2"}
    step = {"stepType": "SequenceCall", "name": name, "group": "M", "status": status, "seqCall": call}
    return step | {"steps": steps} | more


def numeric(name: str, value: Any, status: str = "P", **more: Any) -> dict[str, Any]:
    """A numeric limit test."""
    row = {"status": status, "value": value, "unit": "V", "compOp": "GELE", "lowLimit": 4.5, "highLimit": 5.5}
    return {"stepType": "ET_NLT", "name": name, "group": "M", "status": status, "numericMeas": [row]} | more


def encoded(content: bytes) -> str:
    """Base64."""
    return base64.b64encode(content).decode()


def rich(number: int = 2) -> dict[str, Any]:
    """Every construct that the pages show."""
    chart = {
        "chartType": "Line",
        "label": "Current",
        "xLabel": "Time",
        "xUnit": "s",
        "yLabel": "Current",
        "yUnit": "A",
        "series": [{"dataType": "XYG", "name": "I", "xdata": "0;1;2", "ydata": "0.5;1.5;1"}],
    }
    text = {"stepType": "ET_SVT", "name": "FW", "status": "P"}
    texts = [
        {"name": "s1", "status": "P", "value": "x", "compOp": "LOG"},
        {"name": "s2", "status": "P", "value": "Y", "compOp": "CASESENSIT", "limit": "Y"},
    ]
    loop = {"num": 2, "endingIndex": 1, "passed": 2, "failed": 0}
    steps: list[dict[str, Any]] = [
        {"id": 2, "stepType": "Action", "name": "Init", "group": "S", "status": "D", "totTime": 0.1},
        sequence(
            "Voltages",
            [
                numeric("Rail", 9.5, "F", id=4, causedUUTFailure=True, errorCode=12, errorMessage="too high"),
                {
                    "id": 5,
                    "stepType": "ET_MNLT",
                    "name": "Many",
                    "status": "P",
                    "numericMeas": [
                        {"name": "a", "status": "P", "value": "NaN", "unit": "A", "compOp": "LOG"},
                        {"name": "b", "status": "P", "value": 2, "unit": "A", "compOp": "GT", "lowLimit": 1},
                        {
                            "name": "c",
                            "status": "P",
                            "value": 9,
                            "compOp": "LTGT",
                            "lowLimit": 1,
                            "highLimit": 2,
                        },
                    ],
                },
            ],
            "F",
            id=3,
        ),
        {"id": 7, "stepType": "ET_PFT", "name": "LED", "status": "P", "booleanMeas": [{"status": "P"}]},
        text
        | {
            "id": 9,
            "stringMeas": [{"status": "P", "value": "1.2", "compOp": "IGNORECASE", "limit": "1.2"}],
        },
        {"id": 10, "stepType": "ET_MSVT", "name": "Texts", "status": "P", "stringMeas": texts},
        {"id": 11, "stepType": "Chart", "name": "Waveform", "status": "D", "chart": chart},
        {
            "id": 12,
            "stepType": "Action",
            "name": "Log",
            "status": "D",
            "attachment": {"name": "log.txt", "contentType": "text/plain", "data": encoded(b"hello")},
        },
        {
            "id": 13,
            "stepType": "Action",
            "name": "Extra",
            "status": "D",
            "reportText": "a note",
            "additionalResults": [
                {
                    "name": "r",
                    "props": [
                        {"name": "n", "type": "Number", "value": "1"},
                        {
                            "name": "o",
                            "type": "Obj",
                            "props": [{"name": "p", "type": "String", "value": "x"}],
                        },
                    ],
                }
            ],
        },
        {"id": 14, "stepType": "CallExecutable", "name": "Exe", "status": "D", "callExe": {"exitCode": 3.0}},
        {
            "id": 15,
            "stepType": "MessagePopup",
            "name": "Ask",
            "status": "D",
            "messagePopup": {"response": "Yes", "button": 1},
        },
        numeric("Looped", 5, id=17, loop={"idx": None} | loop),
        numeric("Looped", 5, id=18, loop={"idx": 0}),
        numeric("Looped", 5, id=19, loop={"idx": 1}),
        {"id": 20, "stepType": "ET_PFT", "name": "Skipped", "status": "S", "group": "C"},
    ]
    report = minimal(number, result="F", root=sequence("Main", steps, "F", id=1))
    report["uut"] |= {
        "comment": "a comment",
        "fixtureId": "FX-1",
        "testSocketIndex": 2,
        "errorCode": 999,
        "errorMessage": "Error 999",
        "batchSN": "B-1",
    }
    report["miscInfos"] = [
        {"description": "Firmware", "text": "1.2.3"},
        {"description": "Ohm", "numeric": 4.5},
    ]
    report["subUnits"] = [{"partType": "PCBA", "pn": "SUB-1", "rev": "B", "sn": "SUBSN-1"}]
    report["assets"] = [{"sn": "DMM-001", "usageCount": 1}]
    report["binaryData"] = [
        {"name": "log.txt", "contentType": "text/plain", "data": encoded(b"of the report")}
    ]
    report["additionalData"] = [
        {"name": "room", "props": [{"name": "temp", "type": "Number", "value": "23.5"}]}
    ]
    return report


def repair(number: int = 3) -> dict[str, Any]:
    """A repair report with a failure, a replaced unit and a photo."""
    report = minimal(number, type="R", processCode=500, purpose="Repair")
    del report["uut"], report["root"]
    report["uur"] = {
        "user": "repairer",
        "comment": "reworked",
        "processCode": 90,
        "processName": "Burn In test",
        "refUUT": report_id(1),
        "confirmDate": "2026-01-05T10:00:00+00:00",
        "finalizeDate": "2026-01-05T11:00:00+00:00",
        "active": True,
    }
    failure = {
        "category": "Component",
        "code": "Burned",
        "comment": "hot",
        "comRef": "U1",
        "funcBlock": "PSU",
        "refStepId": 4,
        "artNumber": "CAP-100",
    }
    report["subUnits"] = [
        {
            "idx": 0,
            "partType": "Main",
            "pn": "PCBA-001",
            "rev": "A",
            "sn": report["sn"],
            "failures": [failure],
        },
        {
            "idx": 1,
            "parentIdx": 0,
            "partType": "PCBA",
            "pn": "SUB-1",
            "rev": "B",
            "sn": "SUBSN-1",
            "position": 1,
        },
    ]
    report["miscInfos"] = [{"description": "RMA", "text": "4711"}]
    report["binaryData"] = [
        {
            "id": "11111111-2222-4333-8444-555555555555",
            "name": "photo.jpg",
            "contentType": "image/jpeg",
            "data": encoded(b"\xff\xd8\xff"),
        }
    ]
    return report
