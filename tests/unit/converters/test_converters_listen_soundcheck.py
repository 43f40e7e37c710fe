"""Listen SoundCheck: units of rows and curves, limits, dates, files that grow, spoilt files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stationmaster.api import ConversionError, ConverterOptions, Glimpse, Report, Resume, Station
from stationmaster.api.testing import convert_file, options_of, source_of
from stationmaster.api.validate import validate
from stationmaster.converters.listen_soundcheck import ListenSoundCheckConverter

DATA = Path(__file__).parents[2] / "data" / "listen-soundcheck"
OPTIONS: dict[str, Any] = {"part_number": "BRD-7", "process_code": 20}
COMMA: dict[str, Any] = {"decimal": ",", "date_order": "dmy"}


def convert(name: str, **options: Any) -> list[Report]:
    return convert_file(ListenSoundCheckConverter(), DATA / name, options=OPTIONS | options)


def changed(tmp_path: Path, name: str, old: str, new: str, **options: Any) -> list[Report]:
    """The reports of a file in which `old` is `new`."""
    text = (DATA / name).read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / name
    path.write_text(text.replace(old, new), encoding="utf-8")
    return convert_file(ListenSoundCheckConverter(), path, options=OPTIONS | options)


def parts(path: Path, resume: Resume | None = None, **options: Any) -> tuple[list[Report], Resume]:
    """The reports of a file, and the mark behind them."""
    own = options_of(ListenSoundCheckConverter(), OPTIONS | options)
    *reports, mark = ListenSoundCheckConverter().convert(source_of(path), own, resume)
    assert isinstance(mark, Resume)
    return [one for one in reports if isinstance(one, Report)], mark


def test_a_report_for_each_serial_number_and_time() -> None:
    reports = convert("results.txt")
    assert [(one.sn, one.data["result"], one.data["start"][:19]) for one in reports] == [
        ("S/N 7", "P", "2026-03-04T09:15:30"),
        ("S/N 8", "F", "2026-03-04T12:05:01"),
        ("S/N 9", "P", "2026-03-04T00:00:02"),
    ]
    assert reports[0].data["uut"] == {"user": "kim", "batchSN": "P/N #BRD-7"}
    assert reports[0].data["miscInfos"] == [{"description": "fixture", "text": "FX-2"}]
    assert reports[0].record == b"".join((DATA / "results.txt").read_bytes().splitlines(keepends=True)[1:4])
    assert [one.warnings for one in reports] == [[], [], []]
    assert all(validate(one) == [] for one in convert("results.txt", serial_number_prefix="S/N "))


def test_max_min_are_limits_and_other_tolerances_are_words() -> None:
    level, polarity, thd = convert("results.txt")[1].root.steps
    assert level.data["numericMeas"] == [
        {"status": "F", "value": 96.5, "unit": "dB", "compOp": "GELE", "lowLimit": 85.0, "highLimit": 95.0}
    ]
    assert level.data["reportText"] == "comment: quiet room"
    assert (polarity.status, polarity.data["reportText"]) == ("P", "Tolerance curves / Individual Pts.")
    assert thd.data["numericMeas"] == [{"status": "F", "value": -1.5, "unit": "%", "compOp": "LOG"}]


def test_curves_are_charts() -> None:
    first = convert("curves.txt")[0]
    level, fundamental, thd = first.root.steps
    assert (level.status, fundamental.step_type, fundamental.status) == ("P", "Chart", "D")
    chart = fundamental.data["chart"]
    assert (chart["chartType"], chart["xUnit"], chart["yUnit"]) == ("LineLogX", "Hz", "dB re 20u Pa")
    assert (chart["series"][0]["xdata"], chart["series"][0]["ydata"]) == ("100;400", "80.5;82.5")
    assert (thd.data["chart"]["chartType"], thd.data["chart"]["yUnit"]) == ("LineLogY", "%")
    assert first.record is not None
    assert first.record.count(b"\n") == 7


def test_hours_of_both_kinds() -> None:
    starts = [one.data["start"][:19] for one in convert("curves.txt")]
    assert starts == ["2026-12-31T23:59:59", "2027-01-01T00:00:05", "2027-01-01T13:00:05"]


def test_units_of_curves_alone_have_no_verdict() -> None:
    with pytest.raises(ConversionError, match="unit at line 1: the unit has no result"):
        convert("curves_only.txt")
    reports = convert("curves_only.txt", no_verdict="P")
    assert [(one.sn, one.data["result"], len(one.root.steps)) for one in reports] == [
        ("SN-L4", "P", 1),
        ("SN-L5", "P", 1),
    ]


def test_numbers_and_dates_of_another_region() -> None:
    reports = convert("comma.txt", **COMMA)
    rows = [one.root.steps[0].data["numericMeas"][0] for one in reports]
    assert [(row["value"], row["compOp"], row["lowLimit"], row.get("highLimit")) for row in rows] == [
        (90.5, "GELE", 85.0, 95.0),
        (91, "GE", 85.0, None),
        (91.25, "LE", 95.0, None),
    ]
    assert reports[0].data["start"][:19] == "2026-12-31T17:30:00"
    with pytest.raises(ConversionError, match=r"line 2 column time: .*mdy") as caught:
        convert("comma.txt", decimal=",")
    assert "date_order" in caught.value.next_step
    with pytest.raises(ConversionError, match="line 2 column margin: '90,5' is no number") as caught:
        convert("comma.txt", date_order="dmy")
    assert "decimal" in caught.value.next_step


def test_rows_without_result_value_or_order() -> None:
    report, _ = convert("odd_limits.txt")
    kinds = [(step.name, step.step_type, step.status) for step in report.root.steps]
    assert kinds == [
        ("A", "ET_NLT", "P"),
        ("B", "ET_PFT", "F"),
        ("C", "ET_NLT", "P"),
        ("D", "ET_NLT", "P"),
        ("E", "ET_PFT", "S"),
    ]
    assert report.root.steps[3].data["reportText"] == "Max/Min / -/-"
    assert report.warnings == [
        "line 2 column result: it is empty, the limits gave the status",
        "line 4 column limits: the minimum is above the maximum, both were kept",
    ]


@pytest.mark.parametrize(
    ("cells", "status"),
    [
        ("---\tV\t\tMax/Min\t2.0/1.0", "E"),
        ("---\tV\t\tTolerance curves\tAbsolute Limits", "E"),
        ("---\tV\tPASS\tMax/Min\t2.0/1.0", "P"),
        ("---\tV\t\tMax/Min\t-/-", "S"),
        ("\tV\t\tMax/Min\t2.0/1.0", "S"),
    ],
)
def test_a_margin_that_is_no_number_beside_limits(tmp_path: Path, cells: str, status: str) -> None:
    reports = changed(tmp_path, "odd_limits.txt", "1.5\tV\t\tMax/Min\t2.0/1.0", cells)
    first = reports[0].root.steps[0]
    assert (first.step_type, first.status) == ("ET_PFT", status)


def test_options_of_the_header() -> None:
    first = convert(
        "results.txt", part_number="", part_number_pattern="#(?P<pn>.*)", serial_number_prefix="S/N "
    )
    assert (first[0].sn, first[0].pn) == ("7", "BRD-7")
    assert convert("results.txt", part_number="", part_numbers={"p/n #brd-7": "X"})[0].pn == "X"
    with pytest.raises(ConversionError, match="part_number_pattern is no regular expression"):
        convert("results.txt", part_number_pattern="(")
    [entry] = convert("results.txt", attach_source=True)[0].data["binaryData"]
    assert entry["name"] == "results.txt"


def test_a_unit_with_fewer_rows_than_the_one_before_waits() -> None:
    with pytest.raises(ConversionError, match="line 6: the file ends inside the unit that begins at line 5"):
        convert("half_unit.txt")
    reports = convert("half_unit.txt", accept_incomplete=True)
    assert [len(one.root.steps) for one in reports] == [3, 2]


def test_a_file_that_grows_gives_each_unit_once(tmp_path: Path) -> None:
    whole = (DATA / "results.txt").read_bytes().splitlines(keepends=True)
    path = tmp_path / "day.txt"
    path.write_bytes(b"".join(whole[:4]))
    first, mark = parts(path)
    assert [one.sn for one in first] == ["S/N 7"]
    path.write_bytes(b"".join(whole[:6]))
    with pytest.raises(ConversionError, match="it has 2 results and curves, the one before it has 3"):
        parts(path, mark)
    path.write_bytes(b"".join(whole))
    rest, end = parts(path, mark)
    assert [one.sn for one in rest] == ["S/N 8", "S/N 9"]
    assert end.offset == path.stat().st_size
    assert parts(path, end) == ([], end)


@pytest.mark.parametrize(("name", "rows"), [("results.txt", [2, 3]), ("curves.txt", [2, 5])])
def test_a_unit_that_grew_after_it_was_read_comes_whole_and_is_told(
    tmp_path: Path, name: str, rows: list[int]
) -> None:
    whole = (DATA / name).read_bytes().splitlines(keepends=True)
    path = tmp_path / "day.txt"
    path.write_bytes(b"".join(whole))
    [wanted, *others] = parts(path)[0]
    for count in rows:
        path.write_bytes(b"".join(whole[:count]))
        [early], mark = parts(path)
        assert 0 < len(early.root.steps) < len(wanted.root.steps)
        path.write_bytes(b"".join(whole))
        [first, *rest], end = parts(path, mark)
        assert (first.data, [one.data for one in rest]) == (wanted.data, [one.data for one in others])
        assert first.record == wanted.record
        told = f"an earlier report has {len(early.root.steps)} of its {len(wanted.root.steps)} results"
        assert any(told in text for text in first.warnings)
        assert not any("earlier report" in text for one in rest for text in one.warnings)
        assert parts(path, end)[0] == []


def test_a_unit_of_the_same_name_behind_another_header_is_another_unit(tmp_path: Path) -> None:
    head, *rows = (DATA / "results.txt").read_bytes().splitlines(keepends=True)[:4]
    path = tmp_path / "day.txt"
    path.write_bytes(head + b"".join(rows))
    [first], mark = parts(path)
    path.write_bytes(head + b"".join(rows) + head + b"".join(rows))
    [second], _end = parts(path, mark)
    assert (second.sn, len(second.root.steps)) == (first.sn, len(first.root.steps))
    assert second.warnings == first.warnings


def test_another_file_under_the_same_name_is_read_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "day.txt"
    path.write_bytes((DATA / "results.txt").read_bytes())
    _, mark = parts(path)
    path.write_bytes((DATA / "curves.txt").read_bytes())
    reports, _ = parts(path, mark)
    assert len(reports) == 3
    broken = Resume(offset=mark.offset, state={"line": "x"})
    assert len(parts(DATA / "results.txt", broken)[0]) == 3


@pytest.mark.parametrize(
    ("name", "old", "new", "reason"),
    [
        ("results.txt", "FAIL", "PERHAPS", "line 5 column result: 'PERHAPS' is no verdict"),
        ("results.txt", "90.25", "much", "line 2 column margin: 'much' is no number"),
        ("results.txt", "95.0/85.0", "95.0/x", "line 2 column limits: 'x' is no number"),
        ("results.txt", "3/4/2026", "13/4/2026", "line 2 column time"),
        ("results.txt", "12:05:01 PM", "13:05:01 PM", "has hour 13"),
        ("results.txt", "3/4/2026 9:15:30 AM", "yesterday", "'yesterday' is no date and time"),
        ("results.txt", "quiet room", "quiet\troom", "line 2: the row has 13 cells, the header 12 columns"),
        ("results.txt", "S/N 7", "", "unit at line 2: no serial number"),
        ("curves.txt", "200.0\t400.0", "200.0", "has 2 values of x and 3 of y"),
        ("curves.txt", "80.5", "loud", "curve at line 3: 'loud' is no number"),
        ("curves.txt", "SN-L1\t12/31/2026 11:59:59 PM\tL1\t80.5", "SN-L0\t\tL1\t80.5", "of two units"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, name: str, old: str, new: str, reason: str) -> None:
    with pytest.raises(ConversionError, match=reason):
        changed(tmp_path, name, old, new)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Serial #:\tName\n", "holds no unit"),
        ("SN-1\tx\n", "line 1: a row stands before the header"),
        ("Serial #:\tTime:\n", "no column behind those with a colon"),
        ("Serial #:\tTHD\nSerial #:\tTHD\n", "line 2: the curve 'THD' lacks its rows"),
        ("Serial #:\tTHD\nSN-1\t1.0\n", "ends inside the curve"),
        ("Serial #:\tName\nSN-1\tx", "ends inside a line"),
    ],
)
def test_files_that_break_the_grammar(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "broken.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConversionError, match=reason):
        convert_file(ListenSoundCheckConverter(), path, options=OPTIONS)


@pytest.mark.parametrize(
    ("name", "complete"),
    [("results.txt", True), ("curves.txt", True), ("curves_only.txt", True), ("half_curve.txt", False)],
)
def test_detection_and_completeness(name: str, complete: bool) -> None:  # noqa: FBT001 - a table
    glimpse = Glimpse.at(DATA / name)
    assert ListenSoundCheckConverter().detect(glimpse) == 80
    assert ListenSoundCheckConverter().is_complete(glimpse) is complete


def test_a_file_with_headers_alone_waits(tmp_path: Path) -> None:
    path = tmp_path / "new.txt"
    for content in ("Serial #:\tName\n", "Serial #:\tName\nSN-1\tx\nSerial #:\tTHD\n"):
        path.write_text(content, encoding="utf-8")
        assert not ListenSoundCheckConverter().is_complete(Glimpse.at(path))


@pytest.mark.parametrize("content", [b"", b"Serial #:", b"Serial\tx\n", b"\x00\x01", b"\xff\xfeS\x00"])
def test_files_of_others(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.txt"
    path.write_bytes(content)
    assert ListenSoundCheckConverter().detect(Glimpse.at(path)) == 0


def test_a_time_in_a_change_of_summer_time_is_told(tmp_path: Path) -> None:
    text = (DATA / "results.txt").read_text(encoding="utf-8")
    path = tmp_path / "day.txt"
    path.write_text(text.replace("3/4/2026 9:15:30 AM", "3/29/2026 2:30:00 AM"), encoding="utf-8")
    oslo = Station(time_zone="Europe/Oslo")
    first, *_ = convert_file(ListenSoundCheckConverter(), path, options=OPTIONS, station=oslo)
    assert "change of summer time" in first.warnings[0]


def test_common_options_are_enough() -> None:
    options = ConverterOptions(part_number="P", process_code=1)
    first = next(ListenSoundCheckConverter().convert(source_of(DATA / "results.txt"), options, None))
    assert isinstance(first, Report)


# ---------------------------------------------------------------- real files
def test_every_row_of_the_real_files(corpus: Path) -> None:
    """Each row of results, read by a few lines of its own, is the step at its place."""
    for path in sorted((corpus / "listen-soundcheck").rglob("*.txt")):
        header, *lines = [line.split("\t") for line in path.read_text(encoding="ascii").splitlines()]
        name_at = header.index("Name")
        rows = [cells for cells in lines if len(cells) == len(header) and cells[0] != "Serial #:"]
        reports = convert_file(ListenSoundCheckConverter(), path, options=OPTIONS)
        steps = [(one.sn, step) for one in reports for step in one.root.steps if step.step_type == "ET_NLT"]
        assert len(rows) == len(steps) > 30
        for cells, (sn, step) in zip(rows, steps, strict=True):
            name, value, unit, word, tolerance, limits = cells[name_at:]
            [row] = step.data["numericMeas"]
            assert (sn, step.name, row["unit"], row["status"]) == (cells[0], name, unit, word[0])
            assert row["value"] == float(value)
            bounds = [row["highLimit"], row["lowLimit"]] if tolerance == "Max/Min" else []
            assert bounds == ([float(bound) for bound in limits.split("/")] if bounds else [])
