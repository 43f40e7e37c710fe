"""Cuts secrets out of texts: those that are known by their value, and others by the look of their place."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote, urlsplit

from stationmaster.secrecy import STARS, TELLING_WORDS, forms, halves

SECRET_NAME = re.compile(rf"{TELLING_WORDS}|authori[sz]ation", re.IGNORECASE)
"""Names of settings, fields and variables that hold a secret."""

_FOLDERS = ("PWD", "OLDPWD")
"""Variables of the shell that are called like a password and name a folder."""

_SHORTEST = 4
_WORD = rf"(?:{TELLING_WORDS})[\w\-]*+"
"""A name from its telling word on. What stands before that is not looked at, and nothing twice: a text of a
thousand dots, or of one telling word a thousand times, would take minutes, and no bundle would be made."""

_QUOTED = (
    r"\\\"(?:\\\\(?:\\\")?|\\[^\"\\]|[^\"\\\n])*(?:\\\")?"  # within a text that is quoted itself
    r"|\"(?:\\.|[^\"\\\n])*\"?"
    r"|\\?'(?:\\.|[^'\\\n])*'?"
)
"""A value in quotes, with escaped quotes in it; one that was torn goes to the end of its line."""

_TO_SEMICOLON = r"(?![\s\\\"'])(?:[^;\"'\n]|'(?=\w))+"
"""A value of a connection string: it may have spaces in it, only a semicolon or a quote ends it."""

_PATTERNS = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), replacement)
    for pattern, replacement in (
        (r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", STARS),
        (
            r"((?:proxy-)?authorization\\?[\"']?\s*[:=,]\s*\\?[\"']?)(?:(?:basic|bearer|digest|negotiate|ntlm)\s+)?[^\s\"',;}]+",
            rf"\1{STARS}",
        ),
        (r"\b((?:basic|bearer|negotiate|ntlm)\s+)(?=\S*[\d=+/_])[\w+/=.\-~]{6,}", rf"\1{STARS}"),
        (r"\beyJ[\w\-]{6,}\.[\w\-]{6,}(?:\.[\w\-]*)?", STARS),
        # In a connection string: behind another setting, or before one.
        (rf"(;\s*+[\w.\-]*{_WORD}\s*+=\s*){_TO_SEMICOLON}", rf"\1{STARS}"),
        (rf"({_WORD}\s*+=\s*){_TO_SEMICOLON}(?=;\s*\w[\w .\-]{{0,40}}=)", rf"\1{STARS}"),
        (
            rf"(?!\btoken-missing:)({_WORD}\\?[\"']?\s*+[:=]\s*)(?:{_QUOTED}|[^\s,;&}})\]]+)",
            rf"\1{STARS}",
        ),
        (
            rf"(?<![\w\-])(--[\w\-]*(?:{TELLING_WORDS})(?![\w\-]*-stdin)[\w\-]*+[ \t]+)(?![<>|&\-])\S+",
            rf"\1{STARS}",
        ),
        # A password may have "@" and spaces in it, where it should not.
        (r"(://)[^\s/\"'<>]*@", rf"\1{STARS}@"),
        (r"(://)[^\s/\"'<>:]*:[^/\"'<>\n]{1,200}@(?=[\w\[])", rf"\1{STARS}@"),
    )
)
_BASE64 = re.compile(r"[A-Za-z0-9+/_\-]{12,}={0,2}")


class Secrets:
    """Secrets that are known, and what else looks like one."""

    def __init__(self) -> None:
        """None is known yet."""
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def know(self, value: str) -> None:
        """This value is a secret, and so are the parts of a token and of a log-in."""
        for one in (value, value.strip(), *_parts(value)):
            if len(one) >= _SHORTEST:
                self._values.add(one)
        self._pattern = None

    def know_address(self, address: str) -> None:
        """The password in an address is a secret."""
        try:
            password = urlsplit(address).password or ""
        except ValueError:
            return
        self.know(password)
        self.know(unquote(password))

    def know_variables(self, environment: Mapping[str, str]) -> None:
        """Environment variables with such names hold secrets, and so may addresses of proxies."""
        for name, value in environment.items():
            if name in _FOLDERS:
                continue
            if SECRET_NAME.search(name):
                self.know(value)
            elif "://" in value:
                self.know_address(value)

    def remove(self, text: str) -> str:
        """`text` without them."""
        text = text.replace("\x00", "")
        if self._values:
            if self._pattern is None:
                every = {form for value in self._values for form in _text_forms(value)}
                ordered = sorted(every, key=len, reverse=True)
                self._pattern = re.compile("|".join(map(re.escape, ordered)), re.IGNORECASE)
            text = self._pattern.sub(STARS, text)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return _BASE64.sub(_without_log_in, text)

    def leak(self, content: bytes) -> bool:
        """A known secret stands in these bytes, in whatever form: they must not go out."""
        folded = content.lower()
        for value in self._values:
            for form in _text_forms(value):
                low = form.lower()
                if any(low.encode(code) in folded for code in ("utf-8", "utf-16-le", "utf-16-be")):
                    return True
        return False


def _parts(value: str) -> Iterable[str]:
    """Both halves of a token, decoded; the half that is a name is no secret."""
    name, password = halves(value.strip())
    return (f"{name}:{password}", password) if name and password else ()


def _text_forms(value: str) -> set[str]:
    """How a text may write it: escaped, in base64 at whatever place of a longer text, in hex, in UTF-16."""
    found = {*forms(value)}
    raw = value.encode()
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + raw).decode()
        core = coded[(0, 2, 3)[before] : len(coded) - (0, 3, 2)[(before + len(raw)) % 3] or None]
        if len(core) >= 8:
            found |= {core, core.replace("+", "-").replace("/", "_")}
    if len(raw) >= 6:
        found |= {raw.hex(), r"\x00".join(value), r"\u0000".join(value), raw.hex(":")}
    return found


def _without_log_in(found: re.Match[str]) -> str:
    """A token is base64 of "name:password": whatever decodes to such a text goes."""
    text = found[0]
    stem = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        plain = base64.b64decode(stem + "=" * (-len(stem) % 4), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return text
    name, colon, password = plain.partition(":")
    return STARS if colon and name and password and plain.isprintable() else text
