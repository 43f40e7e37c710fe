"""Instances do not disturb each other, whatever their servers do; and the whole stays small."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fakes.oracle_script import Act
from fakes.server import answer
from fakes.station import Station, children
from fakes.thread_count import prefix
from stationmaster.model import ProblemCode

OS_THREADS = 6
PYTHON_THREADS = 4
"""The loop, the storage, the watch, and small blocking calls while there are any."""

HANGS = 10.0
"""Seconds that a call hangs."""

LOADED_MB = 90.0


async def test_a_server_that_is_down_and_one_that_hangs_disturb_nobody(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        servers = [await station.server() for _ in range(3)]
        well, down, hung = [
            await station.line(name, server, "archive", patch={"server.timeout": HANGS})
            for name, server in zip(("well", "down", "hung"), servers, strict=True)
        ]
        servers[1].stop()
        await servers[2].rules(answer(Act.HANG))
        await station.start()
        before = await well.latency(3)
        for line in (down, hung):
            for _ in range(40):
                line.inboxes[0].drop(line.equipment.any())
        await station.problem(ProblemCode.SERVER_UNREACHABLE, instance="down")
        await station.problem(ProblemCode.SERVER_UNREACHABLE, instance="hung", seconds=60)

        meanwhile = await well.latency(5)

        assert meanwhile[2] < before[1] + HANGS / 2, "the middle one of five"
        assert (await station.instance("down")).counts.completed == 0
        await servers[1].start()
        await servers[2].rules()
        await station.conserved(seconds=90)


async def test_four_busy_instances_stay_within_threads_and_memory(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        lines = [
            await station.line(f"line{number}", await station.server(delay=0.02), "archive", "keep")
            for number in range(1, 5)
        ]
        counted = tmp_path / "threads"
        tests = Path(__file__).parent.parent
        await station.start(*prefix(counted), env={"PYTHONPATH": str(tests)})
        assert station.agent is not None
        stop = asyncio.Event()
        threads, memory = 0, 0.0
        async with asyncio.TaskGroup() as group:
            looking = group.create_task(_most(station.agent.pid, stop))
            for _ in range(20):
                for line in lines:
                    for box in line.inboxes:
                        box.drop(line.equipment.any())
                await asyncio.sleep(0.05)  # a tester's pace
            await station.until(lambda snapshot: all(one.counts.completed for one in snapshot.instances))
            assert children(station.agent.pid), "workers run"
            stop.set()
            threads, memory = await looking
        await station.conserved()
        assert threads - 1 <= OS_THREADS, "one of them is the thread that counts"
        assert int(counted.read_text()) <= PYTHON_THREADS
        assert memory <= LOADED_MB


async def _most(pid: int, stop: asyncio.Event) -> tuple[int, float]:
    """The most threads and megabytes that a process had until then."""
    threads, memory = 0, 0.0
    while not stop.is_set():
        fields = _fields(pid)
        threads = max(threads, int(fields["Threads"]))
        memory = max(memory, int(fields["VmRSS"].split()[0]) / 1024)
        await asyncio.sleep(0.05)  # a sample, not a wait
    return threads, memory


def _fields(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value for name, _, value in (line.partition(":") for line in lines)}
