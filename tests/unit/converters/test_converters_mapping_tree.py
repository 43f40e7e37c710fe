"""Proposals for JSON and XML: truths as verdicts, limits in objects and attributes, several namespaces."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from corpus.mapped import doubts, made, proposed
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


# ---------------------------------------------------------------- XML
TWO_SPACES = """<?xml version="1.0" encoding="utf-8"?>
<r:TestReport xmlns:r="urn:acme:report" xmlns="urn:acme:unit" version="2">
 <UnitUnderTest serial="SN-6001" partNo="BRD-6"/>
 <r:Run start="2026-11-28T08:15:30+01:00" outcome="Failed" operator="kim"/>
 <r:Group name="Power">
  <r:Test name="VCC" id="7"><r:Value unit="V">5.01</r:Value><r:Limits low="4.75" high="5.25"/>
   <r:Outcome>Passed</r:Outcome></r:Test>
  <r:Test name="Ripple" id="8"><r:Value unit="mV">3.2</r:Value><r:Limits high="2"/>
   <r:Outcome>Failed</r:Outcome></r:Test>
 </r:Group>
</r:TestReport>
"""


def test_two_namespaces_and_attributes_within_rows_are_read(tmp_path: Path) -> None:
    mapping, [report] = proposed(TWO_SPACES, tmp_path, "a.xml")
    assert (report.sn, report.pn, report.data["result"]) == ("SN-6001", "BRD-6", "F")
    assert report.data["uut"]["user"] == "kim"
    assert told(report) == [
        "Power: SequenceCall F",
        "Power / VCC: ET_NLT P",
        "Power / VCC = 5.01 V GELE 4.75 5.25 P",
        "Power / Ripple: ET_NLT F",
        "Power / Ripple = 3.2 mV LE 2 F",
    ]
    assert "nothing is taken from: @version, n:Test/@id." in doubts(mapping)


def test_prefixes_are_each_of_one_namespace(tmp_path: Path) -> None:
    text = (
        '<t xmlns="urn:a"><head xmlns="urn:b" xmlns:x="urn:x" xmlns:xsi="http://www.w3.org/2001/'
        'XMLSchema-instance" xsi:type="h" x:serial="A1"/><n:test xmlns:n="urn:c" name="u" value="5" '
        'passed="false"/></t>'
    )
    mapping, [report] = proposed(text, tmp_path, "a.xml")
    assert 'xml.namespaces = { n = "urn:a", n2 = "urn:b", x = "urn:x", n4 = "urn:c" }' in mapping
    assert (report.sn, told(report)[1]) == ("A1", "u = 5 LOG F")
    assert "type" not in mapping


def test_a_group_of_results_is_no_result(tmp_path: Path) -> None:
    text = '<R><sn>A1</sn><G name="G"><T name="u" value="5"/></G><P name="x"><V status="ok"/></P></R>'
    mapping, [report] = proposed(text, tmp_path, "a.xml")
    assert mapping.count("[[step]]") == 1
    assert told(report)[1::2] == ["G / u: ET_NLT P"]


def test_a_path_that_finds_nothing_is_named(tmp_path: Path) -> None:
    mapping = 'kind = "xml"\nheader.sn = "Unit/@serial"\n[[step]]\neach = ".//T"\nname = "@name"\n'
    with pytest.raises(ConversionError, match=r"header\.sn: Unit/@serial finds nothing"):
        made(mapping, '<R><Unit sn="A1"/><T name="u"/></R>', tmp_path, "a.xml")
    several = mapping.replace('"Unit/@serial"', '{ from = ["a", "b"], file = "^(X)" }')
    with pytest.raises(ConversionError, match=r"header.sn: a or b or \^\(X\) finds nothing"):
        made(several, '<R><Unit sn="A1"/><T name="u"/></R>', tmp_path, "a.xml")


def test_elements_that_name_no_step_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=r"no elements of a\.xml look like results; there are R, Unit"):
        proposed('<R><Unit sn="A1"/></R>', tmp_path, "a.xml")
