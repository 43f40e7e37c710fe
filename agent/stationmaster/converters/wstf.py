"""WSTF, the WATS Standard Text Format: tab-separated, one block a unit, any number of blocks a file.

The file may grow: only whole new units are converted, and `Resume` marks the end of the last one.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, ClassVar, Final

from stationmaster.api import (
    ConversionError,
    ConverterOptions,
    Glimpse,
    Report,
    Resume,
    Source,
)
from stationmaster.api.lines import read_lines
from stationmaster.api.number import Decimal
from stationmaster.api.text import decode_text
from stationmaster.converters.wstf_unit import HEADER_START, UNIT_END, marker, read_unit, shown

_BOM: Final = b"\xef\xbb\xbf"
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_MAX_UNIT_BYTES: Final = 64 * 1024 * 1024
_MAX_UTF16_BYTES: Final = 128 * 1024 * 1024
_CHECK_BYTES: Final = 4096


class WstfOptions(ConverterOptions, frozen=True, kw_only=True):
    """Options of the WSTF converter.

    Attributes:
        decimal: decimal mark of numbers: ".", "," or "auto" (one lone comma is the mark).
        accept_incomplete: report a unit that was never finished as terminated, instead of refusing
            the file.
    """

    decimal: Decimal = "."
    accept_incomplete: bool = False


@dataclass(frozen=True, slots=True)
class _Block:
    """The bytes of one unit.

    Attributes:
        record: from the start marker to the end marker, without what may still be added behind it.
        line: number of its first line; `last_line` of its last.
        end: offset in the file behind it.
        closed: False: the file ends before the end marker.
    """

    record: bytes
    line: int
    last_line: int
    end: int
    closed: bool


class WstfConverter:
    """Reads WSTF files of one or more units; several units give several reports."""

    name: ClassVar[str] = "wstf"
    version: ClassVar[str] = "1"
    options_type: ClassVar[type[ConverterOptions]] = WstfOptions

    def detect(self, glimpse: Glimpse) -> int:
        """95 if the first line with something on it is the start marker."""
        for line in _text_bytes(glimpse.head).splitlines():
            if line.strip():
                return 95 if marker(line) == HEADER_START else 0
        return 0

    def is_complete(self, glimpse: Glimpse) -> bool:
        """True if the last line with something on it is the end marker of a unit."""
        lines = _text_bytes(glimpse.tail).replace(b"\0", b"").splitlines()
        return next((marker(line) == UNIT_END for line in reversed(lines) if line.strip()), False)

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """Yield one report a unit, then the mark where the last whole unit ends."""
        own = WstfOptions.of(options)
        with source.open() as raw:
            file, grows = _byte_stream(raw, source)
            offset, line = _start(file, source.size, resume) if grows else (0, 1)
            fresh = offset == 0
            for number, block in enumerate(_blocks(file, offset, line, source.name), start=1):
                fresh = False
                if not block.closed and not own.accept_incomplete:
                    raise _unfinished(number, block)
                yield _report(block, source, own)
                # No mark behind an unfinished unit: from the start again, all units get the same ids.
                grows = grows and block.closed
                offset, line = block.end, block.last_line
            if fresh:
                raise ConversionError(f"{source.name} holds no unit")
            if grows:
                yield Resume(offset=offset, state=_state(file, offset, line))


def _report(block: _Block, source: Source, options: WstfOptions) -> Report:
    text = decode_text(block.record, name=f"{source.name}, unit at line {block.line}:")
    unit = read_unit(text, block.line, closed=block.closed)
    report = unit.report(source, options, options.decimal)
    report.record = block.record
    if options.attach_source:
        report.attach(source.name, block.record, content_type="text/plain")
    return report


def _unfinished(number: int, block: _Block) -> ConversionError:
    return ConversionError(
        f"the file ends inside unit {number}, which begins at line {block.line}",
        place=f"line {block.last_line}",
        next_step="Nothing of the file was taken. If the tester will never finish it, set the converter's "
        "option accept_incomplete.",
    )


def _blocks(file: BinaryIO, offset: int, line: int, name: str) -> Iterator[_Block]:
    """Split the file from where it stands (`offset`, line number `line`) into units."""
    parts: list[bytes] = []
    began, size, number = line, 0, line - 1
    for number, raw in enumerate(read_lines(file, name=name), start=line):
        offset += len(raw)
        mark = marker(raw.removeprefix(_BOM))
        if not parts:
            if not raw.removeprefix(_BOM).strip():
                continue
            began, size = number, 0
        _check_start(mark, number, inside=bool(parts))
        parts.append(raw)
        size += len(raw)
        if size > _MAX_UNIT_BYTES:
            raise ConversionError(f"a unit of more than {_MAX_UNIT_BYTES} bytes", place=f"line {began}")
        if mark == UNIT_END:
            yield _Block(b"".join(parts).rstrip(), began, number, offset, closed=True)
            parts = []
    if parts:
        # A line without its end may be cut inside a value: it is not read, unless it is all there is.
        whole = parts[:-1] if len(parts) > 1 and not parts[-1].endswith((b"\n", b"\r")) else parts
        yield _Block(b"".join(whole).rstrip(), began, number, offset, closed=False)


def _check_start(mark: str, number: int, *, inside: bool) -> None:
    if inside and mark == HEADER_START:
        raise ConversionError("a new unit begins before the one above has ended", place=f"line {number}")
    if not inside and mark != HEADER_START:
        raise ConversionError(f"{shown(HEADER_START)!r} should stand here", place=f"line {number}")


def _byte_stream(raw: BinaryIO, source: Source) -> tuple[BinaryIO, bool]:
    """The file in an 8-bit encoding, and whether offsets in it are offsets in the file."""
    head = raw.read(2)
    raw.seek(0)
    if head not in _UTF16:
        return raw, True
    if source.size > _MAX_UTF16_BYTES:
        raise ConversionError(f"{source.name} is larger than {_MAX_UTF16_BYTES} bytes, the bound for UTF-16")
    text = decode_text(raw.read(_MAX_UTF16_BYTES + 1), name=source.name)
    return io.BytesIO(text.encode("utf-8", errors="replace")), False


def _start(file: BinaryIO, size: int, resume: Resume | None) -> tuple[int, int]:
    """Where to go on: offset and line. The beginning, if the file is not the one `resume` speaks of."""
    if resume is not None and 0 < resume.offset <= size:
        line = resume.state.get("line")
        if isinstance(line, int) and resume.state == _state(file, resume.offset, line):
            file.seek(resume.offset)
            return resume.offset, line + 1
    file.seek(0)
    return 0, 1


def _state(file: BinaryIO, offset: int, line: int) -> dict[str, Any]:
    """What tells the next conversion that the file is the same up to `offset`."""
    begin = max(0, offset - _CHECK_BYTES)
    file.seek(begin)
    return {"line": line, "check": hashlib.sha256(file.read(offset - begin)).hexdigest()}


def _text_bytes(data: bytes) -> bytes:
    """The beginning or end of a file without byte order mark; UTF-16 becomes plain ASCII."""
    if data[:2] in _UTF16:
        return data[2:].replace(b"\0", b"")
    return data.removeprefix(_BOM)
