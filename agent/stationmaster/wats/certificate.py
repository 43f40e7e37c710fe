"""Whom we trust, and the issuer of a certificate that we do not, so that a person can judge it.

The standard library decodes a certificate only after it was verified, so a few bytes of DER (X.690) are
walked here: Certificate -> TBSCertificate -> [0] version, serialNumber, signature, issuer (RFC 5280 4.1).
"""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
from collections.abc import Iterator

import aiohttp
import truststore

from stationmaster.errors import NeedsUserError
from stationmaster.model import Hop, ProblemCode

_NAMES = {b"\x55\x04\x03": "CN", b"\x55\x04\x0a": "O"}
"""The attribute types we show: 2.5.4.3 common name, 2.5.4.10 organisation."""


def trust(ca_file: str, client_cert: str = "", client_key: str = "") -> ssl.SSLContext:
    """The system's trust store plus the extra CA file, and our own certificate. Blocking: reads files.

    Raises:
        NeedsUserError: a file cannot be used.
    """
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:
            reason = "it holds no PEM certificate" if isinstance(error, ssl.SSLError) else error.strerror
            raise NeedsUserError(
                f"The CA file {ca_file} cannot be used: {reason}.",
                code=ProblemCode.TLS_UNTRUSTED,
                next_step="Correct server.ca_file.",
                hop=Hop.TLS,
            ) from None
    if client_cert:
        _identify(context, client_cert, client_key or client_cert)
    return context


def _identify(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """Show `certificate` to servers that ask who we are."""
    setting = "server.client_cert" if key == certificate else "server.client_key"
    try:
        if sys.platform != "win32" and os.stat(key).st_mode & 0o027:  # noqa: PTH116 - text in, text out
            raise _unusable(
                f"The key file {key} may be read or changed by others, so it is not used.",
                f"Run chmod 600 {key} as its owner; its group may read it, nobody else.",
            )
        context.load_cert_chain(certificate, key, password=_no_passphrase)
    except _EncryptedError:
        raise _unusable(
            f"The key in {key} asks for a passphrase, which nobody could enter here.",
            f"Store it without one, in a file of its own that only the agent can read; name it in {setting}.",
        ) from None
    except ssl.SSLError as error:
        reason = "the key belongs to another certificate"
        if error.reason != "KEY_VALUES_MISMATCH":
            reason = "PEM with a certificate and its private key is needed"
        raise _unusable(
            f"The client certificate {certificate} with the key {key} cannot be used: {reason}.",
            "Correct server.client_cert and server.client_key.",
        ) from None
    except OSError as error:
        raise _unusable(
            f"The client certificate {certificate} with the key {key} cannot be read: {error.strerror}.",
            "Correct server.client_cert and server.client_key, or the rights of the files.",
        ) from None


class _EncryptedError(Exception):
    """The private key is encrypted."""


def _no_passphrase() -> str:
    raise _EncryptedError


def _unusable(text: str, next_step: str) -> NeedsUserError:
    return NeedsUserError(text, code=ProblemCode.CLIENT_CERTIFICATE, next_step=next_step, hop=Hop.TLS)


def not_admitted(error: BaseException | None, server: str) -> NeedsUserError | None:
    """The error where the server does not accept who we are; None where it is about something else.

    It says so by a TLS alert (RFC 8446 6.2), with TLS 1.3 only when the first answer is read.
    """
    while error is not None:
        reason = getattr(error, "reason", None) or ""  # aiohttp's own TLS errors are made without one
        text = next((text for alert, text in _ALERTS.items() if str(reason).endswith(alert)), "")
        if text:
            return _unusable(
                f"{server} {text}.",
                "Name a valid certificate of this station in server.client_cert, or ask who runs the server.",
            )
        error = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error.__cause__
    return None


_ALERTS = {
    "ALERT_CERTIFICATE_REQUIRED": "asks for a client certificate, and none is set",
    "ALERT_CERTIFICATE_EXPIRED": "refuses the client certificate: it has expired",
    "ALERT_CERTIFICATE_REVOKED": "refuses the client certificate: it was revoked",
    "ALERT_UNKNOWN_CA": "refuses the client certificate: it does not know who issued it",
    "ALERT_BAD_CERTIFICATE": "refuses the client certificate",
    "ALERT_UNSUPPORTED_CERTIFICATE": "refuses the client certificate",
    "ALERT_CERTIFICATE_UNKNOWN": "refuses the client certificate",
}


def untrusted(host: str, reason: str, issued_by: str) -> NeedsUserError:
    """The error for a server's certificate that nobody here vouches for."""
    issued = f" It was issued by {issued_by}." if issued_by else ""
    return NeedsUserError(
        f"The certificate of {host} is not trusted: {reason}.{issued}",
        code=ProblemCode.TLS_UNTRUSTED,
        next_step="If that issuer is your company's own, put its certificate in a file and name it in "
        "server.ca_file.",
        hop=Hop.TLS,
    )


async def presented_issuer(host: str, port: int, *, timeout: float) -> str:  # noqa: ASYNC109 - caller's budget
    """The issuer of the certificate that `host` shows, "" when that cannot be told.

    Opens a connection without verification, reads the certificate and closes; nothing is sent over it.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(timeout):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
            try:
                shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            finally:
                writer.transport.abort()
    except (OSError, TimeoutError):
        return ""
    return issuer(shown or b"")


async def takes_connection(host: str, port: int, *, timeout: float) -> bool:  # noqa: ASYNC109 - as above
    """Somebody takes a connection there; it is closed at once."""
    try:
        async with asyncio.timeout(timeout):
            _, writer = await asyncio.open_connection(host, port)
    except OSError:  # a TimeoutError is one
        return False
    writer.transport.abort()
    return True


def issuer(der: bytes) -> str:
    """The issuer in a DER certificate, as "CN, O"; "" when the bytes are no certificate."""
    try:
        certificate = next(_items(der))[1]
        body = list(_items(next(_items(certificate))[1]))
        # The version is optional and tagged [0]; the issuer is the third field after it.
        name = body[3 if body[0][0] == 0xA0 else 2][1]
        found = dict(_attributes(name))
    except (StopIteration, IndexError, ValueError):
        return ""
    return ", ".join(found[key] for key in ("CN", "O") if key in found)


def _attributes(name: bytes) -> Iterator[tuple[str, str]]:
    """The shown attributes of a Name: SEQUENCE of SET of SEQUENCE of (type, value)."""
    for _, part in _items(name):
        for _, pair in _items(part):
            kind, value = list(_items(pair))[:2]
            if kind[1] in _NAMES:
                encoding = "utf-16-be" if value[0] == 0x1E else "utf-8"
                text = value[1].decode(encoding, "replace")
                # A stranger wrote this, and it goes to a screen and a log.
                yield _NAMES[kind[1]], "".join(filter(str.isprintable, text))[:128]


def _items(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each DER item in `data`."""
    at = 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            octets = length & 0x7F
            length, at = int.from_bytes(data[at : at + octets], "big"), at + octets
        if at + length > len(data):
            raise ValueError("truncated")
        yield tag, data[at : at + length]
        at += length
