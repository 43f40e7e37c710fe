"""A table of texts for lists that are drawn anew as a whole, such as findings or converters."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from stationmaster_tray import theme
from stationmaster_tray.markup import tip
from stationmaster_tray.widgets.columns import Fit

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
_MARGIN = 8
"""Pixels between two columns."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One row.

    Attributes:
        cells: its texts.
        colour: name of a colour of the theme, "" for the usual one; what it means is told by a text too.
        item: what the row stands for.
    """

    cells: tuple[str, ...]
    colour: str = ""
    item: object = None


class PlainModel(QAbstractTableModel):
    """Lines."""

    def __init__(self, titles: Sequence[str]) -> None:
        """Empty at first."""
        super().__init__()
        self._titles = tuple(titles)
        self.lines: tuple[Line, ...] = ()

    def show_lines(self, lines: Sequence[Line]) -> None:
        """Show these and no others; where only texts changed, what is chosen stays so."""
        found = tuple(lines)
        if found == self.lines:
            return
        if len(found) == len(self.lines):
            self.lines = found
            if found:
                self.dataChanged.emit(self.index(0, 0), self.index(len(found) - 1, len(self._titles) - 1))
            return
        self.beginResetModel()
        self.lines = found
        self.endResetModel()

    def append(self, lines: Sequence[Line]) -> None:
        """Show these below the others; what is chosen stays so."""
        if lines:
            first = len(self.lines)
            self.beginInsertRows(QModelIndex(), first, first + len(lines) - 1)
            self.lines += tuple(lines)
            self.endInsertRows()

    # ---------------------------------------------------------------- Qt's calls
    def rowCount(self, parent: Index = _NOWHERE) -> int:  # noqa: N802 - Qt's name
        """How many lines."""
        return 0 if parent.isValid() else len(self.lines)

    def columnCount(self, parent: Index = _NOWHERE) -> int:  # noqa: N802 - Qt's name
        """How many columns."""
        return 0 if parent.isValid() else len(self._titles)

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        """A column's title."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return self._titles[section] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """A cell."""
        line = self.lines[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return line.cells[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(line.cells[index.column()])
        if role == Qt.ItemDataRole.ForegroundRole and line.colour:
            return QColor(getattr(theme.colours(), line.colour))
        return None


class PlainTable(QTableView):
    """Shows a `PlainModel`; whole rows are chosen, the last column takes the room that is left."""

    def __init__(
        self, titles: Sequence[str], widths: Sequence[int], name: str, parent: QWidget | None = None
    ) -> None:
        """Empty at first.

        Args:
            titles: of the columns.
            widths: of all columns but the last, in letters, as long as there are no lines.
            name: what the list is called, for who does not see it.
            parent: Qt's.
        """
        super().__init__(parent)
        self.plain = PlainModel(titles)
        self.setModel(self.plain)
        self.setAccessibleName(name)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        height = round(self.fontMetrics().height() * 1.6)
        self.verticalHeader().setDefaultSectionSize(height)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.horizontalHeader().setStretchLastSection(True)
        letter = self.fontMetrics().averageCharWidth()
        self._measured: set[int] = set()
        self._wanted = [letter * letters for letters in widths] + [0]
        for column, width in enumerate(self._wanted[:-1]):
            self.setColumnWidth(column, width)
        self._fit = Fit(self, self._widths)
        self.plain.modelReset.connect(self._fit.fit)
        self.plain.dataChanged.connect(self._fit.fit)

    def _widths(self) -> list[int]:
        """What the columns would have if there was room: none becomes narrower while we look."""
        if self.plain.lines:
            for column in range(self.plain.columnCount()):
                found = max(self.sizeHintForColumn(column), self.horizontalHeader().sectionSizeHint(column))
                known = 0 if column not in self._measured else self._wanted[column]
                self._wanted[column] = max(found + _MARGIN, known)
                self._measured.add(column)
        return self._wanted

    @property
    def chosen(self) -> object:
        """What the current line stands for, None for none."""
        row = self.currentIndex().row()
        return self.plain.lines[row].item if 0 <= row < len(self.plain.lines) else None
