"""Charts as SVG, and values as people read them."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stationmaster.embedded_server.page_chart import HEIGHT, MAX_POINTS, MAX_SERIES, WIDTH, chart, step_chart
from stationmaster.embedded_server.page_frame import moment, seconds, size, word
from stationmaster.embedded_server.page_value import number, numeric_limit, step_type, string_limit


def series(xdata: Any, ydata: Any, name: str = "s") -> dict[str, Any]:
    return {"dataType": "XYG", "name": name, "xdata": xdata, "ydata": ydata}


def curves(drawing: str) -> list[list[tuple[float, float]]]:
    found = re.findall(r'<polyline points="([^"]*)"', drawing)
    return [[(float(a), float(b)) for a, b in re.findall(r"([^ ,]+),([^ ,]+)", points)] for points in found]


def labels(drawing: str) -> list[str]:
    return re.findall(r"<text [^>]*>([^<]+)</text>", drawing)


def test_points_are_drawn_in_proportion() -> None:
    ((first, second, third),) = curves(chart({"series": [series("0;5;10", "0;50;100")]}))
    assert first[0] < second[0] < third[0]
    assert first[1] > second[1] > third[1]
    assert second[0] == pytest.approx((first[0] + third[0]) / 2, abs=0.2)
    assert second[1] == pytest.approx((first[1] + third[1]) / 2, abs=0.2)


def test_axes_have_round_ticks() -> None:
    texts = labels(chart({"series": [series("0;10", "-0.001;0.003")], "xLabel": "t", "xUnit": "s"}))
    assert {"0", "2", "4", "10", "-0.001", "0.003", "t (s)"} <= set(texts)


def test_logarithmic_axes() -> None:
    drawing = chart({"chartType": "LineLogXY", "series": [series("1;10;100;0;-5", "1;100;10000;5;5")]})
    ((first, second, third),) = curves(drawing)
    assert second[0] - first[0] == pytest.approx(third[0] - second[0], abs=0.2)
    assert first[1] - second[1] == pytest.approx(second[1] - third[1], abs=0.2)
    assert {"1", "10", "100", "10000"} <= set(labels(drawing))
    only_x = curves(chart({"chartType": "LineLogX", "series": [series("1;10;100", "-1;0;1")]}))
    assert len(only_x[0]) == 3
    only_y = curves(chart({"chartType": "LineLogY", "series": [series("-1;0;1", "1;0;10")]}))
    assert len(only_y[0]) == 2


def test_long_curves_are_thinned_and_keep_their_peaks() -> None:
    ys = [0.0] * 100_000
    ys[54_321] = 1000.0
    ys[12_345] = -1000.0
    (points,) = curves(chart({"series": [series(None, ";".join(map(str, ys)))]}))
    assert 400 < len(points) <= MAX_POINTS
    heights = [y for _, y in points]
    assert min(heights) < 40
    assert max(heights) > HEIGHT - 80


def test_short_curves_show_their_points() -> None:
    assert chart({"series": [series("0;1;2", "1;2;3")]}).count("<circle") == 3
    many = ";".join(map(str, range(100)))
    assert "<circle" not in chart({"series": [series(many, many)]})


def test_every_curve_is_told_from_the_others() -> None:
    drawing = chart({"series": [series("0;1", "0;1", f"n{place}") for place in range(MAX_SERIES + 2)]})
    classes = re.findall(r'<g class="(curve[^"]*)"><polyline', drawing)
    assert len(set(classes)) == MAX_SERIES
    assert "n23" in drawing
    assert "2 more series are not drawn." in drawing


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"series": None},
        {"series": [5, {}]},
        {"series": [series("", "")]},
        {"series": [series("NaN;inf", "1;2")]},
        {"series": [series("x;y", "1;2")]},
        {"series": [series(5, 5)]},
        {"chartType": "LineLogX", "series": [series("0;-1", "1;2")]},
        {"series": [series("1e301;1", "1;1e308")]},
    ],
)
def test_what_has_no_points_says_so(data: dict[str, Any]) -> None:
    assert "No points." in chart(data)


def test_a_single_point_and_a_level_line_are_drawn() -> None:
    assert len(curves(chart({"series": [series("5", "5")]}))[0]) == 1
    assert len(curves(chart({"series": [series("0;1", "0;0")]}))[0]) == 2


FLOATS = st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from([0.0, 1e-320, 1.0, 1.0 + 1e-15])


@given(
    xs=st.lists(FLOATS, max_size=5),
    ys=st.lists(FLOATS, max_size=5),
    kind=st.sampled_from(["Line", "LineLogX", "LineLogY", "LineLogXY"]),
)
@example(xs=[5.336699220035048e282], ys=[0.0], kind="LineLogX")
@example(xs=[1e-289, 9.9e299], ys=[1e-289, 9.9e299], kind="LineLogXY")
def test_any_numbers_are_drawn_inside_the_picture(xs: list[float], ys: list[float], kind: str) -> None:
    one = series(";".join(map(repr, xs)), ";".join(map(repr, ys)))
    for points in curves(chart({"chartType": kind, "series": [one]})):
        for x, y in points:
            assert math.isfinite(x)
            assert 0 <= x <= WIDTH
            assert 0 <= y <= HEIGHT


def test_a_step_without_a_chart() -> None:
    assert step_chart({}) is None
    assert step_chart({"chart": None}) is None
    assert "No points." in (step_chart({"chart": {"label": "x"}}) or "")


# ---------------------------------------------------------------- values
@pytest.mark.parametrize(
    ("comp", "text"),
    [
        ("GELE", "1 ≤ x ≤ 2.5"),
        ("GTLT", "1 < x < 2.5"),
        ("GTLE", "1 < x ≤ 2.5"),
        ("GELT", "1 ≤ x < 2.5"),
        ("LTGT", "x < 1 or x > 2.5"),
        ("LTGE", "x < 1 or x ≥ 2.5"),
        ("LEGT", "x ≤ 1 or x > 2.5"),
        ("LEGE", "x ≤ 1 or x ≥ 2.5"),
        ("EQ", "x = 1"),
        ("EQT", "x = 1"),
        ("NE", "x ≠ 1"),
        ("LT", "x < 1"),
        ("LE", "x ≤ 1"),
        ("GT", "x > 1"),
        ("ge", "x ≥ 1"),
        ("LOG", ""),
        (None, ""),
        ("NEW", "NEW"),
    ],
)
def test_limits(comp: str | None, text: str) -> None:
    assert numeric_limit({"compOp": comp, "lowLimit": 1.0, "highLimit": 2.5}) == text


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"compOp": "CASESENSIT", "limit": "a"}, "= a"),
        ({"compOp": "IGNORECASE", "limit": "a"}, "= a (any case)"),
        ({"compOp": "LOG", "limit": "a"}, ""),
        ({"compOp": "CASESENSIT"}, ""),
        ({}, ""),
    ],
)
def test_text_limits(row: dict[str, Any], text: str) -> None:
    assert string_limit(row) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (5.0, "5"), (5.25, "5.25"), (1e300, "1e+300"), ("NaN", "NaN"), (7, "7"), (True, "True")],
)
def test_numbers(value: Any, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (0.5234, "0.523 s"),
        (59.9, "59.9 s"),
        (61, "1 min 1 s"),
        (3720.2, "1 h 2 min"),
        (1e300, "1e+300 s"),
        ("NaN", "NaN"),
        (True, "True"),
    ],
)
def test_durations(value: Any, text: str) -> None:
    assert seconds(value) == text


def test_words() -> None:
    assert [word(letter) for letter in ("P", "S", "", None, "X")] == [
        "Passed",
        "Skipped",
        "Unknown",
        "Unknown",
        "X",
    ]
    assert [size(count) for count in (10, 2048, 3 * 1024 * 1024)] == ["10 B", "2.0 kB", "3.0 MB"]
    assert [step_type(name) for name in ("ET_NLT", "NI_Flow_If", None)] == ["Numeric limit", "Flow If", ""]
    assert ">unknown<" in moment(None)
    assert "2026-01-02 03:04:05<" in moment("2026-01-02T03:04:05.123")
    assert "> -05:00<" in moment("2026-01-02T03:04:05.123-05:00")
    assert ">today<" in moment("today")
