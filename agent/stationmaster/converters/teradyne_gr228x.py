"""Logs of the in-circuit testers Teradyne (GenRad) GR228X: one shift a file, unit after unit.

The file may grow: only whole new units are converted, and `Resume` marks the end of the last one.
"""

from __future__ import annotations

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
from stationmaster.converters.teradyne_gr228x_line import is_end, is_log_end, is_program, is_start
from stationmaster.converters.teradyne_gr228x_unit import Gr228xOptions, build

_BOM: Final = b"\xef\xbb\xbf"
_MAX_UNIT_BYTES: Final = 64 * 1024 * 1024


@dataclass(slots=True)
class _Unit:
    """The lines of one unit.

    Attributes:
        line: number of its first line.
        program: the program line that was in force, "" where there was none.
        end: how it ends: "end" by its end line, "next" where another unit begins, "file" with the file.
        notes: what was found before it.
    """

    line: int
    program: str
    parts: list[bytes] = field(default_factory=list)
    end: str = "file"
    notes: list[str] = field(default_factory=list)


class Gr228xConverter:
    """Reads logs of the GR228X; several units give several reports."""

    name: ClassVar[str] = "teradyne-gr228x"
    version: ClassVar[str] = "1"
    options_type: ClassVar[type[ConverterOptions]] = Gr228xOptions

    def detect(self, glimpse: Glimpse) -> int:
        """85 for the load of a program, then a unit; 80 for a unit in the first line; 60 for a load alone."""
        lines = [line.strip() for line in glimpse.head.removeprefix(_BOM).splitlines() if line.strip()]
        if not lines:
            return 0
        if is_start(lines[0]):
            return 80
        if not is_program(lines[0]):
            return 0
        return 85 if any(is_start(line) for line in lines[1:200]) else 60

    def is_complete(self, glimpse: Glimpse) -> bool:
        """True if the last line with something on it ends a unit or the log, or loads another program."""
        lines = (line.strip() for line in reversed(glimpse.tail.splitlines()))
        last = next((line for line in lines if line), b"")
        return is_end(last) or is_log_end(last) or (is_program(last) and b"@" in glimpse.head)

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """Yield one report a unit, then the mark where the last whole unit ends."""
        own = Gr228xOptions.of(options)
        with source.open() as file:
            offset, state = go_on(file, source.size, resume)
            reader = _Reader(offset, state)
            fresh = offset == 0
            for unit in reader.units(read_lines(file, name=source.name)):
                fresh = False
                if unit.end == "file" and not own.accept_incomplete:
                    raise _unfinished(unit, reader.at)
                yield _report(unit, source, own)
            if fresh:
                raise ConversionError(f"{source.name} holds no unit")
            if reader.whole:
                yield mark(file, reader.offset, line=reader.last, program=reader.program_there)


class _Reader:
    """Splits a file into units.

    Attributes:
        offset, last, program_there: behind the last whole unit: bytes, number of its last line, program line.
        at: number of the line that was read last.
        whole: no unit was left unfinished at the end.
    """

    def __init__(self, offset: int, state: dict[str, object]) -> None:
        line, program = state.get("line"), state.get("program")
        self.offset = self._here = offset
        self.at = self.last = line if isinstance(line, int) else 0
        self.program_there = self._program = program if isinstance(program, str) else ""
        self.whole = True
        self._unit: _Unit | None = None
        self._size = 0
        self._notes: list[str] = []

    def units(self, lines: Iterator[bytes]) -> Iterator[_Unit]:
        for raw in lines:
            self.at += 1
            line = raw.removeprefix(_BOM) if self.at == 1 else raw
            clean = line.strip()
            before = self._unit
            if is_start(clean):
                self._begin()
                if before is not None:
                    before.end = "next"
                    yield before
            self._here += len(raw)
            if self._unit is None:
                self._between(clean)
                continue
            self._add(line)
            if is_end(clean):
                unit, self._unit = self._unit, None
                unit.end = "end"
                self.offset, self.last, self.program_there = self._here, self.at, self._program
                yield unit
        if self._unit is not None:
            self.whole = False
            yield self._unit

    def _begin(self) -> None:
        self._unit = _Unit(self.at, self._program, notes=self._notes)
        self._notes, self._size = [], 0

    def _add(self, line: bytes) -> None:
        assert self._unit is not None  # noqa: S101 - the caller has looked
        self._unit.parts.append(line)
        self._size += len(line)
        if self._size > _MAX_UNIT_BYTES:
            raise ConversionError(
                f"a unit of more than {_MAX_UNIT_BYTES} bytes", place=f"line {self._unit.line}"
            )

    def _between(self, clean: bytes) -> None:
        if is_program(clean):
            self._program = decode_text(clean)
        elif clean and not is_log_end(clean):
            self._notes.append(f"line {self.at}: a line outside of any unit was not read")


def _report(unit: _Unit, source: Source, options: Gr228xOptions) -> Report:
    record = b"".join(unit.parts).rstrip()
    text = decode_text(record, name=f"{source.name}, unit at line {unit.line}:")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    report = build(lines, unit.line, unit.program, source, options, ended=unit.end == "end")
    report.record = record
    for note in unit.notes:
        report.warn(note)
    if unit.end != "end":
        how = "another one begins" if unit.end == "next" else "the file ends"
        report.warn(f"line {unit.line}: {how} inside this unit: it is reported as terminated")
    if options.attach_source:
        report.attach(source.name, record, content_type="text/plain")
    return report


def _unfinished(unit: _Unit, line: int) -> ConversionError:
    return ConversionError(
        f"the file ends inside the unit that begins at line {unit.line}",
        place=f"line {line}",
        next_step="Nothing of the file was taken. If the tester will never finish it, set the converter's "
        "option accept_incomplete.",
    )
