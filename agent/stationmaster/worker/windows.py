"""Starting and ending a child on Windows: pipes, and a Job Object that caps its memory and ends with us."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from stationmaster.worker.channel import Channel
from stationmaster.worker.output import Output

if sys.platform == "win32":
    import ctypes
    import subprocess
    from ctypes import wintypes

    _KERNEL = ctypes.WinDLL("kernel32", use_last_error=True)
    _EXTENDED_LIMITS = 9  # JobObjectExtendedLimitInformation
    _LIMIT_PROCESS_MEMORY = 0x0100
    _KILL_ON_JOB_CLOSE = 0x2000
    _MB = 1024 * 1024
    _IDLE_MB = 128  # a job's cap counts what the idle child has as well

    class _BasicLimits(ctypes.Structure):
        _fields_ = (
            ("PerProcessUserTimeLimit", wintypes.LARGE_INTEGER),
            ("PerJobUserTimeLimit", wintypes.LARGE_INTEGER),
            ("LimitFlags", wintypes.DWORD),
            ("MinimumWorkingSetSize", ctypes.c_size_t),
            ("MaximumWorkingSetSize", ctypes.c_size_t),
            ("ActiveProcessLimit", wintypes.DWORD),
            ("Affinity", ctypes.c_size_t),
            ("PriorityClass", wintypes.DWORD),
            ("SchedulingClass", wintypes.DWORD),
        )

    class _ExtendedLimits(ctypes.Structure):
        _fields_ = (
            ("Basic", _BasicLimits),
            ("IoInfo", ctypes.c_ulonglong * 6),
            ("ProcessMemoryLimit", ctypes.c_size_t),
            ("JobMemoryLimit", ctypes.c_size_t),
            ("PeakProcessMemoryUsed", ctypes.c_size_t),
            ("PeakJobMemoryUsed", ctypes.c_size_t),
        )

    class _Job:
        """A Job Object; closing it ends every process in it."""

        def __init__(self, memory_mb: int) -> None:
            _KERNEL.CreateJobObjectW.restype = wintypes.HANDLE
            self._handle = wintypes.HANDLE(_KERNEL.CreateJobObjectW(None, None))
            limits = _ExtendedLimits()
            limits.Basic.LimitFlags = _KILL_ON_JOB_CLOSE
            if memory_mb:
                limits.Basic.LimitFlags |= _LIMIT_PROCESS_MEMORY
                limits.ProcessMemoryLimit = (memory_mb + _IDLE_MB) * _MB
            _KERNEL.SetInformationJobObject(
                self._handle, _EXTENDED_LIMITS, ctypes.byref(limits), ctypes.sizeof(limits)
            )

        def take(self, process: subprocess.Popen[bytes]) -> None:
            """Put a process into the job."""
            handle = wintypes.HANDLE(int(process._handle))  # type: ignore[attr-defined] # noqa: SLF001 - subprocess has no public handle
            if not _KERNEL.AssignProcessToJobObject(self._handle, handle):
                raise ctypes.WinError(ctypes.get_last_error())

        def terminate(self) -> None:
            """End everything in the job at once."""
            if self._handle:
                _KERNEL.TerminateJobObject(self._handle, 1)

        def close(self) -> None:
            """Give the handle back."""
            handle, self._handle = self._handle, wintypes.HANDLE(None)
            if handle:
                _KERNEL.CloseHandle(handle)

    class _Pipes(asyncio.SubprocessProtocol):
        """Sorts what comes from the child into messages and prints."""

        def __init__(self, channel: Channel, output: Output) -> None:
            self._channel = channel
            self._output = output
            self.exited = asyncio.Event()

        def pipe_data_received(self, fd: int, data: bytes) -> None:
            """1 carries messages, 2 prints."""
            if fd == 1:
                self._channel.data_received(data)
            else:
                self._output.feed(data)

        def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
            """The child closed its end."""
            if fd == 1:
                self._channel.connection_lost(exc)

        def process_exited(self) -> None:
            """The child is gone."""
            self.exited.set()

    class WindowsChild:
        """See `stationmaster.worker.spawn.Spawned`."""

        def __init__(self, transport: asyncio.SubprocessTransport, pipes: _Pipes, job: _Job) -> None:
            """Own all three."""
            self._transport = transport
            self._pipes = pipes
            self._job = job

        @property
        def pid(self) -> int:
            """Its process id."""
            return self._transport.get_pid()

        def write(self, data: bytes) -> None:
            """Send bytes; never blocks."""
            stdin = self._transport.get_pipe_transport(0)
            if isinstance(stdin, asyncio.WriteTransport):
                stdin.write(data)

        def kill(self) -> None:
            """End it and what it started."""
            self._job.terminate()

        async def end(self, grace: float) -> int | None:
            """Close, wait, kill."""
            stdin = self._transport.get_pipe_transport(0)
            if stdin is not None:
                stdin.close()
            if not await self._wait(grace):
                self.kill()
                await self._wait(2.0)
            code = self._transport.get_returncode()
            self._job.close()
            self._transport.close()
            return code

        async def _wait(self, seconds: float) -> bool:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._pipes.exited.wait()
            return self._pipes.exited.is_set()

    async def spawn_windows(
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        folder: Path | None,
        channel: Channel,
        output: Output,
        memory_mb: int = 0,
    ) -> WindowsChild:
        """Start a child; see `stationmaster.worker.spawn.spawn`.

        Raises:
            OSError: it cannot be started.
        """
        job = _Job(memory_mb)
        pipes = _Pipes(channel, output)
        try:
            transport, _ = await asyncio.get_running_loop().subprocess_exec(
                lambda: pipes,
                *command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=folder,
                env=env,
                creationflags=subprocess.CREATE_NO_WINDOW | subprocess.BELOW_NORMAL_PRIORITY_CLASS,
            )
            process = transport.get_extra_info("subprocess")
            job.take(process)
        except OSError:
            job.close()
            raise
        return WindowsChild(transport, pipes, job)
