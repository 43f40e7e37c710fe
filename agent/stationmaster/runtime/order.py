"""The orders an agent takes over its control channel, one method each; those about reports: `queue_order`."""

from __future__ import annotations

import asyncio
import logging
from abc import abstractmethod
from collections.abc import AsyncGenerator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from stationmaster.control.protocol import (
    AddRequest,
    Diagnostics,
    DoctorRequest,
    InstanceConfigView,
    Provisioned,
    ProvisionRequest,
    ServerProcesses,
    TestConnectionRequest,
)
from stationmaster.model import AgentStatus, Check
from stationmaster.runtime.canary_order import CanaryOrders
from stationmaster.runtime.credential import Credentials
from stationmaster.runtime.enrolment import dismantle, enrol
from stationmaster.runtime.support import findings, gather, make_bundle

_LOG = logging.getLogger(__name__)


class Orders(CanaryOrders):
    """What people and programs may ask of an agent; `Agent` is the one that answers."""

    credentials: Credentials

    def __init__(self) -> None:
        """Nobody has asked for anything."""
        super().__init__()
        self._bundling = asyncio.Lock()

    @abstractmethod
    async def reload(self, wait_for: str | None = None) -> None:
        """Bring the instances in line with the settings files; return when this one is, or all are."""

    # ---------------------------------------------------------------- settings
    async def add(self, request: AddRequest) -> None:
        """Make an instance and start it."""
        await enrol(self.store, self.credentials, request)
        await self.reload(request.name)
        await self._use_token(request.name)  # in case the settings were noticed before the token was there

    async def remove(self, name: str) -> str:
        """Stop an instance, remove its settings and token; its data stay. Returns what was left behind."""
        note = await dismantle(self.store, self.credentials, name)
        await self.reload(name)
        return note

    async def configure(self, name: str, patch: Mapping[str, Any], *, base: str = "") -> None:
        """Change settings, only those of the revision `base` if there is one; they are taken up at once."""
        await asyncio.to_thread(self.store.edit, name, patch, base=base)
        await self.reload(name)

    async def configure_agent(self, patch: Mapping[str, Any], *, base: str = "") -> None:
        """Change settings of the agent itself, as `configure` does; they hold at once."""
        await asyncio.to_thread(self.store.edit_agent, patch, base=base)
        await self.reload("")

    async def provision(self, request: ProvisionRequest) -> Provisioned:
        """Bring all settings in line with a provisioning file; what it does not change is not disturbed."""
        from stationmaster.runtime.provision import provision  # noqa: PLC0415 - rarely asked for

        done = await provision(self.store, self.credentials, request, self.clock)
        if done.changed and not request.dry_run:
            await self.reload()  # what a run wrote that failed is noticed as an edit by hand
            for one in done.outcomes:
                if one.token in ("stored", "registered"):
                    await self._use_token(one.name)
        return done

    async def config_view(self, name: str) -> InstanceConfigView:
        """Settings of an instance, without the proxy's password."""
        from stationmaster.config.field import masked  # noqa: PLC0415 - brings inspect along, rarely asked for

        def look() -> InstanceConfigView:
            revision = self.store.revision(name)  # first: an edit of what was changed since is refused
            config, text = self.store.read(name)
            values = msgspec.to_builtins(config)
            values["server"]["proxy"] = masked(config.server.proxy)
            path = str(self.home.instance_file(name))
            return InstanceConfigView(
                name=name, path=path, toml=masked(text), values=values, revision=revision
            )

        return await asyncio.to_thread(look)

    async def agent_config_view(self) -> InstanceConfigView:
        """Settings of the agent itself; without a file they are the defaults."""

        def look() -> InstanceConfigView:
            revision = self.store.revision("")
            config, text = self.store.read_agent()
            path, values = str(self.home.agent_file), msgspec.to_builtins(config)
            return InstanceConfigView(name="", path=path, toml=text, values=values, revision=revision)

        return await asyncio.to_thread(look)

    async def set_token(self, name: str, token: str) -> None:
        """Store a token and use it at once."""
        await asyncio.to_thread(self.store.load, name)
        await self.credentials.set(name, token)
        await self._use_token(name)

    async def register(self, name: str, token: str, *, client_id: str = "", replace: bool = False) -> str:
        """Register an instance with its server, and use the token that it gets at once; its client id."""
        from stationmaster.runtime.registration import register_instance  # noqa: PLC0415 - once in a life

        of = (self.store, self.credentials, name, token)
        client_id = await register_instance(*of, client_id=client_id, replace=replace, clock=self.clock)
        await self.reload(name)
        await self._use_token(name)
        return client_id

    async def _use_token(self, name: str) -> None:
        supervisor = self.supervisors.get(name)
        if supervisor is not None:
            await supervisor.instance.credentials_changed()

    # ---------------------------------------------------------------- steering
    async def pause(self, name: str, until: datetime) -> None:
        """Pause uploads; survives a restart."""
        self._supervisor(name)
        await self.configure(name, {"paused_until": until})

    async def resume(self, name: str) -> None:
        """End a pause, and start an instance that was drained or has failed."""
        self._supervisor(name)
        await self.configure(name, {"paused_until": None})
        self._supervisor(name).start()

    def drain(self, name: str) -> None:
        """Deliver what waits, then stay stopped."""
        self._supervisor(name).drain()

    async def send_now(self, name: str) -> None:
        """Look at the folders and try everything now."""
        await self._supervisor(name).instance.send_now()

    def fetch_now(self, name: str, source: str) -> None:
        """Fetch a scheduled source at once."""
        self._supervisor(name).instance.fetch_now(source)

    async def processes(self, name: str, *, refresh: bool = False) -> ServerProcesses:
        """The server's processes, as they were last seen or as they are now."""
        return await self._supervisor(name).instance.processes(refresh=refresh)

    # ---------------------------------------------------------------- support
    async def diagnostics(self, *, payloads: bool) -> Diagnostics:
        """A zip without secrets and names, and what its pseudonyms stand for.

        Raises:
            StationmasterError: it could not be made in time.
        """
        names = await asyncio.to_thread(self.store.names)
        async with self._bundling:
            sources = await gather(self.home, self.status(), self.credentials, names, payloads=payloads)
            sources.doctor = await findings(self.doctor(DoctorRequest()))
            return await make_bundle(sources)

    # ---------------------------------------------------------------- the doctor
    @abstractmethod
    def status(self) -> AgentStatus:
        """The snapshot now."""

    def doctor(self, request: DoctorRequest) -> AsyncGenerator[Check]:
        """Check each hop, see `stationmaster.diagnostics`."""
        from stationmaster.runtime.doctor import examine_inside  # noqa: PLC0415 - seldom asked for

        return examine_inside(
            self.home,
            clock=self.clock,
            credentials=self.credentials,
            supervisors=self.supervisors,
            status=self.status,
            request=request,
        )

    def test_connection(self, request: TestConnectionRequest) -> AsyncGenerator[Check]:
        """Try the way to a server that stands in no settings yet."""
        from stationmaster.diagnostics.doctor import try_connection  # noqa: PLC0415 - as above

        return try_connection(request, clock=self.clock)
