"""Proposals for JSON and XML: truths as verdicts, limits in objects and attributes, several namespaces."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from corpus.mapped import doubts, proposed
from corpus.oracle import told
from stationmaster.api import ConversionError

# ---------------------------------------------------------------- JSON
LIMITS = {"min": 0, "max": 2}


@pytest.mark.parametrize("word", ["ok", "passed", "pass", "isOk"])
def test_a_truth_is_the_verdict_and_an_object_has_the_limits(word: str, tmp_path: Path) -> None:
    tests = [
        {"name": "a", "value": 1, word: True, "limits": LIMITS},
        {"name": "b", "value": 1, word: False, "limits": LIMITS},
    ]
    mapping, [report] = proposed(json.dumps({"serial": "A1", "tests": tests}), tmp_path, "a.json")
    assert told(report)[1::2] == ["a = 1 GELE 0 2 P", "b = 1 GELE 0 2 F"]
    assert report.data["result"] == "F"
    assert "nothing is taken from" not in doubts(mapping)


def test_a_truth_that_says_failed_is_the_contrary(tmp_path: Path) -> None:
    tests = [{"name": "a", "value": 1, "failed": True}, {"name": "b", "value": 1, "failed": False}]
    _, [report] = proposed(json.dumps({"serial": "A1", "tests": tests}), tmp_path, "a.json")
    assert told(report)[1::2] == ["a = 1 LOG F", "b = 1 LOG P"]


def test_a_truth_of_the_unit_is_its_result(tmp_path: Path) -> None:
    document = {"serial": "A1", "passed": False, "tests": [{"name": "a", "value": 1}]}
    mapping, [report] = proposed(json.dumps(document), tmp_path, "a.json")
    assert 'result = "passed"' in mapping
    assert report.data["result"] == "F"


def test_a_nested_file_without_usual_names_is_read(tmp_path: Path) -> None:
    vcc = {"id": "vcc", "measured": 5.01, "limits": {"min": 4.75, "max": 5.25}, "unit": "V", "ok": True}
    ripple = {"id": "ripple", "measured": 3.2, "limits": {"max": 2}, "unit": "mV", "ok": False}
    document = {
        "meta": {"dut": {"serialNumber": "SN-5001", "article": "BRD-5"}, "startedAt": 1795853730123},
        "verdict": "NOK",
        "groups": [
            {"title": "Power", "tests": [vcc, ripple]},
            {"title": "Com", "tests": [{"id": "ping", "ok": True}]},
        ],
    }
    mapping, [report] = proposed(json.dumps(document), tmp_path, "a.json")
    assert (report.sn, report.pn, report.data["result"]) == ("SN-5001", "BRD-5", "F")
    assert report.data["start"].startswith("2026-11-28T08:15:30")
    assert 'format = "epoch_ms"' in mapping
    assert told(report) == [
        "Power: SequenceCall F",
        "Power / vcc: ET_NLT P",
        "Power / vcc = 5.01 V GELE 4.75 5.25 P",
        "Power / ripple: ET_NLT F",
        "Power / ripple = 3.2 mV LE 2 F",
        "Com: SequenceCall P",
        "Com / ping: ET_PFT P",
        "Com / ping = P",
    ]


def test_what_names_no_step_is_told_with_its_lists(tmp_path: Path) -> None:
    document = {"a": [{"b": 1, "c": [{"d": 2}]}]}
    with pytest.raises(ConversionError, match=r"there are a \(b, c\); a\[\*\]\.c \(d\)"):
        proposed(json.dumps(document), tmp_path, "a.json")
    with pytest.raises(ConversionError, match="it has no list of objects"):
        proposed('{"a": 1}', tmp_path, "a.json")
