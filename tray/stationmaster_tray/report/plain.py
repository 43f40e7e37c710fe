"""A report as text, to be pasted into a mail."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from stationmaster_tray.report.document import Document
from stationmaster_tray.report.row import Row, rows
from stationmaster_tray.report.wording import verdict
from stationmaster_tray.text import tr

MOST = 20_000
"""Lines: no mail takes more, and the clipboard would hold up the window."""


def as_text(document: Document) -> str:
    """A line a row. Takes a while for a large report: call it in a thread."""
    lines = list(islice(_lines(rows(document), -1), MOST + 1))
    if len(lines) > MOST:
        lines[MOST:] = [tr("… and more: copied as JSON it is whole.")]
    return "\n".join(lines) + "\n"


def _lines(row: Row, depth: int) -> Iterator[str]:
    if depth >= 0:
        yield "  " * depth + line(row)
    for child in row.fresh():
        yield from _lines(child, depth + 1)


def line(row: Row) -> str:
    """One row as text."""
    measured = " ".join(word for word in (row.value, row.unit) if word)
    limits = ", ".join(word for word in (row.low, row.high) if word)
    said = f"{row.name}: {measured}" if measured else row.name
    status = verdict(row.status)
    return "  ".join(word for word in (status, said, f"({limits})" if limits else "") if word)
