"""PURE: from an instance's activity to the charts of its card."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from stationmaster.activity import Activity
from stationmaster_tray.text import clock, span, tr
from stationmaster_tray.widgets.chart import ChartData, Series


def throughput(activity: Activity) -> ChartData:
    """Delivered reports by result, and what went into error."""
    buckets = activity.buckets
    return ChartData(
        title=tr("Delivered"),
        moments=tuple(one.start for one in buckets),
        series=(
            Series(name=tr("Passed"), colour="good", values=tuple(float(one.passed) for one in buckets)),
            Series(
                name=tr("Failed"),
                colour="calm",
                values=tuple(float(one.failed + one.error) for one in buckets),
                hatched=True,
            ),
            Series(name=tr("Other"), colour="quiet", values=tuple(float(one.other) for one in buckets)),
            Series(
                name=tr("Not converted or refused"),
                colour="call",
                values=tuple(float(one.into_error) for one in buckets),
            ),
        ),
        label=_label(activity.until),
    )


def waiting(activity: Activity) -> ChartData:
    """How long the oldest report had waited."""
    buckets = activity.buckets
    return ChartData(
        title=tr("Oldest waits"),
        moments=tuple(one.start for one in buckets),
        series=(
            Series(name=tr("Age"), colour="accent", values=tuple(one.oldest_waiting for one in buckets)),
        ),
        label=_label(activity.until),
        value=_age,
        line=True,
    )


def _label(now: datetime) -> Callable[[datetime], str]:
    return lambda at: clock(at, now)


def _age(seconds: float) -> str:
    return span(timedelta(seconds=seconds))
