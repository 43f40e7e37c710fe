"""The station of the settings, as converters and reports know it."""

from __future__ import annotations

from stationmaster.api.converter import Station
from stationmaster.config.station_schema import StationConfig


def station_of(settings: StationConfig) -> Station:
    """What reports of this instance say about their station where their source says nothing."""
    return Station(
        name=settings.machine_name,
        location=settings.location,
        purpose=settings.purpose,
        time_zone=settings.time_zone,
    )
