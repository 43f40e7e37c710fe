"""The one message box. It shows its words as they stand, whatever tags a file's name has."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QMessageBox, QWidget


def message(
    icon: QMessageBox.Icon, title: str, text: str, *, more: str = "", parent: QWidget | None = None
) -> QMessageBox:
    """A box that is gone once it is closed; its buttons are the caller's, and nobody waits for it.

    Args:
        icon: what kind of message it is.
        title: of its window.
        text: the question, or what happened.
        more: what else there is to know, below it.
        parent: Qt's.
    """
    box = QMessageBox(parent)
    box.setIcon(icon)
    box.setWindowTitle(title)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(text)
    box.setInformativeText(more)
    for shown in box.findChildren(QLabel):  # the second text has a format of its own
        shown.setTextFormat(Qt.TextFormat.PlainText)
    box.finished.connect(box.deleteLater)
    return box
