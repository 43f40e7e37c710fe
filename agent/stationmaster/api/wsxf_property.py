"""Additional data of WSXF: properties inside each other, as TestStand writes them."""

from __future__ import annotations

from typing import Any

from stationmaster.api.text import one_line
from stationmaster.api.wsxf_part import Part
from stationmaster.api.xml import child_text, children, inner_text


def additional(part: Part) -> dict[str, Any]:
    """A named set of values in WSJF form."""
    name = one_line(part.text("Name"), 200) or part.tag
    return {"name": name, "props": [_property(Part(one)) for one in children(part.element, "Prop")]}


def _property(part: Part) -> dict[str, Any]:
    row: dict[str, Any] = {"name": part.text("Name") or "-", "type": part.text("Type") or "String"}
    below = [_property(Part(one)) for one in children(part.element, "Prop")]
    if below:
        row["props"] = below
    elif any(True for _ in children(part.element, "Value")):
        row["value"] = child_text(part.element, "Value")
    elif not len(part.element) and inner_text(part.element).strip():
        row["value"] = inner_text(part.element)
    for key, name in (("comment", "Comment"), ("numFormat", "NumFmt")):
        if part.text(name):
            row[key] = part.text(name)
    return row
