"""Readings that may lack their number, names of units, and lines of text that gather at a step."""

from __future__ import annotations

import re

from stationmaster.api.limit import CompOp, Limits
from stationmaster.api.status import Status
from stationmaster.api.step import Sequence, Step
from stationmaster.api.text import clip, one_line

MAX_TEXT = 20_000
"""Characters of a step's report text."""


_OHM = re.compile(
    r"([pnu\N{MICRO SIGN}mkKMG]?)(?:O|[Oo]hms?|OHMS?|\N{OHM SIGN}|\N{GREEK CAPITAL LETTER OMEGA})"
)


def unit_name(text: str) -> str:
    """The unit as it is, but the many ways to write ohm as "Ohm": "O", "ohm", "KO" is "kOhm"."""
    text = one_line(text, 100)
    found = _OHM.fullmatch(text)
    return f"{found[1].replace('K', 'k')}Ohm" if found else text


def add_reading(
    parent: Sequence,
    name: str,
    value: float | None,
    *,
    status: Status,
    unit: str = "",
    limits: Limits | None = None,
) -> Step:
    """Add a numeric limit test; where there is no number, a pass/fail test with the limits as its text."""
    if value is not None:
        return parent.numeric(name, value, unit=unit, limits=limits, status=status)
    step = parent.passfail(name, status)
    add_line(step, f"no value; {_told(limits, unit)}".rstrip("; "))
    return step


def unread_status(text: str, limits: Limits | None) -> Status:
    """Status of a value that is no number, where the file has no verdict of it.

    Args:
        text: what stands in its place. Nothing at all: it was not measured.
        limits: what it was to be compared with. Beside them `9.99E+37` or `---` is an error, never a pass:
            it was measured, but is out of range or without a result.
    """
    compared = limits is not None and limits.comp is not CompOp.LOG
    return Status.ERROR if compared and text.strip() else Status.SKIPPED


def add_line(step: Step, text: str) -> None:
    """Add a line to a step's report text, which is cut where it grows too long."""
    before = str(step.data.get("reportText") or "")
    if text and len(before) < MAX_TEXT:
        step.details(text=clip(f"{before}\n{text}" if before else text, MAX_TEXT))


def _told(limits: Limits | None, unit: str) -> str:
    if limits is None or limits.low is None:
        return ""
    bounds = f"{limits.low:.15g}" if limits.high is None else f"{limits.low:.15g} {limits.high:.15g}"
    return f"{limits.comp.value} {bounds} {unit}".rstrip()
