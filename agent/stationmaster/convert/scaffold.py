"""Makes the beginning of a converter: a module, its test, a sample and the next commands.

The templates lie beside this module in `starter/`, a folder a kind; in them `@name@`, `@module@`, `@Class@`
and `@sample@` stand for the names.
"""

from __future__ import annotations

import contextlib
import keyword
import re
import shlex
import subprocess
import sys
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from pathlib import Path

from stationmaster.convert.built_in import BUILT_INS
from stationmaster.errors import ConfigError

LONGEST = 40
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_MODULES = frozenset({"stationmaster", "pytest", "lxml", "msgspec", "typer", "rich", "conftest"})
"""Modules that a file of the same name would hide, beside those of Python itself."""


_SPELLED = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa", "œ": "oe", "ł": "l"}
    | {"Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ẞ": "SS", "Æ": "Ae", "Ø": "Oe", "Å": "Aa", "Œ": "Oe", "Ł": "L"}
)
"""How letters are spelled that are no letter of a to z with a mark on it."""


class Kind(StrEnum):
    """What the tester writes."""

    CSV = "csv"
    TEXT = "text"
    XML = "xml"
    JSON = "json"


GROWING = frozenset({Kind.CSV, Kind.TEXT})
"""Kinds to which a tester may append unit after unit."""

_SUFFIX = {Kind.CSV: "csv", Kind.TEXT: "txt", Kind.XML: "xml", Kind.JSON: "json"}


@dataclass(frozen=True, slots=True)
class Scaffold:
    """A converter to be begun.

    Attributes:
        name: its name, "bench-csv".
        kind: what it reads.
        growing: the tester appends to its files.
    """

    name: str
    kind: Kind
    growing: bool = False

    @property
    def module(self) -> str:
        """Name of its module: "bench_csv"."""
        return self.name.replace("-", "_")

    @property
    def class_name(self) -> str:
        """Its class is this and "Converter": "BenchCsv"."""
        return "".join(part.capitalize() for part in self.name.split("-"))

    @property
    def converter_file(self) -> str:
        """Name of the module's file."""
        return f"{self.module}.py"

    @property
    def test_file(self) -> str:
        """Name of the test."""
        return f"test_{self.module}.py"

    @property
    def sample_file(self) -> str:
        """Name of the sample."""
        return f"{self.module}_sample.{_SUFFIX[self.kind]}"

    @property
    def readme_file(self) -> str:
        """Name of the page with the next commands."""
        return f"{self.module}_README.md"

    def write(self, folder: Path, commands: Mapping[str, str]) -> tuple[Path, ...]:
        """Write the files into `folder`, which is made if need be. All of them, or none.

        Args:
            folder: where to.
            commands: the next commands, by the words that stand for them in the page: test, try, check, use.

        Raises:
            ConfigError: one of the files is there already, or cannot be written.
        """
        texts = self._texts(commands)
        there = [name for name in texts if (folder / name).exists()]
        if there:
            raise ConfigError(
                f"{', '.join(there)} {'is' if len(there) == 1 else 'are'} in {folder} already: nothing was "
                "written.",
                next_step="Choose another name or another folder with --dir, or move the old files away.",
            )
        written: list[Path] = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, text in texts.items():
                with (folder / name).open("x", encoding="utf-8", newline="\n") as file:
                    written.append(folder / name)
                    file.write(text)
        except OSError as error:
            for path in written:
                with contextlib.suppress(OSError):
                    path.unlink()
            raise ConfigError(
                f"The files cannot be written to {folder}: {error.strerror or error}.",
                next_step="Check the rights there and the space, or choose another folder with --dir.",
            ) from error
        return tuple(written)

    def _texts(self, commands: Mapping[str, str]) -> dict[str, str]:
        starter = resources.files("stationmaster.convert") / "starter"
        folder = starter / (f"{self.kind}-growing" if self.growing else self.kind.value)
        return {
            self.converter_file: self._filled((folder / "converter.txt").read_text(encoding="utf-8")),
            self.test_file: self._filled((folder / "test.txt").read_text(encoding="utf-8")),
            self.sample_file: self._filled((folder / "sample.txt").read_text(encoding="utf-8")),
            self.readme_file: self._filled((starter / "readme.txt").read_text(encoding="utf-8"), commands),
        }

    def _filled(self, text: str, more: Mapping[str, str] | None = None) -> str:
        words = {
            "name": self.name,
            "module": self.module,
            "Class": self.class_name,
            "sample": self.sample_file,
            **(more or {}),
        }
        return re.sub(r"@(\w+)@", lambda found: words.get(found[1], found[0]), text)


def check_name(name: str, taken: Mapping[str, str]) -> str:
    """Return `name`, or say in a sentence why it cannot name a converter, and which name could.

    Args:
        name: as it was typed.
        taken: names of converters that are there, and where they are from.

    Raises:
        ConfigError: it cannot.
    """
    reason = _reason(name, taken)
    if reason:
        raise ConfigError(
            f'"{_shown(name)}" cannot name a new converter: {reason}.',
            next_step=f"For instance: {suggestion(name, taken)}",
        )
    return name


def suggestion(name: str, taken: Mapping[str, str]) -> str:
    """A name much like this one that is free."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", latin(name))
    words = re.findall(r"[a-z0-9]+", spaced.lower())
    while words and words[0] in {"test", "py"}:
        words.pop(0)
    while words and words[-1] in {"test", "py"}:
        words.pop()
    base = "-".join(words).lstrip("0123456789-")[: LONGEST - len("-tester-2")].rstrip("-") or "my-tester"
    tries = (base, f"{base}-tester", *(f"{base}-{number}" for number in range(2, 1000)))
    return next(one for one in tries if not _reason(one, taken))


def latin(text: str) -> str:
    """`text` in the letters a to z, as far as it has such: "Prüf" is "Pruef"."""
    spelled = unicodedata.normalize("NFC", text).translate(_SPELLED)
    return unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()


def quoted(*words: str | Path) -> str:
    """A command line as a person would type it on this computer."""
    texts = [str(word) for word in words]
    return subprocess.list2cmdline(texts) if sys.platform == "win32" else shlex.join(texts)


def _reason(name: str, taken: Mapping[str, str]) -> str:
    module = name.replace("-", "_")
    if not _NAME.fullmatch(name):
        return "a name is small letters and digits with - between words, and begins with a letter"
    if len(name) > LONGEST:
        return f"it is longer than {LONGEST} letters"
    if name.startswith("test-") or name.endswith("-test"):
        return "pytest would take its file for a test"
    if keyword.iskeyword(module) or module in sys.stdlib_module_names or module in _MODULES:
        return f"a file {module}.py would hide what Python knows as {module}"
    if name in BUILT_INS or name in taken:
        return f"there is a converter of this name already ({taken.get(name, 'built-in')})"
    return ""


def _shown(name: str) -> str:
    printable = "".join(letter if letter.isprintable() else "?" for letter in name)
    return printable if len(printable) <= 60 else f"{printable[:57]}..."
