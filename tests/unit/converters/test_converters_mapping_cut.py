"""Rows that end before their last columns, and rows of many measurements that failed as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.mapped import made
from corpus.oracle import told
from stationmaster.api import ConversionError

WIDE = """
kind = "table"
table.units = ["sn"]
[header]
sn = "sn"
[[step]]
[step.wide]
keys = ["sn"]
verdict = "^Overall"
skip = "^Note"
"""
COLUMNS = "sn,U,I,Overall,Note\n"


@pytest.mark.parametrize(
    ("row", "missing"),
    [("A2,5,1", "'Overall'"), ("A2,5", "'I' and 'Overall'"), ("A2", "'U' and 'I' and 'Ov")],
)
def test_a_row_that_lost_its_verdict_is_refused(row: str, missing: str, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=f"the line ends before {missing}") as caught:
        made(WIDE, f"{COLUMNS}A1,5,1,PASS,\n{row}\n", tmp_path)
    assert caught.value.place == "line 3, step.wide"
    assert "may have stopped while it wrote the file" in caught.value.next_step
    assert "wide.optional = true" in caught.value.next_step


def test_columns_that_are_left_out_may_be_cut(tmp_path: Path) -> None:
    first, second = made(WIDE, f"{COLUMNS}A1,5,1,PASS,fine\nA2,5,1,FAIL\n", tmp_path)
    assert (first.data["result"], second.data["result"]) == ("P", "F")
    assert not any("ends before" in text for text in second.warnings)


def test_rows_may_be_cut_where_the_mapping_says_so(tmp_path: Path) -> None:
    mapping = WIDE + "optional = true\n"
    first, second = made(mapping, "sn,Overall,U,I\nA1,FAIL,5\nA2\n", tmp_path)
    assert (first.data["result"], told(first)[-1]) == ("F", "A1 / U = 5 LOG D")
    assert any("a row ends before 'I'" in text and "line 2" in text for text in first.warnings)
    assert any("a row ends before 'Overall'" in text for text in second.warnings)


@pytest.mark.parametrize("row", ["A1,5", "A1"])
def test_a_unit_that_lost_its_result_is_refused(row: str, tmp_path: Path) -> None:
    mapping = """
    kind = "table"
    [header]
    sn = "sn"
    result = "State"
    [[step]]
    wide = { keys = ["sn"], skip = "State", optional = true }
    """
    with pytest.raises(ConversionError, match="the line ends before 'State'") as caught:
        made(mapping, f"sn,U,State\n{row}\n", tmp_path)
    assert caught.value.place.endswith(", header.result")
    relaxed = mapping.replace('"State"\n', '{ from = "State", optional = true }\n')
    [report] = made(relaxed, "sn,U,State\nA1,5\n", tmp_path)
    assert any("no verdict of the whole test" in text for text in report.warnings)


LIMITS = """
kind = "table"
table = { header = "^sn", high_row = "^MAX" }
[header]
sn = "sn"
[[step]]
wide = { keys = ["sn"], verdict = "Result$" }
"""


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("PASS", ["U = 5 LE 9 P", "I = 3 LE 9 P", "T = 40 LOG P"]),
        ("FAIL", ["U = 5 LE 9 P", "I = 3 LE 9 P", "T = 40 LOG D"]),
        ("SKIPPED", ["U = 5 LE 9 P", "I = 3 LE 9 P", "T = 40 LOG D"]),
        ("ABORTED", ["U = 5 LE 9 P", "I = 3 LE 9 P", "T = 40 LOG D"]),
    ],
)
def test_what_nobody_judged_of_a_row_that_did_not_pass_did_not_pass(
    word: str, shown: list[str], tmp_path: Path
) -> None:
    [report] = made(LIMITS, f"MAX,9,9\nsn,U,I,T,Result\nA1,5,3,40,{word}\n", tmp_path)
    assert [line.removeprefix("A1 / ") for line in told(report)[2::2]] == shown


def test_a_verdict_of_its_own_stands_in_a_row_that_did_not_pass(tmp_path: Path) -> None:
    text = "sn,U,U Result,I,I Result,T,Result\nA1,5,PASS,3,FAIL,40,FAIL\n"
    [report] = made(LIMITS, text, tmp_path)
    assert [line.removeprefix("A1 / ") for line in told(report)[2::2]] == [
        "U = 5 LOG P",
        "I = 3 LOG F",
        "T = 40 LOG D",
    ]


def test_the_verdict_of_the_unit_counts_for_its_rows(tmp_path: Path) -> None:
    mapping = """
    kind = "table"
    header.sn = "sn"
    header.result = "State"
    step = [{ wide = { keys = ["sn"], skip = "State" } }]
    """
    for word, status in (("FAIL", "D"), ("PASS", "P")):
        [report] = made(mapping, f"sn,U,State\nA1,5,{word}\n", tmp_path)
        assert told(report)[2] == f"A1 / U = 5 LOG {status}"
