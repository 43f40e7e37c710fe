"""Starting and ending a child on POSIX: own session, a socket pair for messages, a pipe for its prints.

The child is reaped by polling after its end of the socket closed: no thread and no child watcher is
needed, whatever the Python version and the platform.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from stationmaster.worker.channel import Channel, OutputPipe
from stationmaster.worker.output import Output

_unreaped: list[subprocess.Popen[bytes]] = []
"""Killed, but still held by the kernel (a hung share): looked at again at each start of a child."""


class Spawned(Protocol):
    """A running child, whatever the platform."""

    @property
    def pid(self) -> int:
        """Its process id."""
        ...

    def write(self, data: bytes) -> None:
        """Send bytes; never blocks."""
        ...

    def kill(self) -> None:
        """End it and what it started, at once; may be called again."""
        ...

    async def end(self, grace: float) -> int | None:
        """Close its input, wait up to `grace` seconds, then kill it; its exit code as `subprocess` has it.

        None when even a killed one does not go away.
        """
        ...


class PosixChild:
    """See `Spawned`."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        link: asyncio.WriteTransport,
        pipe: asyncio.ReadTransport,
        prints: OutputPipe,
    ) -> None:
        """Own all four."""
        self._process = process
        self._link = link
        self._pipe = pipe
        self._prints = prints

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def write(self, data: bytes) -> None:
        """Send bytes; never blocks."""
        self._link.write(data)

    def kill(self) -> None:
        """Kill its whole session's process group, so that what it started goes too."""
        if self._process.returncode is None:
            self._kill_group()

    async def end(self, grace: float) -> int | None:
        """Close, wait, kill, reap."""
        self._link.close()
        try:
            code = await self._reap(grace)
            if code is None:
                self.kill()
                code = await self._reap(2.0)
            else:
                # the group lives on while a grandchild does; its id cannot have been given away meanwhile
                self._kill_group()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    await self._prints.ended.wait()
        finally:
            self._pipe.close()
            if self._process.returncode is None:
                self.kill()
                _unreaped.append(self._process)
        return code

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def _reap(self, seconds: float) -> int | None:
        """Poll for its end; short naps first, for nearly always it is gone already."""
        nap, waited = 0.001, 0.0
        while (code := self._process.poll()) is None and waited < seconds:
            await asyncio.sleep(nap)
            waited += nap
            nap = min(nap * 2, 0.05)
        return code


async def spawn(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    folder: Path | None,
    channel: Channel,
    output: Output,
    memory_mb: int = 0,
) -> Spawned:
    """Start a child that speaks on its stdin and stdout.

    Args:
        memory_mb: cap of its memory where that is set at the start (Windows); 0: none.

    Raises:
        OSError: it cannot be started.
    """
    if sys.platform == "win32":
        from stationmaster.worker.windows import spawn_windows  # noqa: PLC0415 - exists on Windows only

        return await spawn_windows(
            command, env=env, folder=folder, channel=channel, output=output, memory_mb=memory_mb
        )
    _unreaped[:] = [process for process in _unreaped if process.poll() is None]
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    read_end, write_end = os.pipe()
    with theirs, os.fdopen(write_end, "wb", buffering=0) as prints:
        try:
            # asyncio's own subprocesses cost a thread each where there is no pidfd; vfork and exec take ~2 ms
            process = subprocess.Popen(  # noqa: S603, ASYNC220 - our own command line, see above
                list(command),
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=prints.fileno(),
                cwd=folder,
                env=dict(env),
                start_new_session=True,
            )
        except OSError:
            ours.close()
            os.close(read_end)
            raise
    ours.setblocking(False)
    reader = os.fdopen(read_end, "rb", buffering=0)
    link = None
    try:
        link, _ = await loop.create_unix_connection(lambda: channel, sock=ours)
        pipe, pipe_protocol = await loop.connect_read_pipe(lambda: OutputPipe(output), reader)
    except asyncio.CancelledError:  # nobody will ever hold it
        process.kill()
        _unreaped.append(process)
        reader.close()
        (link or ours).close()
        raise
    return PosixChild(process, link, pipe, pipe_protocol)
