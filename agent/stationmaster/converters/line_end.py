"""The end of the last line: in formats without an end mark the only thing that a cut file may lack."""

from __future__ import annotations

from stationmaster.api import Report, Source


def tell_open_line(report: Report, source: Source) -> None:
    """Warn where the last line of a text has no end."""
    with source.open() as file:
        file.seek(max(0, source.size - 1))
        last = file.read()
    if last not in {b"\n", b"\r"}:
        report.warn("the last line has no end: the file may be cut")
