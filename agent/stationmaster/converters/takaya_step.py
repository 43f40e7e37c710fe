"""One row of a Takaya tester, whatever the dialect, as a step: units, limits, judgement."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from stationmaster.api import Limits, Report, Status, at_least, at_most, between, log_only
from stationmaster.api.number import Decimal, parse_number
from stationmaster.api.reading import add_line, add_reading, unit_name
from stationmaster.api.text import clip, one_line

Rule = Literal["tolerance", "least", "most"]
"""How a row compares: within a tolerance of the reference, at least the reference, at most."""

_PREFIXES: Final = {
    "p": -12,
    "P": -12,
    "n": -9,
    "N": -9,
    "u": -6,
    "U": -6,
    "m": -3,
    "": 0,
    "k": 3,
    "K": 3,
    "M": 6,
}
_UNIT: Final = re.compile(r"([pPnNuUmkKM]?)([OFHVA])")
_SMALL: Final = {"U": "u", "N": "n", "P": "p", "K": "k"}
# What the part is, "10KO" or "220.0E" for instance: no place on it.
_NOMINAL: Final = re.compile(r"\d[\d.,]*[pnumkPNUMKG]?(?:O|F|H|V|A|EO?|R|Ohm)?\d*")
_NOTHING: Final = re.compile(r"[*.\s-]*")
_COMPLEX: Final = re.compile(r"(-?\d[\d.,]*)\[([A-Za-z]*)\]([<>]?)\|(-?\d[\d.,]*)")


@dataclass(frozen=True, slots=True)
class Amount:
    """A value as the tester shows it.

    Attributes:
        value: None where there is none.
        phase: of a complex value, as the tester shows it; "<" or ">" before it means out of range.
    """

    value: float | None = None
    unit: str = ""
    phase: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of any dialect.

    Attributes:
        place: for error texts and warnings.
        part, value, comment: name of the part, its value or the place on it, the comment.
        status, word: the judgement, and its own word where that tells more.
        reference, tests: what was expected, and what was measured; the last that has a value decides.
        plus, minus: tolerance in percent; None where there is none.
        rule: how the row compares; None: the value is only recorded.
        notes: further things worth telling, by name.
    """

    place: str
    part: str
    value: str
    comment: str
    status: Status
    word: str
    reference: Amount
    tests: tuple[Amount, ...]
    plus: float | None
    minus: float | None
    rule: Rule | None
    notes: tuple[tuple[str, str], ...] = ()


def amount(text: str, unit: str = "", *, decimal: Decimal = ".") -> Amount:
    """Read a value: a number with or without unit, a complex one, or a way to say that there is none.

    Raises:
        ValueError: it is none of these.
    """
    text = text.strip()
    if _NOTHING.fullmatch(text):
        return Amount(unit=unit.strip())
    found = _COMPLEX.fullmatch(text)
    if found:
        return Amount(parse_number(found[1], decimal=decimal), found[2] or unit.strip(), found[3] + found[4])
    number, _, own = text.partition(" ")
    return Amount(parse_number(number, decimal=decimal), own.strip() or unit.strip())


def percent(text: str, decimal: Decimal = ".") -> float | None:
    """A tolerance without its sign; None where there is none.

    Raises:
        ValueError: it is no number.
    """
    value = parse_number(text.strip().removesuffix("%").strip().lstrip("+-") or "-", decimal=decimal)
    return None if value is None else abs(value)


def nothing(text: str) -> bool:
    """Is it one of the ways to say that there is nothing: blanks, stars, dots, dashes?"""
    return _NOTHING.fullmatch(text) is not None


def add_step(report: Report, row: Row, *, keep_units: bool) -> None:
    """Add the step of a row to the root of `report`."""
    reference = row.reference
    measured = next((one for one in reversed(row.tests) if one.value is not None), Amount())
    value, unit = measured.value, measured.unit or reference.unit
    limits: Limits = log_only()
    if reference.value is not None and row.rule is not None:
        scaled = _in_unit(measured, reference.unit)
        if value is not None and scaled is None:
            report.warn(
                f"{row.place}: {unit or 'no unit'!r} cannot be compared with {reference.unit!r}: no limits"
            )
        else:
            value, unit, limits = scaled, reference.unit, _limits(row, reference.value)
    shown = unit if keep_units else readable_unit(unit)
    step = add_reading(report.root, _name(row), value, unit=shown, limits=limits, status=row.status)
    if row.word:
        add_line(step, f"Judgement: {row.word}")
    if reference.value is not None:
        own = reference.unit if keep_units else readable_unit(reference.unit)
        add_line(step, f"Nominal: {reference.value:.15g} {own}".rstrip())
    for number, one in enumerate(row.tests, start=1):
        if one is not measured and one.value is not None:
            own = one.unit if keep_units else readable_unit(one.unit)
            add_line(step, f"Test {number}: {one.value:.15g} {own}".rstrip())
    phases = [
        f"{name}: {one.phase}"
        for name, one in (("Phase", measured), ("Nominal phase", reference))
        if one.phase
    ]
    notes = [f"{name}: {text}" for name, text in row.notes if not nothing(text)]
    add_line(step, clip("; ".join(phases + notes), 2000))


def readable_unit(text: str) -> str:
    """A unit as people write it: "KO" is "kOhm", "UF" is "uF"."""
    found = _UNIT.fullmatch(text)
    return unit_name(_SMALL.get(found[1], found[1]) + found[2]) if found else unit_name(text)


def exponent(unit: str) -> tuple[int, str] | None:
    """The power of ten and the base of a unit; None where it is none that we know."""
    found = _UNIT.fullmatch(unit)
    return (_PREFIXES[found[1]], found[2]) if found else None


def _name(row: Row) -> str:
    """The part with the place on it; of steps that the tester made itself, with the nets."""
    place = row.comment if row.value.casefold() == "p-auto" else row.value
    if nothing(place) or _NOMINAL.fullmatch(place):
        place = ""
    part = "" if nothing(row.part) else row.part
    return one_line(f"{part} {place}", 500) or one_line(row.comment, 500) or "-"


def _in_unit(measured: Amount, unit: str) -> float | None:
    """The value in another unit of the same kind; None where there is none, or it is of another kind."""
    if measured.value is None or measured.unit in ("", unit):
        return measured.value
    own, wanted = exponent(measured.unit), exponent(unit)
    if own is None or wanted is None or own[1] != wanted[1]:
        return None
    power = own[0] - wanted[0]
    return measured.value * 10.0**power if power >= 0 else measured.value / 10.0**-power


def _limits(row: Row, reference: float) -> Limits:
    """A tolerance of 0 and 0 is none; a negative reference must not turn the limits round."""
    if row.rule == "least":
        return at_least(reference)
    if row.rule == "most":
        return at_most(reference)
    if row.plus is None or row.minus is None or row.plus == row.minus == 0:
        return log_only()
    size = abs(reference)
    return between(_short(reference - size * row.minus / 100), _short(reference + size * row.plus / 100))


def _short(value: float) -> float:
    """Without the dust of binary fractions: 0.532 less 10 % is 0.4788."""
    return float(f"{value:.10g}")
