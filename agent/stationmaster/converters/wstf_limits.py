"""Limits of WSTF rows: the operator's word with the bounds in LowLimit and HighLimit."""

from __future__ import annotations

from stationmaster.api import CompOp, Limits


def numeric_limits(word: str, low: float | None, high: float | None) -> tuple[Limits, list[str]]:
    """The limits of a numeric row, and what a person should know about them.

    One bound stands in LowLimit, whatever its direction; LT and LE may have it in HighLimit. Bounds in the
    wrong order are kept: the tester has judged with them.

    Raises:
        ValueError: no such operator.
    """
    notes: list[str] = []
    comp = _operator(word) if word else _implied(low, high)
    if not word and comp is not CompOp.LOG:
        notes.append(f"no CompOperator, {comp.value} was taken")
    limits, complete = _fit(comp, low, high)
    if not complete:
        notes.append(f"{comp.value} does not go with the limits given, {limits.comp.value} was taken")
    if low is not None and high is not None and low > high:
        notes.append("LowLimit is above HighLimit, both were kept")
    return limits, notes


def text_limit(word: str, limit: str) -> tuple[str | None, CompOp, str]:
    """Limit and operator of a text row, and a note on what WSJF cannot say ("" as a rule).

    Raises:
        ValueError: no such operator for texts.
    """
    word = word.upper()
    if word in {"", "EQ", "CASESENSIT"}:
        return (limit, CompOp.CASESENSIT, "") if limit or word == "CASESENSIT" else (None, CompOp.LOG, "")
    if word == "IGNORECASE":
        return limit, CompOp.IGNORECASE, ""
    if word in {"LOG", "NE"}:
        return None, CompOp.LOG, f"{word} {limit}" if limit else ""
    raise ValueError(f"{word[:40]!r} is no operator for texts")


def _operator(word: str) -> CompOp:
    try:
        return CompOp(word.upper())
    except ValueError:
        raise ValueError(f"{word[:40]!r} is no operator") from None


def _implied(low: float | None, high: float | None) -> CompOp:
    if low is None:
        return CompOp.LOG if high is None else CompOp.LE
    return CompOp.GE if high is None else CompOp.GELE


def _fit(comp: CompOp, low: float | None, high: float | None) -> tuple[Limits, bool]:
    """The operator with the bounds that are there, and whether they are those it asks for."""
    if comp in {CompOp.LOG, CompOp.CASESENSIT, CompOp.IGNORECASE}:
        return Limits(CompOp.LOG), comp is CompOp.LOG and low is None and high is None
    if comp.bounds == 2:
        return _fit_two(comp, low, high)
    upper = comp in {CompOp.LT, CompOp.LE}
    first, second = (high, low) if upper else (low, high)
    bound = first if first is not None else second
    if bound is None:
        return Limits(CompOp.LOG), False
    return Limits(comp, bound), low is None or high is None


def _fit_two(comp: CompOp, low: float | None, high: float | None) -> tuple[Limits, bool]:
    if low is not None and high is not None:
        return Limits(comp, low, high), True
    if low is not None:
        return Limits(CompOp(comp[:2]), low), False
    if high is not None:
        return Limits(CompOp(comp[2:]), high), False
    return Limits(CompOp.LOG), False
