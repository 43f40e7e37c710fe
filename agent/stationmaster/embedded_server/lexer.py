"""The lexer of the filter language: text to tokens, each with its place.

The language is the subset of OData 4 that the WATS server documents for `$filter`: comparisons, `and`, `or`,
`not`, `in`, parentheses and the functions contains, startswith and endswith.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from uuid import UUID

from stationmaster.embedded_server.error import QueryError

OPTION = "$filter"
MAX_LENGTH = 8_000
"""Characters of a filter; a longer one is refused."""

Value = str | int | float | bool | datetime | UUID | None
"""A literal: text, number, truth value, moment (aware UTC), id, or null."""


class Kind(Enum):
    """Kinds of tokens."""

    WORD = auto()
    """A field name, an operator or a function name."""
    LITERAL = auto()
    OPEN = auto()
    CLOSE = auto()
    COMMA = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One token.

    Attributes:
        text: as it stands in the filter.
        position: its first character, counted from 1.
        value: of a literal.
    """

    kind: Kind
    text: str
    position: int
    value: Value = None

    def is_word(self, *words: str) -> bool:
        """Is it one of these words, in any case?"""
        return self.kind is Kind.WORD and self.text.lower() in words

    def __str__(self) -> str:
        return "the end" if self.kind is Kind.END else repr(self.text)


_PATTERN = re.compile(
    r"""
    (?P<space>[ \t\r\n]+)
  | (?P<prefix>datetime|datetimeoffset|guid)?'(?P<string>(?:[^']|'')*)'
  | (?P<guid>[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}(?![0-9A-Za-z_]))
  | (?P<moment>\d{4}-\d{2}-\d{2}(?:T[0-9:.]+(?:Z|[+-]\d{2}:\d{2})?)?(?![0-9A-Za-z_]))
  | (?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![0-9A-Za-z_.]))
  | (?P<word>[A-Za-z_][A-Za-z0-9_]*(?:/[A-Za-z_][A-Za-z0-9_]*)*)
  | (?P<open>\() | (?P<close>\)) | (?P<comma>,)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_MARKS = {"open": Kind.OPEN, "close": Kind.CLOSE, "comma": Kind.COMMA}
_NAMED: dict[str, Value] = {"true": True, "false": False, "null": None}


def tokens(text: str) -> Iterator[Token]:
    """Split a filter into tokens, closed by one END.

    Raises:
        QueryError: a character or literal that has no meaning here.
    """
    if len(text) > MAX_LENGTH:
        raise QueryError(OPTION, f"is longer than {MAX_LENGTH} characters")
    place = 0
    while place < len(text):
        match = _PATTERN.match(text, place)
        if match is None:
            raise QueryError(OPTION, _no_meaning(text[place:]), position=place + 1)
        if match["space"] is None:
            yield _token(match, place + 1)
        place = match.end()
    yield Token(Kind.END, "", len(text) + 1)


def _no_meaning(rest: str) -> str:
    if rest.startswith("'"):
        return "the text in quotes is not closed"
    return f"{rest[:20].split(' ', maxsplit=1)[0]!r} has no meaning here"


def _token(match: re.Match[str], position: int) -> Token:
    text = match.group()
    for group, kind in _MARKS.items():
        if match[group]:
            return Token(kind, text, position)
    if match["word"]:
        if text.lower() in _NAMED:
            return Token(Kind.LITERAL, text, position, _NAMED[text.lower()])
        return Token(Kind.WORD, text, position)
    return Token(Kind.LITERAL, text, position, _literal(match, position))


def _literal(match: re.Match[str], position: int) -> Value:
    if match["string"] is not None:
        inner = match["string"].replace("''", "'")
        if "\0" in inner:
            raise QueryError(OPTION, "a NUL character cannot be searched for", position=position)
        prefix = (match["prefix"] or "").lower()
        if prefix == "guid":
            return parse_id(inner, position)
        return parse_moment(inner, position) if prefix else inner
    if match["guid"]:
        return UUID(match["guid"])
    if match["moment"]:
        return parse_moment(match["moment"], position)
    return _number(match["number"], position)


def _number(text: str, position: int) -> int | float:
    if re.fullmatch(r"[+-]?\d+", text):
        # Beyond some thousand digits int() itself refuses.
        value = int(text) if len(text) <= 20 else 2**63
        if not -(2**63) <= value < 2**63:
            raise QueryError(OPTION, f"the number {text[:30]} is too large", position=position)
        return value
    return float(text)


def parse_moment(text: str, position: int) -> datetime:
    """An ISO 8601 moment as aware UTC; without an offset it is taken as UTC.

    Raises:
        QueryError: there is no such moment.
    """
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise QueryError(OPTION, f"{text!r} is no date and time", position=position) from error


def parse_id(text: str, position: int) -> UUID:
    """A report id.

    Raises:
        QueryError: it is none.
    """
    try:
        return UUID(text)
    except ValueError as error:
        raise QueryError(OPTION, f"{text!r} is no report id", position=position) from error
