"""Registering an instance as a client of its server, which gives it a token of its own."""

from __future__ import annotations

import asyncio
import socket

from stationmaster.clock import Clock
from stationmaster.config.schema import InstanceConfig
from stationmaster.config.secrets import Secret
from stationmaster.config.store import ConfigStore
from stationmaster.deliver.address import address_of
from stationmaster.errors import ConfigError, NeedsUserError, StationmasterError
from stationmaster.runtime.credential import Credentials
from stationmaster.sentence import joined
from stationmaster.wats.client import WatsClient
from stationmaster.wats.registration import Client, register, token_of


def client_id_of(name: str, config: InstanceConfig) -> str:
    """The id under which an instance is registered: two instances of a computer never share one."""
    return config.station.client_id or f"{socket.gethostname().upper()}-{name}"


async def register_instance(
    store: ConfigStore,
    credentials: Credentials,
    name: str,
    token: str,
    *,
    client_id: str = "",
    replace: bool = False,
    clock: Clock,
) -> str:
    """Register an instance with its server and store the token that it gets; returns its client id.

    The register token is used for this one request and kept nowhere. A token that the instance holds stays
    stored, and in use, until the new one is stored in its place.

    Args:
        token: a register-client token of the WATS Control Panel.
        client_id: another id than the settings', or than the usual one.
        replace: also where the instance holds a token.

    Raises:
        ConfigError: the token or the id cannot be one, the instance holds a token that is not to be replaced,
            or the token store is not ours to fill.
        NeedsUserError, RejectedError, TransientError: the server refuses, or does not answer.
    """
    register_token = Secret.parse(token)
    config = await asyncio.to_thread(store.load, name)
    patch = {"station.client_id": client_id or client_id_of(name, config)}
    # Before anything happens on the server: what could not be kept must not be made.
    config = await asyncio.to_thread(store.preview, name, patch)
    await asyncio.to_thread(credentials.store.check_ours, name)
    await _make_room(credentials, name, replace=replace)
    station = config.station
    client = Client(
        id=station.client_id,
        name=station.machine_name,
        location=station.location,
        purpose=station.purpose,
    )

    async def once() -> Secret:
        return register_token

    async with WatsClient(address_of(config.server), once, clock) as session:
        passcode = await register(session, client, now=clock.now())
    await _keep(credentials, name, token_of(client.id, passcode))
    await asyncio.to_thread(store.edit, name, patch)
    return client.id


async def _make_room(credentials: Credentials, name: str, *, replace: bool) -> None:
    """See that a token may be stored, and can be.

    The server ends an old passcode when it makes a new one for the same id: what is stored already is stored
    once more, so that a store that takes nothing is known before.
    """
    old = await credentials.look(name)
    if not old:
        return
    if not replace:
        raise ConfigError(
            f'The station "{name}" holds a token already.',
            next_step="To put a newly registered one in its place, add --replace.",
        )
    await credentials.store.set(name, Secret(old))


async def _keep(credentials: Credentials, name: str, token: str) -> None:
    try:
        await credentials.set(name, token)
    except StationmasterError as error:
        code = error.code if isinstance(error, NeedsUserError) else ""
        raise NeedsUserError(
            joined("The server registered this station, but its token could not be stored.", error.text),
            code=code or "unavailable",
            next_step=joined(error.next_step, "Then register again, with --replace: the id stays."),
        ) from None
