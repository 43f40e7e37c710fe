"""`stationmaster queue activity`: what went in and out in the last hours, as a small table."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from stationmaster.activity import Activity, ActivityBucket
from stationmaster.cli.agent import Json
from stationmaster.cli.output import print_json, table
from stationmaster.cli.session import agent, run
from stationmaster.control.protocol import MOST_BUCKETS, MOST_HOURS

_COLUMNS = (
    "From",
    "Taken",
    "Delivered",
    "Passed",
    "Failed",
    "Error",
    "Other",
    "Into error",
    "Waiting",
    "Oldest",
)


def activity(
    *,
    instance: Annotated[
        str, typer.Option("--instance", "-i", help="Which instance; not needed where there is one.")
    ] = "",
    hours: Annotated[float, typer.Option(min=0.1, max=MOST_HOURS, help="How far back.")] = 8.0,
    buckets: Annotated[int, typer.Option(min=1, max=MOST_BUCKETS, help="How many lines.")] = 16,
    json: Json = False,
) -> None:
    """Show what was taken, delivered and refused in the last hours, and what waited."""

    async def ask() -> Activity:
        from stationmaster.cli.queue import one_instance  # noqa: PLC0415 - which lists this command

        async with agent() as client:
            name = await one_instance(client, instance)
            return await client.activity(name, hours=hours, buckets=buckets)

    found = run(ask())
    if json:
        print_json("activity", found)
        return
    long = hours > 24
    table("", _COLUMNS, [_row(one, long=long) for one in found.buckets])


def _row(one: ActivityBucket, *, long: bool) -> tuple[str, ...]:
    numbers = (
        one.taken,
        one.delivered,
        one.passed,
        one.failed,
        one.error,
        one.other,
        one.into_error,
        one.waiting,
    )
    return (
        _clock(one.start, long=long),
        *(str(number or "-") for number in numbers),
        _length(one.oldest_waiting),
    )


def _clock(moment: datetime, *, long: bool) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M" if long else "%H:%M")


def _length(seconds: float) -> str:
    """A time in the largest unit; "" for none."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return ""
