"""PURE: entries for other programs: text for a message, CSV for a sheet, JSON for a script."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from enum import StrEnum

import msgspec

from stationmaster.model import Entry
from stationmaster_tray.entries.wording import Column


class Form(StrEnum):
    """What is put on the clipboard."""

    TEXT = "text"
    CSV = "csv"
    JSON = "json"


_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is run as a formula by a spreadsheet: it gets an apostrophe before it."""

_FIELDS = (
    "instance", "id", "kind", "state", "report_id", "revision", "serial_number", "part_number",
    "process_code", "result", "start", "source", "place", "converter", "attempts", "reason",
    "dismissed_by", "created_at", "updated_at",
)  # fmt: skip
"""Columns of CSV: names that do not change with the language."""


def head(form: Form, columns: Sequence[Column]) -> str:
    """What stands before the first entry."""
    if form is Form.TEXT:
        return "\t".join(column.title for column in columns) + "\n"
    return _csv([_FIELDS]) if form is Form.CSV else "[\n"


def body(form: Form, columns: Sequence[Column], entries: Sequence[Entry], *, first: bool = True) -> str:
    """Some entries; `first`: no others stand before them."""
    if form is Form.TEXT:
        rows = ("\t".join(column.text(one) for column in columns) for one in entries)
        return "".join(f"{row}\n" for row in rows)
    if form is Form.CSV:
        return _csv([[_cell(getattr(one, field)) for field in _FIELDS] for one in entries])
    lines = ",\n".join(msgspec.json.encode(one).decode() for one in entries)
    return lines if first or not lines else ",\n" + lines


def foot(form: Form) -> str:
    """What stands after the last entry."""
    return "\n]\n" if form is Form.JSON else ""


def _csv(rows: Sequence[Sequence[str]]) -> str:
    made = io.StringIO()
    csv.writer(made, lineterminator="\n").writerows(rows)
    return made.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
