"""A whole station as a factory has it: a real agent, real servers, real folders, and faults on demand.

Everything runs in processes of its own, so that it can be killed. `Station.conserved` is the check that
follows every fault: nothing lost, nothing doubled, nothing invented, every file in its place.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from fakes.account import Account, After, Inbox, error_faults
from fakes.child import child
from fakes.equipment import FORMATS, OPTIONS, Equipment
from fakes.server import Server
from fakes.waiting import answer, running, until
from stationmaster.config.secrets import Secret, SecretStore
from stationmaster.config.store import ConfigStore
from stationmaster.control.client import ControlClient
from stationmaster.errors import ControlError, NoAgentError
from stationmaster.home.paths import Home
from stationmaster.model import AgentStatus, Entry, InstanceStatus, Problem, ProblemCode

TOKEN = "bmFtZTpzZWNyZXQ="
SETTLE = 0.2
FRESH = 10.0
"""Seconds in which a fresh file must arrive once the faults have stopped."""


class Line:
    """One instance: its inboxes, its account, its server."""

    def __init__(self, station: Station, name: str, server: Server) -> None:
        self.station = station
        self.name = name
        self.server = server
        self.inboxes: list[Inbox] = []
        self.account: Account
        self.equipment = Equipment(f"{name}-")

    @property
    def errors(self) -> Path:
        """Its error folder."""
        return self.station.home.errors(self.name)

    def faults(self) -> list[str]:
        """What is wrong with its reports and its files now."""
        wrong = self.account.faults(self.server.seen())
        for box in self.inboxes:
            wrong += box.faults()
        return wrong + error_faults(self.errors, self.inboxes)

    def doubled(self) -> dict[str, int]:
        """Reports that were sent more than once, and how often; none where no answer got lost."""
        sent = Counter(seen.report_id for seen in self.server.submits())
        return {name: times for name, times in sent.items() if times > 1}

    async def latency(self, count: int = 5, *, box: Inbox | None = None) -> list[float]:
        """Seconds from file to server, for `count` files one after the other, shortest first."""
        return sorted([await self._latency(box or self.inboxes[0]) for _ in range(count)])

    async def _latency(self, box: Inbox) -> float:
        began = time.monotonic()
        ids = box.drop(self.equipment.make("wsjf")).keys()
        await until(lambda: ids <= self.server.ids(), what=f"a file of {self.name}")
        return time.monotonic() - began


class Station:
    """An agent with its home. `async with` ends what still runs."""

    def __init__(
        self, root: Path, *, program: Sequence[str] = (sys.executable, "-m", "stationmaster")
    ) -> None:
        self.root = root
        self.program = tuple(program)
        self.env = {**os.environ, "STATIONMASTER_HOME": str(root / "home"), "PYTHONDONTWRITEBYTECODE": "1"}
        self.home = Home.find(env=self.env)
        self.store = ConfigStore(self.home)
        self.lines: dict[str, Line] = {}
        self.servers: list[Server] = []
        self.agent: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        for server in self.servers:
            server.stop()
        if error is not None and (log := self.root / "agent.log").exists():
            sys.stderr.write(f"--- the end of {log}:\n{log.read_text(errors='replace')[-6000:]}\n")

    # ---------------------------------------------------------------- making it
    async def server(self, **misbehaviour: Any) -> Server:
        """Another server, running."""
        server = Server(self.root / f"server-{len(self.servers) + 1}")
        self.servers.append(server)
        await server.start(**misbehaviour)
        return server

    async def line(
        self,
        name: str,
        server: Server,
        *afters: After,
        patch: Mapping[str, Any] | None = None,
        folder: Mapping[str, Any] | None = None,
    ) -> Line:
        """An instance with one watch folder for each of `afters`, all formats in each.

        Args:
            name: of the instance.
            server: its server.
            afters: what becomes of the files.
            patch: further settings.
            folder: further settings of each folder.
        """
        line = Line(self, name, server)
        places = [self.root / f"{name}-{number}-{after}" for number, after in enumerate(afters, start=1)]
        watch = [self._folder(place, after, folder) for place, after in zip(places, afters, strict=True)]
        usual = {"secrets.store": "file", "server.ping_interval": 5.0, "server.timeout": 60.0}
        config = self.store.add(name, server.url, watch, {**usual, **(patch or {})})
        await SecretStore(self.home, self.store.load).set(name, Secret(TOKEN))
        line.account = Account(config.id)
        for place, after in zip(places, afters, strict=True):
            place.mkdir()
            target = self.root / f"{place.name}-target"
            line.inboxes.append(Inbox(place, line.account, after=after, target=target, errors=line.errors))
        self.lines[name] = line
        return line

    def _folder(self, place: Path, after: After, more: Mapping[str, Any] | None) -> dict[str, Any]:
        target = {"move_to": str(self.root / f"{place.name}-target")} if after in {"move", "archive"} else {}
        options = dict.fromkeys(FORMATS, OPTIONS)
        usual = {"path": str(place), "converters": list(FORMATS), "settle": SETTLE, "after": after}
        return {**usual, **target, "options": options, **(more or {})}

    # ---------------------------------------------------------------- the agent's life
    async def start(self, *prefix: str, env: Mapping[str, str] | None = None, wait: bool = True) -> None:
        """Start the agent, under the program `prefix` where one is given, and wait until it answers."""
        self.agent = self.spawn(*prefix, env=env)
        if wait:
            await self.up()
            assert prefix or self.alive, "the agent ended at once"

    def spawn(self, *prefix: str, more: Sequence[str] = (), env: Mapping[str, str] | None = None) -> Any:
        """An agent process, nobody waits for it."""
        command = [*prefix, *self.program, "agent", "run", *more]
        with (self.root / "agent.log").open("ab") as out:
            return subprocess.Popen(
                command,
                env={**self.env, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    async def up(self, *, seconds: float = 30.0) -> None:
        """Wait until the agent answers, or is gone."""

        async def ask() -> bool:
            if not self.alive:
                return True
            try:
                await self.status()
            except (NoAgentError, ControlError):
                return False
            return True

        await answer(ask, seconds=seconds, what="an answer of the agent", every=0.02)

    @property
    def alive(self) -> bool:
        """The agent runs."""
        return self.agent is not None and self.agent.poll() is None

    def kill(self) -> None:
        """`kill -9`, now."""
        agent, self.agent = self.agent, None
        if agent is not None:
            if agent.poll() is None:
                os.killpg(agent.pid, signal.SIGKILL)
            agent.wait()

    async def gone(self, *, seconds: float = 40.0) -> int:
        """Wait until the agent is gone by itself; its exit code."""
        agent, self.agent = self.agent, None
        assert agent is not None
        try:
            await until(lambda: agent.poll() is not None, seconds=seconds, what="the end of the agent")
        finally:
            self.agent = agent if agent.poll() is None else None
        return int(agent.returncode)

    async def terminate(self, *, seconds: float = 40.0) -> int:
        """SIGTERM, and wait until it is gone; its exit code."""
        assert self.agent is not None
        self.agent.send_signal(signal.SIGTERM)
        return await self.gone(seconds=seconds)

    async def command(self, *arguments: str, seconds: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run a command of the command line to its end."""
        typed = child(
            *(*self.program, *arguments),
            env=self.env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with typed as process, asyncio.timeout(seconds):
            out, complaint = await process.communicate()
        return subprocess.CompletedProcess(
            arguments, process.returncode or 0, out.decode(), complaint.decode()
        )

    # ---------------------------------------------------------------- what it says
    def client(self) -> ControlClient:
        """A client of the agent."""
        return ControlClient(self.home.socket, timeout=10.0)

    async def status(self) -> AgentStatus:
        """The snapshot now."""
        async with self.client() as client:
            return await client.status()

    async def instance(self, name: str) -> InstanceStatus:
        """One instance now."""
        return next(one for one in (await self.status()).instances if one.name == name)

    async def entries(self, name: str, state: str | None = None) -> tuple[Entry, ...]:
        """Entries of an instance."""
        async with self.client() as client:
            return await client.entries(name, state=state, limit=10_000)

    async def until(
        self, true: Callable[[AgentStatus], object], *, seconds: float = 20.0, what: str = "it"
    ) -> AgentStatus:
        """Wait until the snapshot is so."""
        snapshot: AgentStatus | None = None

        async def ask() -> AgentStatus | None:
            nonlocal snapshot
            snapshot = await self.status()
            return snapshot if true(snapshot) else None

        found = await answer(ask, seconds=seconds, what=lambda: f"{what}: {snapshot}", every=0.02)
        assert found is not None
        return found

    async def problem(self, code: ProblemCode, *, instance: str = "", seconds: float = 20.0) -> Problem:
        """Wait for a Problem."""

        def found(snapshot: AgentStatus) -> list[Problem]:
            return [
                one
                for one in snapshot.problems
                if one.code is code and (not instance or one.instance == instance)
            ]

        return found(await self.until(found, seconds=seconds, what=f"the problem {code}"))[0]

    async def well(self, code: ProblemCode, *, seconds: float = 40.0) -> None:
        """Wait until a Problem is gone."""
        await self.until(
            lambda snapshot: all(one.code is not code for one in snapshot.problems),
            seconds=seconds,
            what=f"the end of {code}",
        )

    # ---------------------------------------------------------------- the proof
    async def conserved(self, *, seconds: float = 60.0, fresh: bool = True) -> None:
        """The conservation check of the design, with the agent running and the faults over.

        Waits until everything is delivered, then compares: ids at the servers with those that the tests
        worked out by themselves, payloads of each id with each other and with the spool's own record,
        files with their places, entries in error with the files that deserved it; at last a fresh file
        of each instance must arrive within ten seconds.
        """
        await self._settled(seconds)
        if fresh:
            for line in self.lines.values():
                (took,) = await line.latency(1)
                assert took <= FRESH, f"a fresh file of {line.name} took {took:.1f} s"
            await self._settled(seconds)

    async def _settled(self, seconds: float) -> None:
        """Wait until all is as it must be in the end."""
        wrong: list[str] = []

        async def ask() -> bool:
            wrong[:] = await self._open()
            return not wrong

        await answer(
            ask, seconds=seconds, what=lambda: "\n".join([*wrong[:20], "the end of that"]), every=0.1
        )

    async def _open(self) -> list[str]:
        """What still is not as it must be in the end."""
        wrong = [fault for line in self.lines.values() for fault in line.faults()]
        if wrong:
            return wrong
        for one in (await self.status()).instances:
            line = self.lines[one.name]
            failed = {entry.path for box in line.inboxes for entry in box.written if entry.ends == "error"}
            if one.counts.queued or one.counts.processing or one.counts.error != len(failed):
                wrong.append(f"{one.name}: {one.counts}, {len(failed)} errors expected")
                continue
            sent = {(seen.report_id, seen.digest) for seen in line.server.seen() if seen.committed}
            wrong += [
                f"the spool of {one.name} says it delivered {entry.report_id}, the server has not got that"
                for entry in await self.entries(one.name, "completed")
                if (entry.report_id, entry.digest) not in sent
            ]
        return wrong


def needs_strace() -> None:
    """Skip where processes cannot be traced."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed: apt-get install strace")
    done = subprocess.run([strace, "-f", "-o", "/dev/null", "true"], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("strace may not trace here (ptrace is forbidden)")


def children(pid: int) -> list[int]:
    """The processes that a process started, at any depth."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that has ended meanwhile
            for below in map(int, path.read_text().split()):
                if running(below):
                    found += [below, *children(below)]
    return found
