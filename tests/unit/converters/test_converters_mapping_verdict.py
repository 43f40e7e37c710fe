"""No verdict of a row is lost in silence: beyond the columns, empty, or in a column named Overall."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.mapped import doubts, made, proposed
from corpus.oracle import told
from stationmaster.api import ConversionError

HEAD = "sn,step,value,low,high,Result\n"
MAPPING = """
kind = "table"
table.extra = "{extra}"
verdict = "steps"
[header]
sn = "sn"
[[step]]
name = "step"
value = "value"
low = "low"
high = "high"
status = "Result"
"""


# ---------------------------------------------------------------- cells beyond the columns
def test_a_verdict_beyond_the_columns_is_proposed_as_that_of_the_row(tmp_path: Path) -> None:
    mapping, [report] = proposed(f"{HEAD}A1,u,5,4,6,PASS\nA1,fw,v2.1,,,,FAIL\n", tmp_path)
    assert 'extra = "last"' in mapping
    assert "taken for 'Result'" in doubts(mapping)
    assert (told(report)[-1], report.data["result"]) == ("fw = v2.1 LOG F", "F")
    assert report.warnings[:1] == ["the mapping names no verdict of the whole test: it is that of the steps"]


def test_other_cells_beyond_the_columns_are_named_and_warned_of(tmp_path: Path) -> None:
    mapping, [report] = proposed(f"{HEAD}A1,u,5,4,6,PASS,warm,2\nA1,i,1,0,2,PASS\n", tmp_path)
    assert 'extra = "ignore"' in mapping
    assert "these are dropped: 'warm', '2'" in doubts(mapping)
    assert "2 cells in no named column dropped, 'warm' in line 2 for one" in report.warnings


def test_a_failure_that_would_be_dropped_is_refused(tmp_path: Path) -> None:
    rows = f"{HEAD}A1,u,5,4,6,PASS\nA1,fw,v2.1,,,,FAIL\n"
    with pytest.raises(ConversionError, match="'FAIL' stands in no column") as caught:
        made(MAPPING.format(extra="ignore"), rows, tmp_path)
    assert caught.value.place == "line 3"
    [report] = made(MAPPING.format(extra="keep"), rows, tmp_path)
    assert report.data["result"] == "P"
    words = 'words = { "x" = "F" }\n' + MAPPING.format(extra="ignore")
    with pytest.raises(ConversionError, match="'X' stands in no column"):
        made(words, rows.replace("FAIL", "X"), tmp_path)


def test_what_the_last_cell_takes_the_place_of_is_warned_of(tmp_path: Path) -> None:
    [report] = made(MAPPING.format(extra="last"), f"{HEAD}A1,u,5,4,6,V,,PASS\n", tmp_path)
    assert report.warnings[:1] == ["a cell in no named column dropped, 'V' in line 2 for one"]
    with pytest.raises(ConversionError, match="'FAIL' stands in no column"):
        made(MAPPING.format(extra="last"), f"{HEAD}A1,u,5,4,6,FAIL,,PASS\n", tmp_path)


def test_what_a_row_that_is_left_out_drops_is_not_warned_of(tmp_path: Path) -> None:
    skip = '[[step]]\nwhen = { step = "curve" }\nskip = true\n[[step]]'
    mapping = MAPPING.format(extra="ignore").replace("[[step]]", skip)
    [report] = made(mapping, f"{HEAD}A1,u,5,4,6,PASS\nA1,curve,1,2,3,4,5,FAIL\n", tmp_path)
    assert not [text for text in report.warnings if "dropped" in text]


def test_a_column_without_a_name_is_told_of(tmp_path: Path) -> None:
    rows = "sn;step;value;\nA1;u;5;warm\nA1;i;6;\n"
    mapping, [report] = proposed(rows, tmp_path)
    assert "column 4 has no name, and nothing is taken from it: warm" in doubts(mapping)
    assert "a cell in no named column dropped, 'warm' in line 2 for one" in report.warnings
    with pytest.raises(ConversionError, match="'FAIL' stands in no column"):
        made(mapping, rows.replace("warm", "FAIL"), tmp_path)


# ---------------------------------------------------------------- empty verdicts
def test_a_row_whose_verdict_is_empty_does_not_count_as_passed(tmp_path: Path) -> None:
    rows = f"{HEAD}A1,u,5,4,6,\nA1,i,7,4,6,\nA1,n,1,,,\nA1,fw,v2,,,\nA1,title,,,,\nA1,led,true,,,\n"
    [report] = made(MAPPING.format(extra="refuse"), rows, tmp_path)
    assert told(report) == [
        "u: ET_NLT P",
        "u = 5 GELE 4 6 P",
        "i: ET_NLT F",
        "i = 7 GELE 4 6 F",
        "n: ET_NLT D",
        "n = 1 LOG D",
        "fw: ET_SVT D",
        "fw = v2 LOG D",
        "title: Action D",
        "led: ET_PFT P",
        "led = P",
    ]
    assert report.warnings[0].startswith("4 rows have no verdict where the mapping takes it from: limits")


def test_a_wide_row_whose_verdicts_are_empty_does_not_count_as_passed(tmp_path: Path) -> None:
    mapping = 'kind = "table"\nheader.sn = "sn"\n[[step]]\nwide.keys = ["sn"]\nwide.verdict = "Overall"\n'
    [report] = made(mapping, "sn,u,Overall\nA1,5,\n", tmp_path)
    assert told(report)[1:] == ["A1 / u: ET_NLT D", "A1 / u = 5 LOG D"]
    assert "1 rows have no verdict" in report.warnings[0]


# ---------------------------------------------------------------- the verdict of a row
@pytest.mark.parametrize("name", ["Overall", "Result", "Verdict", "Status", "Gesamtergebnis"])
def test_a_column_named_overall_is_the_verdict_of_the_row(name: str, tmp_path: Path) -> None:
    rows = f"Serial,Tester,Vout [V],Noise,{name}\nA1,kim,5.01,0.7,PASS\nA2,kim,5.55,0.7,FAIL\n"
    mapping, reports = proposed(rows, tmp_path)
    assert f'wide.verdict = "^{name}$"' in mapping
    assert [one.data["result"] for one in reports] == ["P", "F"]
    assert reports[1].root.data["status"] == "F"
    assert not [line for line in told(reports[1]) if line.endswith(" F")], "no number has its own"


@pytest.mark.parametrize("words", ["PASS FAIL", "FAIL PASS"])
def test_a_verdict_before_the_numbers_is_that_of_each_row(words: str, tmp_path: Path) -> None:
    first, second = words.split()
    rows = f"Serial,Result,Vout,Noise\nA1,{first},5.01,0.7\nA1,{second},5.55,0.7\n"
    mapping, [report] = proposed(rows, tmp_path)
    assert 'result = "Result"' not in mapping
    assert report.data["result"] == "F"


def test_a_verdict_that_is_named_after_a_number_is_that_of_it(tmp_path: Path) -> None:
    rows = "Serial,Vout,Vout Status,Noise,Status\nA1,5.55,FAIL,0.7,PASS\n"
    _, [report] = proposed(rows, tmp_path)
    assert [line for line in told(report) if "Vout =" in line] == ["Vout = 5.55 LOG F"]
