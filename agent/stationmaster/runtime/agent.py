"""The agent: hosts the instances, watches the settings, publishes the snapshot, and takes orders.

It is the only writer of observed state: one frozen snapshot with a revision that only grows.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import UTC, datetime

import msgspec

from stationmaster import __version__
from stationmaster.clock import Clock
from stationmaster.config.problem import invalid_settings
from stationmaster.config.schema import AgentConfig, InstanceConfig
from stationmaster.config.secrets import SecretStore
from stationmaster.config.store import ConfigStore
from stationmaster.convert.slot import Slots
from stationmaster.deliver.gate import Gates
from stationmaster.errors import ConfigError
from stationmaster.home.paths import Home
from stationmaster.ingest.overlap import overlap_problems
from stationmaster.ingest.wakeup import WakeUp
from stationmaster.log import bound
from stationmaster.model import AgentStatus, FolderStatus, InstanceStatus, Lifecycle, Problem
from stationmaster.runtime import settings
from stationmaster.runtime.credential import Credentials
from stationmaster.runtime.event import first_of
from stationmaster.runtime.health import UNHEARD, Pulses, Watchdog
from stationmaster.runtime.log import Levels
from stationmaster.runtime.order import Orders
from stationmaster.runtime.part import Shared
from stationmaster.runtime.problem import ProblemBoard
from stationmaster.runtime.shutdown import Budget
from stationmaster.runtime.supervisor import Aim, Supervisor
from stationmaster.runtime.turn import Turns
from stationmaster.spool.storage import Storage

_LOG = logging.getLogger(__name__)
LOOK_EVERY = 2.0
"""Seconds between two looks at all parts for what none of them told."""
LOOK_LEAST = 0.1
"""Seconds between two snapshots at least, however much happens."""
SCAN_NEWS = 30.0
"""Seconds after which a later `last_scan_at` alone is worth a snapshot; folders are scanned all the time."""
SETTINGS_EVERY = 3.0
"""Seconds between two looks at the settings files for hand edits."""
TOKENS_EVERY = 30.0
"""Seconds between two looks at a token store that refused a new token."""


class Agent(Orders):
    """One agent process. `run` lives until `request_stop`."""

    def __init__(
        self, home: Home, *, clock: Clock | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        """Nothing runs yet; the caller holds the home's agent lock.

        Args:
            home: whose instances.
            clock: the time; real time if None.
            env: environment in which tokens are looked for; the process's own if None.
        """
        super().__init__()
        self.home = home
        self.store = ConfigStore(home)
        self.credentials = Credentials(SecretStore(home, self.settings_of, env=env))
        self.supervisors: dict[str, Supervisor] = {}
        self.clock = clock or Clock()
        self.storage = Storage()
        self.budget = Budget()
        """How long an ordered stop may take."""
        self.beat = UNHEARD
        """Who is told that the loop runs; to be set before `run`."""
        self.config = AgentConfig()
        self.on_config: list[Callable[[], None]] = []
        """Called when `config` may be another one."""
        self.embedded_server = ""
        """Where the embedded server answers that belongs to this agent, "" for none; told by who runs it."""
        self.more_problems: list[Callable[[], Iterable[Problem]]] = []
        """Who else sees Problems of the agent itself."""
        self._stop = asyncio.Event()
        self._board = ProblemBoard()
        self._news = asyncio.Event()
        """Set, and replaced by a new one, with each new snapshot."""
        self._dirty = asyncio.Event()
        self._gist: object = None
        self._ready = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._settings_errors: dict[str, ConfigError] = {}
        self._standing_in: dict[str, datetime] = {}
        """Since when the last good settings had been in use that stand in for a wrong file, by name."""
        self._overlaps: tuple[Problem, ...] = ()
        self._stamps: Mapping[str, object] | None = None
        self._loading = asyncio.Lock()
        self._turns = Turns()  # at an instance: it is begun, ended, or begun anew
        self._wanted: Mapping[str, InstanceConfig] = {}
        self._shared: Shared | None = None
        self._group: asyncio.TaskGroup | None = None
        self._watchdog = Watchdog(self.clock)
        self._levels = Levels()
        self._status = AgentStatus(
            revision=0,
            version=__version__,
            pid=os.getpid(),
            started_at=self.clock.now(),
            home=str(home.config),
        )

    # ---------------------------------------------------------------- life
    async def run(self) -> None:
        """Host the instances until `request_stop`, then stop them in order, within the shutdown budget.

        Raises:
            ConfigError: the settings cannot be read at all.
        """
        async with self.storage:
            config = await asyncio.to_thread(self._first_settings)
            wakeup = WakeUp(self.clock)
            self._shared = self._share(wakeup, config)
            self._take_up(config)
            async with asyncio.TaskGroup() as group:
                self._group = group
                await self.reload()
                self._ready.set()
                background = [
                    group.create_task(wakeup.run()),
                    group.create_task(self._publish()),
                    group.create_task(self._watch_settings()),
                    group.create_task(self._watch_tokens()),
                    group.create_task(self._watchdog.run(self._pulses, self.beat)),
                ]
                await self._stop.wait()
                _LOG.info("stopping")
                await self._end_all()
                for task in background:
                    task.cancel()
            self._group = None
        _LOG.info("stopped")

    def _share(self, wakeup: WakeUp, config: AgentConfig) -> Shared:
        return Shared(
            home=self.home,
            clock=self.clock,
            storage=self.storage,
            slots=Slots(_conversions(config), lend_slow=True),
            gates=Gates(self.clock),
            wakeup=wakeup,
            budget=self.budget,
            token=self.credentials.token,
            changed=self._dirty.set,
        )

    def request_stop(self) -> None:
        """Begin the ordered stop."""
        self._stop.set()

    @property
    def stop_requested(self) -> bool:
        """It is on its way out."""
        return self._stop.is_set()

    async def stopping(self) -> None:
        """Wait until a stop is asked for."""
        await self._stop.wait()

    async def ready(self) -> None:
        """Wait until the settings were read and the instances are on their way."""
        await self._ready.wait()

    async def _end_all(self) -> None:
        for supervisor in self.supervisors.values():
            supervisor.stop()
        await asyncio.gather(*(self._bring_in_line(name) for name in list(self.supervisors)))

    async def _end(self, name: str) -> None:
        """Stop an instance in order and let go of it; when this returns its spool is closed."""
        supervisor, task = self.supervisors[name], self._tasks[name]
        supervisor.stop()
        _, late = await asyncio.wait({task}, timeout=self.budget.instance)
        if late:
            bound(_LOG, name).warning("did not stop in time")
            task.cancel()
            await asyncio.wait({task})
        del self.supervisors[name], self._tasks[name]

    # ---------------------------------------------------------------- settings
    async def reload(self, wait_for: str | None = None) -> None:
        """Bring the instances in line with the settings files.

        Args:
            wait_for: return when this one is; the others follow in their own time, as one that is slow to
                stop must keep nobody waiting. None: return when all are.
        """
        async with self._loading:
            seen = await asyncio.to_thread(settings.read, self.store)
            loaded = seen.loaded
            self._stamps, self._settings_errors = seen.stamps, loaded.errors
            if "" not in loaded.errors:
                self._take_up(loaded.agent)
            # One that runs goes on with what it has, whatever its file says now.
            instead = {name: one for name, one in seen.stand_ins.items() if name not in self.supervisors}
            standing = {**self._standing_in, **{name: one.since for name, one in instead.items()}}
            self._standing_in = {name: since for name, since in standing.items() if name in loaded.errors}
            right = {**loaded.instances, **{name: one.config for name, one in instead.items()}}
            self._wanted = {name: config for name, config in right.items() if config.enabled}
            now = self.clock.now()
            self._overlaps = await asyncio.to_thread(overlap_problems, self.home, right, now=now)
        tasks = {
            name: self._group.create_task(self._bring_in_line(name), name=f"settings of {name}")
            for name in self.supervisors.keys() | self._wanted.keys()
            if self._group is not None
        }
        if mine := [task for name, task in tasks.items() if wait_for in {None, name}]:
            await asyncio.wait(mine)
        self._dirty.set()

    async def _bring_in_line(self, name: str) -> None:
        """Let an instance run, or not, as the settings of now say."""
        async with self._turns.at(name):
            config = None if self._stop.is_set() else self._wanted.get(name)
            if config is not None:
                await self._apply(name, config)
            # One whose file became wrong goes on with what it has: a typing error stops no station.
            elif name in self.supervisors and (self._stop.is_set() or name not in self._settings_errors):
                await self._end(name)
        self._dirty.set()

    def _take_up(self, config: AgentConfig) -> None:
        """The agent's own settings; they hold at once, for what is under way too."""
        self._levels.take_up(config.log_level, config.log_levels)
        self.config = config
        for told in self.on_config:
            told()
        self.budget.resize(config.shutdown_budget)
        if self._shared is not None:
            self._shared.slots.resize(_conversions(config))

    def _first_settings(self) -> AgentConfig:
        """The agent's own settings at its start; the last good ones where its file is wrong."""
        settings.prepare(self.store)
        seen = settings.read(self.store)
        if seen.agent is None:
            return seen.loaded.agent
        self._standing_in[""] = seen.agent.since
        return seen.agent.config

    def changed(self) -> None:
        """Something that the snapshot shows is new."""
        self._dirty.set()

    @property
    def loop_lag(self) -> float:
        """Seconds that the event loop was late when the watchdog last looked."""
        return self._watchdog.late

    def settings_of(self, name: str) -> InstanceConfig:
        """Settings of an instance; where its file is wrong now, those that it goes on with."""
        try:
            return self.store.load(name)
        except ConfigError:
            running = self.supervisors.get(name)
            if running is None:
                raise
            return running.config

    async def _apply(self, name: str, config: InstanceConfig) -> None:
        supervisor, aim = self.supervisors.get(name), Aim.RUN
        if supervisor is not None:
            if supervisor.config == config or supervisor.reconfigured(config):
                return
            bound(_LOG, name).info("new settings")
            aim = supervisor.aim
            await self._end(name)
        self._begin(name, config, aim=aim)

    def _begin(self, name: str, config: InstanceConfig, *, aim: Aim) -> None:
        if self._shared is None or self._group is None or self._stop.is_set():
            return
        supervisor = Supervisor(name, config, self._shared, aim=aim)
        self.supervisors[name] = supervisor
        self._tasks[name] = self._group.create_task(supervisor.run(), name=f"instance {name}")

    def restart(self, name: str) -> None:
        """Let an instance that runs begin anew, with the same settings; returns at once."""
        if self._group is not None:
            self._group.create_task(self._restart(name), name=f"restart {name}")

    async def _restart(self, name: str) -> None:
        async with self._turns.at(name):
            supervisor = self.supervisors.get(name)
            if supervisor is not None and supervisor.aim is Aim.RUN and not self._stop.is_set():
                await self._end(name)
                self._begin(name, supervisor.config, aim=Aim.RUN)

    async def _watch_settings(self) -> None:
        while True:
            await self.clock.sleep(SETTINGS_EVERY)
            try:
                if await asyncio.to_thread(self.store.stamps) != self._stamps:
                    await self.reload(wait_for="")
            except ConfigError as error:
                self._settings_errors = {**self._settings_errors, "": error}
                self._stamps = None  # once it works again the Problem goes, although no file changed

    async def _watch_tokens(self) -> None:
        while True:
            await self.clock.sleep(TOKENS_EVERY)
            await self.credentials.look_again()

    def _pulses(self) -> Pulses:
        return {
            (name, part): pulse
            for name, one in self.supervisors.items()
            if one.lifecycle in (Lifecycle.RUNNING, Lifecycle.DRAINING)
            for part, pulse in one.instance.pulses().items()
        }

    # ---------------------------------------------------------------- the snapshot
    def status(self) -> AgentStatus:
        """The snapshot now."""
        self._look()
        return self._status

    async def changes(self, *, until: asyncio.Event) -> AsyncIterator[AgentStatus]:
        """The snapshot now, then each new one; who is slow misses those between. Ends with `until`."""
        self._look()
        seen = 0
        while not until.is_set():
            news, status = self._news, self._status
            if status.revision != seen:
                seen = status.revision
                yield status
            else:
                await first_of(news, until)

    async def _publish(self) -> None:
        while True:
            await self.clock.wait(self._dirty, LOOK_EVERY)
            self._dirty.clear()
            self._look()
            await self.clock.sleep(LOOK_LEAST)

    def _look(self) -> None:
        """Ask all parts; a new snapshot when something is new."""
        instances = tuple(one.status() for _, one in sorted(self.supervisors.items()))
        problems = self._board.update(self._problems(self.clock.now()))
        gist = (tuple(map(_gist, instances)), problems, self.embedded_server)
        if gist == self._gist:
            return
        self._gist = gist
        self._status = msgspec.structs.replace(
            self._status,
            revision=self._status.revision + 1,
            embedded_server=self.embedded_server,
            instances=instances,
            problems=problems,
        )
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _problems(self, now: datetime) -> list[Problem]:
        wrong = self._settings_errors
        found = [problem for one in self.supervisors.values() for problem in one.problems()]
        found += [
            invalid_settings(name, error, now, since=self._standing_in.get(name))
            for name, error in wrong.items()
        ]
        found += self._overlaps  # after those of the watchers: of two with one key the last is shown
        found += self._watchdog.problems(now)
        found += self.credentials.problems(now, self.supervisors.keys())
        found += [problem for see in self.more_problems for problem in see()]
        return found


def _conversions(config: AgentConfig) -> int:
    return config.conversions or os.cpu_count() or 1


def _gist(status: InstanceStatus) -> InstanceStatus:
    """`status` with times made coarse that differ a little at each look: they alone are no news."""
    folders = tuple(msgspec.structs.replace(one, last_scan_at=_coarse(one)) for one in status.folders)
    blocked = status.upload.blocked_until
    upload = msgspec.structs.replace(status.upload, blocked_until=blocked and blocked.replace(microsecond=0))
    return msgspec.structs.replace(status, folders=folders, upload=upload)


def _coarse(folder: FolderStatus) -> datetime | None:
    at = folder.last_scan_at
    return at and datetime.fromtimestamp(at.timestamp() // SCAN_NEWS * SCAN_NEWS, UTC)
