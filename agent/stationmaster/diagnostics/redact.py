"""Makes texts and values fit to be sent: no secret, and pseudonyms for units, people, computers and places.

In texts everything is replaced in one pass, so that nothing is replaced twice. What a field's own name tells
(a serial number, a user) is taken by its place, and is then known wherever else it stands.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from stationmaster.diagnostics.path_text import FILE_NAME, Paths
from stationmaster.diagnostics.pseudonym import COMMON, Names
from stationmaster.diagnostics.secret_text import SECRET_NAME, Secrets
from stationmaster.secrecy import STARS

_KINDS = {
    **dict.fromkeys(("serial_number", "serial", "sn", "serialnumber"), "SN"),
    **dict.fromkeys(("part_number", "pn", "partnumber"), "PN"),
    **dict.fromkeys(("by", "dismissed_by", "user", "username", "operator", "user_name"), "USER"),
    **dict.fromkeys(("station", "host", "hostname", "machinename", "machine_name", "computer"), "HOST"),
    **dict.fromkeys(("location",), "PLACE"),
}
_WITHIN = {("station", "name"): "HOST"}
"""Fields whose meaning the section tells."""

_TOKEN = re.compile(
    r"(?P<url>\b[A-Za-z][A-Za-z0-9+.\-]*://[^\s\"'<>]+)"
    r"|(?P<quoted>(?<=[\"'])(?:/|[A-Za-z]:\\)[^\"'\n<>|*?]{1,400}(?=[\"']))"
    r"|(?P<mail>\b[\w.+\-]+@[\w\-]+\.[\w.\-]+)"
    r"|(?P<path>(?<![A-Za-z0-9])[A-Za-z]:[\\/](?![\\/]?\s)[^\s\"'<>|*?]*|\\\\[^\s\"'<>|*?\\]+\\[^\s\"'<>|*?]*"
    r"|(?<![\w./>*~\-])/(?=[\w.~@+\-])[^\s\"'<>|*?:;,()\[\]{}]*)"
    r"|(?P<mac>\b[0-9A-Fa-f]{2}(?:[:\-][0-9A-Fa-f]{2}){5}\b)"
    r"|(?P<ip6>(?<![\w:.])(?=[0-9A-Fa-f]*:[0-9A-Fa-f]*:)[0-9A-Fa-f:]+(?:%\w+)?(?![\w:]))"
    r"|(?P<ip4>\b(?:\d{1,3}\.){3}\d{1,3}\b(?!\.\d))"
    r"|(?P<unit>(?i:\b(?:unit|serial(?: ?number)?|s/?n|part(?: ?number)?|p/?n)[ :=#]+)"
    r"(?=[^\s,;:]*\d)[^\s,;:()\[\]{}\"']+)"
    r"|(?P<word>\w[\w.+#@\-]*)"
)
_ROUTE = re.compile(r"/(api|v1|metrics|healthz)(/[A-Za-z/]*)?\Z")
"""Part of an address of the server or of our own, and no file."""

_ADDRESSES = {"ip4": "IP", "ip6": "IP", "mac": "MAC", "mail": "MAIL"}
_SEPARATORS = re.compile(r"([._+#@\-]+)")
_OWN_FILES = frozenset(
    {"agent.log", "agent.toml", "spool.db", "versions.json", "snapshot.json", "errors.txt", "readme.txt"}
)
_MOST_PARTS = 10
"""Parts of a word that are looked at together."""


class Redactor:
    """Keeps no text; what it meets it remembers in its names."""

    def __init__(self, secrets: Secrets, names: Names, paths: Paths) -> None:
        """Nothing is known but what these know."""
        self.secrets = secrets
        self.names = names
        self.paths = paths
        self._spaced: dict[str, str] = {}
        self._exact: re.Pattern[str] | None = None

    # ---------------------------------------------------------------- what is known
    def know(self, kind: str, values: Iterable[str]) -> None:
        """These are serial numbers, users, ...; they are found in every text."""
        for value in values:
            if not value or value.casefold() in COMMON:
                continue
            self.names.of(kind, value)
            if not re.fullmatch(r"\w[\w.+#@\-]*", value) and len(value) >= 3:
                self._spell(value, self.names.of(kind, value))

    def know_path(self, path: str) -> None:
        """This is a path: with spaces in it nothing else tells where it ends."""
        if path and not re.fullmatch(r"[^\s:;,()\[\]{}]*", path):
            self._spell(path, self.paths.name(path))
            self._spell(path.replace("\\", "\\\\"), self.paths.name(path))

    def know_address(self, address: str) -> None:
        """The host of this address is to be hidden, its password is a secret."""
        self.secrets.know_address(address)
        try:
            host = urlsplit(address).hostname or ""
        except ValueError:
            return
        self.know("HOST", [host])

    def _spell(self, value: str, name: str) -> None:
        self._spaced[value] = name
        self._exact = None

    # ---------------------------------------------------------------- texts
    def text(self, text: str) -> str:
        """The text as it may leave the station."""
        text = self.secrets.remove(text)
        if not self._spaced:
            return _TOKEN.sub(self._replaced, text)
        if self._exact is None:
            ordered = sorted(self._spaced, key=len, reverse=True)
            self._exact = re.compile("(" + "|".join(map(re.escape, ordered)) + ")")
        pieces = self._exact.split(text)
        return "".join(
            self._spaced[piece] if number % 2 else _TOKEN.sub(self._replaced, piece)
            for number, piece in enumerate(pieces)
        )

    def _replaced(self, found: re.Match[str]) -> str:
        kind, text = found.lastgroup or "word", found[0]
        if kind == "url":
            return self._url(text)
        if kind in {"path", "quoted"}:
            return text if _ROUTE.match(text) else self.paths.name(text)
        if kind == "unit":
            head = re.match(r"(?i)\S+(?: ?number)?[ :=#]+", text)
            begin = head.end() if head else 0
            return text[:begin] + self.names.of("SN", text[begin:].rstrip("."))
        if kind in _ADDRESSES and not (kind.startswith("ip") and _no_address(text)):
            return self.names.of(_ADDRESSES[kind], text)
        return ":".join(self._word(part) for part in text.split(":"))  # a time of day looks like an address

    def _word(self, word: str) -> str:
        if self.names.given(word):
            return word
        bare = word.rstrip(".-+#@")
        tail = word[len(bare) :]
        file = FILE_NAME.fullmatch(bare)
        if file and bare.lower() not in _OWN_FILES:
            return self.names.of("FILE", bare) + file[1] + tail
        known = self.names.known(bare) if _telling(bare) else None
        return (known or self._parts(bare)) + tail

    def _parts(self, word: str) -> str:
        """The word with known values within it replaced."""
        parts = _SEPARATORS.split(word)
        if len(parts) == 1:
            return word
        out: list[str] = []
        at = 0
        while at < len(parts):
            for end in range(min(len(parts), at + _MOST_PARTS), at, -1):
                piece = "".join(parts[at:end])
                known = self.names.known(piece) if _telling(piece) else None
                if known is not None:
                    out.append(known)
                    at = end
                    break
            else:
                out.append(parts[at])
                at += 1
        return "".join(out)

    def _url(self, text: str) -> str:
        bare = text.rstrip(".,;:)]}\\")
        try:
            split = urlsplit(bare)
            host, port = split.hostname or "", split.port
        except ValueError:
            return self.names.of("URL", bare) + text[len(bare) :]
        if split.scheme.lower() == "file":
            return f"file://{self.paths.name(split.path)}"
        path = split.path
        if path not in {"", "/"} and not _ROUTE.match(path):
            path = self.paths.name(path)
        query = "?" + STARS if split.query else ""
        where = self.names.of("IP" if re.fullmatch(r"[\d.:a-f]+", host) else "HOST", host) if host else ""
        return f"{split.scheme}://{where}{f':{port}' if port else ''}{path}{query}" + text[len(bare) :]

    # ---------------------------------------------------------------- values
    def value(self, value: Any, key: str = "", section: str = "") -> Any:
        """A JSON value as it may leave the station."""
        if isinstance(value, dict):
            return {self._key(name): self.value(item, str(name), key) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item, key, section) for item in value]
        if not isinstance(value, str) or not value:
            secret = SECRET_NAME.search(key) and isinstance(value, int) and not isinstance(value, bool)
            return STARS if secret else value
        if SECRET_NAME.search(key) and section != "counts":
            return STARS
        kind = _WITHIN.get((section, key)) or _KINDS.get(key.casefold())
        if kind and not value.startswith("<"):
            clean = self.secrets.remove(value)
            return self.names.of(kind, value) if clean == value else clean
        return self.text(value)

    def _key(self, name: object) -> str:
        text = str(name)
        return text if re.fullmatch(r"[a-z_]+", text) else self.text(text)


def _telling(word: str) -> bool:
    """Long enough not to be met by chance in other words."""
    return len(word) >= 4 or (len(word) >= 3 and any(letter.isdigit() for letter in word)) or word.isalpha()


def _no_address(text: str) -> bool:
    """This computer itself, a version with four numbers, or a time of day."""
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return True
