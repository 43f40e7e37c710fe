"""A rig for tests of delivery: real uploader, client and sockets, the oracle, and a clock that we move."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from fakes.clock import FakeClock
from fakes.oracle import Oracle
from fakes.oracle_script import Rule, Script
from fakes.queue import FakeQueue
from fakes.waiting import PATIENCE, until
from stationmaster.deliver.gate import Gate
from stationmaster.deliver.limiter import Limits
from stationmaster.deliver.uploader import Uploader
from stationmaster.model import Link, Problem, ProblemCode
from stationmaster.wats.client import ServerAddress, WatsClient

TOKEN = "bmFtZTpzZWNyZXQ="


class Rig:
    """Everything from the queue to the server; `async with` runs the uploader."""

    def __init__(
        self,
        folder: Path,
        rules: list[Rule] | None = None,
        *,
        limits: Limits | None = None,
        timeout: float = 10.0,
        required_token: str = "",
    ) -> None:
        self.clock = FakeClock()
        self.oracle = Oracle(folder, Script(rules), token=required_token)
        self.oracle.clock = self.clock
        self.queue = FakeQueue(self.clock)
        self.limits = limits or Limits(mode="fixed", max_concurrent=1)
        self.gate = Gate(self.limits, self.clock, rng=random.Random(1))  # noqa: S311 - jitter that repeats
        self.token: str | None = TOKEN
        self.timeout = timeout
        self.seen: list[ProblemCode] = []
        self.changes = 0

    async def __aenter__(self) -> Self:
        await self.oracle.start()
        self.client = self._client()
        self.uploader = Uploader(
            self.queue,
            self.client,
            self.gate,
            self.clock,
            self._changed,
            instance="line1",
            limits=self.limits,
            rng=random.Random(2),  # noqa: S311 - jitter that repeats
        )
        self.queue.on_change = self.uploader.wake
        self.task = asyncio.create_task(self.uploader.run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])
        if not self.task.cancelled() and (failure := self.task.exception()) is not None:
            raise failure
        await self.client.aclose()
        await self.oracle.aclose()

    def _client(self) -> WatsClient:
        address = ServerAddress(url=self.oracle.url + "/api/", timeout=self.timeout)
        return WatsClient(address, self._get_token, self.clock)

    async def _get_token(self) -> str | None:
        return self.token

    def _changed(self) -> None:
        self.changes += 1
        self.seen += [one.code for one in self.uploader.problems() if one.code not in self.seen]

    def link(self) -> Link:
        """The link now."""
        return self.uploader.link

    def problem(self, code: ProblemCode) -> Problem | None:
        """The Problem with this code, if it is shown."""
        return next((one for one in self.uploader.problems() if one.code is code), None)

    async def until(self, true: Callable[[], bool], *, step: float = 0.0, seconds: float = PATIENCE) -> None:
        """Wait until `true()`; while no request is under way, the clock moves on by `step`."""

        def look() -> bool:
            found = true()
            assert found or not self.task.done(), "the uploader ended"
            return found

        async def meanwhile() -> None:
            if step and self.uploader.status().in_flight == 0:
                await self.clock.advance(step)

        await until(
            look,
            seconds=seconds,
            what=lambda: f"{true}: {self.uploader.problems()}",
            every=0.001,
            meanwhile=meanwhile,
        )
