"""What is seen: icons told apart by shape, colours that can be read, controls that can be reached."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QCheckBox,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QScrollArea,
    QTabBar,
    QWidget,
)

from fakes.station import Station
from fakes.tray import attached
from fakes.waiting import until
from stationmaster_tray import icons, theme
from stationmaster_tray.call import CallBar
from stationmaster_tray.desk import Page
from stationmaster_tray.pages import PAGES
from stationmaster_tray.pages.settings import SettingsPage
from stationmaster_tray.presenter import State
from stationmaster_tray.settings.question import TokenDialog, ask_removal
from stationmaster_tray.window import Window
from stationmaster_tray.wizard.dialog import Wizard

pytestmark = pytest.mark.usefixtures("app")

READABLE = 4.5
"""WCAG 2.2, 1.4.3: contrast of text."""


def shape(name: str, size: int) -> list[bool]:
    """Where the icon has ink, its colours left out."""
    picture = icons.pixmap(name, icons.Variant.MONOCHROME, size).toImage()
    return [picture.pixelColor(x, y).alpha() > 127 for x in range(size) for y in range(size)]


@pytest.mark.parametrize("size", icons.SIZES)
def test_each_state_has_a_shape_of_its_own(size: int) -> None:
    for one, other in combinations(State, 2):
        differ = sum(a != b for a, b in zip(shape(one.value, size), shape(other.value, size), strict=True))
        assert differ >= size * size * 0.04, f"{one} and {other} look alike at {size} px"


@pytest.mark.parametrize("variant", icons.Variant)
@pytest.mark.parametrize("state", State)
def test_each_icon_is_drawn_in_each_palette(state: State, variant: icons.Variant) -> None:
    assert "var(--" not in icons.svg(state.value, variant)
    made = icons.icon(state.value, variant)
    assert {size.width() for size in made.availableSizes()} == set(icons.SIZES)
    picture: QImage = made.pixmap(22, 22).toImage()
    assert any(picture.pixelColor(x, 11).alpha() for x in range(22))


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, as WCAG 2.2 defines it."""
    light, dark = sorted((_luminance(QColor(one)), _luminance(QColor(other))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: QColor) -> float:
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_every_text_can_be_read_on_its_ground(colours: theme.Colours) -> None:
    for ground in (colours.ground, colours.panel):
        for ink in ("ink", "quiet", "good", "call", "calm", "accent"):
            assert contrast(getattr(colours, ink), ground) >= READABLE, (ink, ground)
    assert contrast(colours.on_accent, colours.accent) >= READABLE
    assert contrast(colours.ink, colours.raised) >= READABLE


def test_the_look_follows_what_was_chosen(app: QApplication) -> None:
    try:
        for scheme, colours in (("dark", theme.DARK), ("light", theme.LIGHT)):
            theme.choose(scheme)
            theme.apply(app)
            assert app.palette().window().color() == QColor(colours.ground)
    finally:
        theme.choose("")
        theme.apply(app)


def unnamed(root: QWidget) -> list[str]:
    """Controls that a screen reader could not name."""
    buddies = {label.buddy() for label in root.findChildren(QLabel)}
    return [
        f"{type(one).__name__} {one.objectName()} in {type(one.parentWidget()).__name__}"
        for one in root.findChildren(QWidget)
        if one.focusPolicy() is not Qt.FocusPolicy.NoFocus
        and not one.isHidden()
        and not isinstance(one, QScrollArea | QLabel)
        and not _is_inside_another(one)
        and not one.accessibleName()
        and not (isinstance(one, QAbstractButton) and one.text())
        and one not in buddies
    ]


def _is_inside_another(one: QWidget) -> bool:
    """Qt's own parts of a control: the list of a combo box, the corner of a table, a line's clear button."""
    above = one.parentWidget()
    while above is not None and not isinstance(above, Page | Window | QDialog):
        if isinstance(above, QComboBox | QAbstractSpinBox | QAbstractItemView | QTabBar | QLineEdit):
            return True
        above = above.parentWidget()
    return False


async def test_every_control_has_a_name_and_can_be_reached_by_the_keyboard(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.start()
        async with attached(station) as desk:
            window = Window(desk)
            for spec in PAGES:
                window.open_page(spec.id)
            for tab in ("test", "mapping", "replay"):
                window.open_page("converters", tab)
                await until(
                    lambda: not any(one.busy for one in window.findChildren(CallBar)), what="all answers"
                )
                assert not unnamed(window), "\n".join(unnamed(window))
            settings = window.findChild(SettingsPage)
            assert isinstance(settings, SettingsPage)
            controls = len(settings.findChildren(QLineEdit))
            window.open_page("settings", "line1")
            await until(lambda: len(settings.findChildren(QLineEdit)) > controls + 10, what="the settings")
            await until(lambda: not any(one.busy for one in window.findChildren(CallBar)), what="all answers")
            assert not unnamed(window), "\n".join(unnamed(window))
            buttons = [one for one in window.findChildren(QAbstractButton) if not _is_inside_another(one)]
            assert [one.text() for one in buttons if one.focusPolicy() is Qt.FocusPolicy.NoFocus] == []
            window.close()


async def test_every_control_of_wizard_and_dialogs_has_a_name(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.start()
        async with attached(station) as desk:
            window = Window(desk)
            window.open_page("wizard")
            wizard = window.dialog
            assert isinstance(wizard, Wizard)
            token, question = TokenDialog("line1", window), ask_removal("line1", window, lambda: None)
            for root in (wizard, *wizard.steps, token, question):
                assert not unnamed(root), "\n".join(unnamed(root))
            assert wizard.windowTitle()
            assert token.windowTitle()
            for dialog in (token, question):
                dialog.reject()
            window.close()
            await desk.tasks.finish()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("checked", [True, False])
def test_a_check_box_has_a_frame_that_can_be_seen(app: QApplication, scheme: str, *, checked: bool) -> None:
    theme.choose(scheme)
    theme.apply(app)
    below = QWidget()
    box = QCheckBox("text", below)
    box.setChecked(checked)
    box.ensurePolished()
    box.resize(box.sizeHint())
    picture = below.grab(box.geometry()).toImage()
    middle = picture.height() // 2
    colours = [picture.pixelColor(x, middle).name() for x in range(picture.width())]
    frame = next(colour for colour in colours if colour != colours[-1])
    theme.choose("")
    theme.apply(app)
    assert contrast(frame, colours[-1]) >= 3, "WCAG 2.2, 1.4.11"
