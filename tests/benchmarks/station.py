"""A whole station, as users run it: from closed file to server, and what an agent costs at rest and loaded.

Real processes: `stationmaster agent run` and the oracle. Linux only: the figures come from /proc.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import row as rows
from fakes import wsjf
from fakes.oracle import read_log
from fakes.thread_count import prefix
from stationmaster.control.client import ControlClient
from stationmaster.errors import NoAgentError
from stationmaster.home.paths import Home

SETTLE = 0.2
LATENCY_FILES = 200
LOAD_FILES = 1500
IDLE_SECONDS = 30.0
MB = 1_000_000


class Station:
    """An oracle, and an agent with `instances` instances of two folders each."""

    def __init__(self, root: Path, instances: int) -> None:
        self.root = root
        self.names = [f"line{number}" for number in range(1, instances + 1)]
        self.env = {**os.environ, "STATIONMASTER_HOME": str(root / "home")}
        self.home = Home.find(env=self.env)
        self.processes: list[subprocess.Popen[str]] = []
        self.agent = 0
        """Process id of the agent."""

    def prepare(self) -> None:
        """Start the oracle, make the instances."""
        command = [sys.executable, "-m", "fakes.oracle", "--dir", str(self.root / "oracle")]
        oracle = subprocess.Popen(command, env=self.env, stdout=subprocess.PIPE, text=True)
        self.processes.append(oracle)
        port = oracle.stdout.readline().strip() if oracle.stdout else ""
        for name in self.names:
            self.add(name, f"http://127.0.0.1:{port}")

    def start_agent(self, *prefix: str) -> None:
        """Start the agent, under the program `prefix` where one is given."""
        command = [*prefix, sys.executable, "-m", "stationmaster", "agent", "run"]
        with (self.root / "agent.log").open("w") as log:
            agent = subprocess.Popen(command, env=self.env, stderr=log, text=True)
        self.processes.append(agent)
        self.agent = agent.pid

    def add(self, name: str, url: str) -> None:
        """Make an instance."""
        command = [sys.executable, "-m", "stationmaster", "instance", "add", name, "--server", url]
        command += ["--token-stdin", "--converter", "wsjf", "--set", "secrets.store=file"]
        for number in (0, 1):
            folder = self.root / name / str(number)
            folder.mkdir(parents=True)
            command += ["--watch", str(folder), "--set", f"watch.{number}.settle={SETTLE}"]
        subprocess.run(command, env=self.env, input="token\n", text=True, check=True, capture_output=True)

    async def ready(self) -> None:
        """Wait until the agent answers."""
        for _ in range(400):
            try:
                async with ControlClient(self.home.socket) as client:
                    if all(one.lifecycle == "running" for one in (await client.status()).instances):
                        return
            except NoAgentError:
                pass
            await asyncio.sleep(0.05)
        raise SystemExit("the agent did not start: " + (self.root / "agent.log").read_text())

    def drop(self, name: str, number: int) -> None:
        """Put report `number` into a folder of `name`, in one step."""
        folder = self.root / name / str(number % 2)
        hidden = folder / f".{number}.part"
        hidden.write_text(json.dumps(wsjf.minimal(number)))
        hidden.replace(folder / f"{number}.json")

    def arrivals(self) -> dict[str, float]:
        """When each report was committed by the oracle, by id."""
        return {seen.report_id: seen.at for seen in read_log(self.root / "oracle") if seen.committed}

    def memory_mb(self) -> float:
        """Resident memory of the agent, without its workers."""
        for line in Path(f"/proc/{self.agent}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024 / MB
        raise SystemExit("the agent is gone")

    def cpu_seconds(self) -> float:
        """CPU time of the agent so far, to the nanosecond: ticks of 10 ms are too coarse for one at rest."""
        tasks = Path(f"/proc/{self.agent}/task").glob("*/schedstat")
        return sum(int(path.read_text().split()[0]) for path in tasks) / 1e9

    def threads(self) -> int:
        """OS threads of the agent."""
        return len(list(Path(f"/proc/{self.agent}/task").iterdir()))

    def stop_agent(self) -> None:
        """Stop the agent in order; it was started last."""
        self._end(self.processes.pop())

    def stop(self) -> None:
        """Stop everything in order."""
        while self.processes:
            self._end(self.processes.pop())

    def _end(self, process: subprocess.Popen[str]) -> None:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


async def latency(station: Station) -> tuple[float, float]:
    """Milliseconds from the closed file to the commit at the server, beyond the settle time: p50, p99."""
    dropped: dict[str, float] = {}
    for number in range(1, LATENCY_FILES + 1):
        station.drop(station.names[0], number)
        dropped[wsjf.report_id(number)] = time.time()
        await asyncio.sleep(0.04)
    arrived = await _all_arrived(station, set(dropped))
    times = sorted((arrived[one] - at - SETTLE) * 1000 for one, at in dropped.items())
    return statistics.median(times), times[int(len(times) * 0.99)]


async def load(station: Station, first: int) -> tuple[float, int]:
    """Highest memory in MB and number of threads while `LOAD_FILES` files run through four instances.

    Args:
        first: number of the first report.
    """
    wanted, memory, threads = set(), 0.0, 0
    for number in range(first, first + LOAD_FILES):
        station.drop(station.names[number % len(station.names)], number)
        wanted.add(wsjf.report_id(number))
        if number % 20 == 0:
            memory, threads = max(memory, station.memory_mb()), max(threads, station.threads())
            await asyncio.sleep(0.02)
    end = time.monotonic() + 120
    while not wanted <= station.arrivals().keys():
        memory, threads = max(memory, station.memory_mb()), max(threads, station.threads())
        if time.monotonic() > end:
            raise SystemExit("the load did not arrive in 120 s")
        await asyncio.sleep(0.1)
    return memory, threads


async def _all_arrived(station: Station, wanted: set[str]) -> dict[str, float]:
    for _ in range(600):
        arrived = station.arrivals()
        if wanted <= arrived.keys():
            return arrived
        await asyncio.sleep(0.1)
    raise SystemExit(f"{len(wanted - station.arrivals().keys())} reports did not arrive")


async def main() -> int:
    """Measure and print; the exit code."""
    if sys.platform != "linux":
        print("station: the figures come from /proc, which only Linux has")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        station = Station(Path(folder), 4)
        try:
            station.prepare()
            station.start_agent()
            await station.ready()
            await asyncio.sleep(5)
            before = station.cpu_seconds()
            await asyncio.sleep(IDLE_SECONDS)
            cpu = (station.cpu_seconds() - before) / IDLE_SECONDS * 100
            found = [
                rows.STATION_IDLE_MEMORY.tell(station.memory_mb()),
                rows.STATION_IDLE_CPU.tell(cpu),
                rows.STATION_IDLE_THREADS.tell(station.threads()),
            ]
            p50, p99 = await latency(station)
            found += [rows.STATION_P50.tell(p50), rows.STATION_P99.tell(p99)]
            memory, threads = await load(station, 10_000)
            found += [rows.STATION_LOADED_MEMORY.tell(memory), rows.STATION_LOADED_THREADS.tell(threads)]
            station.stop_agent()
            counted = Path(folder) / "threads"
            station.start_agent(*prefix(counted))
            await station.ready()
            await load(station, 20_000)
            found.append(rows.STATION_PYTHON_THREADS.tell(int(counted.read_text())))
        finally:
            station.stop()
    return 0 if all(found) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
