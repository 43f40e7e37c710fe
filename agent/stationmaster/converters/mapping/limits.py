"""Limits as people write them in one cell."""

from __future__ import annotations

import re
from typing import Final

from stationmaster.api import CompOp, Limits, at_least, at_most, between
from stationmaster.api.number import Decimal, parse_number

_N: Final = r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d{1,3})?"
_UNIT: Final = r"\s*[A-Za-z\u00b5\u03bc\u03a9\u00b0%]{0,8}"
_AROUND = re.compile(rf"\(?\s*(?P<mid>{_N})?\s*(?:\+\s*/?\s*-|±)\s*/?\s*(?P<by>{_N}){_UNIT}\s*\)?")
_RANGE = re.compile(
    rf"\(?\s*(?P<low>{_N}){_UNIT}\s*(?:-|\u2013|to|/|\.\.\.?|;)\s*(?P<high>{_N}){_UNIT}\s*\)?"
)
_ONE_SIDED = re.compile(rf"[(\[]?\s*(?P<comp><=|>=|<|>|=<|=>|≤|≥)\s*(?P<bound>{_N}){_UNIT}\s*[)\]]?")
_COMPS: Final = {
    "<": CompOp.LT,
    "<=": CompOp.LE,
    "=<": CompOp.LE,
    "≤": CompOp.LE,
    ">": CompOp.GT,
    ">=": CompOp.GE,
    "=>": CompOp.GE,
    "≥": CompOp.GE,
}


def read_limits(text: str, pattern: str, decimal: Decimal) -> Limits | None:
    """Limits out of one text; None where it is empty.

    Raises:
        ValueError: it has a form that nobody told us.
    """
    text = text.strip()
    if not text.strip("-()[] "):
        return None
    if pattern:
        found = re.search(pattern, text)
        if found is None:
            raise ValueError(f"{text[:40]!r} does not match the mapping's pattern for limits")
        groups = found.groupdict()
        return limits_of(
            parse_number(groups.get("low") or "", decimal=decimal),
            parse_number(groups.get("high") or "", decimal=decimal),
        )
    if found := _ONE_SIDED.fullmatch(text):
        return Limits(_COMPS[found["comp"]], _number(found["bound"], decimal))
    if found := _AROUND.fullmatch(text):
        middle, by = _number(found["mid"] or "0", decimal), abs(_number(found["by"], decimal))
        return between(round(middle - by, 12), round(middle + by, 12))
    if found := _RANGE.fullmatch(text):
        low, high = sorted((_number(found["low"], decimal), _number(found["high"], decimal)))
        return between(low, high)
    raise ValueError(f"{text[:40]!r} are no limits in a form that is known")


def limits_of(low: float | None, high: float | None) -> Limits | None:
    """Two-sided, one-sided, or none."""
    if low is not None and high is not None:
        return between(low, high)
    if low is not None:
        return at_least(low)
    return at_most(high) if high is not None else None


def _number(text: str, decimal: Decimal) -> float:
    value = parse_number(text, decimal=decimal)
    if value is None:
        raise ValueError(f"{text[:40]!r} is no number")
    return value
