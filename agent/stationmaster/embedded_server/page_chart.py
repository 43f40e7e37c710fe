"""A chart of a report as inline SVG: no script, colours and line forms from the style sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stationmaster.embedded_server.header import mapping, mappings
from stationmaster.embedded_server.markup import Markup, element, join

WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 10, 40
MAX_POINTS = 1000
"""Points drawn of a curve; more are thinned to the lowest and highest of each slice."""
MAX_SERIES = 24
MARKED_POINTS = 40
"""A curve with no more points shows each of them."""
COLOURS = 6
# beyond these the arithmetic of the axes would overflow, or lose all its digits
_HUGE, _TINY = 1e300, 1e-290
_LAST_POWER = 307
"""Powers of ten beyond this are no numbers any more, and those below its negative lose digits."""

Points = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: from values to pixels.

    Attributes:
        low: smallest value shown; its logarithm where `log`.
        high: the largest, likewise.
        start: pixel of `low`.
        end: pixel of `high`.
    """

    low: float
    high: float
    log: bool
    start: float
    end: float

    def place(self, value: float) -> float:
        """The pixel of a value."""
        at = math.log10(value) if self.log else value
        return self.start + (at - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Round values to label, at most about seven."""
        if self.log:
            first = max(-_LAST_POWER, math.ceil(self.low - 1e-9))
            last = min(_LAST_POWER, math.floor(self.high + 1e-9))
            step = max(1, (last - first) // 7 + 1)
            return [10.0**power for power in range(first, last + 1, step)]
        return _round_values(self.low, self.high)


def chart(data: dict[str, Any]) -> Markup:
    """A chart, or a sentence where there is nothing to draw."""
    kind = str(data.get("chartType") or "Line")
    log_x, log_y = kind in {"LineLogX", "LineLogXY"}, kind in {"LineLogY", "LineLogXY"}
    series = mappings(data.get("series"))
    curves = [
        (str(one.get("name") or ""), _points(one, log_x=log_x, log_y=log_y)) for one in series[:MAX_SERIES]
    ]
    everything = [point for _, points in curves for point in points]
    label = str(data.get("label") or "Chart")
    left_out = len(series) - len(curves)
    more = element("p", f"{left_out} more series are not drawn.", class_="muted") if left_out else None
    if not everything:
        return element("figure", element("figcaption", label), element("p", "No points.", class_="muted"))
    x = _axis([point[0] for point in everything], LEFT, WIDTH - RIGHT, log=log_x)
    y = _axis([point[1] for point in everything], HEIGHT - BOTTOM, TOP, log=log_y)
    drawing = element(
        "svg",
        element("title", label),
        _grid(x, y),
        _labels(data),
        *(_curve(points, x, y, place) for place, (_, points) in enumerate(curves)),
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        class_="chart",
        role="img",
        aria_label=label,
    )
    legend = element("ul", *(_entry(name, place) for place, (name, _) in enumerate(curves)), class_="legend")
    return element("figure", element("figcaption", label), drawing, legend, more)


def _points(series: dict[str, Any], *, log_x: bool, log_y: bool) -> Points:
    ys = _numbers(series.get("ydata"))
    xs = _numbers(series.get("xdata")) or [float(place) for place in range(len(ys))]
    points = [
        (0.0 if abs(x) < _TINY else x, 0.0 if abs(y) < _TINY else y)
        for x, y in zip(xs, ys, strict=False)
        if abs(x) < _HUGE and abs(y) < _HUGE and not (log_x and x < _TINY) and not (log_y and y < _TINY)
    ]
    return _thinned(points)


def _numbers(text: Any) -> list[float]:
    if not isinstance(text, str) or not text.strip():
        return []
    return [_float(part) for part in text.split(";")]


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _thinned(points: Points) -> Points:
    if len(points) <= MAX_POINTS:
        return points
    width = math.ceil(len(points) / (MAX_POINTS // 2))
    kept: Points = []
    for begin in range(0, len(points), width):
        part = range(begin, min(begin + width, len(points)))
        lowest, highest = min(part, key=lambda at: points[at][1]), max(part, key=lambda at: points[at][1])
        kept += [points[at] for at in sorted({lowest, highest})]
    return kept


def _axis(values: Sequence[float], start: float, end: float, *, log: bool) -> Axis:
    low, high = min(values), max(values)
    if log:
        low, high = math.log10(low), math.log10(high)
    if high - low <= max(abs(low), abs(high)) * 1e-12:
        room = 0.5 if log else abs(high) * 0.1 or 1.0
        low, high = low - room, high + room
    else:
        room = (high - low) * 0.04
        low, high = low - room, high + room
    return Axis(low, high, log, start, end)


def _round_values(low: float, high: float) -> list[float]:
    rough = (high - low) / 6
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first = math.ceil(low / step)
    return [(first + place) * step for place in range(int((high - first * step) / step + 1e-9) + 1)]


def _grid(x: Axis, y: Axis) -> Markup:
    parts: list[Markup] = []
    for value in x.ticks():
        at = _px(x.place(value))
        parts.append(element("line", x1=at, x2=at, y1=TOP, y2=HEIGHT - BOTTOM))
        parts.append(element("text", _tick(value), x=at, y=HEIGHT - BOTTOM + 14, text_anchor="middle"))
    for value in y.ticks():
        at = _px(y.place(value))
        parts.append(element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=at, y2=at))
        parts.append(element("text", _tick(value), x=LEFT - 6, y=at, text_anchor="end", dy="0.32em"))
    return element("g", *parts, class_="grid")


def _labels(data: dict[str, Any]) -> Markup:
    middle_x, middle_y = (LEFT + WIDTH - RIGHT) // 2, (TOP + HEIGHT - BOTTOM) // 2
    return join(
        element(
            "text",
            _axis_name(data, "x"),
            x=middle_x,
            y=HEIGHT - 6,
            text_anchor="middle",
            class_="axis",
        ),
        element(
            "text",
            _axis_name(data, "y"),
            x=12,
            y=middle_y,
            text_anchor="middle",
            transform=f"rotate(-90 12 {middle_y})",
            class_="axis",
        ),
    )


def _axis_name(data: dict[str, Any], axis: str) -> str:
    name, unit = str(data.get(f"{axis}Label") or ""), str(data.get(f"{axis}Unit") or "")
    return f"{name} ({unit})" if name and unit else name or unit


def _curve(points: Points, x: Axis, y: Axis, place: int) -> Markup:
    pixels = [(_px(x.place(one)), _px(y.place(other))) for one, other in points]
    path = element("polyline", points=" ".join(f"{one},{other}" for one, other in pixels))
    dots = pixels if len(pixels) <= MARKED_POINTS else []
    circles = (element("circle", cx=one, cy=other, r="2.5") for one, other in dots)
    return element("g", path, *circles, class_=_class(place))


def _entry(name: str, place: int) -> Markup:
    line = element("line", x1=0, x2=22, y1=6, y2=6)
    sample = element("svg", element("g", line, class_=_class(place)), viewBox="0 0 22 12", aria_hidden="true")
    return element("li", sample, name or f"series {place + 1}")


def _class(place: int) -> str:
    # six colours, then the same with another line form
    return f"curve c{place % COLOURS} d{place // COLOURS % 4}"


def _px(value: float) -> str:
    return f"{value:.1f}"


def _tick(value: float) -> str:
    return f"{value:.6g}".replace("e+0", "e").replace("e-0", "e-")


def step_chart(step: dict[str, Any]) -> Markup | None:
    """The chart of a step, if it has one."""
    data = mapping(step.get("chart"))
    return chart(data) if data else None
