"""A report as rows, measurements and text: pure parts of the page Converters."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fakes import wsjf
from stationmaster.errors import StationmasterError
from stationmaster_tray.report import document as documents
from stationmaster_tray.report.document import Document, path_of, read
from stationmaster_tray.report.measure import (
    MOST_MEASURED,
    Measured,
    measured_below,
    number_of,
    thinned,
    waves_of,
)
from stationmaster_tray.report.plain import MOST, lines
from stationmaster_tray.report.row import PART, Row, find, in_parts, rows
from stationmaster_tray.report.wording import limits, shown, verdict
from stationmaster_tray.text import number


def document(report: Any) -> Document:
    return read(json.dumps(report).encode())


def walk(row: Row) -> list[Row]:
    return [row] + [one for child in row.children for one in walk(child)]


def named(top: Row, name: str) -> Row:
    return next(row for row in walk(top) if row.name == name)


# -------------------------------------------------------------------- reading
def test_a_report_is_read_whole_and_its_failures_are_known() -> None:
    found = document(wsjf.rich())
    assert found.head["sn"] == "SN-0002"
    assert (found.steps, found.failed, found.failures) == (17, 1, ((1, 0),))
    assert found.root["name"] == "Main"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{ no", "cannot be shown"),
        (b"[1]", "no JSON object"),
        (b"\xff\xfe\xfd", "cannot be shown"),
        (b'{"a":' * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_report_is_told_in_words(content: bytes, says: str) -> None:
    with pytest.raises(StationmasterError, match=says) as caught:
        read(content)
    assert caught.value.next_step


@pytest.mark.parametrize(
    "report",
    [
        {},
        {"root": 5, "miscInfos": "x", "assets": [1, None], "uut": []},
        {"root": {"stepType": 5, "name": None, "steps": {"a": 1}, "numericMeas": "x", "loop": 3}},
        {"root": {"name": {"a": 1}, "status": ["P"], "steps": [None, 5, {"numericMeas": [3, {}]}]}},
        {"stepType": "x", "root": [], "subUnits": [{"root": {"steps": [{"stepType": ""}]}}]},
        {"root": {"stepType": "x", "steps": [{"stepType": "x", "name": "\ud800", "id": 10**40}]}},
        {"root": {"stepType": "x", "chart": {"series": [{"ydata": 5}]}, "attachment": {"data": 7}}},
    ],
)
def test_a_report_that_is_wrong_in_any_way_is_shown_all_the_same(report: Any) -> None:
    found = document(report)
    assert walk(rows(found))
    assert list(lines(found))
    assert measured_below(found.root) == ()
    assert waves_of(found.root) is not None


@pytest.mark.parametrize(
    ("place", "path"),
    [
        ("root", ()),
        ("root.steps[1].steps[0].numericMeas[1].comp", (1, 0)),
        ("root.numericMeas[0]", ()),
        ("root/Voltages/Many.numericMeas[0].value", (1, 1)),
        ("root/Looped#2.loop", (11,)),
        ("root/Ask", (9,)),
        ("root/Voltages.steps[1]/x.status", (1, 1)),
        ("root.steps[1]/Rail.value", (1, 0)),
        ("root.steps[99].name", ()),
        ("root/no such step.status", ()),
        ("machineName", None),
        ("rooted", None),
        ("subUnits[1].root.steps[2]", None),
        ("", None),
    ],
)
def test_the_place_of_a_finding_leads_to_its_step(place: str, path: tuple[int, ...] | None) -> None:
    assert path_of(document(wsjf.rich()), place) == path


def test_names_with_slashes_and_dots_are_told_apart() -> None:
    steps = [wsjf.numeric("A", 1), wsjf.sequence("A/B", [wsjf.numeric("C.D", 1), wsjf.numeric("C", 1)])]
    found = document(wsjf.minimal(root=wsjf.sequence("Main", steps)))
    assert path_of(found, "root/A/B/C.D.status") == (1, 0)
    assert path_of(found, "root/A/B/C.status") == (1, 1)
    assert path_of(found, "root/A.status") == (0,)


# -------------------------------------------------------------------- rows
def test_the_head_stands_in_the_order_that_people_look_for() -> None:
    head = rows(document(wsjf.rich())).children[0]
    assert [row.name for row in head.children][:5] == [
        "Serial number", "Part number", "Revision", "Result", "Process"]  # fmt: skip
    told = {row.name: row.value for row in head.children}
    assert told["Result"] == "✗ Failed"
    assert told["Kind of report"] == "Test"
    assert told["Operator"] == "operator1"


def test_a_step_shows_its_measurement_with_unit_limits_and_verdict() -> None:
    top = rows(document(wsjf.rich()))
    rail = named(top, "Rail")
    assert (rail.value, rail.unit, rail.low, rail.high, rail.status) == ("9.5", "V", "≥ 4.5", "≤ 5.5", "F")
    assert "too high" in [row.value for row in rail.children]
    many = named(top, "Many")
    assert [(row.name, row.value, row.low, row.high) for row in many.children] == [
        ("a", "NaN", "", ""), ("b", "2", "> 1", ""), ("c", "9", "< 1", "> 2")]  # fmt: skip
    assert (named(top, "FW").value, named(top, "FW").low) == ("1.2", "≈ 1.2")
    assert named(top, "Init").kind == "Action, setup"
    assert named(top, "Looped [1]").value == "5"
    assert named(top, "Chart Current").children[0].value == "3 points"
    assert named(top, "File log.txt").value == "5 bytes text/plain"


def test_a_repair_shows_its_failures() -> None:
    top = rows(document(wsjf.repair()))
    texts = [f"{row.name} {row.value}" for row in walk(top)]
    assert any("Burned" in text for text in texts)
    assert "Kind of report Repair" in texts


def test_a_sub_unit_has_its_own_steps() -> None:
    report = wsjf.minimal()
    report["subUnits"] = [{"partType": "Module", "sn": "M-1", "root": wsjf.sequence("Inner", [])}]
    row = named(rows(document(report)), "Module")
    assert [child.name for child in row.children if child.status] == ["Inner"]


@pytest.mark.parametrize("count", [0, 1, PART, PART + 1, 3 * PART, PART * PART + 1])
def test_no_row_has_more_below_it_than_can_be_laid_out_at_once(count: int) -> None:
    top = Row("", make=lambda: in_parts(range(count), lambda _item, place: Row(str(place))))
    everything = walk(top)
    assert [row.name for row in everything if not row.has_children] == [str(place) for place in range(count)]
    assert all(len(row.children) <= PART for row in everything)


def test_a_step_is_found_through_the_parts_of_a_long_list() -> None:
    steps = [
        wsjf.sequence(f"G{place}", [wsjf.numeric("A", 5), wsjf.numeric("B", 5)]) for place in range(1200)
    ]
    top = rows(document(wsjf.minimal(root=wsjf.sequence("Main", steps))))
    for place in (0, PART - 1, PART, 1199):
        group, inner = find(top, (place,)), find(top, (place, 1))
        assert group is not None
        assert inner is not None
        assert (group.name, inner.name, inner.parent) == (f"G{place}", "B", group)
    assert find(top, (1200,)) is None
    assert find(top, (0, 5)) is None
    assert find(top, (0, 1, 0)) is None
    assert find(rows(document({})), (0,)) is None


def test_a_part_of_a_long_list_tells_how_many_in_it_failed() -> None:
    steps = [wsjf.numeric(f"R{at}", 5, "F" if at in {3, 700, 701} else "P") for at in range(1200)]
    main = find(rows(document(wsjf.minimal(root=wsjf.sequence("Main", steps, "F")))), ())
    assert main is not None
    assert [(row.name, row.value) for row in main.children if row.name.startswith("Steps")] == [
        ("Steps 1 to 500", "1 failed"), (f"Steps 501 to {number(1000)}", "2 failed"),
        (f"Steps {number(1001)} to {number(1200)}", "")]  # fmt: skip


def test_a_step_without_steps_stays_text_until_somebody_looks() -> None:
    found = document(wsjf.minimal())
    (step,) = documents.steps_of(found.root)
    assert isinstance(step, bytes)
    assert documents.step_of(step)["name"] == "VCC"
    assert documents.status_of(step) == "P"


def test_a_text_that_no_mail_takes_is_cut_and_says_so() -> None:
    steps = [wsjf.numeric(f"R{at}", 5) for at in range(MOST)]
    said = list(lines(document(wsjf.minimal(root=wsjf.sequence("Main", steps)))))
    assert len(said) == MOST + 1
    assert "as JSON" in said[-1]


def test_the_text_has_every_step_with_verdict_and_limits() -> None:
    text = "\n".join(lines(document(wsjf.rich())))
    assert "✗ Failed  Rail: 9.5 V  (≥ 4.5, ≤ 5.5)" in text
    assert "✓ Passed  LED" in text
    assert "Serial number: SN-0002" in text


# -------------------------------------------------------------------- words
def test_each_status_has_a_sign_and_a_word() -> None:
    said = [verdict(code) for code in "PFETDS"]
    assert len({one[0] for one in said}) == len(said)
    assert all(len(one) > 2 for one in said)
    assert verdict("") == ""
    assert verdict("X") == "? X"


def test_a_long_value_is_cut_and_stays_on_one_line() -> None:
    assert len(shown("x" * 5_000_000)) < 400
    assert shown("a\nb\tc") == "a b c"
    assert shown(0.1 + 0.2) == "0.3"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"compOp": "GELE", "lowLimit": 1, "highLimit": 2}, ("≥ 1", "≤ 2")),
        ({"compOp": "LTGE", "lowLimit": 1, "highLimit": 2}, ("< 1", "≥ 2")),
        ({"compOp": "LE", "lowLimit": 1}, ("", "≤ 1")),
        ({"compOp": "NE", "lowLimit": 1}, ("≠ 1", "")),
        ({"compOp": "LOG", "lowLimit": 1}, ("", "")),
        ({"compOp": "ODD", "lowLimit": 1, "highLimit": 2}, ("ODD 1", "2")),
        ({"compOp": "CASESENSIT", "limit": "x"}, ("= x", "")),
        ({}, ("", "")),
    ],
)
def test_limits_come_with_their_comparison(row: dict[str, Any], said: tuple[str, str]) -> None:
    assert limits(row) == said


# -------------------------------------------------------------------- charts
@pytest.mark.parametrize(
    ("value", "low", "high", "position"),
    [
        (5, 4, 6, 0.5),
        (4, 4, 6, 0.0),
        (8, 4, 6, 2.0),
        (3, 3, 3, 0.5),
        (4, 3, 3, 2.0),
        (2, 3, 3, -1.0),
        (10, 10, None, 0.0),
        (20, 10, None, 1.0),
        (-1, 0, None, -1.0),
        (10, None, 10, 1.0),
        (0, None, 10, 0.0),
    ],
)
def test_a_value_stands_where_its_range_says(
    value: float, low: float | None, high: float | None, position: float
) -> None:
    assert Measured(name="x", value=value, low=low, high=high).position == pytest.approx(position)


def test_measurements_with_a_range_are_found_below_a_step() -> None:
    found = measured_below(document(wsjf.rich()).root)
    assert [(one.name, one.value, one.low, one.high, one.status) for one in found][:2] == [
        ("Rail", 9.5, 4.5, 5.5, "F"), ("Many / b", 2, 1, None, "P")]  # fmt: skip
    steps = [wsjf.numeric(f"R{at}", 5) for at in range(5_000)]
    assert len(measured_below(document(wsjf.minimal(root=wsjf.sequence("M", steps))).root)) == MOST_MEASURED


@pytest.mark.parametrize("value", ["NaN", "Infinity", True, None, {}, "x", 10**400])
def test_what_is_no_finite_number_is_none(value: object) -> None:
    assert number_of(value) is None


def test_a_waveform_keeps_its_peaks_when_it_is_thinned_out() -> None:
    points = [(float(at), 1000.0 if at == 77_777 else float(at % 3)) for at in range(200_000)]
    kept = thinned(points)
    assert len(kept) <= 2_000
    assert max(y for _, y in kept) == 1000.0
    assert [x for x, _ in kept] == sorted(x for x, _ in kept)
    assert thinned(points[:10]) == tuple(points[:10])


def test_a_logarithmic_axis_leaves_out_what_has_no_logarithm() -> None:
    series = [{"name": "I", "xdata": "1;10;100;1000", "ydata": "0;10;x;1000"}, {"ydata": "1;2"}]
    (wave,) = waves_of(
        {"chart": {"chartType": "LineLogXY", "xUnit": "s", "xLabel": "Time", "series": series}}
    )
    assert wave.lines[0].points == ((1.0, 1.0), (3.0, 3.0))
    assert (wave.x_title, wave.log_x, wave.log_y) == ("Time [s]", True, True)
    assert [x for x, _ in wave.lines[1].points] == [0.0]
