"""Dates with slashes, dots or dashes, whose order the file does not tell, and the time beside them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Literal

from stationmaster.api.converter import Station
from stationmaster.api.local_time import Moment, local_time

DayOrder = Literal["dmy", "mdy", "ymd"]
"""Order of day, month and year."""

_DAY = re.compile(r"(\d{1,4})[/.-](\d{1,2})[/.-](\d{1,4})", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,:](\d{1,6}))?)?", re.ASCII)


def read_day_time(day: str, clock: str, station: Station, *, order: DayOrder) -> Moment:
    """Read a date and a time of the station's clock; a fraction may follow a point, a comma or a colon.

    Years of two digits are 1970 to 2069. A year of four digits that stands first is the year in any order.

    Raises:
        ValueError: no such date or time; a date that only another order makes is none.
    """
    found, time = _DAY.fullmatch(day.strip()), _CLOCK.fullmatch(clock.strip())
    if found is None:
        raise ValueError(f"{day[:40]!r} is no date")
    if time is None:
        raise ValueError(f"{clock[:40]!r} is no time of day")
    actual = "ymd" if len(found[1]) == 4 else order
    parts = {key: found[at] for at, key in enumerate(actual, start=1)}
    if len(parts["d"]) > 2 or len(parts["y"]) not in {2, 4}:
        raise ValueError(f"{day[:40]!r} is no date in the order {actual}")
    year = int(parts["y"])
    if len(parts["y"]) == 2:
        year += 1900 if year >= 70 else 2000
    fraction = int(f"{time[4] or 0:0<6}")
    try:
        naive = datetime(  # noqa: DTZ001 - the station's zone is given below
            year, int(parts["m"]), int(parts["d"]), int(time[1]), int(time[2]), int(time[3] or 0), fraction
        )
    except ValueError as error:
        raise ValueError(f"{day[:40]!r} {clock[:40]!r} in the order {actual}: {error}") from None
    if not 1980 <= year < 2200:
        raise ValueError(f"{day[:40]!r} has year {year}")
    return local_time(naive, station)
