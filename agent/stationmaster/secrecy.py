"""Secrets are cut out of texts: out of what a server says, out of the log, out of a diagnostics bundle.

A secret that this process has held is known by its value (`learn`), so that it is found wherever it turns up,
in each of the forms that a page, a URL or a traceback may give it.
"""

from __future__ import annotations

import base64
import binascii
import functools
import json
import re
from urllib.parse import quote, quote_plus

TELLING_WORDS = (
    r"token|secret|passw|passcode|passphrase|(?<![a-z])pass(?![a-z_\-])|pwd|credential|cookie"
    r"|(?:api|private|access|account|shared|storage|master|encryption|signing)[_-]?key|access[_-]?signature"
)
"""What the names of things that are secret have in them, as a regular expression; in any case."""

STARS = "***"
"""What stands where a secret stood."""

_SHORTEST = 4
"""Letters of the shortest value that is looked for: a shorter one would blot out innocent words."""

_MOST = 256
"""So many values are remembered; the eldest is forgotten."""

_known: dict[str, None] = {}
_pattern: re.Pattern[str] | None = None


def learn(secret: str) -> None:
    """From now on `hidden` cuts this value out."""
    global _pattern  # noqa: PLW0603 - made anew when a secret is learnt, which is rare
    if len(secret) < _SHORTEST or secret in _known:
        return
    _known[secret] = None
    while len(_known) > _MOST:
        del _known[next(iter(_known))]
    _pattern = None


def known() -> tuple[str, ...]:
    """The values that this process has held."""
    return tuple(_known)


def hidden(text: str) -> str:
    """`text` without any secret that this process has held."""
    global _pattern  # noqa: PLW0603 - as above
    if not _known:
        return text
    pattern = _pattern
    if pattern is None:
        _pattern = pattern = matcher(known())
    return pattern.sub(STARS, text)


def hide(text: str, secret: str) -> str:
    """`text` without this one secret, should a server or proxy echo it, as it is or escaped."""
    if secret:
        for form in forms(secret):
            text = text.replace(form, STARS)
    return text


def matcher(secrets: tuple[str, ...]) -> re.Pattern[str]:
    """Finds each form of each of these values; the longest first."""
    every = sorted({form for secret in secrets for form in forms(secret)}, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, every)) if every else r"(?!)")


@functools.lru_cache(maxsize=16)
def forms(secret: str) -> tuple[str, ...]:
    """The ways a text may write a token: as it is, with JSON's or a URL's escapes, and decoded."""
    found = _escaped(secret)
    name, password = halves(secret)
    if name and len(password) >= _SHORTEST:
        found |= _escaped(password)
    return tuple(sorted(found, key=len, reverse=True))


def halves(secret: str) -> tuple[str, str]:
    """Name and password in a token, which is base64 of "name:password"; both empty where it is not."""
    try:
        name, _, password = base64.b64decode(secret, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return name, password


def _escaped(value: str) -> set[str]:
    within_json = json.dumps(value)[1:-1]
    return {
        value,
        within_json,
        value.replace("/", "\\/"),
        quote(value, safe=""),
        quote(value),
        quote_plus(value),
    }
