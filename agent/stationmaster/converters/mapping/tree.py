"""Elements of XML by XPath, members of JSON by dotted paths, as units and rows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from lxml import etree

from stationmaster.api import ConversionError
from stationmaster.api.xml import Element, inner_text, place
from stationmaster.converters.mapping.pick import as_value, names_of
from stationmaster.converters.mapping.schema import StepRule, Tree

_STEP = re.compile(
    r"\[(?:(?P<index>\d+)|(?P<all>\*)|(?P<key>\w+)=(?P<value>[^\]]*))\]|(?P<name>[^.\[\]]+)|\."
)


@dataclass(frozen=True, slots=True)
class Around:
    """The object that a member is in, also where lists are between them, and what is around that."""

    item: Any
    above: Around | None


@dataclass(frozen=True, slots=True)
class Node:
    """An element or a member: cells by path.

    Attributes:
        item: the element or the member.
        place: where it stands.
        namespaces: prefix in the paths -> namespace.
        above: the unit, where this is a row.
        around: of a member: what `../` leads to.
    """

    item: Any
    place: str
    namespaces: dict[str, str] = field(default_factory=dict)
    above: Node | None = None
    around: Around | None = None

    @property
    def names(self) -> list[str]:
        """Nobody can say: a path may find something in another file."""
        return []

    def get(self, name: str) -> str | None:
        """The first text at that path; a path that begins with `/` begins at the unit."""
        if self.above is not None and name.startswith("/"):
            return self.above.get(name[1:])
        if self.above is not None and name.startswith("../") and not isinstance(self.item, Element):
            return self._around(self.above, name)
        found = next(self.find(name), None)
        return None if found is None else _text(found.item)

    def find(self, path: str) -> Iterator[Node]:
        """All that lies at a path."""
        if isinstance(self.item, Element):
            yield from self._by_xpath(path)
            return
        for found in _members(self.item, path, self.place):
            yield replace(found, above=self.above)

    def _around(self, unit: Node, path: str) -> str | None:
        """What stands in the object around this one, `../` for each list between them."""
        item, around = self.item, self.around
        while path.startswith("../"):
            item, around = (around.item, around.above) if around is not None else (unit.item, None)
            path = path[3:]
        found = next(_members(item, path, ""), None)
        return None if found is None else _text(found.item)

    def _by_xpath(self, path: str) -> Iterator[Node]:
        try:
            found = self.item.xpath(path, namespaces=self.namespaces or None)
        except etree.XPathError as error:
            raise ConversionError(f"{path!r} is no XPath: {error}", place=self.place) from error
        for item in found if isinstance(found, list) else [found]:
            yield Node(item, _place(item) or self.place, self.namespaces, self.above)


def units_of(root: Any, tree: Tree, where: str) -> list[Node]:
    """The units of a document; without a path the document itself is the only one."""
    whole = Node(root, where, tree.namespaces)
    return list(whole.find(tree.unit)) if tree.unit else [whole]


def rows_of(unit: Node, rules: list[StepRule]) -> list[tuple[StepRule, Node]]:
    """The rows of a unit with their rules, in the order of the file; the first rule takes a row."""
    found: dict[int | str, tuple[int, StepRule, Node]] = {}
    for rule in rules:
        for count, node in enumerate(unit.find(rule.each)):
            below = replace(node, above=unit)
            # Two members may be one object: true, or a small number.
            key = id(node.item) if isinstance(unit.item, Element) else node.place
            found.setdefault(key, (count, rule, below))
    rows = list(found.values())
    if rows and isinstance(rows[0][2].item, Element):
        order = {id(one): number for number, one in enumerate(unit.item.iter())}
        rows.sort(key=lambda row: order.get(id(row[2].item), 0))
    taken = [(rule, node) for _, rule, node in rows]
    for rule in rules:
        _has_verdicts(rule, [node for other, node in taken if other is rule])
    return taken


def _has_verdicts(rule: StepRule, rows: list[Node]) -> None:
    """A path to verdicts that leads nowhere in any row is a wrong one: a failure would be lost.

    Raises:
        ConversionError: it does so, and is not optional.
    """
    given, names = as_value(rule.status), names_of(rule.status)
    if rule.skip or not rows or not names or given.default or given.optional:
        return
    if not any(row.get(name) is not None for row in rows for name in names):
        raise ConversionError(
            f"{' or '.join(map(repr, names))} leads nowhere in all {len(rows)} rows",
            place=f"{rows[0].place}, step.status",
            next_step="Check the path; where such rows may have no verdict, say optional = true there.",
        )


def bytes_of(node: Node) -> bytes:
    """An element or a member for itself, in the same form wherever it stands.

    Raises:
        ConversionError: it nests too deep.
    """
    if isinstance(node.item, Element):
        return etree.tostring(node.item, encoding="utf-8", xml_declaration=False, with_tail=False)
    try:
        return json.dumps(node.item, sort_keys=True, separators=(",", ":")).encode()
    except RecursionError as error:
        raise ConversionError("lists and objects nest too deep", place=node.place) from error


def texts_at(unit: Node, path: str) -> dict[str, str]:
    """The different texts at a path, each with its first place; "" only where the first of all is empty."""
    found: dict[str, str] = {}
    for node in unit.find(path):
        text = _text(node.item).strip()
        if text or not found:
            found.setdefault(text, node.place)
    return found


def _place(item: Any) -> str:
    """Where an element stands, or the one that an attribute or a text is of; "" of what was computed."""
    if isinstance(item, Element):
        return place(item)
    holder = item.getparent() if hasattr(item, "getparent") else None
    if holder is None:
        return ""
    return f"{place(holder)} @{item.attrname}" if item.is_attribute else place(holder)


def _text(item: Any) -> str:
    if isinstance(item, Element):
        return inner_text(item)
    if isinstance(item, bool):
        return str(item).lower()
    if item is None:
        return ""
    if isinstance(item, list) and all(type(one) in {int, float} for one in item):
        return ";".join(map(str, item))  # the points of a curve
    return str(item) if isinstance(item, str | int | float) else ""


def _members(item: Any, path: str, where: str) -> Iterator[Node]:
    found = [Node(item, where)]
    for part in _STEP.finditer(path):
        if part[0] == ".":
            continue
        found = [next_ for one in found for next_ in _next(one, part)]
    yield from found


def _next(node: Node, part: re.Match[str]) -> Iterator[Node]:
    item, where = node.item, node.place
    if part["name"] is not None:
        if isinstance(item, dict) and part["name"] in item:
            below = f"{where}.{part['name']}".lstrip(".")
            yield Node(item[part["name"]], below, around=Around(item, node.around))
        return
    if not isinstance(item, list):
        return
    if part["index"] is not None:
        index = int(part["index"])
        for one in item[index : index + 1]:
            yield Node(one, f"{where}[{index}]", around=node.around)
        return
    for index, one in enumerate(item):
        wanted = part["all"] is not None
        if part["key"] is not None and isinstance(one, dict):
            wanted = _text(one.get(part["key"])) == part["value"]
        if wanted:
            yield Node(one, f"{where}[{index}]", around=node.around)
