"""What the host does around a converter: ids, defaults, zones, and the harness for authors' tests."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar
from uuid import UUID, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stationmaster.api import (
    ConversionError,
    ConverterOptions,
    Report,
    Resume,
    Source,
    Station,
    Status,
    ValidationError,
)
from stationmaster.api.defaults import complete
from stationmaster.api.identity import report_id
from stationmaster.api.testing import convert_file, options_of, source_of
from stationmaster.api.wsjf import decode
from stationmaster.api.zone import LocalZone, zone_of

INSTANCE = UUID("7f1c2f0e-5c7e-4b37-9d0a-2a4c7a0f6b11")
MTIME = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


# ---------------------------------------------------------------- report ids
def test_the_form_of_an_id_is_frozen() -> None:
    fields = (b"wstf", hashlib.sha256(b"record").digest(), b"0", b"")
    joined = b"".join(len(field).to_bytes(8, "big") + field for field in fields)
    expected = str(uuid5(INSTANCE, hashlib.sha256(joined).hexdigest()))
    assert report_id(INSTANCE, "wstf", b"record", 0) == expected
    assert report_id(INSTANCE, "wstf", b"record", 0) == "649a9d0f-f1a5-5325-b836-0dca6f234d72"
    assert report_id(INSTANCE, "wstf", b"record", 1, 1234) == "4fdbcbe9-3a69-550c-9f2d-e0ca81cd4326"


def test_each_field_counts() -> None:
    ids = {
        report_id(INSTANCE, "a", b"r", 0),
        report_id(UUID(int=1), "a", b"r", 0),
        report_id(INSTANCE, "b", b"r", 0),
        report_id(INSTANCE, "a", b"s", 0),
        report_id(INSTANCE, "a", b"r", 1),
        report_id(INSTANCE, "a", b"r", 0, 0),
        report_id(INSTANCE, "a", b"r", 0, 1),
        report_id(INSTANCE, "a1", b"r", 0),
    }
    assert len(ids) == 8
    assert all(UUID(one).version == 5 for one in ids)


FIELDS = st.tuples(st.text(), st.binary(), st.integers(0, 10), st.none() | st.integers(0, 10))


@settings(max_examples=100, deadline=None)
@given(FIELDS, FIELDS)
def test_ids_are_equal_exactly_where_the_fields_are(
    one: tuple[str, bytes, int, int | None], other: tuple[str, bytes, int, int | None]
) -> None:
    assert (report_id(INSTANCE, *one) == report_id(INSTANCE, *other)) == (one == other)


# ---------------------------------------------------------------- defaults
def source(tmp_path: Path, station: Station) -> Source:
    return Source(path=tmp_path / "x.txt", name="x.txt", size=0, mtime=MTIME, station=station)


def test_the_station_fills_what_is_absent(tmp_path: Path) -> None:
    station = Station(name="ST-1", location=" Lab ", purpose="Test", time_zone="Europe/Oslo")
    report = Report.uut(sn="S", pn="P", rev="A", process_code=1, start=None)
    report.data["purpose"] = "  "
    report.root.passfail("p", Status.FAILED)
    assert complete(report, source(tmp_path, station)) is report
    assert (report.data["machineName"], report.data["location"], report.data["purpose"]) == (
        "ST-1",
        "Lab",
        "Test",
    )
    assert report.data["start"] == "2026-07-01T14:00:00+02:00"
    assert not report.timed
    assert report.data["result"] == "F", "finished"
    assert report.warnings == ["x.txt names no start time: the file's own time was taken"]
    complete(report, source(tmp_path, Station(name="OTHER")))
    assert report.data["machineName"] == "ST-1"
    assert len(report.warnings) == 1


def test_what_nobody_names_is_a_dash(tmp_path: Path) -> None:
    report = Report.uut(sn="S", pn="P", rev="A", process_code=1, start=MTIME)
    complete(report, source(tmp_path, Station()))
    assert [report.data[key] for key in ("machineName", "location", "purpose")] == ["-", "-", "-"]
    assert report.timed
    assert report.warnings == []


def test_a_decoded_report_keeps_what_it_has(tmp_path: Path) -> None:
    [report] = decode('{"type": "T", "machineName": "M", "location": "L", "purpose": "U", "start": "2026"}')
    before = dict(report.data)
    complete(report, source(tmp_path, Station(name="ST-1")))
    assert report.data == before


# ---------------------------------------------------------------- zones
@pytest.fixture
def oslo_pc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This PC stands in Norway."""
    monkeypatch.setenv("TZ", "Europe/Oslo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


needs_tzset = pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone of a process is fixed here")


@needs_tzset
@pytest.mark.usefixtures("oslo_pc")
def test_local_time_has_the_offset_of_its_own_date() -> None:
    zone = Station().zone
    assert isinstance(zone, LocalZone)
    assert datetime(2026, 1, 1, 12, tzinfo=zone).isoformat() == "2026-01-01T12:00:00+01:00"
    assert datetime(2026, 7, 1, 12, tzinfo=zone).isoformat() == "2026-07-01T12:00:00+02:00"
    assert MTIME.astimezone(zone).isoformat() == "2026-07-01T14:00:00+02:00"
    assert datetime(2026, 7, 1, tzinfo=zone).tzname() == "CEST"
    assert datetime(2026, 7, 1, tzinfo=zone).dst() is None


@needs_tzset
@pytest.mark.usefixtures("oslo_pc")
def test_both_hours_of_a_fold_come_back() -> None:
    zone = LocalZone()
    for hour in (0, 1):
        moment = datetime(2026, 10, 25, hour, 30, tzinfo=UTC)
        local = moment.astimezone(zone)
        assert (local.hour, local.minute, local.fold) == (2, 30, hour)
        assert local.utcoffset() == timedelta(hours=2 - hour)
        assert local.astimezone(UTC) == moment


def test_the_ends_of_the_calendar_have_a_local_time() -> None:
    zone = LocalZone()
    for year in (1, 9999):
        assert (
            datetime(year, 1 if year == 1 else 12, 1 if year == 1 else 31, tzinfo=zone).utcoffset()
            is not None
        )
    assert zone.utcoffset(None) is None
    assert zone.tzname(None) == "local"
    assert repr(zone) == "LocalZone()"


def test_an_unknown_zone_says_what_to_do() -> None:
    assert str(zone_of("Europe/Oslo")) == "Europe/Oslo"
    for name in ("Europe/Nowhere", "../etc/passwd", "Mars"):
        with pytest.raises(ConversionError, match="IANA"):
            _ = Station(time_zone=name).zone


# ---------------------------------------------------------------- the harness
class Options(ConverterOptions, frozen=True, kw_only=True):
    start: str = ""


class LineConverter:
    """A serial number a line; "bad" breaks a rule."""

    name: ClassVar[str] = "lines"
    version: ClassVar[str] = "1"
    options_type: ClassVar[type[ConverterOptions]] = Options

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        begin = resume.offset if resume else 0
        lines = source.read_text()[begin:].splitlines()
        for sn in lines:
            rev = "" if sn == "bad" else options.revision
            yield Report.uut(sn=sn, pn=options.part_number, rev=rev, process_code=1, start=None)
        yield Resume(source.size)


class PlainConverter:
    name: ClassVar[str] = "plain"
    version: ClassVar[str] = "1"

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        assert type(options) is ConverterOptions
        assert resume is None
        yield Report.uut(sn=source.name, pn="P", rev="A", process_code=1, start=source.mtime)


def test_a_file_is_converted_as_the_host_does(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("A1\nA2\n")
    os.utime(path, (MTIME.timestamp(), MTIME.timestamp()))
    reports = convert_file(
        LineConverter(), path, options={"part_number": "P"}, station=Station(time_zone="UTC")
    )
    assert [report.sn for report in reports] == ["A1", "A2"]
    assert {report.data["start"] for report in reports} == {"2026-07-01T12:00:00+00:00"}
    assert {report.data["machineName"] for report in reports} == {"-"}
    assert {report.data["result"] for report in reports} == {"P"}
    assert [one.sn for one in convert_file(LineConverter(), str(path), options=Options(part_number="P"))] == [
        "A1",
        "A2",
    ]
    assert convert_file(LineConverter(), path, resume=Resume(6)) == []


def test_a_converter_without_options(tmp_path: Path) -> None:
    (tmp_path / "x.txt").touch()
    [report] = convert_file(PlainConverter(), tmp_path / "x.txt")
    assert report.sn == "x.txt"
    assert report.data["machineName"] == "TEST"


def test_a_bad_report_names_its_place(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("bad")
    with pytest.raises(ValidationError, match="rev: is empty"):
        convert_file(LineConverter(), tmp_path / "x.txt", options={"part_number": "P"})


def test_no_report_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "x.txt").touch()
    with pytest.raises(ConversionError, match=r"x\.txt holds no report"):
        convert_file(LineConverter(), tmp_path / "x.txt")


def test_wrong_options_are_named() -> None:
    with pytest.raises(ConversionError, match="part_nmber"):
        options_of(LineConverter(), {"part_nmber": "P"})
    with pytest.raises(ConversionError, match="process_code"):
        options_of(PlainConverter(), {"process_code": "ten"})
    assert options_of(LineConverter()) == Options()


def test_the_source_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(b"abc")
    made = source_of(path)
    assert (made.name, made.size, made.station.name) == ("x.bin", 3, "TEST")
    assert made.mtime.tzinfo is not None
    assert made.read_bytes() == b"abc"
    with made.open() as file:
        assert file.read() == b"abc"
