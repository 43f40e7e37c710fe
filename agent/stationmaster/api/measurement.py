"""Measured values in WSJF form: numbers, rows of measurements, curves."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from stationmaster.api.limit import CompOp, Limits, log_only
from stationmaster.api.status import Status
from stationmaster.api.text import printable

NAME_LENGTH = 100
"""Characters that WSJF allows in names of steps and measurements."""


@dataclass(frozen=True, slots=True)
class Series:
    """One curve of a chart: points `(x[i], y[i])`, in the units of the chart's axes."""

    name: str
    x: Iterable[float]
    y: Iterable[float]

    def wire(self) -> dict[str, Any]:
        """WSJF form: numbers joined by semicolons."""
        return {
            "dataType": "XYG",
            "name": self.name,
            "xdata": ";".join(_text(v) for v in self.x),
            "ydata": ";".join(_text(v) for v in self.y),
        }


def short_name(name: str) -> str:
    """The name, printable, stripped and cut to what WSJF takes; a nameless thing is called "-"."""
    return whole_name(name)[:NAME_LENGTH].strip() or "-"


def whole_name(name: str) -> str:
    """The name as a report can hold it, of any length."""
    return printable(name).strip()


def _text(value: float) -> str:
    plain = number(float(value))
    if isinstance(plain, str):
        return plain
    return str(int(plain)) if plain.is_integer() and abs(plain) < 1e15 else repr(plain)


def number(value: float) -> float | str:
    """A number as WSJF carries it: NaN and the infinities are words, other number types become floats."""
    if type(value) is int:
        return value
    value = float(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def numeric_row(value: float, unit: str, limits: Limits | None, status: Status | None) -> dict[str, Any]:
    """A numeric measurement without its name. Without `status` the limits decide."""
    limits = limits or log_only()
    row: dict[str, Any] = {
        "status": (status or Status.of(limits.passes(value))).value,
        "value": number(value),
        "unit": printable(unit),
        "compOp": limits.comp.value,
    }
    if limits.low is not None:
        row["lowLimit"] = number(limits.low)
    if limits.high is not None:
        row["highLimit"] = number(limits.high)
    return row


def string_row(value: str, limit: str | None, comp: CompOp | None, status: Status | None) -> dict[str, Any]:
    """A text measurement without its name. Without `status` the comparison decides.

    Raises:
        ValueError: no status, and `comp` does not compare texts.
    """
    comp = comp or (CompOp.LOG if limit is None else CompOp.CASESENSIT)
    if status is None:
        status = Status.of(_text_passes(value, limit or "", comp))
    row: dict[str, Any] = {"status": status.value, "value": printable(value), "compOp": comp.value}
    if limit is not None:
        row["limit"] = printable(limit)
    return row


def _text_passes(value: str, limit: str, comp: CompOp) -> bool:
    if comp is CompOp.LOG:
        return True
    if comp is CompOp.CASESENSIT:
        return value == limit
    if comp is CompOp.IGNORECASE:
        return value.casefold() == limit.casefold()
    raise ValueError(f"texts are compared with CASESENSIT or IGNORECASE, not with {comp.value}")
