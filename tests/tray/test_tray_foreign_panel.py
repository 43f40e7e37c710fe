"""The icon in a panel that others wrote: a mouse clicks it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from fakes.desktop import missing, screen, session_bus
from fakes.foreign_panel import Kind, Place, click, foreign_panel, lacks, places, press
from fakes.program import stopped_at_the_end, tray
from fakes.station import Station
from fakes.waiting import answer

LACKS = missing() or lacks()
pytestmark = pytest.mark.skipif(bool(LACKS), reason=LACKS or "it can run here")

AGAIN = 3.0
"""Seconds after which a click that did nothing is done again."""


async def seen(
    variables: dict[str, str], *kinds: Kind, by: Callable[[], None] = lambda: None
) -> dict[Kind, Place]:
    """Wait until these are seen and nothing else.

    `by` is done again where nothing happens: what has only just come to be may not listen yet.
    """
    found: dict[Kind, Place] = {}

    async def look() -> bool:
        found.clear()
        found.update(await asyncio.to_thread(places, variables))
        return set(found) == set(kinds)

    done_at = 0.0

    async def again() -> None:
        nonlocal done_at
        if time.monotonic() - done_at >= AGAIN:
            by()
            done_at = time.monotonic()

    await answer(look, what=lambda: f"{kinds} instead of {found}", every=0.05, meanwhile=again)
    return found


async def test_a_mouse_opens_menu_and_window(tmp_path: Path) -> None:
    with screen(tmp_path) as display, session_bus() as bus:
        variables = {**display, **bus}
        show = partial(seen, variables)
        with foreign_panel(variables):
            async with Station(tmp_path) as station:
                await station.line("line1", await station.server(), "keep")
                async with stopped_at_the_end(station), tray(station, variables, "--hidden"):
                    icon = (await show("icon"))["icon"]
                    await show("icon", "window", by=lambda: click(variables, icon))
                    await show("icon", by=lambda: press(variables, "key", "ctrl+w"))
                    menu = (await show("icon", "menu", by=lambda: click(variables, icon, button=3)))["menu"]
                    second = menu._replace(height=menu.height // 4 - 8)  # its middle is "Open window"
                    await show("icon", "window", by=lambda: click(variables, second))
