"""What a trial found, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from stationmaster.sentence import joined

MOST_OF_A_KIND = 5
"""Of findings with the same code in the same file, so many are told; the rest is counted."""


class Severity(StrEnum):
    """How bad it is: an error breaks something in the factory, a warning may, a note is good to know."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a trial found.

    Attributes:
        code: stable word for programs, see docs/writing-a-converter.md.
        severity: how bad it is.
        text: what happened, in a sentence.
        place: where: unit, step, line, as far as known.
        file: name of the sample; "" where it concerns the converter alone.
        next_step: what to do about it.
    """

    code: str
    severity: Severity
    text: str
    place: str = ""
    file: str = ""
    next_step: str = ""

    def __str__(self) -> str:
        where = ", ".join(filter(None, (self.file, self.place)))
        told = (
            f"{self.severity} [{self.code}] {where}: {self.text}"
            if where
            else (f"{self.severity} [{self.code}] {self.text}")
        )
        return joined(told, self.next_step) if self.next_step else told


class Findings:
    """Collects findings: equal ones once, many of a kind shortened."""

    def __init__(self) -> None:
        """Nothing was found yet."""
        self._found: dict[tuple[str, str, str, str], Finding] = {}
        self._kinds: Counter[tuple[str, str, Severity]] = Counter()

    def add(
        self,
        code: str,
        severity: Severity,
        text: str,
        *,
        place: str = "",
        file: str = "",
        next_step: str = "",
    ) -> None:
        """Add one."""
        key = (code, file, place, text)
        if key in self._found:
            return
        kind = (code, file, severity)
        self._kinds[kind] += 1
        if self._kinds[kind] <= MOST_OF_A_KIND:
            self._found[key] = Finding(
                code=code, severity=severity, text=text, place=place, file=file, next_step=next_step
            )

    def error(self, code: str, text: str, *, place: str = "", file: str = "", next_step: str = "") -> None:
        """Add an error."""
        self.add(code, Severity.ERROR, text, place=place, file=file, next_step=next_step)

    def warning(self, code: str, text: str, *, place: str = "", file: str = "", next_step: str = "") -> None:
        """Add a warning."""
        self.add(code, Severity.WARNING, text, place=place, file=file, next_step=next_step)

    def note(self, code: str, text: str, *, place: str = "", file: str = "", next_step: str = "") -> None:
        """Add a note."""
        self.add(code, Severity.NOTE, text, place=place, file=file, next_step=next_step)

    def __iter__(self) -> Iterator[Finding]:
        yield from self._found.values()
        for (code, file, severity), count in self._kinds.items():
            if count > MOST_OF_A_KIND:
                more = count - MOST_OF_A_KIND
                yield Finding(code=code, severity=severity, text=f"... and {more} more like this.", file=file)
