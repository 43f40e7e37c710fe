"""Pictures of the tray's windows, in light and dark, from a real agent with real reports: `make screenshots`.

Without arguments they go into docs/pictures/tray; with `--out DIR` elsewhere. `--only PAGE` makes one page's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ.setdefault("QT_FONT_DPI", "96")
sys.path.insert(0, str(Path(__file__).parents[1]))

from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QWidget

from fakes.station import Station
from fakes.waiting import until
from screenshots.board import board
from stationmaster.hosting.launch import Launcher
from stationmaster_tray import loop, theme
from stationmaster_tray.app import TrayApp
from stationmaster_tray.memory import Memory
from stationmaster_tray.pages import PAGES
from stationmaster_tray.pages.converters import KNOWN, TRIAL, ConvertersPage
from stationmaster_tray.seen import Contact
from stationmaster_tray.single import Single

OUT = Path(__file__).parents[2] / "docs" / "pictures" / "tray"
SCHEMES = ("light", "dark")

Prepare = Callable[["Studio"], Awaitable[None]]


class Studio:
    """The tray app in this process, with an agent that works; takes pictures."""

    def __init__(self, app: QApplication, tray: TrayApp, station: Station, out: Path) -> None:
        self.app = app
        self.tray = tray
        self.station = station
        self._out = out

    async def settle(self) -> None:
        """Let everything be drawn that was asked for."""
        for _ in range(40):
            await asyncio.sleep(0.02)

    async def picture(self, name: str, widget: QWidget | None = None) -> None:
        """A picture of a widget, or the window, in each scheme."""
        for scheme in SCHEMES:
            theme.choose(scheme)
            theme.apply(self.app)
            self.tray.redraw()
            await self.settle()
            picture = (widget or self.tray.window).grab().toImage()
            smallest = 0  # the quality that Qt takes for: compress as well as can be
            solid = picture.convertToFormat(QImage.Format.Format_RGB888)
            solid.save(str(self._out / f"{name}-{scheme}.png"), None, smallest)

    async def page(self, name: str, argument: object = None) -> None:
        """Open a page."""
        self.tray.window.open_page(name, argument)
        await self.settle()


async def pages(studio: Studio, only: str) -> None:
    """Each page as it is with a station that works."""
    for spec in PAGES:
        if not only or spec.id == only:
            await studio.page(spec.id)
            await studio.picture(spec.id)


async def states(studio: Studio, only: str) -> None:
    """The overview paused, with files in error, and without an agent."""
    if only not in {"", "overview"}:
        return
    await studio.page("overview")
    async with studio.station.client() as client:
        await client.pause("line1", None)
        await studio.station.until(lambda now: any(one.paused_until for one in now.instances))
        await studio.picture("overview-paused")
        await client.resume("line1")
    line = studio.station.lines["line1"]
    (line.inboxes[0].path / "broken.wsjf").write_text("{ this is no report")
    await studio.station.until(lambda now: any(one.counts.error for one in now.instances))
    await studio.picture("overview-errors")
    studio.tray.desk.session.stop_starting()
    await studio.station.terminate()
    await until(lambda: studio.tray.desk.seen.contact is Contact.GONE)
    await studio.picture("overview-no-agent")


async def trials(studio: Studio, only: str) -> None:
    """Files on trial: before, one that passed, one that failed, its waveform, one that no converter knows."""
    if only not in {"", "converters"}:
        return
    await studio.page("converters")
    page = studio.tray.window.page
    assert isinstance(page, ConvertersPage)
    page.tabs.setCurrentIndex(KNOWN)
    await until(lambda: page.known.table.plain.lines, what="the converters")
    await studio.picture("converters-known")
    page.tabs.setCurrentIndex(TRIAL)
    await studio.picture("converters-empty")
    file, result = studio.station.root / "board-325.wsjf", page.trial.result
    for name, content in (
        ("passed", json.dumps(board(passed=True))),
        ("failed", json.dumps(board(passed=False))),
        ("findings", json.dumps(board(passed=False) | {"machineName": 5, "purpose": None})),
        ("error", "SN-0325;PASS"),
    ):
        file.write_text(content)
        page.test([file])
        await until(lambda: not page.trial.bar.busy and not result.bar.busy, what="the dry run")
        await studio.picture(f"converters-{name}")
        if name == "failed":
            result.tree.go_to((2, 1))
            await studio.picture("converters-waveform")


@asynccontextmanager
async def working(root: Path) -> AsyncIterator[Station]:
    """Two stations with reports delivered."""
    async with Station(root) as station:
        os.environ.update(STATIONMASTER_HOME=station.env["STATIONMASTER_HOME"])
        for name in ("line1", "burn-in"):
            line = await station.line(name, await station.server(), "archive")
            for _ in range(12):
                line.inboxes[0].drop(line.equipment.make("wstf", units=2))
        await station.start()
        await station.until(
            lambda now: all(one.counts.completed >= 24 for one in now.instances),
            what="the reports",
            seconds=60,
        )
        yield station


async def _make(app: QApplication, out: Path, only: str) -> None:
    with tempfile.TemporaryDirectory(prefix="sm-") as folder:
        async with working(Path(folder)) as station:
            launcher = Launcher("user", station.env)
            single, memory = Single("stationmaster-screenshots"), Memory(Path(folder) / "tray.json")
            tray = TrayApp(app, launcher, single, memory)
            running = asyncio.create_task(tray.run())
            await until(
                lambda: hasattr(tray, "window") and tray.desk.seen.status is not None, what="the tray"
            )
            studio = Studio(app, tray, station, out)
            await pages(studio, only)
            await trials(studio, only)
            await states(studio, only)
            tray.quit()
            await running


def main() -> None:
    """Make them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--only", default="", help="id of one page")
    wanted = parser.parse_args()
    wanted.out.mkdir(parents=True, exist_ok=True)
    app = QApplication(["screenshots"])
    theme.apply(app)
    loop.run(app, lambda: _make(app, wanted.out, wanted.only))


if __name__ == "__main__":
    main()
