"""Propose a mapping for a sample: how it is cut, which columns mean what. A person corrects it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Final

from stationmaster.api import ConversionError
from stationmaster.api.json_text import parse_json
from stationmaster.api.xml import Element, children, local_name, parse
from stationmaster.converters.mapping.guess import (
    decimal_mark,
    header_role,
    is_number,
    roles_of,
    serial_like,
    step_role,
    time_format,
)

_EQUATION: Final = r"^(?P<key>[A-Za-z][\w ]*?)\s*=\s*(?P<value>.*)$"
_DELIMITERS: Final = ";\t,|"
_ENCODINGS: Final = ("utf-8-sig", "cp1252")
PLAIN_ROLES: Final = {role: role for role in ("name", "value", "low", "high", "unit", "status", "comp")}
XML_ROLES: Final = PLAIN_ROLES | {"limits": "limit"}
"""Role -> key of the step; one limit beside a value is what a text must be."""
_LOOKED_AT: Final = 400
"""Lines of a table that are looked at."""
_LEAST_ROLES: Final = 2
"""Columns whose names are known, that make a line the one with the columns' names."""


@dataclass(slots=True)
class Proposal:
    """A mapping in the making.

    Attributes:
        lines: of the TOML.
        doubts: what a person should look at, a sentence each.
    """

    lines: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    @property
    def toml(self) -> str:
        """The mapping, with what is doubtful as comments at its top."""
        notes = [f"# Look at this: {doubt}" for doubt in self.doubts]
        return "\n".join([*notes, *([""] if notes else []), *self.lines]) + "\n"

    def add(self, *lines: str) -> None:
        """Add lines."""
        self.lines.extend(lines)

    def doubt(self, text: str) -> None:
        """Say what a person should look at."""
        self.doubts.append(text)


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
        _propose_xml(made, data, name)
    elif start in {b"{", b"["} and _is_json(data, name):
        _propose_json(made, parse_json(data, name=name))
    else:
        _propose_table(made, data, name)
    return made


def quoted(text: str) -> str:
    """A text as TOML; patterns stay readable in single quotes."""
    if "\\" in text and "'" not in text:
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False)


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
        return [row for row in self.rows[self.header + 1 :] if len(row) >= min(width, 2)]

    def column(self, name: str) -> list[str]:
        at = self.columns.index(name)
        return [row[at] for row in self.body if at < len(row)]


def _propose_table(made: Proposal, data: bytes, name: str) -> None:
    text, encoding = _decoded(data, name)
    lines = [line for line in text.splitlines() if line.strip()]
    cut = _cut(lines[:_LOOKED_AT], name)
    made.add('kind = "table"')
    if encoding != _ENCODINGS[0]:
        made.add(f'encoding = ["utf-8-sig", "{encoding}"]')
    numbers = [cell for row in cut.body for cell in row]
    if decimal_mark(numbers) == ",":
        made.add('decimal = ","')
    pattern = "^" + r"\s*".join(re.escape(cell) for cell in cut.columns[:2])
    pattern = pattern.replace(r"\s*", re.escape(cut.delimiter).replace("\\\t", r"\t"), 1)
    made.add(f"detect.head = [{quoted(pattern)}]", "", "[table]", f"delimiter = {quoted(cut.delimiter)}")
    if cut.header:
        made.add(
            f"header = {quoted(pattern)}  # the line with the names of the columns; keys stand before it"
        )
    keys = {row[0].rstrip(":"): row[1] for row in cut.rows[: cut.header] if len(row) > 1 and row[0]}
    equals = {key: text for key, text in map(_equation, lines[: cut.header]) if key}
    if equals and not keys:
        keys = equals
        made.add(f"keys = {quoted(_EQUATION)}")
    if any(any(row[len(cut.columns) :]) for row in cut.body):
        made.doubt('some lines have more cells than there are columns: extra = "last" is the other way.')
        made.add('extra = "ignore"')
    _table_header(made, cut, keys, name)
    _table_steps(made, cut)


def _equation(line: str) -> tuple[str, str]:
    """Key and text of a line `key = text`."""
    found = re.search(_EQUATION, line)
    return (found["key"], found["value"]) if found else ("", "")


def _table_header(made: Proposal, cut: _Cut, keys: dict[str, str], name: str) -> None:
    steps = set(roles_of(cut.columns, step_role).values())
    first = dict(zip(cut.columns, cut.body[0], strict=False)) if cut.body else {}
    columns = {column: cell for column, cell in first.items() if column not in steps}
    there = {**columns, **keys}
    roles = roles_of([key for key, cell in there.items() if cell], header_role)
    if "sn" not in roles:
        candidates = serial_like(there, name)
        if candidates:
            roles["sn"] = candidates[0]
            others = f" Others that could be: {', '.join(candidates[1:4])}." if candidates[1:] else ""
            made.doubt(f"is {candidates[0]!r} the serial number?{others}")
    sn = roles.get("sn", "")
    if sn in cut.columns:
        made.add(f"units = [{quoted(sn)}]  # one report for each")
    made.add("", "[header]")
    _fields(made, roles, there, name)


def _fields(made: Proposal, roles: dict[str, str], there: dict[str, str], name: str) -> None:
    """The header's fields, a line each."""
    if "sn" not in roles:
        made.doubt("no serial number was found: this takes it from the file's name.")
        made.add(f"sn = {{ file = '^([A-Za-z0-9]+)' }}  # {name}")
    for role, place in roles.items():
        if role == "result" and there.get(place, "").strip() in {"0", "1"}:
            made.doubt(f"{place!r} is a digit: does 0 mean passed?")
            made.add(f'result = {{ from = {quoted(place)}, lookup = {{ "0" = "P", "1" = "F" }} }}')
        elif role not in {"start", "end"}:
            made.add(f"{role} = {quoted(place)}  # {there.get(place, '')[:40]}".rstrip())
        else:
            _time(made, role, place, there.get(place, ""))
    if "pn" not in roles:
        made.doubt("no part number was found: the option part_number of the watch folder gives it.")
    if "process" not in roles:
        made.doubt("no operation was found: the option process_code of the watch folder gives it.")


def _time(made: Proposal, role: str, place: str, text: str) -> None:
    form = time_format([text])
    if not form:
        made.doubt(f"{place!r} ({text[:30]!r}) has a form of time that is not known.")
        form = "%Y-%m-%d %H:%M:%S"
    if form.startswith(("%d/%m", "%m/%d")):
        made.doubt(f"does {place!r} have the day or the month first? It is read as {form}.")
    tail = "" if form == "iso" else f", format = {quoted(form)}"
    made.add(f"{role} = {{ from = {quoted(place)}{tail} }}  # {text[:40]}".rstrip())


def _table_steps(made: Proposal, cut: _Cut) -> None:
    roles = roles_of(cut.columns, step_role)
    made.add("", "[[step]]")
    if "name" in roles and "value" in roles:
        _roles(made, roles, PLAIN_ROLES)
        if "limits" in roles and "low" not in roles:
            made.add(f"limits = {{ from = {quoted(roles['limits'])} }}")
        lows, highs = (cut.column(roles[key]) if key in roles else [] for key in ("low", "high"))
        if any(_zero(low) and _zero(high) for low, high in zip(lows, highs, strict=False)):
            made.doubt("some rows have the limits 0 and 0: that is read as no limits.")
            made.add("zero_is_none = true")
        return
    keys = [name for name in cut.columns if name and not _numeric(cut.column(name))]
    verdict = [name for name in cut.columns if step_role(name) == "status"]
    made.doubt("one row seems to hold many measurements: each column of numbers is one.")
    made.add(f"wide.keys = [{', '.join(quoted(one) for one in keys if one not in verdict)}]")
    if verdict:
        made.add(f"wide.verdict = {quoted('|'.join(re.escape(one) for one in verdict))}")


def _roles(made: Proposal, roles: dict[str, str], wanted: dict[str, str]) -> None:
    """The parts of a step, a line each."""
    for role, key in wanted.items():
        if role in roles:
            made.add(f"{key} = {quoted(roles[role])}")


def _numeric(cells: Sequence[str]) -> bool:
    given = [cell for cell in cells if cell]
    return bool(given) and sum(is_number(cell) for cell in given) * 2 > len(given)


def _zero(text: str) -> bool:
    return is_number(text) and float(text.replace(",", ".")) == 0


def _decoded(data: bytes, name: str) -> tuple[str, str]:
    for encoding in _ENCODINGS:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text, encoding
    raise ConversionError(
        f"{name} is no text, XML or JSON",
        next_step="A mapping reads texts. For others, begin a converter: stationmaster converter new NAME",
    )


def _cut(lines: list[str], name: str) -> _Cut:
    """The delimiter and the line of the columns' names that fit best."""
    best: tuple[int, _Cut] | None = None
    for delimiter in _DELIMITERS:
        rows = [[cell.strip().strip('"') for cell in line.split(delimiter)] for line in lines]
        widths = Counter(len(row) for row in rows)
        for number, row in enumerate(rows):
            if len(row) < 2 or any(is_number(cell) for cell in row):
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
    return best[1]


# ---------------------------------------------------------------- XML and JSON
def _propose_xml(made: Proposal, data: bytes, name: str) -> None:
    root = parse(data, name=name)
    kinds = _row_kinds(root)
    if not kinds:
        raise ConversionError(
            f"no elements of {name} look like results",
            next_step="Write the mapping by hand, see the page of mappings.",
        )
    made.add('kind = "xml"', f"xml.root = {quoted(local_name(root))}", "", "[header]")
    there = dict(_leaves(root, kinds))
    roles = roles_of(list(there), lambda path: header_role(re.split(r"[/@]", path)[-1]))
    _fields(made, roles, there, name)
    for path, attributes in kinds.items():
        made.add("", "[[step]]", f"each = {quoted('.//' + path)}")
        above = next((one for one in root.iter() if local_name(one) == path), root).getparent()
        name = next((key for key in ("Name", "name") if above is not None and above.get(key)), "")
        if name:
            made.add(f'group = ["../@{name}"]')
        _roles(made, attributes, XML_ROLES)


def _row_kinds(root: Element) -> dict[str, dict[str, str]]:
    """Name of the elements that look like results -> role -> where its text is."""
    found: dict[str, dict[str, str]] = {}
    for element in root.iter():
        texts = [f"@{key!s}" for key in element.attrib] + [local_name(one) for one in children(element)]
        roles = roles_of(texts, step_role)
        if "name" in roles and ("value" in roles or "status" in roles):
            found[local_name(element)] = found.get(local_name(element), {}) | roles
    return found


def _leaves(root: Element, kinds: dict[str, dict[str, str]]) -> Iterator[tuple[str, str]]:
    """Path and text of what stands once, and not in a result."""
    stack = [(root, "")]
    while stack:
        element, path = stack.pop()
        for key, text in element.attrib.items():
            yield f"{path}/@{key!s}".lstrip("/"), str(text)
        below = [one for one in children(element) if local_name(one) not in kinds]
        if not below and path and element.text and element.text.strip():
            yield path, element.text.strip()
        stack += [(one, f"{path}/{local_name(one)}".lstrip("/")) for one in reversed(below[:100])]


def _propose_json(made: Proposal, document: Any) -> None:
    lists = [one for one in _lists(document, "") if "name" in roles_of(list(one[1][0]), step_role)]
    path, rows = max(lists, key=lambda one: len(one[1]), default=("", []))
    roles = roles_of(list(rows[0]), step_role) if rows else {}
    if not roles:
        raise ConversionError(
            "no list of the file looks like results",
            next_step="Write the mapping by hand, see the page of mappings.",
        )
    signs = [path.rpartition(".")[2], *list(document)[:1]] if isinstance(document, dict) else []
    patterns = ", ".join(quoted(rf'"{re.escape(sign)}"\s*:') for sign in dict.fromkeys(signs))
    made.add('kind = "json"', f"detect.head = [{patterns}]", "", "[header]")
    there = dict(_members(document, ""))
    fields = roles_of(list(there), lambda one: header_role(one.rpartition(".")[2]))
    _fields(made, fields, there, "the file")
    made.add("", "[[step]]", f"each = {quoted(path + '[*]')}")
    _roles(made, roles, XML_ROLES)


def _lists(item: Any, path: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    if isinstance(item, dict):
        for key, value in item.items():
            yield from _lists(value, f"{path}.{key}".lstrip("."))
    elif isinstance(item, list) and item and all(isinstance(one, dict) for one in item):
        yield path, item


def _members(item: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(item, dict):
        for key, value in item.items():
            yield from _members(value, f"{path}.{key}".lstrip("."))
    elif isinstance(item, str | int | float) and not isinstance(item, bool):
        yield path, str(item)


def mapping_name(sample: str) -> str:
    """A converter's name after a sample: letters, digits and dashes."""
    plain = re.sub(r"[^a-z0-9]+", "-", PurePath(sample).stem.lower()).strip("-")
    return plain[:40] or "mapping"
