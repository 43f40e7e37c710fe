"""A row of buttons that goes on in the next line where a narrow window has no room for all of them."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget


class Flow(QLayout):
    """Lays widgets out as a text lays out its words; hidden ones take no room."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Empty at first."""
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)

    # ---------------------------------------------------------------- Qt's calls
    def addItem(self, item: QLayoutItem) -> None:  # noqa: N802 - Qt's name
        """One more."""
        self._items.append(item)

    def count(self) -> int:
        """How many there are."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:  # noqa: N802 - Qt's name; None is its end
        """One of them."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:  # noqa: N802 - Qt's name; None is its end
        """Give one away."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:  # noqa: N802 - Qt's name
        """It wants no more room than it needs."""
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:  # noqa: N802 - Qt's name
        """The narrower, the higher."""
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802 - Qt's name
        """Height of its lines."""
        return self._laid(QRect(0, 0, width, 0), move=False)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """All in one line."""
        sizes = [item.sizeHint() for item in self._items if not item.isEmpty()]
        gaps = max(0, len(sizes) - 1) * self._gap()
        return QSize(
            sum(one.width() for one in sizes) + gaps, max((one.height() for one in sizes), default=0)
        )

    def minimumSize(self) -> QSize:  # noqa: N802 - Qt's name
        """The widest of them has room."""
        sizes = [item.minimumSize() for item in self._items if not item.isEmpty()]
        return QSize(
            max((one.width() for one in sizes), default=0), max((one.height() for one in sizes), default=0)
        )

    def setGeometry(self, rect: QRect) -> None:  # noqa: N802 - Qt's name
        """Put them there."""
        super().setGeometry(rect)
        self._laid(rect, move=True)

    # ---------------------------------------------------------------- inside
    def _gap(self) -> int:
        return max(0, self.spacing())

    def _laid(self, rect: QRect, *, move: bool) -> int:
        """Go through the lines; the height of all."""
        x, y, line = rect.x(), rect.y(), 0
        for item in self._items:
            if item.isEmpty():
                continue
            size = item.sizeHint()
            if line and x + size.width() > rect.x() + rect.width():
                x, y, line = rect.x(), y + line + self._gap(), 0
            if move:
                item.setGeometry(QRect(QPoint(x, y), size))
            x, line = x + size.width() + self._gap(), max(line, size.height())
        return y + line - rect.y()
