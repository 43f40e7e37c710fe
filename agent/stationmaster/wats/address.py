"""The address of a server as people write it, and as requests need it."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from stationmaster.errors import NeedsUserError
from stationmaster.model import Hop, ProblemCode


class ServerAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where the server is and how to get there.

    Attributes:
        url: base address; a trailing "/" and "/api" are ignored.
        proxy: "http://[user:password@]host:port", "" for none.
        ca_file: a PEM file of certificate authorities to trust beside the system's own.
        client_cert: a PEM file of the certificate to show where the server asks for one, "" for none.
        client_key: the PEM file of its key, "" where it stands in `client_cert`.
        timeout: seconds for one whole request.
    """

    url: str
    proxy: str = ""
    ca_file: str = ""
    client_cert: str = ""
    client_key: str = ""
    timeout: float = 30.0


def base_url(url: str) -> str:
    """The address without a trailing "/" and "/api".

    Raises:
        NeedsUserError: it is no http or https address.
    """
    text = url.strip().rstrip("/")
    if text.lower().endswith("/api"):
        text = text[:-4].rstrip("/")
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None
        usable = usable and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise NeedsUserError(
            "server.url is not an http or https address without a user name.",
            code=ProblemCode.CONFIG_INVALID,
            next_step='Enter the address of the WATS server, such as "https://company.wats.com".',
            hop=Hop.ADDRESS,
        )
    return text
