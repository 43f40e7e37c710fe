"""Who owns the tray's tasks: one group, which ends with the app. A bug in one ends that one alone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from stationmaster.errors import StationmasterError
from stationmaster_tray.text import tr

_LOG = logging.getLogger(__name__)

Trouble = Callable[[StationmasterError], None]


class Tasks:
    """Starts work from slots of Qt, which cannot wait for it."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        """Work ends when `group` does."""
        self._group = group
        self._running: set[asyncio.Task[None]] = set()

    def start(
        self, work: Coroutine[Any, Any, object], *, trouble: Trouble | None = None
    ) -> asyncio.Task[None]:
        """Run `work`; errors go to `trouble` in words, a bug with its traceback to the log too."""
        task = self._group.create_task(self._guarded(work, trouble))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        task.add_done_callback(lambda _task: work.close())  # one that was cancelled before it began never ran
        return task

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
