"""OpenHTF's validators are texts; these shapes of them are limits. Nothing is ever evaluated."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from stationmaster.api import ConversionError, Limits, at_least, at_most, between, equal
from stationmaster.api.json_text import JsonObject
from stationmaster.api.number import parse_number
from stationmaster.api.text import clip, printable

_NUMBER: Final = r"[-+]?(?:\d{1,40}\.?\d{0,40}|\.\d{1,40})(?:[eE][-+]?\d{1,3})?"
_RANGE: Final = re.compile(
    rf"(?:(?P<low>{_NUMBER}) <= )?(?:Marginal:(?P<marginal_low>{_NUMBER}) <= )?x"
    rf"(?: <= Marginal:(?P<marginal_high>{_NUMBER}))?(?: <= (?P<high>{_NUMBER}))?",
    re.ASCII,
)
_EQUAL: Final = re.compile(rf"x == (?P<value>{_NUMBER})", re.ASCII)
_EQUAL_TEXT: Final = re.compile(r"'x' is equal to '(?P<value>.*)'", re.DOTALL)
_MAX_TEXT: Final = 1000


@dataclass(slots=True)
class Judged:
    """What the validators of a measurement say.

    Attributes:
        limits: numeric limits.
        text_limit: the text it must equal.
        texts: the validators behind these two, for steps that cannot carry them.
        notes: the validators that are no limits, and marginal bounds.
    """

    limits: Limits | None = None
    text_limit: str | None = None
    texts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_validators(measurement: JsonObject) -> Judged:
    """Read the validators; the first of a known shape gives the limits, the others become notes.

    Raises:
        ConversionError: `validators` is no list of texts.
    """
    judged = Judged()
    value = measurement.data.get("measured_value")
    is_text = isinstance(value, str)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    for index, text in enumerate(measurement.items("validators")):
        if not isinstance(text, str):
            raise ConversionError("should be a text", place=f"{measurement.at('validators')}[{index}]")
        shown = f"Validator: {clip(text, _MAX_TEXT)}"
        limits = None if judged.limits else _limits(text)
        equal_to = _EQUAL_TEXT.fullmatch(text)
        if equal_to and is_number and judged.limits is None:
            limits = _equal(equal_to["value"])
        if limits is not None:
            judged.limits = limits
            judged.texts.append(shown)
            if "Marginal:" in text:
                judged.notes.append(shown)
        elif equal_to and judged.text_limit is None and is_text:
            judged.text_limit = clip(equal_to["value"], _MAX_TEXT)
            judged.texts.append(shown)
        else:
            judged.notes.append(printable(shown))
    return judged


def _equal(text: str) -> Limits | None:
    try:
        value = parse_number(text)
    except ValueError:
        return None
    return None if value is None else equal(value)


def _limits(text: str) -> Limits | None:
    found = _EQUAL.fullmatch(text)
    if found:
        value = parse_number(found["value"])
        return None if value is None else equal(value)
    found = _RANGE.fullmatch(text)
    if found is None:
        return None
    low = parse_number(found["low"]) if found["low"] else None
    high = parse_number(found["high"]) if found["high"] else None
    if low is None:
        return None if high is None else at_most(high)
    return at_least(low) if high is None else between(low, high)
