"""Times as WSJF writes them: ISO 8601 with offset, 0 to 9 digits of fraction."""

from __future__ import annotations

import re
from datetime import datetime

CLOCKS_DIFFER = 300.0
"""Seconds that a time may lie ahead of a clock: clocks differ."""

_SHAPE = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})(?P<gap>[Tt ])(?P<time>\d{2}:\d{2}(?P<seconds>:\d{2})?)"
    r"(?P<fraction>[.,]\d{0,9})?(?P<space> ?)(?P<zone>[Zz]|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)


def parse(text: str) -> datetime | None:
    """The moment, naive where the text has no offset, cut to microseconds; None: not a time.

    Reads what real files hold beside the rule: a space for the T, a fraction of no digits
    ("08:00:00.Z"), a decimal comma.
    """
    match = _SHAPE.fullmatch(text.strip())
    if match is None:
        return None
    fraction = (match["fraction"] or ".")[1:7]
    seconds = "" if match["seconds"] else ":00"
    zone = (match["zone"] or "").upper()
    try:
        return datetime.fromisoformat(f"{match['date']}T{match['time']}{seconds}.{fraction:0<6}{zone}")
    except ValueError:
        return None


def ahead(text: str, now: datetime) -> str:
    """By how much a time lies in the future, in words; "" where it does not, or is no time.

    Args:
        text: the time; without an offset it is local time of this PC.
        now: aware.
    """
    moment = parse(text)
    if moment is None:
        return ""
    seconds = (moment - (now if moment.tzinfo else now.astimezone().replace(tzinfo=None))).total_seconds()
    if seconds <= CLOCKS_DIFFER:
        return ""
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.0f} hours" if seconds < 2 * 86400 else f"{seconds / 86400:.0f} days"


def mend(text: str) -> str | None:
    """The same moment in the form that WSJF wants; None: not a time.

    What is right already comes back as it is: no digit of the fraction is lost.
    """
    match = _SHAPE.fullmatch(text.strip())
    if match is None or parse(text) is None:
        return None
    digits = (match["fraction"] or "")[1:]
    zone = (match["zone"] or "").upper()
    if len(zone) == len("+0100"):
        zone = f"{zone[:3]}:{zone[3:]}"
    return f"{match['date']}T{match['time']}{'.' if digits else ''}{digits}{zone}"
