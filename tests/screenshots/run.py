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
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ.setdefault("QT_FONT_DPI", "96")
sys.path.insert(0, str(Path(__file__).parents[1]))

from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QWidget

from fakes.station import TOKEN, Station
from fakes.waiting import until
from screenshots.board import board
from stationmaster.hosting.launch import Launcher
from stationmaster.model import Link
from stationmaster_tray import loop, theme
from stationmaster_tray.app import TrayApp
from stationmaster_tray.memory import Memory
from stationmaster_tray.pages import PAGES
from stationmaster_tray.pages.converters import KNOWN, MAPPING, REPLAY, TRIAL, ConvertersPage
from stationmaster_tray.pages.queue import QueuePage
from stationmaster_tray.pages.settings import SettingsPage
from stationmaster_tray.seen import Contact
from stationmaster_tray.single import Single
from stationmaster_tray.wizard.connection_step import ConnectionStep
from stationmaster_tray.wizard.dialog import Wizard
from stationmaster_tray.wizard.end_step import EndStep, SummaryStep
from stationmaster_tray.wizard.folder_step import FolderStep
from stationmaster_tray.wizard.name_step import NameStep
from stationmaster_tray.wizard.server_step import ServerStep, TokenStep
from stationmaster_tray.wizard.trial_step import TrialStep

OUT = Path(__file__).parents[2] / "docs" / "pictures" / "tray"
MAPPED = Path(__file__).parents[1] / "data" / "mapping"
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


async def wizard(studio: Studio, only: str) -> None:
    """Each step of the way to a station, with what may go wrong there."""
    if only not in {"", "wizard"}:
        return
    studio.tray.window.open_page("wizard")
    shown = studio.tray.window.dialog
    assert isinstance(shown, Wizard)
    for number, picture in enumerate(_walk(shown, studio), start=1):
        name = await picture
        await studio.settle()
        await studio.picture(f"wizard-{number}-{name}", shown)
        if name not in {"done", "connection-failed"}:
            shown.next.click()
            await studio.settle()
    shown.reject()


def _walk(shown: Wizard, studio: Studio) -> Iterator[Coroutine[Any, Any, str]]:
    """Fills in each step in turn and gives its name."""
    server = next(iter(studio.station.lines.values())).server.url
    place = studio.station.root / "results"

    async def at_server() -> str:
        _step(shown, ServerStep).address.setText(server)
        return "server"

    async def at_token() -> str:
        step = _step(shown, TokenStep)
        step.token.setText(TOKEN)
        step.in_file.setChecked(True)
        return "token"

    async def broken_way() -> str:
        step = _step(shown, ConnectionStep)
        await until(lambda: step.checks, what="the test")
        shown.draft.server = "http://127.0.0.1:9"
        step.entered()
        await until(lambda: step.checks, what="the test in vain")
        return "connection-failed"

    async def way() -> str:
        step = _step(shown, ConnectionStep)
        shown.draft.server = server
        step.entered()
        await until(lambda: step.checks, what="the test")
        return "connection"

    async def name() -> str:
        _step(shown, NameStep).station.setText("FCT-04")
        return "name"

    async def folder() -> str:
        step = _step(shown, FolderStep)
        step.folder.setText(str(place))
        await until(lambda: step.converter.count() and step.make.isVisible(), what="the converters")
        step.converter.setCurrentIndex(step.converter.findData("wstf"))
        step.make.setChecked(True)
        step.options.rows["process_code"].field.set_value(10)
        return "folder"

    async def trial() -> str:
        step = _step(shown, TrialStep)
        step.try_file(Path(__file__).parents[1] / "data" / "wstf" / "three_units.txt")
        await until(lambda: step.trial, what="the dry run")
        return "trial"

    async def summary() -> str:
        _step(shown, SummaryStep)
        return "summary"

    async def done() -> str:
        await until(lambda: isinstance(shown.step, EndStep), what="the station")
        return "done"

    yield from (one() for one in (at_server, at_token, broken_way, way, name, folder, trial, summary, done))


S = TypeVar("S")


def _step(shown: Wizard, kind: type[S]) -> S:
    assert isinstance(shown.step, kind), f"{shown.step} {shown.bar.error}"
    return shown.step


async def settings(studio: Studio, only: str) -> None:
    """The settings with faults, a search, a conflict, the text, and the agent's own."""
    if only not in {"", "settings"}:
        return
    await studio.page("settings", "line1")
    page = studio.tray.window.page
    assert isinstance(page, SettingsPage)
    await until(lambda: page.form, what="the form")
    assert page.form is not None
    _enter(page, "server.timeout", "soon")
    await until(lambda: page.faults, what="the fault")
    page.show_wrong.click()
    await studio.picture("settings-fault")
    page.revert_changes()
    _enter(page, "station.location", "Hall 2")
    async with studio.station.client() as client:
        await client.configure("line1", {"station.location": "Hall 3"})
    page.save_changes()
    await until(lambda: page.conflicts, what="the question")
    page.search.setText("station")
    await studio.picture("settings-conflict")
    page.revert_changes()
    page.search.clear()
    page.form.cards("watch").add_button.click()
    await until(lambda: page.faults, what="what is missing")
    page.show_wrong.click()
    await studio.picture("settings-folders")
    page.revert_changes()
    page.as_text.click()
    await studio.picture("settings-text")
    page.as_text.click()
    page.load("")
    await until(lambda: page.form and page.form.schema.kind == "agent", what="the agent's")
    await studio.picture("settings-agent")


def _enter(page: SettingsPage, key: str, value: object) -> None:
    row = page.form.row(key) if page.form else None
    assert row is not None
    row.field.set_value(value)
    row.field.changed.emit()


async def small(studio: Studio, only: str) -> None:
    """Each page in the smallest window."""
    size = studio.tray.window.size()
    studio.tray.window.resize(studio.tray.window.minimumSize())
    for spec in PAGES:
        if not only or spec.id == only:
            await studio.page(spec.id)
            await studio.picture(f"{spec.id}-small")
    studio.tray.window.resize(size)


async def troubles(studio: Studio, only: str) -> None:
    """Errors in the queue, one of them in detail, a serial number that is known, and one that is not."""
    if only not in {"", "queue", "find"}:
        return
    line = studio.station.lines["line1"]
    for number in range(3):
        (line.inboxes[0].path / f"rack-{number}.wsjf").write_text("{ this is no report")
    await studio.station.until(lambda now: any(one.counts.error >= 3 for one in now.instances))
    await studio.page("queue")
    page = studio.tray.window.page
    assert isinstance(page, QueuePage)
    await until(lambda: page.view.model().rowCount() >= 3, what="the errors")
    await studio.picture("queue-errors")
    page.view.choose(0)
    await studio.settle()
    await studio.picture("queue-details")
    await studio.page("find", "burn-in-00001")
    await studio.picture("find-known")
    await studio.page("find", "SN-4711")
    await studio.picture("find-unknown")
    async with studio.station.client() as client:
        await client.dismiss("line1", by="nobody", everything=True)


async def states(studio: Studio, only: str) -> None:
    """The overview paused, with files in error, offline, and without an agent."""
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
    for one in studio.station.lines.values():
        one.server.stop()
        one.inboxes[0].drop(one.equipment.make("wstf", units=2))
    await studio.station.until(
        lambda now: all(one.link is Link.OFFLINE for one in now.instances), what="no server", seconds=60
    )
    await studio.picture("overview-offline")
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


async def mappings(studio: Studio, only: str) -> None:
    """A mapping: before, as it is proposed, with a fault, saved, and the same in the smallest window."""
    if only not in {"", "converters"}:
        return
    await studio.page("converters", "mapping")
    page = studio.tray.window.page
    assert isinstance(page, ConvertersPage)
    panel = page.mapping
    await studio.picture("mapping-empty")
    page.map([MAPPED / "fct.csv"])
    await until(
        lambda: panel.again.isEnabled() and not panel.result.bar.busy, what="the proposal", seconds=60
    )
    await studio.picture("mapping-proposed")
    await _small(studio, "mapping-small", lambda: page.tabs.setCurrentIndex(MAPPING))
    text = panel.editor.content
    panel.editor.text.setPlainText(text.replace('low = "', 'lwo = "'))
    panel.try_now()
    await until(panel.editor.fault.text, what="the fault", seconds=60)
    await studio.picture("mapping-fault")
    panel.editor.text.setPlainText(text.replace("# process", "process"))
    panel.try_now()
    await until(lambda: not panel.editor.fault.text(), what="the mapping", seconds=60)
    panel.save.save_to_station()
    await until(panel.save.done.text, what="the converter", seconds=60)
    await studio.picture("mapping-saved")


async def replays(studio: Studio, only: str) -> None:
    """A replay: before, with files that differ, and the same in the smallest window. After `mappings`."""
    if only not in {"", "converters"}:
        return
    await studio.page("converters", "replay")
    page = studio.tray.window.page
    assert isinstance(page, ConvertersPage)
    panel = page.replay
    page.known.load()
    await until(lambda: panel.choice.present.count() and panel.choice.files.plain.lines, what="the choice")
    await studio.picture("replay-empty")
    other = studio.station.root / "other" / "fct.toml"
    samples = studio.station.root / "samples"
    for folder in (other.parent, samples):
        folder.mkdir()
    other.write_text((MAPPED / "fct.toml").read_text().replace('low = "Min"\n', ""))
    sample = (MAPPED / "fct.csv").read_text()
    for number in range(6):
        (samples / f"fct-{number}.csv").write_text(sample if number else "Serial;none\n")
    panel.take([other])
    panel.take([samples])
    panel.run()
    await until(lambda: not panel.bar.busy, what="the replay", seconds=120)
    await studio.picture("replay-done")
    await _small(studio, "replay-small", lambda: page.tabs.setCurrentIndex(REPLAY))
    page.tabs.setCurrentIndex(TRIAL)


async def _small(studio: Studio, name: str, show: Callable[[], None]) -> None:
    size = studio.tray.window.size()
    studio.tray.window.resize(studio.tray.window.minimumSize())
    show()
    await studio.picture(name)
    studio.tray.window.resize(size)


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
            await mappings(studio, only)
            await replays(studio, only)
            await settings(studio, only)
            await wizard(studio, only)
            await small(studio, only)
            await troubles(studio, only)
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
