"""The window never waits: a call that blocks its thread is noticed, however little it computes."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer

from fakes.gaps import BLOCKED, Gaps
from fakes.station import Station
from fakes.tray import attached
from fakes.waiting import until
from stationmaster_tray.call import CallBar
from stationmaster_tray.pages import PAGES
from stationmaster_tray.presenter import present
from stationmaster_tray.window import Window

pytestmark = pytest.mark.usefixtures("app")


def sleep() -> None:
    """Sleep on the window's thread."""
    time.sleep(1.0)


def read() -> None:
    """Read what nobody has written yet."""
    there, here = os.pipe()
    writer = threading.Timer(1.0, os.close, (here,))
    writer.start()
    os.read(there, 1)
    os.close(there)
    writer.join()


async def turned(gaps: Gaps) -> None:
    """Let the loop turn for a while."""
    least = len(gaps.found) + 10
    await until(lambda: len(gaps.found) > least, what="some beats")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how long a thread waited for a CPU")
@pytest.mark.parametrize("call", [sleep, read])
async def test_a_call_that_blocks_the_window_is_noticed(call: Callable[[], None]) -> None:
    with Gaps() as gaps:
        await until(lambda: len(gaps.blocked) > 5, what="some beats")
        assert max(gaps.blocked) < BLOCKED
        QTimer.singleShot(0, call)
        await until(lambda: max(gaps.blocked) > BLOCKED, what="a gap")
    assert max(gaps.busy) < BLOCKED


async def test_no_page_blocks_the_window_while_it_asks_the_agent(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        line = await station.line("line1", await station.server(), "keep")
        await station.start()
        async with attached(station) as desk:
            window = Window(desk)
            desk.session.changed.connect(lambda seen: window.show_seen(seen, present(seen, desk.now())))
            with Gaps() as gaps:
                for spec in PAGES:
                    window.open_page(spec.id)
                    line.inboxes[0].drop(line.equipment.make("wstf", units=1))
                    await until(lambda: not any(one.busy for one in window.findChildren(CallBar)))
                    await turned(gaps)
                await station.terminate()
                await until(lambda: desk.seen.status is None, what="the end of the agent")
            window.close()
            assert max(gaps.blocked) < BLOCKED
