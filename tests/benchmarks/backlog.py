"""An agent that starts with a million reports in its queue, and the question where one of them is.

Real processes: `stationmaster agent run` on a real home, and the command line. Nobody answers at the server's
address, as in the outage that makes such a queue. Linux only: the memory comes from /proc.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import row as rows
from benchmarks.spool import MILLION, make
from benchmarks.station import Station
from stationmaster.control.client import ControlClient
from stationmaster.errors import NoAgentError

NOBODY = "http://127.0.0.1:9"
TURNS = 5
LINE = "line1"
SERIAL = "Sn900"
PATIENCE = 60.0


async def start(station: Station) -> float:
    """Seconds from the start of the agent's process until its snapshot tells of the whole queue."""
    begun = time.perf_counter()
    station.start_agent()
    while time.perf_counter() - begun < PATIENCE:
        try:
            async with ControlClient(station.home.socket) as client:
                (line,) = (await client.status()).instances
                if line.counts.queued + line.counts.processing == MILLION:
                    return time.perf_counter() - begun
        except NoAgentError:
            pass
        await asyncio.sleep(0.01)
    raise SystemExit("the agent did not start: " + (station.root / "agent.log").read_text())


def find(station: Station) -> float:
    """Seconds that the whole command takes."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "stationmaster", "queue", "find", SERIAL]
    done = subprocess.run(command, env=station.env, capture_output=True, text=True, check=True)
    if SERIAL.lower() not in done.stdout.lower():
        raise SystemExit(f"{SERIAL} was not found: {done.stdout}")
    return time.perf_counter() - begun


async def main() -> int:
    """Measure and print; the exit code."""
    if sys.platform != "linux":
        print("backlog: the memory comes from /proc, which only Linux has")
        return 0
    starts, finds, memory = [], [], 0.0
    with tempfile.TemporaryDirectory() as folder:
        station = Station(Path(folder), 1)
        station.add(LINE, NOBODY)
        station.home.ensure_instance(LINE)
        await asyncio.to_thread(make, station.home.spool(LINE), MILLION)
        try:
            for _ in range(TURNS):
                starts.append(await start(station))
                finds.append(find(station))
                await asyncio.sleep(2)  # what the start left to do in the background
                memory = max(memory, station.memory_mb())
                station.stop()
        finally:
            station.stop()
    found = (
        rows.BACKLOG_START.tell(sorted(starts)[TURNS // 2]),
        rows.BACKLOG_MEMORY.tell(memory),
        rows.BACKLOG_FIND.tell(sorted(finds)[TURNS // 2]),
    )
    return 0 if all(found) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
