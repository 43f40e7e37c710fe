"""The filter language: a table of texts, and hypothesis against an evaluator that knows no SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stationmaster.embedded_server.error import QueryError
from stationmaster.embedded_server.field import BY_NAME, FIELDS, Field, FieldType
from stationmaster.embedded_server.filter import (
    MAX_DEPTH,
    MAX_TERMS,
    Comparison,
    Expression,
    Group,
    Match,
    Membership,
    Not,
    parse,
)
from stationmaster.embedded_server.lexer import MAX_LENGTH, Value
from stationmaster.embedded_server.schema import connect
from stationmaster.embedded_server.sql import condition, microseconds

SERIAL, PART, CODE = BY_NAME["serialnumber"], BY_NAME["partnumber"], BY_NAME["processcode"]
TIME, START, ID = BY_NAME["executiontime"], BY_NAME["start"], BY_NAME["uuid"]
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
SOME_ID = UUID("aaaaaaaa-0000-4000-8000-000000000001")

Row = dict[str, Any]
ROWS: list[Row] = [
    {
        "id": str(UUID(int=SOME_ID.int + number)),
        "serial_number": serial,
        "part_number": part,
        "process_code": code,
        "execution_time": time,
        "started_us": None if start is None else microseconds(start),
    }
    for number, (serial, part, code, time, start) in enumerate(
        [
            ("SN-1", "PCBA", 10, 1.5, NOON),
            ("sn-1", "pcba", 20, 2.0, NOON + timedelta(seconds=1)),
            ("SN-2", None, None, None, None),
            ("", "", 0, 0.0, NOON - timedelta(days=400)),
            ("a'b", "%", 10, -1.5, NOON),
            ("a_b", "_", 10, 1e9, NOON + timedelta(microseconds=1)),
            ("ÄÖ", "äö", -5, 3.25, NOON),
            (None, "PCBA-2", 500, 1.5, NOON + timedelta(days=1)),
            ("xSN-1y", "1; DROP TABLE report", 7, 1.5, NOON),
            ("\U0001f600z", "z", 10, 1.5, NOON),
        ]
    )
]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    connection = connect(Path(tmp_path_factory.mktemp("filter")) / "f.db")
    for number, row in enumerate(ROWS):
        columns = {**row, "number": number, "type": "T", "receive_count": 1, "report_size": 1}
        columns |= {"time_stamp": number, "received_us": 0, "parts": "{}"}
        names = ", ".join(columns)
        marks = ", ".join("?" * len(columns))
        connection.execute(
            f"INSERT INTO report ({names}) VALUES ({marks})",  # noqa: S608 - names of this test
            list(columns.values()),
        )
    yield connection
    connection.close()


def found_by_sql(connection: sqlite3.Connection, expression: Expression) -> list[int]:
    text, values = condition(expression)
    statement = f"SELECT number FROM report WHERE {text} ORDER BY number"  # noqa: S608 - what is tested
    return [number for (number,) in connection.execute(statement, values)]


# ---------------------------------------------------------------- an evaluator that knows no SQL
def low(text: str) -> str:
    """Lower case of ASCII letters only."""
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)


def key(field: Field, value: Any) -> Any:
    """A value in the form that compares."""
    if isinstance(value, datetime):
        return microseconds(value)
    if isinstance(value, UUID):
        return str(value)
    return low(value) if field.type is FieldType.TEXT and isinstance(value, str) else value


def code_points(value: Any) -> Any:
    """SQLite compares UTF-8 bytes, which is the order of code points."""
    return value.encode() if isinstance(value, str) else value


ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda a, b: bool(a > b),
    "ge": lambda a, b: bool(a >= b),
    "lt": lambda a, b: bool(a < b),
    "le": lambda a, b: bool(a <= b),
}


def holds(expression: Expression, row: Row) -> bool:  # noqa: PLR0911 - one return a kind of term
    match expression:
        case Group(every, terms):
            answers = [holds(term, row) for term in terms]
            return all(answers) if every else any(answers)
        case Not(term):
            return not holds(term, row)
        case Membership(field, values):
            return key(field, row[field.column]) in [key(field, value) for value in values]
        case Match(function, field, text):
            value = row[field.column]
            if value is None:
                return False
            value, text = low(value), low(text)
            tests = {"contains": text in value, "startswith": value.startswith(text)}
            return (tests | {"endswith": value.endswith(text)})[function]
        case Comparison(field, operator, wanted):
            value, against = key(field, row[field.column]), key(field, wanted)
            if operator in {"eq", "ne"}:
                return (value == against) is (operator == "eq")
            if value is None or against is None:
                return False
            return ORDERS[operator](code_points(value), code_points(against))


# ---------------------------------------------------------------- texts of a table
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("serialNumber eq 'SN-1'", [0, 1]),
        ("SERIALNUMBER EQ 'sn-1'", [0, 1]),
        ("serialNumber eq 'a''b'", [4]),
        ("serialNumber ne 'SN-1'", [2, 3, 4, 5, 6, 7, 8, 9]),
        ("serialNumber eq null", [7]),
        ("serialNumber ne null", [0, 1, 2, 3, 4, 5, 6, 8, 9]),
        ("serialNumber gt null", []),
        ("not serialNumber gt null", list(range(10))),
        ("serialNumber in ('SN-1', 'SN-2')", [0, 1, 2]),
        ("partNumber in ('z', null)", [2, 9]),
        ("partNumber in (null)", [2]),
        ("not (partNumber in ('PCBA'))", [2, 3, 4, 5, 6, 7, 8, 9]),
        ("contains(serialNumber, 'N-1')", [0, 1, 8]),
        ("contains(serialNumber,'_')", [5]),
        ("contains(partNumber, '%')", [4]),
        ("startswith(serialNumber, 'sn')", [0, 1, 2]),
        ("endswith(serialNumber, '1')", [0, 1]),
        ("endswith(serialNumber, '')", [0, 1, 2, 3, 4, 5, 6, 8, 9]),
        ("endswith(serialNumber, 'ö')", []),
        ("endswith(serialNumber, 'Ö')", [6]),
        ("startswith(serialNumber, '\U0001f600')", [9]),
        ("processCode ge 10 and processCode lt 500", [0, 1, 4, 5, 9]),
        ("processCode eq -5", [6]),
        ("processCode gt 9.5 and executionTime le 1.5e0", [0, 4, 7, 9]),
        ("executionTime eq 2", [1]),
        ("start ge 2026-01-02T12:00:00Z and start lt 2026-01-02T12:00:01Z", [0, 4, 5, 6, 8, 9]),
        ("start eq 2026-01-02T13:00:01+01:00", [1]),
        ("start gt 2026-01-02T12:00:00.000001", [1, 7]),
        ("start lt 2026-01-01", [3]),
        ("start eq datetime'2026-01-02T12:00:01'", [1]),
        ("start eq '2026-01-02T12:00:01Z'", [1]),
        (f"uuid eq {SOME_ID}", [0]),
        (f"uuid eq guid'{str(SOME_ID).upper()}'", [0]),
        (f"uuid in ('{SOME_ID}')", [0]),
        ("processCode eq 10 or processCode eq 20 and executionTime gt 5", [0, 4, 5, 9]),
        ("(processCode eq 10 or processCode eq 20) and executionTime gt 5", [5]),
        ("not processCode eq 10 and not (processCode eq 20)", [2, 3, 6, 7, 8]),
        ("not not (processCode eq 7)", [8]),
        ("  processCode\teq\r\n7  ", [8]),
        ("partNumber eq '1; DROP TABLE report'", [8]),
        ("reportType eq 't'", list(range(10))),
        ("referencedUut eq null and comment eq null", list(range(10))),
    ],
)
def test_a_filter_finds(database: sqlite3.Connection, text: str, expected: list[int]) -> None:
    expression = parse(text)
    assert found_by_sql(database, expression) == expected
    if all(field.column in ROWS[0] for field in fields_of(expression)):
        assert [number for number, row in enumerate(ROWS) if holds(expression, row)] == expected


def fields_of(expression: Expression) -> list[Field]:
    match expression:
        case Group(_, terms):
            return [field for term in terms for field in fields_of(term)]
        case Not(term):
            return fields_of(term)
        case _:
            return [expression.field]


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("serialNumber eq", 16, "expected a value for serialNumber, found the end"),
        ("serialNumber eq SN", 17, "expected a value for serialNumber, found 'SN'"),
        ("serialNumber eq 'SN", 17, "the text in quotes is not closed"),
        ("serialNumber eq 5", 17, "serialNumber is text: put the value in quotes, found '5'"),
        ("processCode eq 'x'", 16, "processCode is a number"),
        ("processCode eq true", 16, "processCode is a number"),
        ("start gt 5", 10, "start is a date and time"),
        ("start gt 2026-13-01", 10, "'2026-13-01' is no date and time"),
        ("start gt 'soon'", 10, "'soon' is no date and time"),
        ("start gt 0001-01-01T00:00:00+14:00", 10, "is no date and time"),
        ("uuid eq 'x'", 9, "'x' is no report id"),
        ("uuid eq guid'x'", 9, "'x' is no report id"),
        ("uuid eq 5", 9, "uuid is a report id, found '5'"),
        ("serialNumbr eq 'x'", 1, "there is no field 'serialNumbr', did you mean serialNumber?"),
        ("qqqqqqqq eq 'x'", 1, "there is no field 'qqqqqqqq'"),
        ("subUnits/any eq 'x'", 1, "there is no field 'subUnits/any'"),
        ("serialNumber is 'x'", 14, "expected one of eq, ne, gt, ge, lt, le, in, found 'is'"),
        ("serialNumber = 'x'", 14, "'=' has no meaning here"),
        ("serialNumber eq 'x' processCode eq 1", 21, "expected 'and', 'or' or the end"),
        ("serialNumber eq 'x')", 20, "expected 'and', 'or' or the end, found ')'"),
        ("(serialNumber eq 'x'", 21, "expected ')', found the end"),
        ("serialNumber eq 'x' and", 24, "expected a field, a function, 'not' or '(', found the end"),
        ("5 eq 5", 1, "expected a field"),
        ("", 1, "expected a field"),
        ("serialNumber in 'x'", 17, "expected '(', found \"'x'\""),
        ("serialNumber in ()", 18, "expected a value for serialNumber"),
        ("serialNumber in ('x'", 21, "expected ',' or ')', found the end"),
        ("tolower(serialNumber) eq 'x'", 1, "is no function here, there are: contains, startswith"),
        ("contains('x', serialNumber)", 10, "expected a field"),
        ("contains(processCode, '1')", 10, "contains needs a text field, processCode is none"),
        ("contains(serialNumber)", 22, "expected ','"),
        ("contains(serialNumber, 5)", 24, "expected text in quotes"),
        ("contains(serialNumber, processCode)", 24, "expected text in quotes"),
        ("contains(serialNumber, 'x'", 27, "expected ')'"),
        ("processCode eq 99999999999999999999", 16, "is too large"),
        ("processCode eq 5x", 16, "has no meaning here"),
        ("serialNumber eq 'a\0b'", 17, "a NUL character"),
        ("serialNumber eq \N{BOMB}", 17, "has no meaning here"),
        ("(" * (MAX_DEPTH + 1) + "x", MAX_DEPTH + 1, "nested deeper"),
        ("not " * (MAX_DEPTH + 1), 4 * MAX_DEPTH + 1, "nested deeper"),
    ],
)
def test_an_error_says_where_and_why(text: str, position: int, words: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert words in str(caught.value)
    assert (caught.value.position, caught.value.status) == (position, 400)
    assert str(caught.value).startswith(f"$filter, character {position}: ")


def test_the_size_of_a_filter_is_bounded(database: sqlite3.Connection) -> None:
    most = " or ".join(["processCode eq 7"] * MAX_TERMS)
    assert found_by_sql(database, parse(most)) == [8]
    with pytest.raises(QueryError, match=f"more than {MAX_TERMS} terms"):
        parse(most + " or processCode eq 7")
    with pytest.raises(QueryError, match=f"longer than {MAX_LENGTH}"):
        parse("x" * (MAX_LENGTH + 1))
    deep = "(" * MAX_DEPTH + "processCode eq 7" + ")" * MAX_DEPTH
    assert found_by_sql(database, parse(deep)) == [8]


# ---------------------------------------------------------------- any tree, any spelling
VALUES: dict[Field, st.SearchStrategy[Value]] = {
    SERIAL: st.sampled_from(["SN-1", "sn-1", "SN-2", "", "a'b", "ÄÖ", "äö", "x", None])
    | st.text("aAbB'_-%Ä", max_size=4),
    PART: st.sampled_from(["PCBA", "%", "_", "", None]) | st.text("pPcC%_", max_size=4),
    CODE: st.sampled_from([10, 20, 0, -5, 500, 9.5, None]) | st.integers(-(2**63), 2**63 - 1),
    TIME: st.sampled_from([1.5, 2, 0, -1.5, None]) | st.floats(-1e9, 1e9),
    START: st.sampled_from([NOON, NOON + timedelta(microseconds=1), None])
    | st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds are naive
    ID: st.sampled_from([SOME_ID, UUID(int=5), None]),
}
TEXT_FIELDS = (SERIAL, PART)
field_and_value = st.sampled_from(list(VALUES)).flatmap(lambda f: st.tuples(st.just(f), VALUES[f]))
comparisons = st.builds(
    lambda pair, operator: Comparison(pair[0], operator, pair[1]),
    field_and_value,
    st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"]),
)
memberships = st.sampled_from(list(VALUES)).flatmap(
    lambda field: st.builds(
        Membership, st.just(field), st.lists(VALUES[field], min_size=1, max_size=3).map(tuple)
    )
)
matches = st.builds(
    Match,
    st.sampled_from(["contains", "startswith", "endswith"]),
    st.sampled_from(TEXT_FIELDS),
    st.sampled_from(["SN", "sn-1", "", "1", "'", "%", "_", "Ä", "ä"]) | st.text("sSnN1-%_'", max_size=3),
)
trees: st.SearchStrategy[Expression] = st.recursive(
    comparisons | memberships | matches,
    lambda below: (
        st.builds(Not, below)
        | st.builds(Group, st.booleans(), st.lists(below, min_size=2, max_size=3).map(tuple))
    ),
    max_leaves=8,
)


def spelled(value: Value) -> str:
    if value is None:
        return "null"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return value.isoformat() if isinstance(value, datetime) else str(value)


def written(expression: Expression) -> str:
    """The tree as a filter, with no more parentheses than it needs around groups."""
    match expression:
        case Group(every, terms):
            return (" and " if every else " OR ").join(f"({written(term)})" for term in terms)
        case Not(term):
            return f"not ({written(term)})"
        case Membership(field, values):
            return f"{field.name} in ({', '.join(spelled(value) for value in values)})"
        case Match(function, field, text):
            return f"{function}({field.name},{spelled(text)})"
        case Comparison(field, operator, value):
            return f"{field.name.upper()} {operator} {spelled(value)}"


@given(tree=trees)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_filter_finds_what_a_plain_evaluator_finds(
    database: sqlite3.Connection, tree: Expression
) -> None:
    expected = [number for number, row in enumerate(ROWS) if holds(tree, row)]
    parsed = parse(written(tree))
    assert found_by_sql(database, parsed) == expected


@given(text=st.text(max_size=60) | st.text("()',eqandornot sN1null-:T", max_size=60))
@settings(max_examples=400, deadline=None)
def test_any_text_is_parsed_or_refused_in_words(text: str) -> None:
    try:
        parse(text)
    except QueryError as error:
        assert str(error).startswith("$filter")  # noqa: PT017 - either outcome is right


def test_every_field_stands_in_the_table(database: sqlite3.Connection) -> None:
    columns = {row[1] for row in database.execute("PRAGMA table_info(report)")}
    assert {field.column for field in FIELDS} <= columns
