"""Readings that lack their number, gathering report text, dates of an order that the file does not tell."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from stationmaster.api import Limits, Report, Station, Status, at_most, between, log_only
from stationmaster.api.day_time import DayOrder, read_day_time
from stationmaster.api.reading import MAX_TEXT, add_line, add_reading, unit_name, unread_status

OSLO = Station(time_zone="Europe/Oslo")


def report() -> Report:
    return Report.uut(sn="S", pn="P", rev="A", process_code=1, start=datetime(2026, 3, 2, tzinfo=UTC))


def test_a_reading_is_a_numeric_step_with_the_testers_status() -> None:
    step = add_reading(report().root, "a", 7, unit="V", limits=between(1, 2), status=Status.PASSED)
    assert (step.step_type, step.status) == ("ET_NLT", "P")
    assert "reportText" not in step.data


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        (between(1, 2.5), "no value; GELE 1 2.5 V"),
        (at_most(3), "no value; LE 3 V"),
        (between(33150.125, 1234567.25), "no value; GELE 33150.125 1234567.25 V"),
        (between(0, 1e-12), "no value; GELE 0 1e-12 V"),
        (None, "no value"),
    ],
)
def test_without_a_number_it_is_a_pass_fail_step_that_tells_its_limits(
    limits: Limits | None, text: str
) -> None:
    step = add_reading(report().root, "a", None, unit="V", limits=limits, status=Status.FAILED)
    assert (step.step_type, step.status, step.data["reportText"]) == ("ET_PFT", "F", text)


@pytest.mark.parametrize(
    ("text", "name"),
    [("O", "Ohm"), ("ohm ", "Ohm"), ("KO", "kOhm"), ("mO", "mOhm"), ("MOhm", "MOhm"), ("\N{OHM SIGN}", "Ohm")]
    + [(text, text) for text in ("V", "nF", "OK", "", "Orange", "\N{DEGREE SIGN}C")],
)
def test_ohm_has_one_name(text: str, name: str) -> None:
    assert unit_name(text) == name


def test_lines_gather_up_to_a_bound() -> None:
    step = report().root.passfail("a", Status.PASSED)
    for line in ("one", "", "two\a"):
        add_line(step, line)
    assert step.data["reportText"] == "one\ntwo"
    for _ in range(5):
        add_line(step, "x" * 9000)
    assert len(step.data["reportText"]) == MAX_TEXT


@pytest.mark.parametrize(
    ("day", "clock", "order", "expected"),
    [
        ("20/4/2023", "8:02:39", "dmy", "2023-04-20T08:02:39+02:00"),
        ("02/03/24", "16:44:27:988", "mdy", "2024-02-03T16:44:27.988000+01:00"),
        ("2024-07-01", "16:44", "dmy", "2024-07-01T16:44:00+02:00"),
        ("24.12.31", "00:00:00.5", "ymd", "2024-12-31T00:00:00.500000+01:00"),
        ("31-12-85", "23:59:59,25", "dmy", "1985-12-31T23:59:59.250000+01:00"),
    ],
)
def test_dates_in_the_order_that_is_told(day: str, clock: str, order: DayOrder, expected: str) -> None:
    assert read_day_time(day, clock, OSLO, order=order).at.isoformat() == expected


@pytest.mark.parametrize(
    ("day", "clock", "reason"),
    [
        ("13/13/2024", "10:00:00", "in the order mdy"),
        ("10/2024/12", "10:00:00", "is no date"),
        ("10/10/024", "10:00:00", "is no date in the order mdy"),
        ("10/10/1970", "10:00:00", "has year 1970"),
        ("today", "10:00:00", "'today' is no date"),
        ("10/10/2024", "25:00:00", "hour must be in"),
        ("10/10/2024", "noon", "'noon' is no time of day"),
    ],
)
def test_what_is_no_date_or_time_is_refused(day: str, clock: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_day_time(day, clock, OSLO, order="mdy")


@pytest.mark.parametrize(
    ("text", "limits", "status"),
    [
        ("9.99E+37", between(1, 2), "E"),
        ("---", at_most(3), "E"),
        (" ", between(1, 2), "S"),
        ("---", None, "S"),
        ("---", log_only(), "S"),
    ],
)
def test_what_is_no_number_beside_limits_is_an_error(text: str, limits: Limits | None, status: str) -> None:
    assert unread_status(text, limits) == status
