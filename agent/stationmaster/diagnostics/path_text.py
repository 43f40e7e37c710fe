"""Paths as they may leave the station: the product's own places by name, every other part a pseudonym."""

from __future__ import annotations

import os
import re
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from pathlib import Path

import stationmaster
from stationmaster.diagnostics.pseudonym import Names
from stationmaster.home.paths import Home

_OURS = frozenset(
    {
        *(
            "instances",
            "errors",
            "outbox",
            "inbox",
            "archive",
            "converters",
            "work",
            "results",
            "log",
            "token",
        ),
        *("spool.db", "spool.db-wal", "spool.db-shm", "agent.toml", "agent.sock", "agent.log", "id", ".lock"),
        *(
            ".agent.lock",
            "dev",
            "proc",
            "run",
            "tmp",
            "etc",
            "var",
            "usr",
            "opt",
            "home",
            "srv",
            "lib",
            "bin",
        ),
        *("mnt", "media", "Users", "ProgramData", "Library", "Application Support", ".", ".."),
        *(f"agent.log.{number}" for number in range(1, 10)),
    }
)
"""Parts of a path that say nothing of anybody."""

_CODE = ("<package>", "<packages>", "<python>")
"""What lies in these is the program's, and stays readable."""

FILE_NAME = re.compile(
    r".*[^.](\.(?:json|xml|csv|txt|tsv|dat|stdf|xlsx?|zip|gz|html?|pdf|bin|bak|tmp|part|log|ini|cfg|pem|crt|exe"
    r"|queued|completed|error|wsjf|wstf))",
    re.IGNORECASE,
)
"""A name that is one of a file: by its ending, which stays. Other endings may be parts of a name."""


class Paths:
    """Names paths; the same part has the same name everywhere."""

    def __init__(self, names: Names, roots: Mapping[str, str], keep: frozenset[str] = frozenset()) -> None:
        """Know the roots.

        Args:
            names: gives the parts their pseudonyms.
            roots: a place and what it is called.
            keep: parts that stay, the names of instances and converters.
        """
        self._names = names
        self._keep = _OURS | keep
        found = {
            os.path.normcase(place).rstrip("/\\"): label for place, label in roots.items() if len(place) > 3
        }
        self._roots = sorted(found.items(), key=lambda one: len(one[0]), reverse=True)

    def name(self, path: str) -> str:
        """The path with names for what is not ours."""
        bare = path.rstrip(".,") if len(path) > 2 else path
        tail = path[len(bare) :]
        plain = bare.replace("\\\\", "\\") if "\\\\" in bare[2:] else bare
        label, rest = self._root(plain)
        if label in _CODE:
            return label + rest.replace("\\", "/") + tail
        parts = re.split(r"[\\/]", rest)
        drive = ""
        if re.fullmatch(r"[A-Za-z]:", parts[0]):
            drive = parts.pop(0) + "/"
        server = not label and plain.startswith(("\\\\", "//"))
        done: list[str] = []
        for number, part in enumerate(parts):
            done.append(self._names.of("HOST", part) if server and number == 2 else self._part(part))
        return label + drive + "/".join(done) + tail

    def _root(self, path: str) -> tuple[str, str]:
        folded = os.path.normcase(path)
        for place, label in self._roots:
            if folded == place or folded.startswith((place + "/", place + "\\")):
                return label, path[len(place) :]
        return "", path

    def _part(self, part: str) -> str:
        if not part or part in self._keep:
            return part
        stem = part.removesuffix(".toml").removesuffix(".py")
        if stem != part and stem in self._keep:
            return part
        file = FILE_NAME.fullmatch(part)
        return self._names.of("FILE", part) + file[1] if file else self._names.of("DIR", part)


def roots_of(home: Home) -> dict[str, str]:
    """The places that every bundle may name, and what they are called there."""
    package = Path(stationmaster.__file__).parent
    scheme = sysconfig.get_paths()
    return {
        str(home.config): "<config>",
        str(home.data): "<data>",
        str(home.log): "<log>",
        str(home.run): "<run>",
        str(Path(home.socket).parent): "<run>",
        str(package): "<package>",
        scheme["purelib"]: "<packages>",
        scheme["platlib"]: "<packages>",
        scheme["stdlib"]: "<python>",
        sys.prefix if sys.prefix != sys.base_prefix else "": "<python>",
        tempfile.gettempdir(): "<temp>",
        str(Path.home()): "<user>",
    }
