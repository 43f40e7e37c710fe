"""What an instance is made of, and how its parts are put together from its settings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from stationmaster.archive.place import roots
from stationmaster.archive.shared import look
from stationmaster.clock import Clock
from stationmaster.config.schema import InstanceConfig, WatchFolder
from stationmaster.config.secrets import Secret
from stationmaster.config.station import station_of
from stationmaster.convert.pool import ConverterPool
from stationmaster.convert.slot import Slots
from stationmaster.deliver.address import address_of
from stationmaster.deliver.gate import Gate, Gates
from stationmaster.deliver.limiter import Limits
from stationmaster.deliver.process import ProcessCheck
from stationmaster.deliver.uploader import Uploader
from stationmaster.errors import NeedsUserError
from stationmaster.home.paths import Home
from stationmaster.ingest.wakeup import WakeUp
from stationmaster.ingest.watcher import Watcher
from stationmaster.model import Link
from stationmaster.runtime.canary import CanaryRun
from stationmaster.runtime.canary_store import CanaryStore
from stationmaster.runtime.fetching import Fetching
from stationmaster.runtime.heartbeat import Heartbeat, Station
from stationmaster.runtime.intake import Intake, Setting
from stationmaster.runtime.packing import Archives, Packing
from stationmaster.runtime.release import Places
from stationmaster.runtime.shutdown import Budget
from stationmaster.runtime.upkeep import Upkeep
from stationmaster.spool.storage import Storage
from stationmaster.spool.store import Spool
from stationmaster.wats.client import WatsClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What all instances of an agent share.

    Attributes:
        token: asks for the token of an instance, by name; raises NeedsUserError where there is none.
        changed: to be called when something that a snapshot shows is new.
    """

    home: Home
    clock: Clock
    storage: Storage
    slots: Slots
    gates: Gates
    wakeup: WakeUp
    budget: Budget
    token: Callable[[str], Awaitable[Secret]]
    changed: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of an instance that runs."""

    spool: Spool
    pool: ConverterPool
    watcher: Watcher
    uploader: Uploader
    intake: Intake
    upkeep: Upkeep
    packing: Packing
    processes: ProcessCheck
    fetching: Fetching
    heartbeat: Heartbeat
    canary: CanaryRun


async def assemble(
    stack: AsyncExitStack,
    shared: Shared,
    config: InstanceConfig,
    *,
    name: str,
    folders: tuple[WatchFolder, ...],
    spool: Spool,
) -> Parts:
    """Make the parts; `stack` closes what must be closed.

    Args:
        folders: all that are watched, our own among them.

    Raises:
        NeedsUserError: the server's address is not usable.
    """
    home = shared.home
    client = await stack.enter_async_context(_client(shared, config, name))
    pool = await stack.enter_async_context(_pool(shared, config, name, folders))
    skip = (home.errors(name), home.archive(name))
    watcher = Watcher(folders, spool, shared.clock, instance=name, wakeup=shared.wakeup, skip=skip)
    processes = _processes(shared, config, name, client)
    uploader = Uploader(
        spool,
        client,
        await gate_of(shared, config, name),
        shared.clock,
        shared.changed,
        instance=name,
        limits=_limits(config),
        ping_interval=config.server.ping_interval,
        checks=processes,
        last_upload_at=spool.delivered_at,
    )
    setting = _setting(home, config, name, folders)
    canary = CanaryRun(
        setting,
        CanaryStore(home, name),
        limits=config.convert,
        slots=shared.slots,
        clock=shared.clock,
        changed=shared.changed,
    )
    intake = Intake(setting, watcher=watcher, pool=pool, spool=spool, clock=shared.clock, canary=canary)
    upkeep = Upkeep(spool, config.retention, outbox=home.outbox(name), clock=shared.clock, instance=name)
    packing = Packing(
        _archives(home, config, name, folders),
        spool,
        shared.clock,
        instance=name,
        busy=lambda: intake.running > 0 or watcher.claimable,
        server_time=lambda: client.server_time,
    )
    fetching = _fetching(shared, config, setting, pool, watcher)
    station = Station(config, folders, tally=intake.tally, pool=pool, spool=spool)
    heartbeat = _heartbeat(shared, name, station, client, uploader)
    return Parts(
        spool, pool, watcher, uploader, intake, upkeep, packing, processes, fetching, heartbeat, canary
    )


async def gate_of(shared: Shared, config: InstanceConfig, name: str) -> Gate:
    """The gate of the instance's server and token."""
    try:
        token = (await shared.token(name)).reveal()
    except NeedsUserError:
        token = ""  # the uploader meets the same trouble, and tells
    return shared.gates.gate(config.server.url, token, _limits(config))


def _pool(
    shared: Shared, config: InstanceConfig, name: str, folders: tuple[WatchFolder, ...]
) -> ConverterPool:
    return ConverterPool(
        name,
        folder=shared.home.converters(name),
        temp=shared.home.instance_dir(name) / "work",
        limits=config.convert,
        slots=shared.slots,
        clock=shared.clock,
        wanted=tuple(one for folder in folders for one in folder.converters),
        on_change=shared.changed,
    )


def _processes(shared: Shared, config: InstanceConfig, name: str, client: WatsClient) -> ProcessCheck:
    return ProcessCheck(
        name,
        config.upload.check_process,
        server=config.server.url,
        file=shared.home.processes(name),
        fetch=client.processes,
        clock=shared.clock,
        on_change=shared.changed,
    )


def _fetching(
    shared: Shared, config: InstanceConfig, setting: Setting, pool: ConverterPool, watcher: Watcher
) -> Fetching:
    return Fetching(
        config.fetch,
        home=shared.home,
        instance=setting.name,
        station=setting.station,
        pool=pool,
        clock=shared.clock,
        nudge=watcher.nudge,
        changed=shared.changed,
    )


def _heartbeat(
    shared: Shared, name: str, station: Station, client: WatsClient, uploader: Uploader
) -> Heartbeat:
    return Heartbeat(
        name,
        station,
        client,
        token=lambda: shared.token(name),
        reachable=lambda: uploader.link is Link.ONLINE,
        clock=shared.clock,
    )


def _archives(home: Home, config: InstanceConfig, name: str, folders: tuple[WatchFolder, ...]) -> Archives:
    own = home.archive(name)
    found = roots(own, folders)
    return Archives(
        own=own,
        roots=found,
        retention=config.retention,
        owner=str(config.id),
        look=partial(look, home, found),
    )


def _client(shared: Shared, config: InstanceConfig, name: str) -> WatsClient:
    async def token() -> Secret:
        return await shared.token(name)

    return WatsClient(address_of(config.server), token, shared.clock)


def _limits(config: InstanceConfig) -> Limits:
    upload = config.upload
    return Limits(
        mode=upload.mode.value,
        max_concurrent=upload.max_concurrent,
        max_adaptive=upload.max_adaptive,
        requests_per_minute=upload.requests_per_minute,
    )


def _setting(home: Home, config: InstanceConfig, name: str, folders: tuple[WatchFolder, ...]) -> Setting:
    return Setting(
        name=name,
        instance_id=config.id,
        station=station_of(config.station),
        slots=config.convert.max_concurrent,
        places=Places(
            folders=folders,
            archive=home.archive(name),
            errors=home.errors(name),
            inbox=home.inbox(name),
            fetched=home.fetched(name),
        ),
    )
