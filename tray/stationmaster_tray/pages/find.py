"""Find: where is this unit? Everything known of a serial number, in all stations."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QStackedWidget, QVBoxLayout

from stationmaster.model import Entry
from stationmaster_tray.call import CallBar
from stationmaster_tray.desk import Desk, Page
from stationmaster_tray.entries import wording
from stationmaster_tray.entries.choice import Shown
from stationmaster_tray.entries.deed import Deeds
from stationmaster_tray.entries.export import Form
from stationmaster_tray.entries.table import EntryTable
from stationmaster_tray.entries.view import EntryView
from stationmaster_tray.text import plural, tr
from stationmaster_tray.widgets.blank import Blank
from stationmaster_tray.widgets.label import label

MOST = 1000
"""Entries of one station that the agent looks up at most, the newest."""


class FindPage(Page):
    """A serial number, and what is known of it."""

    def __init__(self, desk: Desk) -> None:
        """Nothing is looked for yet."""
        super().__init__(desk)
        self._asked = ""
        self._serial = QLineEdit(self)
        self._serial.setClearButtonEnabled(True)
        self._serial.setPlaceholderText(tr("Type or scan a serial number, then press Return"))
        name = QLabel(tr("&Serial number"), self)
        name.setBuddy(self._serial)
        self._find = QPushButton(tr("&Find"), self)
        self._show = QPushButton(tr("Show in &queue"), self)
        self.bar = CallBar(desk.tasks, self)
        self._told = label(parent=self)
        self._told.setAccessibleName(tr("Result"))
        self._blank = Blank(self)
        self._blank.say(
            tr("All stations are searched: what waits, what failed, what was delivered and when.")
        )
        self.table = EntryTable(wording.columns(desk.now))
        self.view = EntryView(desk, self.table, "find", self)
        self.view.setAccessibleName(tr("Entries"))
        self.deeds = Deeds(desk, self)
        self._stack = QStackedWidget(self)
        for widget in (self._blank, self.view):
            self._stack.addWidget(widget)
        self._lay_out(name)
        self._serial.returnPressed.connect(self.look_up)
        self._find.clicked.connect(self.look_up)
        self._show.clicked.connect(self._show_in_queue)
        self.view.opened.connect(self._show_in_queue)
        self.view.chosen.connect(lambda: self._show.setEnabled(self.view.count == 1))
        self.view.copy_wanted.connect(self._copy)
        self.deeds.said.connect(self._told.setText)
        self._show.hide()
        self._told.hide()

    def entered(self, argument: object = None) -> None:
        """Look for what is wanted: a serial number, or a mapping with `serial`; else wait for one."""
        wanted = argument.get("serial") if isinstance(argument, Mapping) else argument
        self._serial.setFocus()
        self._serial.selectAll()
        if isinstance(wanted, str) and wanted:
            self._serial.setText(wanted)
            self.look_up()

    def left(self) -> None:
        """Look for nothing more, and keep the widths of the columns."""
        self.bar.cancel()
        self.view.remember()

    def look_up(self) -> None:
        """Ask the agent."""
        self._asked = asked = self._serial.text().strip()
        self._told.hide()
        self._forget()
        if not asked:
            self.bar.cancel()
            return
        self.bar.run(
            lambda: self.desk.client.find(asked),
            self._found,
            what=tr("Looking for {serial}...", serial=asked),
        )

    # ---------------------------------------------------------------- inside
    def _forget(self) -> None:
        """What was found, or not, for another serial number would be read as the answer for this one."""
        self.table.clear()
        self._show.hide()
        self._blank.say("")
        self._stack.setCurrentIndex(0)

    def _found(self, entries: tuple[Entry, ...]) -> None:
        self.table.clear()
        self.table.append(reversed(entries), more=False)
        self._stack.setCurrentIndex(1 if entries else 0)
        self._told.setText(self._in_words(entries))
        self._told.setVisible(bool(entries))
        self._show.setVisible(bool(entries))
        if entries:
            self.view.hide_columns(*(() if any(one.reason for one in entries) else ("reason",)))
            self.view.choose(0)
            self.view.setFocus()
            return
        self._blank.say(
            tr(
                "No station knows the serial number “{serial}”. It must be typed in full. "
                "A part of it, a file's name or a reason is found by the search of Queue & Errors.",
                serial=self._asked,
            ),
            tr("Search in Queue & Errors").replace("&", "&&"),
        )

    def _in_words(self, entries: tuple[Entry, ...]) -> str:
        if not entries:
            return ""
        last = entries[-1]
        text = tr(
            "{count} of {serial}; the last change: {state}, {time}",
            count=plural(len(entries), "{count} entry", "{count} entries"),
            serial=last.serial_number,
            state=wording.state(last, self.desk.now()),
            time=wording.moment(last.updated_at),
        )
        return tr("{text}. Older ones are left out.", text=text) if len(entries) >= MOST else text

    def _show_in_queue(self) -> None:
        """The chosen entry there; without one, the search there."""
        chosen = self.view.entries(1) if self._stack.currentIndex() == 1 else []
        argument = {"state": Shown.ALL.value, "text": self._asked}
        if chosen:
            more = {"instance": chosen[0].instance, "entry": chosen[0].id, "text": chosen[0].serial_number}
            self.desk.page_wanted.emit("queue", {**argument, **more})
        else:
            self.desk.page_wanted.emit("queue", argument)

    def _copy(self, form: str) -> None:
        if self.view.count:
            self.deeds.copy(self.view.entries(), Form(form))

    def _lay_out(self, name: QLabel) -> None:
        line = QHBoxLayout()
        line.addWidget(name)
        line.addWidget(self._serial, 1)
        line.addWidget(self._find)
        below = QHBoxLayout()
        below.addWidget(self._told, 1)
        below.addStretch(0)
        below.addWidget(self._show)
        self._blank.pressed.connect(lambda _word: self._show_in_queue())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(line)
        column.addWidget(self.bar)
        column.addWidget(self._stack, 1)
        column.addWidget(self.deeds.changes)
        column.addWidget(self.deeds.bar)
        column.addLayout(below)
