"""Maps what the HTTP library raises to what happens next. The texts name hosts, never headers or tokens."""

from __future__ import annotations

import os
import ssl

import aiohttp

from stationmaster.errors import NeedsUserError, StationmasterError, TransientError
from stationmaster.model import ProblemCode
from stationmaster.wats.answer import held, hide

_CODE = ProblemCode.SERVER_UNREACHABLE


def mapped(error: Exception, host: str, timeout: float, *, secret: str = "") -> StationmasterError:
    """A foreign error as one of ours, for a request to `host` that had `timeout` seconds.

    `alone` is set where the request may have reached the server: then the trouble may lie in the report,
    and the report may have been committed.
    """
    if isinstance(
        error, aiohttp.InvalidURL | UnicodeError
    ):  # a host name or a password that no request can carry
        return NeedsUserError(
            "The address of the server or of the proxy is not valid.",
            code=ProblemCode.CONFIG_INVALID,
            next_step="Correct server.url and server.proxy.",
        )
    if isinstance(error, aiohttp.ClientHttpProxyError | aiohttp.ClientProxyConnectionError):
        return _at_proxy(error, host)
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return TransientError(
            f"{host} cannot be reached: {hide(cause(error), secret)}.",
            next_step="Check the network; reports wait here and are sent when the server answers.",
            code=_CODE,
        )
    if isinstance(error, TimeoutError):
        text = f"{host} gave no answer within {timeout:g} s."
    else:
        text = f"The connection to {host} broke before the answer was complete ({type(error).__name__})."
    return TransientError(text, alone=True, code=_CODE)


def cause(error: Exception) -> str:
    """The operating system's words for a connection that failed."""
    if not isinstance(error, aiohttp.ClientConnectorError):
        return "no connection in time"
    inner = error.os_error
    if isinstance(inner, ssl.SSLError):
        return f"TLS failed ({inner.reason or type(inner).__name__})"
    if inner.errno and inner.errno > 0:  # asyncio puts its own sentence, with the address, into strerror
        return os.strerror(inner.errno)
    return inner.strerror or str(inner) or type(inner).__name__


def _at_proxy(
    error: aiohttp.ClientHttpProxyError | aiohttp.ClientProxyConnectionError, host: str
) -> StationmasterError:
    if isinstance(error, aiohttp.ClientHttpProxyError):
        if error.status == 407:
            return held(407, "")
        return TransientError(f"The proxy answered {error.status} for {host}.", code=_CODE)
    return TransientError(
        f"The proxy at {error.host}:{error.port} cannot be reached: {cause(error)}.",
        next_step="Check server.proxy and the network.",
        code=_CODE,
    )
