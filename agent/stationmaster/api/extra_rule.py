"""The rules of what hangs on reports and steps: assets, attachments, additional data."""

from __future__ import annotations

import binascii
from typing import Any

from stationmaster.api.issue import Issues, shown
from stationmaster.api.loop import whole

MAX_ATTACHMENT = 10 * 1024 * 1024
"""Bytes of an attachment that other WATS clients take."""


def asset(issues: Issues, row: dict[str, Any], at: str) -> None:
    """Check an asset that was used."""
    issues.text(row, "sn", at, least=1, most=100)
    for key in ("assetType", "partNumber"):
        issues.text(row, key, at, most=100)
    issues.integer(row, "usageCount", at)
    for key in ("calibrationDate", "calibrationDue"):
        issues.time(row, key, at)


def attachment(issues: Issues, held: dict[str, Any], at: str) -> None:
    """Check an attachment of a step or a report."""
    issues.text(held, "name", at, least=1, most=256)
    issues.text(held, "contentType", at, most=100)
    issues.text(held, "description", at, most=500)
    data = held.get("data")
    if not isinstance(data, str):
        if data is not None:
            issues.error(at + "data", f"must be a base64 text, not {shown(data)}")
        return
    size = _base64_size(data)
    if size is None:
        issues.error(at + "data", "is not base64")
    elif size > MAX_ATTACHMENT:
        issues.warning(at + "data", f"is {size} bytes; other WATS clients stop at {MAX_ATTACHMENT}")


def _base64_size(text: str) -> int | None:
    try:
        return len(binascii.a2b_base64(text, strict_mode=True))
    except ValueError:
        try:
            return len(binascii.a2b_base64("".join(text.split()), strict_mode=True))  # wrapped at 76 columns
        except ValueError:
            return None


def additional(issues: Issues, row: dict[str, Any], at: str) -> None:
    """Check one named set of additional data."""
    issues.text(row, "name", at, least=1, most=200)
    waiting = issues.rows(row, "props", at, gaps=True)
    while waiting:
        place, prop = waiting.pop()
        for key in ("name", "type"):
            issues.text(prop, key, place, least=1)
        for key in ("value", "comment", "numFormat"):
            issues.text(prop, key, place)
        issues.integer(prop, "flags", place)
        waiting.extend(issues.rows(prop, "props", place, gaps=True))
        array = issues.table(prop, "array", place)
        if array is not None:
            _array(issues, array, place + "array.", waiting)


def _array(issues: Issues, array: dict[str, Any], at: str, waiting: list[tuple[str, dict[str, Any]]]) -> None:
    issues.integer(array, "dimension", at, needed=True)
    issues.text(array, "type", at, least=1)
    for place, cell in issues.rows(array, "indexes", at, gaps=True):
        issues.text(cell, "text", place, least=1)
        _indexes(issues, cell, array.get("dimension"), place + "indexes")
        value = issues.table(cell, "value", place)
        if value is not None:
            waiting.append((f"{place}value.", value))


def _indexes(issues: Issues, cell: dict[str, Any], dimension: object, at: str) -> None:
    indexes = cell.get("indexes")
    if not isinstance(indexes, list) or not all(whole(index) for index in indexes):
        issues.house(at, f"must be a list of whole numbers, not {shown(indexes)}")
    elif whole(dimension) and len(indexes) != dimension:
        issues.house(at, f"has {len(indexes)} numbers, the array has {dimension} dimensions")
