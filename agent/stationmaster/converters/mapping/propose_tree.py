"""Propose a mapping for XML: which elements are results, where the header's texts are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from stationmaster.api import ConversionError
from stationmaster.api.xml import Element, children, local_name, parse
from stationmaster.converters.mapping.guess import header_role, roles_of, step_role
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
    texts = [text for element in root.iter() for text in (*element.attrib.values(), element.text or "")]
    marks(made, list(_numbers(root, kinds)))
    verdict_words(made, dict.fromkeys(str(text).strip() for text in texts))
    counts = Counter(path for path, _ in leaves)
    there = dict(reversed(leaves))  # of several, the first
    roles = roles_of(list(counts), lambda path: header_role(re.split(r"[/@:]", path)[-1]))
    roles = told_apart(roles, there)
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


def _numbers(root: Element, kinds: dict[str, dict[str, str]]) -> Iterator[str]:
    """What stands in results as a number."""
    for element in root.iter():
        found = kinds.get(_name(element), {})
        for place in (found[role] for role in NUMBERS if role in found):
            if place.startswith("@"):
                yield str(element.get(place[1:]) or "").strip()
            else:
                yield from ((one.text or "").strip() for one in children(element) if _name(one) == place)


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
