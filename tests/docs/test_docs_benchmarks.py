"""The page on benchmarks has every row that they print, with its limit and what it came to, and no others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.row import ROWS
from docs.page import DOCS, ROOT

PAGE = DOCS / "benchmarks.md"
PROMISES = (
    "100 reports, answer in 200 ms, 5 at once",
    "100 reports, answer in 200 ms, adaptive",
    "upload: CPU against the bare POST",
    "reports/s against the published client",
    "CPU a report against it",
    "stored per flush",
    "open with 1,000,000 queued",
    "memory with 1,000,000 queued",
    "drain rate, 1,000,000 against",
    "missed of a burst of 60,000",
    "scan of names, 100,000 known",
    "without a look at a known file",
    "idle memory",
    "loaded memory",
    "idle OS threads",
    "loaded OS threads",
    "Python threads",
    "agent's start to its snapshot, 1,000,000 queued",
    "agent's memory, 1,000,000 queued",
    "`queue find`, the whole command",
    "idle CPU",
    "to server, beyond settle, median",
    "to server, beyond settle, 99 %",
    "2 workers against 1",
    "50 stations",
    "stop with uploads in flight",
)
"""What the agent promises: each stands in a row here, with a figure or with the test that shows it."""


def table(heading: str) -> list[list[str]]:
    """The cells of the table below a heading, without its head."""
    text = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_page_has_the_rows_that_are_printed_with_their_limits() -> None:
    assert [tuple(cells[:2]) for cells in table("The rows")] == [(row.name, row.bound) for row in ROWS]


def test_every_row_has_a_figure_and_says_when_it_is_over_its_limit() -> None:
    for (name, _, measured), row in zip(table("The rows"), ROWS, strict=True):
        number = re.match(r"[\d,.]+", measured)
        assert number is not None, f"{name} has no figure"
        figure = float(number[0].replace(",", ""))
        missed = row.limit is not None and (figure < row.limit if row.least else figure > row.limit)
        assert missed == ("missed" in measured), f"{name}: {measured}, limit {row.bound}"


@pytest.mark.parametrize("promise", PROMISES)
def test_every_promise_has_a_row(promise: str) -> None:
    names = [cells[0] for cells in table("The rows") + table("Figures that tests show")]

    assert any(promise in name for name in names)


@pytest.mark.parametrize("shown", [cells[2] for cells in table("Figures that tests show")])
def test_the_tests_that_show_the_other_figures_are_there(shown: str) -> None:
    path, _, name = shown.strip("`").partition("::")

    assert f"def {name}(" in Path(ROOT, path).read_text(encoding="utf-8")
