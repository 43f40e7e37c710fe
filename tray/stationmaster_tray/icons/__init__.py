"""The icons: SVG shapes in three palettes, drawn sharp at each size that a panel asks for.

The shape tells the state, the colour only repeats it. `light` is for a light panel (dark ink), `dark` for a
dark one, `monochrome` for panels that colour icons themselves (macOS).
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QImage, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

SIZES = (16, 20, 22, 24, 32, 48, 64, 128, 256)


class Variant(StrEnum):
    """Which palette."""

    LIGHT = "light"
    DARK = "dark"
    MONOCHROME = "monochrome"


_PALETTES: dict[Variant, dict[str, str]] = {
    Variant.LIGHT: {
        "ink": "#23303d",
        "good": "#1d7a46",
        "call": "#c62828",
        "calm": "#8a5a00",
        "on": "#ffffff",
    },
    Variant.DARK: {
        "ink": "#eceff1",
        "good": "#66d296",
        "call": "#ff6b60",
        "calm": "#ffc14d",
        "on": "#14181c",
    },
    Variant.MONOCHROME: {
        "ink": "#000000",
        "good": "#000000",
        "call": "#000000",
        "calm": "#000000",
        "on": "#ffffff",
    },
}


def svg(name: str, variant: Variant) -> str:
    """The drawing of an icon in a palette.

    Args:
        name: a file of this folder without its ending.
        variant: which palette.
    """
    text = _template(name)
    for word, colour in _PALETTES[variant].items():
        text = text.replace(f"var(--{word})", colour)
    return text


@cache
def icon(name: str, variant: Variant) -> QIcon:
    """The icon with a pixmap of its own for each size: scaled ones are blurred at 16 px."""
    made = QIcon()
    for size in SIZES:
        made.addPixmap(pixmap(name, variant, size))
    if variant is Variant.MONOCHROME:
        made.setIsMask(True)
    return made


def pixmap(name: str, variant: Variant, size: int) -> QPixmap:
    """The icon drawn at `size` pixels."""
    picture = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
    mask = variant is Variant.MONOCHROME
    picture.fill(Qt.GlobalColor.white if mask else Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    QSvgRenderer(QByteArray(svg(name, variant).encode())).render(painter, QRectF(0, 0, size, size))
    painter.end()
    return QPixmap.fromImage(_stencil(picture) if mask else picture)


def _stencil(picture: QImage) -> QImage:
    """Black ink where the picture is dark, nothing where it is light: panels look at the opacity alone."""
    ink = picture.convertToFormat(QImage.Format.Format_Grayscale8)
    ink.invertPixels()
    made = QImage(picture.size(), QImage.Format.Format_ARGB32)
    made.fill(Qt.GlobalColor.black)
    made.setAlphaChannel(ink)
    return made


@cache
def _template(name: str) -> str:
    return (Path(__file__).parent / f"{name}.svg").read_text(encoding="utf-8")
