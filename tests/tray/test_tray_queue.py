"""The page Queue & Errors, with a real agent behind it."""

from __future__ import annotations

import csv
import getpass
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QMessageBox, QPushButton, QTabBar, QWidget

from fakes import waiting
from fakes.opener import Opener
from fakes.station import Line, Station
from fakes.tray import attached, button, texts
from fakes.waiting import until
from stationmaster.errors import ControlError
from stationmaster_tray.desk import Desk
from stationmaster_tray.entries.choice import Choice
from stationmaster_tray.entries.pager import Pager
from stationmaster_tray.entries.report import ReportDialog
from stationmaster_tray.pages.queue import QueuePage
from stationmaster_tray.widgets.blank import Blank

pytestmark = pytest.mark.usefixtures("app")


def spoil(line: Line, *names: str) -> None:
    """Files that nothing good can come of."""
    for name in names:
        place = line.inboxes[0].path / name
        hidden = place.with_name(f".{name}")
        hidden.write_text('{"type": "T"}')
        hidden.replace(place)


async def failed(station: Station, count: int) -> None:
    """Wait for so many errors."""
    await station.until(
        lambda now: sum(one.counts.error for one in now.instances) == count, what="the errors"
    )


@asynccontextmanager
async def page_of(desk: Desk, argument: object = None) -> AsyncIterator[QueuePage]:
    """The page as the window shows it."""
    page = QueuePage(desk)
    page.resize(900, 650)
    page.show()
    desk.session.changed.connect(page.show_seen)
    page.show_seen(desk.seen)
    page.entered(argument)
    await until(lambda: page.feed.known or desk.seen.status is None, what="the list")
    try:
        yield page
    finally:
        desk.session.changed.disconnect(page.show_seen)
        page.left()
        page.close()


def shown(page: QueuePage, column: int = 1) -> list[str]:
    """A column of the list."""
    return [str(page.table.index(row, column).data()) for row in range(page.table.rowCount())]


def files(page: QueuePage) -> list[str]:
    return shown(page, [column.id for column in page.table.columns].index("file"))


def blank(page: QueuePage) -> str:
    """What stands where the list would."""
    found = page.findChild(Blank)
    assert isinstance(found, Blank)
    return found.text if found.isVisible() else ""


def child(page: QWidget, kind: type[QWidget]) -> QWidget:
    found = page.findChild(kind)
    assert isinstance(found, kind)
    return found


def tab(page: QueuePage, name: str) -> None:
    """Click a tab."""
    tabs = page.findChild(QTabBar)
    assert isinstance(tabs, QTabBar)
    tabs.setCurrentIndex([tabs.tabText(place).partition(" ")[0] for place in range(tabs.count())].index(name))


def clipboard() -> str:
    return QGuiApplication.clipboard().text()


async def test_an_error_shows_its_reason_and_file_and_comes_and_goes_by_itself(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        line = await station.line("line1", await station.server(), "keep")
        await station.start()
        async with attached(station) as desk, page_of(desk) as page:
            assert blank(page).startswith("No errors.")
            spoil(line, "bad.json")
            await until(lambda: files(page) == ["bad.json"], what="the error in the list")
            assert blank(page) == ""
            page.view.choose(0)
            await until(lambda: "History" in page.details.text, what="the history")
            assert "No converter of its folder knows bad.json" in page.details.text
            assert str(line.inboxes[0].path / "bad.json") in page.details.text
            assert page.details.heading == "bad.json: error"
            assert not button(page, "&Show report").isEnabled()
            await station.command("queue", "dismiss", "--all", "--yes")
            await until(lambda: page.table.rowCount() == 0, what="an empty list")
            await until(lambda: blank(page).startswith("No errors."), what="the sentence")
            tab(page, "Dismissed")
            await until(lambda: files(page) == ["bad.json"], what="the dismissed entry")


async def test_what_is_chosen_stays_chosen_and_in_its_place_while_others_come(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        line = await station.line("line1", await station.server(), "keep")
        await station.start()
        spoil(line, "first.json", "second.json")
        await failed(station, 2)
        async with attached(station) as desk, page_of(desk, "line1") as page:
            page.view.choose(1)
            (chosen,) = page.view.keys()
            spoil(line, "third.json", "fourth.json")
            await until(lambda: page.table.rowCount() == 4, what="the new ones")
            assert page.view.keys() == [chosen]
            assert page.table.row_of(chosen) == 3


async def test_retry_queues_again_what_is_chosen_and_goes_on_with_the_next(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        line = await station.line("line1", await station.server(), "keep")
        await station.start()
        spoil(line, "a.json", "b.json", "c.json")
        await failed(station, 3)
        async with attached(station) as desk, page_of(desk) as page:
            page.view.choose(0)
            first, second = files(page)[:2]
            (line.inboxes[0].path / first).write_bytes(line.equipment.make("wsjf").content)
            await until(lambda: button(page, "&Retry").isEnabled(), what="the button")
            QTest.mouseClick(button(page, "&Retry"), Qt.MouseButton.LeftButton)
            await until(lambda: first not in files(page), what="its end in the list")
            assert "1 entry is queued again." in texts(page)
            assert page.details.heading == f"{second}: error"
            await station.until(lambda now: now.instances[0].counts.completed > 0, what="the delivery")


async def test_retry_all_takes_the_whole_error_list(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        line = await station.line("line1", await station.server(), "keep")
        await station.start()
        spoil(line, "a.json", "b.json")
        await failed(station, 2)
        async with attached(station) as desk, page_of(desk) as page:
            attempts = {one.id: one.attempts for one in await station.entries("line1")}
            button(page, "Retry &all errors").click()
            await until(lambda: "2 entries are queued again." in texts(page), what="the answer")

            async def tried_again() -> bool:
                again = await station.entries("line1", "error")
                return len(again) == 2 and all(one.attempts > attempts[one.id] for one in again)

            await waiting.answer(tried_again, what="the second try of both")


async def test_dismiss_asks_and_goes_on_record_with_the_name(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        line = await station.line("line1", await station.server(), "keep")
        await station.start()
        spoil(line, "a.json", "b.json")
        await failed(station, 2)
        async with attached(station) as desk, page_of(desk) as page:
            page.view.selectAll()
            assert page.details.heading == "2 entries are chosen"
            for answer in ("Cancel", "Dismiss"):
                button(page, "&Dismiss...").click()
                await until(lambda: page.findChild(QMessageBox, "dismiss") is not None, what="the question")
                box = page.findChild(QMessageBox, "dismiss")
                assert isinstance(box, QMessageBox)
                assert getpass.getuser() in box.informativeText()
                assert [one.text() for one in box.findChildren(QPushButton) if one.isDefault()] == ["Cancel"]
                next(one for one in box.buttons() if one.text().endswith(answer)).click()
                await until(lambda: page.findChild(QMessageBox, "dismiss") is None, what="the end of it")
                if answer == "Cancel":
                    assert len(await station.entries("line1", "error")) == 2
            await until(lambda: page.table.rowCount() == 0, what="an empty list")
            gone = await station.entries("line1", "dismissed")
            assert [one.dismissed_by for one in gone] == [getpass.getuser()] * 2


async def test_the_search_begins_as_one_types_and_finds_nothing_in_plain_words(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        line = await station.line("line1", await station.server(), "keep")
        await station.start()
        spoil(line, "apple.json", "pear.json")
        line.inboxes[0].drop(line.equipment.make("wsjf"))
        await failed(station, 2)
        await station.until(lambda now: now.instances[0].counts.completed == 1)
        async with attached(station) as desk, page_of(desk) as page:
            search = child(page, QLineEdit)
            assert isinstance(search, QLineEdit)
            QTest.keyClicks(search, "apple")
            await until(lambda: files(page) == ["apple.json"], what="what was found")
            search.setText("line1-00001")
            await until(lambda: blank(page) == "Nothing here matches “line1-00001”.", what="the sentence")
            button(page, "Look in everything").click()
            await until(lambda: page.table.rowCount() == 1, what="the delivered report")
            search.clear()
            await until(lambda: page.table.rowCount() == 3, what="everything")


async def test_stations_are_one_list_or_one_by_one(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        lines = [await station.line(name, await station.server(), "keep") for name in ("line1", "line2")]
        await station.start()
        for line in lines:
            spoil(line, f"bad-{line.name}.json")
        await failed(station, 2)
        async with attached(station) as desk, page_of(desk) as page:
            assert set(files(page)) == {"bad-line1.json", "bad-line2.json"}
            page.entered("line2")
            await until(lambda: files(page) == ["bad-line2.json"], what="those of one station")
            page.entered({"instance": "line1", "state": "delivered"})
            await until(lambda: blank(page) == "Nothing was delivered yet.", what="the sentence")
            (entry,) = await station.entries("line1", "error")
            page.entered({"instance": "line1", "state": "all", "entry": entry.id})
            await until(lambda: page.view.count == 1, what="the entry that was wanted")
            assert page.details.heading == "bad-line1.json: error"


async def test_the_selection_is_copied_as_text_csv_and_json(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        line = await station.line("line1", await station.server(), "keep")
        await station.start()
        spoil(line, "a.json", "b.json")
        await failed(station, 2)
        async with attached(station) as desk, page_of(desk) as page:
            page.view.selectAll()
            QTest.keyClick(page.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
            await until(lambda: "2 entries are copied." in texts(page), what="the copy")
            assert clipboard().splitlines()[0].startswith("Taken\tSerial number")
            menu = {one.objectName(): one for one in page.view.menu().actions()}
            menu["copy-csv"].trigger()
            await until(lambda: clipboard().startswith("instance,"), what="the CSV")
            assert {row["state"] for row in csv.DictReader(io.StringIO(clipboard()))} == {"error"}
            menu["copy-json"].trigger()
            await until(lambda: clipboard().startswith("["), what="the JSON")
            assert {Path(one["source"]).name for one in json.loads(clipboard())} == {"a.json", "b.json"}
            page.view.choose(0)
            await until(lambda: "History" in page.details.text, what="the history")
            button(page, "&Copy details").click()
            assert "Reason: No converter" in clipboard()


async def test_a_report_is_shown_as_a_tree_with_charts_copied_and_saved(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        line = await station.line("line1", await station.server(), "keep")
        await station.start()
        sent = json.loads(line.equipment.make("wsjf").content)
        sent["root"]["steps"] += [
            {"group": "M", "stepType": "ET_NLT", "name": "3V3", "status": "F", "numericMeas": [
                {"compOp": "GELE", "value": -1.5, "lowLimit": 3.2, "highLimit": 3.4, "unit": "V"}
            ]},
        ]  # fmt: skip
        hidden = line.inboxes[0].path / ".one"
        hidden.write_text(json.dumps(sent))
        hidden.replace(line.inboxes[0].path / "one.json")
        await station.until(lambda now: now.instances[0].counts.completed == 1)
        async with attached(station) as desk, page_of(desk, {"state": "delivered"}) as page:
            page.view.choose(0)
            await until(lambda: "Receipt of the server" in page.details.text, what="the receipt")
            button(page, "&Show report").click()
            dialog = child(page, ReportDialog)
            assert isinstance(dialog, ReportDialog)
            await until(lambda: dialog.document is not None, what="the report")
            chosen = dialog.tree.currentIndex()
            cells = [chosen.siblingAtColumn(column).data() for column in range(6)]
            assert cells == ["3V3", "✗ Failed", "-1.5", "V", "≥ 3.2", "≤ 3.4"]
            assert dialog.charts.limits.isVisible()
            assert any("1 failed" in text for text in texts(dialog))
            for name, begin in (("&text", f"{sent['sn']}"), ("CS&V", "path,step,"), ("&JSON", "{")):
                click(button(dialog, f"Copy as {name}"))
                await until(partial(lambda begin: clipboard().startswith(begin), begin), what=name)
                assert "3V3" in clipboard()
            assert json.loads(clipboard())["sn"] == sent["sn"]
            dialog.save_as(str(tmp_path / "no-folder" / "report.json"))
            await until(
                lambda: any("cannot be written" in text for text in texts(dialog)), what="the refusal"
            )
            dialog.save_as(str(tmp_path / "report.json"))
            await until((tmp_path / "report.json").exists, what="the file")
            dialog.reject()


def click(target: QWidget) -> None:
    """As a mouse does."""
    QTest.mouseClick(target, Qt.MouseButton.LeftButton)


async def test_only_errors_can_be_queued_again_or_dismissed(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        line = await station.line("line1", await station.server(), "keep")
        await station.start()
        line.inboxes[0].drop(line.equipment.make("wsjf"))
        await station.until(lambda now: now.instances[0].counts.completed == 1)
        async with attached(station) as desk, page_of(desk, {"state": "all"}) as page:
            page.view.choose(0)
            for name, do in (("&Retry", page.deeds.retry), ("&Dismiss...", page.deeds.dismiss)):
                assert not button(page, name).isEnabled()
                assert "error list" in button(page, name).toolTip()
                do(page.view.entries())
                assert "None of these is in the error list." in texts(page)
            assert page.findChild(QMessageBox, "dismiss") is None


async def test_file_and_folder_are_opened_where_they_are_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desktop = Opener(tmp_path / "desktop", monkeypatch)
    async with Station(tmp_path) as station:
        line = await station.line("line1", await station.server(), "keep")
        await station.start()
        spoil(line, "bad.json")
        await failed(station, 1)
        async with attached(station) as desk, page_of(desk) as page:
            file = line.inboxes[0].path / "bad.json"
            page.view.choose(0)
            await until(lambda: button(page, "&Open file").isEnabled(), what="the button")
            button(page, "&Open file").click()
            await until(lambda: desktop.paths == [str(file)], what="the file")
            button(page, "Open &folder").click()
            await until(lambda: desktop.paths[1:] == [str(file.parent)], what="the folder")
            file.unlink()
            button(page, "&Open file").click()
            await until(lambda: page.deeds.bar.error.startswith(f"{file} is not there."), what="the words")


async def test_without_an_agent_the_page_says_so_and_comes_back_with_it(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        line = await station.line("line1", await station.server(), "keep")
        await station.start()
        spoil(line, "bad.json")
        await failed(station, 1)
        async with attached(station) as desk, page_of(desk) as page:
            await station.terminate()
            await until(lambda: desk.seen.status is None, what="the end of the agent")
            tab(page, "Everything")
            assert blank(page) == "The list is shown as soon as the agent runs."
            await station.start()
            await until(lambda: files(page) == ["bad.json"], what="the list")


async def test_a_station_whose_entries_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        lines = [await station.line(name, await station.server(), "keep") for name in ("line1", "line2")]
        await station.start()
        for line in lines:
            spoil(line, f"bad-{line.name}.json")
        await failed(station, 2)
        async with attached(station) as desk:
            pager = Pager(desk.client, Choice(), ("line1", "gone", "line2"))
            found = await pager.page(10)
            assert {one.instance for one in found} == {"line1", "line2"}
            assert "gone" in str(pager.trouble)
            assert not pager.more
            with pytest.raises(ControlError):
                await Pager(desk.client, Choice(), ("gone",)).page(10)


async def test_widths_of_columns_are_remembered(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.start()
        async with attached(station) as desk:
            async with page_of(desk) as page:
                page.view.setColumnWidth(1, 333)
            async with page_of(desk) as page:
                assert page.view.columnWidth(1) == 333


async def test_every_control_has_a_name_and_is_reached_by_key(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.start()
        async with attached(station) as desk, page_of(desk) as page:
            for kind in (QTabBar, QLineEdit):
                control = child(page, kind)
                assert control.accessibleName()
                assert control.focusPolicy() & Qt.FocusPolicy.TabFocus
            assert page.view.accessibleName()
            page.view.setFocus()
            QTest.keyClick(page.view, Qt.Key.Key_Tab)
            assert not page.view.hasFocus()
