"""Widths of columns that somebody drags are there again when the tray runs the next time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QHeaderView, QTableView

from fakes.station import Station
from fakes.tray import attached
from fakes.waiting import until
from stationmaster_tray.desk import Desk
from stationmaster_tray.memory import Memory
from stationmaster_tray.pages.converters import KNOWN, ConvertersPage
from stationmaster_tray.pages.log import LogPage
from stationmaster_tray.seen import Contact
from stationmaster_tray.widgets.columns import keep_widths, shared
from stationmaster_tray.widgets.plain_table import Line, PlainTable

pytestmark = pytest.mark.usefixtures("app")


def drag(header: QHeaderView, column: int, by: int) -> None:
    """Take the right edge of a column with the mouse and move it."""
    edge = QPoint(
        header.sectionViewportPosition(column) + header.sectionSize(column) - 1, header.height() // 2
    )
    there = edge + QPoint(by, 0)
    view = header.viewport()
    QTest.mouseMove(view, edge)
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=edge)
    QTest.mouseMove(view, there)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=there)


@asynccontextmanager
async def tray(tmp_path: Path) -> AsyncIterator[Desk]:
    """The tray, from its start to its end."""
    async with Station(tmp_path) as station, attached(station, wait=False) as desk:
        await until(lambda: desk.seen.contact is Contact.GONE, what="that there is no agent")
        yield desk
        desk.memory.save()


async def test_widths_of_the_converters_page_outlive_the_tray(tmp_path: Path) -> None:
    set_to = dict[str, int]()
    for run in ("first", "second"):
        async with tray(tmp_path) as desk:
            page = ConvertersPage(desk)
            page.resize(1000, 700)
            page.show()
            page.tabs.setCurrentIndex(KNOWN)
            header = page.known.table.horizontalHeader()
            report = page.trial.result.tree.header()
            if run == "first":
                usual = header.sectionSize(1)
                drag(header, 1, 60)
                assert header.sectionSize(1) == usual + 60
                drag(header, 0, -20)
                report.resizeSection(2, 222)  # of a tree that is seen only with a report in it
                set_to = {"0": header.sectionSize(0), "1": usual + 60}
            assert {"0": header.sectionSize(0), "1": header.sectionSize(1)} == set_to
            assert report.sectionSize(2) == 222
            page.left()
            page.close()


async def test_widths_of_the_log_outlive_the_tray(tmp_path: Path) -> None:
    widths = list[int]()
    for _run in range(2):
        async with tray(tmp_path) as desk:
            page = LogPage(desk)
            page.resize(1000, 700)
            page.show()
            table = page.findChild(QTableView)
            assert isinstance(table, QTableView)
            if not widths:
                drag(table.horizontalHeader(), 1, 40)
            widths.append(table.columnWidth(1))
            page.left()
            page.close()
    assert widths[0] == widths[1]


@pytest.mark.parametrize("remembered", [[5], [0, -7, 10**9], []], ids=["other columns", "nonsense", "none"])
def test_what_is_no_width_leaves_the_usual_one(tmp_path: Path, remembered: list[int]) -> None:
    memory = Memory(tmp_path / "tray.json")
    memory.now.columns["x"] = remembered
    table = PlainTable(("a", "b", "c"), (10, 10), "list")
    usual = [table.columnWidth(column) for column in range(3)]
    keep_widths(table.horizontalHeader(), memory, "x")
    assert [table.columnWidth(column) for column in range(3)] == usual


@pytest.mark.parametrize(
    ("wanted", "room", "widths"),
    [
        ([10, 20, 30], 100, [10, 20, 30]),
        ([10, 20, 30], 60, [10, 20, 30]),
        ([10, 50, 90], 100, [10, 45, 45]),
        ([90, 10, 20], 60, [30, 10, 20]),
        ([90, 90, 90], 9, [8, 8, 8]),
    ],
)
def test_the_widest_columns_give_way_first(wanted: list[int], room: int, widths: list[int]) -> None:
    assert shared(wanted, room, 8) == widths


def test_columns_share_the_room_until_somebody_sets_a_width(tmp_path: Path) -> None:
    table = PlainTable(("Station", "Folder", "State"), (13, 10), "list")
    keep_widths(table.horizontalHeader(), memory := Memory(tmp_path / "tray.json"), "x")
    table.plain.show_lines([Line(cells=("line1", "/a/folder/with/a/long/name", "watched"))])
    table.resize(900, 200)
    table.show()
    assert table.columnWidth(1) >= table.sizeHintForColumn(1), "there is room for all of it"
    table.resize(260, 200)
    assert sum(table.columnWidth(column) for column in range(3)) <= table.viewport().width()
    assert "x" not in memory.now.columns, "nobody has set a width"
    drag(table.horizontalHeader(), 0, 20)
    mine = table.columnWidth(0)
    table.resize(900, 200)
    assert table.columnWidth(0) == mine
    assert memory.now.columns["x"][0] == mine
    table.close()
