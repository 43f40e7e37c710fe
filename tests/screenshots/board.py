"""A test report as a board's functional test writes it: groups, many measurements, a waveform."""

from __future__ import annotations

import math
from typing import Any

from fakes import wsjf

RAILS = (("3V3", 3.3), ("1V8", 1.8), ("1V2", 1.2), ("5V0", 5.0), ("12V", 12.0))


def board(*, passed: bool) -> dict[str, Any]:
    """A report of several levels; one that failed has a rail that is too low and a weak signal."""
    rails = [_rail(name, volts, low=not passed and name == "1V2") for name, volts in RAILS]
    radio = [_level(channel, weak=not passed and channel == 37) for channel in range(1, 40, 4)]
    result = "P" if passed else "F"
    steps = [
        {
            "stepType": "Action",
            "name": "Connect fixture",
            "status": "D",
            "group": "S",
            "totTime": 0.8,
            "id": 2,
        },
        wsjf.sequence("Supply", rails, result, id=3),
        wsjf.sequence("Radio", [wsjf.sequence("Levels", radio, result, id=5), _ripple()], result, id=4),
        {"stepType": "ET_PFT", "name": "LED", "status": "P", "booleanMeas": [{"status": "P"}], "id": 6},
        {"stepType": "Action", "name": "Power off", "status": "D", "group": "C", "totTime": 0.1, "id": 7},
    ]
    root = wsjf.sequence("Functional test", steps, result, id=1)
    found = wsjf.minimal(325, result=result, root=root)
    found["miscInfos"] = [{"description": "Firmware", "text": "1.2.3"}]
    return found


def _rail(name: str, volts: float, *, low: bool) -> dict[str, Any]:
    value = round(volts * (0.93 if low else 1 + math.sin(volts) / 40), 3)
    return _numeric(name, value, "V", round(volts * 0.95, 3), round(volts * 1.05, 3), failed=low)


def _level(channel: int, *, weak: bool) -> dict[str, Any]:
    value = -71.5 if weak else round(-52 + 6 * math.sin(channel), 1)
    return _numeric(f"Channel {channel}", value, "dBm", -65.0, -40.0, failed=weak)


def _numeric(name: str, value: float, unit: str, low: float, high: float, *, failed: bool) -> dict[str, Any]:
    status = "F" if failed else "P"
    row = {
        "status": status,
        "value": value,
        "unit": unit,
        "compOp": "GELE",
        "lowLimit": low,
        "highLimit": high,
    }
    return {"stepType": "ET_NLT", "name": name, "status": status, "totTime": 0.05, "numericMeas": [row]}


def _ripple() -> dict[str, Any]:
    times = [at / 50 for at in range(400)]
    series = [
        {
            "dataType": "XYG",
            "name": name,
            "xdata": ";".join(f"{at:.2f}" for at in times),
            "ydata": ";".join(f"{size * math.sin(6 * at) * math.exp(-at / 4):.4f}" for at in times),
        }
        for name, size in (("at no load", 12), ("at full load", 31))
    ]
    axes = {"label": "Ripple", "xLabel": "Time", "xUnit": "ms", "yLabel": "Ripple", "yUnit": "mV"}
    return {
        "stepType": "Chart",
        "name": "Ripple",
        "status": "D",
        "chart": {"chartType": "Line", **axes, "series": series},
    }
