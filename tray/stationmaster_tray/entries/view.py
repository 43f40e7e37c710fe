"""The list itself: stays where it is while rows come and go, remembers its columns, can be copied from."""

from __future__ import annotations

from PySide6.QtCore import QItemSelection, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QAction, QContextMenuEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView, QWidget

from stationmaster.model import Entry
from stationmaster_tray.desk import Desk
from stationmaster_tray.entries.export import Form
from stationmaster_tray.entries.pager import Key, key_of
from stationmaster_tray.entries.table import EntryTable
from stationmaster_tray.text import tr
from stationmaster_tray.widgets.columns import Fit

Index = QModelIndex | QPersistentModelIndex

AHEAD = 200
"""Rows before the end at which more is asked for, so that scrolling does not stop there."""


class EntryView(QTableView):
    """Shows an `EntryTable`.

    Attributes:
        copy_wanted: the selection is to be copied, as this `Form`.
        chosen: the selection is another one.
        scrolled: other rows are seen.
        opened: Return was pressed on a row, or it was double-clicked.
    """

    copy_wanted = Signal(str)
    chosen = Signal()
    scrolled = Signal()
    opened = Signal()

    def __init__(self, desk: Desk, table: EntryTable, name: str, parent: QWidget | None = None) -> None:
        """Show it; `name` is what its columns are remembered by."""
        super().__init__(parent)
        self._desk, self._table, self._name = desk, table, name
        self.menu_actions: list[QAction] = []
        self.setModel(table)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)  # Tab leaves the list, as it does elsewhere
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setAlternatingRowColors(True)
        self._lay_columns()
        self.selectionModel().selectionChanged.connect(self._selected)
        self.verticalScrollBar().valueChanged.connect(self._moved)
        table.rowsRemoved.connect(self._removed)
        self.doubleClicked.connect(lambda _index: self.opened.emit())

    # ---------------------------------------------------------------- what is seen and chosen
    def seen(self) -> tuple[int, int]:
        """First and last row on the screen."""
        last = self.rowAt(self.viewport().height() - 1)
        rows = self._table.rowCount()
        if last < 0:  # the list ends above
            last = max(rows - 1, self._page())
        return max(0, self.rowAt(0)), last

    @property
    def count(self) -> int:
        """How many entries are chosen."""
        return sum(bottom - top + 1 for top, bottom in self._ranges())

    def entries(self, most: int = 0) -> list[Entry]:
        """The chosen entries in the order of the list, the first `most` where that is given."""
        found: list[Entry] = []
        for top, bottom in self._ranges():
            stop = bottom + 1 if not most else min(bottom + 1, top + most - len(found))
            found += [self._table.entry(row) for row in range(top, stop)]
        return found

    def choose(self, row: int) -> None:
        """Choose a row, and show it."""
        index = self._table.index(row, 0)
        self.setCurrentIndex(index)
        self.scrollTo(index)

    def choose_key(self, key: Key) -> bool:
        """Choose an entry; False where it is not here."""
        row = self._table.row_of(key)
        if row >= 0:
            self.choose(row)
        return row >= 0

    def keys(self) -> list[Key]:
        """Identities of the chosen entries."""
        return [key_of(one) for one in self.entries()]

    def hide_columns(self, *names: str) -> None:
        """Hide these, which would say the same in each row, and show all others."""
        for place, column in enumerate(self._table.columns):
            self.setColumnHidden(place, column.id in names)
        self._fit.fit()

    def remember(self) -> None:
        """Put the widths of the columns into the memory, where somebody has set them."""
        if self._fit.on:
            return
        header = self.horizontalHeader()
        widths = [header.sectionSize(column) for column in range(header.count())]
        self._desk.memory.now.columns[self._name] = widths

    # ---------------------------------------------------------------- Qt's calls
    def rowsInserted(self, parent: Index, start: int, end: int) -> None:  # noqa: N802 - Qt's name
        """Stay where we are: what comes in above pushes nothing down, unless the newest are being watched."""
        first = self.rowAt(0)
        super().rowsInserted(parent, start, end)
        watching = self.verticalScrollBar().value() == 0 and not self.selectionModel().hasSelection()
        if 0 <= start <= first and not watching:
            self.updateGeometries()
            self.verticalScrollBar().setValue(first + end - start + 1)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Copy the whole rows; Return opens."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_wanted.emit(Form.TEXT.value)
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and self.currentIndex().isValid():
            self.opened.emit()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802 - Qt's name
        """What can be done with the chosen rows, and the ways to copy them."""
        if self.selectionModel().hasSelection():
            self.menu().popup(event.globalPos())

    def menu(self) -> QMenu:
        """The menu of the chosen rows."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addActions(self.menu_actions)
        menu.addSeparator()
        for form, text in (
            (Form.TEXT, tr("Copy as text")),
            (Form.CSV, tr("Copy as CSV")),
            (Form.JSON, tr("Copy as JSON")),
        ):
            action = menu.addAction(text)
            action.setObjectName(f"copy-{form}")
            action.triggered.connect(lambda _on=False, form=form: self.copy_wanted.emit(form.value))
            if form is Form.TEXT:
                action.setShortcut(QKeySequence.StandardKey.Copy)
        return menu

    # ---------------------------------------------------------------- inside
    def _lay_columns(self) -> None:
        rows, columns = self.verticalHeader(), self.horizontalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)  # nothing is measured, however many rows
        rows.setDefaultSectionSize(self.fontMetrics().height() + 10)
        rows.setMinimumSectionSize(rows.defaultSectionSize())
        columns.setHighlightSections(False)
        columns.setStretchLastSection(True)
        columns.setSectionsMovable(False)
        wide = self.fontMetrics().averageCharWidth()
        usual = [column.width * wide for column in self._table.columns]
        known = self._desk.memory.now.columns.get(self._name, [])
        for column, width in enumerate(known if len(known) == len(usual) else usual):
            self.setColumnWidth(column, width or usual[column])  # 0: it was hidden
        reason = next(place for place, column in enumerate(self._table.columns) if column.id == "reason")
        self._fit = Fit(self, lambda: usual, reason)
        if len(known) == len(usual):
            self._fit.stop()

    def _ranges(self) -> list[tuple[int, int]]:
        """The chosen rows as runs: an index for each of 100,000 rows would take long."""
        runs = {(one.top(), one.bottom()) for one in self.selectionModel().selection().toList()}
        return sorted(runs)

    def _page(self) -> int:
        """How many rows have room."""
        return int(self.viewport().height() / max(1, self.verticalHeader().defaultSectionSize()))

    def _selected(self, _new: QItemSelection, _old: QItemSelection) -> None:
        self.chosen.emit()

    def _moved(self, value: int) -> None:
        if value + self._page() + AHEAD >= self._table.rowCount():
            self._table.fetchMore(QModelIndex())
        self.scrolled.emit()

    def _removed(self, _parent: QModelIndex, start: int, end: int) -> None:
        bar = self.verticalScrollBar()
        first = bar.value()
        if start < first:
            bar.setValue(first - (min(end, first - 1) - start + 1))
