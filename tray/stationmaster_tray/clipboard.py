"""The clipboard: what is put there is text, however large, without the window standing still."""

from __future__ import annotations

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QGuiApplication


def put(text: str | bytes) -> None:
    """Put text onto the clipboard.

    Args:
        text: bytes where it may be megabytes, in UTF-8: Qt makes text of it when somebody pastes it. To do so
            at once would hold up the window.
    """
    if isinstance(text, str):
        QGuiApplication.clipboard().setText(text)
        return
    data = QMimeData()
    data.setData("text/plain", text)
    QGuiApplication.clipboard().setMimeData(data)


def let_go() -> None:
    """Before the program ends: leave text of Qt's own, as nothing of Python's may outlive Python."""
    board = QGuiApplication.clipboard()
    if board.ownsClipboard():
        board.setText(board.text())
