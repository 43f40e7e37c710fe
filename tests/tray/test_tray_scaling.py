"""Readable from 100 to 200 %: with larger text no button, box or line of text is cut off on any page."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QPushButton, QWidget

from fakes.station import Station
from fakes.tray import living
from fakes.waiting import until
from stationmaster_tray import theme
from stationmaster_tray.pages import PAGES
from stationmaster_tray.pages.converters import MAPPING, REPLAY, TRIAL, ConvertersPage
from stationmaster_tray.pages.settings import SettingsPage

SAMPLE = Path(__file__).parents[1] / "data" / "mapping" / "fct.csv"


def cut(widget: QWidget) -> list[str]:
    """What is shown with less room than its text needs."""
    pressed = [one for kind in (QPushButton, QCheckBox) for one in widget.findChildren(kind) if one.text()]
    found = [
        f"{one.text()!r} has {one.width()} of {one.minimumSizeHint().width()}"
        for one in pressed
        if one.isVisible() and one.width() + 1 < one.minimumSizeHint().width()
    ]
    for label in widget.findChildren(QLabel):
        plain = label.text() and not label.wordWrap() and label.isVisible() and "<" not in label.text()
        if plain and label.height() + 1 < label.fontMetrics().height():
            found.append(f"{label.text()!r} has the height {label.height()}")
    return found


async def _tabs(page: ConvertersPage) -> None:
    """Every tab as it is with something in it, wide and narrow."""
    page.map([SAMPLE])
    panel = page.mapping
    await until(lambda: not panel.bar.busy and not panel.result.bar.busy, what="the proposal")
    assert panel.bar.error == ""
    panel.editor.show_fault("Nothing fits. " * 20, 3, 1)
    for tab in (TRIAL, MAPPING, REPLAY):
        page.tabs.setCurrentIndex(tab)
        for orientation in (Qt.Orientation.Horizontal, Qt.Orientation.Vertical):
            panel._split.setOrientation(orientation)
            for _ in range(5):
                await asyncio.sleep(0)
            assert not cut(page), (tab, orientation)


def _loaded(page: QWidget) -> bool:
    return len(page.findChildren(QCheckBox)) > 3


@pytest.mark.parametrize("percent", [100, 150, 200])
async def test_nothing_is_cut_off(tmp_path: Path, app: QApplication, percent: int) -> None:
    usual = app.font()
    large = QFont(usual)
    large.setPointSizeF(usual.pointSizeF() * percent / 100)
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.start()
        async with living(app, station) as (tray, _):
            try:
                app.setFont(large)
                theme.apply(app)
                for spec in PAGES:
                    tray.window.open_page(spec.id)
                    page = tray.window.page
                    assert page is not None
                    if isinstance(page, SettingsPage):
                        await until(partial(_loaded, page), what="the settings")
                    for _ in range(5):
                        await asyncio.sleep(0)
                    assert not cut(page), spec.id
                    if isinstance(page, ConvertersPage):
                        await _tabs(page)
            finally:
                app.setFont(usual)
                theme.apply(app)
