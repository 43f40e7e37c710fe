"""Filter trees to SQL. Values only ever travel as parameters; names come from the field list alone.

Logic is two-valued: a comparison with null is false, but for `eq null`, `ne null` and `ne` of a value, as
OData says it. So `not` is the plain opposite.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from stationmaster.embedded_server.field import Field, FieldType
from stationmaster.embedded_server.filter import Comparison, Expression, Group, Match, Membership, Not
from stationmaster.embedded_server.lexer import Value

Parameter = str | int | float | None
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SIGNS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}


def microseconds(moment: datetime) -> int:
    """An aware moment as microseconds since 1970 UTC."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def condition(expression: Expression) -> tuple[str, list[Parameter]]:
    """The WHERE condition of a filter over table `report`, and its parameters in order."""
    match expression:
        case Group(every, terms):
            parts = [condition(term) for term in terms]
            text = (" AND " if every else " OR ").join(part for part, _ in parts)
            return f"({text})", [value for _, values in parts for value in values]
        case Not(term):
            text, values = condition(term)
            return f"(NOT {text})", values
        case Comparison(field, operator, value):
            return _comparison(field, operator, value)
        case Membership(field, values):
            return _membership(field, values)
        case Match(function, field, text):
            return _match(function, field, text)


def _comparison(field: Field, operator: str, value: Value) -> tuple[str, list[Parameter]]:
    column = _column(field)
    parameter = _parameter(value)
    if operator == "eq":
        return f"({column} IS ?)", [parameter]
    if operator == "ne":
        return f"({column} IS NOT ?)", [parameter]
    return f"ifnull({column} {_SIGNS[operator]} ?, 0)", [parameter]


def _membership(field: Field, values: tuple[Value, ...]) -> tuple[str, list[Parameter]]:
    column = _column(field)
    given = [_parameter(value) for value in values if value is not None]
    text = f"ifnull({column} IN ({', '.join('?' * len(given))}), 0)"
    if None in values:
        text = f"({text} OR {column} IS NULL)"
    return text, list(given)


def _match(function: str, field: Field, text: str) -> tuple[str, list[Parameter]]:
    # lower() of SQLite folds ASCII letters only, as NOCASE does: both kinds of comparison agree
    column, wanted = f"lower({field.column})", "lower(?)"
    if function == "contains":
        return f"ifnull(instr({column}, {wanted}) > 0, 0)", [text]
    if function == "startswith":
        return f"ifnull(substr({column}, 1, length({wanted})) = {wanted}, 0)", [text, text]
    if not text:
        return f"({field.column} IS NOT NULL)", []
    return f"ifnull(substr({column}, -length({wanted})) = {wanted}, 0)", [text, text]


def _column(field: Field) -> str:
    return f"{field.column} COLLATE NOCASE" if field.type is FieldType.TEXT else field.column


def _parameter(value: Value) -> Parameter:
    match value:
        case datetime():
            return microseconds(value)
        case UUID():
            return str(value)
        case _:
            return value
