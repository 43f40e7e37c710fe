"""`converter test`, as a person types it: a worker converts, the tree shows what came of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fakes.report import completed, rich_report
from fakes.typed import Typist
from stationmaster.api.wsjf import encode


async def test_the_tree_shows_the_parts_of_a_report(alone: Typist, tmp_path: Path) -> None:
    report = completed(rich_report())
    report.data["start"] = (datetime.now(UTC) + timedelta(hours=30, minutes=1)).isoformat()
    (tmp_path / "rich.json").write_bytes(encode(report))
    said = await alone.type("converter", "test", str(tmp_path / "rich.json"))
    assert said.code == 0
    for words in (
        "SN-0325 · PCBA-001 B · process 10 · F",
        "misc Firmware: 1.2.3",
        "asset DMM-001, type Multimeter, part DMM-7",
        "file log.txt: text/plain, 5 bytes, what the tester said",
        "gain: 1.25  (measured)",
        "chart Current: Line, x t in s, y I in A",
        "Current: 3 points",
        "sub-unit Module SUB-2 SUBSN-2",
        "P  VDD  [ET_NLT]  1.8 V (GELE 1.7 1.9)",
    ):
        assert words in said.out, words
    assert "! start: lies 30 hours in the future" in said.talk


async def test_a_report_that_breaks_the_rules_is_shown_with_its_errors(alone: Typist, tmp_path: Path) -> None:
    report = completed(rich_report())
    report.data["machineName"] = 5
    report.data["assets"][1]["calibrationDue"] = "soon"
    report.data["subUnits"] = 7
    (tmp_path / "wrong.json").write_text(json.dumps(report.data))
    said = await alone.type("converter", "test", str(tmp_path / "wrong.json"), "--converter", "wsjf")
    assert said.code == 1
    assert "PCBA-001 B" in said.out
    for issue in ("machineName: must be a text, not 5", "subUnits: must be a list, not 7"):
        assert f"✗ {issue}" in said.talk
    assert "✗ assets[1].calibrationDue: is 'soon', not a time" in said.talk
