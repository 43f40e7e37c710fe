"""The settings of a source that is fetched on a timetable."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta


class FetchSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A source that is fetched on a timetable, from a database for instance."""

    name: Annotated[
        str,
        Meta(
            pattern=r"^[a-z0-9][a-z0-9_-]{0,39}\Z",
            title="1 to 40 letters (a-z), digits, - or _",
            description="Its name. Another name is another source, which is fetched from its beginning.",
            examples=["results-db"],
        ),
    ]
    converter: Annotated[
        str, Meta(min_length=1, description="The converter that fetches.", examples=["sqlite-rows"])
    ]
    convert_with: Annotated[
        str,
        Meta(
            description="The converter of what was fetched; the one that fetches if empty.",
            examples=["wstf"],
        ),
    ] = ""
    every: Annotated[
        float,
        Meta(ge=1, le=604_800, description="Seconds between two runs.", examples=[60.0]),
    ] = 300.0
    at: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z")], ...],
        Meta(
            description="Times of the day for a run instead of `every`, in the machine's time zone.",
            examples=[["06:00", "18:30"]],
        ),
    ] = ()
    time_limit: Annotated[
        float,
        Meta(ge=1, le=86400, description="Seconds one run may take before it is ended.", examples=[300.0]),
    ] = 60.0
    options: Annotated[
        dict[str, Any],
        Meta(
            description='Options of the converter; `{ env = "NAME" }` or `{ file = "/path" }` in place of '
            "a value reads it from there, for what is secret.",
            examples=[{"database": "/srv/results.db", "password": {"env": "RESULTS_PASSWORD"}}],
        ),
    ] = msgspec.field(default_factory=dict)
