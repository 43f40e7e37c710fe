"""The tray app as a program of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

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
            env={**station.env, **variables, "PYTHONFAULTHANDLER": "1"},
            stdin=subprocess.DEVNULL,
            stderr=stderr,
        )
    try:
        try:
            yield process
        except BaseException as error:
            error.add_note(_what_it_does(process, complaints))
            raise
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        await until(lambda: process.poll() is not None, what="the end of the tray")
        assert process.returncode == 0
        assert complaints.read_text() == ""
    finally:
        process.kill()
        process.wait()


def _what_it_does(process: subprocess.Popen[bytes], complaints: Path) -> str:
    """Where each thread of a tray that disappointed us stands, or how it ended; it does not live on."""
    code = process.poll()
    if code is None:
        process.send_signal(signal.SIGABRT)
        process.wait()
    return f"The tray {'still ran' if code is None else f'ended with {code}'}: {complaints.read_text()}"


@asynccontextmanager
async def stopped_at_the_end(station: Station) -> AsyncIterator[None]:
    """The agent that the tray starts outlives it: stop it."""
    try:
        yield
    finally:
        await station.command("agent", "stop")
