"""Who owns the tray's tasks: one group, which ends with the app. A bug in one ends that one alone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from stationmaster.errors import StationmasterError
from stationmaster_tray.text import tr

_LOG = logging.getLogger(__name__)

LAST = 10.0
"""Seconds for what must be done before the app ends."""

Trouble = Callable[[StationmasterError], None]


class Tasks:
    """Starts work from slots of Qt, which cannot wait for it."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        """Work ends when `group` does."""
        self._group = group
        self._running: set[asyncio.Task[None]] = set()
        self._last: set[asyncio.Task[None]] = set()

    def start(
        self, work: Coroutine[Any, Any, object], *, trouble: Trouble | None = None, last: bool = False
    ) -> asyncio.Task[None]:
        """Run `work`; errors go to `trouble` in words, a bug with its traceback to the log too.

        Args:
            work: what is to be done.
            trouble: gets the error.
            last: `end` does not cancel it, and `finish` waits for it: something is being put in order.
        """
        task = self._group.create_task(self._guarded(work, trouble))
        kept = self._last if last else self._running
        kept.add(task)
        task.add_done_callback(kept.discard)
        # A task that is cancelled before its first step never awaits the work.
        task.add_done_callback(lambda _task: work.close())
        return task

    async def finish(self) -> None:
        """Wait for what must be done before the app may end, and not for ever."""
        if self._last:
            await asyncio.wait(self._last, timeout=LAST)

    def end(self) -> None:
        """Cancel what still runs: the app ends."""
        for task in self._running:
            task.cancel()

    async def _guarded(self, work: Coroutine[Any, Any, object], trouble: Trouble | None) -> None:
        try:
            await work
        except StationmasterError as error:
            _LOG.info("not done: %s", error)
            if trouble is not None:
                trouble(error)
        except Exception as error:  # noqa: BLE001 - a bug of one call must not take the window down
            _LOG.exception("unexpected")
            if trouble is not None:
                trouble(unexpected(error))


def unexpected(error: Exception) -> StationmasterError:
    """A bug, in words."""
    return StationmasterError(
        tr("Something went wrong that should not have: {error}", error=f"{type(error).__name__}: {error}"),
        next_step=tr("Please save diagnostics and send them to support."),
    )
