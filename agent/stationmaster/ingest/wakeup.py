"""One file system watch for the folders of all instances: a hint to look, never the truth.

Its one thread restarts when the set of folders changes. Whatever fails here is logged and tried again
later; scans find everything anyway.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import watchfiles

from stationmaster.clock import Clock
from stationmaster.log import Lasting, bound

Changes = set[tuple[watchfiles.Change, str]]

STEP_MS = 60
"""The watch looks for events so often, and passes them on once a step brought none.

A file's rest counts from its mtime where an event came within `settle.HINT_LAG`, so this delays nothing.
"""

DEBOUNCE_MS = 240
"""Events that go on and on are passed on after so long."""

TIMEOUT_MS = 5_000
"""Without events the thread looks so often whether it is to end."""

STAND = 0.2
"""Seconds after which the watch is taken to stand; what happened before is found by a scan then."""

RETRY = 60.0
"""Seconds until a watch that failed is tried again."""

_NO_TEXT = "Unable to decode path"
NO_TEXT_RETRY = 1.0
"""The watch fails on an event at a file whose name is no Unicode text; it is made anew so soon after."""

GATHER = 0.05
"""Seconds in which folders that come and go make one restart."""

MANY = 2_000
"""More changes than this at once: the folders are told to scan instead."""

_LOG = logging.getLogger(__name__)
logging.getLogger("watchfiles").setLevel(logging.WARNING)  # it tells of every change it sees


class Notify(Protocol):
    """The part of `watchfiles.watch` that is used."""

    def __call__(
        self,
        *paths: str,
        watch_filter: None,
        debounce: int,
        step: int,
        stop_event: threading.Event,
        rust_timeout: int,
        yield_on_timeout: bool,
        raise_interrupt: bool,
        recursive: bool,
        ignore_permission_denied: bool,
    ) -> Iterator[Changes]:
        """Yield sets of changes until `stop_event` is set."""
        ...


@dataclass(eq=False, slots=True)
class Hints:
    """One folder's place in the watch; `close` leaves it."""

    root: str
    recursive: bool
    on_change: Callable[[set[str] | None], None]
    close: Callable[[], None] = field(default=lambda: None)


class WakeUp:
    """Tells folders what changed in them. `run` must be running; one for the whole agent."""

    def __init__(self, clock: Clock, *, notify: Notify = watchfiles.watch) -> None:
        """Nothing is watched yet.

        Args:
            notify: what watches, in its own thread.
        """
        self._clock = clock
        self._notify = notify
        self._hints: dict[str, list[Hints]] = {}
        self._changed = asyncio.Event()
        self._lasting = Lasting(bound(_LOG, "-"))

    def watch(self, root: str, *, recursive: bool, on_change: Callable[[set[str] | None], None]) -> Hints:
        """Watch a folder from now on.

        Args:
            root: its real path, links followed.
            on_change: called in the loop with names below `root`; None: look at everything.
        """
        hints = Hints(root, recursive, on_change)
        hints.close = lambda: self._leave(hints)
        self._hints.setdefault(root, []).append(hints)
        self._changed.set()
        return hints

    def _leave(self, hints: Hints) -> None:
        here = self._hints.get(hints.root, [])
        if hints in here:
            here.remove(hints)
            if not here:
                del self._hints[hints.root]
            self._changed.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            await self._changed.wait()
            await self._clock.sleep(GATHER)  # several folders come at once at the start
            self._changed.clear()
            if not self._hints:
                continue
            thread = _WatchThread(self._notify, self._roots(), recursive=self._recursive())
            thread.start(self._deliver)
            try:
                await self._until_changed(thread)
            finally:
                await thread.aclose()

    async def _until_changed(self, thread: _WatchThread) -> None:
        """Until the set of folders changes, or it is time to try again what failed."""
        if await self._clock.wait(self._changed, STAND):
            return
        self._all()
        while not self._changed.is_set():
            failed = await thread.wait(self._changed)
            if failed is None:
                return
            retry = RETRY
            if failed.startswith(_NO_TEXT):
                retry = NO_TEXT_RETRY
                self._lasting.met(_NO_TEXT, f"folders are scanned where a name is no Unicode text: {failed}")
            else:
                _LOG.warning("The file system watch failed; folders are scanned without it: %s", failed)
            if not await self._clock.wait(self._changed, retry):
                self._changed.set()

    def _roots(self) -> list[str]:
        return list(self._hints)

    def _recursive(self) -> bool:
        return any(hints.recursive for here in self._hints.values() for hints in here)

    def _all(self) -> None:
        for here in list(self._hints.values()):
            for hints in list(here):
                hints.on_change(None)

    def _deliver(self, changes: Changes) -> None:
        """Hand changes to the folders they lie in."""
        if len(changes) > MANY:
            self._all()
            return
        told: dict[Hints, set[str] | None] = {}
        for _, path in changes:
            for hints in self._hints.get(path, ()):
                told[hints] = None  # the folder itself changed: it was renamed, removed, made again
            self._find(path, told)
        for hints, names in told.items():
            hints.on_change(names)

    def _find(self, path: str, told: dict[Hints, set[str] | None]) -> None:
        folder, direct = _above(path), True
        while True:
            for hints in self._hints.get(folder, ()):
                names = told.setdefault(hints, set())
                if names is not None and (direct or hints.recursive):
                    names.add(path[len(folder.rstrip(os.sep)) + 1 :])
            if folder == _above(folder):
                return
            folder, direct = _above(folder), False


def _above(path: str) -> str:
    return os.path.dirname(path)  # noqa: PTH120 - for every event and folder above it


class _WatchThread:
    """The thread that waits for events."""

    def __init__(self, notify: Notify, roots: list[str], *, recursive: bool) -> None:
        self._notify = notify
        self._roots = roots
        self._recursive = recursive
        self._loop = asyncio.get_running_loop()
        self._stop = threading.Event()
        self._ended: asyncio.Future[str] = self._loop.create_future()

    def start(self, deliver: Callable[[Changes], None]) -> None:
        threading.Thread(target=self._run, args=(deliver,), name="watch", daemon=True).start()

    async def wait(self, changed: asyncio.Event) -> str | None:
        """Until `changed` is set (None) or the watch fails (why)."""
        waiter = asyncio.ensure_future(changed.wait())
        either: set[asyncio.Future[Any]] = {waiter, self._ended}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiter.cancel()
        return self._ended.result() if self._ended.done() and not changed.is_set() else None

    async def aclose(self) -> None:
        """Stop it; it notices within a step."""
        self._stop.set()
        await asyncio.wait({self._ended}, timeout=5.0)

    def _run(self, deliver: Callable[[Changes], None]) -> None:
        reason = ""
        try:
            for changes in self._notify(
                *self._roots,
                watch_filter=None,
                debounce=DEBOUNCE_MS,
                step=STEP_MS,
                stop_event=self._stop,
                rust_timeout=TIMEOUT_MS,
                yield_on_timeout=True,
                raise_interrupt=False,
                recursive=self._recursive,
                ignore_permission_denied=True,
            ):
                if self._stop.is_set():
                    break
                if changes:
                    self._loop.call_soon_threadsafe(deliver, changes)
        except (OSError, RuntimeError) as error:
            reason = str(error)
        self._tell(reason)

    def _tell(self, reason: str) -> None:
        try:
            self._loop.call_soon_threadsafe(self._end, reason)
        except RuntimeError:
            return  # the loop is closed: nobody waits any more

    def _end(self, reason: str) -> None:
        if not self._ended.done():
            self._ended.set_result(reason)
