"""The entries of a list as Qt's model: it grows at its end, and any part of it can be read anew in place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal

from stationmaster.model import Entry
from stationmaster_tray.entries.pager import Key, key_of
from stationmaster_tray.entries.wording import Column
from stationmaster_tray.markup import tip

Index = QModelIndex | QPersistentModelIndex
_NONE = QModelIndex()


class EntryTable(QAbstractTableModel):
    """Rows are entries, newest first. It asks nobody: `Feed` fills it.

    Attributes:
        more_wanted: the end is near, and there may be more.
    """

    more_wanted = Signal()

    def __init__(self, columns: Sequence[Column]) -> None:
        """Empty."""
        super().__init__()
        self.columns = tuple(columns)
        self._rows: list[Entry] = []
        self._keys: set[Key] = set()
        self._more = False

    # ---------------------------------------------------------------- Qt's questions
    def rowCount(self, parent: Index = _NONE) -> int:  # noqa: N802 - Qt's name
        """How many entries are here by now."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _NONE) -> int:  # noqa: N802 - Qt's name
        """How many columns there are."""
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """A cell's text; long ones in full as a tool tip."""
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[index.column()].text(self._rows[index.row()])
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(self.columns[index.column()].whole(self._rows[index.row()])) or None
        return None

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        """A column's title."""
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def canFetchMore(self, parent: Index) -> bool:  # noqa: N802 - Qt's name
        """There may be more to read, and nobody is reading it now."""
        return not parent.isValid() and self._more

    def fetchMore(self, parent: Index) -> None:  # noqa: N802 - Qt's name
        """Ask for it; it comes later."""
        if self.canFetchMore(parent):
            self._more = False
            self.more_wanted.emit()

    # ---------------------------------------------------------------- what is here
    def entry(self, row: int) -> Entry:
        """The entry of a row."""
        return self._rows[row]

    def row_of(self, key: Key) -> int:
        """Where an entry is; -1 where it is not here."""
        if key not in self._keys:
            return -1
        return next(row for row, one in enumerate(self._rows) if one.id == key[1] and one.instance == key[0])

    def lowest_above(self, row: int) -> dict[str, int]:
        """By instance, the lowest number above a row: what is read from there on lies below."""
        found: dict[str, int] = {}
        for one in self._rows[:row]:
            found[one.instance] = one.id
        return found

    # ---------------------------------------------------------------- what `Feed` does
    def clear(self) -> None:
        """Show nothing."""
        self.beginResetModel()
        self._rows, self._keys, self._more = [], set(), False
        self.endResetModel()

    def append(self, rows: Iterable[Entry], *, more: bool) -> None:
        """Put older entries at the end."""
        new = [one for one in rows if key_of(one) not in self._keys]
        if new:
            self._insert(len(self._rows), new)
        self._more = more

    def may_have_more(self) -> None:
        """The reading of more failed: it may be tried again."""
        self._more = True

    def replace(self, start: int, fresh: Sequence[Entry], floors: Mapping[str, int]) -> None:
        """Bring a part in line with what was read anew; what stays keeps its place and its selection.

        Args:
            start: the first row of the part.
            fresh: its entries now.
            floors: by instance, the highest number that the reading did not reach; the part ends there.
        """
        stop = start
        while stop < len(self._rows) and self._rows[stop].id > floors.get(self._rows[stop].instance, 0):
            stop += 1
        old = [key_of(one) for one in self._rows[start:stop]]
        here = set(old)
        new = {key_of(one): one for one in fresh if key_of(one) in here or key_of(one) not in self._keys}
        kept = [key for key in old if key in new]
        if kept != [key for key in new if key in here]:
            kept = []  # a clock was set: the order is another one now
        self._remove(start, old, set(kept))
        self._fill(start, list(new.values()), set(kept))

    def drop(self, keys: Iterable[Key]) -> None:
        """Take entries out that do not belong here any more."""
        gone = self._keys.intersection(keys)
        if gone:
            whole = [key_of(one) for one in self._rows]
            self._remove(0, whole, self._keys - gone)

    # ---------------------------------------------------------------- inside
    def _remove(self, start: int, old: Sequence[Key], kept: set[Key]) -> None:
        """Take the rows of `old`, which begin at `start`, out; but those of `kept`, run by run."""
        end = len(old)
        while end > 0:
            if old[end - 1] in kept:
                end -= 1
                continue
            first = end - 1
            while first > 0 and old[first - 1] not in kept:
                first -= 1
            self.beginRemoveRows(QModelIndex(), start + first, start + end - 1)
            del self._rows[start + first : start + end]
            self._keys.difference_update(old[first:end])
            self.endRemoveRows()
            end = first

    def _fill(self, start: int, new: Sequence[Entry], kept: set[Key]) -> None:
        """Let the rows from `start` on be `new`: those of `kept` are there already, in order."""
        at = 0
        while at < len(new):
            run = at
            while run < len(new) and key_of(new[run]) not in kept:
                run += 1
            if run > at:
                self._insert(start + at, new[at:run])
                at = run
                continue
            if self._rows[start + at] != new[at]:
                self._rows[start + at] = new[at]
                last = len(self.columns) - 1
                self.dataChanged.emit(self.index(start + at, 0), self.index(start + at, last))
            at += 1

    def _insert(self, row: int, new: Sequence[Entry]) -> None:
        self.beginInsertRows(QModelIndex(), row, row + len(new) - 1)
        self._rows[row:row] = new
        self._keys.update(key_of(one) for one in new)
        self.endInsertRows()
