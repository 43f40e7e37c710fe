"""The frozen tray on a real X server and D-Bus: icon, menu, window, the frozen agent beside it, the end."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from fakes import bundle
from fakes.desktop import desktop, missing, windows
from fakes.program import stopped_at_the_end, tray
from fakes.station import Station
from fakes.waiting import until
from stationmaster import __version__

WHY_NOT = bundle.not_built(bundle.CONSOLE, bundle.TRAY) or missing()
pytestmark = [pytest.mark.bundle, pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "it is built")]

PROGRAM = (str(bundle.TRAY),)


def test_it_is_small_and_of_this_version(tmp_path: Path) -> None:
    assert bundle.TRAY.stat().st_size <= 70_000_000
    shown = subprocess.run(
        [*PROGRAM, "--version"], env=bundle.environment(tmp_path), capture_output=True, text=True, check=True
    )
    assert shown.stdout == f"stationmaster-tray {__version__}\n"
    assert bundle.unpacked(tmp_path) == []


async def test_it_starts_the_agent_beside_it_and_steers_it_by_its_menu(
    tmp_path: Path, frozen: Station
) -> None:
    async with desktop(tmp_path) as (panel, variables):
        await frozen.line("line1", await frozen.server(), "keep")
        async with stopped_at_the_end(frozen), tray(frozen, variables, "--hidden", program=PROGRAM):
            await panel.until_tooltip("Ready")
            _, _, drawn = await panel.pixels()
            assert any(drawn), "the icon has pixels"
            agent = (await frozen.status()).pid
            command = dict(bundle.processes(tmp_path))[agent]
            assert command.startswith(str(bundle.CONSOLE))
            await panel.choose("Pause", "15 minutes")
            await panel.until_tooltip("Paused until")
            await panel.choose("Resume")
            await panel.until_tooltip("Ready")


async def test_its_window_opens_and_sigterm_ends_it_and_leaves_the_agent(
    tmp_path: Path, frozen: Station
) -> None:
    async with desktop(tmp_path) as (panel, variables):
        await frozen.line("line1", await frozen.server(), "keep")
        async with stopped_at_the_end(frozen):
            async with tray(frozen, variables, program=PROGRAM):
                await until(lambda: windows(variables), what="the window")
                await panel.until_tooltip("Ready")
                before = (await frozen.status()).pid
            ended = [command for _, command in bundle.processes(tmp_path) if bundle.TRAY.name in command]
            assert ended == []
            assert (await frozen.status()).pid == before, "the agent outlives the tray"
            assert len(bundle.unpacked(tmp_path)) == 1, "the agent unpacked its own files"
