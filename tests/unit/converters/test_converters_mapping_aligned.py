"""Proposals for texts whose cells stand below each other, and the lines above them."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.mapped import doubts, proposed
from corpus.oracle import told
from stationmaster.api import ConversionError
from stationmaster.converters.mapping.propose import propose

FILE = """TEST REPORT  ACME RIG v3.2
Serial No : SN-7001        Part: BRD-77 Rev: B
Date      : 2026-11-28     Time: 08:15:30
Result    : FAIL

STEP  NAME                LOW       VALUE     HIGH      UNIT  RES
----  ------------------  --------  --------  --------  ----  ----
0001  VCC 5V              4.750     5.010     5.250     V     PASS
0002  Ripple on 5V rail             3.200     2.000     mV    FAIL
0003  LED check                                                PASS
END OF REPORT
"""
STEPS = [
    "VCC 5V: ET_NLT P",
    "VCC 5V = 5.01 V GELE 4.75 5.25 P",
    "Ripple on 5V rail: ET_NLT F",
    "Ripple on 5V rail = 3.2 mV LE 2 F",
    "LED check: ET_PFT P",
    "LED check = P",
]


def test_cells_below_each_other_are_cut_by_the_blanks_between_them(tmp_path: Path) -> None:
    mapping, [report] = proposed(FILE, tmp_path)
    assert (report.sn, report.pn, report.data["rev"]) == ("SN-7001", "BRD-77", "B")
    assert (report.data["result"], report.data["start"][:19]) == ("F", "2026-11-28T08:15:30")
    assert told(report) == STEPS
    assert "end = '^END\\ OF\\ REPORT'" in mapping
    assert "nothing is taken from these lines: TEST REPORT" in doubts(mapping)
    assert "is 'END OF REPORT' the last line" in doubts(mapping)


def test_right_aligned_numbers_may_be_longer_than_their_name(tmp_path: Path) -> None:
    rows = "".join(f"{name:<8}{low:>8}{value:>10}  {word}\n" for name, low, value, word in ROWS)
    _, [report] = proposed(f"{'NAME':<8}{'LOW':>8}{'VALUE':>10}  RES\n{rows}", tmp_path, "SN1.txt")
    assert told(report)[1::2] == ["VCC = 5.01 GE 4.75 P", "Ripple = 12345.5 GE -1000.5 P"]


ROWS = [("VCC", "4.75", "5.01", "PASS"), ("Ripple", "-1000.5", "12345.5", "PASS")]


def test_a_plain_table_of_three_lines_is_read(tmp_path: Path) -> None:
    text = (
        "NAME        LOW    VALUE  HIGH   RES \nVCC         4.75   5.01   5.25   PASS\n"
        "Ripple             3.2    2      FAIL\n"
    )
    mapping, [report] = proposed(text, tmp_path, "SN1.txt")
    assert "widths = [12, 7, 7, 7, 4]" in mapping
    assert told(report)[1::2] == ["VCC = 5.01 GELE 4.75 5.25 P", "Ripple = 3.2 LE 2 F"]


def test_lines_across_the_columns_are_named() -> None:
    notes = "the fixture was cleaned before the first run\n"
    mapping = propose(FILE.replace("0003", f"{notes}0003").encode(), "a.txt").toml
    assert f"these lines do not fit the columns, table.skip leaves lines out: {notes[:20]}" in doubts(mapping)


def test_a_letter_is_no_table(tmp_path: Path) -> None:
    letter = "Dear  name  value\nthe fixture is being repaired today\nand so is the rig, for all we know\n"
    with pytest.raises(ConversionError, match=r"table\.widths reads cells that stand below each other"):
        proposed(letter, tmp_path)
