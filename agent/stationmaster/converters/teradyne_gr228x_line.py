"""The kinds of lines in a log of the GR228X, its dates and its numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from stationmaster.api.number import Decimal, parse_number

_DATE: Final = r"\d{1,2}-[A-Za-z]{3}-\d{2,4} +\d{1,2}:\d{2}:\d{2}"
_START: Final = re.compile(rf"@({_DATE})(?: +SN *(.*))?")
_END: Final = re.compile(rf"([^\w\s@\]\[])({_DATE})")
_START_BYTES: Final = re.compile(_START.pattern.encode())
_END_BYTES: Final = re.compile(rb"[\x21-\x2f\x3a-\x3f\x5c\x5e\x60\x7b-\x7e]" + _DATE.encode())
_LOG_END: Final = re.compile(rb"\]" + _DATE.encode())
_PROGRAM: Final = re.compile(rb"[^@\]\[\"<>|*?]{1,300}\[" + _DATE.encode())
# NAME=value(low,high)TYPE message; what other signs than = and # stand in must look like it.
_READING: Final = re.compile(r"([^=#(]{1,200})([=#])([^(]*)(?:\(([^()]*)\)(.*))?")
_FAILED: Final = re.compile(r"([^\s=#<>%(]{1,200})([<>%])\s*([^\s(]*)\s*(?:\(([^()]*)\)(.*))?")
_KIND: Final = re.compile(r"\s*(\w*)\s*=?\s*(.*)")
_NUMBER: Final = re.compile(r"([+-]?[0-9.,]+(?:E[+-]?[0-9]+)?)(MEG|[PNUMKG])?")
_NO_VALUE: Final = re.compile(r"-+|\.{2,}")
_BEYOND: Final = re.compile(r"over|ov[lfr]|range|\*", re.IGNORECASE)
_OVERLOAD: Final = 9.9e37
"""What instruments say where a reading is beyond their range (IEEE 488.2); some say 9.99E+37."""
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
# These types do not begin with the letter of what they measure.
_OTHER_UNITS: Final = {
    "AC": "V",
    "DC": "V",
    "HZ": "Hz",
    "RA": "",
    "S": "s",
    **dict.fromkeys(("XP", "XS", "ZM"), "Ohm"),
}


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
    """A line `NAME=value(low,high)TYPE`.

    Attributes:
        sign: "=" judged by its limits; "#" nobody judges it; "<", ">", "%" failed.
        written: the value as it stands there; it may be none, `---` for instance.
        value: None where there is none, or where it is no number.
        word: what stands for a value that is beyond the instrument's range: a word, stars, 9.9E37.
        bare: there is nothing behind the name: a digital test.
        kind: the type behind the limits, "AR" for instance.
        message: what follows the type.
    """

    name: str
    sign: str
    written: str
    value: Scaled | None
    word: str
    low: Scaled | None
    high: Scaled | None
    kind: str
    message: str
    bare: bool

    @property
    def judged(self) -> bool:
        """Has the tester judged it?"""
        return self.sign != "#"

    @property
    def failed(self) -> bool:
        """Has it failed, whatever its value: by its sign, or for it is beyond the instrument's range?"""
        return self.judged and (self.sign != "=" or bool(self.word))

    @property
    def unit(self) -> str:
        """The base unit; "" for a type that we do not know."""
        letters = self.kind.upper()
        if letters in _OTHER_UNITS:
            return _OTHER_UNITS[letters]
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


def read_reading(line: str, *, decimal: Decimal = ".") -> Reading | None:
    """A measurement; None where the line is none.

    Raises:
        ValueError: a number in it cannot be read.
    """
    line = line.strip()
    found = _READING.fullmatch(line) or _FAILED.fullmatch(line)
    if found is None:
        return None
    name, sign, text, between, rest = found.groups()
    bounds = ("", "") if between is None else _bounds(between.strip(), decimal)
    if bounds is None:
        return None
    if between is None and _is_sentence(sign, text.strip(), decimal):
        return None
    value, word = _value(text.strip(), decimal)
    kind = _KIND.fullmatch(rest or "")
    return Reading(
        name=name.strip(),
        sign=sign,
        written=text.strip(),
        value=value,
        word=word,
        low=_scaled(bounds[0], decimal),
        high=_scaled(bounds[1], decimal),
        kind=kind[1] if kind else "",
        message=kind[2].strip() if kind else "",
        bare=between is None and not text.strip(),
    )


def _is_sentence(sign: str, text: str, decimal: Decimal) -> bool:
    """Is what follows a sign, without limits behind it, no reading at all?"""
    if not text or _BEYOND.search(text) or _is_number(text, decimal):
        return False
    return sign not in "=#" or not any(letter.isdigit() for letter in text)


def _bounds(text: str, decimal: Decimal) -> tuple[str, str] | None:
    """The low and the high limit; None where there is no comma between them.

    Raises:
        ValueError: more commas than one, and none or several of them can be the one between the limits.
    """
    commas = [at for at, letter in enumerate(text) if letter == ","]
    if not commas:
        return None
    splits = [(text[:at].strip(), text[at + 1 :].strip()) for at in commas]
    if len(splits) > 1:
        splits = [pair for pair in splits if all(_is_number(one, decimal) for one in pair)]
    if len(splits) != 1:
        raise ValueError(f"({text[:40]}) are no two limits with the decimal mark {decimal!r}")
    return splits[0]


def _is_number(text: str, decimal: Decimal) -> bool:
    if text != text.strip(","):
        return False
    try:
        _scaled(text, decimal)
    except ValueError:
        return False
    return True


def _value(text: str, decimal: Decimal) -> tuple[Scaled | None, str]:
    """A value; or what stands for one that is beyond the instrument's range."""
    if not text or _NO_VALUE.fullmatch(text):
        return None, ""
    try:
        found = _scaled(text, decimal)
    except ValueError:
        if any(letter.isdigit() for letter in text):
            raise
        found = None
    if found is None or not abs(found.value) < _OVERLOAD:
        return None, text
    return found, ""


def _scaled(text: str, decimal: Decimal) -> Scaled | None:
    text = text.strip().upper()
    if not text:
        return None
    found = _NUMBER.fullmatch(text)
    value = parse_number(found[1] if found else text, decimal=decimal)
    if value is None:
        return None
    exponent, prefix = _SCALES[found[2] or "" if found else ""]
    return Scaled(value, exponent, prefix)
