"""Issues of a report, and the small checks of single fields that find them."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from stationmaster.api.loop import whole
from stationmaster.api.moment import parse

WORDS = frozenset({"NaN", "Infinity", "-Infinity"})
"""The numbers that WSJF writes as words."""


@dataclass(frozen=True, slots=True)
class Issue:
    """Something wrong (error) or doubtful (warning) in a report.

    Attributes:
        place: "sn", "miscInfos[2].text", "root/Numeric tests/Single.numericMeas[0].value".
    """

    place: str
    text: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        return f"{self.place}: {self.text}" if self.place else self.text


class Issues:
    """Collects issues; each check looks at one field of `part` and adds what is wrong with it.

    Args:
        built: the report was made with our builder. A rule that the format's owner does not state, or
            that his own exports break, is an error there (`house`) and a warning elsewhere.
    """

    def __init__(self, *, built: bool) -> None:
        self.found: list[Issue] = []
        self._built = built

    def error(self, place: str, text: str) -> None:
        """Add an error."""
        self.found.append(Issue(place, text))

    def warning(self, place: str, text: str) -> None:
        """Add a warning."""
        self.found.append(Issue(place, text, "warning"))

    def house(self, place: str, text: str) -> None:
        """Add an error where the report is our own, else a warning."""
        self.found.append(Issue(place, text, "error" if self._built else "warning"))

    def text(self, part: dict[str, Any], key: str, at: str, *, least: int = 0, most: int = 0) -> None:
        """A text of `least` to `most` characters (0: any); `least` > 0 also means it must be there."""
        value = part.get(key)
        if value is None:
            if least:
                self.error(at + key, "is missing")
        elif not isinstance(value, str):
            self.error(at + key, f"must be a text, not {shown(value)}")
        elif least and not value.strip():
            self.error(at + key, "is empty")
        elif most and len(value) > most:
            self.error(at + key, f"is {len(value)} characters long, {most} are allowed")

    def letter(self, part: dict[str, Any], key: str, at: str, allowed: str) -> None:
        """One of the letters in `allowed`; must be there."""
        value = part.get(key)
        if value is None:
            self.error(at + key, f"is missing: one of {', '.join(allowed)}")
        elif not isinstance(value, str) or len(value) != 1 or value not in allowed:
            self.error(at + key, f"is {shown(value)}, not one of {', '.join(allowed)}")

    def integer(self, part: dict[str, Any], key: str, at: str, *, needed: bool = False) -> None:
        """A whole number."""
        value = part.get(key)
        if value is None:
            if needed:
                self.error(at + key, "is missing")
        elif not whole(value):
            self.error(at + key, f"must be a whole number, not {shown(value)}")

    def number(self, part: dict[str, Any], key: str, at: str) -> None:
        """A number, or one of the words for what is none."""
        value = part.get(key)
        if value is None or type(value) in (int, float):
            if type(value) is int and abs(value) > sys.float_info.max:
                self.error(at + key, "is too large: a double cannot hold it")
            return
        if not isinstance(value, str) or not numeric_text(value):
            self.error(at + key, f"must be a number, not {shown(value)}")
        elif value not in WORDS:
            self.warning(at + key, f"is the text {shown(value)}: write it as a number")

    def duration(self, part: dict[str, Any], key: str, at: str) -> None:
        """Seconds, not negative."""
        self.number(part, key, at)
        value = part.get(key)
        if isinstance(value, int | float) and value < 0:
            self.house(at + key, f"is {value}: a duration is not negative")

    def flag(self, part: dict[str, Any], key: str, at: str) -> None:
        """True or false."""
        value = part.get(key)
        if value is not None and not isinstance(value, bool):
            self.error(at + key, f"must be true or false, not {shown(value)}")

    def time(self, part: dict[str, Any], key: str, at: str) -> None:
        """An ISO 8601 time, with or without offset."""
        value = part.get(key)
        if value is None:
            return
        if not isinstance(value, str) or parse(value) is None:
            self.error(at + key, f"is {shown(value)}, not a time like 2026-01-30T22:01:41.470+01:00")

    def uuid(self, part: dict[str, Any], key: str, at: str) -> None:
        """A UUID in its canonical form."""
        value = part.get(key)
        if value is not None and not is_uuid(value):
            self.error(at + key, f"is {shown(value)}, not a UUID")

    def table(
        self, part: dict[str, Any], key: str, at: str, *, needed: bool = False
    ) -> dict[str, Any] | None:
        """The object under `key`; None and an error where it is something else."""
        value = part.get(key)
        if isinstance(value, dict):
            return value
        if value is not None:
            self.error(at + key, f"must be an object, not {shown(value)}")
        elif needed:
            self.error(at + key, "is missing")
        return None

    def rows(
        self, part: dict[str, Any], key: str, at: str, *, gaps: bool = False
    ) -> list[tuple[str, dict[str, Any]]]:
        """The objects of the list under `key`, each with the begin of its place: "key[2].".

        With `gaps` a null may stand for an object.
        """
        value = part.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.error(at + key, f"must be a list, not {shown(value)}")
            return []
        found = []
        for index, row in enumerate(value):
            if isinstance(row, dict):
                found.append((f"{at}{key}[{index}].", row))
            elif row is not None or not gaps:
                self.error(f"{at}{key}[{index}]", f"must be an object, not {shown(row)}")
        return found


def shown(value: object) -> str:
    """A value for a person: short, and an object or list only by its kind."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def numeric_text(text: str) -> bool:
    """A text that is a number, or a word for one."""
    try:
        value = float(text)
    except ValueError:
        return False
    return text in WORDS or math.isfinite(value)


def is_uuid(value: object) -> bool:
    """A UUID as 36 characters, in either case."""
    if not isinstance(value, str) or len(value) != 36:
        return False
    try:
        return str(UUID(value)) == value.lower()
    except ValueError:
        return False
