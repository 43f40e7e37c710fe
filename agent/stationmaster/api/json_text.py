"""JSON from strangers: every value asked for by type, every error with its place in the file."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import Any

from stationmaster.api.converter import Glimpse
from stationmaster.api.text import decode_text, printable
from stationmaster.errors import ConversionError

MAX_BYTES = 256 * 1024 * 1024

_BLANK = b" \t\r\n\0"
_WORDS: dict[type, str] = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}


class JsonObject:
    """A JSON object that knows where it stands.

    Attributes:
        data: the object itself.
        place: its path, "phases[3].measurements"; "" is the whole document.
    """

    __slots__ = ("data", "place")

    def __init__(self, data: dict[str, Any], place: str = "") -> None:
        """Wrap an object; it is shared, not copied."""
        self.data = data
        self.place = place

    def at(self, key: str) -> str:
        """Path of a member."""
        return f"{self.place}.{key}" if self.place else key

    def error(self, key: str, text: str) -> ConversionError:
        """An error that names the member."""
        return ConversionError(text, place=self.at(key))

    def text(self, key: str, default: str = "") -> str:
        """A text; numbers are taken as their text, null and a missing member as `default`."""
        value = self.data.get(key)
        if value is None:
            return default
        if isinstance(value, str):
            return printable(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _number_text(value)
        raise self._wrong(key, "a text", value)

    def integer(self, key: str) -> int | None:
        """A whole number, or None where there is none."""
        value = self.data.get(key)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        if isinstance(value, float) and value.is_integer():
            return int(value)
        raise self._wrong(key, "a whole number", value)

    def flag(self, key: str) -> bool:
        """True only for true."""
        return self.data.get(key) is True

    def child(self, key: str) -> JsonObject:
        """A member object; an empty one where there is none."""
        value = self.data.get(key)
        if value is None:
            return JsonObject({}, self.at(key))
        if not isinstance(value, dict):
            raise self._wrong(key, "an object", value)
        return JsonObject(value, self.at(key))

    def items(self, key: str) -> list[Any]:
        """A member list; an empty one where there is none."""
        value = self.data.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._wrong(key, "a list", value)
        return value

    def objects(self, key: str) -> Iterator[JsonObject]:
        """The objects of a member list."""
        for index, value in enumerate(self.items(key)):
            yield as_object(value, f"{self.at(key)}[{index}]")

    def members(self) -> Iterator[tuple[str, JsonObject]]:
        """All members, each of which must be an object; in file order."""
        for key, value in self.data.items():
            yield key, as_object(value, self.at(f"[{json.dumps(key)}]").replace(".[", "["))

    def _wrong(self, key: str, wanted: str, value: object) -> ConversionError:
        return _wrong(self.at(key), wanted, value)


def as_object(value: object, place: str) -> JsonObject:
    """`value` as an object.

    Raises:
        ConversionError: it is none.
    """
    if not isinstance(value, dict):
        raise _wrong(place, "an object", value)
    return JsonObject(value, place)


def is_object(head: bytes) -> bool:
    """Does a file that begins so look like a JSON object?"""
    return head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{")


def is_closed(glimpse: Glimpse) -> bool:
    """Has the document been written to its end?

    The closing brace or bracket must stand there, and of a short file nothing may be open before it. A broken
    file counts as whole: it shall be refused with its reason.
    """
    is_list = glimpse.head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"[")
    if not glimpse.tail.rstrip(_BLANK).endswith(b"]" if is_list else b"}"):
        return False
    return glimpse.size > len(glimpse.head) or not _ends_early(glimpse.head)


def _ends_early(data: bytes) -> bool:
    """It is the beginning of a document, right so far."""
    try:
        json.loads(decode_text(data).rstrip())
    except json.JSONDecodeError as error:
        return error.pos >= len(error.doc) or error.msg.startswith("Unterminated string")
    except (ConversionError, RecursionError, ValueError):
        return False
    return False


def parse_json(data: bytes, *, name: str) -> Any:
    """Parse a whole JSON document: UTF-8, with or without BOM, bare NaN and Infinity as Python writes them.

    Raises:
        ConversionError: not JSON (with line and column), too big, nested too deep.
    """
    if len(data) > MAX_BYTES:
        raise ConversionError(f"{name} is larger than {MAX_BYTES // 1024 // 1024} MB, the bound for JSON")
    text = decode_text(data, name=name)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ConversionError(
            f"{name} is not JSON: {error.msg}",
            place=f"line {error.lineno} column {error.colno}",
            next_step="The tester may have stopped while it wrote the file.",
        ) from error
    except RecursionError as error:
        raise ConversionError(f"{name} nests lists and objects too deep") from error
    except ValueError as error:  # a number of thousands of digits
        raise ConversionError(f"{name} is not JSON: {error}") from error


def _number_text(value: float) -> str:
    try:
        return str(value)
    except ValueError:  # more digits than Python turns into text
        return "a very long number"


def _wrong(place: str, wanted: str, value: object) -> ConversionError:
    found = "nothing" if value is None else _WORDS.get(type(value), "a number")
    return ConversionError(f"should be {wanted}, is {found}", place=place)
