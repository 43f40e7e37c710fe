"""The certificate that this station shows a server which asks for one (mutual TLS), and how it is refused.

In TLS 1.3 a server looks at it after the client takes the connection for made: its refusal comes as an error
of the first read, and is lost where the server closes while a request is still on its way to it.
"""

from __future__ import annotations

import os
import re
import ssl
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import msgspec

from stationmaster.errors import NeedsUserError, TransientError
from stationmaster.model import Hop, ProblemCode
from stationmaster.sentence import closed
from stationmaster.wats.answer import Answer
from stationmaster.wats.certificate import subject, valid_until

_REFUSALS = {
    "CERTIFICATE_REQUIRED": "it got none",
    "BAD_CERTIFICATE": "it cannot read it",
    "UNSUPPORTED_CERTIFICATE": "it is of a kind that the server does not take",
    "CERTIFICATE_REVOKED": "it was revoked",
    "CERTIFICATE_EXPIRED": "it has expired",
    "CERTIFICATE_UNKNOWN": "the server does not say why",
    "UNKNOWN_CA": "it does not know who issued it",
    "ACCESS_DENIED": "it gives no access",
}
"""By name of the alert (RFC 8446 6.2). A server sends these about our certificate only."""

_PAGES = (
    (400, b"No required SSL certificate was sent", "it got none"),
    (400, b"The SSL certificate error", "the server does not say why"),
    (403, b"403.7", "it got none"),
    (403, b"403.16", "it does not know who issued it"),
    (403, b"403.17", "it has expired"),
)
"""What nginx and IIS answer instead of an alert: status, words of the page, and what they mean."""

_ONE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_STEP = "Correct server.client_cert and server.client_key."


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of our certificate.

    Attributes:
        name: whose it is, "" where that cannot be told.
    """

    file: str
    der: bytes
    name: str
    until: datetime | None


class _EncryptedError(Exception):
    """The key wants a password."""


def present(context: ssl.SSLContext, cert_file: str, key_file: str) -> Shown:
    """Show this certificate wherever a server asks; new connections of a context in use do so, too.

    Blocking: reads files.

    Raises:
        NeedsUserError: a file cannot be read, others may read the key, or the two do not go together.
    """
    text = _text(cert_file)
    _check_key(key_file or cert_file)
    try:
        context.load_cert_chain(cert_file, key_file or None, password=_ask)
    except _EncryptedError:
        file = key_file or cert_file
        step = "Store it without one, for its owner only: openssl pkey -in OLD -out NEW"
        raise _useless(f"The key in {file} is protected with a password.", step) from None
    except ssl.SSLError as error:
        raise _unfit(error, text, cert_file, key_file) from None
    except OSError as error:
        raise _useless(f"The client certificate {cert_file} cannot be read: {error.strerror}.") from None
    return shown(cert_file, text)


def shown(file: str, text: str) -> Shown:
    """What the PEM text of a certificate says."""
    first = _ONE.search(text)
    try:
        der = ssl.PEM_cert_to_DER_cert(first[0]) if first else b""
    except ValueError:
        der = b""
    return Shown(file=file, der=der, name=subject(der), until=valid_until(der))


def refusal_in(error: BaseException) -> str:
    """What a server's alert in `error` says about our certificate, "" where there is none."""
    alerts = (_reason(one).partition("ALERT_")[2] for one in _chain(error))
    return next((_REFUSALS[alert] for alert in alerts if alert in _REFUSALS), "")


def refusal_on(answer: Answer) -> str:
    """What the page of a web server says about our certificate, "" where it is something else."""
    if answer.body.lstrip()[:1] == b"<":
        for status, words, meaning in _PAGES:
            if answer.status == status and words in answer.body:
                return meaning
    return ""


def handshake_refused(error: BaseException) -> bool:
    """The server ended the handshake without saying why, as it does in TLS 1.2 for want of a certificate."""
    return any(_reason(one).endswith("ALERT_HANDSHAKE_FAILURE") for one in _chain(error))


def broke_off(error: BaseException) -> bool:
    """A connection that was there broke: an alert may have been lost with it."""
    return any(isinstance(one, ConnectionResetError | BrokenPipeError) for one in _chain(error))


def refused(server: str, own: Shown | None, why: str, *, now: datetime) -> NeedsUserError:
    """The Problem with a server that does not take our certificate, or asks for one that we do not have."""
    if own is None:
        return _useless(
            f"{server} asks for a client certificate, and none is set.",
            "Get one from the server's administrator, and name its PEM file in server.client_cert.",
        )
    if own.until and own.until < now:
        why = f"it has expired, on {own.until:%Y-%m-%d}"
    of = f" ({own.name})" if own.name else ""
    return _useless(
        closed(f"{server} does not accept the client certificate in {own.file}{of}: {why}"),
        "Get another one from the server's administrator, and put it there; it is read again by itself.",
    )


def replaced(server: str, own: Shown) -> TransientError:
    """It was refused, and the file holds another one already."""
    return TransientError(
        f"{server} did not accept the client certificate that was in {own.file}; another one lies there by "
        "now.",
        next_step="Nothing to do: the new one is shown from now on.",
        code=ProblemCode.SERVER_UNREACHABLE,
        hop=Hop.TLS,
    )


# -------------------------------------------------------------------- inside
def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _reason(error: BaseException) -> str:
    # The HTTP library has kinds of SSLError that lack it.
    return getattr(error, "reason", None) or "" if isinstance(error, ssl.SSLError) else ""


def _ask(*_: object) -> NoReturn:
    # Without this OpenSSL would ask on the terminal, and wait.
    raise _EncryptedError


def _text(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise _useless(f"The client certificate {file} cannot be read: {error.strerror}.") from None


def _check_key(file: str) -> None:
    try:
        with Path(file).open("rb") as opened:
            found = os.fstat(opened.fileno())
    except OSError as error:
        raise _useless(f"The client certificate's key {file} cannot be read: {error.strerror}.") from None
    if sys.platform != "win32" and found.st_mode & 0o027:
        raise _useless(
            f"The key file {file} may be read or changed by others, so it is not used.",
            f"Run chmod 600 {file} as its owner; its group may read it, nobody else.",
        )


def _unfit(error: ssl.SSLError, text: str, cert_file: str, key_file: str) -> NeedsUserError:
    """The files can be read, and OpenSSL does not take them."""
    file = key_file or cert_file
    if (error.reason or "").endswith("MISMATCH"):
        where = f" in {key_file}" if key_file else ""
        return _useless(f"The key{where} does not belong to the certificate in {cert_file}.")
    if not _ONE.search(text):
        return _useless(f"{cert_file} holds no certificate in PEM form.")
    if "PRIVATE KEY-----" not in (_text(file) if key_file else text):
        more = "" if key_file else " It may stand in a file of its own: server.client_key."
        return _useless(f"{file} holds no private key in PEM form.", f"{_STEP}{more}")
    return _useless(f"The client certificate {cert_file} or its key is damaged ({error.reason}).")


def _useless(text: str, step: str = _STEP) -> NeedsUserError:
    return NeedsUserError(text, code=ProblemCode.CLIENT_CERTIFICATE, next_step=step, hop=Hop.TLS)
