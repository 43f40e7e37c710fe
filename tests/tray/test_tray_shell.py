"""The tray app as a program on a real X server and D-Bus, with a panel of ours: icon, menu, agent."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fakes.desktop import Panel, desktop, missing, screen, session_bus, windows
from fakes.program import stopped_at_the_end, tray
from fakes.station import Station
from fakes.waiting import running, until

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "it can run here")


async def pause_of(station: Station, name: str) -> datetime | None:
    return (await station.instance(name)).paused_until


@asynccontextmanager
async def at_work(
    root: Path, variables: dict[str, str], *arguments: str
) -> AsyncIterator[tuple[Station, subprocess.Popen[bytes]]]:
    """A station with one line, and the tray, hidden, that started its agent."""
    async with Station(root) as station:
        await station.line("line1", await station.server(), "keep")
        async with stopped_at_the_end(station), tray(station, variables, "--hidden", *arguments) as process:
            yield station, process


@pytest.fixture
async def on_desktop(tmp_path: Path) -> AsyncIterator[tuple[Panel, dict[str, str]]]:
    async with desktop(tmp_path) as found:
        yield found


async def test_a_pause_chosen_in_the_menu_is_seen_by_the_command_line(
    tmp_path: Path, on_desktop: tuple[Panel, dict[str, str]]
) -> None:
    panel, variables = on_desktop
    async with at_work(tmp_path, variables) as (station, _):
        await panel.until_tooltip("Ready")
        assert await panel.property("Status") == "Active"
        idle = await panel.pixels()
        await panel.choose("Pause", "15 minutes")
        told = await panel.until_tooltip("Paused until")
        until_ = await pause_of(station, "line1")
        assert until_ is not None
        assert timedelta(minutes=14) < until_ - datetime.now(UTC) < timedelta(minutes=16)
        shown = await station.command("agent", "status")
        assert "paused until" in shown.stdout
        assert await panel.pixels() != idle
        assert (await panel.menu()).lines[0].text == told
        await panel.choose("Resume")
        await panel.until_tooltip("Ready")
        assert await pause_of(station, "line1") is None


async def test_an_agent_that_dies_is_started_again_and_one_that_is_stopped_stays_so(
    tmp_path: Path, on_desktop: tuple[Panel, dict[str, str]]
) -> None:
    panel, variables = on_desktop
    async with at_work(tmp_path, variables) as (station, _):
        await panel.until_tooltip("Ready")
        first = (await station.status()).pid
        await asyncio.to_thread(subprocess.run, ["kill", "-9", str(first)], check=True)
        await panel.until_tooltip("starting")
        await panel.until_tooltip("Ready")
        second = (await station.status()).pid
        assert second != first
        await station.command("agent", "stop")
        await panel.until_tooltip("Agent not running: click to start")
        await panel.choose("Agent not running")
        await panel.until_tooltip("Ready")


async def test_what_needs_a_person_is_notified_once_and_its_end_too(
    tmp_path: Path, on_desktop: tuple[Panel, dict[str, str]]
) -> None:
    panel, variables = on_desktop
    async with at_work(tmp_path, variables, "--quiet-start", "0") as (station, _):
        line = station.lines["line1"]
        await panel.until_tooltip("Ready")
        folder = line.inboxes[0].path
        folder.rename(folder.with_name("gone"))
        await until(lambda: panel.notifications, what="a notification")
        problem = next(one for one in (await station.status()).problems if one.instance == "line1")
        assert await panel.until_tooltip(problem.title)
        folder.with_name("gone").rename(folder)
        await panel.until_tooltip("Ready")
        await until(lambda: len(panel.notifications) > 1, what="its end")
        assert [one.title for one in panel.notifications] == [problem.title, f"Solved: {problem.title}"]
        assert [one.urgency for one in panel.notifications] == [1, 0]  # normal, low


async def test_a_folder_called_like_markup_is_none_in_a_notification(
    tmp_path: Path, on_desktop: tuple[Panel, dict[str, str]]
) -> None:
    panel, variables = on_desktop
    root = tmp_path / "<b>in"
    root.mkdir()
    async with at_work(root, variables, "--quiet-start", "0") as (station, _):
        await panel.until_tooltip("Ready")
        folder = station.lines["line1"].inboxes[0].path
        folder.rename(folder.with_name("gone"))
        await until(lambda: panel.notifications, what="a notification")
        shown = panel.notifications[0]
        assert "b›in" in shown.text  # noqa: RUF001 - it looks like a bracket, and is none
        assert not {"<", ">"} & {*shown.text, *shown.title, *await panel.tooltip()}


async def test_a_second_launch_raises_the_first_ones_window_and_leaves(
    tmp_path: Path, on_desktop: tuple[Panel, dict[str, str]]
) -> None:
    panel, variables = on_desktop
    async with at_work(tmp_path, variables) as (station, _):
        await panel.until_tooltip("Ready")
        assert windows(variables) == []
        second = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "stationmaster_tray", env={**station.env, **variables}
        )
        assert await second.wait() == 0
        await until(lambda: windows(variables), what="the window")
        assert len(panel.icons) == 1


async def test_a_panel_that_comes_later_gets_the_icon(tmp_path: Path) -> None:
    with screen(tmp_path) as display, session_bus() as bus:
        variables = {**display, **bus}
        async with Station(tmp_path) as station:
            await station.line("line1", await station.server(), "keep")
            async with stopped_at_the_end(station), tray(station, variables, "--hidden"):
                await until(lambda: windows(variables), what="the window, where there is no panel")
                async with Panel(bus["DBUS_SESSION_BUS_ADDRESS"]) as panel:
                    await panel.until_tooltip("Ready")
                async with Panel(bus["DBUS_SESSION_BUS_ADDRESS"]) as another:
                    await another.until_tooltip("Ready")


async def test_quitting_tray_and_agent_ends_both(
    tmp_path: Path, on_desktop: tuple[Panel, dict[str, str]]
) -> None:
    panel, variables = on_desktop
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        async with tray(station, variables, "--hidden") as process:
            await panel.until_tooltip("Ready")
            agent = (await station.status()).pid
            await panel.choose("Quit", "Tray and agent")
            await until(lambda: process.poll() is not None and not running(agent), what="the end of both")
            assert process.returncode == 0


async def test_start_at_log_in_is_switched_in_the_menu_and_by_command(
    tmp_path: Path, on_desktop: tuple[Panel, dict[str, str]]
) -> None:
    panel, variables = on_desktop
    variables = {**variables, "XDG_CONFIG_HOME": str(tmp_path / "config")}
    async with (
        Station(tmp_path) as station,
        stopped_at_the_end(station),
        tray(station, variables, "--hidden"),
    ):
        await panel.until_tooltip("No station is set up yet")
        await panel.choose("Start at log-in")
        entry = tmp_path / "config" / "autostart" / "stationmaster-tray.desktop"
        await until(entry.exists, what="the entry")
        assert "--hidden" in entry.read_text()
        shown = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "stationmaster_tray", "--autostart", "off"),
            env={**station.env, **variables},
            stdout=asyncio.subprocess.PIPE,
        )
        assert (await shown.communicate())[0] == b"off\n"
        assert not entry.exists()
