"""The charts of the overview, in a card that is too narrow for the whole legend."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage

from stationmaster_tray.widgets.chart import Chart, ChartData, Series

pytestmark = pytest.mark.usefixtures("app")

BEGIN = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
NAMES = ("Passed", "Failed", "Other", "Not converted or refused")


def picture(width: int) -> QImage:
    chart = Chart()
    moments = tuple(BEGIN + timedelta(minutes=10 * at) for at in range(48))
    values = tuple(float(at % 5 + 1) for at in range(48))
    series = tuple(Series(name=name, colour="good", values=values) for name in NAMES)
    chart.show_data(
        ChartData(title="Delivered", moments=moments, series=series, label=lambda at: f"{at:%H:%M}")
    )
    chart.resize(width, chart.sizeHint().height())
    return chart.grab().toImage()


def drawn(made: QImage, part: QRect) -> list[bool]:
    """In which columns of a part of the picture something is drawn."""
    ground = made.pixel(part.right() - 1, part.bottom() - 1)
    return [
        any(made.pixel(x, y) != ground for y in range(part.top(), part.bottom()))
        for x in range(part.left(), part.right())
    ]


def test_the_legend_goes_below_the_title_where_it_has_no_room_beside_it() -> None:
    line = Chart().fontMetrics().height()
    for width, beside in ((900, True), (280, False)):
        made = picture(width)
        right = drawn(made, QRect(width // 2, 0, width // 2, line - 1))
        assert any(right) == beside, width
    below = drawn(picture(280), QRect(0, line, 280, line))
    assert sum(below) > 100, "names, not dots alone"


def test_the_times_do_not_run_into_each_other() -> None:
    metrics = Chart().fontMetrics()
    made = picture(130)
    bottom = drawn(made, QRect(0, made.height() - metrics.height() + 2, 130, metrics.height() - 3))
    longest, now = 0, 0
    for ink in "".join("x" if one else " " for one in bottom).split("    "):
        now = len(ink.strip())
        longest = max(longest, now)
    assert 0 < longest <= metrics.horizontalAdvance("06:00") + 2
