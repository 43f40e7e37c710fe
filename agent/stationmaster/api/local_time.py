"""Times as testers write them, made aware.

A local time gets the offset of the station's zone at that moment, and that offset alone: the difference of
two times is then the time that passed, also across a change of summer time. Where a local time means two
moments, or none (the hour at such a change), the first meaning is taken and a warning says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from stationmaster.api.converter import Station

_FIRST_YEAR, _LAST_YEAR = 1980, 2200


@dataclass(frozen=True, slots=True)
class Moment:
    """An aware time, and what a person should know about it ("" as a rule)."""

    at: datetime
    warning: str = ""


def read_time(text: str, station: Station, *, utc: bool = False) -> Moment:
    """Read an ISO 8601 date and time, `T` or blank between.

    An offset in the text wins; else the time is UTC if `utc`, else local at the station.

    Raises:
        ValueError: no such time.
    """
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text[:40]!r} is no ISO date and time") from None
    if not _FIRST_YEAR <= read.year < _LAST_YEAR:
        raise ValueError(f"{text[:40]!r} has year {read.year}")
    if read.tzinfo is not None:
        return Moment(read)
    return Moment(read.replace(tzinfo=UTC)) if utc else local_time(read, station)


def local_time(naive: datetime, station: Station) -> Moment:
    """Give a local time of the station its offset.

    Raises:
        ConversionError: the station's time zone does not exist.
    """
    zone = station.zone
    offsets = [naive.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta(0) for fold in (0, 1)]
    first = naive.replace(tzinfo=timezone(offsets[0]))
    if offsets[0] == offsets[1]:
        return Moment(first)
    return Moment(
        first, f"{naive.isoformat()} stands in a change of summer time; {first.isoformat()} was taken"
    )


def from_epoch(seconds: float) -> datetime:
    """Aware UTC time of a Unix time.

    Raises:
        ValueError: beyond what a test can have.
    """
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        raise ValueError(f"{str(seconds)[:40]} is no Unix time") from None
    if not _FIRST_YEAR <= moment.year < _LAST_YEAR:
        raise ValueError(f"Unix time {str(seconds)[:40]} is year {moment.year}")
    return moment
