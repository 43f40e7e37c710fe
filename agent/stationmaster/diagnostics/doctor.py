"""The doctor: checks each hop of each instance, in the order in which a file passes them.

Where the agent runs it asks from inside, with the account, the environment and the keyring that count.
Every check has a deadline; one that passes it is a failed check, never a doctor that hangs.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from stationmaster.clock import Clock
from stationmaster.config.schema import InstanceConfig
from stationmaster.config.secrets import Secret, SecretStore
from stationmaster.config.store import ConfigStore, Loaded
from stationmaster.control.protocol import DoctorRequest, TestConnectionRequest
from stationmaster.deliver.address import address_of
from stationmaster.diagnostics.check import bad, good, of_problem, skipped
from stationmaster.diagnostics.converter import converter_checks
from stationmaster.diagnostics.disk import archive_checks, spool_disk_check
from stationmaster.diagnostics.folder import folder_check, overlap_checks, shared_archive_checks
from stationmaster.diagnostics.home import agent_checks, home_check, instance_checks, settings_checks
from stationmaster.diagnostics.own_folder import own_folder_checks
from stationmaster.diagnostics.server import ServerWay, clear_text
from stationmaster.diagnostics.spool import spool_check
from stationmaster.diagnostics.token import token_check
from stationmaster.errors import ConfigError, SpoolError, StationmasterError
from stationmaster.home.paths import Home
from stationmaster.model import AgentStatus, Check, CheckState, Hop, Problem
from stationmaster.spool.record import Health
from stationmaster.wats.client import ServerAddress

_LOG = logging.getLogger(__name__)

Part = Callable[[], Coroutine[Any, Any, list[Check]]]

AT_ONCE = 4
"""Parts that are checked at one time."""

SLACK = 60.0
"""Seconds that a part may take on top of what its requests have by the settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What only the running agent knows.

    Attributes:
        status: asks for its snapshot.
        health: by instance that runs: asks for the health of its spool.
    """

    status: Callable[[], AgentStatus]
    health: Mapping[str, Callable[[], Awaitable[Health]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the doctor works with.

    Attributes:
        inside: None where no agent runs.
        env: the environment, for what it says of a supervisor.
    """

    home: Home
    store: ConfigStore
    secrets: SecretStore
    clock: Clock
    env: Mapping[str, str]
    inside: Inside | None = None


async def examine(around: Surroundings, request: DoctorRequest) -> AsyncGenerator[Check]:
    """All checks in order: first the agent's, then instance by instance.

    Raises:
        ConfigError: there is no instance of such a name; before the first check.
    """
    settings, loaded = await settings_checks(around.store, clock=around.clock)
    wanted = _wanted(request.instances, loaded)
    status = around.inside.status() if around.inside else None
    problems = () if status is None or request.way_only else status.problems
    if not request.way_only:
        own = await _of_the_agent(around, request, status, settings)
        for check in [*own, *_untold(problems, "", own)]:
            yield check
    turns = asyncio.Semaphore(AT_ONCE)
    plan = {name: _parts(around, name, loaded, settings, turns, request.way_only) for name in wanted}
    tasks = {name: [asyncio.create_task(part()) for part in parts] for name, parts in plan.items()}
    try:
        for name, parts in tasks.items():
            seen: list[Check] = []
            for part in parts:
                seen += await part
                for check in part.result():
                    yield check
            for check in _untold(problems, name, seen):
                yield check
    finally:
        left = [one for parts in tasks.values() for one in parts if not one.done()]
        for one in left:
            one.cancel()
        await asyncio.gather(*left, return_exceptions=True)


async def _of_the_agent(
    around: Surroundings, request: DoctorRequest, status: AgentStatus | None, settings: Sequence[Check]
) -> list[Check]:
    """What belongs to no instance."""
    return [
        *await agent_checks(around.home, status, request.version, around.env),
        await home_check(around.home, clock=around.clock),
        *(one for one in settings if not one.instance),
    ]


async def try_connection(request: TestConnectionRequest, *, clock: Clock) -> AsyncGenerator[Check]:
    """The way to a server that stands in no settings yet, each check as it is made.

    Raises:
        ConfigError: the token cannot be one.
    """
    secret = Secret.parse(request.token) if request.token else None
    address = ServerAddress(
        url=request.server,
        proxy=request.proxy,
        ca_file=request.ca_file,
        client_cert=request.client_cert,
        client_key=request.client_key,
        timeout=request.timeout,
    )
    made = asyncio.Queue[Check | None]()
    way = ServerWay(address, secret, clock=clock, instance="", tell=made.put_nowait)

    async def walk() -> list[Check]:
        await way.walk()
        return []  # they were told on the way

    walking = asyncio.create_task(_in_time("", Hop.SERVER, address.timeout * 3 + SLACK, walk))
    walking.add_done_callback(lambda _task: made.put_nowait(None))
    try:
        while (check := await made.get()) is not None:
            yield check
        for check in [*await walking, *clear_text(address.url, "")]:
            yield check
    finally:  # who asks may leave early
        walking.cancel()
        await asyncio.gather(walking, return_exceptions=True)


def _wanted(names: Sequence[str], loaded: Loaded | None) -> list[str]:
    known = sorted({*loaded.instances, *filter(None, loaded.errors)}) if loaded else []
    for name in names:
        if name not in known:
            raise ConfigError(
                f'There is no instance "{name}".', next_step=f"There are: {', '.join(known) or 'none'}"
            )
    return list(dict.fromkeys(names)) or known


def _parts(
    around: Surroundings,
    name: str,
    loaded: Loaded | None,
    settings: Sequence[Check],
    turns: asyncio.Semaphore,
    way_only: bool,  # noqa: FBT001 - one caller
) -> list[Part]:
    """The parts of one instance, in the order in which they are told."""
    own = [one for one in settings if one.instance == name]
    config = loaded.instances.get(name) if loaded else None
    if config is None or loaded is None:
        return [partial(_told, own)]
    if not config.enabled:
        text = "The station is switched off (enabled = false): nothing else is checked."
        return [partial(_told, [*own, good(Hop.SETTINGS, text, instance=name)])]
    way = partial(
        _turn, turns, name, Hop.SERVER, config.server.timeout * 3 + SLACK, partial(_server, around, config)
    )
    if way_only:
        return [way]
    status = around.inside.status() if around.inside else None
    return [
        partial(_told, own + instance_checks(name, status, around.clock.now())),
        way,
        *(partial(_turn, turns, name, hop, seconds, part) for hop, seconds, part in _rest(around, config)),
        partial(_told, overlap_checks(around.home, name, loaded.instances, clock=around.clock)),
        partial(_told, shared_archive_checks(around.home, name, loaded.instances, clock=around.clock)),
    ]


def _rest(around: Surroundings, config: InstanceConfig) -> Iterator[tuple[Hop, float, Part]]:
    """What there is beside the way to the server, with the seconds that each may take."""
    home, clock, name = around.home, around.clock, config.name
    for folder in config.watch:
        look = partial(folder_check, folder, instance=name, archive=home.archive(name), clock=clock)
        yield Hop.FOLDER, SLACK * 2, partial(_one, look)
    yield Hop.OWN_FOLDER, SLACK * 2, partial(own_folder_checks, home, config, clock=clock)
    status = around.inside.status() if around.inside else None
    loaded = partial(converter_checks, home, config, clock=clock, status=status)
    yield Hop.CONVERTER, SLACK * 4, loaded
    health = around.inside.health.get(name) if around.inside else None
    yield Hop.SPOOL, SLACK * 2, partial(_storage, home, name, health, clock)
    yield Hop.ARCHIVE, SLACK * 2, partial(archive_checks, home, config, clock=clock)


async def _told(checks: list[Check]) -> list[Check]:
    return checks


async def _one(look: Callable[[], Awaitable[Check]]) -> list[Check]:
    return [await look()]


async def _turn(turns: asyncio.Semaphore, name: str, hop: Hop, seconds: float, part: Part) -> list[Check]:
    async with turns:
        return await _in_time(name, hop, seconds, part)


async def _in_time(name: str, hop: Hop, seconds: float, part: Part) -> list[Check]:
    """What `part` finds; that it takes too long, or meets something unforeseen, is a finding as well."""
    try:
        async with asyncio.timeout(seconds):
            return await part()
    except TimeoutError:
        text = f"This check did not end within {seconds:g} s."
        return [bad(hop, text, "Try again; if it lasts, send the log to support.", instance=name)]
    except StationmasterError as error:
        return [bad(hop, error.text, error.next_step, instance=name)]
    except Exception as error:  # noqa: BLE001 - a bug in one check must not hide what the others find
        _LOG.error("the check of %s failed", hop, exc_info=error)
        text = f"This check met an error in the program: {type(error).__name__}."
        return [bad(hop, text, "Send the log to support.", instance=name)]


async def _server(around: Surroundings, config: InstanceConfig) -> list[Check]:
    token, secret = await token_check(around.secrets, config.name, config.secrets.store, clock=around.clock)
    way = ServerWay(address_of(config.server), secret, clock=around.clock, instance=config.name)
    return [token, *await way.walk(), *clear_text(config.server.url, config.name)]


async def _storage(
    home: Home, name: str, health: Callable[[], Awaitable[Health]] | None, clock: Clock
) -> list[Check]:
    disk = await spool_disk_check(home, name, clock=clock)
    if disk.state is CheckState.FAILED:
        return [disk, skipped(Hop.SPOOL, Hop.DISK, instance=name)]
    try:
        known = await health() if health else None
    except SpoolError:  # the instance stopped meanwhile
        known = None
    return [disk, await spool_check(home, name, known, clock=clock)]


def _untold(problems: Sequence[Problem], name: str, seen: Sequence[Check]) -> list[Check]:
    """What the running agent shows for an instance and no check has told."""
    told = {
        (one.instance, one.code, one.subject)
        for one in seen
        if one.code and one.state in (CheckState.FAILED, CheckState.WARNING)
    }
    return [of_problem(one, Hop.PROBLEM) for one in problems if one.instance == name and one.key not in told]
