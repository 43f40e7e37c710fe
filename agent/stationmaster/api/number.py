"""Numbers as testers write them, never by the locale of the process."""

from __future__ import annotations

import re
from typing import Literal

Decimal = Literal[".", ",", "auto"]
"""The decimal mark, and no other one; `auto` takes one lone comma as the mark."""

_INTEGER = re.compile(r"[+-]?[0-9]{1,15}", re.ASCII)
_FLOAT = re.compile(r"[+-]?(?:[0-9]{1,400}\.?[0-9]{0,400}|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,4})?", re.ASCII)
_NAN = re.compile(r"[+-]?nan(?:\(.{0,20}\))?|[+-]?1\.#(?:q|s)?nan0*|[+-]?1\.#ind0*", re.ASCII | re.IGNORECASE)
_INFINITY = re.compile(r"([+-]?)(?:inf(?:inity)?|1\.#inf0*)", re.ASCII | re.IGNORECASE)
_NOTHING = re.compile(r"-*|\.{2,}|[+-]?9\.99e\+?37", re.ASCII | re.IGNORECASE)


def parse_number(text: str, *, decimal: Decimal = ".") -> float | None:
    """Read a number; whole numbers stay `int`.

    Returns:
        None for the ways testers write "no value": nothing, dashes, dots, `9.99E+37`. Not-a-number and
        the infinities come back as such.

    Raises:
        ValueError: it is no number.
    """
    text = written = text.strip()
    if decimal == "," or (decimal == "auto" and text.count(",") == 1 and "." not in text):
        text = text.replace(",", ".")
    if _NOTHING.fullmatch(text):
        return None
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        if decimal == "," and "." in written:  # 1.234 may be a thousand
            raise ValueError(f"{written[:40]!r} is no number with the decimal mark ','")
        return float(text)
    if _NAN.fullmatch(text):
        return float("nan")
    if found := _INFINITY.fullmatch(text):
        return float(f"{found[1]}inf")
    raise ValueError(f"{text[:40]!r} is no number")
