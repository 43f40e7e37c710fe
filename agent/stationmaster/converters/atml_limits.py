"""Limits of ATML: single limits, pairs inside or outside, expected values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from stationmaster.api import CompOp, ConversionError, Limits, between
from stationmaster.api.xml import Element, child_text, children, local_name, place
from stationmaster.converters.atml_data import (
    attribute,
    below,
    datum_text,
    first,
    flag,
    kind_of,
    number_of,
    unit_of,
)
from stationmaster.converters.teststand_limits import tolerance

_LOW: Final = {"AND": frozenset({"GE", "GT"}), "OR": frozenset({"LE", "LT"})}
_HIGH: Final = {"AND": frozenset({"LE", "LT"}), "OR": frozenset({"GE", "GT"})}
_TEXT: Final = {"EQ": CompOp.CASESENSIT, "CIEQ": CompOp.IGNORECASE}
_NUMBER: Final = {"EQ": CompOp.EQ, "NE": CompOp.NE}


@dataclass(slots=True)
class Compared:
    """What a measurement is compared with; `note` is what no operator can say."""

    limits: Limits | None = None
    comp: CompOp | None = None
    limit: str | None = None
    note: str = ""
    stated: bool = False


def limits_of(result: Element) -> Compared:
    """The limits of a TestResult; nothing where there are none.

    Raises:
        ConversionError: a limit that is no number, or lacks its comparator.
    """
    extension = below(result, "Extension", "TSLimitProperties", "IsComparisonTypeLog")
    holder = below(result, "TestLimits", "Limits")
    if flag(extension):
        return Compared(stated=True)
    if holder is None:
        return Compared()
    limit = first(holder, "SingleLimit", "LimitPair", "Expected")
    if limit is None:
        return Compared(stated=flag(below(holder, "Extension", "TSLimitProperties", "IsComparisonTypeLog")))
    name = local_name(limit)
    if name == "Expected":
        return _expected(limit, _threshold(result))
    found = _single(limit) if name == "SingleLimit" else _pair(limit)
    nominal = below(limit, "Nominal", "Datum")
    if nominal is not None:
        _around(found, nominal, _threshold(result))
    found.stated = True
    return found


def _bound(limit: Element) -> float:
    datum = first(limit, "Datum")
    value = None if datum is None else number_of(datum, datum_text(datum))
    if value is None:
        raise ConversionError("a limit without a number", place=place(limit))
    return value


def _single(limit: Element) -> Compared:
    word = attribute(limit, "comparator").upper()
    if word not in {"GE", "GT", "LE", "LT", "EQ", "NE"}:
        raise ConversionError(f"{word[:20]!r} is no comparator of a single limit", place=place(limit))
    return Compared(limits=Limits(CompOp(word), _bound(limit)))


def _pair(pair: Element) -> Compared:
    operator = attribute(pair, "operator").upper() or "AND"
    limits = {attribute(one, "comparator").upper(): one for one in children(pair, "Limit")}
    low = next((word for word in limits if word in _LOW.get(operator, ())), "")
    high = next((word for word in limits if word in _HIGH.get(operator, ())), "")
    if not low or not high or len(limits) != 2:
        raise ConversionError("a pair of limits that is neither inside nor outside", place=place(pair))
    return Compared(limits=Limits(CompOp(low + high), _bound(limits[low]), _bound(limits[high])))


def _threshold(result: Element) -> str:
    """How far a value may lie from the nominal one: percentage, parts per million, or delta."""
    for holder in (below(result, "TestLimits", "Limits"), result):
        extension = below(holder, "Extension", "TSLimitProperties") if holder is not None else None
        if extension is not None and (word := child_text(extension, "ThresholdType").strip()):
            return word.upper()
    return ""


def _around(found: Compared, datum: Element, threshold: str) -> None:
    """Tolerances around a nominal value become limits, also where that is negative."""
    nominal, limits = number_of(datum, datum_text(datum)), found.limits
    if limits is None:
        return
    around, found.note = tolerance(nominal, limits.low, limits.high, threshold, unit_of(datum))
    if around is not None:
        found.limits = Limits(limits.comp, around.low, around.high)


def _expected(expected: Element, threshold: str) -> Compared:
    word = attribute(expected, "comparator").upper()
    datum = first(expected, "Datum")
    if datum is None:
        raise ConversionError("an expected value without a value", place=place(expected))
    if kind_of(datum) in {"string", ""} and datum.get("value") is None:
        return _expected_text(word, attribute(expected, "comparator"), datum_text(datum))
    resolved = below(datum, "ErrorLimits", "LimitPair")
    if word == "EQ" and resolved is not None:
        found = _pair(resolved)
        _around(found, datum, threshold)
        found.stated = True
        return found
    comp = _NUMBER.get(word)
    if comp is None:
        raise ConversionError(f"{word[:40]!r} is no comparator of a number", place=place(expected))
    return Compared(limits=Limits(comp, _bound(expected)), stated=True)


def _expected_text(word: str, written: str, limit: str) -> Compared:
    comp = _TEXT.get(word)
    if comp is not None:
        return Compared(comp=comp, limit=limit, stated=True)
    return Compared(note=f"Expected, {written}: {limit}", stated=True)


def loose_limits(low: float | None, high: float | None) -> Limits | None:
    """Bounds that an older ATML writes beside a value without saying how they are compared."""
    return None if low is None or high is None else between(low, high)
