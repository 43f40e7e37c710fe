"""Limits as people write them in one cell."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from stationmaster.api import CompOp, Limits, at_least, at_most, between
from stationmaster.converters.mapping.numeral import Numeral

_UNIT: Final = r"[A-Za-z\u00b5\u03bc\u03a9\u00b0%]{0,8}"
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
_PREFIXES: Final = frozenset("fpnumkMGT\u00b5")
_NO_UNITS: Final = (_PREFIXES - {"T"}) | {"meg", "Meg", "MEG"}
"""Prefixes without a unit; T alone is a tesla."""


class UnclearError(ValueError):
    """These are limits, but which values they mean nobody can know."""


class _Forms(NamedTuple):
    """How limits are written, with the numbers of one kind of file."""

    one_sided: re.Pattern[str]
    around: re.Pattern[str]
    range: re.Pattern[str]


@lru_cache(maxsize=16)
def _forms(numeral: Numeral) -> _Forms:
    n = numeral.pattern
    between = r"(?:-|\u2013|to|/|\.\.\.?|;)"
    first, second = rf"\s*(?P<unit>{_UNIT})", rf"\s*(?P<last>{_UNIT})"
    return _Forms(
        re.compile(rf"[(\[]?\s*(?P<comp><=|>=|<|>|=<|=>|≤|≥)\s*(?P<bound>{n}){first}\s*[)\]]?"),
        re.compile(rf"\(?\s*(?:(?P<mid>{n}){first})?\s*(?:\+\s*/?\s*-|±)\s*/?\s*(?P<by>{n}){second}\s*\)?"),
        re.compile(rf"\(?\s*(?P<low>{n}){first}\s*{between}\s*(?P<high>{n}){second}\s*\)?"),
    )


def read_limits(text: str, pattern: str, numeral: Numeral, *, unit: str = "") -> Limits | None:
    """Limits out of one text; None where it is empty.

    Args:
        text: what stands in the file.
        pattern: with groups `low` and `high`, "" for the forms that are known; units are its own matter.
        numeral: reads the numbers.
        unit: of the value, "" where nobody told it.

    Raises:
        UnclearError: units that differ, a percentage of nothing, and the like.
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
        _check_units(text, found["unit"], "", unit)
        return Limits(_COMPS[found["comp"]], _number(found["bound"], numeral))
    if found := forms.around.fullmatch(text):
        return _around(found, numeral, unit)
    if found := forms.range.fullmatch(text):
        _check_units(text, found["unit"], found["last"], unit)
        _check_signs(text, found)
        low, high = sorted((_number(found["low"], numeral), _number(found["high"], numeral)))
        return between(low, high)
    raise ValueError(f"{text[:40]!r} are no limits in a form that is known")


def _around(found: re.Match[str], numeral: Numeral, unit: str) -> Limits:
    """What lies around a middle; by so many percent of it, or by so much."""
    own, last = found["unit"] or "", found["last"]
    middle, by = _number(found["mid"] or "0", numeral), abs(_number(found["by"], numeral))
    if not (math.isfinite(middle) and math.isfinite(by)):
        raise UnclearError(f"{found[0][:40]!r}: a number is too large")
    around, wide = Decimal(repr(middle)), Decimal(repr(by))  # as written: floats would round 5 - 0.1
    if last == "%":
        if found["mid"] is None or "%" in (own, unit):
            raise UnclearError(f"{found[0][:40]!r}: it is not clear what the percentage is of")
        _check_units(found[0], own, "", unit)
        wide = abs(around) * wide / 100
    else:
        _check_units(found[0], own, last, unit)
    return between(float(around - wide), float(around + wide))


def _check_units(text: str, first: str, last: str, unit: str) -> None:
    """Refuse what would compare a value in one unit with a limit in another."""
    first, last = (one.replace("\u03bc", "\u00b5") for one in (first, last))
    for one in (first, last):
        if one in {"e", "E"}:
            raise UnclearError(f"{text[:40]!r} looks like one number")
        if one in _NO_UNITS:
            raise UnclearError(f"{text[:40]!r}: {one!r} is no unit")
    if first and last and first != last:
        raise UnclearError(f"{text[:40]!r}: the units {first!r} and {last!r} differ")
    given = last or first
    if differ(given, unit):
        raise UnclearError(f"{text[:40]!r}: the unit {given!r} differs from that of the value, {unit!r}")


def differ(first: str, second: str) -> bool:
    """Are these the same unit with different prefixes, such as mV and V?"""
    first, second = (one.replace("\u03bc", "\u00b5") for one in (first, second))
    return first != second and bool(_base(first) & _base(second))


def _base(unit: str) -> set[str]:
    """A unit as it stands, and without its prefix."""
    return {unit} | ({unit[1:]} if unit[:1] in _PREFIXES else set()) - {""}


def _check_signs(text: str, found: re.Match[str]) -> None:
    """Refuse `+0.5 -0.3`, a tolerance without its middle, and `-10 -5`, where the sign may be a dash."""
    gap = text[found.end("low") : found.start("high")]
    before, dash = gap.rstrip()[:-1], gap.rstrip()[-1]
    if dash != "-" or found["high"][0] in "+-":
        return
    sticks = before[-1:].isspace() and not gap[-1].isspace()
    if found["low"][0] == "+" or (found["low"][0] == "-" and sticks):
        raise UnclearError(f"{text[:40]!r}: it is not clear what the signs mean")


def next_step_of(error: ValueError) -> str:
    """What to do about limits that are not read."""
    if isinstance(error, UnclearError):
        return "Give limits in the unit of the value; or read them by a pattern with groups `low` and `high`."
    return "Has the mapping a pattern for them, with groups `low` and `high`?"


def limits_of(low: float | None, high: float | None) -> Limits | None:
    """Two-sided, one-sided, or none."""
    if low is not None and high is not None:
        return between(low, high)
    if low is not None:
        return at_least(low)
    return at_most(high) if high is not None else None


def compared(comp: CompOp, low: float | None, high: float | None) -> Limits:
    """Limits of a comparison that the file names; a 0 in the place that it does not use is none.

    Raises:
        ValueError: it needs more limits; or there are two for one.
    """
    bounds = [bound for bound in (low, high) if bound is not None]
    if len(bounds) < comp.bounds:
        raise ValueError(f"{comp.value} needs {comp.bounds} limits")
    if comp.bounds != 1 or len(bounds) == 1 or low == high:
        return Limits(comp, *bounds[: comp.bounds])
    bound, other = (high, low) if comp in {CompOp.LT, CompOp.LE} else (low, high)
    if other and comp not in {CompOp.GT, CompOp.GE}:  # of those the low one is sure
        raise ValueError(f"{comp.value} takes one limit, and there are {low} and {high}")
    return Limits(comp, bound)


def _number(text: str, numeral: Numeral) -> float:
    value = numeral.read(text)
    if value is None:
        raise ValueError(f"{text[:40]!r} is no number")
    return value
