"""The demo, as a person runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from stationmaster.cli.sample import FORMATS

LIMIT = 400.0
"""Seconds; above the demo's own limits, it takes a few."""


def test_the_demo_proves_that_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if name != "STATIONMASTER_CORPUS"}
    done = subprocess.run(
        [sys.executable, "-m", "stationmaster", "demo"],
        env={**kept, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    assert rows[0] == ["Format", "Files", "Delivered", "Read", "back", "equal"]
    assert rows[1:] == [*([kind, "6", "6", "6"] for kind in FORMATS), ["all", "24", "24", "24"]]
    said = done.stderr.splitlines()
    assert [line[:2] for line in said] == ["1.", "2.", "3.", "4.", "5."]
    assert "kill -9" in said[2]
    assert said[4].startswith("5. Nothing lost, nothing doubled")
    assert list(tmp_path.iterdir()) == []
