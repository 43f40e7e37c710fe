"""The settings of a station, see `schema`."""

from __future__ import annotations

import socket
from typing import Annotated

import msgspec
from msgspec import Meta


class StationConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What reports say about this station where the result file says nothing."""

    name: Annotated[
        str, Meta(max_length=100, description='Station name; "" takes the host name.', examples=["FCT-04"])
    ] = ""
    location: Annotated[
        str,
        Meta(max_length=100, description='Where the station stands; "" for unknown.', examples=["Hall 2"]),
    ] = ""
    purpose: Annotated[
        str,
        Meta(max_length=100, description='What the station is for; "" for unknown.', examples=["Production"]),
    ] = ""
    time_zone: Annotated[
        str,
        Meta(
            description='IANA time zone of times without one in result files; "" takes the machine\'s.',
            examples=["Europe/Oslo"],
        ),
    ] = ""

    client_id: Annotated[
        str,
        Meta(
            max_length=100,
            pattern=r"^$|^[^\s:](?:[^\x00-\x1f\x7f:]*[^\s:])?\Z",
            title="a name without a colon and without space around it, or empty",
            description='Id under which the station is registered at the server; "" where it is not. '
            "`instance register` sets it.",
            examples=["FCT-PC04-line1"],
        ),
    ] = ""

    @property
    def machine_name(self) -> str:
        """The station name that reports carry: `name`, else the host name."""
        return self.name or socket.gethostname()
