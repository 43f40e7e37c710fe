"""In which zone are times read that name none? It must be the station's, wherever the agent runs."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from stationmaster.api.converter import Source
from stationmaster.api.trial.case import Case, Outcome
from stationmaster.api.trial.finding import Findings

STATION = "America/Sao_Paulo"
"""A zone without summer time, far from the two of the PC."""

PCS = ("UTC", "Asia/Kolkata")


def check_zone(case: Case, found: Findings) -> None:
    """Convert with two zones of the station, and two of this PC."""
    here = case.run(_in(case, STATION))
    there = case.run(_in(case, PCS[0]))
    if not (here.good and there.good):
        return  # told elsewhere
    if instants(here) != instants(there):
        told = case.source.station.time_zone
        zone = (
            f"station.time_zone, which is {told}"
            if told
            else "the zone of this PC: station.time_zone is not set"
        )
        found.note(
            "local-time",
            f"The file's times name no zone; they are read in {zone}.",
            file=case.file,
            next_step="" if told else "Set station.time_zone where the tester's clock has another zone.",
        )
    if sys.platform == "win32":
        return  # there the zone cannot be changed for one process
    answers = []
    for zone in PCS:
        with _pc_in(zone):
            answers.append(instants(case.run(_in(case, STATION))))
    compare_zones(found, case.file, *answers)


def compare_zones(found: Findings, file: str, one: list[str], other: list[str]) -> None:
    """Say so where the zone of the PC shows in times."""
    if one != other:
        found.error(
            "pc-time-zone",
            f"The times of the reports change with the time zone of the PC ({' and '.join(PCS)}), although "
            "station.time_zone is set.",
            file=file,
            next_step="Read local times with read_time(text, source.station), never with astimezone().",
        )


def instants(outcome: Outcome) -> list[str]:
    """When the tests began, without regard to how it is written."""
    found = []
    for taken in outcome.reports:
        start = taken.start
        found.append(f"{start.timestamp():.6f}" if start is not None and start.tzinfo else str(start))
    return found


def _in(case: Case, zone: str) -> Source:
    return replace(case.source, station=replace(case.source.station, time_zone=zone))


@contextmanager
def _pc_in(zone: str) -> Iterator[None]:
    before = os.environ.pop("TZ", None)
    os.environ["TZ"] = zone
    _reset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        _reset()


def _reset() -> None:
    if sys.platform != "win32":
        time.tzset()
