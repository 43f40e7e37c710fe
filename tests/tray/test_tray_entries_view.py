"""The list itself: where it stands while rows come and go, what is chosen, what is remembered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QItemSelectionModel, QPoint, Qt
from PySide6.QtGui import QAction, QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from fakes.waiting import until
from stationmaster.hosting.launch import Launcher
from stationmaster.model import Entry, EntryState
from stationmaster_tray.desk import Desk
from stationmaster_tray.entries.table import EntryTable
from stationmaster_tray.entries.view import EntryView
from stationmaster_tray.entries.wording import columns
from stationmaster_tray.memory import Memory
from stationmaster_tray.session import Session
from stationmaster_tray.task import Tasks

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("app")


def entry(number: int) -> Entry:
    return Entry(
        id=number, instance="line1", report_id=f"r-{number}", state=EntryState.ERROR,
        serial_number=f"SN{number}", created_at=NOW + timedelta(seconds=number), updated_at=NOW,
    )  # fmt: skip


@asynccontextmanager
async def view_of(root: Path, *numbers: int) -> AsyncIterator[EntryView]:
    """A list without an agent, shown."""
    async with asyncio.TaskGroup() as group:
        launcher = Launcher("user", {"STATIONMASTER_HOME": str(root / "home")})
        desk = Desk(Session(launcher), Tasks(group), Memory(root / "tray.json"))
        table = EntryTable(columns(lambda: NOW))
        table.append([entry(number) for number in numbers], more=False)
        view = EntryView(desk, table, "list")
        view.resize(600, 300)
        view.show()
        await until(view.isVisible, what="the list")
        yield view
        view.close()


def table_of(view: EntryView) -> EntryTable:
    model = view.model()
    assert isinstance(model, EntryTable)
    return model


def top(view: EntryView) -> int:
    """Number of the entry in the first row that is seen."""
    return table_of(view).entry(view.seen()[0]).id


def add_newest(view: EntryView, *numbers: int) -> None:
    first = table_of(view).entry(0).id
    table_of(view).replace(0, [entry(number) for number in numbers], {"line1": first})


async def test_who_watches_the_newest_sees_them_come(tmp_path: Path) -> None:
    async with view_of(tmp_path, *range(100, 0, -1)) as view:
        add_newest(view, 103, 102, 101)
        assert top(view) == 103
        assert table_of(view).rowCount() == 103


async def test_who_reads_further_down_stays_there(tmp_path: Path) -> None:
    async with view_of(tmp_path, *range(100, 0, -1)) as view:
        view.verticalScrollBar().setValue(40)
        before = top(view)
        add_newest(view, 103, 102, 101)
        assert top(view) == before
        table_of(view).drop([("line1", number) for number in (103, 90, 89, 88)])
        assert top(view) == before


async def test_who_has_chosen_at_the_top_stays_there(tmp_path: Path) -> None:
    async with view_of(tmp_path, *range(100, 0, -1)) as view:
        view.choose(0)
        add_newest(view, 102, 101)
        assert top(view) == 100
        assert view.keys() == [("line1", 100)]


async def test_the_row_at_the_top_may_go_itself(tmp_path: Path) -> None:
    async with view_of(tmp_path, *range(100, 0, -1)) as view:
        view.verticalScrollBar().setValue(40)
        table_of(view).drop([("line1", number) for number in range(70, 55, -1)])
        assert top(view) == 55


async def test_the_chosen_are_given_in_the_order_of_the_list(tmp_path: Path) -> None:
    async with view_of(tmp_path, *range(20, 0, -1)) as view:
        rows = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        for row in (15, 3, 4, 9):
            view.selectionModel().select(view.model().index(row, 0), rows)
        assert view.count == 4
        assert [one.id for one in view.entries()] == [17, 16, 11, 5]
        assert [one.id for one in view.entries(2)] == [17, 16]
        assert [one.id for one in view.entries(3)] == [17, 16, 11]
        view.clearSelection()
        assert view.entries() == []


async def test_what_is_chosen_survives_what_comes_between(tmp_path: Path) -> None:
    async with view_of(tmp_path, 30, 20, 10) as view:
        view.selectAll()
        table_of(view).replace(0, [entry(number) for number in (30, 25, 20, 10)], {"line1": 0})
        assert [one.id for one in view.entries() if one.id != 25] == [30, 20, 10]
        table_of(view).drop([("line1", 20)])
        assert 20 not in {one.id for one in view.entries()}
        assert view.choose_key(("line1", 25))
        assert not view.choose_key(("line1", 99))
        assert view.keys() == [("line1", 25)]


async def test_a_list_that_ends_above_is_seen_to_where_it_could_go(tmp_path: Path) -> None:
    async with view_of(tmp_path, 3, 2, 1) as view:
        first, last = view.seen()
        assert first == 0
        assert last > 3, "an entry that comes below has room on the screen"


async def test_more_is_asked_for_before_the_end_is_reached(tmp_path: Path) -> None:
    async with view_of(tmp_path) as view:
        asked: list[bool] = []
        table_of(view).more_wanted.connect(lambda: asked.append(True))
        table_of(view).append([entry(number) for number in range(1000, 0, -1)], more=True)
        await until(lambda: view.verticalScrollBar().maximum() > 900, what="the length of the list")
        view.verticalScrollBar().setValue(100)
        assert not asked
        view.verticalScrollBar().setValue(850)
        assert asked == [True]


async def test_widths_are_remembered_also_of_columns_that_are_hidden(tmp_path: Path) -> None:
    async with view_of(tmp_path, 1) as view:
        view.setColumnWidth(2, 222)
        view.hide_columns("state", "reason")
        assert [
            column.id for place, column in enumerate(table_of(view).columns) if view.isColumnHidden(place)
        ] == [
            "state",
            "reason",
        ]
        view.remember()
        other = EntryView(view._desk, table_of(view), "list")
        assert other.columnWidth(2) == 222
        assert other.columnWidth(4) > 30
        view.hide_columns()
        assert not any(view.isColumnHidden(place) for place in range(view.model().columnCount()))


async def test_keys_copy_open_and_leave(tmp_path: Path) -> None:
    async with view_of(tmp_path, 2, 1) as view:
        heard: list[str] = []
        view.copy_wanted.connect(heard.append)
        view.opened.connect(lambda: heard.append("opened"))
        QTest.keyClick(view, Qt.Key.Key_Return)
        assert heard == []
        view.choose(0)
        QTest.keyClick(view, Qt.Key.Key_Return)
        QTest.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
        assert heard == ["opened", "text"]
        QTest.keyClick(view, Qt.Key.Key_Down)
        assert view.keys() == [("line1", 1)]
        assert not view.tabKeyNavigation()


async def test_the_menu_offers_the_deeds_and_the_ways_to_copy(tmp_path: Path) -> None:
    async with view_of(tmp_path, 2, 1) as view:
        view.menu_actions = [QAction("Retry", view)]
        place = QPoint(10, 10)
        asked = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, place, view.mapToGlobal(place))
        view.contextMenuEvent(asked)
        assert view.findChild(QMenu) is None, "nothing is chosen"
        view.choose(0)
        view.contextMenuEvent(asked)
        menu = view.findChild(QMenu)
        assert isinstance(menu, QMenu)
        offered = [action.text() for action in menu.actions() if not action.isSeparator()]
        assert offered == ["Retry", "Copy as text", "Copy as CSV", "Copy as JSON"]
        menu.close()
