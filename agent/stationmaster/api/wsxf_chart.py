"""Charts and attachments of WSXF and WRML; in WRML both are charts with base64 inside."""

from __future__ import annotations

import base64
import binascii
import struct
from typing import Any, Final

from stationmaster.api.measurement import Series
from stationmaster.api.notes import Notes
from stationmaster.api.number import parse_number
from stationmaster.api.text import one_line
from stationmaster.api.wsxf_part import Part
from stationmaster.api.xml import child_text, children, inner_text

_TYPES: Final = {kind.lower(): kind for kind in ("Line", "LineLogX", "LineLogY", "LineLogXY")}
_PAIR: Final = 16
"""Bytes of a point: x and y as little-endian doubles."""


def chart(parts: list[Part], notes: Notes) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """The chart of a step, None where there is none, and the attachments that WRML hides in charts."""
    found: dict[str, Any] | None = None
    attached: list[dict[str, Any]] = []
    file: Part | None = None
    for part in parts:
        if part.text("ChartType").upper() == "ATTACHMENT":
            file = part
            continue
        if file is not None:
            content = _decoded(part, child_text(part.element, "Data"))
            attached.append(_file(file.text("Label"), part.text("PlotName"), content))
            file = None
            continue
        if found is None:
            found = _head(part, notes)
        elif part.text("ChartType"):
            notes.add("a step holds one chart: the curves of others were added to it", part.place)
        found["series"].extend(_curves(part, notes))
    return found, attached


def attachment(part: Part, notes: Notes) -> dict[str, Any] | None:
    """An attachment; None where the file names it without its content."""
    content = _decoded(part, inner_text(part.element))
    size = part.integer("Size")
    if not content:
        notes.add("the content of an attachment is not in the file: its name is kept", part.place)
        return None
    if size is not None and size != len(content):
        notes.add("the size of an attachment is not the one that the file names", part.place)
    return _file(part.text("Name", "FileName"), part.text("ContentType"), content) | (
        {"description": one_line(part.text("Description"), 500)} if part.text("Description") else {}
    )


def _file(name: str, content_type: str, content: bytes) -> dict[str, Any]:
    return {
        "name": one_line(name, 256) or "attachment",
        "contentType": one_line(content_type, 100) or "application/octet-stream",
        "data": base64.b64encode(content).decode("ascii"),
    }


def _decoded(part: Part, text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise part.error(f"is not base64: {error}") from error


def _head(part: Part, notes: Notes) -> dict[str, Any]:
    given = part.text("ChartType")
    kind = _TYPES.get(given.lower(), "")
    if given and not kind:
        notes.add(f"the chart type {given[:40]!r} became Line", part.place)
    return {
        "chartType": kind or "Line",
        "label": one_line(part.text("Label"), 100),
        "xLabel": one_line(part.text("XLabel"), 100),
        "xUnit": one_line(part.text("XUnit"), 50),
        "yLabel": one_line(part.text("YLabel"), 100),
        "yUnit": one_line(part.text("YUnit"), 50),
        "series": [],
    }


def _curves(part: Part, notes: Notes) -> list[dict[str, Any]]:
    curves = [_series(Part(one)) for one in children(part.element, "Series")]
    text = child_text(part.element, "Data")
    if text.strip():
        curves.append(_binary(part, text))
    named = []
    for at, curve in enumerate(curves, start=1):
        if not curve["ydata"]:
            notes.add("a curve without points was left out", part.place)
            continue
        curve["name"] = one_line(curve["name"], 100) or f"Series {at}"
        named.append(curve)
    return named


def _series(part: Part) -> dict[str, Any]:
    x, y = (_points(part, child_text(part.element, name)) for name in ("xdata", "ydata"))
    if not x:
        x = [str(at) for at in range(len(y))]
    if len(x) != len(y):
        raise part.error(f"the curve has {len(x)} x and {len(y)} y values")
    return {"dataType": "XYG", "name": part.text("Name"), "xdata": ";".join(x), "ydata": ";".join(y)}


def _points(part: Part, text: str) -> list[str]:
    points = [one.strip() for one in text.strip().strip(";").split(";")] if text.strip(" \r\n\t;") else []
    for one in points:
        try:
            value = parse_number(one)
        except ValueError as error:
            raise part.error(str(error)) from error
        if value is None:
            raise part.error(f"the curve has a point without a number: {one[:20]!r}")
    return points


def _binary(part: Part, text: str) -> dict[str, Any]:
    data = _decoded(part, text)
    kind = part.text("DataType").upper()
    if kind not in {"", "XYG"}:
        raise part.error(f"curves of type {kind[:20]!r} are not known, only XYG")
    if len(data) % _PAIR:
        raise part.error(f"the curve has {len(data)} bytes, which is not a number of points")
    points = list(struct.iter_unpack("<dd", data))
    return Series(part.text("PlotName"), (x for x, _ in points), (y for _, y in points)).wire()
