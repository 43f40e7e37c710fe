"""Lines of text, read by patterns with named groups."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from stationmaster.api import Glimpse
from stationmaster.converters.mapping.pick import Row
from stationmaster.converters.mapping.schema import Text
from stationmaster.converters.mapping.table import Unit

_FAILURE: Final = re.compile(r"(?i)(?<![\w-])(?:fail(?:ed|ure)?|nok)(?![\w-])")


@dataclass(slots=True)
class _Reader:
    keys: list[re.Pattern[str]]
    rows: list[re.Pattern[str]]
    names: list[str]
    head: Unit = field(default_factory=Unit)
    units: list[Unit] = field(default_factory=list)
    section: str = ""
    starts: list[re.Pattern[str]] = field(default_factory=list)
    lost: dict[int, tuple[Unit, list[int]]] = field(default_factory=dict)

    def begin(self, place: str) -> None:
        """A unit begins; what was told before is true of it too."""
        self.units.append(self.head.below(place))
        self.section = ""

    def line(self, number: int, line: str, *, known: bool = False) -> None:
        """Take what the patterns find; `known`: something else was found in it already."""
        place = f"line {number}"
        unit = self.units[-1] if self.units else None
        for pattern in self.keys:
            if found := pattern.search(line):
                known = True
                for key, text in found.groupdict().items():
                    if text is not None:
                        (unit or self.head).tell(key, text, place)
        if unit is None:
            return
        unit.record.append(line)
        for pattern in self.rows:
            if found := pattern.search(line):
                cells = dict.fromkeys(self.names, "")
                cells |= {key: text or "" for key, text in found.groupdict().items()}
                unit.rows.append(Row(cells, place, unit.keys, self.section))
                return
        if not known and any(pattern.search(line) for pattern in self.starts):
            self.lost.setdefault(id(unit), (unit, []))[1].append(number)

    def tell_lost(self) -> None:
        """Warn of lines that look like rows and are none."""
        for unit, lost in self.lost.values():
            unit.warnings.append(
                f"{len(lost)} lines begin like a row or tell a failure, but fit no pattern and were "
                f"left out: line {lost[0]} for one"
            )


def read_units(content: str, text: Text) -> list[Unit]:
    """All units of a text; without `start` the whole file is one."""
    rows = [re.compile(one) for one in text.rows]
    names = [name for pattern in rows for name in pattern.groupindex]
    reader = _Reader([re.compile(one) for one in text.keys], rows, names)
    reader.starts = [_FAILURE, *filter(None, map(_start_of, text.rows))]
    start, end, section = (re.compile(one) if one else None for one in (text.start, text.end, text.section))
    if start is None:
        reader.begin("line 1")
    for number, line in enumerate(content.splitlines(), 1):
        begins = start is not None and start.search(line) is not None
        if begins:
            reader.begin(f"line {number}")
        if section is not None and (found := section.search(line)):
            reader.section = found[1] if section.groups else found[0]
            begins = True
        ends = end is not None and end.search(line) is not None
        reader.line(number, line, known=begins or ends)
        if ends:
            break
    reader.tell_lost()
    if start is None:
        reader.units[0].record.clear()
    return reader.units


def _start_of(row: str) -> re.Pattern[str] | None:
    """A row's pattern up to its second group; None if that says too little to tell a row from other lines."""
    first, *others = [found.start() for found in re.finditer(r"\(\?P<", row)] or [0]
    for end in others:
        try:
            start = re.compile(row[:end])
        except re.error:
            continue
        return start if _says_something(row[:first]) else None
    return None


def _says_something(pattern: str) -> bool:
    """There is a character in it that stands for itself."""
    literal = re.sub(r"\\[A-Za-z]|\[(?:\\.|[^\]\\])*\]|\{[^}]*\}|\(\?[a-zA-Z]+\)", "", pattern)
    return re.search(r"\\\S|[^\s^$.*+?(){}|\\]", literal) is not None


def decoded(data: bytes, encodings: Sequence[str], *, cut: bool = False) -> str | None:
    """The first encoding that fits; of a piece, the last character may be half."""
    if b"\0" in data and not any(one.lower().startswith("utf-16") for one in encodings):
        return None
    for encoding in encodings:
        for lost in range(4 if cut else 1):
            try:
                return data[: len(data) - lost].decode(encoding)
            except (UnicodeDecodeError, LookupError):
                continue
    return None


def tails(glimpse: Glimpse, encodings: Sequence[str]) -> Iterator[str]:
    """The end of a file in each of these encodings; its first character may be half."""
    begin = glimpse.size - len(glimpse.tail)
    for encoding in encodings:
        name = encoding.lower().replace("_", "-")
        wide = 2 if name.startswith("utf-16") else 4 if name.startswith("utf-32") else 1
        if begin and name in {"utf-16", "utf-32"}:
            # Only the beginning of the file says which byte comes first.
            name += "-be" if glimpse.head.startswith((codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)) else "-le"
        try:
            yield glimpse.tail[-begin % wide :].decode(name, "replace")
        except LookupError:
            continue
