"""The orders an agent takes over its control channel, one method each."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import aiofiles
import msgspec

from stationmaster.api.defaults import at_station
from stationmaster.api.report import Report
from stationmaster.api.wsjf import encode
from stationmaster.archive.place import where_they_are
from stationmaster.clock import Clock
from stationmaster.config.station import station_of
from stationmaster.config.store import ConfigStore
from stationmaster.control.protocol import (
    AddRequest,
    Diagnostics,
    DoctorRequest,
    Imported,
    InstanceConfigView,
    Provisioned,
    ProvisionRequest,
    ServerProcesses,
    Submitted,
    TestConnectionRequest,
)
from stationmaster.errors import ConfigError, ControlError, SpoolError
from stationmaster.home.paths import Home
from stationmaster.log import bound
from stationmaster.model import AgentStatus, Check, Entry, EntryState, Event, Lane, ReportMeta
from stationmaster.runtime.credential import Credentials
from stationmaster.runtime.enrolment import dismantle, enrol
from stationmaster.runtime.supervisor import Supervisor
from stationmaster.runtime.support import findings, gather, make_bundle
from stationmaster.spool.browse import Browse
from stationmaster.spool.glance import glance
from stationmaster.spool.storage import Storage
from stationmaster.spool.store import Spool
from stationmaster.submit import leave_raw, leave_report, whole

_LOG = logging.getLogger(__name__)


class Orders(ABC):
    """What people and programs may ask of an agent; `Agent` is the one that answers."""

    home: Home
    clock: Clock
    storage: Storage
    store: ConfigStore
    credentials: Credentials
    supervisors: dict[str, Supervisor]

    def __init__(self) -> None:
        """Nobody has asked for anything."""
        self._bundling = asyncio.Lock()

    @abstractmethod
    async def reload(self, wait_for: str | None = None) -> None:
        """Bring the instances in line with the settings files; return when this one is, or all are."""

    @abstractmethod
    def restart(self, name: str) -> None:
        """Let an instance that runs begin anew, with the same settings; returns at once."""

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

    async def configure(self, name: str, patch: Mapping[str, Any]) -> None:
        """Change settings; the instance takes them up at once."""
        await asyncio.to_thread(self.store.edit, name, patch)
        await self.reload(name)

    async def configure_agent(self, patch: Mapping[str, Any]) -> None:
        """Change settings of the agent itself; they hold at once."""
        await asyncio.to_thread(self.store.edit_agent, patch)
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

        config = await asyncio.to_thread(self.store.load, name)
        path = self.home.instance_file(name)
        async with aiofiles.open(path, encoding="utf-8") as file:
            text = await file.read()
        values = msgspec.to_builtins(config)
        values["server"]["proxy"] = masked(config.server.proxy)
        return InstanceConfigView(name=name, path=str(path), toml=masked(text), values=values)

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

    # ---------------------------------------------------------------- entries
    async def entries(
        self, name: str, *, state: EntryState | None, text: str | None, limit: int, before: int | None
    ) -> tuple[Entry, ...]:
        """Entries, newest first."""
        async with self._reading(name) as spool:
            return tuple(await spool.entries(state=state, text=text, limit=limit, before_id=before))

    async def find(self, serial_number: str) -> tuple[Entry, ...]:
        """Everything known of a serial number, in all instances, running or not."""
        names = set(await asyncio.to_thread(self.store.names)) | self.supervisors.keys()
        found: list[Entry] = []
        for name in sorted(names):
            try:
                async with self._reading(name) as spool:
                    found += await spool.find(serial_number)
            except (SpoolError, ConfigError) as error:
                # Shown as a Problem of that instance; what the others know is worth an answer.
                bound(_LOG, name).warning("nothing can be looked up: %s", error)
        return tuple(sorted(await where_they_are(found), key=lambda one: one.updated_at))

    async def entry(self, name: str, number: int) -> Entry:
        """One entry."""
        async with self._reading(name) as spool:
            found = await spool.get(number)
        if found is None:
            raise ControlError(f"{name} has no entry {number}.", status=404, code="not-found")
        (now,) = await where_they_are([found])
        return now

    async def history(self, name: str, number: int) -> tuple[Event, ...]:
        """What happened to an entry, oldest first."""
        await self.entry(name, number)  # says that there is none
        async with self._reading(name) as spool:
            return tuple(await spool.history(number))

    async def payload(self, name: str, number: int) -> bytes:
        """The report of an entry."""
        async with self._reading(name) as spool:
            body = await spool.payload(number)
        if body is None:
            raise ControlError(
                f"Entry {number} of {name} holds no report (any more).", status=404, code="not-found"
            )
        return body

    async def retry(self, name: str, ids: Sequence[int] | None) -> int:
        """Queue entries of the error list again; None: all of them."""
        spool = self._spool(name)
        ids = ids if ids is not None else await self._in_error(spool)
        count = await spool.requeue(ids)
        _tell(name, ids, f"{count} queued again")
        self._supervisor(name).instance.nudge()
        return count

    async def dismiss(self, name: str, ids: Sequence[int] | None, *, by: str) -> int:
        """Take entries off the error list; None: all of them."""
        spool = self._spool(name)
        ids = ids if ids is not None else await self._in_error(spool)
        count = await spool.dismiss(ids, by)
        _tell(name, ids, f"{count} dismissed by {by}")
        return count

    async def _in_error(self, spool: Spool) -> list[int]:
        found: list[int] = []
        before: int | None = None
        while page := await spool.entries(state=EntryState.ERROR, limit=1000, before_id=before):
            found += [entry.id for entry in page]
            before = page[-1].id
        return found

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

    # ---------------------------------------------------------------- submit
    async def submit(
        self, name: str, content: bytes, *, filename: str, converter: str, mtime_ns: int | None = None
    ) -> Submitted:
        """Take a report or a raw file; it is on disk when this returns.

        Raises:
            ConversionError: the report breaks the rules of its format.
            SpoolError: the disk does not take it.
        """
        name = name or self._only()
        supervisor = self._supervisor(name)
        if converter:
            leave = partial(
                leave_raw, self.home, name, converter, filename=filename, content=content, mtime_ns=mtime_ns
            )
            return await self._submit_raw(supervisor, leave, converter)
        report = at_station(await asyncio.to_thread(whole, content), station_of(supervisor.config.station))
        spool = supervisor.instance.spool
        if spool is None:  # stopped or drained: it waits in the outbox until somebody resumes
            return await asyncio.to_thread(leave_report, self.home, name, report)
        meta = _meta(report)
        entry = await spool.submit(encode(report), meta, source=filename, lane=Lane.LIVE)
        bound(_LOG, name, entry=entry).info("took a submitted report")
        supervisor.instance.nudge()
        return Submitted(instance=name, report_id=meta.report_id, entry=entry)

    async def import_report(self, name: str, content: bytes, *, filename: str, reason: str) -> Imported:
        """Take a report of another queue; into the error list, where it was in error there for a reason.

        Raises:
            ConversionError: the report breaks the rules of its format.
            SpoolError: the disk does not take it, or the instance is stopped.
        """
        supervisor, spool = self._supervisor(name), self._spool(name)
        report = at_station(await asyncio.to_thread(whole, content), station_of(supervisor.config.station))
        meta = _meta(report)
        entry, outcome = await spool.import_report(encode(report), meta, filename, reason=reason)
        supervisor.instance.nudge()
        return Imported(report_id=meta.report_id, entry=entry, outcome=outcome)

    async def _submit_raw(
        self, supervisor: Supervisor, leave: Callable[[], tuple[Path, bool]], converter: str
    ) -> Submitted:
        known = supervisor.instance.converters
        if known and converter not in known:
            raise ConfigError(
                f'There is no converter "{converter}".', next_step=f"There are: {', '.join(sorted(known))}"
            )
        name = supervisor.name
        place, fresh = await asyncio.to_thread(leave)
        if fresh:
            self.restart(name)
        else:
            supervisor.instance.nudge()
        return Submitted(instance=name, place=str(place))

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

    async def test_connection(self, request: TestConnectionRequest) -> list[Check]:
        """Try the way to a server that stands in no settings yet."""
        from stationmaster.diagnostics.doctor import try_connection  # noqa: PLC0415 - as above

        return await try_connection(request, clock=self.clock)

    # ---------------------------------------------------------------- look-ups
    def _only(self) -> str:
        if len(self.supervisors) == 1:
            return next(iter(self.supervisors))
        names = ", ".join(sorted(self.supervisors)) or "none; make one with `stationmaster instance add`"
        raise ConfigError("Which instance?", next_step=f"There are: {names}")

    async def processes(self, name: str, *, refresh: bool = False) -> ServerProcesses:
        """The server's processes, as they were last seen or as they are now."""
        return await self._supervisor(name).instance.processes(refresh=refresh)

    def _supervisor(self, name: str) -> Supervisor:
        found = self.supervisors.get(name)
        if found is None:
            names = ", ".join(sorted(self.supervisors)) or "none"
            raise ControlError(
                f'No instance "{name}" runs here.',
                status=404,
                code="not-found",
                next_step=f"There are: {names}",
            )
        return found

    def _spool(self, name: str) -> Spool:
        spool = self._supervisor(name).instance.spool
        if spool is None:
            raise SpoolError(
                f"{name} is stopped: its spool is closed.", next_step=f"stationmaster agent resume {name}"
            )
        return spool

    @asynccontextmanager
    async def _reading(self, name: str) -> AsyncIterator[Browse]:
        """The spool of an instance to look things up in: its own while it runs, else the file."""
        supervisor = self.supervisors.get(name)
        spool = supervisor.instance.spool if supervisor else None
        if spool is not None:
            yield spool
            return
        if supervisor is None and not await asyncio.to_thread(self.home.instance_file(name).exists):
            self._supervisor(name)  # says that there is none
        path = self.home.spool(name)
        async with glance(path, instance=name, storage=self.storage, clock=self.clock) as closed:
            yield closed


def _meta(report: Report) -> ReportMeta:
    """What the spool keeps of a report that was handed over; it works out size and digest itself."""
    return ReportMeta(
        report_id=report.id.lower(),
        serial_number=report.sn,
        part_number=report.pn,
        process_code=report.data.get("processCode"),
        result=str(report.data.get("result", "")),
        start=str(report.data.get("start", "")),
        offset=0,
        size=0,
        digest="",
    )


def _tell(name: str, ids: Sequence[int], text: str) -> None:
    """Log what a person decided about these entries; a line is about one of them, or names some of many."""
    if len(ids) == 1:
        bound(_LOG, name, entry=ids[0]).info("%s", text)
    else:
        bound(_LOG, name).info("%s", text, extra={"entries": " ".join(map(str, ids[:100]))})
