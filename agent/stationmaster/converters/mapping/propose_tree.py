"""Propose a mapping for XML: which elements are results, where the header's texts are."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import islice
from typing import Final

from stationmaster.api import ConversionError
from stationmaster.api.xml import Element, children, local_name, parse
from stationmaster.converters.mapping.guess import header_role, is_flag, roles_of, step_role
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

_PREFIX: Final = "n"
"""Of the first namespace of a document; others have the document's own."""
_SCHEMA: Final = "{http://www.w3.org/2001/XMLSchema-instance}"
"""Attributes of this namespace tell nothing of a unit."""
_LOOKED_AT: Final = 200
"""Elements of one name that are looked at."""
_NUMBERS_READ: Final = 2000
"""Results whose numbers are looked at."""


class _Names:
    """Names of elements and attributes as an XPath has them."""

    def __init__(self, root: Element) -> None:
        """Give each namespace of an element or attribute a prefix."""
        self.prefixes: dict[str, str] = {}
        for element in root.iter():
            for tag in (element.tag, *element.attrib):
                space = str(tag).rpartition("}")[0].removeprefix("{")
                if space and space not in self.prefixes and not str(tag).startswith(_SCHEMA):
                    self._add(space, element)

    def _add(self, space: str, element: Element) -> None:
        own = next((prefix for prefix, one in element.nsmap.items() if one == space and prefix), "")
        taken = {*self.prefixes.values()}
        if not self.prefixes:
            own = _PREFIX
        elif not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", str(own)) or own in taken:
            own = f"{_PREFIX}{len(self.prefixes) + 1}"
        self.prefixes[space] = str(own)

    def of(self, element: Element) -> str:
        """Name of an element."""
        return self._named(str(element.tag))

    def attributes(self, element: Element) -> dict[str, str]:
        """The attributes of an element."""
        own = {str(key): str(text).strip() for key, text in element.attrib.items()}
        return {f"@{self._named(key)}": text for key, text in own.items() if not key.startswith(_SCHEMA)}

    def path(self, element: Element) -> str:
        """From the root to an element, which is not the root."""
        above = [self.of(element), *(self.of(one) for one in element.iterancestors())]
        return "/".join(above[-2::-1])

    def _named(self, tag: str) -> str:
        space, _, local = tag.removeprefix("{").rpartition("}")
        return f"{self.prefixes[space]}:{local}" if space else local


class _Rows:
    """The elements that look like results.

    Attributes:
        kinds: their name -> role -> where its text is.
        places: their name -> all places where texts are.
    """

    def __init__(self, root: Element, names: _Names) -> None:
        """Look for them."""
        self._names = names
        self.kinds: dict[str, dict[str, str]] = {}
        self.places: defaultdict[str, dict[str, None]] = defaultdict(dict)
        seen: Counter[str] = Counter()
        for element in root.iter():
            name = names.of(element)
            seen[name] += 1
            if seen[name] <= _LOOKED_AT:
                self._look(element, name)

    def _look(self, element: Element, name: str) -> None:
        direct, inner = self._direct(element), self._inner(element)
        roles = _roles(direct)
        within = {role: place for role, place in _roles(inner).items() if role != "name"}
        self.places[name] |= dict.fromkeys({**direct, **inner})
        told = bool(roles.keys() & {"value", "status"}) or "value" in within
        if "name" in roles and told:
            self.kinds[name] = within | self.kinds.get(name, {}) | roles

    def texts(self, element: Element) -> dict[str, str]:
        """All that a result tells, by its place."""
        return self._inner(element) | self._direct(element)

    def _direct(self, element: Element) -> dict[str, str]:
        """Attributes, and elements that hold a text and no others."""
        found = self._names.attributes(element)
        for child in children(element):
            if child.text and child.text.strip() and not len(child):
                found.setdefault(self._names.of(child), child.text.strip())
        return found

    def _inner(self, element: Element) -> dict[str, str]:
        """The same of the elements in it that have no name of their own and come once."""
        found: dict[str, str] = {}
        below = [(self._names.of(child), child) for child in islice(children(element), _LOOKED_AT)]
        counts = Counter(name for name, _ in below)
        for name, child in below:
            own = self._direct(child)
            if counts[name] == 1 and "name" not in _roles(own):
                found |= {f"{name}/{place}": text for place, text in own.items()}
        return found


def _roles(texts: dict[str, str]) -> dict[str, str]:
    """Role of a step -> place; a truth called `passed` or the like is a verdict."""
    roles = roles_of(list(texts), lambda place: step_role(re.split(r"[/@:]", place)[-1]))
    flag = next((place for place, text in texts.items() if is_flag(place) and text in {"true", "false"}), "")
    return roles | ({"status": flag} if flag and "status" not in roles else {})


def propose_xml(made: Proposal, data: bytes, name: str) -> None:
    """Find the elements that look like results, and what stands around them.

    Raises:
        ConversionError: it is no XML, or nothing in it looks like results.
    """
    root = parse(data, name=name)
    names = _Names(root)
    rows = _Rows(root, names)
    if not rows.kinds:
        seen = Counter(names.of(element) for element in root.iter())
        raise ConversionError(
            f"no elements of {name} look like results; there are {', '.join(list(seen)[:10])}",
            next_step="Write the mapping by hand: xml.unit, and each = the path of what becomes a step.",
        )
    made.add('kind = "xml"', f"xml.root = {quoted(local_name(root))}")
    if names.prefixes:
        spaces = ", ".join(f"{prefix} = {quoted(space)}" for space, prefix in names.prefixes.items())
        made.add(f"xml.namespaces = {{ {spaces} }}")
    leaves = list(_leaves(root, names, rows))
    texts = [text for element in root.iter() for text in (*element.attrib.values(), element.text or "")]
    marks(made, list(islice(_numbers(root, names, rows), _NUMBERS_READ)))
    verdict_words(made, dict.fromkeys(str(text).strip() for text in texts))
    counts = Counter(path for path, _ in leaves)
    there = dict(reversed(leaves))  # of several, the first
    roles = roles_of(list(counts), lambda path: header_role(re.split(r"[/@:]", path)[-1]))
    roles = told_apart(roles, there)
    unit = _unit(roles.get("sn", ""), root, names)
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
    for path in _steps(made, root, names, rows):
        made.use(_below(unit, path))
    unused = [
        f"{row}/{place}"
        for row, found in rows.kinds.items()
        for place in rows.places[row]
        if place not in found.values()
    ]
    made.leave_out([*below.values(), *unused])


def _steps(made: Proposal, root: Element, names: _Names, rows: _Rows) -> list[str]:
    """A rule for each kind of result; returns what its groups are named by, as paths from the root."""
    used = []
    for row, found in rows.kinds.items():
        made.add("", "[[step]]", f"each = {quoted('.//' + row)}")
        above = next((one for one in root.iter() if names.of(one) == row), root).getparent()
        name = next((key for key in ("Name", "name") if above is not None and above.get(key)), "")
        if name and above is not None:
            made.add(f'group = ["../@{name}"]')
            used.append(f"{names.path(above)}/@{name}".lstrip("/"))
        role_lines(made, found, XML_ROLES)
    return used


def _unit(sn: str, root: Element, names: _Names) -> str:
    """The path of what comes several times and holds a serial number each time; "" where one is all."""
    parts = sn.split("/")[:-1]
    level = [root]
    for depth, part in enumerate(parts, 1):
        level = [child for one in level for child in children(one) if names.of(child) == part]
        if len(level) > 1:
            return "/".join(parts[:depth])
    return ""


def _below(unit: str, path: str) -> str:
    """A path from the unit instead of the root."""
    if not unit:
        return path
    inside = path.removeprefix(f"{unit}/")
    return inside if inside != path else "../" * (unit.count("/") + 1) + path


def _numbers(root: Element, names: _Names, rows: _Rows) -> Iterator[str]:
    """What stands in results as a number."""
    for element in root.iter():
        found = rows.kinds.get(names.of(element), {})
        if places := [found[role] for role in NUMBERS if role in found]:
            texts = rows.texts(element)
            yield from (texts[place] for place in places if place in texts)


def _leaves(root: Element, names: _Names, rows: _Rows) -> Iterator[tuple[str, str]]:
    """Path and text of what stands in no result."""
    stack = [(root, "")]
    while stack:
        element, path = stack.pop()
        for key, text in names.attributes(element).items():
            yield f"{path}/{key}".lstrip("/"), text
        below = [one for one in children(element) if names.of(one) not in rows.kinds]
        if not below and path and element.text and element.text.strip():
            yield path, element.text.strip()
        stack += [(one, f"{path}/{names.of(one)}".lstrip("/")) for one in reversed(below[:100])]
