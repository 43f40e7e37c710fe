"""One instance as commands use it: through the agent that runs, or its files where none does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Protocol

from stationmaster.clock import Clock
from stationmaster.control.client import ControlClient
from stationmaster.control.protocol import MAX_BODY, too_large
from stationmaster.errors import ConfigError, ControlError, NoAgentError
from stationmaster.home.paths import Home
from stationmaster.model import Entry, EntryState
from stationmaster.spool.browse import Browse
from stationmaster.spool.glance import glance
from stationmaster.spool.storage import Storage
from stationmaster.submit import leave_raw, leave_report, whole

NEEDS_AGENT = "A report in error needs a running agent, which puts it into its error list."
START_IT = "Start it, then do this again: stationmaster agent start"

LEFT = "left"
"""Outcome of a report that waits in the outbox for the agent."""


class Desk(Protocol):
    """What can be asked of an instance, agent or not.

    Attributes:
        name: of the instance.
        online: an agent runs.
    """

    name: str
    online: bool

    async def entries(
        self, *, state: EntryState | None, text: str | None, limit: int, before: int | None
    ) -> Sequence[Entry]:
        """A page of entries, newest first."""
        ...

    async def payload(self, number: int) -> bytes | None:
        """The report of an entry, None where it is not kept any more."""
        ...

    async def find(self, serial: str) -> Sequence[Entry]:
        """The entries of a serial number."""
        ...

    async def total(self) -> int:
        """About how many entries there are; 0 where nobody knows."""
        ...

    async def report(self, content: bytes, filename: str, *, reason: str = "") -> str:
        """Hand over a report of another queue; its outcome, as `Imported` has it, or `LEFT`.

        Raises:
            StationmasterError: it is refused, or cannot be stored now.
        """
        ...

    async def raw(self, content: bytes, filename: str, *, converter: str, mtime_ns: int) -> None:
        """Hand over a raw file, to be converted as if it had lain in a watch folder."""
        ...


class _Online:
    """Through the agent."""

    online = True

    def __init__(self, client: ControlClient, name: str) -> None:
        self.name = name
        self._client = client

    async def entries(
        self, *, state: EntryState | None, text: str | None, limit: int, before: int | None
    ) -> Sequence[Entry]:
        return await self._client.entries(self.name, state=state, text=text, limit=limit, before=before)

    async def payload(self, number: int) -> bytes | None:
        try:
            return await self._client.payload(self.name, number)
        except ControlError as error:
            if error.status != 404:
                raise
            return None

    async def find(self, serial: str) -> Sequence[Entry]:
        return [one for one in await self._client.find(serial) if one.instance == self.name]

    async def total(self) -> int:
        counts = [one.counts for one in (await self._client.status()).instances if one.name == self.name]
        return sum(sum(getattr(one, state.value) for state in EntryState) for one in counts)

    async def report(self, content: bytes, filename: str, *, reason: str = "") -> str:
        if len(content) > MAX_BODY:
            raise too_large()
        done = await self._client.import_report(self.name, content, filename=filename, reason=reason)
        return done.outcome

    async def raw(self, content: bytes, filename: str, *, converter: str, mtime_ns: int) -> None:
        await self._client.submit(
            self.name, content, filename=filename, converter=converter, mtime_ns=mtime_ns
        )


class _Offline:
    """On the files: the spool is only read, reports wait in the outbox, raw files in the inbox."""

    online = False

    def __init__(self, home: Home, name: str, spool: Browse | None) -> None:
        self.name = name
        self._home = home
        self._spool = spool

    async def entries(
        self, *, state: EntryState | None, text: str | None, limit: int, before: int | None
    ) -> Sequence[Entry]:
        if self._spool is None:
            return ()
        return await self._spool.entries(state=state, text=text, limit=limit, before_id=before)

    async def payload(self, number: int) -> bytes | None:
        return None if self._spool is None else await self._spool.payload(number)

    async def find(self, serial: str) -> Sequence[Entry]:
        return () if self._spool is None else await self._spool.find(serial)

    async def total(self) -> int:
        return 0

    async def report(self, content: bytes, filename: str, *, reason: str = "") -> str:
        del filename
        if reason:
            raise NoAgentError(NEEDS_AGENT, next_step=START_IT)
        report = await asyncio.to_thread(whole, content)
        await asyncio.to_thread(leave_report, self._home, self.name, report)
        return LEFT

    async def raw(self, content: bytes, filename: str, *, converter: str, mtime_ns: int) -> None:
        await asyncio.to_thread(
            partial(
                leave_raw,
                self._home,
                self.name,
                converter,
                filename=filename,
                content=content,
                mtime_ns=mtime_ns,
            )
        )


@asynccontextmanager
async def desk(home: Home, wanted: str = "") -> AsyncIterator[Desk]:
    """The instance that is meant, as long as the block lasts.

    Raises:
        ConfigError: there is none of that name; or none is named, and there is more than one.
    """
    async with AsyncExitStack() as stack:
        try:
            client = await stack.enter_async_context(ControlClient(home.socket))
            names = [one.name for one in (await client.status()).instances]
        except NoAgentError as error:
            try:
                found = await _offline(stack, home, wanted)
            except PermissionError:
                raise error from None  # this account is one of those that the agent does not serve
            yield found
        else:
            yield _Online(client, wanted or _only(names))


async def _offline(stack: AsyncExitStack, home: Home, wanted: str) -> _Offline:
    name = wanted or _only(home.names())
    if not home.instance_file(name).exists():
        raise ConfigError(
            f'There is no instance "{name}".', next_step=f"There are: {', '.join(home.names()) or 'none'}"
        )
    if not home.spool(name).exists():
        return _Offline(home, name, None)
    storage = await stack.enter_async_context(Storage())
    spool = await stack.enter_async_context(
        glance(home.spool(name), instance=name, storage=storage, clock=Clock())
    )
    return _Offline(home, name, spool)


def _only(names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    if not names:
        raise ConfigError("There is no instance.", next_step="Make one: stationmaster instance add")
    raise ConfigError("Which instance?", next_step=f"Add --instance with one of: {', '.join(names)}")
