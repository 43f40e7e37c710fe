"""Moments as people type them: "17:30", an ISO time, so many minutes from now."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

from stationmaster.control.protocol import next_morning
from stationmaster.errors import ConfigError

_FORMS = "Write 17:30, tomorrow, 2026-03-02T17:30 (both local time) or 2026-03-02T17:30Z."
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}


def moment_of(text: str, now: datetime) -> datetime:
    """The moment that `text` names: a time of day is the next such one, a time without offset a local one.

    "tomorrow" is six in the morning of the next day.

    Raises:
        ConfigError: it is no moment, or is over already.
    """
    try:
        clock = re.fullmatch(r"(\d\d?):(\d\d)(?::(\d\d))?", text.strip())
        if text.strip() == "tomorrow":
            return next_morning(now)
        if clock:
            hour, minute, second = (int(part or 0) for part in clock.groups())
            return _next(time(hour, minute, second), now)
        moment = datetime.fromisoformat(text.strip()).astimezone()
    except (ValueError, OverflowError, OSError):
        raise ConfigError(f'"{text}" is no time.', next_step=_FORMS) from None
    if moment <= now:
        raise ConfigError(f'"{text}" is over already.', next_step="Name a time that is still to come.")
    return moment


def past_of(text: str) -> datetime:
    """The moment that is over which `text` names: a day begins at midnight, a time is a local one.

    Raises:
        ConfigError: it is no moment.
    """
    try:
        return datetime.fromisoformat(text.strip()).astimezone()
    except (ValueError, OverflowError, OSError):
        raise ConfigError(
            f'"{text}" is no time.',
            next_step="Write 2026-03-02, 2026-03-02T17:30 (local) or 2026-03-02T17:30Z.",
        ) from None


def in_minutes(minutes: float, now: datetime) -> datetime:
    """So many minutes from now.

    Raises:
        ConfigError: that is no moment to come.
    """
    try:
        if minutes > 0:
            return now + timedelta(minutes=minutes)
    except OverflowError:
        pass
    raise ConfigError(f"{minutes:g} is no number of minutes.", next_step="Name a number above 0.")


def _next(at: time, now: datetime) -> datetime:
    today = datetime.combine(now.astimezone().date(), at)
    found = today.astimezone()
    return found if found > now else (today + timedelta(days=1)).astimezone()


def past_moment(text: str, now: datetime) -> datetime:
    """The moment that `text` names, which is over: "15min" ago, the last "17:30", or an ISO time.

    Raises:
        ConfigError: it is no moment.
    """
    try:
        ago = re.fullmatch(r"(\d+(?:\.\d+)?) ?(s|min|m|h|d)", text.strip())
        if ago:
            return now - timedelta(seconds=float(ago[1]) * _SECONDS[ago[2]])
        clock = re.fullmatch(r"(\d\d?):(\d\d)(?::(\d\d))?", text.strip())
        if clock:
            hour, minute, second = (int(part or 0) for part in clock.groups())
            today = datetime.combine(now.astimezone().date(), time(hour, minute, second))
            found = today.astimezone()
            return found if found <= now else (today - timedelta(days=1)).astimezone()
        return datetime.fromisoformat(text.strip()).astimezone()
    except (ValueError, OverflowError, OSError):
        raise ConfigError(f'"{text}" is no time.', next_step=f"Write 15min, 2h, 1d. {_FORMS}") from None
