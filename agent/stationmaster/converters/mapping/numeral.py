"""Numbers as the files of one mapping write them: their decimal mark, and what stands between thousands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, Literal

from stationmaster.api.number import Decimal, parse_number

Thousands = Literal["", ".", ",", " ", "'"]

_SEPARATORS: Final[dict[str, str]] = {
    ".": r"\.",
    ",": ",",
    " ": "[ \u00a0\u2009\u202f]",
    "'": "['\u2019]",
}
"""Mark -> what is written for it: blanks that do not break, and the apostrophes of Switzerland."""


class SeparatedError(ValueError):
    """A number, but not with these marks: 1.5 where the mark is a comma. No text, either."""

    next_step = 'Are `decimal` and `thousands` of the mapping right? If it is a text: kind = "string".'


@dataclass(frozen=True)
class Numeral:
    """Reads numbers.

    Attributes:
        decimal: the decimal mark.
        thousands: what stands between thousands, "" for nothing.
    """

    decimal: Decimal = "."
    thousands: Thousands = ""

    def read(self, text: str) -> float | None:
        """Read a number; None for the ways testers write no value.

        Raises:
            SeparatedError: it is one, but not with the marks of the mapping.
            ValueError: it is no number.
        """
        text = text.strip()
        if not self.thousands:
            return self._parsed(text)
        joined = re.sub(_SEPARATORS[self.thousands], "", text)
        if joined == text or not re.search(r"\d", text):
            return self._parsed(text)
        number = parse_number(joined, decimal=self.decimal)
        if re.fullmatch(self.pattern, text) is None:
            parse_number(text, decimal="auto")  # 1.2.3 is a text
            raise SeparatedError(f"{text[:40]!r} is no number with thousands separated by {self.thousands!r}")
        return number

    def _parsed(self, text: str) -> float | None:
        try:
            return parse_number(text, decimal=self.decimal)
        except ValueError as error:
            if self.decimal == ",":
                parse_number(text)  # 1.2.3 is a text
                raise SeparatedError(str(error)) from error
            raise

    @cached_property
    def pattern(self) -> str:
        """Regular expression for a number, without the words for those that are none."""
        whole = r"\d+"  # no group of thousands begins with 0: 0,125 is none
        if self.thousands:
            whole = rf"(?:[1-9]\d{{0,2}}(?:{_SEPARATORS[self.thousands]}\d{{3}})+(?!\d)|\d+)"
        return rf"[+-]?{whole}(?:{self._marks}\d+)?(?:[eE][+-]?\d{{1,3}})?"

    @property
    def _marks(self) -> str:
        """The decimal marks; without thousands the wrong one is told when it is read."""
        if self.thousands and self.decimal != "auto":
            return re.escape(self.decimal)
        return "[.,]"


@lru_cache(maxsize=64)
def grouped_by(text: str) -> tuple[Decimal, Thousands] | None:
    """The marks of a number whose thousands are surely separated; None for `1,234`, which may be either."""
    if len(text) > 40 or not re.fullmatch(r"[+-]?\d[\d.,'\s\u2019]*(?:[eE][+-]?\d+)?", text.strip()):
        return None
    options: list[tuple[Decimal, Thousands]] = [(".", ","), (",", "."), (".", "'"), (",", "'"), (".", " ")]
    for decimal, thousands in [*options, (",", " ")]:
        try:
            Numeral(decimal, thousands).read(text)
        except ValueError:
            continue
        parts = re.split(_SEPARATORS[thousands], text.strip())
        sure = thousands in {" ", "'"} or len(parts) > 2 or decimal in parts[-1]
        if len(parts) > 1 and sure:
            return decimal, thousands
    return None
