"""A real agent in the test's own loop: real spools, workers and sockets, and a clock that the test moves.

`Hosted.until` lets time pass while it waits, `Hosted.moment` lets none pass: what happens then needs none.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from fakes.clock import FakeClock
from fakes.equipment import Equipment
from fakes.oracle import Oracle
from fakes.waiting import until
from stationmaster.blocking import THREAD, BlockingExecutor
from stationmaster.config.secrets import Secret, SecretStore
from stationmaster.config.store import ConfigStore
from stationmaster.home.paths import Home
from stationmaster.model import Entry, EntryState, InstanceStatus, Lifecycle, Problem, ProblemCode
from stationmaster.runtime.agent import Agent
from stationmaster.runtime.supervisor import Supervisor

TOKEN = "bmFtZTpzZWNyZXQ="
STEP = 0.1
"""Seconds that pass between two looks."""


class Hosted:
    """`async with` starts the agent and stops it in order; `restart` does both in between.

    Attributes:
        env: the environment in which tokens are looked for, None for the process's own.
    """

    def __init__(
        self, root: Path, *, clock: FakeClock | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        self.root = root
        self.env = env
        self.home = Home.find(env={"STATIONMASTER_HOME": str(root / "home")})
        self.store = ConfigStore(self.home)
        self.clock = clock or FakeClock(datetime.now(UTC))  # as the files' own times
        self.equipment = Equipment()
        self._agent: Agent | None = None
        self._running: asyncio.Task[None] | None = None
        self._numbers = itertools.count(1)

    # ---------------------------------------------------------------- life
    async def __aenter__(self) -> Self:
        self._one_thread()
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.stop()
        finally:
            await asyncio.get_running_loop().shutdown_default_executor()

    @contextlib.asynccontextmanager
    async def idle(self) -> AsyncIterator[Self]:
        """As `async with` of the whole, but the test itself starts the agent."""
        self._one_thread()
        try:
            yield self
        finally:
            await self.__aexit__(None, None, None)

    def _one_thread(self) -> None:
        """As the program has it: one thread for small blocking calls."""
        asyncio.get_running_loop().set_default_executor(BlockingExecutor(THREAD))

    async def start(self) -> None:
        """Start an agent, and wait until it knows its instances."""
        self.home.ensure()
        self._agent = agent = Agent(self.home, clock=self.clock, env=self.env)
        self._running = running = asyncio.create_task(agent.run())
        ready = asyncio.create_task(agent.ready())
        await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if running.done():
            self._running = None
            await running

    async def stop(self) -> None:
        """Stop it in order. Idempotent."""
        running, self._running = self._running, None
        if running is not None:
            self.agent.request_stop()
            await running

    async def restart(self) -> None:
        """Another agent in the same home."""
        await self.stop()
        await self.start()

    # ---------------------------------------------------------------- settings
    async def line(
        self, name: str, oracle: Oracle, *, token: str = TOKEN, patch: Mapping[str, Any] | None = None
    ) -> Path:
        """Write the settings of an instance with one watch folder, before or beside the agent; the folder."""
        folder = self.folder(name)
        usual = {"secrets.store": "file", "server.timeout": 5.0, "convert.max_concurrent": 2}
        self.store.add(name, oracle.url, [self.watch(folder)], {**usual, **(patch or {})})
        if token:
            await SecretStore(self.home, self.store.load).set(name, Secret(token))
        return folder

    def blocked(self, name: str) -> None:
        """Let a file stand in the way of the instance's outbox: it cannot run."""
        outbox = self.home.outbox(name)
        outbox.rmdir()
        outbox.write_text("somebody's file")

    def unblocked(self, name: str) -> None:
        """Move what `blocked` put there out of the way."""
        self.home.outbox(name).unlink()

    def folder(self, name: str) -> Path:
        """A folder for files."""
        folder = self.root / f"in-{name}"
        folder.mkdir(exist_ok=True)
        return folder

    def watch(self, folder: Path, *converters: str, **settings: Any) -> dict[str, Any]:
        """A watch folder's settings."""
        usual = {"settle": 0.2, "after": "delete", "converters": list(converters or ("wsjf",))}
        return {"path": str(folder), **usual, **settings}

    # ---------------------------------------------------------------- files
    def drop(self, folder: Path, *, sn: str = "", name: str = "") -> str:
        """A file with one report, renamed into place; the report's id."""
        made = self.equipment.wsjf(sn=sn)
        place = folder / (name or f"r{next(self._numbers):04}.json")
        hidden = place.with_name(f".{place.name}.part")
        hidden.write_bytes(made.content)
        hidden.replace(place)
        return made.units[0].report_id

    def spoil(self, folder: Path, name: str = "bad.json") -> Path:
        """A file that nothing good can come of."""
        place, hidden = folder / name, folder / f".{name}.part"
        hidden.write_text('{"type": "T"}')
        hidden.replace(place)
        return place

    def wsjf(self, *, report_id: str = "", sn: str = "") -> bytes:
        """A report to submit."""
        return self.equipment.wsjf(report_id=report_id, sn=sn).content

    # ---------------------------------------------------------------- what it does
    @property
    def agent(self) -> Agent:
        """The agent, running or stopped."""
        assert self._agent is not None
        return self._agent

    def supervisor(self, name: str) -> Supervisor:
        """Who keeps an instance running."""
        return self.agent.supervisors[name]

    def instance(self, name: str) -> InstanceStatus:
        """One instance now."""
        return next(one for one in self.agent.status().instances if one.name == name)

    def lifecycle(self, name: str) -> Lifecycle:
        """What an instance does with its life."""
        return self.supervisor(name).lifecycle

    def waiting(self, name: str) -> int:
        """Reports that are not delivered yet."""
        counts = self.instance(name).counts
        return counts.queued + counts.processing

    def completed(self, name: str) -> int:
        """Reports that are delivered."""
        return self.instance(name).counts.completed

    def problem(self, code: ProblemCode, instance: str = "") -> Problem | None:
        """A Problem, where there is one now."""
        found = [
            one
            for one in self.agent.status().problems
            if one.code is code and (not instance or one.instance == instance)
        ]
        return found[0] if found else None

    async def entries(self, name: str, state: EntryState | None = None) -> tuple[Entry, ...]:
        """Entries of an instance."""
        return await self.agent.entries(name, state=state, text=None, limit=1000, before=None)

    async def until(self, true: Callable[[], object], *, what: str = "it", step: float = STEP) -> None:
        """Let time pass until it is so, many times faster than it does."""

        def look() -> object:
            found = true()
            assert found or self._running is None or not self._running.done(), "the agent ended"
            return found

        await until(
            look, what=lambda: f"{what}: {self.agent.status()}", meanwhile=partial(self.clock.advance, step)
        )

    async def done(self, task: asyncio.Task[Any]) -> None:
        """Let time pass until a task is done, that may end the agent."""
        running, self._running = self._running, None
        await self.until(task.done, what=f"{task}")
        self._running = running

    async def moment(self, true: Callable[[], object], *, what: str = "it") -> None:
        """Wait until it is so without any time passing."""
        await self.until(true, what=what, step=0.0)

    async def drained(self, name: str) -> None:
        """Drain an instance, until it is stopped."""
        self.agent.drain(name)
        await self.until(lambda: self.lifecycle(name) is Lifecycle.STOPPED, what=f"the drain of {name}")

    async def running(self, *names: str) -> None:
        """Until these instances run."""
        await self.moment(
            lambda: all(
                name in self.agent.supervisors and self.lifecycle(name) is Lifecycle.RUNNING for name in names
            ),
            what=f"the start of {names}",
        )


def ids(oracle: Oracle) -> list[str]:
    """Ids of the committed reports, in the order of arrival."""
    return [one.report_id for one in oracle.seen if one.committed]
