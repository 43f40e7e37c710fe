"""Keeps one instance running: restarted after a bug a bounded number of times, after trouble for ever."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from enum import Enum, auto

import msgspec

from stationmaster.config.schema import AT_ONCE, InstanceConfig
from stationmaster.errors import StationmasterError
from stationmaster.log import bound
from stationmaster.model import InstanceStatus, Lifecycle, Problem, ProblemCode, Severity
from stationmaster.runtime.instance import Instance
from stationmaster.runtime.lifecycle import LifeEvent, next_state
from stationmaster.runtime.part import Shared
from stationmaster.sentence import joined

_LOG = logging.getLogger(__name__)

MAX_CRASHES = 5
CRASH_WINDOW = 600.0
"""Seconds: more than `MAX_CRASHES` in this time, and the instance stays down until somebody resumes it."""

MAX_DELAY = 30.0
"""Seconds between two tries after a crash, at most; they begin at one and double."""

TROUBLE_DELAY = 5.0
"""Seconds between two tries after expected trouble, such as a full disk at the start."""


class Aim(Enum):
    """What people want of an instance."""

    RUN = auto()
    DRAIN = auto()
    """Deliver what waits, then stay stopped."""
    STOP = auto()
    """Stay stopped."""


class Supervisor:
    """One instance's life. `run` lives until `stop`; drained or failed, it waits for `start`."""

    def __init__(self, name: str, config: InstanceConfig, shared: Shared, *, aim: Aim = Aim.RUN) -> None:
        """Nothing runs yet; with the aim `STOP` it stays stopped until `start`."""
        self.name = name
        self.config = config
        self.lifecycle = Lifecycle.STOPPED
        self.instance = Instance(name, config, shared, on_up=self._up)
        self._shared = shared
        self._log = bound(_LOG, name)
        self._crashes: deque[float] = deque(maxlen=MAX_CRASHES + 1)
        self._trouble: Problem | None = None
        self._wanted = asyncio.Event()
        if aim is not Aim.STOP:
            self._wanted.set()
        self._drains_first = aim is Aim.DRAIN
        self._leaving = asyncio.Event()
        self._hurry = asyncio.Event()
        """Ends a wait between two tries."""

    # ---------------------------------------------------------------- orders
    @property
    def wanted(self) -> bool:
        """It runs, or is tried again by itself; False when it waits for `start`."""
        return self._wanted.is_set()

    @property
    def aim(self) -> Aim:
        """What is wanted of it now: another one that takes its place goes on from there."""
        if self._drains_first or self.lifecycle is Lifecycle.DRAINING:
            return Aim.DRAIN
        return Aim.RUN if self.wanted else Aim.STOP

    @property
    def retries_crash(self) -> bool:
        """It crashed and is about to be tried again."""
        return self.wanted and bool(self._crashes)

    def start(self) -> None:
        """Run again after a drain or a failure; one that still drains begins anew."""
        self._crashes.clear()
        self._drains_first = False
        self._wanted.set()
        self._hurry.set()
        if self.lifecycle is Lifecycle.DRAINING:
            self._move(LifeEvent.STOP)
            self.instance.request_stop()

    def stop(self) -> None:
        """End in order; `run` returns when it is done."""
        self._leaving.set()
        self._wanted.set()
        self._hurry.set()
        self._move(LifeEvent.STOP)
        self.instance.request_stop()

    def drain(self) -> None:
        """Deliver what waits, then stay stopped until `start`."""
        self._wanted.clear()
        self._crashes.clear()
        if self.lifecycle is Lifecycle.FAILED:
            self._trouble = None  # nobody wants it to run now
        self._move(LifeEvent.DRAIN)
        self.instance.request_drain()

    # ---------------------------------------------------------------- life
    async def run(self) -> None:
        """Until `stop`."""
        while True:
            await self._wanted.wait()
            if self._leaving.is_set():
                break
            self._hurry.clear()
            self.instance = Instance(self.name, self.config, self._shared, on_up=self._up)
            self._move(LifeEvent.START)
            if self._drains_first:
                self._drains_first = False
                self.drain()
            delay = await self._once()
            if delay:
                await self._shared.clock.wait(self._hurry, delay)
        self._move(LifeEvent.DOWN)

    async def _once(self) -> float:
        """Run the instance until it ends; returns how long to wait before the next time."""
        try:
            await self.instance.run()
        except StationmasterError as error:
            return self._in_trouble(error)
        except Exception as error:  # noqa: BLE001 - a bug in one instance must not take the others down
            expected = expected_in(error)
            return self._in_trouble(expected) if expected else self._crashed(error)
        self._trouble = None
        self._move(LifeEvent.DOWN)
        return 0.0

    def _in_trouble(self, error: StationmasterError) -> float:
        """Expected trouble (a full disk at start): told, and tried again for ever, unless it was drained."""
        again = "It is tried again by itself." if self.wanted else ""
        trouble = self._problem("cannot run now", joined(error.text, again), error.next_step)
        if self._trouble is None or self._trouble.text != trouble.text:
            self._log.warning("cannot run: %s", error)
        self._trouble = trouble
        self._move(LifeEvent.CRASH)
        return TROUBLE_DELAY

    def _crashed(self, error: BaseException) -> float:
        self._log.error("crashed", exc_info=error)
        now = self._shared.clock.monotonic()
        self._crashes.append(now)
        recent = sum(now - at < CRASH_WINDOW for at in self._crashes)
        text = joined(
            f"{type(error).__name__}: {error}",
            "The log has the details; what was taken is safe in the spool.",
        )
        if recent > MAX_CRASHES:
            self._wanted.clear()
            step = f"Send the log to support, then start it again: stationmaster agent resume {self.name}"
            self._trouble = self._problem("stopped after repeated errors", text, step)
        else:
            self._trouble = self._problem("was restarted after an error", text, "")
        self._move(LifeEvent.CRASH)
        return float(min(MAX_DELAY, 2.0 ** (recent - 1)))

    def _up(self) -> None:
        self._trouble = None
        self._move(LifeEvent.UP)

    def _move(self, event: LifeEvent) -> None:
        before, self.lifecycle = self.lifecycle, next_state(self.lifecycle, event)
        if before is not self.lifecycle:
            # What is tried again and again for the same reason is no news.
            self._log.log(logging.DEBUG if self._trouble else logging.INFO, "%s", self.lifecycle)
            self._shared.changed()

    # ---------------------------------------------------------------- what it sees
    def status(self) -> InstanceStatus:
        """This instance in the snapshot."""
        return self.instance.status(self.lifecycle)

    def problems(self) -> tuple[Problem, ...]:
        """The instance's own, and why it does not run."""
        found = self.instance.problems()
        return (*found, self._trouble) if self._trouble else found

    def _problem(self, title: str, text: str, step: str) -> Problem:
        return Problem(
            code=ProblemCode.INSTANCE_FAILED,
            severity=Severity.ERROR,
            title=f"{self.name} {title}",
            text=text,
            next_step=step,
            instance=self.name,
            since=self._shared.clock.now(),
        )

    def reconfigured(self, config: InstanceConfig) -> bool:
        """Take `config` up without a restart where that is possible; False where it is not."""
        old, self.config = self.config, config
        if msgspec.structs.replace(old, **{key: getattr(config, key) for key in AT_ONCE}) != config:
            return False
        self.instance.config = config
        self.instance.pause(config.paused_until)
        return True


def expected_in(error: BaseException) -> StationmasterError | None:
    """The expected error inside a task group's, when there is nothing else in it."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error if isinstance(error, StationmasterError) else None
