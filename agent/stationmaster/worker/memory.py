"""Memory caps of a child.

Linux: the child lowers its own RLIMIT_AS for each request (`stationmaster.worker.child`). Windows: a Job
Object (`stationmaster.worker.windows`). macOS has neither: the agent looks at the child's resident size.
"""

from __future__ import annotations

import asyncio
import ctypes
import struct
import sys
from collections.abc import Callable
from pathlib import Path

INTERVAL = 0.1
"""Seconds between two looks."""
_MB = 1024 * 1024
_PROC_PIDTASKINFO = 4  # <sys/proc_info.h>
_TASKINFO = struct.Struct("=6Q12i")  # struct proc_taskinfo: virtual size, resident size, ...


def resident_bytes(pid: int) -> int | None:
    """Bytes of memory that process `pid` holds now; None when it is gone or nobody can tell."""
    size: int | None = None
    if sys.platform == "linux":
        import resource  # noqa: PLC0415 - POSIX only

        try:
            pages = int(Path(f"/proc/{pid}/statm").read_bytes().split()[1])
        except (OSError, IndexError):
            return None
        size = pages * resource.getpagesize()
    elif sys.platform == "darwin":
        library = ctypes.CDLL("/usr/lib/libproc.dylib")
        buffer = ctypes.create_string_buffer(_TASKINFO.size)
        got = library.proc_pidinfo(pid, _PROC_PIDTASKINFO, ctypes.c_uint64(0), buffer, _TASKINFO.size)
        size = int(_TASKINFO.unpack(buffer.raw)[1]) if got == _TASKINFO.size else None
    return size


class MemoryWatch:
    """Looks at a child's resident size every 0.1 s and calls `on_exceeded` once it has grown too much."""

    def __init__(self, pid: int, memory_mb: int, on_exceeded: Callable[[], None]) -> None:
        """Start looking; what the child holds now counts as its own."""
        self._pid = pid
        self._limit = memory_mb * _MB + (resident_bytes(pid) or 0)
        self._on_exceeded = on_exceeded
        self._loop = asyncio.get_running_loop()
        self._next = self._loop.call_later(INTERVAL, self._look)

    def stop(self) -> None:
        """Look no more."""
        self._next.cancel()

    def _look(self) -> None:
        size = resident_bytes(self._pid)
        if size is not None and size > self._limit:
            self._on_exceeded()
        else:
            self._next = self._loop.call_later(INTERVAL, self._look)


def watch_memory(pid: int, memory_mb: int, on_exceeded: Callable[[], None]) -> MemoryWatch | None:
    """A watch from outside where the system cannot cap memory itself, else None."""
    if sys.platform == "darwin" and memory_mb:
        return MemoryWatch(pid, memory_mb, on_exceeded)
    return None
