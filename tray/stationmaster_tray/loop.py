"""The one place that knows which loop Qt and asyncio share: qasync's, until another one takes its place."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import sys
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import qasync  # type: ignore[import-untyped]  # it ships no types
from PySide6.QtCore import QSocketNotifier, QTimer
from PySide6.QtWidgets import QApplication

from stationmaster_tray.threads import Threads

T = TypeVar("T")

CLEAN_EVERY = 500
"""Milliseconds between two looks whether there is garbage to collect."""

SWITCH = 0.0005
"""Seconds after which a thread that computes lets another one run. Each call of Qt waits once for that when
it returns, so with Python's usual 0.005 a window would stand still while a large report is read."""


def run(app: QApplication, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run `main` to its end while Qt's events are served; the app never quits by itself before that."""
    app.setQuitOnLastWindowClosed(False)
    sys.setswitchinterval(SWITCH)
    keep_for_ever()
    with asyncio.Runner(loop_factory=lambda: new_loop(app)) as runner:
        return runner.run(main())


def keep_for_ever() -> None:
    """Take what is loaded by now out of Python's search for garbage.

    Modules and classes stay until the end; to look through them takes several frames of the screen.
    """
    gc.collect()
    gc.freeze()


class _Loop(qasync.QEventLoop):  # type: ignore[misc]  # its base is unknown
    """qasync's loop, but for what other threads hand to it.

    qasync emits a signal of Qt in the thread that calls. A thread that ends soon after leaves Qt with the
    remains of one that it never started, and a loop that is closed meanwhile with an event for nobody; the
    process crashed. Here other threads touch nothing of Qt: they write a byte that the window's thread reads.
    """

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._handed: deque[tuple[Callable[..., object], tuple[object, ...]]] = deque()
        self._woken, self._waker = socket.socketpair()
        for one in (self._woken, self._waker):
            one.setblocking(False)
        self._notifier = QSocketNotifier(self._woken.fileno(), QSocketNotifier.Type.Read)
        self._notifier.activated.connect(self._take)
        # Python looks for garbage in whichever thread has just made something. What belongs to Qt must not be
        # destroyed in another thread than the window's: the process crashed a little later.
        gc.disable()
        self._cleaner = QTimer()
        self._cleaner.timeout.connect(_collect)
        self._cleaner.start(CLEAN_EVERY)

    def call_soon_threadsafe(
        self, callback: Callable[..., object], *args: object, context: Any = None
    ) -> None:
        """As asyncio has it."""
        del context
        if self.is_closed():
            raise RuntimeError("Event loop is closed")
        self._handed.append((callback, args))
        with contextlib.suppress(OSError):  # full: it will wake anyway; closed: nobody is there to wake
            self._waker.send(b"x")

    def close(self) -> None:
        """As asyncio has it."""
        self._notifier.setEnabled(False)
        self._cleaner.stop()
        super().close()
        gc.enable()
        self._woken.close()
        self._waker.close()

    def _take(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._woken.recv(4096)
        while self._handed:
            callback, args = self._handed.popleft()
            self.call_soon(callback, *args)


def _collect() -> None:
    """Look for garbage as Python would, in the window's thread."""
    for generation in (2, 1, 0):
        if gc.get_count()[generation] > gc.get_threshold()[generation]:
            gc.collect(generation)
            return


def new_loop(app: QApplication) -> asyncio.AbstractEventLoop:
    """A loop that serves Qt and asyncio; what blocks runs in plain threads, not in ten of Qt's."""
    loop: asyncio.AbstractEventLoop = _Loop(app)
    loop.set_default_executor(Threads())
    return loop
