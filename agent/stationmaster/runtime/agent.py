"""The agent: hosts the instances, watches the settings, publishes the snapshot, and takes orders.

It is the only writer of observed state: one frozen snapshot with a revision that only grows.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime

import msgspec

from stationmaster import __version__
from stationmaster.clock import Clock
from stationmaster.config.schema import AgentConfig, InstanceConfig
from stationmaster.config.secrets import SecretStore
from stationmaster.config.store import ConfigStore
from stationmaster.convert.slot import Slots
from stationmaster.deliver.gate import Gates
from stationmaster.errors import ConfigError
from stationmaster.home.paths import Home
from stationmaster.ingest.wakeup import WakeUp
from stationmaster.model import AgentStatus, Lifecycle, Problem
from stationmaster.runtime.credential import Credentials
from stationmaster.runtime.health import Watchdog
from stationmaster.runtime.instance import Shared
from stationmaster.runtime.order import Orders
from stationmaster.runtime.problem import ProblemBoard, invalid_settings
from stationmaster.runtime.shutdown import Budget
from stationmaster.runtime.supervisor import Supervisor
from stationmaster.spool.storage import Storage

_LOG = logging.getLogger(__name__)
LOOK_EVERY = 1.0
"""Seconds between two looks at all parts for a new snapshot."""
SETTINGS_EVERY = 2.0
"""Seconds between two looks at the settings files for hand edits."""


class Agent(Orders):
    """One agent process. `run` lives until `request_stop`."""

    def __init__(self, home: Home, *, clock: Clock | None = None) -> None:
        """Nothing runs yet; the caller holds the home's agent lock."""
        self.home = home
        self.store = ConfigStore(home)
        self.secrets = SecretStore(home, self.store.load)
        self.credentials = Credentials(self.secrets)
        self.supervisors: dict[str, Supervisor] = {}
        self.clock = clock or Clock()
        self._stop = asyncio.Event()
        self._board = ProblemBoard()
        self._changed = asyncio.Condition()
        self._dirty = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._settings_errors: dict[str, ConfigError] = {}
        self._stamps: dict[str, object] = {}
        self._config = AgentConfig()
        self._configuring = asyncio.Lock()
        self._shared: Shared | None = None
        self._group: asyncio.TaskGroup | None = None
        self._watchdog = Watchdog(self.clock)
        self._status = AgentStatus(
            revision=1,
            version=__version__,
            pid=os.getpid(),
            started_at=self.clock.now(),
            home=str(home.config),
        )

    # ---------------------------------------------------------------- life
    async def run(self) -> None:
        """Host the instances until `request_stop`, then stop them in order, within the shutdown budget."""
        async with AsyncExitStack() as stack:
            loaded = self.store.load_all()
            self._config = loaded.agent
            storage = await stack.enter_async_context(Storage())
            wakeup = WakeUp(self.clock)
            self._shared = Shared(
                home=self.home,
                clock=self.clock,
                storage=storage,
                slots=Slots(self._config.conversions or os.cpu_count() or 1, lend_slow=True),
                gates=Gates(self.clock),
                wakeup=wakeup,
                budget=Budget.within(self._config.shutdown_budget),
                token=self.credentials.token,
            )
            async with asyncio.TaskGroup() as group:
                self._group = group
                await self.reload()
                background = [
                    group.create_task(wakeup.run()),
                    group.create_task(self._publish()),
                    group.create_task(self._watch_settings()),
                    group.create_task(self._watchdog.run(self._stuck)),
                ]
                await self._stop.wait()
                _LOG.info("stopping")
                await asyncio.gather(*(self._end(name) for name in list(self.supervisors)))
                for task in background:
                    task.cancel()
            self._group = None
        _LOG.info("stopped")

    def request_stop(self) -> None:
        """Begin the ordered stop."""
        self._stop.set()

    async def stopping(self) -> None:
        """Wait until a stop is asked for."""
        await self._stop.wait()

    async def _end(self, name: str) -> None:
        supervisor = self.supervisors.get(name)
        task = self._tasks.get(name)
        if supervisor is None or task is None:
            return
        supervisor.stop()
        _, late = await asyncio.wait({task}, timeout=Budget.within(self._config.shutdown_budget).total)
        for one in late:
            _LOG.warning("%s did not stop in time", name)
            one.cancel()
        self.supervisors.pop(name, None)
        self._tasks.pop(name, None)

    # ---------------------------------------------------------------- settings
    async def reload(self) -> None:
        """Bring the instances in line with the settings files."""
        async with self._configuring:
            self._stamps = dict(self.store.stamps())
            loaded = self.store.load_all()
            self._settings_errors = loaded.errors
            wanted = {name: config for name, config in loaded.instances.items() if config.enabled}
            # One whose file became wrong goes on with what it has: a typing error stops no station.
            gone = self.supervisors.keys() - wanted.keys() - loaded.errors.keys()
            await asyncio.gather(*(self._end(name) for name in gone))
            for name, config in wanted.items():
                await self._apply(name, config)
        self._dirty.set()

    async def _apply(self, name: str, config: InstanceConfig) -> None:
        supervisor = self.supervisors.get(name)
        if supervisor is not None:
            if supervisor.config == config or supervisor.reconfigured(config):
                return
            _LOG.info("%s: new settings", name)
            await self._end(name)
        if self._shared is None or self._group is None:
            raise RuntimeError("the agent does not run")
        supervisor = Supervisor(name, config, self._shared)
        self.supervisors[name] = supervisor
        self._tasks[name] = self._group.create_task(supervisor.run(), name=f"instance {name}")

    async def restart(self, name: str) -> None:
        """Begin an instance anew, with the same settings."""
        async with self._configuring:
            supervisor = self.supervisors.get(name)
            if supervisor is not None:
                await self._end(name)
                await self._apply(name, supervisor.config)

    async def _watch_settings(self) -> None:
        while True:
            await self.clock.sleep(SETTINGS_EVERY)
            stamps = await asyncio.to_thread(self.store.stamps)
            if stamps != self._stamps:
                await self.reload()

    def _stuck(self) -> dict[str, tuple[bool, object]]:
        return {
            name: (one.lifecycle is Lifecycle.RUNNING and one.instance.has_work, one.instance.progress)
            for name, one in self.supervisors.items()
        }

    # ---------------------------------------------------------------- the snapshot
    def status(self) -> AgentStatus:
        """The snapshot as it was last published."""
        self._look()
        return self._status

    async def changes(self, *, until: asyncio.Event) -> AsyncIterator[AgentStatus]:
        """The snapshot now, then each new one; ends with `until` or with the agent."""
        seen = 0
        while not until.is_set() and not self._stop.is_set():
            if self._status.revision != seen:
                seen = self._status.revision
                yield self._status
            async with self._changed:
                if self._status.revision == seen:
                    await self._wait_changed()

    async def _wait_changed(self) -> None:
        try:
            async with asyncio.timeout(LOOK_EVERY):
                await self._changed.wait()
        except TimeoutError:
            return

    async def _publish(self) -> None:
        while True:
            await self.clock.wait(self._dirty, LOOK_EVERY)
            self._dirty.clear()
            if self._look():
                async with self._changed:
                    self._changed.notify_all()

    def _look(self) -> bool:
        """Ask all parts; True when something is new."""
        instances = tuple(one.status() for _, one in sorted(self.supervisors.items()))
        problems = self._board.update(self._problems(self.clock.now()))
        old = self._status
        if instances == old.instances and problems == old.problems:
            return False
        self._status = msgspec.structs.replace(
            old, revision=old.revision + 1, instances=instances, problems=problems
        )
        return True

    def _problems(self, now: datetime) -> list[Problem]:
        found = [problem for one in self.supervisors.values() for problem in one.problems()]
        found += [invalid_settings(name, error, now) for name, error in self._settings_errors.items()]
        found += self._watchdog.problems(now)
        found += self.credentials.problems(now)
        return found
