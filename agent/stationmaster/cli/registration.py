"""`stationmaster instance register`: a token of its own from the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from stationmaster.cli.output import say
from stationmaster.cli.session import home, run, with_agent
from stationmaster.clock import Clock
from stationmaster.config.secrets import SecretStore
from stationmaster.config.store import ConfigStore
from stationmaster.runtime.credential import Credentials

if TYPE_CHECKING:
    from stationmaster.control.client import ControlClient

ClientId = Annotated[
    str, typer.Option("--client-id", help="Another id than <HOST NAME>-<instance>; it must be unique.")
]


Replace = Annotated[
    bool, typer.Option("--replace", help="Also where it holds a token: the new one takes its place.")
]


def register(name: str, token: str, client_id: str, *, replace: bool) -> None:
    """Register an instance, through the agent or without, and say so."""

    async def online(client: ControlClient) -> str:
        return await client.register(name, token, client_id=client_id, replace=replace)

    async def offline() -> str:
        from stationmaster.runtime.registration import register_instance  # noqa: PLC0415 - brings aiohttp

        store = ConfigStore(home())
        credentials = Credentials(SecretStore(home(), store.load))
        return await register_instance(
            store, credentials, name, token, client_id=client_id, replace=replace, clock=Clock()
        )

    registered = run(with_agent(online, offline))
    say(f'Instance "{name}" is registered at its server as the client "{registered}".')
