"""What the host adds to a report where its source is silent."""

from __future__ import annotations

from stationmaster.api.converter import Source, Station
from stationmaster.api.report import Report

UNNAMED = "-"
"""WSJF wants 1 to 100 characters; this stands where neither the file nor the instance names any."""


def complete(report: Report, source: Source) -> Report:
    """Fill station, location, purpose and start, then finish the report. Idempotent.

    A start that the source does not give is the file's mtime in the station's zone, with a warning;
    `report.timed` is then False, so that the report id counts the mtime.
    """
    station = source.station
    at_station(report, station)
    if _blank(report.data.get("start")):
        report.data["start"] = source.mtime.astimezone(station.zone).isoformat()
        report.timed = False
        report.warn(f"{source.name} names no start time: the file's own time was taken")
    return report.finish()


def at_station(report: Report, station: Station) -> Report:
    """Fill station, location and purpose where the report does not name them. Idempotent."""
    wanted = {"machineName": station.name, "location": station.location, "purpose": station.purpose}
    for key, default in wanted.items():
        if _blank(report.data.get(key)):
            report.data[key] = default.strip() or UNNAMED
    return report


def _blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
