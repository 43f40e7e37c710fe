"""Find the columns of a text whose cells stand below each other, by the blanks between them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from stationmaster.converters.mapping.guess import header_role, is_number, roles_of, step_role, time_format

_WORDS: Final = re.compile(r"\S+(?: \S+)*")
"""Words with one blank between them are one cell."""
_RULE: Final = r"^[-=_+*|\s]+$"
"""A line that only separates."""


@dataclass(frozen=True, slots=True)
class Aligned:
    """Where the cells stand.

    Attributes:
        header: number of the line with the names of the columns, from 0.
        widths: of the columns; the last one takes the rest of a line.
        skip: pattern of the lines that only separate; "" for none.
        end: the last line, where it is no row.
        misfits: lines below the names with a word across two columns.
    """

    header: int
    widths: list[int]
    skip: str
    end: str
    misfits: list[str]

    def cells(self, line: str) -> list[str]:
        """The cells of a line."""
        ends = [sum(self.widths[: place + 1]) for place in range(len(self.widths))]
        return [line[a:b].strip() for a, b in zip([0, *ends], [*ends[:-1], None], strict=False)]


def aligned(lines: list[str], least: int, *, whole: bool) -> Aligned | None:
    """The columns, where a line names at least this many that are known, and rows stand below it.

    Args:
        lines: of the sample.
        least: how many names of columns must be known.
        whole: these are all lines, and the last one is that of the file.
    """
    best, chosen = least - 1, -1
    for number, line in enumerate(lines):
        names = _WORDS.findall(line)
        if any(is_number(name) or time_format([name]) for name in names):
            continue
        known = len(roles_of(names, step_role)) + len(roles_of(names, header_role))
        if known > best and len(names) > 2:
            best, chosen = known, number
    return _columns(lines, chosen, whole=whole) if chosen >= 0 else None


def _columns(lines: list[str], header: int, *, whole: bool) -> Aligned | None:
    below = lines[header + 1 :]
    rows = [line for line in below if not re.match(_RULE, line)]
    names = list(_WORDS.finditer(lines[header]))
    edges = [_edge(one.end(), other.span(), rows) for one, other in pairwise(names)]
    misfits = [line for line in rows if not all(_blank(line, edge - 1) for edge in edges)]
    if len(misfits) * 2 >= len(rows):
        return None
    end = misfits.pop() if whole and misfits and misfits[-1] == lines[-1] else ""
    widths = [edge - before for before, edge in zip([0, *edges], edges, strict=False)]
    last = max(map(len, [lines[header], *rows])) - edges[-1]
    return Aligned(header, [*widths, max(last, 1)], _RULE if len(rows) < len(below) else "", end, misfits)


def _edge(start: int, name: tuple[int, int], rows: list[str]) -> int:
    """Where the second of two columns begins: behind a blank that all rows have, or most.

    Of several such blanks, it is the first one if what stands below ends where the name does: it may be
    longer in another row. Else it is the last one.

    Args:
        start: where the name of the first one ends.
        name: where that of the second one begins and ends.
        rows: the lines below.
    """
    stop, end = name
    counts = {place: sum(_blank(row, place) for row in rows) for place in range(start, stop)}
    most = [place for place in counts if counts[place] == max(counts.values())]
    left = sum(not _blank(row, stop) and _blank(row, stop - 1) for row in rows)
    right = sum(not _blank(row, end - 1) and _blank(row, end) for row in rows)
    return (most[0] if right > left else most[-1]) + 1


def _blank(line: str, place: int) -> bool:
    return place >= len(line) or line[place] == " "
