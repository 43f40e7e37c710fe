"""Queue & Errors: what waits, what failed and why, what was delivered; and what to do about it."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from stationmaster.model import Counts
from stationmaster_tray.call import CallBar
from stationmaster_tray.desk import Desk, Page
from stationmaster_tray.entries import wording
from stationmaster_tray.entries.choice import Choice, Shown, wanted
from stationmaster_tray.entries.deed import Deeds
from stationmaster_tray.entries.details import Details
from stationmaster_tray.entries.export import Form
from stationmaster_tray.entries.feed import Feed
from stationmaster_tray.entries.pager import Key
from stationmaster_tray.entries.table import EntryTable
from stationmaster_tray.entries.view import EntryView
from stationmaster_tray.seen import Contact, Seen
from stationmaster_tray.text import number, plural, tr
from stationmaster_tray.widgets.blank import Blank
from stationmaster_tray.widgets.label import label

TYPING = 250
"""Milliseconds without a key before a search begins."""
MANY = 2000
"""Chosen entries that are looked at for what can be done with them; a deed takes all."""

_ORDER = tuple(Shown)
_SAME: dict[Shown, tuple[str, ...]] = {
    Shown.ERRORS: ("state",),
    Shown.WAITING: (),
    Shown.DELIVERED: ("state", "reason"),
    Shown.DISMISSED: ("state",),
    Shown.ALL: (),
}
"""Columns that would say the same in each row."""


class QueuePage(Page):
    """The list above, the chosen entry below."""

    def __init__(self, desk: Desk) -> None:
        """Nothing is asked before it is seen."""
        super().__init__(desk)
        self._counts: tuple[tuple[str, Counts], ...] | None = None
        self._tabs = QTabBar(self)
        self._instance = QComboBox(self)
        self._search = QLineEdit(self)
        self._retry_all = QPushButton(tr("Retry &all errors"), self)
        self._bar = CallBar(desk.tasks, self)
        self._note = label(role="quiet", parent=self)
        self.table = EntryTable(wording.columns(desk.now))
        self.view = EntryView(desk, self.table, "queue", self)
        self.feed = Feed(desk, self.table, self._bar, self.view.seen)
        self.deeds = Deeds(desk, self)
        self.details = Details(desk, self.deeds, self.view.entries, self)
        self._blank = Blank(self)
        self._stack = QStackedWidget(self)
        self._typed = QTimer(self)
        self._typed.setSingleShot(True)
        self._typed.setInterval(TYPING)
        self._dress()
        self._lay_out()
        self._connect()

    @property
    def choice(self) -> Choice:
        """What is shown, as the person has set it."""
        return Choice(
            shown=_ORDER[max(0, self._tabs.currentIndex())],
            instance=str(self._instance.currentData() or ""),
            text=self._search.text().strip(),
        )

    # ---------------------------------------------------------------- what the window tells
    def show_seen(self, seen: Seen) -> None:
        """Counts in the tabs; the list is read anew where they changed."""
        names = () if seen.status is None else tuple(one.name for one in seen.status.instances)
        counts = (
            None if seen.status is None else tuple((one.name, one.counts) for one in seen.status.instances)
        )
        before, self._counts = self._counts, counts
        self._name_instances(names)
        self._draw(seen)
        if counts is None:
            return
        stopped = not (self.feed.known or self._bar.busy or self._bar.error)
        if before is None or stopped or [name for name, _ in before] != list(names):
            if self.isVisible():
                self._reload()
            return
        self.feed.go_on()
        if before != counts:
            self.feed.changed()
            self.details.renew()

    def entered(self, argument: object = None) -> None:
        """Show what is wanted, or what was shown before."""
        choice = wanted(argument)
        if choice is not None:
            self._set(choice)
        self._show(choice or self.choice)
        self.view.setFocus()
        self._draw(self.desk.seen)

    def left(self) -> None:
        """Read nothing more, and keep the widths of the columns."""
        self._typed.stop()
        self.feed.stop()
        self.details.rest()
        self.view.remember()

    # ---------------------------------------------------------------- what the person does
    def _show(self, choice: Choice) -> None:
        """Ask for a choice; without an agent its coming does that, and the window says why there is none."""
        if self.desk.seen.status is None:
            self.feed.forget()
        else:
            self.feed.show(choice)

    def _reload(self) -> None:
        """Read what is set now; what was chosen stays so where it is still there."""
        keys = self.view.keys() if self.view.count == 1 else []
        entry = keys[0][1] if keys else 0
        choice = self.choice
        self.feed.reload(Choice(shown=choice.shown, instance=choice.instance, text=choice.text, entry=entry))
        self._draw(self.desk.seen)

    def _changed_by_hand(self) -> None:
        self._typed.stop()
        self._note.hide()
        self._show(self.choice)
        self._draw(self.desk.seen)

    def _everywhere(self) -> None:
        """The search found nothing: look in all states of all stations."""
        self._set(Choice(shown=Shown.ALL, text=self._search.text()))
        self._changed_by_hand()

    def _loaded(self) -> None:
        choice = self.feed.choice
        if choice.entry and not self.view.count:
            names = [one.name for one in choice.instances(self.desk.seen.status)]
            for name in names:
                self.view.choose_key((name, choice.entry))
        self._draw(self.desk.seen)
        self._chosen()

    def _chosen(self) -> None:
        self.details.show_chosen(self.view.entries(MANY), self.view.count)

    def _gone(self, keys: list[Key]) -> None:
        """What left the error list makes room; the next one is chosen, so that keys go on from there."""
        if self.feed.choice.shown is Shown.ERRORS:
            first = max(0, min((self.table.row_of(key) for key in keys), default=0))
            self.table.drop(keys)
            if self.table.rowCount() and not self.view.count:
                self.view.choose(min(first, self.table.rowCount() - 1))
        self.feed.changed()
        self._draw(self.desk.seen)

    # ---------------------------------------------------------------- drawing
    def _draw(self, seen: Seen) -> None:
        choice = self.choice
        for place, shown in enumerate(_ORDER):
            count = Choice(shown=shown, instance=choice.instance).count(seen.status)
            self._tabs.setTabText(place, _tab(shown, count if seen.status else None))
        errors = Choice(instance=choice.instance).count(seen.status)
        self._retry_all.setVisible(choice.shown is Shown.ERRORS)
        self._retry_all.setEnabled(errors > 0)
        self._retry_all.setToolTip(
            plural(
                errors, "Queues {count} entry again.", "Queues {count} entries again, also those not shown."
            )
        )
        many = seen.status is not None and len(seen.status.instances) > 1
        self._instance.setVisible(many)
        self.view.hide_columns(*_SAME[choice.shown], *(() if many else ("instance",)))
        self._draw_blank(seen, choice)

    def _draw_blank(self, seen: Seen, choice: Choice) -> None:
        """A sentence where there are no rows."""
        if self.table.rowCount():
            self._stack.setCurrentIndex(0)
            return
        text, step, action = self._blank_words(seen, choice)
        self._blank.say(text, step, action)
        self._stack.setCurrentIndex(1)

    def _blank_words(self, seen: Seen, choice: Choice) -> tuple[str, str, str]:
        """What to say, the button, and what it does."""
        if seen.contact is not Contact.ATTACHED or seen.status is None:
            return tr("The list is shown as soon as the agent runs."), "", ""
        if not seen.status.instances:
            return tr("No station is set up yet."), tr("Add a station..."), "add-station"
        if self._bar.error:
            return tr("The list could not be read."), "", ""
        if not self.feed.known:
            return "", "", ""  # the bar says so, if it takes long
        if choice.text:
            step = "" if choice == Choice(shown=Shown.ALL, text=choice.text) else tr("Look in everything")
            return tr("Nothing here matches “{text}”.", text=choice.text), step, "everywhere"
        return (
            {
                Shown.ERRORS: tr(
                    "No errors. Every file could be converted, and every report delivered or queued."
                ),
                Shown.WAITING: tr("Nothing waits: all reports are delivered."),
                Shown.DELIVERED: tr("Nothing was delivered yet."),
                Shown.DISMISSED: tr("Nothing was dismissed."),
                Shown.ALL: tr("Nothing was taken yet. Put a result file into a watch folder."),
            }[choice.shown],
            "",
            "",
        )

    # ---------------------------------------------------------------- inside
    def _set(self, choice: Choice) -> None:
        """Set tabs, station and search without asking yet."""
        for widget in (self._tabs, self._instance, self._search):
            widget.blockSignals(True)
        self._tabs.setCurrentIndex(_ORDER.index(choice.shown))
        self._instance.setCurrentIndex(max(0, self._instance.findData(choice.instance)))
        self._search.setText(choice.text)
        for widget in (self._tabs, self._instance, self._search):
            widget.blockSignals(False)

    def _name_instances(self, names: tuple[str, ...]) -> None:
        if [self._instance.itemData(row) for row in range(1, self._instance.count())] == list(names):
            return
        chosen = str(self._instance.currentData() or "")
        self._instance.blockSignals(True)
        self._instance.clear()
        self._instance.addItem(tr("All stations"), "")
        for name in names:
            self._instance.addItem(name, name)
        self._instance.setCurrentIndex(max(0, self._instance.findData(chosen)))
        self._instance.blockSignals(False)

    def _say(self, text: str) -> None:
        self._note.setText(text)
        self._note.show()

    def _copy(self, form: str) -> None:
        if self.view.count:
            self.deeds.copy(self.view.entries(), Form(form))

    def _pressed(self, action: str) -> None:
        if action == "everywhere":
            self._everywhere()
        else:
            self.desk.wanted.emit(action, "", "")

    def _connect(self) -> None:
        self._tabs.currentChanged.connect(lambda _tab: self._changed_by_hand())
        self._instance.currentIndexChanged.connect(lambda _row: self._changed_by_hand())
        self._search.textChanged.connect(lambda _text: self._typed.start())
        self._search.returnPressed.connect(self._changed_by_hand)
        self._typed.timeout.connect(self._changed_by_hand)
        self._retry_all.clicked.connect(
            lambda: self.deeds.retry_all([one.name for one in self.choice.instances(self.desk.seen.status)])
        )
        self._blank.pressed.connect(self._pressed)
        self.view.chosen.connect(self._chosen)
        self.view.scrolled.connect(self.feed.look)
        self.view.copy_wanted.connect(self._copy)
        self.view.opened.connect(self.details.take_focus)
        self.view.menu_actions = self.details.actions_of_list
        self.feed.loaded.connect(self._loaded)
        self.deeds.said.connect(self._say)
        self.deeds.gone.connect(self._gone)
        self.deeds.all_gone.connect(self._reload)
        find = QShortcut(QKeySequence.StandardKey.Find, self, self._search.setFocus)
        find.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        again = QShortcut(QKeySequence.StandardKey.Refresh, self, self._reload)
        again.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)

    def _dress(self) -> None:
        for shown in _ORDER:
            self._tabs.addTab(_tab(shown, None))
        self._tabs.setDrawBase(False)
        self._tabs.setExpanding(False)
        self._tabs.setAccessibleName(tr("State"))
        self._instance.setAccessibleName(tr("Station"))
        self._instance.addItem(tr("All stations"), "")
        self._search.setPlaceholderText(tr("Serial number, part number, reason or file"))
        self._search.setAccessibleName(tr("Search"))
        self._search.setClearButtonEnabled(True)
        self.view.setAccessibleName(tr("Entries"))
        height = self._retry_all.sizeHint().height()
        for widget in (self._search, self._instance):
            widget.setMinimumHeight(height)
        self._note.hide()
        self._note.setAccessibleName(tr("What was done"))

    def _lay_out(self) -> None:
        above = QHBoxLayout()
        above.addWidget(self._tabs)
        above.addStretch(1)
        above.addWidget(self._retry_all)
        search = QHBoxLayout()
        search.addWidget(self._search, 1)
        search.addWidget(self._instance)
        self._stack.addWidget(self.view)
        self._stack.addWidget(self._blank)
        lower = QWidget(self)
        below = QVBoxLayout(lower)
        below.setContentsMargins(0, 4, 0, 0)
        for widget in (self._note, self.deeds.changes, self.deeds.bar, self.details):
            below.addWidget(widget, 1 if widget is self.details else 0)
        split = QSplitter(Qt.Orientation.Vertical, self)
        split.addWidget(self._stack)
        split.addWidget(lower)
        split.setStretchFactor(0, 1)
        split.setStretchFactor(1, 1)
        split.setSizes([1000, 1000])
        split.setChildrenCollapsible(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(above)
        column.addLayout(search)
        column.addWidget(self._bar)
        column.addWidget(split, 1)


def _tab(shown: Shown, count: int | None) -> str:
    name = {
        Shown.ERRORS: tr("Errors"),
        Shown.WAITING: tr("Waiting"),
        Shown.DELIVERED: tr("Delivered"),
        Shown.DISMISSED: tr("Dismissed"),
        Shown.ALL: tr("Everything"),
    }[shown]
    return name if count is None else tr("{name} ({count})", name=name, count=number(count))
