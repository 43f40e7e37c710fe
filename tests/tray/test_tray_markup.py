"""Text of files, servers and converters is shown as it stands, whatever tags it has."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QLabel, QMessageBox

from stationmaster.model import Entry, EntryState
from stationmaster_tray.entries.table import EntryTable
from stationmaster_tray.entries.wording import columns
from stationmaster_tray.markup import TIP_MAX, tip, unmarked
from stationmaster_tray.report.document import read
from stationmaster_tray.widgets.message import message
from stationmaster_tray.widgets.plain_table import Line, PlainTable
from stationmaster_tray.widgets.report_tree import ReportTree

pytestmark = pytest.mark.usefixtures("app")


class Pictures(QTextDocument):
    """A tool tip's document that notes which files the text makes it ask for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.setHtml(text)
        self.size()  # lays it out

    def loadResource(self, _kind: int, name: object) -> object:  # noqa: N802 - Qt's name
        self.asked.append(str(name))
        return None


def tips(at: QModelIndex) -> list[str]:
    """Those of a row."""
    row = [at.siblingAtColumn(column) for column in range(at.model().columnCount())]
    return [found for one in row if (found := one.data(Qt.ItemDataRole.ToolTipRole))]


def test_a_tip_shows_tags_and_lines_as_they_are() -> None:
    said = 'no <b>step</b> & <img src="file:///x">\n  second  line'
    shown = QTextDocument()
    shown.setHtml(tip(said))
    assert shown.toPlainText() == said
    assert tip("") == ""


def test_a_tip_is_cut() -> None:
    shown = QTextDocument()
    shown.setHtml(tip("<" * 100_000))
    assert shown.toPlainText() == "<" * (TIP_MAX - 1) + "…"


def test_what_a_desktop_shows_has_no_tags() -> None:
    assert unmarked("<b>x</b> & co") == "‹b›x‹/b› & co"  # noqa: RUF001 - they look alike, and are not
    assert unmarked("a" * 100, 10) == "a" * 9 + "…"


def test_no_list_makes_qt_open_what_a_text_names() -> None:
    """To open a file on a share that hangs would freeze the window."""
    hostile = '<img src="file:///mnt/hangs/x"> & co'
    now = datetime.now(UTC)
    entries = EntryTable(columns(lambda: now))
    entries.append(
        [Entry(id=1, instance="line1", state=EntryState.ERROR, reason=hostile, source=f"/in/{hostile}",
               report_id="r", created_at=now, updated_at=now)], more=False)  # fmt: skip
    plain = PlainTable(["Where", "What"], [20], "Findings")
    plain.plain.show_lines([Line(cells=(hostile, hostile))])
    tree = ReportTree()
    tree.show_document(read(msgspec.json.encode({"root": {"status": "F", "name": hostile}})))
    assert Pictures(hostile).asked  # what it would be without
    for at in (entries.index(0, 0), plain.plain.index(0, 0), tree.currentIndex()):
        found = tips(at)
        assert any(hostile in Pictures(one).toPlainText() for one in found)
        assert not any(Pictures(one).asked for one in found)


def test_a_message_shows_tags_as_they_are() -> None:
    hostile = "<h1>Agent update failed<br>log in here"
    box = message(QMessageBox.Icon.Question, "Title", hostile, more=hostile)
    shown = [one for one in box.findChildren(QLabel) if one.text() == hostile]
    assert [one.textFormat() for one in shown] == [Qt.TextFormat.PlainText] * 2
