"""Labels with a role of the theme."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QWidget


def label(text: str = "", *, role: str = "", parent: QWidget | None = None) -> QLabel:
    """A label whose text wraps and can be copied.

    Args:
        text: plain text; what comes from files is never read as markup.
        role: `title`, `quiet`, `good`, `call` or `calm`, see `theme`.
        parent: Qt's.
    """
    made = QLabel(parent)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setText(text)
    made.setWordWrap(True)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if role:
        made.setProperty("role", role)
    return made


def set_role(widget: QWidget, role: str) -> None:
    """Give a widget another role of the theme."""
    if widget.property("role") != role:
        widget.setProperty("role", role)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def card(parent: QWidget | None = None, *, role: str = "card") -> QFrame:
    """A raised panel."""
    made = QFrame(parent)
    made.setProperty("role", role)
    return made
