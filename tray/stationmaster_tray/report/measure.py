"""Measurements against their limits, and waveforms: what the charts of a report draw."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from stationmaster_tray.report.document import Part, rows_of, step_of, steps_of
from stationmaster_tray.text import tr

MOST_MEASURED = 300
"""Measurements of one chart: more would be a grey area."""
_MOST_VISITED = 3_000
"""Steps that are looked at for them."""
MOST_POINTS = 2_000
"""Points of one line: a screen has not more columns."""

_BETWEEN = {"GTLT", "GTLE", "GELT", "GELE"}
_AT_LEAST = {"GT", "GE"}
_AT_MOST = {"LT", "LE"}


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """A number that was measured, with the range in which it passes.

    Attributes:
        low, high: the range's ends; None where it is open.
    """

    name: str
    value: float
    unit: str = ""
    low: float | None = None
    high: float | None = None
    status: str = ""

    @property
    def position(self) -> float:
        """Where the value stands in its range: 0 is the low end, 1 the high one.

        An open range has no length: one limit stands for it, so that a value of twice a low limit is at 1,
        and a value of 0 below a high limit is at 0.
        """
        if self.low is not None and self.high is not None:
            length = self.high - self.low
            if length:
                return (self.value - self.low) / length
            return 0.5 if self.value == self.low else (-1.0 if self.value < self.low else 2.0)
        if self.low is not None:
            return (self.value - self.low) / (abs(self.low) or 1.0)
        high = self.high or 0.0
        return 1 + (self.value - high) / (abs(high) or 1.0)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a waveform; `count` is how many points it had before it was thinned out."""

    name: str
    points: tuple[tuple[float, float], ...]
    count: int


class Wave(msgspec.Struct, frozen=True, kw_only=True):
    """A waveform. On a logarithmic axis the points are exponents of ten."""

    title: str
    x_title: str
    y_title: str
    lines: tuple[Line, ...]
    log_x: bool = False
    log_y: bool = False


def measured_below(step: Part) -> tuple[Measured, ...]:
    """The measurements with a range of a step and of the steps below it, in order, the first of them."""
    found: list[Measured] = []
    waiting: list[object] = [step]
    for _ in range(_MOST_VISITED):
        if not waiting or len(found) >= MOST_MEASURED:
            break
        one = step_of(waiting.pop())
        found += measured_in(one)
        waiting += reversed(steps_of(one)[:_MOST_VISITED])
    return tuple(found[:MOST_MEASURED])


def measured_in(step: Part) -> Iterator[Measured]:
    """The measurements with a range of one step."""
    rows = rows_of(step, "numericMeas")
    for row in rows:
        value = number_of(row.get("value"))
        low, high = _range(row)
        if value is None or (low is None and high is None):
            continue
        names = (step.get("name"), row.get("name") if len(rows) > 1 else None)
        status = row.get("status") or step.get("status")
        yield Measured(
            name=" / ".join(str(name) for name in names if name),
            value=value,
            unit=str(row.get("unit") or ""),
            low=low,
            high=high,
            status=status if isinstance(status, str) else "",
        )


def waves_of(step: Part) -> tuple[Wave, ...]:
    """The waveforms of a step. Takes a while for millions of points: call it in a thread."""
    return tuple(_wave(chart) for chart in rows_of(step, "chart"))


def number_of(value: object) -> float | None:
    """A finite number, or None; reports write others as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def _range(row: Part) -> tuple[float | None, float | None]:
    comp, low = row.get("compOp"), number_of(row.get("lowLimit"))
    if comp in _BETWEEN:
        return low, number_of(row.get("highLimit"))
    if comp in _AT_LEAST:
        return low, None
    if comp in _AT_MOST:  # a single limit stands in lowLimit, whatever its direction
        return None, low
    return (low, low) if comp in {"EQ", "EQT"} else (None, None)


def _wave(chart: Part) -> Wave:
    kind = str(chart.get("chartType") or "Line")
    log_x, log_y = kind in {"LineLogX", "LineLogXY"}, kind in {"LineLogY", "LineLogXY"}
    return Wave(
        title=str(chart.get("label") or tr("Chart")),
        x_title=_axis(chart, "x"),
        y_title=_axis(chart, "y"),
        lines=tuple(_line(series, log_x, log_y) for series in rows_of(chart, "series")),
        log_x=log_x,
        log_y=log_y,
    )


def _axis(chart: Part, axis: str) -> str:
    title, unit = chart.get(f"{axis}Label"), chart.get(f"{axis}Unit")
    return " ".join([str(title or ""), f"[{unit}]" if unit else ""]).strip()


def _line(series: Part, log_x: bool, log_y: bool) -> Line:  # noqa: FBT001 - both are of the axes
    ys = _numbers(series.get("ydata"))
    xs = _numbers(series.get("xdata")) or [float(place) for place in range(len(ys))]
    pairs = [
        (x, y) for x, y in zip(_scaled(xs, log_x), _scaled(ys, log_y), strict=False)
        if x is not None and y is not None
    ]  # fmt: skip
    return Line(name=str(series.get("name") or ""), points=thinned(pairs), count=len(pairs))


def _numbers(data: Any) -> list[float | None]:
    return [number_of(word) for word in data.split(";")] if isinstance(data, str) and data else []


def _scaled(values: Sequence[float | None], log: bool) -> list[float | None]:  # noqa: FBT001 - see above
    if not log:
        return list(values)
    return [math.log10(value) if value is not None and value > 0 else None for value in values]


def thinned(
    points: Sequence[tuple[float, float]], most: int = MOST_POINTS
) -> tuple[tuple[float, float], ...]:
    """At most so many points: of each stretch the lowest and the highest, so that no peak is lost."""
    if len(points) <= most:
        return tuple(points)
    step = 2 * len(points) / most
    found: list[tuple[float, float]] = []
    for number in range(most // 2):
        stretch = range(int(number * step), min(len(points), int((number + 1) * step)))
        ends = {min(stretch, key=lambda at: points[at][1]), max(stretch, key=lambda at: points[at][1])}
        found += (points[at] for at in sorted(ends))
    return tuple(found)
