"""A report of 100,000 steps is tested, looked through and copied without the window standing still."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication

from fakes import wsjf
from fakes.gaps import BLOCKED, Gaps
from fakes.station import Station
from fakes.tray import attached
from fakes.waiting import PATIENCE, until
from stationmaster_tray.pages.converters import ConvertersPage
from stationmaster_tray.report.document import FAILED
from stationmaster_tray.text import number

pytestmark = pytest.mark.usefixtures("app")

MANY = 100_000
BUSY = 150.0
"""Milliseconds of CPU at once: three times what is promised."""


def large() -> str:
    """Flat, as in-circuit testers write it."""
    steps = [
        wsjf.numeric(f"R{place}", 5.0, "F" if place % 9_973 == 5 else "P", id=place + 2)
        for place in range(MANY)
    ]
    return json.dumps(wsjf.minimal(root=wsjf.sequence("Main", steps, "F"), result="F"))


async def test_a_hundred_thousand_steps_do_not_hold_up_the_window(tmp_path: Path) -> None:
    file = tmp_path / "board.wsjf"
    file.write_text(large())
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep", patch={"convert.timeout": 10 * PATIENCE})
        await station.start()
        async with attached(station) as desk:
            page = ConvertersPage(desk)
            page.resize(1000, 700)
            page.show()
            page.show_seen(desk.seen)
            page.entered("test")
            result, tree = page.trial.result, page.trial.result.tree
            with Gaps() as gaps:
                page.test([file])
                await until(
                    lambda: result.tree.report.top.has_children, seconds=10 * PATIENCE, what="the report"
                )
                for _ in range(20):
                    result.go_to_next_failed()
                    await until(lambda: tree.report.row_of(tree.currentIndex()).status in FAILED)
                    await asyncio.sleep(0)  # nobody presses the key 20 times at once
                for place in (0, MANY // 2, MANY - 1):
                    assert tree.go_to((place,))
                    await asyncio.sleep(0)
                    assert tree.report.row_of(tree.currentIndex()).name == f"R{place}"
                result.copy_text()
                await until(lambda: not result.bar.busy * PATIENCE, what="the text")
                text = QGuiApplication.clipboard().text()
                result.copy_json()
                await until(lambda: not result.bar.busy * PATIENCE, what="the JSON")
            assert text.startswith("✓ board.wsjf")
            assert "as JSON" in text.splitlines()[-1]
            assert len(json.loads(QGuiApplication.clipboard().text())["root"]["steps"]) == MANY
            assert result.count.text() == f"{number(MANY + 1)} steps, ✗ 11 failed"
            assert max(gaps.busy) < BUSY
            assert max(gaps.blocked) < BLOCKED
            page.left()
            page.close()
