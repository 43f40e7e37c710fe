"""One quiet look in light and dark, on every system: Qt's Fusion style with a palette of our own."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication


class Colours(msgspec.Struct, frozen=True, kw_only=True):
    """Named colours; each text on its ground has a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3)."""

    ground: str
    panel: str
    raised: str
    line: str
    ink: str
    quiet: str
    accent: str
    on_accent: str
    good: str
    call: str
    calm: str


LIGHT = Colours(
    ground="#f5f6f8",
    panel="#ffffff",
    raised="#eaedf1",
    line="#cfd6de",
    ink="#1b2530",
    quiet="#55616e",
    accent="#1d5fa8",
    on_accent="#ffffff",
    good="#1d7a46",
    call="#b3261e",
    calm="#8a5a00",
)
DARK = Colours(
    ground="#171b20",
    panel="#1f252c",
    raised="#2a323b",
    line="#3a444f",
    ink="#e8ecf0",
    quiet="#a5b0bc",
    accent="#6cb0f5",
    on_accent="#0c1620",
    good="#66d296",
    call="#ff8a80",
    calm="#ffc14d",
)

_DARKER = 140
"""Percent: how much darker than the ground Fusion's frames are."""

_chosen = ""


def choose(scheme: str) -> None:
    """Wear `light` or `dark`, or with "" what the system asks for; `apply` then dresses the app."""
    global _chosen  # noqa: PLW0603 - one process, one look
    _chosen = scheme


def is_dark() -> bool:
    """Windows are dark: chosen so, or the system asks for it."""
    if _chosen:
        return _chosen == "dark"
    return QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark


def colours() -> Colours:
    """The colours of now."""
    return DARK if is_dark() else LIGHT


def apply(app: QApplication) -> None:
    """Dress the app for the system's scheme; call it again when that changes."""
    now = colours()
    if app.style().name() != "fusion":
        app.setStyle("Fusion")
    app.setPalette(_palette(now))
    # Fusion draws the frame of a checked box in the ground's colour, made darker: none is seen on a dark one.
    boxes = _palette(now)
    boxes.setColor(QPalette.ColorRole.Window, QColor(now.quiet).lighter(_DARKER))
    app.setPalette(boxes, "QCheckBox")  # type: ignore[arg-type]  # its stub is wrong: it takes text alone
    app.setStyleSheet(_sheet(now))


def _palette(now: Colours) -> QPalette:
    role = QPalette.ColorRole
    made = QPalette()
    for which, colour in (
        (role.Window, now.ground),
        (role.WindowText, now.ink),
        (role.Base, now.panel),
        (role.AlternateBase, now.ground),
        (role.ToolTipBase, now.raised),
        (role.ToolTipText, now.ink),
        (role.Text, now.ink),
        (role.Button, now.raised),
        (role.ButtonText, now.ink),
        (role.BrightText, now.call),
        (role.Link, now.accent),
        (role.Highlight, now.accent),
        (role.HighlightedText, now.on_accent),
        (role.PlaceholderText, now.quiet),
        (role.Mid, now.line),
        (role.Dark, now.line),
        (role.Accent, now.accent),
    ):
        made.setColor(which, QColor(colour))
    off = QPalette.ColorGroup.Disabled
    for which in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(off, which, QColor(now.quiet))
    return made


def _sheet(now: Colours) -> str:
    title = round(QApplication.font().pointSizeF() * 1.4, 1)
    return f"""
    QLabel[role="title"] {{ font-weight: 600; font-size: {title}pt; }}
    QLabel[role="quiet"] {{ color: {now.quiet}; }}
    QLabel[role="good"] {{ color: {now.good}; }}
    QLabel[role="call"] {{ color: {now.call}; }}
    QLabel[role="calm"] {{ color: {now.calm}; }}
    QFrame[role="card"] {{ background: {now.panel}; border: 1px solid {now.line}; border-radius: 8px; }}
    QFrame[role="problem"] {{ background: {now.panel}; border: 1px solid {now.call}; border-radius: 8px; }}
    CallBar[state="error"] QLabel {{ color: {now.call}; }}
    QListWidget#navigation {{ background: {now.raised}; border: none; outline: 0; padding: 6px; }}
    QListWidget#navigation::item {{ padding: 8px 10px; border-radius: 6px; color: {now.ink}; }}
    QListWidget#navigation::item:selected {{ background: {now.accent}; color: {now.on_accent}; }}
    QTableView, QTreeView {{ border: 1px solid {now.line}; gridline-color: {now.line}; }}
    QHeaderView::section {{ background: {now.raised}; color: {now.ink}; border: none;
        border-bottom: 1px solid {now.line}; padding: 4px 3px; }}
    QTabBar::tab {{ padding: 6px 12px; border: none; border-bottom: 2px solid transparent;
        color: {now.quiet}; }}
    QTabBar::tab:selected {{ color: {now.ink}; border-bottom: 2px solid {now.accent}; }}
    QTabBar:focus::tab:selected {{ background: {now.raised}; }}
    QLineEdit {{ background: {now.panel}; border: 1px solid {now.line}; border-radius: 4px;
        padding: 4px 6px; }}
    QLineEdit[readOnly="true"] {{ background: transparent; border-color: transparent; color: {now.quiet};
        padding-left: 0px; }}
    QLineEdit:focus {{ border-color: {now.accent}; }}
    QRadioButton::indicator {{ background: {now.panel}; border: 1px solid {now.quiet}; border-radius: 7px;
        width: 12px; height: 12px; }}
    QRadioButton::indicator:checked {{ border: 4px solid {now.accent}; width: 6px; height: 6px; }}
    QPlainTextEdit {{ background: {now.panel}; border: 1px solid {now.line}; border-radius: 3px; }}
    QPushButton {{ padding: 5px 14px; }}
    QPushButton:checked {{ background: {now.accent}; color: {now.on_accent}; border: 1px solid {now.accent};
        border-radius: 4px; }}
    """
