"""The kinds of lines in a log of the GR228X, its dates and its numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from stationmaster.api.number import parse_number

_DATE: Final = r"\d{1,2}-[A-Za-z]{3}-\d{2,4} +\d{1,2}:\d{2}:\d{2}"
_START: Final = re.compile(rf"@({_DATE})(?: +SN *(.*))?")
_END: Final = re.compile(rf"([^\w\s@\]\[])({_DATE})")
_START_BYTES: Final = re.compile(_START.pattern.encode())
_END_BYTES: Final = re.compile(rb"[\x21-\x2f\x3a-\x3f\x5c\x5e\x60\x7b-\x7e]" + _DATE.encode())
_LOG_END: Final = re.compile(rb"\]" + _DATE.encode())
_PROGRAM: Final = re.compile(rb"[^@\]\[\"<>|*?]{1,300}\[" + _DATE.encode())
_READING: Final = re.compile(r"([^=#(]{1,200})([=#])([^(]*)(?:\(([^,()]*),([^,()]*)\)(.*))?")
_NUMBER: Final = re.compile(r"([+-]?[0-9.]+(?:E[+-]?[0-9]+)?)(MEG|[PNUMKG])?")
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
# All letters are capitals here: M is milli, MEG is mega.
_SCALES: Final = {
    "P": (-12, "p"),
    "N": (-9, "n"),
    "U": (-6, "u"),
    "M": (-3, "m"),
    "": (0, ""),
    "K": (3, "k"),
    "MEG": (6, "M"),
    "G": (9, "G"),
}
_UNITS: Final = {"R": "Ohm", "C": "F", "L": "H", "V": "V", "I": "A"}


@dataclass(frozen=True, slots=True)
class Scaled:
    """A number with the power of ten that its suffix stands for."""

    value: float
    exponent: int = 0
    prefix: str = ""

    def at(self, exponent: int) -> float:
        """The number for another power of ten, without the dust of binary fractions."""
        power = self.exponent - exponent
        if power == 0:
            return self.value
        moved = self.value * 10.0**power if power > 0 else self.value / 10.0**-power
        return float(f"{moved:.12g}")


@dataclass(frozen=True, slots=True)
class Reading:
    """A line `NAME=value(low,high)TYPE`; with `#` for the `=` it is a reading that nobody judges.

    Attributes:
        written: the value as it stands there; it may be none, `9.99E+37` for instance.
        bare: there is nothing behind the name: a digital test.
        kind: the type behind the limits, "AR" for instance.
    """

    name: str
    judged: bool
    written: str
    value: Scaled | None
    low: Scaled | None
    high: Scaled | None
    kind: str
    bare: bool

    @property
    def unit(self) -> str:
        """The base unit; "" for a type that we do not know."""
        letters = self.kind.upper()
        if len(letters) > 1 and letters.startswith("A"):
            letters = letters[1:]
        return _UNITS.get(letters[:1], "")


def is_start(line: bytes) -> bool:
    """Does a unit begin with this line?"""
    return _START_BYTES.fullmatch(line) is not None


def is_end(line: bytes) -> bool:
    """Does a unit end with this line?"""
    return _END_BYTES.fullmatch(line) is not None


def is_log_end(line: bytes) -> bool:
    """Does the log end with this line?"""
    return _LOG_END.fullmatch(line) is not None


def is_program(line: bytes) -> bool:
    """Does this line tell that a program was loaded?"""
    return _PROGRAM.fullmatch(line) is not None


def start_of(line: str) -> tuple[str, str]:
    """Date and serial number of a start line; both "" where it is none."""
    found = _START.fullmatch(line.strip())
    return (found[1], (found[2] or "").strip()) if found else ("", "")


def end_of(line: str) -> tuple[str, str]:
    """The character that an end line begins with, and its date; both "" where it is none."""
    found = _END.fullmatch(line.strip())
    return (found[1], found[2]) if found else ("", "")


def read_date(text: str) -> datetime:
    """A date such as `31-JUL-12  14:18:51`, local time of the tester.

    Raises:
        ValueError: no such date.
    """
    day, clock = text.split()
    number, month, year = day.split("-")
    if month.upper() not in _MONTHS:
        raise ValueError(f"{month!r} is no month")
    full = int(year) + (0 if len(year) > 2 else 1900 if int(year) >= 70 else 2000)
    hours, minutes, seconds = (int(part) for part in clock.split(":"))
    if not 1980 <= full < 2200:
        raise ValueError(f"{text!r} has year {full}")
    try:
        return datetime(  # noqa: DTZ001 - the caller knows the zone
            full, _MONTHS.index(month.upper()) + 1, int(number), hours, minutes, seconds
        )
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}") from None


def read_reading(line: str) -> Reading | None:
    """A measurement; None where the line is none.

    Raises:
        ValueError: a number in it cannot be read.
    """
    found = _READING.fullmatch(line.strip())
    if found is None:
        return None
    name, mark, value, low, high, kind = found.groups()
    return Reading(
        name=name.strip(),
        judged=mark == "=",
        written=value.strip(),
        value=_scaled(value),
        low=_scaled(low or ""),
        high=_scaled(high or ""),
        kind=(kind or "").strip(),
        bare=low is None and not value.strip(),
    )


def _scaled(text: str) -> Scaled | None:
    text = text.strip().upper()
    if not text:
        return None
    found = _NUMBER.fullmatch(text)
    value = parse_number(found[1] if found else text)
    if value is None:
        return None
    exponent, prefix = _SCALES[found[2] or "" if found else ""]
    return Scaled(value, exponent, prefix)
