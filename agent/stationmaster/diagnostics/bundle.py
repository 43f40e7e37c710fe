"""Makes a diagnostics bundle: one zip that a person can read, and send without giving anything away."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable
from typing import Any

import msgspec

from stationmaster.diagnostics.part import Files, LogText, parts
from stationmaster.diagnostics.redact import Redactor
from stationmaster.diagnostics.source import Sources, redactor_of
from stationmaster.errors import StationmasterError

MOST_BYTES = 20 * 1024 * 1024
"""So large a bundle is at most, even unpacked."""

MOST_SECONDS = 45.0
"""After so long no further part is begun."""

Doctor = Callable[[], Any]
"""Looks the station over; its answer is a struct or plain JSON values."""

_README = """\
A diagnostics bundle of Stationmaster. It is text: read it before you send it.

  versions.json    program, system, Python, packages; names of environment variables, never their values
  snapshot.json    what the agent saw; snapshot.txt where none was running
  problems.json    its Problems
  settings/        settings of the agent and of each station, without comments
  spool/           of each spool: how many entries in which state, sizes, versions
  failures/        the last entries that failed, with reasons and history
  payloads/        reports of failed entries, only where they were asked for
  folders.json     how many files lie in which folder, no names
  doctor.json      findings of the doctor, where it was asked
  log/             the end of the log
  errors.txt       parts that could not be made, and why; not there where all went well

Secrets are removed: *** stands in their place. Serial and part numbers, users, computers, addresses, paths
and file names have pseudonyms such as SN-1, HOST-2 or FILE-3; the same value has the same one in all files.
What they stand for is not in here.
"""


class Bundle(msgspec.Struct, frozen=True):
    """A bundle and what its pseudonyms stand for; the second part never goes into the first."""

    content: bytes
    names: dict[str, str]


class _Maker:
    """Puts files into the zip, each made fit before."""

    def __init__(self, redactor: Redactor) -> None:
        self.redactor = redactor
        self.errors: list[str] = []
        self._buffer = io.BytesIO()
        self._zip = zipfile.ZipFile(self._buffer, "w", zipfile.ZIP_DEFLATED)
        self._room = MOST_BYTES

    def put_all(self, name: str, made: Callable[[], Files]) -> None:
        """A part's files; what goes wrong is noted."""
        try:
            for file, value in made():
                self._put(file, value)
        except Exception as error:  # noqa: BLE001 - whatever is broken here is why somebody makes a bundle
            known = isinstance(error, StationmasterError)
            self.note(name, error.text if known else f"{type(error).__name__}: {error}")  # type: ignore[attr-defined]  # known

    def note(self, name: str, text: str) -> None:
        """Tell of something that is missing."""
        self.errors.append(self.redactor.text(f"{name}: {text}"))

    def _put(self, name: str, value: Any) -> None:
        content = self._fit(value)
        if len(content) > self._room:
            self.note(name, f"left out, the bundle would be larger than {MOST_BYTES >> 20} MB")
        elif self.redactor.secrets.leak(content):
            self.note(name, "left out, it still held a secret")
        else:
            self._room -= len(content)
            self._zip.writestr(self.redactor.secrets.remove(name), content)

    def _fit(self, value: Any) -> bytes:
        if isinstance(value, LogText):
            return "".join(self._line(line) for line in value.split("\n") if line).encode(errors="replace")
        if isinstance(value, str):
            return self.redactor.text(value).encode(errors="replace")
        plain = self.redactor.value(msgspec.to_builtins(value))
        return msgspec.json.format(msgspec.json.encode(plain), indent=2) + b"\n"

    def _line(self, line: str) -> str:
        if line.startswith("{"):
            try:
                return msgspec.json.encode(self.redactor.value(msgspec.json.decode(line))).decode() + "\n"
            except (ValueError, RecursionError):
                pass  # a line that was torn when the disk was full
        return self.redactor.text(line.rstrip("\r")) + "\n"

    def close(self) -> bytes:
        """The zip."""
        if self.errors:
            self._zip.writestr("errors.txt", "\n".join(self.errors) + "\n")
        self._zip.writestr("README.txt", _README)
        self._zip.close()
        return self._buffer.getvalue()


def make(sources: Sources, *, doctor: Doctor | None = None, seconds: float = MOST_SECONDS) -> Bundle:
    """Make a bundle; blocks for some seconds. What cannot be read is noted in it and stops nothing.

    Args:
        sources: what it is made from.
        doctor: is asked for its findings, if given.
        seconds: after so long no further part is begun.
    """
    end = time.monotonic() + seconds
    maker = _Maker(redactor_of(sources))
    for note in sources.notes:
        maker.note("secrets", note)
    every = [*parts(sources)]
    if doctor is not None:
        every.insert(2, ("doctor", lambda: iter([("doctor.json", doctor())])))
    for name, made in every:
        if time.monotonic() < end:
            maker.put_all(name, made)
        else:
            maker.note(name, "left out, there was no time")
    return Bundle(maker.close(), maker.redactor.names.mapping())
