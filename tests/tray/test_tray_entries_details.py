"""The pane below the list, the report's window, and calls that take long, with a real agent."""

from __future__ import annotations

import signal
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QPushButton, QTextBrowser

from fakes.long_list import page_with
from fakes.station import Station
from fakes.tray import attached, button, texts
from fakes.waiting import until
from stationmaster_tray import theme
from stationmaster_tray.call import CallBar
from stationmaster_tray.entries.report import ReportDialog
from stationmaster_tray.pages.queue import QueuePage

pytestmark = pytest.mark.usefixtures("app")


async def test_whoever_walks_by_key_sees_each_entry_at_once_and_the_last_one_in_full(tmp_path: Path) -> None:
    async with page_with(tmp_path, 50, "waiting") as page:
        page.view.setFocus()
        page.view.choose(0)
        for row in range(1, 30):
            QTest.keyClick(page.view, Qt.Key.Key_Down)
            name = page.table.entry(row).serial_number
            assert page.details.heading.startswith(f"{name}: waiting")
            assert f"{page.table.entry(row).report_id}" in page.details.text
        await until(lambda: "taken and queued" in page.details.text, what="the history of the last one")
        assert page.details.heading.startswith(page.table.entry(29).serial_number)


async def test_nothing_one_and_many_chosen_entries_look_different(tmp_path: Path) -> None:
    async with page_with(tmp_path, 20, "waiting") as page:
        assert page.details.heading.startswith("Choose an entry")
        assert not button(page, "&Copy details").isEnabled()
        page.view.choose(3)
        assert button(page, "&Copy details").isEnabled()
        assert button(page, "&Show report").isEnabled()
        page.view.selectAll()
        assert page.details.heading == "20 entries are chosen"
        assert page.details.text == ""
        assert not button(page, "&Show report").isEnabled()
        assert not button(page, "&Open file").isEnabled()
        page.view.clearSelection()
        assert page.details.heading.startswith("Choose an entry")


async def test_the_menu_of_the_list_does_what_the_buttons_do(tmp_path: Path) -> None:
    async with page_with(tmp_path, 20, "waiting") as page:
        page.view.choose(3)
        menu = page.view.menu()
        offered = {one.objectName(): one for one in menu.actions()}
        for name in ("retry", "dismiss", "open-file", "open-folder", "show-report", "copy-details"):
            twin = next(one for one in page.details.findChildren(QPushButton) if one.objectName() == name)
            assert offered[name].isEnabled() == twin.isEnabled()
            assert offered[name].text() == twin.text()


def is_in(colour: str, shown: QTextBrowser) -> bool:
    return colour in shown.toHtml()


async def test_the_colours_follow_light_and_dark(tmp_path: Path, app: QApplication) -> None:
    async with page_with(tmp_path, 5, "waiting") as page:
        page.view.choose(0)
        shown = page.details.findChild(QTextBrowser)
        assert isinstance(shown, QTextBrowser)
        try:
            for scheme, colours in (("dark", theme.DARK), ("light", theme.LIGHT)):
                theme.choose(scheme)
                theme.apply(app)
                quiet = colours.quiet
                await until(partial(is_in, quiet, shown), what=scheme)
        finally:
            theme.choose("")
            theme.apply(app)


async def test_return_goes_to_the_details_and_tab_reaches_the_buttons(tmp_path: Path) -> None:
    async with page_with(tmp_path, 5, "waiting") as page:
        page.activateWindow()
        await until(page.isActiveWindow, what="the window in front")
        page.view.choose(0)
        page.view.setFocus()
        QTest.keyClick(page.view, Qt.Key.Key_Return)
        assert isinstance(page.focusWidget(), QTextBrowser)
        reached = set()
        for _ in range(30):
            QTest.keyClick(page.focusWidget(), Qt.Key.Key_Tab)
            reached.add(page.focusWidget().objectName() or type(page.focusWidget()).__name__)
        assert {"show-report", "copy-details", "QTabBar", "QLineEdit", "EntryView"} <= reached


def bar_of(page: QueuePage) -> CallBar:
    """The one above the list."""
    others = (page.deeds.bar, page.deeds.changes)
    return next(one for one in page.findChildren(CallBar) if one.parent() is page and one not in others)


async def test_an_agent_that_is_slow_shows_so_and_can_be_left_alone(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.start()
        assert station.agent is not None
        async with attached(station) as desk:
            page = QueuePage(desk)
            page.show()
            page.show_seen(desk.seen)
            page.entered()
            await until(lambda: page.feed.known, what="the list")
            station.agent.send_signal(signal.SIGSTOP)
            try:
                page.entered({"state": "delivered"})
                bar = bar_of(page)
                await until(bar.isVisible, what="the sign that it takes a while")
                assert "Reading the list..." in texts(bar)
                button(bar, "Cancel").click()
                assert not bar.busy
                assert not bar.isVisible()
            finally:
                station.agent.send_signal(signal.SIGCONT)
            page.entered({"state": "delivered"})
            await until(lambda: page.feed.known, what="the list, later")
            page.left()
            page.close()


async def test_a_report_that_is_gone_or_no_json_is_told_in_words(tmp_path: Path) -> None:
    # The spool of the long list holds payloads that are no reports.
    async with page_with(tmp_path, 2, "waiting") as page:
        dialog = ReportDialog(page.desk, page.table.entry(0), page)
        dialog.open()
        await until(
            lambda: any(text.startswith("The report cannot be shown") for text in texts(dialog)),
            what="the words",
        )
        assert not button(dialog, "Copy as &text").isEnabled()
        assert not button(dialog, "Copy as CS&V").isEnabled()
        button(dialog, "Copy as &JSON").click()  # as it is, for support
        payload = (await page.desk.client.payload("line1", page.table.entry(0).id)).decode(errors="replace")
        await until(lambda: QGuiApplication.clipboard().text() == payload, what="the copy")
        dialog.reject()


async def test_where_to_save_a_report_is_asked_without_waiting(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        line = await station.line("line1", await station.server(), "keep")
        line.inboxes[0].drop(line.equipment.make("wsjf"))
        await station.start()
        await station.until(lambda now: now.instances[0].counts.completed == 1)
        (entry,) = await station.entries("line1", "completed")
        async with attached(station) as desk:
            dialog = ReportDialog(desk, entry)
            dialog.open()
            await until(lambda: dialog.document is not None, what="the report")
            button(dialog, "&Save as...").click()
            chooser = dialog.findChild(QFileDialog)
            assert isinstance(chooser, QFileDialog)
            assert chooser.defaultSuffix() == "json"
            assert entry.report_id in chooser.selectedFiles()[0]
            chooser.fileSelected.emit(str(tmp_path / "saved.json"))
            await until((tmp_path / "saved.json").exists, what="the file")
            chooser.reject()
            dialog.reject()
