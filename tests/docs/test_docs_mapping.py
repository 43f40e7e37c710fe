"""The examples on the page of mappings: what is proposed for their samples makes the same of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.mapped import made, proposed
from corpus.oracle import told
from docs.page import DOCS, blocks


@pytest.mark.parametrize("sample", ["board-17.csv", "oven.xml", "radio.json", "relay.txt"])
def test_a_proposal_for_an_example_makes_what_the_page_says(sample: str, tmp_path: Path) -> None:
    files = {one.marks["file"]: one.text for one in blocks(DOCS / "mapping.md") if "file" in one.marks}
    _, [report] = proposed(files[sample], tmp_path, sample)
    assert len(told(report)) >= 4
    by_hand = files.get(f"{Path(sample).stem}.toml")
    if by_hand:
        [wanted] = made(by_hand, files[sample], tmp_path, sample)
        assert told(report) == told(wanted)
        keys = ("sn", "pn", "rev", "result", "start")
        assert [report.data[key] for key in keys] == [wanted.data[key] for key in keys]
