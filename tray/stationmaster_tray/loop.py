"""The one place that knows which loop Qt and asyncio share: qasync's, until another one takes its place."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import qasync  # type: ignore[import-untyped]  # it ships no types
from PySide6.QtWidgets import QApplication

from stationmaster_tray.threads import Threads

T = TypeVar("T")

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


def new_loop(app: QApplication) -> asyncio.AbstractEventLoop:
    """A loop that serves Qt and asyncio; what blocks runs in plain threads, not in ten of Qt's."""
    loop: asyncio.AbstractEventLoop = qasync.QEventLoop(app)
    loop.set_default_executor(Threads())
    return loop
