"""Parts out of the records of an STDF file: those of several sites come interleaved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stationmaster.converters.stdf_fields import LAYOUTS, Fields, generic_of
from stationmaster.converters.stdf_part import Part, Wafer
from stationmaster.converters.stdf_results import Results
from stationmaster.converters.stdf_stream import (
    BPS,
    DTR,
    EPS,
    FAR,
    FTR,
    GDR,
    MIR,
    MPR,
    PIR,
    PRR,
    PTR,
    WIR,
    WRR,
    Records,
)

_MAX_OPEN_BYTES: Final = 128 * 1024 * 1024
_MAX_SECTIONS: Final = 30
_TESTS: Final = {PTR, MPR, FTR}
_TEXTS: Final = {DTR, GDR}


class Parts:
    """The parts of a file: iterate to get each when it has ended.

    Attributes:
        head: the records that each part needs to be read alone.
        strays: results that belong to no part.
    """

    def __init__(self, records: Records) -> None:
        """Begin at the first record."""
        self._records = records
        self._results = Results(records)
        self._open: dict[int, Part] = {}
        self._wafers: dict[int, Wafer] = {}
        self._sections: list[str] = []
        self._ended = 0
        self._bytes = 0
        self.head = b""
        self.strays = 0

    def __iter__(self) -> Iterator[Part]:
        """Yield the parts in the order of their ends; at last those that never ended."""
        read, open_parts = self._results.read, self._open
        for kind, record in self._records:
            if kind in _TESTS:
                if len(record) < 10:
                    raise self._records.error(kind, "the record ends before its head and site")
                part = open_parts.get(record[8] << 8 | record[9])
                if part is None:
                    part = self._begin(record[8], record[9], announced=False)
                part.events.append(read(kind, record))
                part.records.append(record)
                self._bytes += len(record)
                if self._bytes > _MAX_OPEN_BYTES:
                    self._count(kind, 0)
            elif kind in {PIR, PRR}:
                yield from self._turn(kind, record)
            else:
                self._aside(kind, record)
        for part in list(open_parts.values()):
            if part.announced:
                self._end(part)
                yield part
            else:
                self.strays += part.results

    def _turn(self, kind: int, record: bytes) -> Iterator[Part]:
        """A part begins or ends."""
        if len(record) < 6:
            raise self._records.error(kind, "the record ends before its head and site")
        head, site = record[4], record[5]
        part = self._open.get(head << 8 | site)
        if kind == PIR:
            if part is not None:
                if part.announced:
                    self._end(part)
                    yield part
                else:
                    self._end(part, counts=False)
                    self.strays += part.results
            part = self._begin(head, site, announced=True)
            part.records.append(record)
            self._count(kind, len(record))
            return
        if part is None:
            part = self._begin(head, site, announced=False)
        part.records.append(record)
        self._bytes += len(record)
        part.end = self._fields(kind, record)
        self._end(part)
        yield part

    def _begin(self, head: int, site: int, *, announced: bool) -> Part:
        wafer = self._wafers.get(head) or self._wafers.get(255) or Wafer()
        part = Part(head=head, site=site, announced=announced, wafer=wafer)
        part.events.extend(self._sections)
        self._open[head << 8 | site] = part
        return part

    def _end(self, part: Part, *, counts: bool = True) -> None:
        self._ended += counts
        part.number = self._ended
        del self._open[part.head << 8 | part.site]
        self._bytes -= sum(map(len, part.records))
        if not self._open:
            # A tester that stops in the middle of a section writes no end of it.
            self._sections.clear()

    def _aside(self, kind: int, record: bytes) -> None:
        """Records that are neither results nor the begin or end of a part."""
        if kind in _TEXTS:
            self._add_text(kind, record)
        elif kind in {BPS, EPS}:
            self._section(kind, record)
        elif kind == WIR:
            fields = self._fields(kind, record)
            self._wafers[int(fields.get("HEAD_NUM", 255))] = Wafer(
                str(fields.get("WAFER_ID", "")), int(fields.get("START_T", 0)), record
            )
        elif kind == WRR:
            self._wafers.pop(record[4] if len(record) > 4 else 255, None)
        elif kind in {FAR, MIR}:
            self.head += record

    def _section(self, kind: int, record: bytes) -> None:
        events: list[str | None] = [None]
        if kind == BPS:
            name = str(self._fields(kind, record).get("SEQ_NAME", "")) or "Section"
            # One that begins again has ended, with all in it, though nobody wrote so.
            again = len(self._sections) - self._sections.index(name) if name in self._sections else 0
            if len(self._sections) - again >= _MAX_SECTIONS:
                return
            events = [*[None] * again, name]
            self._sections[len(self._sections) - again :] = [name]
        elif self._sections:
            self._sections.pop()
        for part in self._open.values():
            part.events.extend(events)
            part.records.append(record)
        self._count(kind, len(record) * len(self._open))

    def _add_text(self, kind: int, record: bytes) -> None:
        if not self._open:
            return
        try:
            if kind == DTR:
                text = str(LAYOUTS[DTR].read(record, self._records.order).get("TEXT_DAT", ""))
            else:
                text = ", ".join(generic_of(record, self._records.order))
        except ValueError as error:
            raise self._records.error(kind, str(error), "The file is damaged.") from error
        for part in self._open.values():
            part.texts.append(text)
            part.records.append(record)
        self._count(kind, len(record) * len(self._open))

    def _count(self, kind: int, size: int) -> None:
        """Open parts keep so many bytes more."""
        self._bytes += size
        if self._bytes > _MAX_OPEN_BYTES:
            raise self._records.error(
                kind, f"the parts that have not ended here take more than {_MAX_OPEN_BYTES} bytes"
            )

    def _fields(self, kind: int, record: bytes) -> Fields:
        try:
            return LAYOUTS[kind].read(record, self._records.order)
        except ValueError as error:
            raise self._records.error(kind, str(error), "The file is damaged.") from error
