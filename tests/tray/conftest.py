"""Tests of widgets: one QApplication without a screen, and the loop that Qt and asyncio share.

A test that asks for `app`, itself or through a fixture, runs on that loop; all others on asyncio's own.
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

# Before Qt is loaded. Programs that a test starts on a screen of its own are told so by their environment.
os.environ["QT_QPA_PLATFORM"] = "offscreen"


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Which loop a test runs on."""
    del config
    if "app" in getattr(item, "fixturenames", ()):
        return {"qt": _qt_loop}
    return {"asyncio": asyncio.new_event_loop}


def _qt_loop() -> asyncio.AbstractEventLoop:
    from stationmaster_tray.loop import new_loop  # noqa: PLC0415 - Qt is loaded by tests of widgets alone

    return new_loop(_application())


@pytest.fixture(scope="session")
def app() -> Iterator[QApplication]:
    """The one QApplication, dressed as the program's."""
    from stationmaster_tray.loop import keep_for_ever  # noqa: PLC0415 - Qt is loaded by tests of widgets alone

    made = _application()
    keep_for_ever()  # as the program does when it starts
    yield made
    made.clipboard().clear()  # this platform keeps it until after Python's end, where nothing of ours may be


@pytest.fixture(autouse=True)
def tidy(request: pytest.FixtureRequest) -> Iterator[None]:
    """Leave no window of a test behind: each change of the look would dress all of them anew.

    Nor garbage that belongs to Qt: Python would look for it in a later test's thread, and destroy it there.
    """
    yield
    if "app" not in request.fixturenames:
        return
    from PySide6.QtCore import QEvent  # noqa: PLC0415 - Qt is loaded by tests of widgets alone

    made = _application()
    for left in made.topLevelWidgets():
        left.close()
        left.deleteLater()
    made.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    gc.collect()


def _application() -> QApplication:
    from PySide6.QtWidgets import QApplication  # noqa: PLC0415 - see above

    from stationmaster_tray import theme  # noqa: PLC0415 - see above
    from stationmaster_tray.application import Application  # noqa: PLC0415 - see above

    there = QApplication.instance()
    if isinstance(there, QApplication):
        return there
    made = Application(["stationmaster-tray"])
    made.setQuitOnLastWindowClosed(False)
    theme.apply(made)
    return made
