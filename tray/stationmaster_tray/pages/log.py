"""Log: what the agent says, filtered as `log tail` filters it, followed while it is seen."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, QTimer
from PySide6.QtGui import QColor, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
)

from stationmaster.control.protocol import LogPage as LogAnswer
from stationmaster.control.protocol import LogRecord
from stationmaster_tray import theme
from stationmaster_tray.call import CallBar
from stationmaster_tray.desk import Desk, Page
from stationmaster_tray.markup import tip
from stationmaster_tray.seen import Seen
from stationmaster_tray.text import clock, number, tr
from stationmaster_tray.widgets.columns import keep_widths
from stationmaster_tray.widgets.label import label

MOST = 5_000
"""Records that are kept: older ones are in the file."""
FIRST = 500
FOLLOW_EVERY = 1.0
"""Seconds between two questions for what is new."""
DEBOUNCE = 250
"""Milliseconds after the last key before a search is asked for."""

_Index = QModelIndex | QPersistentModelIndex


class LogModel(QAbstractTableModel):
    """Records, oldest first; the oldest go when there are more than `MOST`."""

    COLUMNS = 5

    def __init__(self, desk: Desk) -> None:
        """Empty at first."""
        super().__init__()
        self._desk = desk
        self.records: list[LogRecord] = []

    def replace(self, records: Sequence[LogRecord]) -> None:
        """Show these and no others."""
        self.beginResetModel()
        self.records = list(records)
        self.endResetModel()

    def append(self, records: Sequence[LogRecord]) -> None:
        """Add these at the end."""
        if not records:
            return
        begin = len(self.records)
        self.beginInsertRows(QModelIndex(), begin, begin + len(records) - 1)
        self.records += records
        self.endInsertRows()
        over = len(self.records) - MOST
        if over > 0:
            self.beginRemoveRows(QModelIndex(), 0, over - 1)
            del self.records[:over]
            self.endRemoveRows()

    # ---------------------------------------------------------------- Qt's calls
    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's names and default
        """How many records."""
        return 0 if parent.isValid() else len(self.records)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's names and default
        """How many columns."""
        return 0 if parent.isValid() else self.COLUMNS

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        """A column's title."""
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (tr("Time"), tr("Level"), tr("Station"), tr("Entry"), tr("Text"))[section]
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """A cell."""
        record = self.records[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._cell(record, index.column())
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == self.COLUMNS - 1:
            return tip(plain(record))
        if role == Qt.ItemDataRole.ForegroundRole:
            colour = _COLOURS.get(record.level)
            return QColor(getattr(theme.colours(), colour)) if colour else None
        return None

    def _cell(self, record: LogRecord, column: int) -> str:
        if column == 0:
            return clock(record.time, self._desk.now(), seconds=True) if record.time else ""
        if column == 1:
            return record.level
        if column == 2:
            return record.instance
        if column == 3:
            return "" if record.entry is None else str(record.entry)
        return record.text.partition("\n")[0]


_COLOURS = {"warning": "calm", "error": "call", "critical": "call"}


class LogPage(Page):
    """The page."""

    def __init__(self, desk: Desk) -> None:
        """Ask for nothing yet."""
        super().__init__(desk)
        self._after = ""
        self._task: asyncio.Task[None] | None = None
        self.model = LogModel(desk)
        self.bar = CallBar(desk.tasks, self)
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(DEBOUNCE)
        self._wait.timeout.connect(self.load)
        self._note = label(role="quiet", parent=self)
        self.table = self._table()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._filters())
        column.addWidget(self.bar)
        column.addWidget(self.table, 1)
        column.addWidget(self._note)

    # ---------------------------------------------------------------- what others tell
    def show_seen(self, seen: Seen) -> None:
        """Offer the stations there are."""
        names = [one.name for one in seen.status.instances] if seen.status else []
        if [self.station.itemData(row) for row in range(1, self.station.count())] == names:
            return
        chosen = self.station.currentData()
        self.station.blockSignals(True)
        self.station.clear()
        self.station.addItem(tr("All stations"), "")
        for name in names:
            self.station.addItem(name, name)
        self.station.setCurrentIndex(max(0, self.station.findData(chosen)))
        self.station.blockSignals(False)

    def entered(self, argument: object = None) -> None:
        """Load the end of the log, then follow it; a text as argument is searched for."""
        if isinstance(argument, str):
            self.text.setText(argument)
        self.load()

    def left(self) -> None:
        """Ask for nothing."""
        self._stop()
        self.bar.cancel()

    # ---------------------------------------------------------------- asking
    def load(self) -> None:
        """Ask for the end of the log, by the filters as they are."""
        self._stop()
        self._wait.stop()
        self._note.clear()  # it is about what was asked before
        self.bar.run(lambda: self._asked("", FIRST), self._loaded, what=tr("Reading the log..."))

    async def _asked(self, after: str, limit: int) -> LogAnswer:
        return await self.desk.client.log(
            after=after,
            limit=limit,
            level=self.level.currentData(),
            instance=self.station.currentData() or "",
            text=self.text.text().strip(),
        )

    def _loaded(self, answer: LogAnswer) -> None:
        self._after = answer.after
        self.model.replace(answer.records)
        self._tell()
        self.table.scrollToBottom()
        if self.follow.isChecked():
            self._task = self.desk.tasks.start(self._following(), trouble=self.bar.show_error)

    async def _following(self) -> None:
        while True:
            await asyncio.sleep(FOLLOW_EVERY)
            more = True
            while more:
                answer = await self._asked(self._after, FIRST)
                self._after, more = answer.after, answer.more
                self._add(answer.records)

    def _add(self, records: Sequence[LogRecord]) -> None:
        """What is new goes to the end; who reads further up is not moved."""
        bar = self.table.verticalScrollBar()
        at_end = bar.value() >= bar.maximum()
        self.model.append(records)
        if records:
            self._tell()
        if at_end:
            self.table.scrollToBottom()

    def _tell(self) -> None:
        count = self.model.rowCount()
        self._note.setText(tr("{count} records", count=number(count)) if count else tr("No record fits."))

    def _stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()

    # ---------------------------------------------------------------- inside
    def _filters(self) -> QHBoxLayout:
        self.station = QComboBox(self)
        self.station.setAccessibleName(tr("Station"))
        self.station.addItem(tr("All stations"), "")
        self.station.currentIndexChanged.connect(self.load)
        self.level = QComboBox(self)
        self.level.setAccessibleName(tr("Level"))
        for text, value in (
            (tr("All levels"), ""),
            (tr("Information and worse"), "info"),
            (tr("Warnings and worse"), "warning"),
            (tr("Errors"), "error"),
        ):
            self.level.addItem(text, value)
        self.level.currentIndexChanged.connect(self.load)
        self.text = QLineEdit(self)
        self.text.setPlaceholderText(tr("Search in the text"))
        self.text.setAccessibleName(tr("Search in the text"))
        self.text.setClearButtonEnabled(True)
        self.text.textChanged.connect(lambda _text: self._wait.start())
        self.follow = QCheckBox(tr("Follow"), self)
        self.follow.setChecked(True)
        self.follow.toggled.connect(lambda _on: self.load())
        copy = QPushButton(tr("Copy"), self)
        copy.clicked.connect(self.copy)
        line = QHBoxLayout()
        for widget in (self.station, self.level):
            line.addWidget(widget)
        line.addWidget(self.text, 1)
        line.addWidget(self.follow)
        line.addWidget(copy)
        return line

    def _table(self) -> QTableView:
        table = QTableView(self)
        table.setModel(self.model)
        table.setAccessibleName(tr("Log"))
        table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        table.setEditTriggers(QTableView.EditTrigger.NoEditTriggers)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(round(self.fontMetrics().height() * 1.5))
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(True)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        letter = self.fontMetrics().horizontalAdvance("0")
        for column, letters in enumerate((12, 11, 14, 8)):
            table.setColumnWidth(column, letters * letter)
        keep_widths(header, self.desk.memory, "log")
        QShortcut(QKeySequence.StandardKey.Copy, table, self.copy, context=Qt.ShortcutContext.WidgetShortcut)
        return table

    def copy(self) -> None:
        """Copy the chosen records as text, or all."""
        rows = sorted({index.row() for index in self.table.selectionModel().selectedRows()})
        records = [self.model.records[row] for row in rows] or self.model.records
        QGuiApplication.clipboard().setText("\n".join(plain(record) for record in records))


def plain(record: LogRecord) -> str:
    """A record as one line of text, with its traceback below."""
    time = record.time.isoformat() if record.time else ""
    entry = "" if record.entry is None else f"[{record.entry}]"
    head = " ".join(part for part in (time, record.level, record.instance or "-", entry, record.text) if part)
    return "\n".join(part for part in (head, record.exception) if part)
