"""The settings of the embedded server that the agent runs itself, see `schema`."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class EmbeddedServerConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A WATS-compatible server in the agent, to try things with; see embedded-server.md. Off by default."""

    enabled: Annotated[
        bool, Meta(description="Whether the agent runs the embedded server.", examples=[True])
    ] = False
    port: Annotated[
        int,
        Meta(ge=1, le=65535, description="Port it listens at, on this computer alone.", examples=[8081]),
    ] = 8080
