"""What is seen outside the window: icons, menu, notifications."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QVBoxLayout, QWidget

from screenshots.studio import Studio
from stationmaster_tray import icons, theme
from stationmaster_tray.icons import Variant
from stationmaster_tray.presenter import State
from stationmaster_tray.widgets.label import label

_SMALL = (16, 24, 32, 48, 64)
_GAP = 16


async def menu(studio: Studio, name: str = "menu") -> None:
    """The menu, and what is below Pause."""
    shown = studio.tray.icon.menu
    shown.popup(QPoint(0, 0))
    await studio.picture(name, shown)
    shown.hide()
    if name == "menu":
        below = next(one.menu() for one in shown.actions() if one.text().startswith("Pause"))
        assert isinstance(below, QMenu)
        below.popup(QPoint(0, 0))
        await studio.picture("menu-pause", below)
        below.hide()


def sheets(studio: Studio) -> None:
    """All icons in all sizes, on the panels that they are for."""
    studio.keep("icons", _sheet(Variant(studio.scheme), theme.colours()))
    studio.keep("icons-mono", _sheet(Variant.MONOCHROME, theme.colours()))


def _sheet(variant: Variant, colours: theme.Colours) -> QImage:
    """A row for each state with the small sizes, 128 and 256 pixels."""
    states = tuple(State)
    wide = 130 + sum(size + _GAP for size in (*_SMALL, 128, 256))
    made = QImage(wide, len(states) * (256 + _GAP) + _GAP, QImage.Format.Format_RGB32)
    made.fill(QColor(colours.ground))
    painter = QPainter(made)
    for row, state in enumerate(states):
        top = _GAP + row * (256 + _GAP)
        painter.setPen(QColor(colours.ink))
        painter.drawText(_GAP, top, 120, 256, Qt.AlignmentFlag.AlignVCenter, state.value)
        left = 130
        for size in (*_SMALL, 128, 256):
            drawn = icons.pixmap(state.value, variant, size).toImage()
            if variant is Variant.MONOCHROME:
                drawn = _inked(drawn, colours.ink)
            painter.drawImage(left, top + (256 - size) // 2, drawn)
            left += size + _GAP
    painter.end()
    return made


def _inked(stencil: QImage, ink: str) -> QImage:
    """As a panel colours it: its own ink where the stencil is opaque."""
    made = stencil.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
    painter = QPainter(made)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
    painter.fillRect(made.rect(), QColor(ink))
    painter.end()
    return made


async def notices(studio: Studio) -> None:
    """The texts of the notifications so far, drawn as a desktop may draw them."""
    shown = QWidget()
    shown.setFixedWidth(560)
    column = QVBoxLayout(shown)
    for notice in studio.notices:
        card = QFrame(shown)
        card.setProperty("role", "card")
        line = QHBoxLayout(card)
        sign = QLabel(card)
        state = State.NEEDS_YOU if notice.urgent else State.IDLE
        sign.setPixmap(icons.pixmap(state.value, Variant(studio.scheme), 32))
        words = QVBoxLayout()
        title = label(notice.title, parent=card)
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        for part in (title, label(notice.text, role="quiet", parent=card)):
            words.addWidget(part)
        line.addWidget(sign)
        line.addLayout(words, 1)
        column.addWidget(card)
    shown.resize(shown.width(), column.heightForWidth(shown.width()))
    shown.show()
    await studio.picture("notices", shown)
    shown.close()
