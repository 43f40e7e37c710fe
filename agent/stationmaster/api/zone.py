"""The zone of this PC, with the daylight saving rules of each date, not those of today."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from stationmaster.errors import ConversionError


class LocalZone(tzinfo):
    """What the operating system says of local time, asked anew for each moment.

    `datetime.now().astimezone().tzinfo` is a fixed offset: a file written in summer and read in winter
    would be an hour off.
    """

    def utcoffset(self, moment: datetime | None, /) -> timedelta | None:
        """Offset at `moment`; in a gap or fold the first meaning, unless `fold` is set."""
        return None if moment is None else _system(moment).utcoffset()

    def dst(self, _moment: datetime | None, /) -> timedelta | None:
        """Not known: the system tells the sum only."""
        return None

    def tzname(self, moment: datetime | None, /) -> str | None:
        """The system's name, "CET" for instance."""
        return "local" if moment is None else _system(moment).tzname()

    def fromutc(self, moment: datetime, /) -> datetime:
        """From UTC to local time, keeping apart the two hours of a fold."""
        local = _system(moment.replace(tzinfo=UTC))
        mine = local.replace(tzinfo=self)
        return mine if mine.utcoffset() == local.utcoffset() else mine.replace(fold=1)

    def __repr__(self) -> str:
        return "LocalZone()"


def zone_of(name: str) -> tzinfo:
    """The zone with this IANA name; "" is the zone of this PC.

    Raises:
        ConversionError: no such zone.
    """
    if not name:
        return LocalZone()
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConversionError(
            f"the time zone {name!r} of the station is not known here",
            next_step='Set station.time_zone to an IANA name, "Europe/Oslo" for instance.',
        ) from error


def _system(moment: datetime) -> datetime:
    """`moment` in local time; without a zone, or with ours, it is local time already."""
    plain = moment if moment.tzinfo is UTC else moment.replace(tzinfo=None)
    try:
        return plain.astimezone()
    except (OSError, OverflowError, ValueError):
        # Windows knows no local time before 1970, and no system one at the ends of the calendar.
        offset = datetime.now(UTC).astimezone().tzinfo
        return plain.astimezone(offset) if plain.tzinfo else plain.replace(tzinfo=offset)
