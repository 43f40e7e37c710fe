"""The settings of the listener for figures, see `schema`."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class MetricsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Figures for a monitoring system over HTTP, see how-to/logs-and-metrics.md. Off unless asked for."""

    enabled: Annotated[
        bool, Meta(description="Whether `/metrics` and `/healthz` are answered.", examples=[True])
    ] = False
    host: Annotated[
        str,
        Meta(
            min_length=1,
            description="Address to listen at. Another than this computer's own needs `allow_remote`.",
            examples=["127.0.0.1"],
        ),
    ] = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535, description="Port to listen at.", examples=[9464])] = 9464
    allow_remote: Annotated[
        bool,
        Meta(
            description="Let other computers ask, without a password; the figures name the stations.",
            examples=[True],
        ),
    ] = False
