"""Result files of the in-circuit tester SPEA 3030: semicolons, one START..END block a tested board.

The file may grow: only whole new blocks are converted, and `Resume` marks the end of the last one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Final

from stationmaster.api import (
    ConversionError,
    ConverterOptions,
    Glimpse,
    Report,
    Resume,
    Source,
)
from stationmaster.api.growing import go_on, mark
from stationmaster.api.lines import read_lines
from stationmaster.api.text import decode_text
from stationmaster.converters.spea_3030_unit import Line, Spea3030Options, build

_BOM: Final = b"\xef\xbb\xbf"
_MAX_BLOCK_BYTES: Final = 64 * 1024 * 1024
_START: Final = re.compile(rb"START;(?:[^;\r\n]*;){5}\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4};\d{1,2}:\d{2}")
_END: Final = re.compile(rb"END;[^;\r\n]*;\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4};\d{1,2}:\d{2}:\d{2}[;\s]*")


@dataclass(slots=True)
class _Block:
    """One START..END block.

    Attributes:
        line: number of its first line.
        order: the date order that a FORMAT line before it set; "" where there is none.
        parts: its lines as they are.
        closed: its END line is there.
        notes: what was found before it.
    """

    line: int
    order: str
    parts: list[bytes] = field(default_factory=list)
    closed: bool = False
    notes: list[str] = field(default_factory=list)


class Spea3030Converter:
    """Reads result files of the SPEA 3030; several blocks give several reports."""

    name: ClassVar[str] = "spea-3030"
    version: ClassVar[str] = "1"
    options_type: ClassVar[type[ConverterOptions]] = Spea3030Options

    def detect(self, glimpse: Glimpse) -> int:
        """85 if a START line with its date and time comes first, a FORMAT line before it or not."""
        lines = (line for line in glimpse.head.removeprefix(_BOM).splitlines() if line.strip())
        first = next(lines, b"")
        if first.startswith(b"FORMAT;"):
            first = next(lines, b"")
        return 85 if _START.match(first) else 0

    def is_complete(self, glimpse: Glimpse) -> bool:
        """True if the last line with something on it is an END line with its time."""
        lines = reversed(glimpse.tail.splitlines())
        return _END.fullmatch(next((line for line in lines if line.strip()), b"")) is not None

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """Yield one report a block, then the mark where the last whole block ends."""
        own = Spea3030Options.of(options)
        with source.open() as file:
            offset, state = go_on(file, source.size, resume)
            reader = _Reader(offset, state, source.name)
            fresh = offset == 0
            for block in reader.blocks(read_lines(file, name=source.name)):
                fresh = False
                if not block.closed and not own.accept_incomplete:
                    raise _unfinished(block, reader)
                yield from _reports(block, source, own)
            if fresh:
                raise ConversionError(f"{source.name} holds no START line")
            if reader.whole:
                yield mark(file, reader.offset, line=reader.last, order=reader.order_there)


class _Reader:
    """Splits a file into blocks.

    Attributes:
        offset, last, order_there: behind the last whole block: bytes, number of its last line, date order.
        at: number of the line that was read last.
        whole: no block was left unfinished at the end.
    """

    def __init__(self, offset: int, state: dict[str, object], name: str) -> None:
        line, order = state.get("line"), state.get("order")
        self.offset = offset
        self.at = self.last = line if isinstance(line, int) else 0
        self.order_there = self._order = order if isinstance(order, str) else ""
        self.whole = True
        self._name = name

    def blocks(self, lines: Iterator[bytes]) -> Iterator[_Block]:
        here, size = self.offset, 0
        block: _Block | None = None
        notes: list[str] = []
        for raw in lines:
            self.at += 1
            here += len(raw)
            line = raw.removeprefix(_BOM) if self.at == 1 else raw
            kind = line.split(b";", 1)[0].strip()
            if kind == b"START":
                if block is not None:
                    yield block
                block, size = _Block(self.at, self._order, notes=notes), 0
                notes = []
            if block is None:
                self._between(kind, line, notes)
                continue
            block.parts.append(line)
            size += len(line)
            if size > _MAX_BLOCK_BYTES:
                raise ConversionError(
                    f"a block of more than {_MAX_BLOCK_BYTES} bytes", place=f"line {block.line}"
                )
            if kind == b"END" and (line.endswith((b"\n", b"\r")) or _END.fullmatch(line)):
                block.closed = True
                yield block
                block = None
                self.offset, self.last, self.order_there = here, self.at, self._order
        if block is not None:
            self.whole = False
            yield block

    def _between(self, kind: bytes, line: bytes, notes: list[str]) -> None:
        if kind == b"FORMAT":
            word = decode_text(line, name=self._name).partition(";")[2].strip(" ;\t\r\n").lower()
            if word not in {"mmdd", "ddmm"}:
                raise ConversionError(
                    f"the date order {word[:20]!r} is not known", place=f"line {self.at} FORMAT"
                )
            self._order = word
        elif line.strip():
            notes.append(f"line {self.at}: a line outside of any START and END was not read")


def _unfinished(block: _Block, reader: _Reader) -> ConversionError:
    how = "the file ends" if reader.at < block.line + len(block.parts) else "another one begins"
    return ConversionError(
        f"{how} inside the block that begins at line {block.line}: it has no END line",
        place=f"line {reader.at}",
        next_step="Nothing of the file was taken. If the tester will never finish it, set the converter's "
        "option accept_incomplete.",
    )


def _reports(block: _Block, source: Source, options: Spea3030Options) -> Iterator[Report]:
    record = b"".join(block.parts).rstrip()
    text = decode_text(record, name=f"{source.name}, block at line {block.line}:")
    cells = (line.split(";") for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    lines = [
        Line([cell.strip() for cell in one], number) for number, one in enumerate(cells, start=block.line)
    ]
    for part, report in build(lines, block.order or options.date_order, source, options, closed=block.closed):
        report.record = record + part.encode()
        for note in block.notes:
            report.warn(note)
        if options.attach_source:
            report.attach(source.name, record, content_type="text/csv")
        yield report
