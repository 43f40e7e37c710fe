"""Whom we trust, and the issuer of a certificate that we do not, so that a person can judge it.

The standard library decodes a certificate only after it was verified, so a few bytes of DER (X.690) are
walked here: Certificate -> TBSCertificate -> [0] version, serialNumber, signature, issuer, validity, subject
(RFC 5280 4.1).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime

import truststore

from stationmaster.errors import NeedsUserError
from stationmaster.model import Hop, ProblemCode
from stationmaster.sentence import closed, joined

_NAMES = {b"\x55\x04\x03": "CN", b"\x55\x04\x0a": "O"}
"""The attribute types we show: 2.5.4.3 common name, 2.5.4.10 organisation."""


_UTC_TIME = 0x17
"""Tag of a time with a short year."""


def trust(ca_file: str) -> ssl.SSLContext:
    """The system's trust store plus the extra CA file. Blocking: reads files.

    Raises:
        NeedsUserError: the CA file cannot be read.
    """
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:
            reason = "it holds no PEM certificate" if isinstance(error, ssl.SSLError) else error.strerror
            raise NeedsUserError(
                closed(f"The CA file {ca_file} cannot be used: {reason}"),
                code=ProblemCode.TLS_UNTRUSTED,
                next_step="Correct server.ca_file.",
                hop=Hop.TLS,
            ) from None
    return context


def untrusted(host: str, reason: str, issued_by: str) -> NeedsUserError:
    """The error for a server's certificate that nobody here vouches for."""
    issued = f"It was issued by {issued_by}." if issued_by else ""
    return NeedsUserError(
        joined(closed(f"The certificate of {host} is not trusted: {reason}"), issued),
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
    return _name(der, 2)


def subject(der: bytes) -> str:
    """Whose certificate it is, as "CN, O"; "" when the bytes are no certificate."""
    return _name(der, 4)


def valid_until(der: bytes) -> datetime | None:
    """The end of its validity; None when the bytes are no certificate."""
    try:
        kind, value = list(_items(_field(der, 3)))[1]
        text = value.decode("ascii")
        # UTCTime has two digits of the year (RFC 5280 4.1.2.5.1), GeneralizedTime has four.
        text = f"{'20' if text[:2] < '50' else '19'}{text}" if kind == _UTC_TIME else text
        return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except (StopIteration, IndexError, ValueError):
        return None


def _name(der: bytes, number: int) -> str:
    try:
        found = dict(_attributes(_field(der, number)))
    except (StopIteration, IndexError, ValueError):
        return ""
    return ", ".join(found[key] for key in ("CN", "O") if key in found)


def _field(der: bytes, number: int) -> bytes:
    """A field of a certificate, counted without the version, which is optional and tagged [0]."""
    certificate = next(_items(der))[1]
    body = list(_items(next(_items(certificate))[1]))
    return body[number + 1 if body[0][0] == 0xA0 else number][1]


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
