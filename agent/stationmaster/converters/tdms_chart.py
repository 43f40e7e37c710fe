"""The groups and channels of a TDMS file as sequences and charts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from stationmaster.api import Report, Sequence, Series, Status, Step
from stationmaster.api.text import clip, one_line
from stationmaster.converters.tdms_curve import Curve
from stationmaster.converters.tdms_file import Tdms, Value, number_of, plain, shown

NUMBERS: Final = frozenset({"number", "raw"})
"""Kinds of channels that a curve can be made of."""
_MAX_TEXT: Final = 20_000
_MAX_VALUE: Final = 1000
_MAX_TEXTS: Final = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which channels become charts: patterns of their paths, and how many at most."""

    patterns: tuple[str, ...]
    most: int


def unit_of(properties: Mapping[str, Value]) -> str:
    """The unit of a channel's values."""
    texts = (shown(properties.get(key, "")) for key in ("unit_string", "NI_UnitDescription"))
    return one_line(next(filter(None, texts), ""), 50)


def add_charts(report: Report, tdms: Tdms, curve: Callable[[str], Curve], wanted: Wanted) -> None:
    """Add a sequence for each group, and a chart for each of its channels that is wanted."""
    charts = left = 0
    for group, paths in tdms.by_group.items():
        own = {
            path: name
            for path, name in paths.items()
            if any(fnmatchcase(path, one) for one in wanted.patterns)
        }
        listed = _listed(tdms.properties(group))
        if not own:
            if listed and not paths:
                report.root.action(one_line(group, 500) or "-").details(text=listed)
            continue
        sequence = report.root.sequence(one_line(group, 500) or "-")
        sequence.details(text=listed or None)
        for path, name in own.items():
            if charts >= wanted.most:
                left += 1
                continue
            charts += 1
            _add_channel(report, sequence, tdms, path, name, curve)
    if left:
        report.warn(f"the file has more channels than max_charts: {left} were left out")


def _add_channel(
    report: Report, sequence: Sequence, tdms: Tdms, path: str, name: str, curve: Callable[[str], Curve]
) -> None:
    kind, length = tdms.kind(path), tdms.length(path)
    properties = tdms.properties(path)
    name = one_line(name, 500) or "-"
    said = f"{length} values"
    step: Step
    if kind in NUMBERS:
        step = sequence.action(name, Status.DONE)
        found = curve(path)
        _draw(step, name, found, properties)
        for count, what in ((found.endless, "infinite"), (found.nothing, "not a number")):
            said += f", {count} {what}" if count else ""
        if kind == "raw":
            report.warn(f"channel {name!r} holds raw values: the file does not say how they are scaled")
    elif kind in {"text", "time"} and length <= _MAX_TEXTS:
        text = "; ".join(shown(plain(value)) for piece in tdms.pieces(path) for value in piece)
        if len(text) > _MAX_VALUE:
            report.warn(f"channel {name!r}: its texts were cut to {_MAX_VALUE} characters")
        step = sequence.string(name, clip(text, _MAX_VALUE), status=Status.DONE)
    else:
        step = sequence.action(name, Status.DONE)
        if kind:
            report.warn(f"channel {name!r} holds no numbers: its {length} values were left out")
    step.details(text=clip(f"{said}\n{_listed(properties)}".strip(), _MAX_TEXT))


def _draw(step: Step, name: str, curve: Curve, properties: Mapping[str, Value]) -> None:
    """The curve over time, or what else a waveform is over; else over the number of the value."""
    if not curve.x:
        return
    width = number_of(properties.get("wf_increment"))
    offset = number_of(properties.get("wf_start_offset")) or 0.0
    if not width or not math.isfinite(width) or not math.isfinite(offset):
        x: list[float] = [*curve.x]
        label, unit = "Index", ""
    else:
        x = [float(f"{offset + at * width:.12g}") for at in curve.x]
        unit = one_line(shown(properties.get("wf_xunit_string", "")), 50) or "s"
        own = one_line(shown(properties.get("wf_xname", "")), 100)
        label = own or ("Time" if unit == "s" else "X")
    step.chart(
        name[:100],
        [Series(name[:100], x, curve.y)],
        x_label=label,
        x_unit=unit,
        y_label=name[:100],
        y_unit=unit_of(properties),
    )


def _listed(properties: Mapping[str, Value]) -> str:
    return clip("\n".join(f"{name}: {shown(value)}" for name, value in properties.items()), _MAX_TEXT)
