"""The tray app as a program of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fakes.station import Station
from fakes.waiting import until


@asynccontextmanager
async def tray(
    station: Station,
    variables: dict[str, str],
    *arguments: str,
    program: Sequence[str] = (sys.executable, "-m", "stationmaster_tray"),
) -> AsyncIterator[subprocess.Popen[bytes]]:
    """The tray app, running; it must end in order and complain of nothing."""
    complaints = station.root / "tray.err"
    with complaints.open("ab") as stderr:
        process = subprocess.Popen(  # noqa: ASYNC220 - milliseconds
            [*program, *arguments],
            env={**station.env, **variables},
            stdin=subprocess.DEVNULL,
            stderr=stderr,
        )
    try:
        yield process
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        await until(lambda: process.poll() is not None, what="the end of the tray")
        assert process.returncode == 0
        assert complaints.read_text() == ""
    finally:
        process.kill()
        process.wait()


@asynccontextmanager
async def stopped_at_the_end(station: Station) -> AsyncIterator[None]:
    """The agent that the tray starts outlives it: stop it."""
    try:
        yield
    finally:
        await station.command("agent", "stop")
