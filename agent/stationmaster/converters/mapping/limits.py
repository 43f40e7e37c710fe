"""Limits as people write them in one cell."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from stationmaster.api import CompOp, Limits, at_least, at_most, between
from stationmaster.converters.mapping.numeral import Numeral

_UNIT: Final = r"\s*[A-Za-z\u00b5\u03bc\u03a9\u00b0%]{0,8}"
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


class _Forms(NamedTuple):
    """How limits are written, with the numbers of one kind of file."""

    one_sided: re.Pattern[str]
    around: re.Pattern[str]
    range: re.Pattern[str]


@lru_cache(maxsize=16)
def _forms(numeral: Numeral) -> _Forms:
    n = numeral.pattern
    between = r"(?:-|\u2013|to|/|\.\.\.?|;)"
    return _Forms(
        re.compile(rf"[(\[]?\s*(?P<comp><=|>=|<|>|=<|=>|≤|≥)\s*(?P<bound>{n}){_UNIT}\s*[)\]]?"),
        re.compile(rf"\(?\s*(?P<mid>{n})?\s*(?:\+\s*/?\s*-|±)\s*/?\s*(?P<by>{n}){_UNIT}\s*\)?"),
        re.compile(rf"\(?\s*(?P<low>{n}){_UNIT}\s*{between}\s*(?P<high>{n}){_UNIT}\s*\)?"),
    )


def read_limits(text: str, pattern: str, numeral: Numeral) -> Limits | None:
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
            numeral.read(groups.get("low") or ""),
            numeral.read(groups.get("high") or ""),
        )
    forms = _forms(numeral)
    if found := forms.one_sided.fullmatch(text):
        return Limits(_COMPS[found["comp"]], _number(found["bound"], numeral))
    if found := forms.around.fullmatch(text):
        middle, by = _number(found["mid"] or "0", numeral), abs(_number(found["by"], numeral))
        return between(round(middle - by, 12), round(middle + by, 12))
    if found := forms.range.fullmatch(text):
        low, high = sorted((_number(found["low"], numeral), _number(found["high"], numeral)))
        return between(low, high)
    raise ValueError(f"{text[:40]!r} are no limits in a form that is known")


def limits_of(low: float | None, high: float | None) -> Limits | None:
    """Two-sided, one-sided, or none."""
    if low is not None and high is not None:
        return between(low, high)
    if low is not None:
        return at_least(low)
    return at_most(high) if high is not None else None


def _number(text: str, numeral: Numeral) -> float:
    value = numeral.read(text)
    if value is None:
        raise ValueError(f"{text[:40]!r} is no number")
    return value
