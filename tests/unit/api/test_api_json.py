"""JSON files that are being written: whole, begun, or broken."""

from __future__ import annotations

import pytest

from stationmaster.api import Glimpse
from stationmaster.api.json_text import is_closed, is_object


def glimpse(data: bytes, *, seen: int = 65536) -> Glimpse:
    return Glimpse(name="x.json", size=len(data), head=data[:seen], tail=data[-seen:])


@pytest.mark.parametrize(
    ("data", "whole"),
    [
        (b'{"a": {"b": [1, 2]}}', True),
        (b'\xef\xbb\xbf[{"a": 1}]\r\n', True),
        (b"{}\n\0\0\0", True),
        ('{"a": {}}'.encode("utf-16"), True),
        (b'{"a": {"b": [1, 2]}', False),
        (b'{"a": "}', False),
        (b'[{"a": 1}', False),
        (b"", False),
        # broken, and to be refused with its reason
        (b'{"a": 1 "b": 2}', True),
        (b'{"a": \xff\0}', True),
    ],
)
def test_is_closed(data: bytes, *, whole: bool) -> None:
    assert is_closed(glimpse(data)) is whole


def test_of_a_long_file_the_end_is_seen_alone() -> None:
    assert is_closed(glimpse(b'{"a": {"b": 1}', seen=8))
    assert not is_closed(glimpse(b'[{"a": {"b": 1}', seen=8))


def test_is_object() -> None:
    assert is_object(b'\xef\xbb\xbf \n{"a"')
    assert not is_object(b"[{}]")
