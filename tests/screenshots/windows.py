"""Each page of a station that works, in each of its own states."""

from __future__ import annotations

import json
from functools import partial

from PySide6.QtWidgets import QMessageBox, QWidget

from fakes.waiting import until
from screenshots.board import board
from screenshots.studio import Studio
from stationmaster.model import AgentStatus
from stationmaster_tray.entries.report import ReportDialog
from stationmaster_tray.pages import PAGES
from stationmaster_tray.pages.about import AboutPage
from stationmaster_tray.pages.converters import KNOWN, TRIAL, WATCHED, ConvertersPage
from stationmaster_tray.pages.find import FindPage
from stationmaster_tray.pages.log import LogPage
from stationmaster_tray.pages.queue import QueuePage
from stationmaster_tray.pages.settings import SettingsPage
from stationmaster_tray.settings.question import TokenDialog, ask_removal


async def pages(studio: Studio) -> None:
    """Each page as it is at first, in a window of usual size and in the smallest."""
    window = studio.tray.window
    size = window.size()
    for small in (False, True):
        window.resize(window.minimumSize() if small else size)
        for spec in PAGES:
            await studio.open(spec.id, "line1" if spec.id == "settings" else None)
            await studio.picture(f"{spec.id}-small" if small else spec.id)
    window.resize(size)


async def trials(studio: Studio) -> None:
    """Files on trial: before, one that passed, one that failed, its waveform, one that no converter knows."""
    await studio.open("converters")
    page = studio.page
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
    with studio.silent_agent():
        page.test([file])
        await studio.picture("converters-loading", wait=False)
    await studio.settle()
    page.tabs.setCurrentIndex(WATCHED)


async def settings(studio: Studio) -> None:
    """The settings with faults, a search, a conflict, the text, and the agent's own."""
    await studio.open("settings", "line1")
    page = studio.page
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
    dialog = TokenDialog("line1", page)
    dialog.open()
    await studio.picture("settings-token", dialog)
    dialog.reject()
    box = ask_removal("line1", page, lambda: None)
    await studio.picture("settings-removal", box)
    box.close()
    page.load("")
    await until(lambda: page.form and page.form.schema.kind == "agent", what="the agent's")
    await studio.picture("settings-agent")
    with studio.silent_agent():
        page.load("burn-in")
        await studio.picture("settings-loading", wait=False)
    await studio.settle()
    await studio.open("settings", "line1")


def _enter(page: SettingsPage, key: str, value: object) -> None:
    row = page.form.row(key) if page.form else None
    assert row is not None
    row.field.set_value(value)
    row.field.changed.emit()


async def queue(studio: Studio) -> None:
    """What was delivered, a report, errors, one of them in detail, the question, a search in vain."""
    await studio.open("queue", {"state": "delivered"})
    page = studio.page
    assert isinstance(page, QueuePage)
    await until(lambda: page.view.model().rowCount() >= 3, what="the delivered ones")
    await studio.picture("queue-delivered")
    await report(studio, page)
    line = studio.station.lines["line1"]
    for number in range(3):
        (line.inboxes[0].path / f"rack-{number}.wsjf").write_text("{ this is no report")
        await studio.station.until(partial(_has_errors, number + 1))
    await studio.open("queue", {"state": "errors"})
    await until(lambda: page.view.model().rowCount() >= 3, what="the errors")
    await studio.picture("queue-errors")
    page.view.choose(0)
    await studio.picture("queue-details")
    page.deeds.dismiss(page.view.entries())
    await until(lambda: studio.tray.window.findChild(QMessageBox, "dismiss"), what="the question")
    box = studio.tray.window.findChild(QMessageBox, "dismiss")
    assert isinstance(box, QMessageBox)
    await studio.picture("queue-dismiss", box)
    box.reject()
    search = page._search
    search.setText("SN-4711")
    search.returnPressed.emit()
    await studio.picture("queue-no-match")
    search.clear()
    search.returnPressed.emit()
    await studio.settle()
    with studio.silent_agent():
        page._tabs.setCurrentIndex(2)
        await studio.picture("queue-loading", wait=False)
    await studio.settle()
    page._tabs.setCurrentIndex(0)
    async with studio.station.client() as client:
        await client.dismiss("line1", by="anna", everything=True)
    await studio.station.until(lambda now: not any(one.counts.error for one in now.instances))


def _has_errors(count: int, now: AgentStatus) -> bool:
    return any(one.counts.error >= count for one in now.instances)


async def report(studio: Studio, page: QWidget) -> None:
    """The report of an entry, with the chart of its waveform."""
    async with studio.station.client() as client:
        entry = next(one for one in await client.entries("line1") if "325" in one.serial_number)
    with studio.silent_agent():
        reading = ReportDialog(studio.tray.desk, entry, page)
        reading.open()
        await studio.picture("report-loading", reading, wait=False)
    reading.reject()
    shown = ReportDialog(studio.tray.desk, entry, page)
    shown.open()
    await until(lambda: shown.document, what="the report")
    shown.tree.go_to((2, 1))
    await studio.picture("report", shown)
    shown.reject()


async def find(studio: Studio) -> None:
    """A serial number that is known, one that is not, and one that is being looked for."""
    await studio.open("find", "burn-in-00001")
    await studio.picture("find-known")
    await studio.open("find", "SN-4711")
    await studio.picture("find-unknown")
    page = studio.page
    assert isinstance(page, FindPage)
    with studio.silent_agent():
        page.look_up()
        await studio.picture("find-loading", wait=False)
    await studio.settle()


async def log(studio: Studio) -> None:
    """The log with a filter, without a match, and while the agent is slow."""
    await studio.open("log")
    page = studio.page
    assert isinstance(page, LogPage)
    page.level.setCurrentIndex(page.level.findData("warning"))
    await studio.picture("log-filter")
    page.level.setCurrentIndex(0)
    page.text.setText("no such words")
    page.load()
    await studio.picture("log-no-match")
    page.text.clear()
    with studio.silent_agent():
        page.load()
        await studio.picture("log-loading", wait=False)
    await studio.settle()


async def about(studio: Studio) -> None:
    """Diagnostics that were saved."""
    await studio.open("about")
    page = studio.page
    assert isinstance(page, AboutPage)
    page.save(studio.station.root / "stationmaster-diagnostics-20260312-1407.zip")
    await studio.picture("about-saved")
