"""The parser of `$filter`: text to a small tree. It knows the fields and their types, but no SQL.

Grammar, loosest binding first::

    either     = both { "or" both }
    both       = denied { "and" denied }
    denied     = "not" denied | term
    term       = "(" either ")" | function | comparison
    function   = ("contains" | "startswith" | "endswith") "(" field "," text ")"
    comparison = field ("eq"|"ne"|"gt"|"ge"|"lt"|"le") literal | field "in" "(" literal { "," literal } ")"
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from stationmaster.embedded_server.error import QueryError
from stationmaster.embedded_server.field import BY_NAME, Field, FieldType
from stationmaster.embedded_server.lexer import OPTION, Kind, Token, Value, parse_id, parse_moment, tokens

MAX_DEPTH = 40
"""Nested parentheses and nots."""
MAX_TERMS = 200
"""Comparisons and functions in one filter."""
COMPARISONS = ("eq", "ne", "gt", "ge", "lt", "le")
FUNCTIONS = ("contains", "startswith", "endswith")


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field against a literal; `operator` is one of COMPARISONS."""

    field: Field
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class Membership:
    """A field against a list of literals."""

    field: Field
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """A text function; `function` is one of FUNCTIONS."""

    function: str
    field: Field
    text: str


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    term: Expression


@dataclass(frozen=True, slots=True)
class Group:
    """All of (`every`) or any of the terms; two terms at least."""

    every: bool
    terms: tuple[Expression, ...]


Expression = Comparison | Membership | Match | Not | Group


def parse(text: str) -> Expression:
    """Parse a filter.

    Raises:
        QueryError: the text is no filter; says where and why.
    """
    return _Parser(list(tokens(text))).whole()


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._next = 0
        self._depth = 0
        self._terms = 0

    def whole(self) -> Expression:
        expression = self._either()
        end = self._take()
        if end.kind is not Kind.END:
            raise _unexpected("'and', 'or' or the end", end)
        return expression

    # ---------------------------------------------------------------- tokens
    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._token
        if token.kind is not Kind.END:
            self._next += 1
        return token

    def _expect(self, kind: Kind, wanted: str) -> Token:
        token = self._take()
        if token.kind is not kind:
            raise _unexpected(wanted, token)
        return token

    # ---------------------------------------------------------------- grammar
    def _either(self) -> Expression:
        return self._chain("or", self._both)

    def _both(self) -> Expression:
        return self._chain("and", self._denied)

    def _chain(self, word: str, below: Callable[[], Expression]) -> Expression:
        terms = [below()]
        while self._token.is_word(word):
            self._take()
            terms.append(below())
        return terms[0] if len(terms) == 1 else Group(every=word == "and", terms=tuple(terms))

    def _denied(self) -> Expression:
        if not self._token.is_word("not"):
            return self._term()
        self._deeper(self._take())
        term = Not(self._denied())
        self._depth -= 1
        return term

    def _term(self) -> Expression:
        token = self._take()
        if token.kind is Kind.OPEN:
            self._deeper(token)
            inner = self._either()
            self._expect(Kind.CLOSE, "')'")
            self._depth -= 1
            return inner
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise QueryError(OPTION, f"has more than {MAX_TERMS} terms", position=token.position)
        if self._token.kind is Kind.OPEN and token.kind is Kind.WORD and not token.is_word("in"):
            return self._function(token)
        return self._comparison(token)

    def _deeper(self, token: Token) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise QueryError(OPTION, f"is nested deeper than {MAX_DEPTH} levels", position=token.position)

    def _function(self, name: Token) -> Match:
        if not name.is_word(*FUNCTIONS):
            known = ", ".join(FUNCTIONS)
            raise QueryError(
                OPTION, f"{name} is no function here, there are: {known}", position=name.position
            )
        self._take()
        token = self._expect(Kind.WORD, "a field")
        field = _field(token)
        if field.type is not FieldType.TEXT:
            text = f"{name.text} needs a text field, {field.name} is none"
            raise QueryError(OPTION, text, position=token.position)
        self._expect(Kind.COMMA, "','")
        literal = self._expect(Kind.LITERAL, "text in quotes")
        if not isinstance(literal.value, str):
            raise _unexpected("text in quotes", literal)
        self._expect(Kind.CLOSE, "')'")
        return Match(name.text.lower(), field, literal.value)

    def _comparison(self, token: Token) -> Expression:
        if token.kind is not Kind.WORD:
            raise _unexpected("a field, a function, 'not' or '('", token)
        field = _field(token)
        operator = self._take()
        if operator.is_word("in"):
            return Membership(field, self._list(field))
        if not operator.is_word(*COMPARISONS):
            raise _unexpected("one of eq, ne, gt, ge, lt, le, in", operator)
        return Comparison(field, operator.text.lower(), self._value(field))

    def _list(self, field: Field) -> tuple[Value, ...]:
        self._expect(Kind.OPEN, "'('")
        values = [self._value(field)]
        while self._token.kind is Kind.COMMA:
            self._take()
            values.append(self._value(field))
        self._expect(Kind.CLOSE, "',' or ')'")
        return tuple(values)

    def _value(self, field: Field) -> Value:
        return _fitting(field, self._expect(Kind.LITERAL, f"a value for {field.name}"))


def _field(token: Token) -> Field:
    field = BY_NAME.get(token.text.lower())
    if field is not None:
        return field
    near = difflib.get_close_matches(token.text.lower(), BY_NAME, n=1)
    hint = f", did you mean {BY_NAME[near[0]].name}?" if near else ""
    raise QueryError(OPTION, f"there is no field {token}{hint}", position=token.position)


def _unexpected(wanted: str, found: Token) -> QueryError:
    return QueryError(OPTION, f"expected {wanted}, found {found}", position=found.position)


def _fitting(field: Field, literal: Token) -> Value:
    """The literal's value in the field's own type."""
    value = literal.value
    if isinstance(value, str) and field.type is FieldType.MOMENT:
        return parse_moment(value, literal.position)
    if isinstance(value, str) and field.type is FieldType.ID:
        return parse_id(value, literal.position)
    # truth values are whole numbers to Python, not to us
    if value is not None and (isinstance(value, bool) or not isinstance(value, _TYPES[field.type])):
        text = f"{field.name} is {_WORDS[field.type]}, found {literal}"
        raise QueryError(OPTION, text, position=literal.position)
    return value


_TYPES: dict[FieldType, tuple[type, ...]] = {
    FieldType.TEXT: (str,),
    FieldType.INTEGER: (int, float),
    FieldType.NUMBER: (int, float),
    FieldType.MOMENT: (datetime,),
    FieldType.ID: (UUID,),
}
_WORDS = {
    FieldType.TEXT: "text: put the value in quotes",
    FieldType.INTEGER: "a number",
    FieldType.NUMBER: "a number",
    FieldType.MOMENT: "a date and time",
    FieldType.ID: "a report id",
}
