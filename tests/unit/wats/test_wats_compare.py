"""Same report or not: what a server may change, and what it may not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stationmaster.wats.compare import same_report

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(alphabet="abcde", max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


def same(sent: Any, stored: Any) -> bool:
    return same_report(json.dumps(sent).encode(), json.dumps(stored).encode())


@given(JSON)
def test_a_report_is_itself(value: Any) -> None:
    assert same(value, value)


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": 1}, {"A": 1.0}),
        ({"a": None, "b": "", "c": []}, {}),
        ({"a": 0.1}, {"a": 0.1 + 1e-17}),
        ({"id": "0A6BBF4E-3F4C-4A55-8B57-1F9A1D6F2B10"}, {"id": "0a6bbf4e-3f4c-4a55-8b57-1f9a1d6f2b10"}),
        ({"start": "2026-01-01T12:00:00+02:00"}, {"start": "2026-01-01T10:00:00.000Z"}),
        ({"a": 1}, [{"a": 1}]),
        ({"a": []}, {"a": None}),
    ],
)
def test_what_a_server_may_change(sent: Any, stored: Any) -> None:
    assert same(sent, stored)


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ({"a": 1}, {}),
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"a": True}),
        ({"a": True}, {"a": 1}),
        ({"a": "1"}, {"a": 1}),
        ({"a": 0}, {"a": None}),
        ({"a": "SN1"}, {"a": "sn1"}),
        ({"a": [1]}, {"a": [1, 2]}),
        ({"a": [1, 2]}, {"a": [2, 1]}),
        ({"a": [1]}, {"a": 1}),
        ({"a": {"b": 1}}, {"a": [1]}),
        ({"a": []}, {"a": [1]}),
        ({"start": "2026-01-01T12:00:00"}, {"start": "2026-01-01T12:00:01"}),
        ({"start": "2026-99-01T12:00:00"}, {"start": "2026-99-01T12:00:0"}),
        ([{"a": 1}, {"a": 2}], [{"a": 1}]),
    ],
)
def test_what_it_may_not(sent: Any, stored: Any) -> None:
    assert not same(sent, stored)


def test_no_json_is_never_the_same() -> None:
    assert not same_report(b"{}", b"<html>")
    assert not same_report(b"{", b"{")
    assert not same_report(b"{}", b'{"a":"\xff"}')
    deep = b'{"a":' * 10_000 + b"1" + b"}" * 10_000
    assert not same_report(deep, deep)


def test_whole_numbers_beyond_any_double() -> None:
    assert same({"a": 10**400}, {"a": 10**400})
    assert not same({"a": 10**400}, {"a": 10**400 + 1})
