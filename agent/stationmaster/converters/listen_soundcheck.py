"""Listen SoundCheck: a text file to which the tester adds a few rows and curves for each unit.

The file grows: only new units are converted, and `Resume` marks the end of the last one. No mark ends a unit;
one that has fewer rows than the unit before it counts as half written, as long as it is the last.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, BinaryIO, ClassVar, Final

from stationmaster.api import ConversionError, ConverterOptions, Glimpse, Report, Resume, Source
from stationmaster.converters.listen_soundcheck_report import ListenOptions, build
from stationmaster.converters.listen_soundcheck_rows import Unit, read_units

_BOM: Final = b"\xef\xbb\xbf"
_FIRST: Final = b"serial #:"
_CHECK_BYTES: Final = 4096


class ListenSoundCheckConverter:
    """Reads result files of Listen SoundCheck, one report a unit."""

    name: ClassVar[str] = "listen-soundcheck"
    version: ClassVar[str] = "1"
    options_type: ClassVar[type[ConverterOptions]] = ListenOptions

    def detect(self, glimpse: Glimpse) -> int:
        """80 if the first cell is `Serial #:` and more follow."""
        first = glimpse.head.removeprefix(_BOM).lstrip(b"\r\n").split(b"\t", 1)
        return 80 if len(first) > 1 and first[0].strip().lower() == _FIRST else 0

    def is_complete(self, glimpse: Glimpse) -> bool:
        """True if the last line is there with its end, and is neither a header nor half a curve."""
        if not glimpse.tail.endswith((b"\n", b"\r")):
            return False
        *above, last = [b"", *(line for line in glimpse.tail.splitlines() if line.strip())][-2:]
        return not _is_header(last) and not any(_begins_curve(line) for line in above)

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """Yield one report a unit, then the mark where the last one ends."""
        own = ListenOptions.of(options)
        with source.open() as file:
            mark = _start(file, source.size, resume)
            before: list[str] = list(mark.state.get("rows", ()))
            fresh = mark.offset == 0
            for unit, cut in _units(file, mark, source.name):
                if unit.last and not own.accept_incomplete:
                    _check_whole(unit, before)
                fresh = False
                report = build(unit, source, own)
                if cut:
                    report.warn(
                        f"the tester added to this unit after it was read: an earlier report has {cut} of "
                        f"its {len(unit.parts)} results and curves"
                    )
                if own.attach_source:
                    report.attach(source.name, unit.record, content_type="text/plain")
                yield report
                before = unit.names()
                mark = _mark(unit)
            if fresh:
                raise ConversionError(f"{source.name} holds no unit")
            state = mark.state | {"check": _digest(file, mark.offset)}
            yield Resume(offset=mark.offset, state=state)


def _units(file: BinaryIO, mark: Resume, name: str) -> Iterator[tuple[Unit, int]]:
    """The units behind `mark`; one that was reported before and has grown comes whole, with how it was."""
    units = read_units(file, mark, name)
    first = next(units, None)
    if first is None:
        return
    told = mark.state.get("unit", {})
    if told.get("key") != list(first.key):
        yield first, 0
        for unit in units:
            yield unit, 0
        return
    file.seek(told["start"])
    begin = Resume(offset=told["start"], state=mark.state | {"line": told["line"] - 1})
    for unit in read_units(file, begin, name):
        cut = len(mark.state["rows"]) if unit.start == told["start"] else 0
        if not cut or len(unit.parts) > cut:  # else it did not grow: another of the same name follows it
            yield unit, cut


def _mark(unit: Unit) -> Resume:
    state = {"line": unit.last_line, "columns": unit.columns, "begin": unit.begin, "rows": unit.names()}
    told = {"key": list(unit.key), "start": unit.start, "line": unit.line}
    return Resume(offset=unit.end, state=state | {"unit": told})


def _is_header(line: bytes) -> bool:
    return line.removeprefix(_BOM).partition(b"\t")[0].strip().lower() == _FIRST


def _begins_curve(line: bytes) -> bool:
    return _is_header(line) and b"name" not in (cell.strip().lower() for cell in line.split(b"\t"))


def _check_whole(unit: Unit, before: list[str]) -> None:
    """Refuse the file while its last unit has only the first of the rows that the unit before had."""
    names = unit.names()
    if len(names) < len(before) and before[: len(names)] == names:
        raise ConversionError(
            f"the file ends inside the unit that begins at line {unit.line}: it has {len(names)} results and "
            f"curves, the one before it has {len(before)}",
            place=f"line {unit.last_line}",
            next_step="Nothing of the file was taken; it is tried again when the tester has added to it. If "
            "units may have fewer rows, set the converter's option accept_incomplete.",
        )


def _start(file: BinaryIO, size: int, resume: Resume | None) -> Resume:
    """Where to go on; the beginning, if the file is not the one `resume` speaks of."""
    if resume is not None and 0 < resume.offset <= size and _is_sound(resume.state):
        check = _digest(file, resume.offset)
        file.seek(resume.offset)
        if resume.state.get("check") == check:
            return resume
    file.seek(0)
    return Resume(offset=0, state={"line": 0, "columns": [], "begin": 0, "rows": []})


def _is_sound(state: dict[str, Any]) -> bool:
    lists = (state.get("columns"), state.get("rows"))
    unit = state.get("unit", {"start": 0, "line": 0})
    if not isinstance(unit, dict):
        return False
    numbers = (state.get("line"), state.get("begin"), unit.get("start"), unit.get("line"))
    return all(isinstance(one, int) for one in numbers) and all(isinstance(one, list) for one in lists)


def _digest(file: BinaryIO, offset: int) -> str:
    """What tells the next conversion that the file is the same up to `offset`."""
    begin = max(0, offset - _CHECK_BYTES)
    file.seek(begin)
    return hashlib.sha256(file.read(offset - begin)).hexdigest()
