"""All that is known of the chosen entry, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QPushButton, QTextBrowser, QVBoxLayout, QWidget

from stationmaster.model import Entry, EntryKind, EntryState, Event
from stationmaster_tray import theme
from stationmaster_tray.call import CallBar
from stationmaster_tray.desk import Desk
from stationmaster_tray.entries import wording
from stationmaster_tray.entries.deed import Deeds
from stationmaster_tray.entries.pager import key_of
from stationmaster_tray.markup import tip
from stationmaster_tray.text import plural, tr
from stationmaster_tray.widgets.flow import Flow
from stationmaster_tray.widgets.label import label, set_role

_REST = 80
"""Milliseconds before the agent is asked: whoever walks through the list by key passes many entries."""


class Details(QFrame):
    """Shows what is chosen: nothing, one entry, or how many."""

    def __init__(
        self, desk: Desk, deeds: Deeds, chosen: Callable[[], Sequence[Entry]], parent: QWidget | None = None
    ) -> None:
        """Nothing is chosen.

        Args:
            desk: the way to the agent.
            deeds: what can be done.
            chosen: all the chosen entries, when something is done with them.
            parent: Qt's.
        """
        super().__init__(parent)
        self.setProperty("role", "card")
        self._desk, self._deeds, self._chosen = desk, deeds, chosen
        self._entries: Sequence[Entry] = ()
        self._count = 0
        self._html = ""
        self._entry: Entry | None = None
        self._events: tuple[Event, ...] = ()
        self._heading = label(role="title", parent=self)
        self._bar = CallBar(desk.tasks, self)
        self._text = QTextBrowser(self)
        self._text.setAccessibleName(tr("Details"))
        self._text.setFrameShape(QFrame.Shape.NoFrame)
        self._text.setOpenLinks(False)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REST)
        self._timer.timeout.connect(self._ask)
        self._make_buttons()
        self._lay_out()
        self.show_chosen((), 0)

    @property
    def actions_of_list(self) -> list[QAction]:
        """The same deeds for the menu of the list."""
        return [action for action, _ in self._deeds_made]

    @property
    def text(self) -> str:
        """What is shown, as plain text."""
        return self._text.toPlainText()

    @property
    def heading(self) -> str:
        """What is chosen."""
        return self._heading.text()

    # ---------------------------------------------------------------- what others tell
    def show_chosen(self, entries: Sequence[Entry], count: int) -> None:
        """Show what is chosen now.

        Args:
            entries: the chosen entries, or the first of very many.
            count: how many there are.
        """
        self._entries, self._count = entries, count
        one = entries[0] if count == 1 else None
        if one is None or self._entry is None or key_of(one) != key_of(self._entry):
            self._events = ()
            self._bar.cancel()
            self._entry = one
        elif (one.updated_at, one.state) != (self._entry.updated_at, self._entry.state):
            self._entry = one
        self._timer.stop()
        if one is not None:
            self._timer.start()
        self._draw()

    def renew(self) -> None:
        """The entry may have changed: ask again."""
        if self._entry is not None and not self._bar.busy:
            self._timer.start()

    def take_focus(self) -> None:
        """Let the keys scroll here."""
        self._text.setFocus()

    def rest(self) -> None:
        """Nobody looks."""
        self._timer.stop()
        self._bar.cancel()

    # ---------------------------------------------------------------- asking
    def _ask(self) -> None:
        entry = self._entry
        if entry is None:
            return

        async def work() -> tuple[Entry, tuple[Event, ...]]:
            now = await self._desk.client.entry(entry.instance, entry.id)
            return now, await self._desk.client.history(entry.instance, entry.id)

        self._bar.run(work, self._answered, what=tr("Reading the history..."))

    def _answered(self, found: tuple[Entry, tuple[Event, ...]]) -> None:
        if (self._entry, self._events) != found:
            self._entry, self._events = found
            self._draw()

    # ---------------------------------------------------------------- drawing
    def _draw(self) -> None:
        entry, now = self._entry, self._desk.now()
        if entry is None:
            self._heading.setText(self._chosen_in_words())
            self._html = ""
            self._text.clear()
        else:
            name = wording.heading(entry)
            self._heading.setText(tr("{name}: {state}", name=name, state=wording.state(entry, now)))
            colours = theme.colours()
            made = wording.details_html(entry, self._events, now, quiet=colours.quiet, call=colours.call)
            self._set_text(made)
        self._text.setVisible(entry is not None)
        set_role(self._heading, "title" if self._count else "quiet")
        self._enable()

    def _set_text(self, made: str) -> None:
        """Only what changed: a person may be reading, or marking a part of it."""
        if made != self._html:
            self._html, place = made, self._text.verticalScrollBar().value()
            self._text.setHtml(made)
            self._text.verticalScrollBar().setValue(place)

    def _chosen_in_words(self) -> str:
        if self._count:
            return plural(self._count, "{count} entry is chosen", "{count} entries are chosen")
        return tr("Choose an entry to see its reason, its file and its history.")

    def _enable(self) -> None:
        entry = self._entry
        failed = any(one.state is EntryState.ERROR for one in self._entries)
        has_file = entry is not None and bool(entry.place)
        no_file = tr(
            "There is no file: it was deleted after it was taken, or a program submitted the report."
        )
        with_report = entry is not None and entry.kind is EntryKind.REPORT
        may = {
            "retry": (failed, tr("Only entries in the error list can be queued again.")),
            "dismiss": (failed, tr("Only entries in the error list can be dismissed.")),
            "open-file": (has_file, no_file),
            "open-folder": (has_file, no_file),
            "show-report": (with_report, tr("This file could not be converted: there is no report.")),
            "copy-details": (entry is not None, ""),
        }
        for action, button in self._deeds_made:
            on, why = may[action.objectName()]
            action.setEnabled(on)
            button.setEnabled(on)
            said = "" if on or not self._count else why
            button.setToolTip(tip(said))
            button.setAccessibleDescription(said)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Light or dark now: the text has colours of its own."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and self._entry is not None:
            self._draw()

    # ---------------------------------------------------------------- making
    def _make_buttons(self) -> None:
        self._deeds_made: list[tuple[QAction, QPushButton]] = []
        for name, text, do in (
            ("retry", tr("&Retry"), self._retry),
            ("dismiss", tr("&Dismiss..."), self._dismiss),
            ("open-file", tr("&Open file"), self._open_file),
            ("open-folder", tr("Open &folder"), self._open_folder),
            ("show-report", tr("&Show report"), self._show_report),
            ("copy-details", tr("&Copy details"), self._copy),
        ):
            action = QAction(text, self)
            action.setObjectName(name)
            action.triggered.connect(do)
            button = QPushButton(text, self)
            button.setObjectName(name)
            button.clicked.connect(do)
            self._deeds_made.append((action, button))

    def _lay_out(self) -> None:
        line = Flow()
        line.setSpacing(6)
        for _, button in self._deeds_made:
            line.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 10)
        column.addWidget(self._heading)
        column.addLayout(line)
        column.addWidget(self._bar)
        column.addWidget(self._text, 1)
        column.addStretch(0)

    # ---------------------------------------------------------------- deeds
    def _retry(self) -> None:
        self._deeds.retry(self._chosen())

    def _dismiss(self) -> None:
        self._deeds.dismiss(self._chosen())

    def _open_file(self) -> None:
        if self._entry is not None:
            self._deeds.open_file(self._entry)

    def _open_folder(self) -> None:
        if self._entry is not None:
            self._deeds.open_folder(self._entry)

    def _show_report(self) -> None:
        if self._entry is not None:
            self._deeds.show_report(self._entry)

    def _copy(self) -> None:
        if self._entry is not None:
            self._deeds.copy_text(wording.details_text(self._entry, self._events, self._desk.now()))
