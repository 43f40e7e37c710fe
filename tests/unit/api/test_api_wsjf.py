"""The WSJF codec: what goes in comes out."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.report import minimal_report, rich_report
from stationmaster.api import ConversionError, Report
from stationmaster.api.wsjf import MAX_DEPTH, decode, encode, records

SAMPLES = sorted((Path(__file__).parents[2] / "data" / "wsjf").glob("*.json"))


def same(one: object, other: object) -> bool:
    """Equal as JSON texts are: 1 is not 1.0 and not true, the order of keys counts."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_the_samples_survive(path: Path) -> None:
    data = path.read_bytes()
    [report] = decode(data)
    assert not report.built
    assert report.record == data.strip()
    assert same(json.loads(encode(report)), json.loads(data))


def test_there_are_samples() -> None:
    assert {path.name for path in SAMPLES} >= {"minimal.json", "rich.json", "uur.json"}


def test_encoding_is_compact_utf8_and_repeatable() -> None:
    report = Report({"sn": "Ø", "n": [1, 1.0, 1e-12, None, True]})
    assert encode(report) == '{"sn":"Ø","n":[1,1.0,1e-12,null,true]}'.encode()
    assert encode(rich_report().finish()) == encode(rich_report().finish())


def test_bytes_text_and_byte_order_marks() -> None:
    text = '{"sn": "Ø"}'
    for data in (text, "\ufeff" + text, text.encode(), text.encode("utf-8-sig"), text.encode("utf-16")):
        [report] = decode(data)
        assert report.data == {"sn": "Ø"}


def test_a_list_is_as_many_reports_each_with_its_own_record() -> None:
    reports = decode(b'[ {"sn": "1"} ,\n{"sn":"2", "x": [1]}]\n')
    assert [report.sn for report in reports] == ["1", "2"]
    assert [report.record for report in reports] == [b'{"sn": "1"}', b'{"sn":"2", "x": [1]}']


def test_a_list_is_read_one_report_at_a_time() -> None:
    found = records('[{"sn":"1"},{"sn":]')
    assert next(found).sn == "1"
    with pytest.raises(ConversionError, match="line 1 column 19"):
        next(found)


def test_numbers_without_json_form_become_words() -> None:
    report = Report({"a": math.nan, "b": [math.inf, {"c": -math.inf}], "d": (1.5,)})
    assert encode(report) == b'{"a":"NaN","b":["Infinity",{"c":"-Infinity"}],"d":[1.5]}'
    assert math.isnan(report.data["a"]), "the report itself is not touched"


def test_bare_words_are_read_and_written_as_words() -> None:
    [report] = decode('{"a": NaN, "b": -Infinity, "c": 1e999}')
    assert encode(report) == b'{"a":"NaN","b":"-Infinity","c":"Infinity"}'


def test_half_a_surrogate_pair_survives() -> None:
    [report] = decode('{"a": "\\ud83d Ø", "b": NaN}')
    assert report.record is not None
    assert encode(report) == b'{"a":"\\ud83d \\u00d8","b":"NaN"}'
    assert decode(encode(report))[0].data["a"] == "\ud83d Ø"


BROKEN: list[tuple[bytes | str, str]] = [
    (b"", "line 1 column 1"),
    (b"nonsense", "line 1 column 1"),
    (b'{"sn": "1"', "line 1 column 11"),
    (b'{\n "sn": 1,\n}', "line 3 column 1"),
    (b'{"sn": "1"} {"sn": "2"}', "line 1 column 13"),
    (b'{"sn": "1"}\nrest', "line 2 column 1"),
    (b'[{"sn": "1"} {"sn": "2"}]', "line 1 column 14"),
    (b'[{"sn": "1"}] x', "line 1 column 15"),
    (b'[{"sn": "1"}', "line 1 column 13"),
    (b'[{"sn": "1"},]', "line 1 column 14"),
    (b"[]", "no report"),
    (b"[7]", "report 1: a report is a JSON object, not a number"),
    (b'[{}, ["x"]]', "report 2: a report is a JSON object, not a list"),
    (b'"text"', "not a text"),
    (b"null", "not null"),
    (b"true", "not true or false"),
    (b"1.5", "not a number"),
    (b'{"sn": "1", "pn": "2", "sn": "3"}', "'sn' stands twice"),
    (b'{"root": {"name": 1, "name": 2}}', "'name' stands twice"),
    (b'{"n": ' + b"1" * 5000 + b"}", "4300 digits"),
    (b'{"sn": "\xff"}', "byte 8"),
    (b'\0\0{"sn": 1}', "NUL"),
    (b'{"a":' * 300 + b"1" + b"}" * 300, "nested too deeply"),
    (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
    (b"[" * 100_000, "nested too deeply"),
]


@pytest.mark.parametrize(("data", "text"), BROKEN, ids=[text for _, text in BROKEN])
def test_what_is_no_wsjf_is_refused_with_its_place(data: bytes, text: str) -> None:
    with pytest.raises(ConversionError) as caught:
        decode(data)
    assert text in str(caught.value)


def test_the_deepest_that_is_taken_is_also_written() -> None:
    levels = MAX_DEPTH - 1
    data = b'{"a":' * levels + b"[]" + b"}" * levels
    assert encode(decode(data)[0]) == data
    with pytest.raises(ConversionError, match="deeply"):
        decode(b'{"a":' * (levels + 1) + b"[]" + b"}" * (levels + 1))


@pytest.mark.parametrize("value", [datetime(2026, 1, 1, tzinfo=UTC), {1}, b"x"])
def test_what_is_no_json_is_refused_by_name(value: object) -> None:
    with pytest.raises(ConversionError, match=type(value).__name__):
        encode(Report({"a": value}))


def test_a_report_of_endless_depth_is_refused() -> None:
    data: dict[str, Any] = {}
    for _ in range(100_000):
        data = {"steps": [data]}
    with pytest.raises(ConversionError, match="deeply"):
        encode(Report(data))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**70), max_value=2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=30,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(), JSON, max_size=6))
def test_any_json_object_survives(data: dict[str, Any]) -> None:
    [report] = decode(encode(Report(data)))
    assert same(report.data, data)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(), JSON, max_size=5), st.data())
def test_unknown_keys_anywhere_in_a_report_survive(extra: dict[str, Any], data: st.DataObject) -> None:
    report = minimal_report().finish()
    spots = [report.data, report.data["uut"], *(step.data for step in report.steps())]
    spot = data.draw(st.sampled_from(spots))
    spot.update({f"x-{key}": value for key, value in extra.items()})
    [again] = decode(encode(report))
    assert same(again.data, report.data)
