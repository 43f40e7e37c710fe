"""Results of Robot Framework, whatever its version, XML or JSON, as one tree of suites, tests and keywords.

What only structures a test (loops, branches, groups) is left out: what is in it takes its place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from stationmaster.api import ConversionError, xml
from stationmaster.api.json_text import JsonObject
from stationmaster.api.text import printable

Kind = Literal["suite", "test", "keyword"]
Role = Literal["", "setup", "teardown"]

_DEPTH: Final = 100
_CONTAINERS: Final = {
    *("for", "iter", "while", "if", "branch", "try", "group", "foritem", "iteration", "if/else root"),
    *("else if", "else", "try/except root", "except", "finally"),
}
_STATEMENTS: Final = {"var", "variable", "return", "continue", "break", "error"}
_BELOW: Final[dict[str, Kind]] = {"suite": "suite", "test": "test", "kw": "keyword"}
_ROLES: Final[dict[str, Role]] = {"setup": "setup", "teardown": "teardown"}


@dataclass(slots=True)
class Message:
    """A line of the log.

    Attributes:
        level: such as INFO or FAIL.
        text: what it says.
    """

    level: str
    text: str


@dataclass(slots=True)
class Node:
    """A suite, a test or a keyword.

    Attributes:
        kind: which of them.
        name: as Robot has it.
        place: where it stands in the file.
        role: of a keyword: it sets up its parent, or tears it down.
        status: Robot's word; "" where there is none.
        message: why it has this status.
        start: local time at the tester; None where nobody knows.
        seconds: how long it took; None likewise.
        children: what it holds, in the order in which it ran.
        messages: of a keyword or a test: its log, without that of keywords in it.
        arguments: of a keyword.
        metadata: of a suite.
        doc: documentation.
        critical: a failure of it fails the run.
    """

    kind: Kind
    name: str
    place: str
    role: Role = ""
    status: str = ""
    message: str = ""
    start: datetime | None = None
    seconds: float | None = None
    children: list[Node] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    doc: str = ""
    critical: bool = True

    def walk(self) -> Iterator[Node]:
        """This one and all below it, in file order."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))


def read_xml(root: xml.Element) -> Node:
    """The suite of an output.xml.

    Raises:
        ConversionError: there is none, or something in it is not as Robot writes it.
    """
    suite = next(xml.children(root, "suite"), None)
    if suite is None:
        raise ConversionError("there is no <suite> in it", place=xml.place(root))
    return _element(suite, "suite")


def read_json(document: JsonObject) -> Node:
    """The suite of an output.json.

    Raises:
        ConversionError: there is none, or something in it is not as Robot writes it.
    """
    if "suite" not in document.data:
        raise ConversionError("there is no suite in it", place=document.place)
    return _object(document.child("suite"), "suite", "", 0)


def _element(element: xml.Element, kind: Kind) -> Node:
    node = Node(kind, printable(element.get("name", "")), xml.place(element))
    node.role = _ROLES.get(element.get("type", "").lower(), "")
    _fill(node, element)
    return node


def _fill(node: Node, element: xml.Element) -> None:
    for child in xml.children(element):
        name = xml.local_name(child)
        kind = child.get("type", "").lower()
        below = _BELOW.get(name)
        if name in _CONTAINERS or (name == "kw" and kind in _CONTAINERS):
            _fill_from_container(node, child)
        elif below is not None:
            node.children.append(_element(child, below))
        else:
            _fill_detail(node, name, child)


def _fill_detail(node: Node, name: str, child: xml.Element) -> None:
    if name == "msg":
        node.messages.append(Message(child.get("level", "INFO").upper(), _text(child)))
    elif name == "arg":
        node.arguments.append(_text(child))
    elif name == "arguments":
        node.arguments.extend(_text(one) for one in xml.children(child, "arg"))
    elif name == "status":
        _status(node, child)
    elif name == "doc":
        node.doc = _text(child).strip()
    elif name in {"meta", "metadata"}:
        items = [child] if name == "meta" else xml.children(child, "item")
        node.metadata |= {printable(one.get("name", "")): _text(one).strip() for one in items}


def _fill_from_container(node: Node, container: xml.Element) -> None:
    """What is in a loop or a branch, but not its own verdict, arguments and times."""
    inner = Node("keyword", "", node.place)
    _fill(inner, container)
    node.children.extend(inner.children)
    node.messages.extend(inner.messages)


def _status(node: Node, element: xml.Element) -> None:
    node.status = element.get("status", "")
    node.message = _text(element).strip()
    node.critical = element.get("critical", "yes") != "no"
    start = element.get("start") or element.get("starttime") or ""
    end = element.get("endtime") or ""
    place = xml.place(element)
    node.start = _time(start, place)
    elapsed = element.get("elapsed") or element.get("elapsedtime")
    if element.get("elapsed"):
        node.seconds = _seconds(element.get("elapsed"), place)
    elif node.start and (ended := _time(end, place)):
        node.seconds = max(0.0, (ended - node.start).total_seconds())
    elif elapsed:
        node.seconds = _seconds(elapsed, place, 1000)


def _text(element: xml.Element) -> str:
    return printable(xml.inner_text(element))


def _object(data: JsonObject, kind: Kind, role: Role, depth: int) -> Node:
    if depth > _DEPTH:
        raise ConversionError(f"keywords nest more than {_DEPTH} deep", place=data.place)
    node = Node(kind, data.text("name"), data.place or "the document", role)
    node.status = data.text("status")
    node.message = data.text("message").strip()
    node.start = _time(data.text("start_time"), data.at("start_time"))
    node.seconds = _seconds(data.data.get("elapsed_time"), data.at("elapsed_time"))
    node.doc = data.text("doc").strip()
    metadata = data.child("metadata")
    node.metadata = {printable(key): metadata.text(key).strip() for key in metadata.data}
    node.arguments = [_plain(one) for one in data.items("args")]
    _add_role(node, data, "setup", depth)
    for key, below in (("suites", "suite"), ("tests", "test")):
        for child in data.objects(key):
            node.children.append(_object(child, "suite" if below == "suite" else "test", "", depth + 1))
    _body(node, data, depth)
    _add_role(node, data, "teardown", depth)
    return node


def _add_role(node: Node, data: JsonObject, role: Role, depth: int) -> None:
    if data.data.get(role) is not None:
        node.children.append(_object(data.child(role), "keyword", role, depth + 1))


def _body(node: Node, data: JsonObject, depth: int) -> None:
    if depth > _DEPTH:
        raise ConversionError(f"keywords nest more than {_DEPTH} deep", place=data.place)
    for item in data.objects("body"):
        kind = item.text("type").lower()
        if kind == "message":
            node.messages.append(Message(item.text("level", "INFO").upper(), item.text("message")))
        elif kind in _CONTAINERS:
            _body(node, item, depth + 1)
        elif kind not in _STATEMENTS:
            role = _ROLES.get(kind, "")
            node.children.append(_object(item, "keyword", role, depth + 1))


def _plain(value: object) -> str:
    return printable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _time(text: str, place: str) -> datetime | None:
    """A local time as Robot 7 writes it (ISO), or as Robot did before (`20260302 08:15:30.123`)."""
    text = text.strip()
    if text in {"", "N/A"}:
        return None
    date, _, clock = text.partition(" ")
    if len(date) == len("20260302") and date.isdigit():
        text = f"{date[:4]}-{date[4:6]}-{date[6:]} {clock}"
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        raise ConversionError(f"{text[:40]!r} is no time of Robot Framework", place=place) from None


def _seconds(value: object, place: str, parts: int = 1) -> float | None:
    if value is None or value == "":
        return None
    try:
        seconds = float(str(value)) / parts
    except ValueError:
        raise ConversionError(f"{str(value)[:40]!r} is no duration", place=place) from None
    if not 0 <= seconds < 1e9:
        raise ConversionError(f"{str(value)[:40]!r} is no duration", place=place)
    return seconds
