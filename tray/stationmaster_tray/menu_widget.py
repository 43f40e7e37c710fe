"""Qt's menu for the pure one: made anew only where it changed, so that an open menu does not jump."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from stationmaster_tray.menu import Item

Chosen = Callable[[Item], None]


class TrayMenu(QMenu):
    """The icon's menu. A chosen line is handed to `chosen`."""

    def __init__(self, chosen: Chosen, parent: QWidget | None = None) -> None:
        """Empty at first."""
        super().__init__(parent)
        self._chosen = chosen
        self._items: tuple[Item, ...] = ()
        self._shape: object = None

    def show_items(self, items: tuple[Item, ...]) -> None:
        """Offer these lines: texts alone are changed in place, another shape makes the menu anew."""
        if items == self._items:
            return
        shape = _shape(items)
        if shape == self._shape:
            _retext(self, items)
        else:
            for below in self.findChildren(QMenu):  # `clear` deletes the actions alone
                below.deleteLater()
            self.clear()
            _fill(self, items, self._chosen)
        self._items, self._shape = items, shape


def _shape(items: tuple[Item, ...]) -> object:
    return tuple((one.action, one.instance, one.argument, one.is_line, _shape(one.items)) for one in items)


def _fill(menu: QMenu, items: tuple[Item, ...], chosen: Chosen) -> None:
    for item in items:
        if item.is_line:
            menu.addSeparator()
        elif item.items:
            below = menu.addMenu(_plain(item.text))
            below.setEnabled(item.enabled)
            _fill(below, item.items, chosen)
        else:
            action = QAction(_plain(item.text), menu)
            action.setObjectName(item.action)
            action.setEnabled(item.enabled)
            _check(action, item)
            action.triggered.connect(lambda _checked=False, item=item: chosen(item))
            menu.addAction(action)


def _retext(menu: QMenu, items: tuple[Item, ...]) -> None:
    for action, item in zip(menu.actions(), items, strict=True):
        action.setText(_plain(item.text))
        action.setEnabled(item.enabled)
        _check(action, item)
        below = action.menu()
        if isinstance(below, QMenu):
            _retext(below, item.items)


def _check(action: QAction, item: Item) -> None:
    if item.checked is not None:
        action.setCheckable(True)
        action.setChecked(item.checked)


def _plain(text: str) -> str:
    """An ampersand would underline what follows it."""
    return text.replace("&", "&&")
