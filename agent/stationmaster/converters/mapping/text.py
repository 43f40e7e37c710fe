"""Lines of text, read by patterns with named groups."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from stationmaster.converters.mapping.pick import Row
from stationmaster.converters.mapping.schema import Text
from stationmaster.converters.mapping.table import Unit


@dataclass(slots=True)
class _Reader:
    keys: list[re.Pattern[str]]
    rows: list[re.Pattern[str]]
    names: list[str]
    head: Unit = field(default_factory=Unit)
    units: list[Unit] = field(default_factory=list)
    section: str = ""

    def begin(self, place: str) -> None:
        """A unit begins; what was told before is true of it too."""
        self.units.append(self.head.below(place))
        self.section = ""

    def line(self, number: int, line: str) -> None:
        """Take what the patterns find."""
        place = f"line {number}"
        unit = self.units[-1] if self.units else None
        for pattern in self.keys:
            if found := pattern.search(line):
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


def read_units(content: str, text: Text) -> list[Unit]:
    """All units of a text; without `start` the whole file is one."""
    rows = [re.compile(one) for one in text.rows]
    names = [name for pattern in rows for name in pattern.groupindex]
    reader = _Reader([re.compile(one) for one in text.keys], rows, names)
    start, end, section = (re.compile(one) if one else None for one in (text.start, text.end, text.section))
    if start is None:
        reader.begin("line 1")
    for number, line in enumerate(content.splitlines(), 1):
        if start is not None and start.search(line):
            reader.begin(f"line {number}")
        if section is not None and (found := section.search(line)):
            reader.section = found[1] if section.groups else found[0]
        reader.line(number, line)
        if end is not None and end.search(line):
            break
    if start is None:
        reader.units[0].record.clear()
    return reader.units


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
