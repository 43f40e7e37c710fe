"""The orders about reports: what is known of them, what a person decides, and handing over new ones."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from stationmaster.activity import Activity
from stationmaster.api.defaults import at_station
from stationmaster.api.report import Report
from stationmaster.api.wsjf import encode
from stationmaster.archive.place import where_they_are
from stationmaster.clock import Clock
from stationmaster.config.station import station_of
from stationmaster.config.store import ConfigStore
from stationmaster.control.protocol import (
    Imported,
    Submitted,
)
from stationmaster.errors import ConfigError, ControlError, SpoolError
from stationmaster.home.paths import Home
from stationmaster.log import bound
from stationmaster.model import Entry, EntryState, Event, Lane, ReportMeta
from stationmaster.runtime.supervisor import Supervisor
from stationmaster.spool.browse import Browse
from stationmaster.spool.glance import glance
from stationmaster.spool.storage import Storage
from stationmaster.spool.store import Spool
from stationmaster.submit import leave_raw, leave_report, whole

_LOG = logging.getLogger(__name__)


class QueueOrders(ABC):
    """What people and programs may ask about reports; part of `Orders`."""

    home: Home
    clock: Clock
    storage: Storage
    store: ConfigStore
    supervisors: dict[str, Supervisor]

    @abstractmethod
    def restart(self, name: str) -> None:
        """Let an instance that runs begin anew, with the same settings; returns at once."""

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

    async def activity(self, name: str, *, hours: float, buckets: int) -> Activity:
        """What went in and out in the last hours."""
        async with self._reading(name) as spool:
            return await spool.activity(hours=hours, buckets=buckets, clock=self.clock)

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
