"""The module that a worker process runs: `python -m stationmaster.convert.worker`.

Ops: candidates, describe, detect, complete, convert, fetch, readable, usable.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from stationmaster.api.converter import Completes, Detects, Glimpse
from stationmaster.convert import plugin
from stationmaster.convert.conversion import UnusableError, convert, made
from stationmaster.convert.explain import unreadable
from stationmaster.convert.order import Look, Order, Reply
from stationmaster.file_name import from_wire
from stationmaster.worker.child import serve

MOST_CONVERSIONS = 20_000
MOST_HANDLES = 64
MOST_GROWTH = 512 * 1024 * 1024
"""A worker retires after so many files, or with so many open handles or bytes more than at first."""


def main() -> None:
    """Serve the pool until it closes the channel."""
    worker = _Worker()
    serve(
        {
            "candidates": worker.candidates,
            "describe": worker.describe,
            "detect": worker.detect,
            "complete": worker.complete,
            "convert": worker.convert,
            "fetch": worker.fetch,
            "readable": worker.readable,
            "usable": worker.usable,
        }
    )


class _Worker:
    """Answers the pool; keeps imported classes and the last glimpse."""

    def __init__(self) -> None:
        self._plugins = plugin.Plugins()
        self._glimpse: tuple[tuple[Path, int, int], Glimpse] | None = None
        self._conversions = 0
        self._fresh: _Wear | None = None

    def candidates(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """What may be a converter."""
        folder = Path(message["folder"]) if message.get("folder") else None
        return {"candidates": [msgspec.to_builtins(item) for item in plugin.candidates(folder)]}

    def describe(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Import one candidate."""
        candidate = msgspec.convert(message["candidate"], plugin.Candidate)
        return {"converters": [msgspec.to_builtins(info) for info in plugin.describe(candidate)]}

    def detect(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Confidence of one converter; 1 for one that cannot tell: it is the last resort."""
        look = msgspec.convert(message["look"], Look)
        converter = self._plugins.make(look.target)
        if not isinstance(converter, Detects):
            return {"confidence": 1}
        glimpse = self._look_at(look)
        if isinstance(glimpse, Reply):
            return {"trouble": msgspec.to_builtins(glimpse)}
        return {"confidence": max(0, min(100, int(converter.detect(glimpse))))}

    def complete(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Whether the tester has finished writing."""
        look = msgspec.convert(message["look"], Look)
        converter = self._plugins.make(look.target)
        if not isinstance(converter, Completes):
            return {"complete": True}
        glimpse = self._look_at(look)
        if isinstance(glimpse, Reply):
            return {"trouble": msgspec.to_builtins(glimpse)}
        return {"complete": bool(converter.is_complete(glimpse))}

    def convert(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Convert one file; see `stationmaster.convert.conversion`."""
        fresh = self._fresh = self._fresh or _Wear.now()
        began = time.perf_counter()
        reply = convert(msgspec.convert(message["order"], Order), self._plugins)
        seconds = time.perf_counter() - began
        self._glimpse = None
        self._conversions += 1
        worn = self._conversions >= MOST_CONVERSIONS or _Wear.now().beyond(fresh)
        answer = msgspec.structs.replace(reply, retire=worn, seconds=seconds)
        return {"reply": msgspec.to_builtins(answer)}

    def fetch(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Fetch source files; see `stationmaster.convert.fetching`."""
        from stationmaster.convert.fetching import FetchOrder, fetch  # noqa: PLC0415 - few workers ever fetch

        reply = fetch(msgspec.convert(message["order"], FetchOrder), self._plugins)
        return {"reply": msgspec.to_builtins(reply)}

    def readable(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Read both ends of a file: does its share answer at all?"""
        Glimpse.at(Path(from_wire(message["path"])))
        return {}

    def usable(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Make a converter with its options: why it cannot be used, "" where it can."""
        try:
            made(message["target"], message["name"], message["options"], self._plugins)
        except UnusableError as error:
            return {"text": str(error)}
        return {"text": ""}

    def _look_at(self, look: Look) -> Glimpse | Reply:
        """A glimpse, read once for all converters that are asked about the same file."""
        path = look.file
        try:
            if look.is_folder:
                return Glimpse.at_folder(path)
            status = path.stat()
            key = (path, status.st_size, status.st_mtime_ns)
            if self._glimpse is None or self._glimpse[0] != key:
                self._glimpse = (key, Glimpse.at(path))
        except OSError as error:
            return unreadable(path, error)
        return self._glimpse[1]


class _Wear(msgspec.Struct, frozen=True):
    """What a converter may leave behind in the process."""

    handles: int
    memory: int
    threads: int

    @classmethod
    def now(cls) -> _Wear:
        """Look at this process; what the platform does not tell counts as nothing."""
        handles = memory = 0
        if sys.platform != "win32":
            handles = len(os.listdir("/dev/fd"))  # noqa: PTH208 - names only, after every conversion
        if sys.platform == "linux":
            with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - after every conversion
                memory = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        threading = sys.modules.get("threading")
        return cls(handles, memory, threading.active_count() if threading else 1)

    def beyond(self, fresh: _Wear) -> bool:
        """Too much more than when the worker was fresh."""
        return (
            self.handles > fresh.handles + MOST_HANDLES
            or self.memory > fresh.memory + MOST_GROWTH
            or self.threads > fresh.threads
        )


if __name__ == "__main__":
    main()
