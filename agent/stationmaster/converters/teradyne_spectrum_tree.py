"""The grammar of Teradyne Spectrum results: nested `(KEY: value)`, values quoted or bare."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from stationmaster.api import ConversionError

_MAX_DEPTH: Final = 30
_MAX_QUOTED: Final = 4000
_OPEN: Final = re.compile(r"\(\s{0,100}(?:([A-Za-z_0-9]{1,60}):)?")
_TEXT: Final = re.compile(r"[^()]+")
_BLANK: Final = re.compile(r"\s*")


class UnfinishedError(ConversionError):
    """The file ends inside a group."""


@dataclass(slots=True)
class Node:
    """A group: its key, the text in it, the groups in it.

    Attributes:
        key: "" for a parenthesis that belongs to the text around it.
        line: number of the line it begins in.
        start, end: where it stands in the text.
    """

    key: str
    line: int
    start: int
    words: list[str] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    end: int = 0

    @property
    def text(self) -> str:
        """Its own text without blanks around it."""
        return "".join(self.words).strip()

    def child(self, key: str) -> Node | None:
        """The last group of that key in it."""
        return next((one for one in reversed(self.nodes) if one.key == key), None)

    def value(self, key: str) -> str:
        """Text of the last group of that key in it; "" where there is none."""
        found = self.child(key)
        return found.text if found else ""

    def all(self, key: str) -> list[Node]:
        """The groups of that key in it, in file order."""
        return [one for one in self.nodes if one.key == key]

    @property
    def place(self) -> str:
        """Where it stands, for error texts."""
        return f"line {self.line} {self.key}"

    def error(self, text: str) -> ConversionError:
        """An error that names the line."""
        return ConversionError(text, place=self.place)


class Reader:
    """Reads the top groups of a file one after the other."""

    def __init__(self, text: str) -> None:
        """Begin at the start of the text; its line ends are all LF."""
        self._all = text
        self._at = 0
        self._line = 1
        self._counted = 0

    def nodes(self) -> Iterator[Node]:
        """The top groups, in file order.

        Raises:
            ConversionError: the grammar is broken, or the file ends inside a group.
        """
        while True:
            self._skip()
            if self._at >= len(self._all):
                return
            if self._all[self._at] != "(":
                shown = self._all[self._at : self._at + 20].split("\n")[0]
                raise ConversionError(f"( should stand here, not {shown!r}", place=f"line {self._here()}")
            yield self._group()

    def _group(self) -> Node:
        top = self._open()
        stack = [top]
        while stack:
            if self._at >= len(self._all):
                raise UnfinishedError(
                    f"the file ends inside the group {top.key[:40]} that begins at line {top.line}",
                    place=f"line {self._here()}",
                    next_step="Nothing of the file was taken. If the tester will never finish it, have the "
                    "board tested again.",
                )
            mark = self._all[self._at]
            if mark == "(":
                if len(stack) >= _MAX_DEPTH:
                    raise ConversionError(
                        f"groups stand more than {_MAX_DEPTH} deep in each other",
                        place=f"line {self._here()}",
                    )
                inner = self._open()
                stack[-1].nodes.append(inner)
                stack.append(inner)
            elif mark == ")":
                self._at += 1
                done = stack.pop()
                done.end = self._at
                if not done.key and stack:
                    stack[-1].words.append(f"({done.text})")
                    stack[-1].nodes.pop()
                    stack[-1].nodes.extend(done.nodes)
            else:
                found = _TEXT.match(self._all, self._at)
                assert found is not None  # noqa: S101 - no parenthesis stands here
                stack[-1].words.append(found[0])
                self._at = found.end()
        return top

    def _open(self) -> Node:
        found = _OPEN.match(self._all, self._at)
        assert found is not None  # noqa: S101 - a parenthesis stands here
        node = Node(found[1] or "", self._here(), self._at)
        self._at = found.end()
        if node.key:
            self._quoted(node)
        return node

    def _quoted(self, node: Node) -> None:
        """Read a quoted value: it may hold parentheses, and quotes that no parenthesis follows."""
        blank = _BLANK.match(self._all, self._at)
        begin = blank.end() if blank else self._at
        if self._all[begin : begin + 1] != '"':
            return
        at = begin
        for _ in range(20):
            at = self._all.find('"', at + 1, begin + _MAX_QUOTED)
            if at < 0:
                return
            if self._all[at + 1 : at + 10].lstrip()[:1] == ")":
                node.words.append(self._all[begin + 1 : at])
                self._at = at + 1
                return

    def _skip(self) -> None:
        blank = _BLANK.match(self._all, self._at)
        self._at = blank.end() if blank else self._at

    def _here(self) -> int:
        """Number of the line that is being read."""
        self._line += self._all.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line
