"""The published third-party client's models, in a Python of their own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from stationmaster.api import Report
from stationmaster.api.wsjf import encode

SCRIPT = Path(__file__).with_name("peer_models.py")


def answers(python: str, *reports: Report) -> list[dict[str, Any]]:
    """What the models make of each report; see `peer_models`."""
    lines = b"".join(encode(report) + b"\n" for report in reports)
    done = subprocess.run([python, str(SCRIPT)], input=lines, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]
