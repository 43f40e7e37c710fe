"""The orders an agent takes over its control channel, one method each."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from stationmaster.api.validate import check
from stationmaster.api.wsjf import decode, encode
from stationmaster.config.store import ConfigStore
from stationmaster.control.protocol import AddRequest, InstanceConfigView, Submitted
from stationmaster.errors import ConfigError, ControlError, ConversionError, SpoolError
from stationmaster.home.paths import Home
from stationmaster.model import Entry, EntryState, Lane, Lifecycle, ReportMeta
from stationmaster.runtime.credential import Credentials
from stationmaster.runtime.instance import inbox_place
from stationmaster.runtime.supervisor import Supervisor
from stationmaster.spool.store import Spool
from stationmaster.submit import leave


class Orders:
    """What people and programs may ask of an agent; `Agent` is the one that answers."""

    home: Home
    store: ConfigStore
    credentials: Credentials
    supervisors: dict[str, Supervisor]

    async def reload(self) -> None:
        """Bring the instances in line with the settings files."""

    async def restart(self, name: str) -> None:
        """Begin an instance anew."""

    # ---------------------------------------------------------------- settings
    async def add(self, request: AddRequest) -> None:
        """Make an instance and start it."""
        await asyncio.to_thread(self.store.add, request.name, request.server, request.watch, request.patch)
        if request.token:
            await self.credentials.set(request.name, request.token)
        await self.reload()

    async def remove(self, name: str) -> None:
        """Stop an instance, remove its settings and token; its data stay."""
        await asyncio.to_thread(self.store.load, name)
        await self.credentials.delete(name)
        await asyncio.to_thread(self.store.remove, name)
        await self.reload()

    async def configure(self, name: str, patch: Mapping[str, Any]) -> None:
        """Change settings; the instance takes them up at once."""
        await asyncio.to_thread(self.store.edit, name, patch)
        await self.reload()

    async def config_view(self, name: str) -> InstanceConfigView:
        """Settings of an instance."""
        config = await asyncio.to_thread(self.store.load, name)
        path = self.home.instance_file(name)
        text = await asyncio.to_thread(path.read_text, encoding="utf-8")
        return InstanceConfigView(name=name, path=str(path), toml=text, values=msgspec.to_builtins(config))

    async def set_token(self, name: str, token: str) -> None:
        """Store a token and use it at once."""
        await asyncio.to_thread(self.store.load, name)
        await self.credentials.set(name, token)
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
        supervisor = self._supervisor(name)
        await self.configure(name, {"paused_until": None})
        if supervisor.lifecycle in {Lifecycle.STOPPED, Lifecycle.FAILED}:
            supervisor.start()

    def drain(self, name: str) -> None:
        """Deliver what waits, then stay stopped."""
        self._supervisor(name).drain()

    async def send_now(self, name: str) -> None:
        """Look at the folders and try everything now."""
        await self._supervisor(name).instance.send_now()

    # ---------------------------------------------------------------- entries
    async def entries(
        self, name: str, *, state: EntryState | None, text: str | None, limit: int, before: int | None
    ) -> tuple[Entry, ...]:
        """Entries, newest first."""
        found = await self._spool(name).entries(state=state, text=text, limit=limit, before_id=before)
        return tuple(found)

    async def find(self, serial_number: str) -> tuple[Entry, ...]:
        """Everything known of a serial number, in all instances that run."""
        spools = [one.instance.spool for one in self.supervisors.values() if one.instance.spool]
        found = [await spool.find(serial_number) for spool in spools]
        return tuple(sorted((entry for some in found for entry in some), key=lambda one: one.updated_at))

    async def entry(self, name: str, number: int) -> Entry:
        """One entry."""
        found = await self._spool(name).get(number)
        if found is None:
            raise ControlError(f"{name} has no entry {number}.", status=404, code="not-found")
        return found

    async def payload(self, name: str, number: int) -> bytes:
        """The report of an entry."""
        body = await self._spool(name).payload(number)
        if body is None:
            raise ControlError(
                f"Entry {number} of {name} holds no report (any more).", status=404, code="not-found"
            )
        return body

    async def retry(self, name: str, ids: Sequence[int] | None) -> int:
        """Queue entries of the error list again; None: all of them."""
        spool = self._spool(name)
        count = await spool.requeue(ids if ids is not None else await self._in_error(spool))
        self._supervisor(name).instance.nudge()
        return count

    async def dismiss(self, name: str, ids: Sequence[int] | None, *, by: str) -> int:
        """Take entries off the error list; None: all of them."""
        spool = self._spool(name)
        return await spool.dismiss(ids if ids is not None else await self._in_error(spool), by)

    async def _in_error(self, spool: Spool) -> list[int]:
        found: list[int] = []
        before: int | None = None
        while page := await spool.entries(state=EntryState.ERROR, limit=1000, before_id=before):
            found += [entry.id for entry in page]
            before = page[-1].id
        return found

    # ---------------------------------------------------------------- submit
    async def submit(self, name: str, content: bytes, *, filename: str, converter: str) -> Submitted:
        """Take a report or a raw file; it is on disk when this returns.

        Raises:
            ConversionError: the report breaks the rules of its format.
            SpoolError: the disk does not take it.
        """
        name = name or self._only()
        supervisor = self._supervisor(name)
        if converter:
            return await self._submit_raw(supervisor, content, filename=filename, converter=converter)
        reports = decode(content)
        if len(reports) != 1:
            raise ConversionError(f"{filename} holds {len(reports)} reports; submit them one by one.")
        report = reports[0]
        if not report.id:
            report.data["id"] = str(uuid.uuid4())
        check(report)
        payload = encode(report)
        meta = ReportMeta(
            report_id=report.id.lower(),
            serial_number=report.sn,
            part_number=report.pn,
            process_code=report.data.get("processCode"),
            result=str(report.data.get("result", "")),
            start=str(report.data.get("start", "")),
            offset=0,
            size=len(payload),
            digest="",
        )
        entry = await self._spool(name).submit(payload, meta, source=filename, lane=Lane.LIVE)
        supervisor.instance.nudge()
        return Submitted(instance=name, report_id=meta.report_id, entry=entry)

    async def _submit_raw(
        self, supervisor: Supervisor, content: bytes, *, filename: str, converter: str
    ) -> Submitted:
        known = supervisor.instance.converters
        if converter not in known:
            raise ConfigError(
                f'There is no converter "{converter}".', next_step=f"There are: {', '.join(sorted(known))}"
            )
        folder = inbox_place(self.home, supervisor.name, converter)
        fresh = not folder.exists()
        safe = "".join(letter if letter.isalnum() or letter in "-_. " else "_" for letter in filename)[-120:]
        place = await asyncio.to_thread(leave, folder, f"{uuid.uuid4().hex[:8]}-{safe.lstrip('.')}", content)
        if fresh:
            await self.restart(supervisor.name)
        else:
            supervisor.instance.nudge()
        return Submitted(instance=supervisor.name, place=str(place))

    # ---------------------------------------------------------------- look-ups
    def _only(self) -> str:
        if len(self.supervisors) == 1:
            return next(iter(self.supervisors))
        names = ", ".join(sorted(self.supervisors)) or "none; make one with `stationmaster instance add`"
        raise ConfigError("Which instance?", next_step=f"There are: {names}")

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
