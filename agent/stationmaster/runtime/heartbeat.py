"""Tells the server how a registered client is: when it begins, each hour, and when it ends. Best effort.

Nothing waits for it and nothing depends on it: what goes wrong here is a line in the log.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from stationmaster import __version__
from stationmaster.clock import Clock
from stationmaster.config.schema import InstanceConfig, WatchFolder
from stationmaster.config.secrets import Secret
from stationmaster.convert.job import ConverterInfo
from stationmaster.errors import NeedsUserError, StationmasterError, TransientError
from stationmaster.log import Lasting, bound
from stationmaster.model import Counts, ProblemCode
from stationmaster.runtime.tally import Tally
from stationmaster.wats.registration import (
    Asks,
    ClientState,
    Computer,
    ConverterState,
    belongs_to,
    disconnect,
    update,
)

_LOG = logging.getLogger(__name__)
FIRST = 2.0
"""Seconds after the start: by then the converters are usually loaded."""
EVERY = 3600.0
"""Seconds between two updates."""
AGAIN = 300.0
"""Seconds until the next try, where the server could not be reached."""
LEAVE = 1.5
"""Seconds that taking leave may delay a stop at most."""
_FACTS = 10.0
"""Seconds that learning about the computer may take; then its update goes without."""


class Converters(Protocol):
    """What is needed of the converter pool."""

    @property
    def converters(self) -> Mapping[str, ConverterInfo]:
        """By name, as they are loaded now."""
        ...


class Counted(Protocol):
    """What is needed of the spool."""

    @property
    def counts(self) -> Counts:
        """How many entries stand in each state."""
        ...


class Station:
    """What an update tells of an instance, asked when it is made."""

    def __init__(
        self,
        config: InstanceConfig,
        folders: tuple[WatchFolder, ...],
        *,
        tally: Tally,
        pool: Converters,
        spool: Counted,
    ) -> None:
        """Keep where to ask.

        Args:
            folders: all that are watched, our own among them.
        """
        self.config = config
        self._folders = folders
        self._tally = tally
        self._pool = pool
        self._spool = spool

    def state(self, facts: Computer, *, online: bool) -> ClientState:
        """How it is now."""
        station, counts = self.config.station, self._spool.counts
        return ClientState(
            name=station.machine_name,
            location=station.location,
            purpose=station.purpose,
            version=numeric(__version__),
            status="Online" if online else "Offline",
            pending_total=counts.queued + counts.processing,
            computer=facts,
            converters=tuple(
                self._converter(folder, name) for folder in self._folders for name in self._shown(folder)
            ),
        )

    def _shown(self, folder: WatchFolder) -> list[str]:
        """The converters of a folder; of our own folders those only that had something to do."""
        theirs = folder in self.config.watch
        return [name for name in folder.converters if theirs or self._tally.of(folder, name)[0]]

    def _converter(self, folder: WatchFolder, name: str) -> ConverterState:
        info = self._pool.converters.get(name)
        total, error = self._tally.of(folder, name)
        return ConverterState(
            name=name,
            state="Running" if info else "Disabled",
            version=info.version if info else "",
            total=total,
            error=error,
            kind=info.target.rpartition(":")[2] if info else "",
            filter=";".join(folder.include),
            path=folder.path,
            post_process_action=folder.after.value.capitalize(),
        )


class Heartbeat:
    """`run` lives until `stop`, and takes leave of the server then."""

    def __init__(
        self,
        instance: str,
        station: Station,
        session: Asks,
        *,
        token: Callable[[], Awaitable[Secret]],
        reachable: Callable[[], bool],
        clock: Clock,
    ) -> None:
        """Nothing is sent yet.

        Args:
            session: with the server.
            token: the instance's token, to see whether it is that of the registered client.
            reachable: the server answered the last time; where it did not, no stop waits for it.
        """
        self._station = station
        self._session = session
        self._token = token
        self._reachable = reachable
        self._clock = clock
        self._log = bound(_LOG, instance)
        self._lasting = Lasting(self._log)
        self._stopping = False
        self._wake = asyncio.Event()
        self._facts = Computer()
        self._facts_hang = False
        self._told = False
        """The server was told that the client is online."""

    async def run(self) -> None:
        """Tell the server how the client is, until `stop`."""
        config = self._station.config
        if not (config.server.client_info and config.station.client_id):
            return
        pause: float | None = FIRST
        while not self._stopping:
            await self._clock.wait(self._wake, pause)
            self._wake.clear()
            if not self._stopping:
                pause = await self._beat()
        await self._leave()

    def stop(self) -> None:
        """Take leave; `run` returns when that is done."""
        self._stopping = True
        self._wake.set()

    def credentials_changed(self) -> None:
        """A new token is there: it is tried at once."""
        self._wake.set()

    async def _beat(self) -> float | None:
        """One update; seconds until the next one, None where the server has no use for any."""
        try:
            if not await self._ours():
                return EVERY
            await self._learn()
            await update(self._session, self._station.state(self._facts, online=True), now=self._clock.now())
        except NeedsUserError as error:
            if error.code == ProblemCode.ROUTE_MISSING:
                self._log.debug("the server takes no news of its clients")
                return None
            self._lasting.met("update", f"the server is not told how this client is: {error}")
        except StationmasterError as error:
            self._lasting.met("update", f"the server is not told how this client is: {error}")
            return AGAIN if isinstance(error, TransientError) else EVERY
        except Exception as error:  # noqa: BLE001 - a bug here must not end an instance that works
            self._log.error("a bug in telling the server how this client is", exc_info=error)
        else:
            self._told = True
            self._lasting.over("update", "the server is told again how this client is")
        return EVERY

    async def _ours(self) -> bool:
        """The token is that of the registered client. One of the Control Panel tells not whose news it is."""
        return belongs_to((await self._token()).reveal(), self._station.config.station.client_id)

    async def _learn(self) -> None:
        if self._facts_hang:  # each further try could cost a thread
            return
        from stationmaster.runtime.computer import computer  # noqa: PLC0415 - once an hour at most

        try:
            async with asyncio.timeout(_FACTS):
                self._facts = await asyncio.to_thread(computer)
        except TimeoutError:
            self._facts_hang = True
            self._log.warning("a local disk does not tell its size; the server is told without")

    async def _leave(self) -> None:
        """The stop does not wait long for this."""
        if not self._told or not self._reachable():
            return
        now = self._clock.now()
        try:
            async with asyncio.timeout(LEAVE):
                await update(self._session, self._station.state(self._facts, online=False), now=now)
                await disconnect(self._session, self._station.config.station.client_id, now=now)
        except (StationmasterError, TimeoutError) as error:
            self._log.debug("no leave was taken of the server: %s", error)


def numeric(version: str) -> str:
    """A version as numbers with dots: "0.4.0.dev3" is "0.4.0"."""
    found = re.match(r"\d+(?:\.\d+){0,3}", version)
    return found[0] if found else "0"
