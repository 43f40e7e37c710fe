"""Paths of XML and JSON for the header: several verdicts in one unit, and paths that lead nowhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from corpus.mapped import made
from stationmaster.api import ConversionError

XML = """
kind = "xml"
[header]
sn = "U/@sn"
result = "{}"
[[step]]
each = ".//T"
name = "@name"
"""
JSON = """
kind = "json"
[header]
sn = "sn"
result = "runs[*].verdict"
[[step]]
each = "tests[*]"
name = "name"
"""


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("R/@v", "line 2 <R> @v and line 3 <R> @v, header.result"),
        (".//W", "line 2 <W> and line 3 <W>, header.result"),
        (".//W/text()", "line 2 <W> and line 3 <W>, header.result"),
    ],
)
def test_several_verdicts_in_one_unit_of_xml_are_refused(path: str, place: str, tmp_path: Path) -> None:
    text = (
        '<D><U sn="A1"/><T name="t"/>\n<R v="PASS"><W>PASS</W></R>\n<R v="FAIL"><W>FAIL</W></R>\n'
        '<R v="PASS"/></D>'
    )
    with pytest.raises(ConversionError, match=r"gives several results: PASS, FAIL") as caught:
        made(XML.format(path), text, tmp_path, "a.xml")
    assert caught.value.place == place
    assert "xml.unit" in caught.value.next_step


def document(*verdicts: Any, **more: Any) -> str:
    return json.dumps(
        {"sn": "A1", "runs": [{"verdict": one} for one in verdicts], "tests": [{"name": "t"}]} | more
    )


def test_several_verdicts_in_one_unit_of_json_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="several results: OK, NOK") as caught:
        made(JSON, document("OK", "OK", "NOK"), tmp_path, "a.json")
    assert caught.value.place == "runs[0].verdict and runs[2].verdict, header.result"
    [report] = made(JSON, document("NOK", "NOK"), tmp_path, "a.json")
    assert report.data["result"] == "F"


def test_an_empty_verdict_does_not_hide_the_next_one(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="several results: nothing, NOK"):
        made(JSON, document("", "NOK"), tmp_path, "a.json")
    [report] = made(JSON, document("NOK", ""), tmp_path, "a.json")
    assert report.data["result"] == "F"


def test_of_several_paths_the_first_that_tells_counts(tmp_path: Path) -> None:
    mapping = JSON.replace('"runs[*].verdict"', '{ from = ["final", "runs[*].verdict"] }')
    [report] = made(mapping, document("OK", "NOK", final="NOK"), tmp_path, "a.json")
    assert report.data["result"] == "F"
    with pytest.raises(ConversionError, match="several results"):
        made(mapping, document("OK", "NOK", final=""), tmp_path, "a.json")


def test_a_verdict_whose_path_leads_nowhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=r"runs\[\*\]\.verdict finds nothing") as caught:
        made(JSON, document(), tmp_path, "a.json")
    assert caught.value.place == "header.result"
    assert "optional = true" in caught.value.next_step
    with pytest.raises(ConversionError) as caught:
        made(XML.format("R/@w"), '<D><U sn="A1"/><T name="t"/></D>', tmp_path, "a.xml")
    assert caught.value.place == "line 1 <D>, header.result"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"runs[*].verdict"', '{ from = "runs[*].verdict", optional = true }', True),
        ('kind = "json"', 'kind = "json"\nverdict = "steps"', False),
    ],
)
def test_a_mapping_may_say_that_the_steps_tell(old: str, new: str, told: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a table
    [report] = made(JSON.replace(old, new), document(), tmp_path, "a.json")
    assert report.data["result"] == "P"
    assert any("no verdict of the whole test" in text for text in report.warnings) is told


def test_a_path_of_the_header_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    header = """
user = "who"
start = { from = ["when", "begun"] }
rev = { from = "revision", default = "C" }
batch = { from = "lot", optional = true }
station = "bench"
comment = "remark"
"""
    mapping = JSON.replace("[[step]]", f"{header}[[step]]")
    [report] = made(mapping, document("OK", bench="B-1", remark=None), tmp_path, "a.json")
    assert [text for text in report.warnings if "header." in text] == [
        "header.user of the mapping: who finds nothing",
        "header.start of the mapping: when or begun finds nothing",
    ]
