r"""The grammar of i3070 log records: braces, fields, lists, literals.

A record is `{` type, fields, records in it, `}`. A field begins with `|`; a list with `\`, a number and its
items; a literal with `~`, a number, `|` and so many characters of any kind. A line end ends the fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from stationmaster.api import ConversionError

_TYPE: Final = re.compile(rb"[^|\\~{}\r\n]*")
# A backslash or a tilde that no number follows is a character as any other: paths stand in reports.
_NORMAL: Final = re.compile(
    rb"[^|\\~{}\r\n]*(?:(?:\\(?![0-9]{1,4}(?:[|{}\r\n]|$))|~(?![0-9]{1,6}\|))[^|\\~{}\r\n]*)*"
)
_LIST: Final = re.compile(rb"\\([0-9]{1,4})")
_LITERAL: Final = re.compile(rb"~([0-9]{1,6})\|")
_BLANK: Final = re.compile(rb"[ \t\r\n]*")
_MAX_DEPTH: Final = 50
_CUT: Final = b"\x04"
"""Control-D: the tester wrote no more of this field."""


@dataclass(slots=True)
class Record:
    """One record.

    Attributes:
        kind: its type with the `@` in front.
        fields: its fields; those of a list stand among them as lists.
        records: the records in it.
        start, end: where it stands in the file, in bytes.
        line: number of the line it begins in.
    """

    kind: str
    start: int
    line: int
    fields: list[str | list[str]] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    end: int = 0

    def text(self, index: int) -> str:
        """A field without blanks around it; "" where it is missing or a list."""
        value = self.fields[index] if index < len(self.fields) else ""
        return value.strip() if isinstance(value, str) else ""

    @property
    def place(self) -> str:
        """Where it stands, for error texts."""
        return f"line {self.line} {{{self.kind[:40]}"

    def told(self) -> str:
        """Its fields as a line for people."""
        parts = [one if isinstance(one, str) else ", ".join(one) for one in self.fields]
        return " | ".join(part.strip() for part in parts)


class UnfinishedError(ConversionError):
    """The file ends inside a record."""


class Reader:
    """Reads the top records of a file one after the other.

    Attributes:
        warnings: what a person should know of the file.
    """

    def __init__(self, data: bytes, start: int) -> None:
        """Begin at the byte `start`."""
        self._data = data
        self._at = start
        self._line = 1
        self._counted = 0
        self.warnings: list[str] = []

    def records(self) -> Iterator[Record]:
        """The top records, in file order.

        Raises:
            ConversionError: the grammar is broken, or the file ends inside a record.
        """
        while True:
            self._skip()
            if self._at >= len(self._data):
                return
            if self._data[self._at : self._at + 1] != b"{":
                if b"{@" in self._data[self._at :]:
                    raise self._wrong("a record should begin here")
                self.warnings.append(f"line {self._here()}: what follows the last record was not read")
                return
            yield self._record()

    def _record(self) -> Record:
        """The record that begins here, with all that is in it."""
        top = self._open()
        stack = [top]
        while stack:
            self._skip()
            mark = self._data[self._at : self._at + 1]
            if mark == b"{":
                if len(stack) >= _MAX_DEPTH:
                    raise self._wrong(f"records stand more than {_MAX_DEPTH} deep in each other")
                inner = self._open()
                stack[-1].records.append(inner)
                stack.append(inner)
            elif mark == b"}":
                self._at += 1
                stack.pop().end = self._at
            elif mark:
                raise self._wrong("{ or } should stand here")
            else:
                raise _unfinished(stack, self._here())
        return top

    def _open(self) -> Record:
        start = self._at
        kind = _TYPE.match(self._data, start + 1)
        assert kind is not None  # noqa: S101 - it matches nothing, too
        record = Record(_text(kind[0]).strip(), start, self._here())
        self._at = kind.end()
        while self._field(record):
            pass
        return record

    def _field(self, record: Record) -> bool:
        """Read one more field; False where there is none."""
        mark = self._data[self._at : self._at + 1]
        if mark == b"|":
            self._at += 1
            record.fields.append(self._value())
        elif mark == b"~" and _LITERAL.match(self._data, self._at):
            record.fields.append(self._value())
        elif mark == b"\\" and (count := _LIST.match(self._data, self._at)):
            self._at = count.end()
            record.fields.append(self._items(int(count[1])))
        else:
            return False
        return True

    def _items(self, count: int) -> list[str]:
        items: list[str] = []
        while len(items) < count and self._data[self._at : self._at + 1] in {b"|", b"~"}:
            self._at += self._data[self._at : self._at + 1] == b"|"
            items.append(self._value())
        return items

    def _value(self) -> str:
        """A literal or a normal field; a literal may stand right behind the bar, too."""
        literal = _LITERAL.match(self._data, self._at)
        if literal:
            end = literal.end() + int(literal[1])
            if end > len(self._data):
                raise UnfinishedError("the file ends inside a literal", place=f"line {self._here()}")
            value = self._data[literal.end() : end]
        else:
            found = _NORMAL.match(self._data, self._at)
            assert found is not None  # noqa: S101 - it matches nothing, too
            value, end = found[0], found.end()
        self._at = end
        if _CUT in value:
            self.warnings.append(f"line {self._here()}: the tester cut a field short")
        return _text(value.partition(_CUT)[0])

    def _skip(self) -> None:
        blank = _BLANK.match(self._data, self._at)
        self._at = blank.end() if blank else self._at

    def _here(self) -> int:
        """Number of the line that is being read."""
        self._line += self._data.count(b"\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _wrong(self, text: str) -> ConversionError:
        shown = _text(self._data[self._at : self._at + 20].splitlines()[0])
        return ConversionError(f"{text}, not {shown!r}", place=f"line {self._here()}")


def _unfinished(stack: list[Record], line: int) -> UnfinishedError:
    inside = next((one for one in stack if one.kind == "@BTEST"), stack[0])
    return UnfinishedError(
        f"the file ends inside the record {inside.kind[:40]} that begins at line {inside.line}",
        place=f"line {line}",
        next_step="Nothing of the file was taken. If the tester will never finish it, have the board tested "
        "again.",
    )


def _text(data: bytes) -> str:
    """Most are ASCII; else UTF-8 or the Windows page, each field by itself."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")
