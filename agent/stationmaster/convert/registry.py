"""Which converters an instance has. The agent lists them; importing them is done in a worker process."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from stationmaster.clock import Clock
from stationmaster.convert.job import ConverterInfo, ImportFailure
from stationmaster.convert.plugin import Candidate
from stationmaster.sentence import closed
from stationmaster.worker.error import (
    ChildCrashedError,
    ChildError,
    ChildFloodError,
    ChildHandlerError,
    ChildMemoryError,
    ChildTimeoutError,
)
from stationmaster.worker.process import ChildProcess

IMPORT_TIMEOUT = 10.0
"""Seconds in which one converter's module must be imported."""

LOOK_INTERVAL = 2.0
"""Seconds between two looks at the `converters` folder."""

INSTALLED_INTERVAL = 30.0
"""Seconds between two looks at what is installed: that takes half a millisecond, and seldom changes."""

Stamp = tuple[tuple[str, int, int], ...]

_IMPORTABLE = (".py", ".toml", ".so", ".pyd")
_OF_CLIENT = re.compile(r"'pywats(_\w+)?[.']")
"""Modules of the published client, whose converters run here too."""
_INSTALLED = (".dist-info", ".egg-info")


class Registry:
    """The converters by name, and what could not be loaded.

    Attributes:
        generation: grows with each load; a worker of an older one must not convert any more.
    """

    def __init__(self, folder: Path | None, *, clock: Clock) -> None:
        """Load nothing yet.

        Args:
            folder: the instance's `converters` folder; it need not exist.
        """
        self._folder = folder
        self._clock = clock
        self._code: Stamp = ()
        self._installed: Stamp = ()
        self._stale = True
        self._looked_at = self._installed_at = 0.0
        self._converters: dict[str, ConverterInfo] = {}
        self._failures: tuple[ImportFailure, ...] = ()
        self.generation = 0

    @property
    def converters(self) -> Mapping[str, ConverterInfo]:
        """By name."""
        return self._converters

    @property
    def failures(self) -> tuple[ImportFailure, ...]:
        """What could not be loaded, and why."""
        return self._failures

    def stale(self) -> bool:
        """The code of a converter may have changed since it was loaded; looks now and then only."""
        now = self._clock.monotonic()
        if not self._stale and now - self._looked_at >= LOOK_INTERVAL:
            self._looked_at = now
            self._stale = _code(self._folder) != self._code
        if not self._stale and now - self._installed_at >= INSTALLED_INTERVAL:
            self._installed_at = now
            self._stale = _installed() != self._installed
        return self._stale

    async def load(self, child: ChildProcess) -> None:
        """Import everything in `child`, which must be fresh; it is restarted where an import ends it."""
        code, installed = _code(self._folder), _installed()
        found: dict[str, ConverterInfo] = {}
        failures: list[ImportFailure] = []
        for candidate in await self._candidates(child):
            try:
                infos = await _describe(child, candidate)
            except ChildError as error:
                failures.append(_failure(candidate, error))
                continue
            for info in infos:
                earlier = found.get(info.name)
                if earlier is not None and earlier.origin == info.origin:
                    failures.append(_taken(candidate, info, earlier))
                else:
                    found[info.name] = info
        self._converters = found
        self._failures = tuple(failures)
        self._code, self._installed = code, installed
        self._stale = False
        self._looked_at = self._installed_at = self._clock.monotonic()
        self.generation += 1

    async def _candidates(self, child: ChildProcess) -> list[Candidate]:
        await child.start()
        folder = str(self._folder) if self._folder else ""
        answer = await child.request({"op": "candidates", "folder": folder}, IMPORT_TIMEOUT)
        return msgspec.convert(answer["candidates"], list[Candidate])


async def _describe(child: ChildProcess, candidate: Candidate) -> list[ConverterInfo]:
    await child.start()
    message: dict[str, Any] = {"op": "describe", "candidate": msgspec.to_builtins(candidate)}
    answer = await child.request(message, IMPORT_TIMEOUT)
    return msgspec.convert(answer["converters"], list[ConverterInfo])


def _failure(candidate: Candidate, error: ChildError) -> ImportFailure:
    match error:
        case ChildTimeoutError():
            why = f"its import did not end within {IMPORT_TIMEOUT:g} s"
        case ChildFloodError():
            why = "its import printed without end"
        case ChildMemoryError():
            why = "its import wanted too much memory"
        case ChildCrashedError():
            why = f"its import ended the process: {error.ending}"
        case ChildHandlerError(kind="PluginError"):
            why = error.text.removeprefix("PluginError: ")
        case ChildHandlerError(kind="ModuleNotFoundError"):
            why = f"its import failed with {error.text}, which is {_missing(error.text)}"
        case _:
            why = f"its import failed with {error.text}"
    detail = error.trace if isinstance(error, ChildHandlerError) else ""
    names = (candidate.name,) if candidate.name else ()
    return ImportFailure(
        subject=candidate.subject,
        text=closed(f"Converter {candidate.subject} cannot be loaded: {why}"),
        detail="\n".join(filter(None, (detail, error.output))),
        names=names,
    )


def _missing(text: str) -> str:
    """Where a module is missing, and how it is had where we know that."""
    known = _OF_CLIENT.search(text)
    return "not installed beside the agent" + (": pip install pywats-api" if known else ", nor in its folder")


def _taken(candidate: Candidate, info: ConverterInfo, earlier: ConverterInfo) -> ImportFailure:
    text = f"Converter {info.name} in {candidate.subject} is ignored: {earlier.target} has the same name."
    return ImportFailure(subject=candidate.subject, text=text, names=(info.name,))


def _code(folder: Path | None) -> Stamp:
    """Name, size and mtime of each file that can be imported, in sub-packages too."""
    found: list[tuple[str, int, int]] = []
    for top, folders, names in os.walk(folder) if folder is not None else ():
        # what is no identifier cannot be imported: no .git, no lib/python3.11
        folders[:] = sorted(name for name in folders if name.isidentifier() and name != "__pycache__")
        for name in sorted(names):
            if name.endswith(_IMPORTABLE):
                path = os.path.join(top, name)  # noqa: PTH118 - as os.walk has it
                try:
                    status = os.stat(path)  # noqa: PTH116 - as os.walk has it
                except OSError:
                    # it goes away while we look: seen as a change now, and settled at the next look
                    found.append((path, 0, 0))
                else:
                    found.append((path, status.st_size, status.st_mtime_ns))
    return tuple(found)


def _installed() -> Stamp:
    """What is installed where the workers import from: each install, upgrade or removal changes it.

    The folders' own mtimes would not do: one of them may be a folder in which files come and go.
    """
    found: list[tuple[str, int, int]] = []
    for place in sys.path:
        try:
            with os.scandir(place or os.curdir) as entries:
                packages = [entry for entry in entries if entry.name.endswith(_INSTALLED)]
                found += sorted((entry.path, 0, entry.stat().st_mtime_ns) for entry in packages)
        except OSError:
            continue  # an archive, or a folder that is not there
    return tuple(found)
