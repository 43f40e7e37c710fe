"""What can be done with entries: queue again, dismiss, open their files, show their reports, copy them."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from stationmaster.model import Entry, EntryState
from stationmaster_tray import clipboard
from stationmaster_tray.call import CallBar
from stationmaster_tray.call_queue import CallQueue
from stationmaster_tray.desk import Desk
from stationmaster_tray.entries import export, wording
from stationmaster_tray.entries.export import Form
from stationmaster_tray.entries.pager import Key, key_of
from stationmaster_tray.entries.report import ReportDialog
from stationmaster_tray.opening import opened
from stationmaster_tray.slices import sliced
from stationmaster_tray.text import plural, tr
from stationmaster_tray.widgets.message import message

AT_ONCE = 1000
"""Entries of one call, and of one slice of work on the loop of the window."""
_COPIED = 50
"""Entries that are made text of in one go."""


class Deeds(QObject):
    """Does them, without waiting.

    Attributes:
        bar: what only reads: opening, copying; the last one counts.
        changes: what changes the error list, one after the other.
        said: what was done, in words.
        gone: these entries left the error list.
        all_gone: the whole error list of some instances was queued again.
    """

    said = Signal(str)
    gone = Signal(list)
    all_gone = Signal()

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        """Dialogs belong to `parent`, which lays out both bars."""
        super().__init__(parent)
        self._desk, self._parent = desk, parent
        self.bar = CallBar(desk.tasks, parent)
        self.changes = CallQueue(desk.tasks, parent)

    # ---------------------------------------------------------------- the error list
    def retry(self, entries: Sequence[Entry]) -> None:
        """Put these back into the queue."""
        wanted = self._in_error(entries)
        if not wanted:
            return

        async def work() -> tuple[int, list[Key]]:
            count = 0
            for name, ids in _slices(wanted):
                count += await self._desk.client.retry(name, ids)
            return count, wanted

        self.changes.run(work, self._retried, what=tr("Queueing again..."))

    def retry_all(self, names: Sequence[str]) -> None:
        """Put the whole error list of these instances back into the queue."""

        async def work() -> int:
            return sum([await self._desk.client.retry(name, everything=True) for name in names])

        def done(count: int) -> None:
            self.said.emit(_queued(count))
            self.all_gone.emit()

        self.changes.run(work, done, what=tr("Queueing again..."))

    def dismiss(self, entries: Sequence[Entry]) -> None:
        """Ask, then take these off the error list, on record."""
        wanted = self._in_error(entries)
        if wanted:
            self.bar.run(_who, lambda who: self._ask(wanted, who))

    def _ask(self, wanted: list[Key], who: str) -> None:
        box = message(
            QMessageBox.Icon.Warning,
            tr("Dismiss"),
            plural(
                len(wanted),
                "Dismiss this entry? It will never be delivered.",
                "Dismiss these {count} entries? They will never be delivered.",
            ),
            more=tr("It goes on record that {who} did this.", who=who),
            parent=self._parent,
        )
        box.setObjectName("dismiss")
        yes = box.addButton(tr("Dismiss"), QMessageBox.ButtonRole.AcceptRole)
        no = box.addButton(QMessageBox.StandardButton.Cancel)
        yes.setAutoDefault(False)  # also where it gets the focus: a change of colours may do that
        box.setDefaultButton(no)
        box.setEscapeButton(no)
        yes.clicked.connect(lambda: self._dismiss(wanted, who))
        box.open()
        no.setFocus()  # whoever presses Return without reading changes nothing

    def _dismiss(self, wanted: list[Key], who: str) -> None:
        async def work() -> int:
            return sum([await self._desk.client.dismiss(name, ids, by=who) for name, ids in _slices(wanted)])

        def done(count: int) -> None:
            self.said.emit(plural(count, "{count} entry is dismissed.", "{count} entries are dismissed."))
            self.gone.emit(wanted)

        self.changes.run(work, done, what=tr("Dismissing..."))

    def _in_error(self, entries: Sequence[Entry]) -> list[Key]:
        """Those that are in the error list; it says so where none is."""
        found = [key_of(one) for one in entries if one.state is EntryState.ERROR]
        if not found:
            self.said.emit(tr("None of these is in the error list."))
        return found

    def _retried(self, found: tuple[int, list[Key]]) -> None:
        count, wanted = found
        self.said.emit(_queued(count))
        self.gone.emit(wanted)

    # ---------------------------------------------------------------- files
    def open_file(self, entry: Entry) -> None:
        """Open its file with the program that this desktop has for it."""
        self._open(entry.place, lambda path: path)

    def open_folder(self, entry: Entry) -> None:
        """Open the folder where its file lies."""
        self._open(entry.place, lambda path: path.parent)

    def _open(self, place: str, which: Callable[[Path], Path]) -> None:
        self.bar.run(lambda: opened(which(Path(place))), lambda _done: None, what=tr("Opening..."))

    def show_report(self, entry: Entry) -> None:
        """Show its report."""
        ReportDialog(self._desk, entry, self._parent).open()

    # ---------------------------------------------------------------- the clipboard
    def copy(self, entries: Sequence[Entry], form: Form) -> None:
        """Copy entries, slice by slice: the window goes on meanwhile."""

        def steps(parts: list[bytes]) -> Iterator[None]:
            columns = wording.columns(self._desk.now)
            parts.append(export.head(form, columns).encode(errors="replace"))
            for start in range(0, len(entries), _COPIED):
                some = entries[start : start + _COPIED]
                parts.append(export.body(form, columns, some, first=start == 0).encode(errors="replace"))
                yield
            parts.append(export.foot(form).encode())

        async def work() -> bytes:
            parts: list[bytes] = []
            await sliced(steps(parts))
            return b"".join(parts)

        def done(text: bytes) -> None:
            clipboard.put(text)
            count = len(entries)
            self.said.emit(plural(count, "{count} entry is copied.", "{count} entries are copied."))

        self.bar.run(work, done, what=tr("Copying..."))

    def copy_text(self, text: str) -> None:
        """Copy what is known of one."""
        clipboard.put(text)
        self.said.emit(tr("The details are copied."))


async def _who() -> str:
    try:
        return await asyncio.to_thread(getpass.getuser)  # a directory service may be asked
    except (KeyError, OSError):
        return tr("an unknown user")


def _slices(keys: Sequence[Key]) -> list[tuple[str, tuple[int, ...]]]:
    """Numbers by instance, in calls of a good size."""
    by_name: dict[str, list[int]] = {}
    for name, number in keys:
        by_name.setdefault(name, []).append(number)
    return [
        (name, tuple(ids[start : start + AT_ONCE]))
        for name, ids in by_name.items()
        for start in range(0, len(ids), AT_ONCE)
    ]


def _queued(count: int) -> str:
    return plural(count, "{count} entry is queued again.", "{count} entries are queued again.")
