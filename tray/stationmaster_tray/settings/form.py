"""All settings of an instance, or of the agent, as a form that is drawn from the schema."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from stationmaster.control.trial_protocol import Fault, SettingsSchema
from stationmaster_tray.in_window import in_window
from stationmaster_tray.settings.entered import Entered, list_key, place_of, values_of
from stationmaster_tray.settings.row import SettingRow
from stationmaster_tray.settings.section import ListCards, SectionCard, title_of_section
from stationmaster_tray.slices import sliced
from stationmaster_tray.text import tr
from stationmaster_tray.widgets.label import label


class SettingsForm(QScrollArea):
    """`changed`: edited. `settled(key, mine)`: what a person decided about a change elsewhere."""

    changed = Signal()
    settled = Signal(str, bool)

    def __init__(self, schema: SettingsSchema) -> None:
        """Empty before `build`."""
        super().__init__()
        self.schema = schema
        self._sections: dict[str, SectionCard] = {}
        self._lists: dict[str, ListCards] = {}
        self._looked_at = asyncio.Event()
        self._nothing = label(tr("No setting matches."), role="quiet")
        self._nothing.hide()
        inside = QWidget(self)
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, 0, 8, 0)
        self._column.setSpacing(12)
        self._column.addWidget(self._nothing)
        self._column.addStretch(1)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidget(inside)

    async def build(self, entered: Entered) -> None:
        """Make the widgets while somebody looks: some at a time, so that the window stays quick.

        A widget costs most when it is first seen. Made while the page is hidden, all would cost that at once.
        """
        await self._turn()
        await sliced(self._steps(entered), self._turn)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Somebody looks."""
        self._looked_at.set()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        """Nobody does any more."""
        self._looked_at.clear()
        super().hideEvent(event)

    def show_entered(self, entered: Entered) -> None:
        """Show these values; what stands there already is left alone."""
        for section in self.schema.sections:
            if section.repeated:
                name = list_key(section.key)
                self._lists[name].set_rows(entered.lists.get(name, ()))
            else:
                self._sections[section.key].set_values(values_of(section, entered))

    def entered(self) -> Entered:
        """What stands there now."""
        values: dict[str, Any] = {}
        for one in self._sections.values():
            values |= {row.form.key: row.field.value() for row in one.rows.values()}
        return Entered(values=values, lists={name: made.rows() for name, made in self._lists.items()})

    @property
    def trouble(self) -> str:
        """Why something that stands there is no value at all; "" where all is."""
        return next((row.field.trouble for row in self.rows() if row.field.trouble), "")

    def rows(self) -> Iterator[SettingRow]:
        """Each setting that is shown."""
        for one in self._cards():
            yield from one.rows.values()

    def row(self, key: str) -> SettingRow | None:
        """The row of a dotted key, numbers as in the settings file."""
        name, _, rest = key.partition(".")
        if name not in self._lists:
            return next((row for row in self.rows() if row.form.key == key), None)
        number, _, setting = rest.partition(".")
        card = next((one for one in self._lists[name] if str(one.origin) == number), None)
        return card.rows.get(setting) if card else None

    def cards(self, name: str) -> ListCards:
        """The items of a list."""
        return self._lists[name]

    # ---------------------------------------------------------------- what is wrong
    def show_faults(self, faults: tuple[Fault, ...], base: Entered) -> tuple[str, ...]:
        """Say each beside its setting; returns those that have no place here.

        Args:
            faults: of the patch that makes of `base` what stands here.
            base: the settings as they are.
        """
        told: dict[SettingRow, list[str]] = {}
        nowhere: list[str] = []
        for fault in faults:
            text = in_window(f"{fault.text} {fault.next_step}".strip())
            row = self._guilty(fault.key, base)
            if row is None:
                nowhere.append(text)
            else:
                told.setdefault(row, []).append(text)
        for row in self.rows():
            row.show_fault("\n".join(told.get(row, ())))
        return tuple(nowhere)

    def show_conflicts(self, conflicts: Mapping[str, Any]) -> None:
        """Ask beside each setting what to do about a change elsewhere."""
        by_row = {row: key for key in conflicts if (row := self.row(key)) is not None}
        for row in self.rows():
            key = by_row.get(row, "")
            row.show_conflict(conflicts.get(key), there=bool(key))
            row.setProperty("conflict", key)

        for name, made in self._lists.items():
            made.show_conflict(there=name in conflicts)

    def take(self, key: str, theirs: Any) -> None:
        """Show what stands in the settings instead of what was entered."""
        if key in self._lists:
            self._lists[key].set_rows(theirs)
        elif (row := self.row(key)) is not None:
            row.field.set_value(theirs)

    def show_what_is_wrong(self) -> None:
        """Bring the first setting that is wrong, or asks, to where it is seen."""
        wrong = next((row for row in self.rows() if row.calls), None)
        if wrong is not None:
            self.ensureWidgetVisible(wrong, 0, wrong.height())
            wrong.field.setFocus()

    def restarts(self, patch: Mapping[str, Any]) -> bool:
        """A station that runs begins anew with these changes."""
        at_once = {row.form.key for row in self.rows() if not row.form.restart}
        return any(key not in at_once for key in patch) and self.schema.kind == "instance"

    async def search(self, text: str) -> None:
        """Show only the settings that match; some at a time, so that the window stays quick."""
        found = False
        for one in self._sections.values():
            found = one.search(text) or found
            await asyncio.sleep(0)
        for made in self._lists.values():
            found = await made.search(text) or found
        self._nothing.setVisible(bool(text) and not found)

    # ---------------------------------------------------------------- inside
    async def _turn(self) -> None:
        await asyncio.sleep(0)
        await self._looked_at.wait()

    def _steps(self, entered: Entered) -> Iterator[None]:
        for section in self.schema.sections:
            if section.repeated:
                made = ListCards(section, self._watch)
                self._lists[made.name] = made
                made.changed.connect(self.changed)
                made.take_theirs.connect(lambda name=made.name: self.settled.emit(name, False))
                self._insert(made)
                yield
                yield from made.fill(entered.lists.get(made.name, ()))
                continue
            one = SectionCard(title_of_section(section.key), section.doc)
            self._sections[section.key] = one
            one.changed.connect(self.changed)
            self._insert(one)
            yield
            yield from one.fill(section.settings, values_of(section, entered))
            self._watch(one)

    def _insert(self, widget: QWidget) -> None:
        self._column.insertWidget(self._column.count() - 1, widget)

    def _cards(self) -> Iterator[SectionCard]:
        yield from self._sections.values()
        for made in self._lists.values():
            yield from made

    def _watch(self, one: SectionCard) -> None:
        for row in one.rows.values():
            row.keep_mine.connect(lambda row=row: self.settled.emit(str(row.property("conflict")), True))
            row.take_theirs.connect(lambda row=row: self.settled.emit(str(row.property("conflict")), False))

    def _guilty(self, key: str, base: Entered) -> SettingRow | None:
        """The row that a fault is about: its own, the one that holds it, or the first of the faulty item."""
        name, number, setting = place_of(key, base, self.entered())
        if not name:
            return next((row for row in self.rows() if f"{key}.".startswith(f"{row.form.key}.")), None)
        if number < 0:
            return None
        rows = self._lists[name].cards[number].rows
        return rows.get(setting.partition(".")[0]) or next(iter(rows.values()))
