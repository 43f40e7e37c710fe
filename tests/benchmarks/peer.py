"""Uploads against the published client's own queue: one machine, one server, the same reports.

Each contender drains the same reports out of its own durable queue in a process of its own: ours the spool
with the uploader as the agent runs it, theirs the folder of `pywats-api` (see peer_client.py), and a bare
aiohttp POST loop that keeps nothing. Both queues run with the settings they come with. The server is a
process of its own too and answers at once, so that it bounds nobody.

STATIONMASTER_PYWATS_PYTHON names the interpreter with the published client; `make peer` makes it.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

import aiohttp

from benchmarks import row as rows
from fakes import wsjf
from stationmaster.clock import Clock
from stationmaster.deliver.gate import Gate
from stationmaster.deliver.limiter import Limits
from stationmaster.deliver.uploader import Uploader
from stationmaster.model import ReportMeta
from stationmaster.spool.storage import Storage
from stationmaster.spool.store import Spool
from stationmaster.wats.client import ServerAddress, WatsClient

SIZES = tuple(zip(rows.PEER_SIZES, (1_000, 50_000), (2_000, 1_500), strict=True))
"""Name, bytes of a report, and how many are drained: enough that opening connections hardly counts."""

ROUNDS = 3
CONCURRENT = 5
UNUSABLE = 3
"""What peer_client.py leaves with where the client cannot be loaded."""

TOKEN = "bmFtZTpzZWNyZXQ="
HELPER = Path(__file__).with_name("peer_client.py")


class Cost(NamedTuple):
    """What one report cost a contender."""

    seconds: float
    cpu: float


# ---------------------------------------------------------------------- the server


class Answering(asyncio.Protocol):
    """Keep-alive HTTP, just enough: answers each report at once with its id. `GET /seen` counts the ids."""

    seen: set[bytes]

    def __init__(self, seen: set[bytes]) -> None:
        self.seen = seen
        self.buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", self.buffer[:end])
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self.buffer) < whole:
                return
            self.transport.write(self.answer(bytes(self.buffer[:whole]), end))
            del self.buffer[:whole]

    def answer(self, request: bytes, end: int) -> bytes:
        """The whole answer to a whole request."""
        if request.startswith(b"GET /seen"):
            body = b"%d" % len(self.seen)
            self.seen.clear()
        elif request.startswith(b"GET"):
            body = b'"2026.1.5.324"'
        else:
            found = re.search(rb'"id": ?"([^"]+)"', request[end:])
            name = found[1] if found else b""
            self.seen.add(name)
            body = b'{"ID":"%b","uuid":"%b","Report_ID":%d}' % (name, name, len(self.seen))
        date = formatdate(usegmt=True).encode()
        head = b"HTTP/1.1 200 OK\r\nDate: %b\r\nContent-Type: application/json; charset=utf-8\r\n" % date
        return b"%bContent-Length: %d\r\n\r\n%b" % (head, len(body), body)


async def serve() -> None:
    """The server's process; prints its port."""
    seen: set[bytes] = set()
    server = await asyncio.get_running_loop().create_server(lambda: Answering(seen), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def server() -> Iterator[str]:
    """A server process; its address."""
    command = [sys.executable, __file__, "--serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


# ---------------------------------------------------------------------- the reports


def payload(number: int, size: int) -> bytes:
    """A report of about `size` bytes: the minimal one with as many measurements as that takes."""
    report = wsjf.minimal(number)
    step = len(json.dumps(wsjf.numeric("Rail 0000", 5.0), separators=(",", ":"))) + 1
    room = size - len(json.dumps(report, separators=(",", ":")))
    report["root"]["steps"] += [wsjf.numeric(f"Rail {n:04}", 5.0) for n in range(max(0, room) // step)]
    return json.dumps(report, separators=(",", ":")).encode()


def write_reports(folder: Path, size: int, count: int) -> None:
    """A folder of queued reports, as the published client's queue wants them."""
    folder.mkdir()
    for number in range(1, count + 1):
        (folder / f"{number:06}.queued").write_bytes(payload(number, size))


def read_reports(folder: Path) -> list[bytes]:
    """The queued reports of a folder."""
    return [path.read_bytes() for path in sorted(folder.glob("*.queued"))]


# ---------------------------------------------------------------------- the contenders


async def token() -> str:
    """Any token."""
    return TOKEN


def report_cost(start: float, cpu: float) -> None:
    """Print what was used since then."""
    print(json.dumps({"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu}))


async def fill(spool: Spool, payloads: list[bytes]) -> None:
    """Put the reports into the spool."""
    async with asyncio.TaskGroup() as tasks:
        for number, content in enumerate(payloads, 1):
            meta = ReportMeta(
                report_id=wsjf.report_id(number),
                serial_number=f"SN-{number:04}",
                part_number="PCBA-001",
                process_code=10,
                result="P",
                start="2026-01-01T12:00:00",
                offset=0,
                size=len(content),
                digest=hashlib.sha256(content).hexdigest(),
            )
            tasks.create_task(spool.submit(content, meta))


async def ours(url: str, folder: Path, limits: Limits) -> None:
    """Drain a spool with the agent's uploader, each acknowledgement committed; print the cost."""
    clock = Clock()
    uploaders: list[Uploader] = []

    def changed() -> None:
        for uploader in uploaders:
            uploader.wake()

    payloads = read_reports(folder)
    async with Storage() as storage:
        path = folder / "spool.db"
        spool = await Spool.open(path, instance="bench", storage=storage, clock=clock, on_change=changed)
        await fill(spool, payloads)
        async with WatsClient(ServerAddress(url=url), token, clock) as client:
            await client.ping()
            uploader = Uploader(spool, client, Gate(limits, clock), clock, lambda: None, limits=limits)
            uploaders.append(uploader)
            gc.collect()
            start, cpu = time.perf_counter(), time.process_time()
            await uploader.run(draining=True)
            report_cost(start, cpu)
        assert spool.counts.completed == len(payloads), spool.counts
        await spool.aclose()


async def bare(url: str, folder: Path) -> None:
    """Post the reports with nothing but aiohttp; print the cost."""
    payloads = read_reports(folder)
    waiting = iter(payloads)
    headers = {"Authorization": f"Basic {TOKEN}", "Content-Type": "application/json"}

    async def post(session: aiohttp.ClientSession) -> None:
        for content in waiting:
            async with session.post(f"{url}/api/Report/WSJF", data=content, headers=headers) as response:
                assert response.status == 200
                await response.json()

    async with aiohttp.ClientSession() as session:
        async with session.get(f"{url}/api/App/Version") as response:
            await response.read()
        gc.collect()
        start, cpu = time.perf_counter(), time.process_time()
        async with asyncio.TaskGroup() as tasks:
            for _ in range(CONCURRENT):
                tasks.create_task(post(session))
        report_cost(start, cpu)


# ---------------------------------------------------------------------- the comparison


class Contest:
    """Runs the contenders in turns on one server."""

    def __init__(self, url: str, root: Path, python: str) -> None:
        self.url = url
        self.root = root
        self.commands = {
            "theirs": [python, str(HELPER)],
            "ours": [sys.executable, __file__, "--ours"],
            "ours, 5 concurrent": [sys.executable, __file__, "--ours-5"],
            "bare": [sys.executable, __file__, "--bare"],
        }

    def rounds(self, size: int, count: int) -> list[dict[str, Cost]]:
        """What a report of `size` bytes costs each contender, round by round."""
        return [{name: self._run(name, size, count) for name in self.commands} for _ in range(ROUNDS)]

    def _run(self, name: str, size: int, count: int) -> Cost:
        with tempfile.TemporaryDirectory(dir=self.root) as parent:
            folder = Path(parent) / "reports"
            write_reports(folder, size, count)
            command = [*self.commands[name], self.url, str(folder), str(count)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode == UNUSABLE:
            raise UnusableError(done.stdout.strip())
        if done.returncode:
            raise SystemExit(f"peer: {name} ended with {done.returncode}")
        with urlopen(f"{self.url}/seen", timeout=10) as answer:  # noqa: S310 - our own server
            arrived = int(answer.read())
        if arrived != count:
            raise SystemExit(f"peer: {name} delivered {arrived} of {count} reports")
        figures = json.loads(done.stdout)
        return Cost(figures["seconds"] / count, figures["cpu"] / count)


class UnusableError(Exception):
    """The published client is not here, or cannot be loaded."""


def told(name: str, costs: list[Cost]) -> None:
    """Print what a contender did, in the middle of its rounds."""
    rate = 1 / statistics.median(cost.seconds for cost in costs)
    cpu = statistics.median(cost.cpu for cost in costs) * 1000
    print(f"peer: {name}: {rate:.0f} reports/s, {cpu:.3f} ms CPU a report")


def compared(title: str, rounds: list[dict[str, Cost]]) -> bool:
    """Print the rows of one size; True when all are within their limits.

    Ratios are taken round by round: what else the machine does meanwhile counts for both or for nobody.
    """
    for name in rounds[0]:
        told(f"{title}, {name}", [costs[name] for costs in rounds])
    speed = statistics.median(costs["theirs"].seconds / costs["ours"].seconds for costs in rounds)
    share = statistics.median(costs["ours"].cpu / costs["theirs"].cpu for costs in rounds)
    dear = statistics.median(costs["ours"].cpu / costs["bare"].cpu for costs in rounds)
    figures = zip(rows.peer(title), (speed, share, dear), strict=True)
    good = [row.tell(figure) for row, figure in figures]  # a list: each is printed, also after a miss
    return all(good)


def main() -> int:
    """Measure and print; the exit code."""
    python = os.environ.get("STATIONMASTER_PYWATS_PYTHON", "")
    if not python or not Path(python).exists():
        print("peer: the published client is not here: STATIONMASTER_PYWATS_PYTHON names no interpreter")
        return 0
    try:
        with tempfile.TemporaryDirectory() as root, server() as url:
            contest = Contest(url, Path(root), python)
            found = [compared(title, contest.rounds(size, count)) for title, size, count in SIZES]
    except UnusableError as error:
        print(f"peer: {error}")
        return 0
    return 0 if all(found) else 1


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--serve"]:
            asyncio.run(serve())
        case ["--ours", address, folder_name, _]:
            asyncio.run(ours(address, Path(folder_name), Limits()))
        case ["--ours-5", address, folder_name, _]:
            asyncio.run(ours(address, Path(folder_name), Limits(mode="fixed", max_concurrent=CONCURRENT)))
        case ["--bare", address, folder_name, _]:
            asyncio.run(bare(address, Path(folder_name)))
        case _:
            sys.exit(main())
