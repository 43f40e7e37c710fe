"""A converter pool on a folder of test plug-ins, and jobs for it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from stationmaster.api import Station
from stationmaster.clock import Clock
from stationmaster.convert.dry_run import DryLimits
from stationmaster.convert.job import Conversion, Job
from stationmaster.convert.pool import ConverterPool
from stationmaster.convert.slot import Slots
from stationmaster.model import Lane, SourceState

PLUGINS = Path(__file__).parent.parent / "data" / "plugins"
INSTANCE_ID = UUID("7a7de2b6-6dba-4a0f-8a5e-0d2f34b0c9d1")


@dataclass
class Bench:
    """A place for a pool: plug-in folder, inbox, temporary folder."""

    root: Path
    clock: Clock
    slots: Slots = field(default_factory=lambda: Slots(4, lend_slow=True))
    changes: int = 0

    @property
    def folder(self) -> Path:
        return self.root / "converters"

    @property
    def temp(self) -> Path:
        return self.root / "temp"

    def plug_in(self, *names: str) -> None:
        """Copy plug-ins into the instance's folder."""
        self.folder.mkdir(exist_ok=True)
        for name in names:
            shutil.copy(PLUGINS / name, self.folder)

    def pool(
        self, *, wanted: tuple[str, ...] = (), slow_seconds: float = 5.0, **limits: Any
    ) -> ConverterPool:
        return ConverterPool(
            "line-1",
            folder=self.folder,
            temp=self.temp,
            limits=DryLimits(**{"max_concurrent": 4, "timeout": 20.0, "memory_mb": 256, **limits}),
            slots=self.slots,
            clock=self.clock,
            wanted=wanted,
            on_change=self._changed,
            slow_seconds=slow_seconds,
        )

    def file(self, name: str, content: str) -> Path:
        path = self.root / "inbox" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
        return path

    def job(
        self,
        path: Path,
        *converters: str,
        resume: bytes | None = None,
        options: Mapping[str, Mapping[str, Any]] | None = None,
        lane: Lane = Lane.LIVE,
    ) -> Job:
        status = path.stat()
        return Job(
            path=path,
            state=SourceState(path=path, size=status.st_size, mtime_ns=status.st_mtime_ns),
            converters=converters,
            options=options or {},
            station=Station(name="ST-1", location="Hall 3", purpose="FCT", time_zone="Europe/Oslo"),
            resume=resume,
            instance_id=INSTANCE_ID,
            lane=lane,
        )

    def left_over(self) -> list[str]:
        """Result files that nobody discarded."""
        return sorted(path.name for path in (self.temp / "results").iterdir())

    def _changed(self) -> None:
        self.changes += 1


def payloads(conversion: Conversion, *, most: int = 1000) -> list[bytes]:
    """The reports of a conversion as the spool would read them."""
    if conversion.results is None:
        return []
    data = conversion.results.read_bytes()
    read: Callable[[int, int], bytes] = lambda offset, size: data[offset : offset + size]  # noqa: E731 - reads best
    return [read(meta.offset, meta.size) for meta in list(conversion.reports)[:most]]
