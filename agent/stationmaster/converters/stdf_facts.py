"""What PTR, MPR and FTR records say of their test behind the results: name, limits, unit, pins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from struct import Struct, calcsize
from typing import Any, Final

from stationmaster.api import CompOp, Limits
from stationmaster.converters.stdf_fields import bits_of, texts_of


@dataclass(slots=True)
class Facts:
    """What is said of a test.

    Attributes:
        text: its name, "" where it has none.
        alarm: name of an alarm.
        low: limit; None where there is none, as with `high` and the limits of the specification.
        unit: of value and limits.
        scale: power of ten to show the value with.
        pins: of an MPR, numbers of the pins in the order of the results; of an FTR, those that failed.
        sweep: of an MPR, start, step and unit of what was put in.
        notes: of an FTR, its other texts.
    """

    number: int
    text: str = ""
    alarm: str = ""
    low: float | None = None
    high: float | None = None
    unit: str = ""
    scale: int | None = None
    spec_low: float | None = None
    spec_high: float | None = None
    pins: Sequence[int] = ()
    sweep: tuple[float, float, str] | None = None
    notes: tuple[str, ...] = ()
    _limits: dict[int, Limits | None] = field(default_factory=dict)

    def limits(self, flags: int) -> Limits | None:
        """The limits, inclusive as bits 6 and 7 of PARM_FLG say; None where there are none."""
        flags &= 0xC0
        if flags not in self._limits:
            self._limits[flags] = _limits(self.low, self.high, flags)
        return self._limits[flags]


Told = dict[str, Any]
"""Attributes of `Facts` that a record states. What it leaves to the first record of its test is not there."""

_SINGLE: Final = "Bbbbff"
_MULTIPLE: Final = "Bbbbffff"


def single_told(record: bytes, position: int, order: str) -> Told:
    """What a PTR says from TEST_TXT on.

    Raises:
        ValueError: a text is longer than the record.
    """
    told, position = _names(record, position)
    values, position = _leading(record, position, order, _SINGLE)
    texts, position = texts_of(record, position, 4)
    _add(told, values, texts)
    _add_specification(told, record, position, order, values)
    return told


def multiple_told(record: bytes, position: int, order: str, pins: int) -> Told:
    """What an MPR with so many pins says from TEST_TXT on.

    Raises:
        ValueError: a text or the list of pins is longer than the record.
    """
    told, position = _names(record, position)
    values, position = _leading(record, position, order, _MULTIPLE)
    if position < len(record) and pins:
        if position + 2 * pins > len(record):
            raise ValueError(f"{pins} pins are announced, and {len(record) - position} bytes are left")
        told["pins"] = Struct(f"{order}{pins}H").unpack_from(record, position)
        position += 2 * pins
    texts, position = texts_of(record, position, 5)
    _add(told, values, texts[:1])
    if len(values) == len(_MULTIPLE) and not values[0] & 2 and values[7]:
        told["sweep"] = (values[6], values[7], texts[1] if len(texts) > 1 else "")
    _add_specification(told, record, position, order, values)
    return told


def functional_told(record: bytes, position: int, order: str) -> Told:
    """What an FTR says from RTN_ICNT on.

    Raises:
        ValueError: a text or a list of pins is longer than the record.
    """
    told: Told = {}
    if position + 4 > len(record):
        return told
    returned, programmed = Struct(order + "HH").unpack_from(record, position)
    position += 4 + 2 * returned + (returned + 1) // 2 + 2 * programmed + (programmed + 1) // 2
    if position > len(record):
        raise ValueError(f"{returned} and {programmed} pins are announced, the record is shorter")
    told["pins"], position = bits_of(record, position, order)
    texts, _position = texts_of(record, position, 7)
    vector, timing, operation, text, alarm, program, result = (texts + [""] * 7)[:7]
    told |= {key: value for key, value in (("text", text), ("alarm", alarm)) if value}
    titles = {"Vectors": vector, "Timing": timing, "Operation": operation}
    titles |= {"Program": program, "Result": result}
    told["notes"] = tuple(f"{title}: {text}" for title, text in titles.items() if text)
    return told


def _names(record: bytes, position: int) -> tuple[Told, int]:
    texts, position = texts_of(record, position, 2)
    return {key: text for key, text in zip(("text", "alarm"), texts, strict=False) if text}, position


def _leading(record: bytes, position: int, order: str, letters: str) -> tuple[tuple[Any, ...], int]:
    """As many of the numbers as the record reaches, and where they end."""
    room = len(record) - position
    while letters and calcsize(order + letters) > room:
        letters = letters[:-1]
    if not letters:
        return (), len(record)
    one = Struct(order + letters)
    return one.unpack_from(record, position), position + one.size


def _add(told: Told, values: tuple[Any, ...], texts: list[str]) -> None:
    """OPT_FLAG, three scales, two limits, the unit."""
    if texts and texts[0]:
        told["unit"] = texts[0]
    options = values[0] if values else 0
    if len(values) > 1 and not options & 0x01:
        told["scale"] = values[1]
    for key, at, ask_first, there_is_none in (("low", 4, 0x10, 0x40), ("high", 5, 0x20, 0x80)):
        if options & there_is_none:
            told[key] = None
        elif len(values) > at and not options & ask_first:
            told[key] = _bound(values[at])


def _add_specification(told: Told, record: bytes, position: int, order: str, values: tuple[Any, ...]) -> None:
    if position + 8 > len(record):
        return
    low, high = Struct(order + "ff").unpack_from(record, position)
    told["spec_low"] = None if values[0] & 4 else _bound(low)
    told["spec_high"] = None if values[0] & 8 else _bound(high)


def _bound(value: float) -> float | None:
    """A limit; what is no finite number bounds nothing."""
    return shortest(value) if math.isfinite(value) else None


_FLOAT: Final = Struct("<f")


def shortest(value: float) -> float:
    """The number with the fewest digits that the 4 bytes in the file stand for: 0.03, not 0.029999999."""
    for digits in ("%.7g", "%.8g"):
        short = float(digits % value)
        try:
            if _FLOAT.unpack(_FLOAT.pack(short))[0] == value:
                return short
        except OverflowError:
            continue
    return float(f"{value:.9g}")


def _limits(low: float | None, high: float | None, flags: int) -> Limits | None:
    low_word = "GE" if flags & 0x40 else "GT"
    high_word = "LE" if flags & 0x80 else "LT"
    if low is not None and high is not None:
        return Limits(CompOp(low_word + high_word), low, high)
    if low is not None:
        return Limits(CompOp(low_word), low)
    return None if high is None else Limits(CompOp(high_word), high)
