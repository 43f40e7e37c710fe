"""Threads for calls that block.

One may hang for ever, in a file of a share that does not answer: it takes nobody's place, and does not keep
the tray from ending.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from threading import Thread
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

LAST = 5.0
"""Seconds that calls have to come to their end when the tray ends: a file may be half written."""


class Threads(Executor):
    """The executor of the tray's loop: a thread for each call. They are few, and most are over at once.

    With a fixed number of threads as many files that hang would stop all else, the agent's start included.
    """

    def __init__(self) -> None:
        """No thread runs yet."""
        self._running: set[Thread] = set()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Begin a call at once."""
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()

        def run() -> None:
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits for it
                future.set_exception(error)

        self._running = {one for one in self._running if one.is_alive()}
        thread = Thread(target=run, name="tray", daemon=True)
        thread.start()
        self._running.add(thread)
        return future

    def shutdown(self, wait: bool = True, **_more: Any) -> None:  # noqa: FBT001, FBT002 - as the base class has it
        """Let calls come to their end, those that do; the others end with the process."""
        end = time.monotonic() + (LAST if wait else 0.0)
        for one in self._running:
            one.join(max(0.0, end - time.monotonic()))
