"""Tells whether the server holds the report we sent: pure, no I/O."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import msgspec


def names_report(stored: bytes, report_id: str) -> bool:
    """True when what the server handed out is a report with this id."""
    try:
        found = msgspec.json.decode(stored)
    except (ValueError, RecursionError):
        return False
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    if not isinstance(found, dict):
        return False
    ids = [value for key, value in found.items() if key.lower() == "id"]
    return any(isinstance(one, str) and one.lower() == report_id.lower() for one in ids)


def same_report(sent: bytes, stored: bytes) -> bool:
    """True when everything we sent is in what the server holds, at the same place.

    The server may add fields of its own (ids, names, defaults) and may write a number, a time or a GUID in
    another form; it may not lack or change a value, nor hold more or fewer list items. False when either
    is not JSON, or is nested too deeply to compare.
    """
    try:
        left, right = msgspec.json.decode(sent), msgspec.json.decode(stored)
        if isinstance(right, list) and len(right) == 1 and isinstance(left, dict):
            right = right[0]
        return _within(left, right)
    except (ValueError, RecursionError):  # bad UTF-8 is a ValueError, but no DecodeError
        return False


def _within(sent: Any, stored: Any) -> bool:
    if isinstance(sent, dict):
        if not isinstance(stored, dict):
            return False
        have = {key.lower(): value for key, value in stored.items()}
        return all(_within(value, have.get(key.lower())) for key, value in sent.items())
    if isinstance(sent, list):
        if not sent:
            return stored is None or stored == []
        return (
            isinstance(stored, list)
            and len(sent) == len(stored)
            and all(_within(a, b) for a, b in zip(sent, stored, strict=True))
        )
    return _same_value(sent, stored)


def _same_value(sent: Any, stored: Any) -> bool:
    if sent == stored and isinstance(sent, bool) == isinstance(stored, bool):
        return True
    if sent is None or sent == "":
        return stored is None or stored == ""
    if isinstance(sent, bool) or isinstance(stored, bool):
        return False
    if isinstance(sent, int | float) and isinstance(stored, int | float):
        return _near(sent, stored)
    if isinstance(sent, str) and isinstance(stored, str):
        return _same_text(sent, stored)
    return False


def _near(sent: float, stored: float) -> bool:
    try:
        # A server that stores doubles gives back the nearest one.
        return math.isclose(sent, stored, rel_tol=1e-12)
    except OverflowError:  # whole numbers beyond any double, and not equal
        return False


def _same_text(sent: str, stored: str) -> bool:
    if len(sent) == len(stored) == 36 and sent.lower() == stored.lower() and sent.count("-") == 4:
        return True
    left, right = _instant(sent), _instant(stored)
    return left is not None and left == right


def _instant(text: str) -> datetime | None:
    """The moment an ISO date and time names; one without an offset is taken as UTC."""
    if len(text) < 19 or text[4:5] != "-":
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at
