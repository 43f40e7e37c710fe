"""Propose a mapping for XML and JSON: which elements are results, where the header's texts are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from stationmaster.api import ConversionError
from stationmaster.api.xml import Element, children, local_name, parse
from stationmaster.converters.mapping.guess import header_role, roles_of, step_role
from stationmaster.converters.mapping.proposal import XML_ROLES, Proposal, fields, quoted, role_lines

_PREFIX = "n"
"""Of the names of a document that has a namespace."""


def propose_xml(made: Proposal, data: bytes, name: str) -> None:
    """Find the elements that look like results, and what stands around them.

    Raises:
        ConversionError: it is no XML, or nothing in it looks like results.
    """
    root = parse(data, name=name)
    kinds = _row_kinds(root)
    if not kinds:
        raise ConversionError(
            f"no elements of {name} look like results",
            next_step="Write the mapping by hand, see the page of mappings.",
        )
    made.add('kind = "xml"', f"xml.root = {quoted(local_name(root))}")
    space = str(root.tag).rpartition("}")[0].removeprefix("{")
    if space:
        made.add(f"xml.namespaces = {{ {_PREFIX} = {quoted(space)} }}")
    leaves = list(_leaves(root, kinds))
    counts = Counter(path for path, _ in leaves)
    there = dict(reversed(leaves))  # of several, the first
    roles = roles_of(list(counts), lambda path: header_role(re.split(r"[/@:]", path)[-1]))
    unit = _unit(roles.get("sn", ""), root)
    if unit:
        made.add(f"xml.unit = {quoted(unit)}  # one report for each")
    made.add("", "[header]")
    below = {path: _below(unit, path) for path in counts}
    fields(
        made,
        {role: below[path] for role, path in roles.items()},
        {below[path]: text for path, text in there.items()},
        name,
    )
    _steps(made, root, kinds)
    made.leave_out(below.values())


def _steps(made: Proposal, root: Element, kinds: dict[str, dict[str, str]]) -> None:
    for path, found in kinds.items():
        made.add("", "[[step]]", f"each = {quoted('.//' + path)}")
        above = next((one for one in root.iter() if _name(one) == path), root).getparent()
        name = next((key for key in ("Name", "name") if above is not None and above.get(key)), "")
        if name:
            made.add(f'group = ["../@{name}"]')
        role_lines(made, found, XML_ROLES)


def _name(element: Element) -> str:
    """As an XPath has it."""
    return f"{_PREFIX}:{local_name(element)}" if str(element.tag).startswith("{") else local_name(element)


def _unit(sn: str, root: Element) -> str:
    """The path of what comes several times and holds a serial number each time; "" where one is all."""
    parts = sn.split("/")[:-1]
    level = [root]
    for depth, part in enumerate(parts, 1):
        level = [child for one in level for child in children(one) if _name(child) == part]
        if len(level) > 1:
            return "/".join(parts[:depth])
    return ""


def _below(unit: str, path: str) -> str:
    """A path from the unit instead of the root."""
    if not unit:
        return path
    inside = path.removeprefix(f"{unit}/")
    return inside if inside != path else "../" * (unit.count("/") + 1) + path


def _row_kinds(root: Element) -> dict[str, dict[str, str]]:
    """Name of the elements that look like results -> role -> where its text is."""
    found: dict[str, dict[str, str]] = {}
    for element in root.iter():
        texts = [f"@{key!s}" for key in element.attrib] + [_name(one) for one in children(element)]
        roles = roles_of(texts, lambda text: step_role(text.rpartition(":")[2]))
        if "name" in roles and ("value" in roles or "status" in roles):
            found[_name(element)] = found.get(_name(element), {}) | roles
    return found


def _leaves(root: Element, kinds: dict[str, dict[str, str]]) -> Iterator[tuple[str, str]]:
    """Path and text of what stands in no result."""
    stack = [(root, "")]
    while stack:
        element, path = stack.pop()
        for key, text in element.attrib.items():
            yield f"{path}/@{key!s}".lstrip("/"), str(text)
        below = [one for one in children(element) if _name(one) not in kinds]
        if not below and path and element.text and element.text.strip():
            yield path, element.text.strip()
        stack += [(one, f"{path}/{_name(one)}".lstrip("/")) for one in reversed(below[:100])]


def propose_json(made: Proposal, document: Any) -> None:
    """Find the longest list of objects that look like results.

    Raises:
        ConversionError: there is none.
    """
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
    found = roles_of(list(there), lambda one: header_role(one.rpartition(".")[2]))
    fields(made, found, there, "the file")
    made.add("", "[[step]]", f"each = {quoted(path + '[*]')}")
    role_lines(made, roles, XML_ROLES)
    made.use(*roles.values())
    made.leave_out([*there, *(key for row in rows[:20] for key in row)])


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
