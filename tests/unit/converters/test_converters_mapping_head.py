"""The lines above a table: pairs of key and value, several in a line, beside the names of the columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.mapped import doubts, made, proposed
from corpus.oracle import told
from stationmaster.converters.mapping.head import pairs_in, pairs_of


def test_two_pairs_in_a_line_are_both_read(tmp_path: Path) -> None:
    text = (
        "Seriennummer;4711-0815;;;;\nArtikel-Nr.;BG-200;Index;C;;\nDatum;28.11.2026;Uhrzeit;08:15:30;;\n"
        "Prüfschritt;Untergrenze;Istwert;Obergrenze;Einheit;Bewertung\nVersorgung;4,75;5,01;5,25;V;i.O.\n"
    )
    mapping, [report] = proposed(text, tmp_path)
    assert (report.sn, report.pn, report.data["rev"]) == ("4711-0815", "BG-200", "C")
    assert report.data["start"].startswith("2026-11-28T08:15:30")
    assert "nothing is taken from" not in doubts(mapping)


def test_what_is_no_pair_is_named(tmp_path: Path) -> None:
    mapping, [report] = proposed("Serial;A1;17;x9\nOven;7;Shelf;B\nStep;Value\nu;1\n", tmp_path)
    assert report.sn == "A1"
    assert "nothing is taken from these cells above the table: 17 | x9" in doubts(mapping)
    assert "nothing is taken from: Oven, Shelf." in doubts(mapping)


def test_an_index_that_counts_rows_is_no_revision(tmp_path: Path) -> None:
    mapping, [report] = proposed("Serial;Index;Step;Value\nA1;1;u;5\nA1;2;i;6\n", tmp_path)
    assert "rev" not in mapping
    assert "nothing is taken from: Index." in doubts(mapping)
    assert report.data["rev"] == "A"


@pytest.mark.parametrize(
    ("cells", "pairs", "left"),
    [
        (["Key:", "v"], {"Key": "v"}, []),
        (["", "Key", "v", "", "Other:", "w", ""], {"Key": "v", "Other": "w"}, []),
        (["Key", "v", "w"], {"Key": "v"}, ["w"]),
        (["Key", "v", "Other", "w", "5", "6"], {"Key": "v"}, ["Other", "w", "5", "6"]),
        (["Key", "v", "Key", "w"], {"Key": "v"}, []),
        (["Key"], {"Key": ""}, []),
        (["", ""], {}, []),
    ],
)
def test_pairs_of_cells(cells: list[str], pairs: dict[str, str], left: list[str]) -> None:
    assert pairs_of(cells) == (pairs, left)


@pytest.mark.parametrize(
    ("line", "pairs"),
    [
        (
            "Serial No : SN-7001        Part: BRD-77 Rev: B",
            {"Serial No": "SN-7001", "Part": "BRD-77", "Rev": "B"},
        ),
        ("Date      : 2026-11-28     Time: 08:15:30", {"Date": "2026-11-28", "Time": "08:15:30"}),
        ("Operator = Kim van Dam", {"Operator": "Kim van Dam"}),
        ("TEST REPORT  ACME RIG v3.2", {}),
        ("at 08:15:30", {}),
    ],
)
def test_pairs_in_a_text(line: str, pairs: dict[str, str]) -> None:
    assert pairs_in(line) == pairs


KEYS = r"""
kind = "table"
verdict = "steps"
[table]
delimiter = ";"
header = "^Step;Value"
keys = '(?P<key>\w+)[:;]\s*(?P<value>[^\s;]+)'
[header]
sn = "Serial"
rev = "Rev"
[[step]]
name = "Step"
value = "Value"
"""


def test_keys_are_found_as_often_as_they_stand_in_a_line(tmp_path: Path) -> None:
    """The line with the names of the columns fits the pattern too."""
    [report] = made(KEYS, "Serial: A1 Part: X Rev: C\nStep;Value\n;5\n", tmp_path)
    assert (report.sn, report.data["rev"]) == ("A1", "C")
    assert told(report) == ["Step: ET_NLT P", "Step = 5 LOG P"]


def test_with_widths_pairs_are_read_before_the_line_is_cut(tmp_path: Path) -> None:
    mapping = """
    kind = "table"
    table = { widths = [8, 8, 6], header = "^NAME", skip = "^---" }
    [header]
    sn = "Serial No"
    rev = "Rev"
    start = { from = ["Date", "Time"], join = " ", format = "%Y-%m-%d %H:%M:%S" }
    [[step]]
    name = "NAME"
    value = "VALUE"
    status = "RES"
    """
    text = (
        "Serial No : SN-7001        Part: BRD-77 Rev: B\nDate      : 2026-11-28     Time: 08:15:30\n\n"
        "NAME    VALUE   RES\n------  ------  ----\nVCC 5V  5.01    PASS\n"
    )
    [report] = made(mapping, text, tmp_path)
    assert (report.sn, report.data["rev"], report.data["start"][:19]) == (
        "SN-7001",
        "B",
        "2026-11-28T08:15:30",
    )
    assert told(report)[1] == "VCC 5V = 5.01 LOG P"
