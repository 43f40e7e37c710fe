"""Maps what the HTTP library raises to what happens next. The texts name hosts, never headers or tokens.

Each text names the hop that failed and its address: the doctor and the Problems of the running agent have
the same words, because both come from here.
"""

from __future__ import annotations

import errno
import os
import ssl
from urllib.parse import urlsplit

import aiohttp

from stationmaster.errors import NeedsUserError, StationmasterError, TransientError
from stationmaster.model import Hop, ProblemCode
from stationmaster.secrecy import hide
from stationmaster.sentence import closed
from stationmaster.wats.answer import proxy_login

_CODE = ProblemCode.SERVER_UNREACHABLE
_PORTS = {"http": 80, "https": 443}

_NO_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"}
"""What OpenSSL calls an answer in another language than TLS."""

_WAITS = "Reports wait here and are sent when the server answers."

CONNECT_LIMIT = 10.0
"""Seconds that a name may take to be resolved, and then a connection to come about, at most."""


def connect_limit(timeout: float) -> float:
    """Of a request's `timeout`, what the connection may take: it must end first, to be told apart."""
    return min(CONNECT_LIMIT, timeout / 2)


def resolve_limit(timeout: float) -> float:
    """Of a request's `timeout`, what the name may take."""
    return min(CONNECT_LIMIT, timeout / 3)


def host_and_port(url: str) -> str:
    """Where an address leads, without user name and path."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return f"{f'[{host}]' if ':' in host else host}:{parts.port or _PORTS.get(parts.scheme.lower(), 0)}"


def mapped(
    error: Exception, url: str, timeout: float, *, proxy: str = "", secret: str = ""
) -> StationmasterError:
    """A foreign error as one of ours, for a request to `url` that had `timeout` seconds.

    `alone` is set where the request may have reached the server: then the trouble may lie in the report,
    and the report may have been committed.
    """
    if isinstance(error, aiohttp.InvalidURL | UnicodeError):
        # a host name or a password that no request can carry
        return NeedsUserError(
            "The address of the server or of the proxy is not valid.",
            code=ProblemCode.CONFIG_INVALID,
            next_step="Correct server.url and server.proxy.",
            hop=Hop.ADDRESS,
        )
    server, through = host_and_port(url), host_and_port(proxy) if proxy else ""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return _refused_by_proxy(error, through, server)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return _unresolved(error, through)
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return _no_tls(error, server, secret)
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return _no_connection(error, f"The proxy {through}" if through else server, timeout, through, secret)
    text = f"The connection to {server} broke before the answer was complete ({type(error).__name__})."
    if isinstance(error, TimeoutError):
        text = f"{server} gave no answer within {timeout:g} s."
    return TransientError(text, alone=True, code=_CODE, hop=Hop.SERVER)


def _no_connection(
    error: aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError,
    who: str,
    timeout: float,
    through: str,
    secret: str,
) -> TransientError:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        text = f"{who} does not take the connection within {connect_limit(timeout):g} s."
    elif error.os_error.errno == errno.ECONNREFUSED:
        text = f"{who} refuses the connection."
        return _unreachable(text, Hop.TCP, through, setting="its port, and https:// or http://")
    else:
        text = closed(f"{who} cannot be reached: {hide(cause(error), secret)}")
    return _unreachable(text, Hop.TCP, through)


def _no_tls(error: aiohttp.ClientConnectorSSLError, server: str, secret: str) -> TransientError:
    reason = cause(error)
    if reason not in _NO_TLS:
        return _unreachable(closed(f"TLS failed with {server}: {hide(reason, secret)}"), Hop.TLS)
    text = f"TLS failed with {server}: what answers there does not speak it ({reason})."
    return _unreachable(text, Hop.TLS, setting="its port, and whether it must begin with http://")


def tls_hangs(url: str, timeout: float) -> TransientError:
    """The connection came about, TLS on it did not, in the time that both have."""
    text = f"{host_and_port(url)} takes the connection, but no TLS comes about within"
    return _unreachable(f"{text} {connect_limit(timeout):g} s.", Hop.TLS)


def handshake_failed(url: str) -> TransientError:
    """The server ended the handshake and does not say why, and we showed no certificate."""
    text = f"TLS failed with {host_and_port(url)}: it ended the handshake, perhaps for want of a client"
    return _unreachable(f"{text} certificate (server.client_cert).", Hop.TLS)


def cause(error: aiohttp.ClientConnectorError) -> str:
    """The operating system's words for a connection that failed."""
    inner = error.os_error
    if isinstance(inner, ssl.SSLError):
        return inner.reason or type(inner).__name__
    if inner.errno and inner.errno > 0:  # asyncio puts its own sentence, with the address, into strerror
        return os.strerror(inner.errno)
    return inner.strerror or str(inner) or type(inner).__name__


def _unresolved(error: aiohttp.ClientConnectorDNSError, through: str) -> TransientError:
    which = f"The proxy's name {error.host}" if through else f"The name {error.host}"
    return _unreachable(closed(f"{which} cannot be resolved: {cause(error)}"), Hop.DNS, through)


def _unreachable(text: str, hop: Hop, through: str = "", *, setting: str = "") -> TransientError:
    """As `text` says.

    Args:
        through: the proxy on the way, "" for none.
        setting: what of the address is most likely wrong: to be looked at before the network.
    """
    step = f"Check the network. {_WAITS}"
    if through:
        step = "Check server.proxy and the network."
    elif setting:
        step = f"Check server.url: {setting}. Then check the network, and that the server runs. {_WAITS}"
    elif hop is Hop.DNS:
        step = f"Check server.url and the network. {_WAITS}"
    return TransientError(text, next_step=step, code=_CODE, hop=hop)


def _refused_by_proxy(error: aiohttp.ClientHttpProxyError, through: str, server: str) -> StationmasterError:
    if error.status == 407:
        return proxy_login(through)
    text = f"The proxy {through} answered {error.status} for {server}."
    return TransientError(text, next_step="Check server.proxy and the network.", code=_CODE, hop=Hop.PROXY)
