"""The address of a server as people write it, and as requests need it."""

from __future__ import annotations

from urllib.parse import urlsplit

from stationmaster.errors import NeedsUserError
from stationmaster.model import Hop, ProblemCode


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
