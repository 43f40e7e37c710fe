"""The disk of the agent's home is full: no file is taken, none is lost, and it goes on when there is room."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.station import Station
from stationmaster.model import ProblemCode

if os.geteuid() != 0:
    pytest.skip("only root may mount a small disk", allow_module_level=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 12 MB where the station's home will lie."""
    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", home], check=False)
    if done.returncode:
        pytest.skip("this machine mounts no tmpfs")
    yield home
    subprocess.run(["umount", "-l", home], check=True)


async def test_taking_stops_and_goes_on(tmp_path: Path, small_disk: Path) -> None:
    async with Station(tmp_path) as station:
        assert station.home.data.is_relative_to(small_disk)
        line = await station.line("line1", await station.server(), "archive", "keep")
        await station.start()
        (took,) = await line.latency(1)
        ballast = small_disk / "ballast"
        with ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 65536)
            except OSError:
                pass
        for box in line.inboxes:
            for _ in range(20):
                box.drop(line.equipment.make("wstf", units=20))
        problem = await station.problem(ProblemCode.DISK_FULL, instance="line1")
        assert "full" in f"{problem.title} {problem.text}".lower()
        assert any(box.path.iterdir() for box in line.inboxes), "files wait where they are"
        assert (await station.instance("line1")).counts.error == 0
        ballast.unlink()
        assert (await station.command("queue", "send")).returncode == 0  # now, not at the next look
        await station.well(ProblemCode.DISK_FULL)
        await station.conserved(seconds=90)
        assert took < 10
