"""Limits of a measurement: comparison operator plus one or two bounds.

The operators and where their bounds stand are those of WSJF (see docs/reference/wsjf.md): every single
bound stands in `lowLimit`, whatever its direction.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class CompOp(StrEnum):
    """Comparison operators of WSJF, for a value v, low bound L, high bound H."""

    LOG = "LOG"
    """Only recorded."""
    EQ = "EQ"
    EQT = "EQT"
    NE = "NE"
    LT = "LT"
    LE = "LE"
    GT = "GT"
    GE = "GE"
    CASESENSIT = "CASESENSIT"
    """Texts equal, case matters."""
    IGNORECASE = "IGNORECASE"
    """Texts equal, case ignored."""
    GTLT = "GTLT"
    """L < v < H."""
    GTLE = "GTLE"
    """L < v <= H."""
    GELT = "GELT"
    """L <= v < H."""
    GELE = "GELE"
    """L <= v <= H."""
    LTGT = "LTGT"
    """v < L or v > H: outside."""
    LTGE = "LTGE"
    """v < L or v >= H."""
    LEGT = "LEGT"
    """v <= L or v > H."""
    LEGE = "LEGE"
    """v <= L or v >= H."""

    @property
    def bounds(self) -> int:
        """How many numeric bounds the operator takes: 0, 1 or 2 (a text limit counts as 1)."""
        if self is CompOp.LOG:
            return 0
        return 2 if len(self) == 4 else 1


@dataclass(frozen=True, slots=True)
class Limits:
    """An operator with its bounds, in the unit of the measurement.

    Attributes:
        comp: the operator.
        low: the first or only bound.
        high: the second bound, for the two-bound operators only.
    """

    comp: CompOp
    low: float | None = None
    high: float | None = None

    def passes(self, value: float) -> bool:
        """Does `value` pass? NaN passes nothing but LOG."""
        if self.comp is CompOp.LOG:
            return True
        if math.isnan(value) or self.low is None:
            return False
        if self.comp.bounds == 1:
            return _single(self.comp, value, self.low)
        return self.high is not None and _double(self.comp, value, self.low, self.high)


_SINGLE: dict[CompOp, Callable[[float, float], bool]] = {
    CompOp.EQ: operator.eq,
    CompOp.EQT: operator.eq,
    CompOp.NE: operator.ne,
    CompOp.LT: operator.lt,
    CompOp.LE: operator.le,
    CompOp.GT: operator.gt,
    CompOp.GE: operator.ge,
}


def _single(comp: CompOp, value: float, bound: float) -> bool:
    test = _SINGLE.get(comp)
    return test is not None and test(value, bound)


def _double(comp: CompOp, value: float, low: float, high: float) -> bool:
    first, second = comp[:2], comp[2:]
    by_low = _single(CompOp(first), value, low)
    by_high = _single(CompOp(second), value, high)
    return (by_low or by_high) if first.startswith("L") else (by_low and by_high)


def between(low: float, high: float) -> Limits:
    """`low <= value <= high`."""
    return Limits(CompOp.GELE, low, high)


def at_least(bound: float) -> Limits:
    """`value >= bound`."""
    return Limits(CompOp.GE, bound)


def at_most(bound: float) -> Limits:
    """`value <= bound`."""
    return Limits(CompOp.LE, bound)


def equal(bound: float) -> Limits:
    """`value == bound`."""
    return Limits(CompOp.EQ, bound)


def log_only() -> Limits:
    """No limit: the value is only recorded."""
    return Limits(CompOp.LOG)
