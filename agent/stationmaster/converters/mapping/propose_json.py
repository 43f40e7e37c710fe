"""Propose a mapping for JSON: which list holds the results, at whatever depth, and what tells of the unit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from stationmaster.api import ConversionError
from stationmaster.converters.mapping.guess import (
    header_role,
    is_failure,
    is_flag,
    roles_of,
    step_role,
)
from stationmaster.converters.mapping.proposal import (
    NUMBERS,
    XML_ROLES,
    Proposal,
    fields,
    marks,
    quoted,
    role_lines,
    told_apart,
    verdict_words,
)
from stationmaster.converters.mapping.vocabulary import folded

_Rows = list[dict[str, Any]]
_LOOKED_AT = 20
"""Objects of a list whose keys are looked at."""
_NAMES = ("title", "id", "key", "testid", "stepid", "code")
"""What names a step where nothing else does; the first of them has it."""
_FAILED = "failed"
"""Role of a truth that says the contrary of a verdict."""


def propose_json(made: Proposal, document: Any) -> None:
    """Find the list of objects that look like results, also in lists of lists.

    Raises:
        ConversionError: there is none.
    """
    lists: dict[str, _Rows] = {}
    for place, rows in _lists(document, ""):
        lists.setdefault(place, []).extend(rows)
    path = max(lists, key=lambda one: _likeness(lists[one]), default="")
    roles = _roles(lists.get(path, []))
    if "name" not in roles:
        raise ConversionError(
            f"no list of the file looks like results{_seen(lists)}",
            next_step="Write the mapping by hand: json.unit, and each = the path of a list with [*].",
        )
    rows = lists[path]
    above = [path[: one.end()] for one in re.finditer(r"\[\*\]", path)]
    unit = next((one for one in reversed(above) if _serial(lists.get(one.removesuffix("[*]"), []))), "")
    made.add('kind = "json"', f"detect.head = [{', '.join(_signs(document, path))}]")
    flat = [dict(_plain(row)) for row in rows]
    marks(made, [str(row.get(roles[role], "")) for row in flat for role in NUMBERS if role in roles])
    first = lists[unit.removesuffix("[*]")][0] if unit else document
    there = {place: text for place, text in _members(first, "") if "[" not in place}
    verdict_words(made, dict.fromkeys([text for _, text in _members([rows, first], "")]))
    if unit:
        made.add(f"json.unit = {quoted(unit)}  # one report for each")
    made.add("", "[header]")
    given = [place for place, text in there.items() if text.strip()]
    found = roles_of(given, lambda one: header_role(one.rpartition(".")[2]))
    flag = next((place for place in given if is_flag(place) and there[place] in {"true", "false"}), "")
    found |= {"result": flag} if flag and "result" not in found else {}
    fields(made, told_apart(found, there), there, "the file")
    each = path.removeprefix(unit).lstrip(".") + "[*]"
    made.add("", "[[step]]", f"each = {quoted(each)}")
    groups = _groups([one for one in above if len(one) > len(unit)], lists)
    if groups:
        made.add(f"group = [{', '.join(map(quoted, groups))}]")
    role_lines(made, roles, XML_ROLES)
    if _FAILED in roles:
        lookup = '{ "true" = "F", "false" = "P" }'
        made.add(f"status = {{ from = {quoted(roles[_FAILED])}, lookup = {lookup} }}")
    made.use(*roles.values())
    made.leave_out([*there, *(key for row in flat[:_LOOKED_AT] for key in row)])


def _seen(lists: dict[str, _Rows]) -> str:
    """Which lists there are, and what their objects have."""
    told = [f"{path or 'the whole'} ({', '.join(list(rows[0])[:8])})" for path, rows in lists.items()]
    return f"; there are {'; '.join(told[:5])}" if told else ": it has no list of objects"


def _likeness(rows: _Rows) -> tuple[bool, bool, int]:
    roles = _roles(rows)
    return "name" in roles, bool(roles.keys() & {"value", "status", _FAILED}), len(rows)


def _roles(rows: _Rows) -> dict[str, str]:
    """Role of a step -> path from these objects, in lists of their own nothing; also `failed`, a truth."""
    cells: dict[str, list[Any]] = {}
    for row in rows[:_LOOKED_AT]:
        for place, value in _plain(row):
            cells.setdefault(place, []).append(value)
    direct = [place for place in cells if "." not in place]
    inner = roles_of(
        [place for place in cells if "." in place], lambda one: step_role(one.rpartition(".")[2])
    )
    inner.pop("name", None)
    roles = inner | roles_of(direct, step_role)
    if "name" not in roles:
        names = [place for place in direct if folded(place) in _NAMES]
        roles |= {"name": min(names, key=lambda one: _NAMES.index(folded(one)))} if names else {}
    truths = [place for place, given in cells.items() if all(isinstance(one, bool) for one in given)]
    for role, test in (("status", is_flag), (_FAILED, is_failure)):
        found = next(filter(test, truths), "")
        if found and not roles.keys() & {"status", _FAILED}:
            roles[role] = found
    return roles


def _plain(item: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Path and value of what these objects say themselves, also in objects, but not in lists."""
    for key, value in item.items():
        if set(key) & set(".[]"):
            continue  # no path leads there
        if isinstance(value, dict):
            yield from _plain(value, f"{above}{key}.")
        elif not isinstance(value, list):
            yield above + key, value


def _serial(rows: _Rows) -> bool:
    """Each of these objects is a unit: it says its serial number."""
    return bool(rows) and all(
        any(
            header_role(place.rpartition(".")[2]) == "sn"
            for place, _ in _members(row, "")
            if "[" not in place
        )
        for row in rows[:_LOOKED_AT]
    )


def _groups(above: list[str], lists: dict[str, _Rows]) -> list[str]:
    """The names of the objects around the results, outermost first, as paths that begin at the result."""
    found = []
    for depth, place in enumerate(reversed(above), 1):
        name = _roles(lists.get(place.removesuffix("[*]"), [])).get("name")
        if name:
            found.append("../" * depth + name)
    return found[::-1]


def _signs(document: Any, path: str) -> list[str]:
    keys = [key for key in re.split(r"\[\*\]|\.", path) if key]
    signs = [*keys[-1:], *(list(document)[:1] if isinstance(document, dict) else keys[:1])]
    return [quoted(rf'"{re.escape(sign)}"\s*:') for sign in dict.fromkeys(signs)]


def _lists(item: Any, path: str) -> Iterator[tuple[str, _Rows]]:
    """Lists of objects with their paths: `groups[*].tests`."""
    if isinstance(item, dict):
        for key, value in item.items():
            yield from _lists(value, f"{path}.{key}".lstrip("."))
    elif isinstance(item, list) and item and all(isinstance(one, dict) for one in item):
        yield path, item
        for one in item:
            yield from _lists(one, f"{path}[*]")


def _members(item: Any, path: str) -> Iterator[tuple[str, str]]:
    """Path and text of each member that is no object; those in lists have a `[` in it."""
    if isinstance(item, dict):
        for key, value in item.items():
            yield from _members(value, f"{path}.{key}".lstrip("."))
    elif isinstance(item, list):
        for one in item:
            yield from _members(one, f"{path}[*]")
    elif isinstance(item, str | int | float):
        yield path, str(item).lower() if isinstance(item, bool) else str(item)
