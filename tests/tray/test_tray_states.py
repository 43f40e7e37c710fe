"""What a panel shows of each state of the icon, and where clicks lead; the panel is the test itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from fakes.desktop import Panel, desktop, missing, windows
from fakes.oracle_script import Act
from fakes.program import stopped_at_the_end, tray
from fakes.server import answer
from fakes.station import Station
from fakes.waiting import until
from stationmaster_tray import icons
from stationmaster_tray.memory import Memory
from stationmaster_tray.presenter import State

pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=missing() or "it can run here"),
    pytest.mark.usefixtures("app"),  # it draws what the panel must show
]

NORMAL = 1
"""Urgency of what needs a person (Desktop Notifications Specification); a recovery is less."""


@pytest.fixture
async def on_desktop(tmp_path: Path) -> AsyncIterator[tuple[Panel, dict[str, str]]]:
    async with desktop(tmp_path) as found:
        yield found


def drawn(state: State, size: int) -> bytes:
    """The icon as it goes over the bus: ARGB, the most significant byte first."""
    picture = icons.pixmap(state.value, icons.Variant.LIGHT, size).toImage()
    picture = picture.convertToFormat(QImage.Format.Format_ARGB32)
    words = bytes(picture.constBits())  # they live as long as the picture
    turned = bytearray(len(words))
    for place in range(4):
        turned[place::4] = words[3 - place :: 4]
    return bytes(turned)


async def test_each_state_has_its_own_icon_in_the_panel(
    tmp_path: Path, on_desktop: tuple[Panel, dict[str, str]]
) -> None:
    panel, variables = on_desktop
    seen: dict[State, bytes] = {}

    async def see(state: State, tooltip: str) -> None:
        await panel.until_tooltip(tooltip)
        width, _, seen[state] = await panel.pixels()
        same = [one.value for one in State if drawn(one, width) == seen[state]]
        assert same == [state.value], f"{tooltip!r} shows {same}"

    async with Station(tmp_path) as station:
        server = await station.server()
        line = await station.line("line1", server, "keep")
        box = line.inboxes[0]
        async with stopped_at_the_end(station), tray(station, variables, "--hidden"):
            await see(State.IDLE, "Ready")
            await panel.choose("Pause", "Until I resume")
            await see(State.PAUSED, "Paused until you resume")
            await panel.choose("Resume")
            await panel.until_tooltip("Ready")
            await server.rules(answer(Act.HANG))
            box.drop(line.equipment.make("wstf", units=1))
            await see(State.WORKING, "Working: 1 report waiting")
            server.stop()
            await see(State.OFFLINE, "Server unreachable since")
            await server.start()
            await panel.until_tooltip("All sent: last upload")
            box.path.rename(tmp_path / "gone")
            await see(State.NEEDS_YOU, "folder")
            (tmp_path / "gone").rename(box.path)
            await panel.until_tooltip("All sent: last upload")
            box.spoil(b"no report\n", "spoilt.wstf")
            await see(State.ERRORS, "1 file could not be converted")
            await station.command("agent", "stop")
            await see(State.NO_AGENT, "Agent not running")
    assert seen.keys() == set(State)


async def test_a_click_on_the_icon_opens_the_window_and_starts_an_agent_that_does_not_run(
    tmp_path: Path, on_desktop: tuple[Panel, dict[str, str]]
) -> None:
    panel, variables = on_desktop
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        async with stopped_at_the_end(station), tray(station, variables, "--hidden"):
            await panel.until_tooltip("Ready")
            assert windows(variables) == []
            await station.command("agent", "stop")
            await panel.until_tooltip("Agent not running: click to start")
            await panel.click()
            await panel.until_tooltip("Ready")
            await until(lambda: windows(variables), what="the window")


async def test_a_click_on_a_notification_leads_to_the_page_that_shows_more(
    tmp_path: Path, on_desktop: tuple[Panel, dict[str, str]]
) -> None:
    panel, variables = on_desktop
    async with Station(tmp_path) as station, stopped_at_the_end(station):
        line = await station.line("line1", await station.server(), "keep")
        async with tray(station, variables, "--hidden", "--quiet-start", "0"):
            await panel.until_tooltip("Ready")
            line.inboxes[0].spoil(b"no report\n", "spoilt.wstf")
            await until(lambda: panel.notifications, what="a notification")
            (shown,) = panel.notifications
            assert "could not be converted" in shown.title + shown.text
            assert shown.urgency == NORMAL
            assert windows(variables) == []
            panel.click_notification(1)
            await until(lambda: windows(variables), what="the window")
        assert Memory(station.home.config.parent / "tray.json").now.page == "queue"
