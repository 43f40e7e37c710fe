"""One thread for small blocking calls: names to resolve, settings to read, local folders to look at.

A disk may hang as a share does (a dying drive, a device that is asleep), and a call that hangs cannot be
ended. So a thread whose call takes long is left alone with it, and another one goes on with what waits: a
folder that hangs costs the rest a second.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, Generic, TypeVar

LINGER = 0.05
"""Seconds after which a thread without work ends."""

MOVE_ON = 1.0
"""Seconds that a call may hold up those behind it."""

MOST_ALONE = 4
"""With so many threads left alone no further folder is looked at here: their disk is beyond help."""

MOST_THREADS = 32
"""Threads left alone at one time at most; then names to resolve and settings to read wait as well."""

_T = TypeVar("_T")


class CallHangsError(Exception):
    """A call did not come back in time. It may still do what it was asked for."""


class BlockingThread:
    """Runs blocking calls one after the other, in a thread that is there only while there is work."""

    def __init__(self) -> None:
        """No thread runs yet."""
        self._lock = threading.Condition()
        self._worker: _Worker | None = None
        self._alone: list[_Worker] = []

    async def call(self, call: Callable[[], _T], *, deadline: float) -> _T:
        """Run `call` and hand its result back.

        Args:
            call: it has no time limit of its own.
            deadline: seconds that it may take, and seconds that it may have to wait for its turn.

        Raises:
            CallHangsError: it took longer, or so many others hang that it is not tried.
        """
        job: _Job[_T] = _Job(call)
        if self._left_alone() >= MOST_ALONE:
            raise CallHangsError
        self.add(job)
        waiting = asyncio.wrap_future(job.future)
        try:
            while not waiting.done():
                now = time.monotonic()
                if now - job.since >= deadline:
                    raise CallHangsError
                await asyncio.wait({waiting}, timeout=min(job.since + deadline, self._look(now)) - now)
            return waiting.result()
        finally:
            waiting.cancel()  # a call that has not begun is not made

    def add(self, job: _Job[Any]) -> None:
        """Let `job` have its turn."""
        with self._lock:
            self._hand_over([job])

    def look(self) -> None:
        """Let nobody wait long behind one call."""
        self._look(time.monotonic())

    def _left_alone(self) -> int:
        with self._lock:
            self._alone = [one for one in self._alone if one.is_alive()]
            return len(self._alone)

    def _hand_over(self, jobs: list[_Job[Any]]) -> None:
        if self._worker is None:
            self._worker = _Worker(self._lock, self._ended)
            self._worker.start()
        self._worker.jobs.extend(jobs)
        self._lock.notify_all()

    def _ended(self, worker: _Worker) -> None:
        if self._worker is worker:
            self._worker = None

    def _look(self, now: float) -> float:
        """Let nobody wait long behind one call; returns when to look again."""
        with self._lock:
            worker = self._worker
            if worker is None or worker.running is None:
                return now + MOVE_ON
            self._alone = [one for one in self._alone if one.is_alive()]
            late = worker.running.since + MOVE_ON
            if late <= now and len(self._alone) < MOST_THREADS:
                self._alone.append(worker)
                self._worker, worker.alone = None, True
                jobs = list(worker.jobs)
                worker.jobs.clear()
                if jobs:
                    self._hand_over(jobs)
            return late if late > now else now + MOVE_ON


class BlockingExecutor(ThreadPoolExecutor):
    """The executor of the agent's loop: `asyncio.to_thread` and name resolution run in `thread`."""

    def __init__(self, thread: BlockingThread) -> None:
        """The pool's own threads are never started."""
        super().__init__(max_workers=1)
        self._thread = thread

    def submit(self, fn: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:
        """Let a call have its turn; if it is a long one, those behind it are looked after.

        Raises:
            RuntimeError: no loop runs in this thread.
        """
        job: _Job[_T] = _Job(partial(fn, *args, **kwargs))
        self._thread.add(job)
        loop = asyncio.get_running_loop()

        def look() -> None:
            if not job.future.done():
                self._thread.look()
                loop.call_later(MOVE_ON, look)

        loop.call_later(MOVE_ON, look)
        return job.future


class _Job(Generic[_T]):
    """A call, and who waits for it. `since`: when it was handed over; once it runs, when it began."""

    def __init__(self, call: Callable[[], _T]) -> None:
        self.call = call
        self.future: Future[_T] = Future()
        self.since = time.monotonic()


class _Worker(threading.Thread):
    """Works off its jobs. A daemon: one that hangs must not keep the program from ending."""

    def __init__(self, lock: threading.Condition, ended: Callable[[_Worker], None]) -> None:
        super().__init__(name="blocking", daemon=True)
        self.jobs: deque[_Job[Any]] = deque()
        self.running: _Job[Any] | None = None
        self.alone = False
        self._lock = lock
        self._ended = ended

    def run(self) -> None:
        while (job := self._next()) is not None:
            try:
                job.future.set_result(job.call())
            except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits for it
                job.future.set_exception(error)

    def _next(self) -> _Job[Any] | None:
        with self._lock:
            self.running = None
            while not self.alone:
                while self.jobs:
                    job = self.jobs.popleft()
                    if job.future.set_running_or_notify_cancel():
                        job.since = time.monotonic()
                        self.running = job
                        return job
                if not self._lock.wait_for(lambda: self.jobs or self.alone, LINGER):
                    break
            self._ended(self)
            return None


THREAD = BlockingThread()
"""The one of this process: its calls are short, and a thread for each of its users would be many."""
