"""WSJF, the JSON form of WATS reports: decode and encode, losing nothing.

`decode` changes nothing, `encode` writes what stands in `Report.data`: unknown keys and step types, the
order of keys, whole numbers and fractions survive a round trip. What must be mended before a server
takes it is mended by `repair`, and told.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, NoReturn

from stationmaster.api.measurement import number
from stationmaster.api.repair import repair
from stationmaster.api.report import Report
from stationmaster.api.text import decode_text
from stationmaster.errors import ConversionError
from stationmaster.sentence import an

__all__ = ["decode", "encode", "records", "repair"]

MAX_DEPTH = 250
"""Levels of JSON inside each other; each level of steps takes two."""

_BLANK = " \t\r\n"


def decode(data: bytes | str) -> list[Report]:
    """Read a WSJF object, or a list of them.

    Each report's `record` is its own text in the source.

    Raises:
        ConversionError: not UTF-8, not JSON (names line and column), not an object, a key twice in one
            object, nested too deeply.
    """
    return list(records(data))


def records(data: bytes | str) -> Iterator[Report]:
    """As `decode`, one report at a time: a long list is not held as objects all at once."""
    text = data if isinstance(data, str) else decode_text(data, fallback="utf-8")
    text = text.removeprefix("\ufeff")
    start = _skip(text, 0)
    if text[start : start + 1] != "[":
        value, end = _value(text, start)
        _nothing_after(text, end)
        yield _report(value, text[start:end], "")
        return
    at, count = _skip(text, start + 1), 0
    if text[at : at + 1] == "]":
        raise ConversionError("the list holds no report")
    while True:
        value, end = _value(text, at)
        count += 1
        yield _report(value, text[at:end], f"report {count}")
        at = _skip(text, end)
        if text[at : at + 1] == "]":
            _nothing_after(text, at + 1)
            return
        if text[at : at + 1] != ",":
            raise ConversionError("expected , or ] after a report", place=_place(text, at))
        at = _skip(text, at + 1)


def encode(report: Report) -> bytes:
    """Write the report as compact UTF-8 JSON; the same data gives the same bytes.

    Numbers that JSON has no form for become the words that WSJF uses: "NaN", "Infinity", "-Infinity".

    Raises:
        ConversionError: the data holds something that is not JSON, or is nested too deeply.
    """
    try:
        try:
            text = _dump(report.data)
        except ValueError:
            text = _dump(_finite(report.data))
        try:
            return text.encode()
        except UnicodeEncodeError:
            # Half a surrogate pair, as "\\ud83d" in the source: it has no UTF-8 form, but an escape.
            return _dump(_finite(report.data), ascii_only=True).encode()
    except RecursionError as error:
        raise ConversionError("the report is nested too deeply") from error


def _dump(data: object, *, ascii_only: bool = False) -> str:
    return json.dumps(
        data, ensure_ascii=ascii_only, allow_nan=False, separators=(",", ":"), default=_not_json
    )


def _not_json(value: object) -> NoReturn:
    raise ConversionError(f"{an(type(value).__name__)} has no place in a WSJF report: {value!r:.60}")


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return number(value)
    return value


class _TwiceError(ValueError):
    """A key stands twice in one object; JSON readers would drop one of them."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _TwiceError(f"the key {twice!r:.80} stands twice in one object")
    return result


_DECODER = json.JSONDecoder(object_pairs_hook=_object)


def _value(text: str, at: int) -> tuple[object, int]:
    try:
        value, end = _DECODER.raw_decode(text, at)
    except json.JSONDecodeError as error:
        raise ConversionError(
            f"not JSON: {error.msg}", place=f"line {error.lineno} column {error.colno}"
        ) from error
    except RecursionError as error:
        raise ConversionError("the report is nested too deeply") from error
    except ValueError as error:  # a key twice; a number of more than 4300 digits
        raise ConversionError(str(error)) from error
    return value, end


def _report(value: object, record: str, place: str) -> Report:
    if not isinstance(value, dict):
        raise ConversionError(f"a report is a JSON object, not {_kind(value)}", place=place)
    if _too_deep(value):
        raise ConversionError("the report is nested too deeply", place=place)
    report = Report(value)
    report.record = record.encode(errors="surrogatepass")
    return report


def _too_deep(value: object) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for one in level
            for child in (one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def _nothing_after(text: str, at: int) -> None:
    rest = _skip(text, at)
    if rest < len(text):
        raise ConversionError("something stands after the end of the report", place=_place(text, rest))


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANK:
        at += 1
    return at


def _place(text: str, at: int) -> str:
    line, begin = text.count("\n", 0, at) + 1, text.rfind("\n", 0, at)
    return f"line {line} column {at - begin}"


def _kind(value: object) -> str:
    if value is None:
        return "null"
    names = {list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(value), type(value).__name__)
