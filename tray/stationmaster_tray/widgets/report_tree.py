"""A report as a tree: model and view over `report.row`, filled where somebody looks."""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics
from PySide6.QtWidgets import QApplication, QHeaderView, QTreeView, QWidget

from stationmaster_tray import theme
from stationmaster_tray.markup import tip
from stationmaster_tray.report.document import FAILED, Document, Path
from stationmaster_tray.report.measure import number_of
from stationmaster_tray.report.plain import line
from stationmaster_tray.report.row import Row, find, rows
from stationmaster_tray.report.wording import verdict
from stationmaster_tray.text import tr

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
_NAME, _STATUS, _VALUE, _UNIT, _LOW, _HIGH, _TIME, _KIND = range(8)
_NUMBERS = {_LOW, _HIGH, _TIME}
_WIDTHS = {_NAME: 38, _STATUS: 15, _VALUE: 22, _UNIT: 8, _LOW: 13, _HIGH: 13, _TIME: 12, _KIND: 16}
"""Letters in each column."""
_OPEN_AT_ONCE = 50
"""A step with so few rows below it is opened when the report is shown."""


class ReportModel(QAbstractItemModel):
    """One report. Rows are made when the view asks for them, see `report.row`."""

    def __init__(self) -> None:
        """Nothing is shown."""
        super().__init__()
        self.top = Row("")
        self._size = QSize(0, round(QFontMetrics(QApplication.font()).height() * 1.5))

    def show_document(self, document: Document | None) -> None:
        """Show this report, or none."""
        self.beginResetModel()
        self.top = rows(document) if document else Row("")
        self.endResetModel()

    def row_of(self, index: Index) -> Row:
        """The row at an index."""
        found = index.internalPointer() if index.isValid() else None
        return found if isinstance(found, Row) else self.top

    def index_of(self, row: Row) -> QModelIndex:
        """The index of a row."""
        return QModelIndex() if row is self.top else self.createIndex(row.place, 0, row)

    # ---------------------------------------------------------------- Qt's calls
    def index(self, row: int, column: int, parent: Index = _NOWHERE) -> QModelIndex:
        """Where a child stands."""
        children = self.row_of(parent).children
        if not 0 <= row < len(children) or not 0 <= column < len(_WIDTHS):
            return QModelIndex()
        return self.createIndex(row, column, children[row])

    def parent(self, index: Index = _NOWHERE) -> QModelIndex:  # type: ignore[override]  # Qt overloads the name
        """Where the parent stands."""
        above = self.row_of(index).parent
        return QModelIndex() if above is None else self.index_of(above)

    def hasChildren(self, parent: Index = _NOWHERE) -> bool:  # noqa: N802 - Qt's name
        """Whether there are any, without making them."""
        return parent.column() <= 0 and self.row_of(parent).has_children

    def rowCount(self, parent: Index = _NOWHERE) -> int:  # noqa: N802 - Qt's name
        """How many children there are."""
        return 0 if parent.column() > 0 else len(self.row_of(parent).children)

    def columnCount(self, _parent: Index = _NOWHERE) -> int:  # noqa: N802 - Qt's name
        """The same everywhere."""
        return len(_WIDTHS)

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        """A column's title."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _aligned(right=section in _NUMBERS or section == _VALUE)
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return (
            tr("Name"),
            tr("Result"),
            tr("Value"),
            tr("Unit"),
            tr("Low limit"),
            tr("High limit"),
            tr("Seconds"),
            tr("Kind"),
        )[section]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """A cell."""
        row, column = self.row_of(index), index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return _cell(row, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _aligned(right=column in _NUMBERS or _is_number(row, column))
        if role == Qt.ItemDataRole.SizeHintRole:
            return self._size
        if role == Qt.ItemDataRole.ForegroundRole:
            return _colour(row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(line(row))
        return line(row) if role == Qt.ItemDataRole.AccessibleTextRole and column == _NAME else None


def _cell(row: Row, column: int) -> str:
    if column == _STATUS:
        return verdict(row.status)
    if column == _KIND:
        return row.kind if row.step is not None else ""
    return (row.name, "", row.value, row.unit, row.low, row.high, row.time)[column]


def _aligned(*, right: bool) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def _is_number(row: Row, column: int) -> bool:
    return column == _VALUE and row.step is not None and number_of(row.value) is not None


def _colour(row: Row, column: int) -> QColor | None:
    if column == _STATUS and row.status == "P":
        return QColor(theme.colours().good)
    return QColor(theme.colours().call) if row.status in FAILED and column <= _VALUE else None


class ReportTree(QTreeView):
    """Shows a report. `row_chosen` carries the `Row` that is current now."""

    row_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Nothing is shown."""
        super().__init__(parent)
        self.report = ReportModel()
        self.setModel(self.report)
        self.setAccessibleName(tr("Report"))
        self.setUniformRowHeights(True)
        self.setAlternatingRowColors(True)
        header = self.header()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(True)
        letter = self.fontMetrics().averageCharWidth()
        for column, letters in _WIDTHS.items():
            self.setColumnWidth(column, letter * letters)

    def show_document(self, document: Document | None) -> None:
        """Show this report, its first levels open, the first failure chosen."""
        self.report.show_document(document)
        if document is None:
            return
        root = find(self.report.top, ())
        if root is not None:
            self._open(root)
            self.go_to(document.failures[0] if document.failures else ())

    def go_to(self, path: Path) -> bool:
        """Choose a step and show it; False where there is none."""
        row = find(self.report.top, path)
        if row is None:
            return False
        index = self.report.index_of(row)
        self.setCurrentIndex(index)
        self.scrollTo(index, QTreeView.ScrollHint.PositionAtCenter)
        return True

    def currentChanged(self, current: Index, previous: Index) -> None:  # noqa: N802 - Qt's name
        """Tell which row is current."""
        super().currentChanged(current, previous)
        self.row_chosen.emit(self.report.row_of(current))

    def _open(self, row: Row) -> None:
        self.expand(self.report.index_of(row))
        groups = [child for child in row.children if child.has_children and child.status]
        if len(row.children) <= _OPEN_AT_ONCE and len(groups) == 1:
            self._open(groups[0])
