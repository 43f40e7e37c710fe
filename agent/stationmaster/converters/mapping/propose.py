"""Propose a mapping for a sample: how it is cut, which columns mean what. A person corrects it."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from stationmaster.api import ConversionError
from stationmaster.api.json_text import parse_json
from stationmaster.converters.mapping.guess import (
    header_role,
    is_number,
    is_whole_verdict,
    roles_of,
    serial_like,
    step_role,
    time_format,
    verdict_like,
)
from stationmaster.converters.mapping.head import pairs_of
from stationmaster.converters.mapping.proposal import (
    NUMBERS,
    PLAIN_ROLES,
    Proposal,
    fields,
    joined_start,
    marks,
    quoted,
    role_lines,
    told_apart,
    verdict_words,
)
from stationmaster.converters.mapping.propose_json import propose_json
from stationmaster.converters.mapping.propose_tree import propose_xml
from stationmaster.converters.mapping.schema import BESIDE
from stationmaster.converters.mapping.vocabulary import CLOCKS, DAYS, folded

_DELIMITERS: Final = ";\t,|"
_ENCODINGS: Final = ("cp1252", "cp1250", "gb18030")
"""Of a text that is no UTF-8, the one in which most names are known."""
_LOOKED_AT: Final = 400
"""Lines of a table that are looked at."""
_LEAST_ROLES: Final = 2
"""Columns whose names are known, that make a line the one with the columns' names."""


def propose(data: bytes, name: str) -> Proposal:
    """A mapping for a file.

    Args:
        data: the sample's bytes.
        name: its name.

    Raises:
        ConversionError: it is neither text, XML nor JSON, or nothing in it looks like results.
    """
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    made = Proposal()
    made.add(
        f"# How the files like {name} become reports. What each key means: the page of mappings.",
        "",
    )
    if start == b"<":
        propose_xml(made, data, name)
    elif start in {b"{", b"["} and _is_json(data, name):
        propose_json(made, parse_json(data, name=name))
    else:
        _propose_table(made, data, name)
    return made


def _is_json(data: bytes, name: str) -> bool:
    try:
        parse_json(data, name=name)
    except ConversionError:
        return False
    return True


# ---------------------------------------------------------------- tables
@dataclass(frozen=True, slots=True)
class _Cut:
    """How a table is cut: the number of the line with the columns' names, from 0, and all lines' cells."""

    delimiter: str
    header: int
    rows: list[list[str]]

    @property
    def columns(self) -> list[str]:
        return self.rows[self.header]

    @property
    def body(self) -> list[list[str]]:
        width = len(self.columns)
        first = self.header + 1 + len(self.beside)
        return [row for row in self.rows[first:] if len(row) >= min(width, 2)]

    @property
    def beside(self) -> dict[str, str]:
        """Key of the table -> first word of lines below the names that tell limits or units of columns."""
        found: dict[str, str] = {}
        for row in self.rows[self.header + 1 : self.header + 1 + len(BESIDE)]:
            word, *others = [*filter(None, row), ""]
            key = f"{step_role(word)}_row"
            told = [cell for cell in others if cell]
            fits = told and all(is_number(cell) != (key == "unit_row") for cell in told)
            if key not in BESIDE or not fits or key in found:
                break
            found[key] = word
        return found

    @property
    def roles(self) -> dict[str, str]:
        """What the columns are of a step; a column of verdicts is one whatever it is called."""
        found = roles_of(self.columns, step_role)
        if "status" not in found:
            words = [name for name in self.columns if name and verdict_like(self.column(name))]
            found |= {"status": words[-1]} if words and words[-1] not in found.values() else {}
        return found

    @property
    def is_long(self) -> bool:
        """A row is a step."""
        return {"name", "value"} <= self.roles.keys()

    @property
    def later_verdicts(self) -> list[str]:
        """Of a table whose rows hold many measurements: columns with verdicts of numbers, or of the row."""
        numbers = False
        found = []
        for name in self.columns:
            if (numbers or is_whole_verdict(name)) and name and verdict_like(self.column(name)):
                found.append(name)
            numbers = numbers or (bool(name) and not header_role(name) and _numeric(self.column(name)))
        return [] if self.is_long else found

    @property
    def numbers(self) -> list[str]:
        """What is to be read as numbers."""
        if not self.is_long:
            return [cell for row in self.body for cell in row]
        return [cell for role in NUMBERS if role in self.roles for cell in self.column(self.roles[role])]

    def column(self, name: str) -> list[str]:
        at = self.columns.index(name)
        return [row[at] for row in self.body if at < len(row)]


def _propose_table(made: Proposal, data: bytes, name: str) -> None:
    encoding, lines, cut = _read(data, name)
    made.add('kind = "table"')
    if encoding != "utf-8-sig":
        made.add(
            f'encoding = ["{encoding}"]'
            if encoding == "utf-16"
            else f'encoding = ["utf-8-sig", "{encoding}"]'
        )
    marks(made, cut.numbers)
    verdict_words(made, [cell for row in cut.rows for cell in row])
    pattern = "^" + r"\s*".join(re.escape(cell) for cell in cut.columns[:2])
    pattern = pattern.replace(r"\s*", re.escape(cut.delimiter).replace("\\\t", r"\t"), 1)
    made.add(f"detect.head = [{quoted(pattern)}]", "", "[table]", f"delimiter = {quoted(cut.delimiter)}")
    if cut.header:
        made.add(
            f"header = {quoted(pattern)}  # the line with the names of the columns; keys stand before it"
        )
    keys: dict[str, str] = {}
    for row in cut.rows[: cut.header]:
        keys |= pairs_of(row)[0] if len(row) > 1 else {}
    left = [cell for row in cut.rows[: cut.header] for cell in pairs_of(row)[1]]
    equation = _equation(lines, cut)
    equals = dict(filter(None, (_told(equation, line) for line in lines[: cut.header])))
    untold = [line for line, row in zip(lines, cut.rows[: cut.header], strict=False) if len(row) < 2]
    if len(equals) > len(keys):
        keys = equals
        made.add(f"keys = {quoted(equation)}")
        untold = [line for line in lines[: cut.header] if not _told(equation, line)]
        left = []
    if left:
        made.doubt(f"nothing is taken from these cells above the table: {' | '.join(left[:20])}")
    if untold:
        made.doubt(f"nothing is taken from these lines: {' | '.join(line[:60] for line in untold[:5])}")
    for key, word in cut.beside.items():
        mark = re.escape(cut.delimiter).replace("\\\t", r"\t")
        pattern = rf'^[\s"{mark}]*{re.escape(word)}"?\s*{mark}'
        made.add(f"{key} = {quoted(pattern)}")
    _beyond(made, cut)
    _table_header(made, cut, keys, name)
    _table_steps(made, cut)
    made.leave_out([*keys, *filter(None, cut.columns)])


def _beyond(made: Proposal, cut: _Cut) -> None:
    """What becomes of cells beyond the columns: a verdict among them is that of the last column."""
    beyond = [list(filter(None, row[len(cut.columns) :])) for row in cut.body]
    given = list(filter(None, beyond))
    if not given:
        return
    if cut.roles.get("status") == cut.columns[-1] and verdict_like([cells[-1] for cells in given]):
        made.doubt(
            f"{len(given)} lines have more cells than there are columns: their last cell is taken for "
            f'{cut.columns[-1]!r}; extra = "refuse" takes no such file.'
        )
        made.add('extra = "last"')
        return
    dropped = ", ".join(repr(cell[:20]) for cells in given[:5] for cell in cells[:3])
    made.doubt(
        f"{len(given)} lines have more cells than there are columns, and these are dropped: {dropped}; "
        'extra = "last", "keep" or "refuse" are the other ways.'
    )
    made.add('extra = "ignore"')


def _equation(lines: list[str], cut: _Cut) -> str:
    """A pattern for lines `key = text` and `Key: text` that takes no line of the table; "" for none."""
    mark = r"\t" if cut.delimiter == "\t" else cut.delimiter
    for value in (".*", f"[^{mark}]*"):
        pattern = rf"^\W*(?P<key>[^\W\d_][^=:\uff1a{mark}]*?)\s*[=:\uff1a]\s*(?P<value>{value})$"
        if not any(_told(pattern, line) for line in lines[cut.header :]):
            return pattern
    return ""


def _told(equation: str, line: str) -> tuple[str, str] | None:
    found = re.search(equation, line) if equation else None
    return (found["key"], found["value"]) if found else None


def _table_header(made: Proposal, cut: _Cut, keys: dict[str, str], name: str) -> None:
    steps = set(cut.roles.values()) if cut.is_long else set()
    first = dict(zip(cut.columns, cut.body[0], strict=False)) if cut.body else {}
    columns = {column: cell for column, cell in first.items() if column not in steps}
    there = {**columns, **keys}
    roles = told_apart(roles_of([key for key, cell in there.items() if cell], header_role), there)
    if folded(roles.get("rev", "")) == "index" and roles["rev"] not in keys:
        del roles["rev"]  # of a column, it counts the rows
    if roles.get("result") in cut.later_verdicts:
        del roles["result"]  # it is that of the numbers before it, or of each row
    if folded(roles.get("start", "")) in DAYS:
        clock = next((key for key in there if folded(key) in CLOCKS), "")
        joined_start(made, roles, there, clock)
    if "sn" not in roles:
        free = {key: text for key, text in there.items() if key not in roles.values()}
        candidates = serial_like(free, name)
        if not cut.is_long:
            # What differs in each row is rather the unit's than what stands once.
            candidates.sort(key=lambda one: not (one in columns and _names_rows(cut.column(one))))
        if candidates:
            roles["sn"] = candidates[0]
            others = f" Others that could be: {', '.join(candidates[1:4])}." if candidates[1:] else ""
            made.doubt(f"is {candidates[0]!r} the serial number?{others}")
    sn = roles.get("sn", "")
    if sn in cut.columns:
        made.use(sn)
        made.add(f"units = [{quoted(sn)}]  # one report for each")
    made.add("", "[header]", *filter(None, [made.start]))
    fields(made, roles, there, name)


def _table_steps(made: Proposal, cut: _Cut) -> None:
    roles = cut.roles
    made.add("", "[[step]]")
    if cut.is_long:
        made.use(*roles.values())
        role_lines(made, roles, PLAIN_ROLES)
        if "limits" in roles and "low" not in roles:
            made.add(f"limits = {{ from = {quoted(roles['limits'])} }}")
        lows, highs = (cut.column(roles[key]) if key in roles else [] for key in ("low", "high"))
        if any(_zero(low) and _zero(high) for low, high in zip(lows, highs, strict=False)):
            made.doubt("some rows have the limits 0 and 0: that is read as no limits.")
            made.add("zero_is_none = true")
        return
    verdict = cut.later_verdicts
    numbers = [name for name in cut.columns if name and name not in made.used and _numeric(cut.column(name))]
    keys = [name for name in cut.columns if name and name not in {*numbers, *verdict, *made.used}]
    made.use(*keys)
    made.doubt("one row seems to hold many measurements: each column of numbers is one.")
    made.add(f"wide.keys = [{', '.join(map(quoted, keys))}]")
    known = [name for name in cut.columns if name in made.used and _numeric(cut.column(name))]
    made.use(*numbers, *verdict)
    if known:  # the header has them
        made.add(f"wide.skip = {quoted('^(?:' + '|'.join(map(re.escape, known)) + ')$')}")
    if verdict:
        alone = {one for one in verdict if is_whole_verdict(one) and cut.columns.count(one) == 1}
        patterns = (f"^{re.escape(one)}$" if one in alone else re.escape(one) for one in verdict)
        made.add(f"wide.verdict = {quoted('|'.join(patterns))}")


def _numeric(cells: Sequence[str]) -> bool:
    given = [cell for cell in cells if cell]
    return bool(given) and sum(is_number(cell) for cell in given) * 2 > len(given)


def _names_rows(cells: Sequence[str]) -> bool:
    """Texts that differ in each of several rows, and are no measured numbers."""
    return len(cells) > 1 and len(set(cells)) == len(cells) and not _numeric(cells) and all(cells)


def _zero(text: str) -> bool:
    return "0" in text and not text.strip("+-0.,")


def _read(data: bytes, name: str) -> tuple[str, list[str], _Cut]:
    """Encoding, lines that are not empty, and how they are cut."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        candidates: tuple[str, ...] = ("utf-16",)
    else:
        candidates = ("utf-8-sig",) if _is_text(data, "utf-8-sig") else _ENCODINGS
    best: tuple[int, tuple[str, list[str], _Cut]] | None = None
    trouble = ConversionError(
        f"{name} is no text, XML or JSON",
        next_step="A mapping reads texts. For others, begin a converter: stationmaster converter new NAME",
    )
    for encoding in candidates:
        if not _is_text(data, encoding):
            continue
        lines = [line for line in data.decode(encoding).splitlines() if line.strip()]
        try:
            known, cut = _cut(lines[:_LOOKED_AT], name)
        except ConversionError as error:
            trouble = error
            continue
        if best is None or known > best[0]:
            best = known, (encoding, lines, cut)
    if best is None:
        raise trouble
    return best[1]


def _is_text(data: bytes, encoding: str) -> bool:
    try:
        return "\0" not in data.decode(encoding)
    except UnicodeDecodeError:
        return False


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return [
            cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
        ]
    except csv.Error:  # a cell of more than 128 KiB
        return [cell.strip().strip('"') for cell in line.split(delimiter)]


def _cut(lines: list[str], name: str) -> tuple[int, _Cut]:
    """The delimiter and the line of the columns' names that fit best, and how well they do.

    Raises:
        ConversionError: no line names columns.
    """
    best: tuple[int, _Cut] | None = None
    for delimiter in _DELIMITERS:
        rows = [_cells(line, delimiter) for line in lines]
        widths = Counter(len(row) for row in rows)
        for number, row in enumerate(rows):
            if len(row) < 2 or any(is_number(cell) or time_format([cell]) for cell in row):
                continue
            known = len(roles_of(row, step_role)) + len(roles_of(row, header_role))
            score = known * 10 + len(row) + widths[len(row)] // 10
            if known >= _LEAST_ROLES and (best is None or score > best[0]):
                best = score, _Cut(delimiter, number, rows)
    if best is None:
        raise ConversionError(
            f"nothing in {name} looks like a line with the names of columns",
            next_step='Write the mapping by hand: kind = "text" reads lines by patterns.',
        )
    return best


def mapping_name(sample: str) -> str:
    """A converter's name after a sample: letters, digits and dashes."""
    plain = re.sub(r"[^a-z0-9]+", "-", PurePath(sample).stem.lower()).strip("-")
    return plain[:40] or "mapping"
