"""The settings of what stays on this machine and for how long, see `schema`."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class RetentionConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long delivered reports and archived files stay. Queued reports and errors always stay."""

    payload_days: Annotated[
        float, Meta(ge=0, description="Days the content of a delivered report stays.", examples=[30.0])
    ] = 7.0
    payload_mb: Annotated[
        int,
        Meta(
            ge=0, description="Megabytes of content of delivered reports that stay at most.", examples=[4096]
        ),
    ] = 1024
    completed_days: Annotated[
        float, Meta(ge=0, description="Days a delivered report stays in the history.", examples=[365.0])
    ] = 90.0
    completed_count: Annotated[
        int, Meta(ge=0, description="Delivered reports that stay in the history at most.", examples=[100_000])
    ] = 1_000_000
    archive_pack: Annotated[
        bool,
        Meta(
            description="Whether archived source files of a day that is over are packed into one zip.",
            examples=[False],
        ),
    ] = True
    archive_days: Annotated[
        int,
        Meta(
            ge=0,
            le=36_500,
            description="Days after which the zip of a day is removed; 0 keeps it for ever.",
            examples=[365],
        ),
    ] = 0
