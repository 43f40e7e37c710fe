"""A report as text, to be pasted into a mail."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from stationmaster_tray.report.document import Document
from stationmaster_tray.report.row import Row, rows
from stationmaster_tray.report.wording import verdict
from stationmaster_tray.text import tr

MOST = 20_000
"""Lines: no mail takes more."""


def lines(document: Document) -> Iterator[str]:
    """A line a row, each quick to make: for `slices.sliced`."""
    whole = _lines(rows(document), -1)
    yield from islice(whole, MOST)
    if next(whole, None) is not None:
        yield tr("… and more: copied as JSON it is whole.")


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
