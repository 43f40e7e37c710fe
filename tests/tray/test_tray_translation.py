"""Every text of the tray goes through the translation: a pseudo-language finds those that do not."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import QAbstractItemModel, QLocale, Qt, QTranslator
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QGroupBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QWidget,
)

from fakes.station import Station
from fakes.tray import attached
from fakes.waiting import until
from stationmaster.control.command_answer import Replayed, ReplayPlan
from stationmaster.model import Lifecycle, Link
from stationmaster_tray.desk import Desk
from stationmaster_tray.entries.table import EntryTable
from stationmaster_tray.entries.wording import columns
from stationmaster_tray.menu import Item, menu
from stationmaster_tray.pages import PAGES
from stationmaster_tray.pages.converters import ConvertersPage
from stationmaster_tray.presenter import State, TrayView
from stationmaster_tray.seen import Contact
from stationmaster_tray.settings.question import TokenDialog, ask_removal
from stationmaster_tray.text import clock, number, plural, span, tr
from stationmaster_tray.widgets.station import StationCard
from stationmaster_tray.window import Window
from stationmaster_tray.wizard.dialog import Wizard

DATA = Path(__file__).parents[1] / "data" / "mapping"
BEGIN, END = "\N{MATHEMATICAL LEFT WHITE SQUARE BRACKET}", "\N{MATHEMATICAL RIGHT WHITE SQUARE BRACKET}"
NAMES = re.compile(
    re.escape(platform.node())
    + r"|https://\S+|Stationmaster|[\d\s.,:%/+-]*|\N{EN DASH}|Apache-2.0.*|\d+\.\d+\.\d+.*|Linux.*|/.*"
)
"""What no language changes: names, numbers, places."""


class Pseudo(QTranslator):
    """Translates everything into itself, in brackets."""

    def translate(
        self,
        _context: str | bytes,
        text: str | bytes,
        _disambiguation: str | bytes | None = None,
        _number: int = -1,
    ) -> str:
        """In brackets."""
        return f"{BEGIN}{text if isinstance(text, str) else text.decode()}{END}"

    def isEmpty(self) -> bool:  # noqa: N802 - Qt's name
        """It has something to say."""
        return False


@pytest.fixture
def pseudo(app: QApplication) -> Iterator[None]:
    """The tray speaks the pseudo-language."""
    translator = Pseudo()
    app.installTranslator(translator)
    yield
    app.removeTranslator(translator)


def shown(root: QWidget) -> Iterator[str]:
    """Every text of a widget and those below it, also what is said to who does not see."""
    for widget in [root, *root.findChildren(QWidget)]:
        yield widget.toolTip()
        yield widget.accessibleName()
        yield from _own(widget)
        if isinstance(widget, QAbstractItemView) and not isinstance(widget, QListWidget):
            yield from _headers(widget.model())


def _own(widget: QWidget) -> Iterator[str]:
    if isinstance(widget, QLabel | QAbstractButton):
        yield widget.text()
    elif isinstance(widget, QComboBox):
        yield from (widget.itemText(row) for row in range(widget.count()))
    elif isinstance(widget, QLineEdit):
        yield widget.placeholderText()
    elif isinstance(widget, QGroupBox):
        yield widget.title()
    elif isinstance(widget, QListWidget):
        yield from (widget.item(row).text() for row in range(widget.count()))


def _headers(model: QAbstractItemModel | None) -> Iterator[str]:
    for column in range(model.columnCount() if model else 0):
        yield str(model.headerData(column, Qt.Orientation.Horizontal) or "") if model else ""


def foreign(texts: Iterator[str]) -> list[str]:
    """Those that did not go through the translation."""
    return sorted({text for text in texts if text and BEGIN not in text and not NAMES.fullmatch(text)})


async def bare(desk: Desk) -> Window:
    """The window with every page made, while no agent says anything in its own language."""
    await until(lambda: desk.seen.contact is Contact.GONE, what="that there is no agent")
    window = Window(desk)
    for spec in PAGES:
        window.open_page(spec.id)
    for tab in ("test", "mapping", "replay"):
        window.open_page("converters", tab)
    return window


@pytest.mark.usefixtures("pseudo")
async def test_no_text_of_a_mapping_and_a_replay_is_untranslated(tmp_path: Path) -> None:
    async with Station(tmp_path) as station, attached(station, wait=False) as desk:
        page = ConvertersPage(desk)
        page.map([DATA / "fct.csv"])
        panel, replay = page.mapping, page.replay
        await until(lambda: not panel.bar.busy and not panel.result.bar.busy, what="the proposal")
        panel.save.bar.cancel()
        panel.editor.show_fault(tr("x"), 1, 1)
        replay.show_plan(ReplayPlan(present="1", present_version="1", converter="1", version="1", files=2))
        replay.show_file(Replayed(name="/1", old="1"))
        for part in (panel.editor, panel.save, replay):
            assert foreign(shown(part)) == []
        cells = [cell for line in replay.files.plain.lines for cell in line.cells]
        assert foreign(iter(cells)) == []
        for box in (panel.ask(lambda: None), panel.save.ask(Path("/1"), lambda: None)):
            assert foreign(iter([box.text(), box.informativeText()])) == []
            assert foreign(shown(box)) == []
            box.reject()
        page.left()


@pytest.mark.usefixtures("pseudo")
async def test_no_text_of_the_window_is_untranslated(tmp_path: Path) -> None:
    async with Station(tmp_path) as station, attached(station, wait=False) as desk:
        window = await bare(desk)
        assert any(BEGIN in text for text in shown(window))
        assert foreign(shown(window)) == []
        window.close()


@pytest.mark.usefixtures("pseudo")
async def test_no_text_of_wizard_and_dialogs_is_untranslated(tmp_path: Path) -> None:
    async with Station(tmp_path) as station, attached(station, wait=False) as desk:
        await until(lambda: desk.seen.contact is Contact.GONE, what="that there is no agent")
        window = Window(desk)
        window.open_page("wizard")
        wizard = window.dialog
        assert isinstance(wizard, Wizard)
        token, question = TokenDialog("1", window), ask_removal("1", window, lambda: None)
        assert foreign(iter([question.text(), question.informativeText()])) == []
        for root in (wizard, token, question):
            assert BEGIN in root.windowTitle()
            assert foreign(shown(root)) == []
        for dialog in (token, question):
            dialog.reject()
        window.close()
        await desk.tasks.finish()


@pytest.mark.usefixtures("pseudo")
async def test_no_text_of_cards_and_cells_is_untranslated(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        line = await station.line("1", await station.server(), "keep")  # a name that no language changes
        await station.start()
        line.inboxes[0].drop(line.equipment.make("wstf", units=1))
        line.inboxes[0].spoil(b"no report\n", "spoilt.wstf")
        await station.until(lambda now: now.instances[0].counts.completed and now.instances[0].counts.error)
        async with attached(station) as desk:
            card = StationCard(desk, "1")
            status = desk.seen.status
            assert status is not None
            states: list[dict[str, Any]] = [{"lifecycle": one} for one in Lifecycle]
            states += [{"link": one} for one in Link]
            states += [{"paused_until": desk.now() + timedelta(hours=1)}, {"folders": ()}]
            for state in states:
                card.show_instance(msgspec.structs.replace(status.instances[0], **state))
                assert foreign(shown(card)) == [], state
            card.show_unknown()
            assert foreign(shown(card)) == []
            card.follow(on=True)
            await until(lambda: any("1-00001" in text for text in shown(card)), what="the last uploads")
            assert foreign(shown(card)) == []
            card.follow(on=False)
            table = EntryTable(columns(desk.now))
            table.append(await station.entries("1"), more=False)
            assert table.rowCount() == 2
            assert foreign(words(table)) == []


def words(table: EntryTable) -> Iterator[str]:
    """What the tray says itself in the cells: the others hold what the agent and the reports say."""
    for row in range(table.rowCount()):
        for place, column in enumerate(table.columns):
            if column.id in {"time", "result", "state"}:
                yield str(table.index(row, place).data() or "")


@pytest.mark.usefixtures("pseudo")
def test_no_text_of_the_menu_is_untranslated() -> None:
    def every(items: tuple[Item, ...]) -> Iterator[str]:
        for item in items:
            yield item.text
            yield from every(item.items)

    view = TrayView(
        state=State.ERRORS,
        tooltip=tr("x"),
        errors=2,
        can_pause=True,
        instances=("1", "2"),
        folders=(("1", "/x"),),
    )
    assert foreign(every(menu(view))) == []


@pytest.mark.usefixtures("app")
def test_numbers_and_times_are_written_as_the_locale_does() -> None:
    now = datetime(2026, 3, 2, 14, 10, tzinfo=UTC).astimezone()
    before = QLocale()
    try:
        QLocale.setDefault(QLocale("de_DE"))
        assert number(1234567) == "1.234.567"
        assert number(1.5, 2) == "1,50"
        german = clock(now - timedelta(days=3), now)
        QLocale.setDefault(QLocale("en_US"))
        assert number(1234567) == "1,234,567"
        assert clock(now - timedelta(days=3), now) != german
        assert clock(now, now).count(":") == 1
    finally:
        QLocale.setDefault(before)


@pytest.mark.usefixtures("app")
def test_sentences_follow_the_number_and_spans_name_the_unit_that_matters() -> None:
    assert plural(1, "{count} file", "{count} files") == "1 file"
    assert plural(0, "{count} file", "{count} files") == "0 files"
    spans = [span(timedelta(seconds=seconds)) for seconds in (-5, 59, 600, 7200, 400_000)]
    assert spans == ["0 s", "59 s", "10 min", "2 h", "4 days"]
