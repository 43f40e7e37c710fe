"""Writes a little to a disk and flushes it, to see how long that takes. Also a child: a share may hang."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from pathlib import Path
from typing import Any

import msgspec

from stationmaster.file_name import from_wire
from stationmaster.worker.child import serve

_FLUSHES = 5
_TRIAL = 64 * 1024


class Disk(msgspec.Struct, frozen=True):
    """What a look at a disk found: bytes, and seconds of one flush."""

    free: int
    total: int
    flush: float


def first_there(folder: Path) -> Path:
    """`folder`, or the first folder above it that is there."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def try_disk(folder: Path) -> Disk:
    """Write and flush a little file a few times. Blocking.

    Raises:
        OSError: it cannot be written there, or the disk is full.
    """
    folder = first_there(folder)
    usage = shutil.disk_usage(folder)
    trial = folder / f".stationmaster-probe-{secrets.token_hex(4)}"
    took = []
    try:
        with trial.open("xb", buffering=0) as file:
            for _ in range(_FLUSHES):
                began = time.perf_counter()
                file.write(bytes(_TRIAL))
                os.fsync(file.fileno())
                took.append(time.perf_counter() - began)
    finally:
        trial.unlink(missing_ok=True)
    return Disk(usage.free, usage.total, sorted(took)[_FLUSHES // 2])


def _answer(message: dict[str, Any]) -> dict[str, Any]:
    return {"disk": msgspec.to_builtins(try_disk(Path(from_wire(message["folder"]))))}


def main() -> None:
    """Look at disks for an agent until it is gone."""
    serve({"disk": _answer})


if __name__ == "__main__":
    main()
