"""Pictures of the tray's windows, in light and dark, from a real agent with real reports: `make screenshots`.

Without arguments they go into docs/pictures/tray, and docs/pictures.md shows them; with `--out DIR` they go
elsewhere. `--page` writes the page alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
sys.path.insert(0, str(Path(__file__).parents[1]))

from PySide6 import QtCore
from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QApplication

from fakes.server import Server
from fakes.station import Station
from fakes.waiting import until
from screenshots import converting, drawn, first_run, stage, states, windows
from screenshots.board import board
from screenshots.gallery import PAGE, PICTURES, SCHEMES, SHOTS, page
from screenshots.studio import Studio
from stationmaster.hosting.launch import Launcher
from stationmaster.model import AgentStatus
from stationmaster_tray import loop, theme
from stationmaster_tray.app import TrayApp
from stationmaster_tray.memory import Memory
from stationmaster_tray.single import Single

_PORTS = {"line1": 8080, "burn-in": 8081}
_FILES = 6
"""Files of each line, two units in each."""


async def _servers(station: Station) -> dict[str, Server]:
    servers = {name: Server(station.root / f"server-of-{name}") for name in _PORTS}
    for name, server in servers.items():
        station.servers.append(server)
        server.port = _PORTS[name]
        await server.start()
    return servers


async def _work(studio: Studio, servers: dict[str, Server]) -> None:
    """Two lines, and some files a minute after each other."""
    station = studio.station
    for name, server in servers.items():
        await station.line(name, server, "archive")
    await station.until(lambda now: len(now.instances) == len(servers), what="the lines", seconds=60)
    for turn in range(_FILES):
        studio.story.tick(f"13:{40 + 3 * turn}")
        for line in station.lines.values():
            line.inboxes[0].drop(line.equipment.make("wstf", units=2))
        await station.until(partial(_have_sent, 2 * turn + 2), what="the reports", seconds=60)
    studio.story.tick("14:02")
    (station.lines["line1"].inboxes[0].path / "board-325.wsjf").write_text(json.dumps(board(passed=False)))
    await station.until(
        lambda now: sum(one.counts.completed for one in now.instances) == 4 * _FILES + 1, seconds=60
    )


def _have_sent(count: int, now: AgentStatus) -> bool:
    return all(one.counts.completed == count for one in now.instances)


async def _take(studio: Studio, servers: dict[str, Server]) -> None:
    """All pictures, as the day goes on."""
    story = studio.story
    await first_run.empty(studio)
    story.tick("13:30")
    await first_run.wizard(studio, servers["line1"])
    await _work(studio, servers)
    story.tick("14:07")
    for scene in (windows.pages, drawn.menu, windows.log, windows.find, windows.trials, windows.settings):
        await scene(studio)
    await converting.mappings(studio)
    await converting.replays(studio)
    await converting.canaries(studio)
    await windows.about(studio)
    story.tick("14:15")
    await windows.queue(studio)
    for time, state in (
        ("14:20", states.working),
        ("14:25", states.paused),
        ("14:30", states.errors),
        ("14:40", states.refused),
        ("14:50", states.offline),
        ("15:10", states.gone),
    ):
        story.tick(time)
        await state(studio)
    await drawn.menu(studio, "menu-no-agent")
    drawn.sheets(studio)
    await drawn.notices(studio)


async def _make(root: Path, out: Path, scheme: str) -> None:
    story = stage.Story()
    story.perform()
    async with Station(root) as station:
        os.environ.update(STATIONMASTER_HOME=station.env["STATIONMASTER_HOME"])
        servers = await _servers(station)
        await station.start()
        memory = Memory(root / "tray.json")
        memory.now.wizard = True  # we open it ourselves
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        single = Single(f"stationmaster-screenshots-{scheme}")
        tray = TrayApp(app, Launcher("user", station.env), single, memory)
        running = asyncio.create_task(tray.run())
        await until(lambda: hasattr(tray, "window") and tray.desk.seen.status is not None, what="the tray")
        await _take(Studio(tray, station, story, scheme, out), servers)
        tray.quit()
        await running


def _one(scheme: str, out: Path) -> None:
    """All pictures in one scheme, in this process."""
    root = stage.enter()
    QtCore.qInstallMessageHandler(lambda _kind, _where, _text: None)  # of what this platform cannot do
    app = QApplication(["screenshots"])
    QApplication.setCursorFlashTime(0)  # it stands still
    QLocale.setDefault(QLocale("en_GB"))
    theme.choose(scheme)
    theme.apply(app)
    loop.run(app, lambda: _make(root, out, scheme))


def _all(out: Path) -> None:
    """Both schemes, at the same time where each has a stage of its own; what is no picture any more goes."""
    out.mkdir(parents=True, exist_ok=True)
    running = []
    for scheme in SCHEMES:
        running.append(subprocess.Popen([sys.executable, __file__, "--out", str(out), "--scheme", scheme]))
        if not stage.can_be_entered():
            running[-1].wait()
    if sum(one.wait() for one in running):
        sys.exit("Not all pictures could be taken.")
    wanted = {f"{shot.name}-{scheme}.png" for shot in SHOTS for scheme in SCHEMES}
    for old in out.glob("*.png"):
        if old.name not in wanted:
            old.unlink()


def main() -> None:
    """Make them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=PICTURES)
    parser.add_argument("--scheme", choices=SCHEMES, help="this one alone")
    parser.add_argument("--page", action="store_true", help="write the page alone")
    wanted = parser.parse_args()
    if wanted.scheme:
        _one(wanted.scheme, wanted.out)
        return
    if wanted.page or wanted.out == PICTURES:
        PAGE.write_text(page(), encoding="utf-8")
    if not wanted.page:
        _all(wanted.out)


if __name__ == "__main__":
    main()
