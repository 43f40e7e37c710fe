"""What a line above a table tells of the unit: a key and its value, or several of them."""

from __future__ import annotations

import re
from typing import Final

_NAME: Final = re.compile(r"[^\W\d_][^\d]{0,39}")
_TOLD: Final = re.compile(
    r"(?P<key>[^\W\d_](?:[^\s:=]| (?! )){0,60})\s{0,60}[:=]\s+"
    r"(?P<value>\S{1,200}(?: \S{1,200}){0,30}?)(?=\s{2,}|\s[^\s:=]{1,60}\s{0,60}[:=]\s|\s*$)"
)


def pairs_of(cells: list[str]) -> tuple[dict[str, str], list[str]]:
    """Keys with their values, and the cells that are neither.

    The first cell is a key. What follows the second one is only read where all of it looks like pairs: a name
    without digits, and a text.
    """
    given = _stripped(cells)
    if not given:
        return {}, []
    found = {given[0].rstrip(":"): given[1] if len(given) > 1 else ""}
    rest = _stripped(given[2:])
    more: dict[str, str] = {}
    while rest:
        if len(rest) < 2 or not _NAME.fullmatch(rest[0]) or not rest[1]:
            return found, list(filter(None, given[2:]))
        more[rest[0].rstrip(":")] = rest[1]
        rest = _stripped(rest[2:])
    return found | {key: text for key, text in more.items() if key not in found}, []


def pairs_in(line: str) -> dict[str, str]:
    """All `Name : value` of a line of text, which stand one after the other."""
    return {found["key"].strip(): found["value"] for found in _TOLD.finditer(line)}


def _stripped(cells: list[str]) -> list[str]:
    """Without the empty ones at either end."""
    given = [place for place, cell in enumerate(cells) if cell]
    return cells[given[0] : given[-1] + 1] if given else []
