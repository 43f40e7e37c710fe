"""A JSON document as a tree: parts are made when they are opened, so that a large report costs nothing."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QHeaderView, QTreeView, QWidget

from stationmaster_tray.text import number, plural, tr

Index = QModelIndex | QPersistentModelIndex
_NONE = QModelIndex()
_CELL_MAX = 500
"""Characters of a value in its cell; an attachment has millions."""
_TELLING = ("name", "sn", "pn", "description", "type", "status", "value")
"""Keys that say what an object is, the most telling first; two of them stand beside it while it is closed."""


class Node:
    """One value, and where it stands."""

    __slots__ = ("_children", "name", "parent", "row", "value")

    def __init__(self, name: str, value: Any, parent: Node | None, row: int) -> None:
        self.name, self.value, self.parent, self.row = name, value, parent, row
        self._children: list[Node] | None = None

    @property
    def size(self) -> int:
        """How many children it has, without making them."""
        return len(self.value) if isinstance(self.value, dict | list) else 0

    @property
    def children(self) -> list[Node]:
        """Made when somebody looks."""
        if self._children is None:
            pairs: Any = ()
            if isinstance(self.value, dict):
                pairs = self.value.items()
            elif isinstance(self.value, list):
                pairs = ((str(place), value) for place, value in enumerate(self.value, start=1))
            self._children = [Node(str(name), value, self, row) for row, (name, value) in enumerate(pairs)]
        return self._children


class JsonTree(QAbstractItemModel):
    """Two columns: name and value. It never changes."""

    def __init__(self, document: Any) -> None:
        """Show a parsed document."""
        super().__init__()
        self._root = Node("", document, None, 0)

    def index(self, row: int, column: int, parent: Index = _NONE) -> QModelIndex:
        """Where a child stands."""
        node = self._node(parent)
        if not 0 <= row < node.size or not 0 <= column < 2:
            return QModelIndex()
        return self.createIndex(row, column, node.children[row])

    def parent(self, index: Index = _NONE) -> QModelIndex:  # type: ignore[override]  # Qt overloads the name
        """Where the parent stands."""
        above = self._node(index).parent if index.isValid() else None
        if above is None or above is self._root:
            return QModelIndex()
        return self.createIndex(above.row, 0, above)

    def rowCount(self, parent: Index = _NONE) -> int:  # noqa: N802 - Qt's name
        """How many children there are."""
        return 0 if parent.column() > 0 else self._node(parent).size

    def columnCount(self, _parent: Index = _NONE) -> int:  # noqa: N802 - Qt's name
        """Name and value."""
        return 2

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """A cell's text."""
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        node = self._node(index)
        return node.name if index.column() == 0 else in_words(node.value)

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        """A column's title."""
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return tr("Name") if section == 0 else tr("Value")
        return None

    def _node(self, index: Index) -> Node:
        found = index.internalPointer() if index.isValid() else None
        return found if isinstance(found, Node) else self._root


def in_words(value: Any) -> str:
    """A value in one cell."""
    if isinstance(value, list):
        return plural(len(value), "{count} item", "{count} items")
    if isinstance(value, dict):
        told = [str(value[key]) for key in _TELLING if isinstance(value.get(key), str | int | float)]
        return ", ".join(told[:2])[:_CELL_MAX]
    if value is None:
        return tr("none")
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    text = str(value)
    if len(text) > _CELL_MAX:
        return tr("{text}… ({count} characters)", text=text[:_CELL_MAX], count=number(len(text)))
    return text


class JsonView(QTreeView):
    """Shows a document, its first level open."""

    def __init__(self, document: Any, parent: QWidget | None = None) -> None:
        """Show it."""
        super().__init__(parent)
        self._tree = JsonTree(document)
        self.setModel(self._tree)
        self.setAccessibleName(tr("Report"))
        self.setUniformRowHeights(True)
        self.setAlternatingRowColors(True)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        self.setColumnWidth(0, self.fontMetrics().averageCharWidth() * 34)
        for row in range(self._tree.rowCount()):
            if self._tree.index(row, 0).internalPointer().size <= 50:
                self.expand(self._tree.index(row, 0))
