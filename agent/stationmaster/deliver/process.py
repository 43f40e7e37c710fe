"""Process codes are looked up in the server's own list before a report leaves.

The list is kept on disk, so that it is there after a restart without a network. It is asked for again when
it is a day old, and when a code is not on it: a list that is out of date must blame no report.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from stationmaster.clock import Clock
from stationmaster.config.atomic import read_text, replace_text
from stationmaster.config.schema import ProcessCheckChoice
from stationmaster.deliver.port import Lease
from stationmaster.errors import ConfigError, RejectedError, StationmasterError, TransientError
from stationmaster.log import Lasting, bound
from stationmaster.model import Problem, ProblemCode, Severity
from stationmaster.wats.process import Process

_LOG = logging.getLogger(__name__)

FRESH = timedelta(days=1)
"""A list older than this is asked for again when a report leaves."""

AGAIN = timedelta(minutes=1)
"""Between two requests for the list at least, whatever leaves."""

TOLD = timedelta(hours=1)
"""After the last report with an unknown code the Problem stays so long."""

_SIMILAR = 3
_MOST_CODES = 20
"""Codes that are told at once at most."""

Fetch = Callable[[], Awaitable[tuple[Process, ...]]]


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """The list, as it is kept on disk.

    Attributes:
        server: address of the server that it is from.
    """

    server: str
    fetched_at: datetime
    processes: tuple[Process, ...]


class _Seen(msgspec.Struct):
    """Reports with a code that is not on the list."""

    first_at: datetime
    last_at: datetime
    count: int
    unit: str
    source: str


class ProcessCheck:
    """Looks process codes up. `run` lives until cancelled; without it the list is fetched on demand only.

    Attributes:
        known: the list, None as long as there is none.
    """

    def __init__(
        self,
        instance: str,
        choice: ProcessCheckChoice,
        *,
        server: str,
        file: Path,
        fetch: Fetch,
        clock: Clock,
        on_change: Callable[[], None],
    ) -> None:
        """Nothing is known yet.

        Args:
            choice: what is done about a code that is not on the list.
            server: address of the server; a list of another one does not count.
            file: where the list is kept.
            fetch: asks the server for it.
            on_change: called when a Problem may have come or gone.
        """
        self.known: Known | None = None
        self._instance = instance
        self._choice = choice
        self._server = server
        self._file = file
        self._fetch = fetch
        self._clock = clock
        self._on_change = on_change
        self._lasting = Lasting(bound(_LOG, instance))
        self._codes: frozenset[int] = frozenset()
        self._seen: dict[int, _Seen] = {}
        self._wanted = asyncio.Event()
        self._fetching = asyncio.Lock()
        self._tried_at: datetime | None = None
        self._failure: StationmasterError | None = None
        self._loaded = False

    async def run(self) -> None:
        """Fetch the list whenever a report that leaves finds it old or lacking."""
        await self.load()
        while True:
            await self._wanted.wait()
            try:
                await self._refresh_if_due()
            except StationmasterError as error:
                self._lasting.met("list", f"the list of processes cannot be had: {error}")
            else:
                if self._failure is None:
                    self._lasting.over("list", "the list of processes is up to date again")
            self._wanted.clear()

    async def load(self) -> None:
        """Read the list that was kept; one that cannot be read is fetched anew."""
        async with self._fetching:
            if not self._loaded:
                self._loaded = True
                try:
                    text = await asyncio.to_thread(read_text, self._file)
                    found = msgspec.json.decode(text, type=Known) if text else None
                except (ConfigError, ValueError):
                    return
                if found is not None and found.server == self._server and self.known is None:
                    self._take(found)

    async def before(self, lease: Lease) -> None:
        """Look at a report that is about to leave.

        Raises:
            RejectedError: its code is unknown, and such reports are to be held.
            TransientError: they are, and the server's list cannot be had now.
        """
        code = lease.process_code
        if code is None or self._choice is ProcessCheckChoice.OFF:
            return
        now = self._clock.now()
        if self.known is None or now - self.known.fetched_at >= FRESH:
            self._wanted.set()
        if code in self._codes:
            return
        if self._choice is ProcessCheckChoice.HOLD and not await self._unknown(code):
            return
        self._note(code, lease, now)
        if self._choice is ProcessCheckChoice.HOLD:
            raise RejectedError(
                f"Process code {code} is not among the server's processes.{self._near(code)}",
                next_step="Add the process in WATS, or correct the converter's option process_code; "
                "then retry the report.",
            )
        self._wanted.set()

    async def refresh(self) -> Known:
        """Ask the server for the list now; raises as a submit does."""
        async with self._fetching:
            return await self._ask()

    def problems(self) -> tuple[Problem, ...]:
        """Codes that left, or were held, although the server does not know them."""
        now = self._clock.now()
        self._seen = {code: seen for code, seen in self._seen.items() if now - seen.last_at < TOLD}
        known = self.known
        if known is None:
            return ()
        return tuple(
            self._problem(code, seen)
            for code, seen in sorted(self._seen.items())
            if code not in self._codes and known.fetched_at >= seen.first_at - AGAIN
        )

    # ---------------------------------------------------------------- inside
    async def _unknown(self, code: int) -> bool:
        """The server's list of now lacks the code. Without any list nobody can say so."""
        with contextlib.suppress(StationmasterError):
            await self._refresh_if_due()
        if self.known is None or code in self._codes:
            return False
        if isinstance(self._failure, TransientError):
            # An old list must blame no report, and the server can soon be asked again.
            raise TransientError(self._failure.text, alone=True, code=self._failure.code)
        return self._failure is None

    async def _refresh_if_due(self) -> None:
        async with self._fetching:
            if self._tried_at is None or self._clock.now() - self._tried_at >= AGAIN:
                await self._ask()

    async def _ask(self) -> Known:
        self._tried_at = self._clock.now()
        try:
            processes = await self._fetch()
            if not processes:  # no right to see them, or a server that is not up yet: it judges no report
                raise RejectedError("The server gave an empty list of processes.")
        except StationmasterError as error:
            self._failure = error
            raise
        self._failure = None
        known = Known(server=self._server, fetched_at=self._clock.now(), processes=processes)
        self._take(known)
        try:
            await asyncio.to_thread(replace_text, self._file, msgspec.json.encode(known).decode())
        except ConfigError as error:
            self._lasting.met("file", f"the list of processes cannot be kept: {error}")
        self._on_change()
        return known

    def _take(self, known: Known) -> None:
        self.known = known
        self._codes = frozenset(process.code for process in known.processes)

    def _note(self, code: int, lease: Lease, now: datetime) -> None:
        seen = self._seen.get(code)
        if seen is None:
            if len(self._seen) >= _MOST_CODES:
                return
            seen = self._seen[code] = _Seen(now, now, 0, "", "")
        seen.last_at, seen.count = now, seen.count + 1
        seen.unit, seen.source = lease.serial_number, lease.source
        self._on_change()

    def _problem(self, code: int, seen: _Seen) -> Problem:
        held = self._choice is ProcessCheckChoice.HOLD
        many = "1 report" if seen.count == 1 else f"{seen.count} reports"
        source = f" from {seen.source}" if seen.source else ""
        done = "in the error list" if held else "sent all the same"
        return Problem(
            code=ProblemCode.PROCESS_UNKNOWN,
            severity=Severity.WARNING,
            title="The server does not know a process code",
            text=f"Process code {code} is not among the server's processes: {many}, the last of unit "
            f"{seen.unit or '-'}{source}, {done}.{self._near(code)}",
            next_step="Add the process in WATS, or correct the converter's option process_code"
            + ("; then retry the reports." if held else "."),
            instance=self._instance,
            subject=str(code),
            since=seen.first_at,
        )

    def _near(self, code: int) -> str:
        """Codes that look alike, for whoever mistyped one."""
        from difflib import get_close_matches  # noqa: PLC0415 - for texts only

        names = {str(one.code): one.name or "-" for one in self.known.processes} if self.known else {}
        near = get_close_matches(str(code), names, n=_SIMILAR, cutoff=0.6)
        return f" Similar: {', '.join(f'{one} ({names[one]})' for one in near)}." if near else ""
