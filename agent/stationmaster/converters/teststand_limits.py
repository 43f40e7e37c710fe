"""TestStand's comparison with a tolerance (EQT): limits from a nominal value."""

from __future__ import annotations

from typing import Final

from stationmaster.api import CompOp, Limits

_SCALES: Final = {"PERCENTAGE": 1e-2, "PPM": 1e-6, "DELTA": 0.0}
"""Of the nominal value; a delta is in the unit itself."""


def tolerance(
    nominal: float | None, low: float | None, high: float | None, threshold: str, unit: str
) -> tuple[Limits | None, str]:
    """The limits that tolerances make, also around a negative value, and a note for people.

    Args:
        nominal: what is expected.
        low: how far below it a value may lie.
        high: how far above.
        threshold: PERCENTAGE, PPM or DELTA; else the bounds are limits already.
        unit: of the nominal value.
    """
    if nominal is None or low is None or high is None:
        return None, ""
    note = f"Nominal: {nominal:.15g} {unit}".rstrip()
    scale = _SCALES.get(threshold.upper())
    if scale is None:
        return Limits(CompOp.GELE, low, high), note
    step = abs(nominal) * scale if scale else 1.0
    return (
        Limits(CompOp.GELE, nominal - step * low, nominal + step * high),
        f"{note}, -{low:.15g} +{high:.15g} {threshold.upper()}",
    )
