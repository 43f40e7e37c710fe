"""The settings that stand together, as a card; and the items of a list of tables, each a card."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from stationmaster.control.trial_protocol import SettingForm, SettingSection
from stationmaster_tray.settings.entered import IDENTITY, Row, last, list_key, new_row
from stationmaster_tray.settings.row import SettingRow, title_of
from stationmaster_tray.text import tr
from stationmaster_tray.widgets.label import card, label


class SectionCard(QWidget):
    """Some settings with a title. `changed`: one of them was edited. `removed`: of an item of a list.

    Its rows are made by `fill`.
    """

    changed = Signal()
    removed = Signal()

    def __init__(self, title: str, doc: str, *, item: bool = False) -> None:
        """Without rows.

        Args:
            title: what it is.
            doc: in a sentence.
            item: it is one of a list and can be removed.
        """
        super().__init__()
        self.rows: dict[str, SettingRow] = {}
        self.origin: int | None = None
        self._searched = ""
        self._card = made = card(self)
        column = self._column = QVBoxLayout(made)
        column.setContentsMargins(16, 12, 16, 14)
        column.setSpacing(12)
        head = QHBoxLayout()
        self._title = label(title, role="title", parent=made)
        head.addWidget(self._title, 1)
        if item:
            self._remove = QPushButton(tr("Remove"), made)
            self._remove.clicked.connect(self.removed)
            head.addWidget(self._remove)
        column.addLayout(head)
        if doc:
            column.addWidget(label(tr(doc), role="quiet", parent=made))
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(made)

    def fill(self, settings: tuple[SettingForm, ...], values: Mapping[str, Any]) -> Iterator[None]:
        """Make a row for each setting: may be interrupted wherever it yields.

        Args:
            settings: of it.
            values: what stands there, by the last word of each key.
        """
        for one in settings:
            name = last(one.key)
            row = SettingRow(one, self._card)
            row.hide()
            yield
            row.field.set_value(values.get(name))
            row.changed.connect(self.changed)
            self.rows[name] = row
            self._column.addWidget(row)
            row.setVisible(row.matches(self._searched))
            yield

    def set_title(self, title: str) -> None:
        """Of an item: what tells it from the others."""
        self._title.setText(title)
        self._remove.setAccessibleName(tr("Remove {name}", name=title))

    def values(self) -> dict[str, Any]:
        """What stands there, by the last word of each key."""
        return {name: row.field.value() for name, row in self.rows.items()}

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show these; what is the same already is left alone, with the cursor in it."""
        for name, row in self.rows.items():
            if row.field.value() != values.get(name):
                row.field.set_value(values.get(name))

    def search(self, text: str) -> bool:
        """Show only what matches; True where something does."""
        self._searched = text
        found = [row for row in self.rows.values() if row.matches(text)]
        for row in self.rows.values():
            row.setVisible(row in found)
        self.setVisible(bool(found))
        return bool(found)


class ListCards(QWidget):
    """The items of `watch` or `fetch`, with a button for another one.

    `take_theirs`: the list was changed elsewhere, and what was entered here shall go.
    """

    changed = Signal()
    take_theirs = Signal()

    def __init__(self, section: SettingSection, added: Callable[[SectionCard], None]) -> None:
        """Without items.

        Args:
            section: of the schema.
            added: called with each new card.
        """
        super().__init__()
        self.name = list_key(section.key)
        self._section = section
        self._added = added
        self.cards: list[SectionCard] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(12)
        title, self._one, add = _words(self.name)
        self._head = label(title, role="title", parent=self)
        self._empty = label(tr(section.doc), role="quiet", parent=self)
        self.add_button = QPushButton(add, self)
        self.add_button.clicked.connect(self._add)
        self._conflict = self._conflict_line()
        for made in (self._head, self._empty, self._conflict):
            self._column.addWidget(made)
        self._column.addWidget(self.add_button, 0, Qt.AlignmentFlag.AlignLeft)

    def rows(self) -> tuple[Row, ...]:
        """What stands there."""
        return tuple(Row(origin=one.origin, values=one.values()) for one in self.cards)

    def set_rows(self, rows: tuple[Row, ...]) -> None:
        """Show these."""
        while len(self.cards) > len(rows):
            self._drop(self.cards[-1])
        for one, row in zip(self.cards, rows, strict=False):
            one.origin = row.origin
            one.set_values(row.values)
        for _step in self.fill(rows):
            pass
        self._titles()

    def fill(self, rows: tuple[Row, ...]) -> Iterator[None]:
        """Make the cards that are missing: may be interrupted after each of their settings."""
        for row in rows[len(self.cards) :]:
            yield from self._make(row)

    async def search(self, text: str) -> bool:
        """Show only what matches."""
        found = False
        for one in tuple(self.cards):
            found = one.search(text) or found
            await asyncio.sleep(0)
        self.setVisible(not text or found)
        return found

    def show_conflict(self, *, there: bool) -> None:
        """Say that the list has other items now, or no more."""
        self._conflict.setVisible(there)

    def __iter__(self) -> Iterator[SectionCard]:
        return iter(self.cards)

    # ---------------------------------------------------------------- inside
    def _conflict_line(self) -> QWidget:
        made = QWidget(self)
        text = tr("! This list was changed elsewhere meanwhile. What you entered here cannot be put into it.")
        take = QPushButton(tr("Show it as it is now"), made)
        take.clicked.connect(self.take_theirs)
        line = QHBoxLayout(made)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(label(text, role="calm", parent=made), 1)
        line.addWidget(take)
        made.hide()
        return made

    def _add(self) -> None:
        for _step in self._make(new_row(self._section.settings)):
            pass
        self._titles()
        next(iter(self.cards[-1].rows.values())).field.setFocus()
        self.changed.emit()

    def _make(self, row: Row) -> Iterator[None]:
        one = SectionCard(self._one, "", item=True)
        one.origin = row.origin
        self.cards.append(one)
        self._column.insertWidget(self._column.count() - 1, one)
        one.changed.connect(self._edited)
        one.removed.connect(lambda: self._removed(one))
        self._empty.hide()
        yield
        yield from one.fill(self._section.settings, row.values)
        self._added(one)
        self._titles()

    def _removed(self, one: SectionCard) -> None:
        self._drop(one)
        self._titles()
        self.changed.emit()

    def _drop(self, one: SectionCard) -> None:
        self.cards.remove(one)
        self._column.removeWidget(one)
        one.hide()
        one.deleteLater()

    def _edited(self) -> None:
        self._titles()
        self.changed.emit()

    def _titles(self) -> None:
        for one in self.cards:
            what = one.rows[IDENTITY[self.name]].field.value() if self.name in IDENTITY else ""
            one.set_title(f"{self._one}: {what}" if what else self._one)
        self._empty.setVisible(not self.cards)


def title_of_section(key: str) -> str:
    """A table's name as a person reads it."""
    return title_of(key) if key else tr("General")


def _words(name: str) -> tuple[str, str, str]:
    """Title of the list, name of one item, and what the button says."""
    words = {
        "watch": (tr("Watch folders"), tr("Watch folder"), tr("Add watch folder")),
        "fetch": (tr("Scheduled sources"), tr("Scheduled source"), tr("Add scheduled source")),
    }
    return words.get(name, (title_of(name), title_of(name), tr("Add")))
