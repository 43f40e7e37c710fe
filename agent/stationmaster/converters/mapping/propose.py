"""Propose a mapping for a sample: how it is cut, which columns mean what. A person corrects it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath

from stationmaster.api import ConversionError
from stationmaster.api.json_text import parse_json
from stationmaster.converters.mapping.aligned import Aligned
from stationmaster.converters.mapping.cut import Cut, numeric, read
from stationmaster.converters.mapping.guess import (
    header_role,
    is_whole_verdict,
    roles_of,
    serial_like,
    verdict_like,
)
from stationmaster.converters.mapping.head import pairs_in, pairs_of
from stationmaster.converters.mapping.proposal import (
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
from stationmaster.converters.mapping.vocabulary import CLOCKS, DAYS, folded

_HEADER_NOTE = "  # the line with the names of the columns; keys stand before it"


def propose(data: bytes, name: str) -> Proposal:
    """A mapping for a file.

    Args:
        data: the sample's bytes.
        name: its name.

    Raises:
        ConversionError: it is neither text, XML nor JSON, or nothing in it looks like results.
    """
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if not start:
        raise ConversionError(
            f"{name} is empty" if not data else f"{name} holds nothing but empty lines",
            next_step="Take a file with results in it; the tester may not have written this one yet.",
        )
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
def _propose_table(made: Proposal, data: bytes, name: str) -> None:
    encoding, lines, cut = read(data, name)
    made.add('kind = "table"')
    if encoding != "utf-8-sig":
        made.add(
            f'encoding = ["{encoding}"]'
            if encoding == "utf-16"
            else f'encoding = ["utf-8-sig", "{encoding}"]'
        )
    marks(made, cut.numbers)
    verdict_words(made, [cell for row in cut.rows for cell in row])
    made.add(f"detect.head = [{quoted(cut.pattern)}]", "", "[table]")
    keys = _by_width(made, cut, cut.by_width, lines) if cut.by_width else _delimited(made, cut, lines)
    for key, word in cut.beside.items():
        pattern = rf'^[\s"{cut.mark}]*{re.escape(word)}"?\s*{cut.mark}'
        made.add(f"{key} = {quoted(pattern)}")
    _beyond(made, cut)
    _table_header(made, cut, keys, name)
    _table_steps(made, cut)
    made.leave_out([*keys, *filter(None, cut.columns)])


def _delimited(made: Proposal, cut: Cut, lines: list[str]) -> dict[str, str]:
    """How the cells are told apart; returns what the lines above the table tell."""
    made.add(f"delimiter = {quoted(cut.delimiter)}")
    if cut.header:
        made.add(f"header = {quoted(cut.pattern)}{_HEADER_NOTE}")
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
    _untold(made, untold)
    return keys


def _by_width(made: Proposal, cut: Cut, found: Aligned, lines: list[str]) -> dict[str, str]:
    """The same of cells that stand below each other."""
    made.doubt("cells stand below each other: are widths right also for the longest texts?")
    made.add(f"widths = {found.widths}")
    made.add(f"header = {quoted(cut.pattern)}{_HEADER_NOTE}")
    made.add(*([f"skip = {quoted(found.skip)}"] if found.skip else []))
    if found.end:
        made.doubt(f"is {found.end.strip()[:40]!r} the last line of each file?")
        made.add(f"end = {quoted('^' + re.escape(found.end.rstrip()))}")
    if found.misfits:
        told = " | ".join(line.strip()[:60] for line in found.misfits[:5])
        made.doubt(f"these lines do not fit the columns, table.skip leaves lines out: {told}")
    keys: dict[str, str] = {}
    for line in lines[: found.header]:
        keys |= pairs_in(line)
    _untold(made, [line for line in lines[: found.header] if not pairs_in(line)])
    return keys


def _untold(made: Proposal, lines: list[str]) -> None:
    if lines:
        made.doubt(f"nothing is taken from these lines: {' | '.join(line[:60] for line in lines[:5])}")


def _beyond(made: Proposal, cut: Cut) -> None:
    """What becomes of cells beyond the columns: a verdict among them is that of the last column."""
    for place, name in enumerate(cut.columns):
        cells = [] if name else [row[place] for row in cut.body if row[place : place + 1] not in ([], [""])]
        if cells:
            made.doubt(
                f"column {place + 1} has no name, and nothing is taken from it: {', '.join(cells[:3])}"
            )
    beyond = [list(filter(None, row[len(cut.columns) :])) for row in cut.body]
    given = list(filter(None, beyond))
    if not given:
        return
    if cut.roles.get("status") == cut.columns[-1] and verdict_like([cells[-1] for cells in given]):
        made.doubt(
            f"{len(given)} line(s) have more cells than there are columns: their last cell is taken for "
            f'{cut.columns[-1]!r}; extra = "refuse" takes no such file.'
        )
        made.add('extra = "last"')
        return
    dropped = ", ".join(repr(cell[:20]) for cells in given[:5] for cell in cells[:3])
    made.doubt(
        f"{len(given)} line(s) have more cells than there are columns, and these are dropped: {dropped}; "
        'extra = "last", "keep" or "refuse" are the other ways.'
    )
    made.add('extra = "ignore"')


def _equation(lines: list[str], cut: Cut) -> str:
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


def _table_header(made: Proposal, cut: Cut, keys: dict[str, str], name: str) -> None:
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


def _table_steps(made: Proposal, cut: Cut) -> None:
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
    numbers = [name for name in cut.columns if name and name not in made.used and numeric(cut.column(name))]
    keys = [name for name in cut.columns if name and name not in {*numbers, *verdict, *made.used}]
    made.use(*keys)
    made.doubt("one row seems to hold many measurements: each column of numbers is one.")
    made.add(f"wide.keys = [{', '.join(map(quoted, keys))}]")
    known = [name for name in cut.columns if name in made.used and numeric(cut.column(name))]
    made.use(*numbers, *verdict)
    if known:  # the header has them
        made.add(f"wide.skip = {quoted('^(?:' + '|'.join(map(re.escape, known)) + ')$')}")
    if verdict:
        alone = {one for one in verdict if is_whole_verdict(one) and cut.columns.count(one) == 1}
        patterns = (f"^{re.escape(one)}$" if one in alone else re.escape(one) for one in verdict)
        made.add(f"wide.verdict = {quoted('|'.join(patterns))}")


def _names_rows(cells: Sequence[str]) -> bool:
    """Texts that differ in each of several rows, and are no measured numbers."""
    return len(cells) > 1 and len(set(cells)) == len(cells) and not numeric(cells) and all(cells)


def _zero(text: str) -> bool:
    return "0" in text and not text.strip("+-0.,")


def mapping_name(sample: str) -> str:
    """A converter's name after a sample: letters, digits and dashes."""
    plain = re.sub(r"[^a-z0-9]+", "-", PurePath(sample).stem.lower()).strip("-")
    return plain[:40] or "mapping"
