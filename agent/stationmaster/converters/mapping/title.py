"""Titles of sections in a table: one that no blank line announces may be a remark among rows."""

from __future__ import annotations

from stationmaster.api import ConversionError
from stationmaster.api.verdict import status_of


class Titles:
    """Sees titles that may be rows, and rows that would be taken for names of columns."""

    def __init__(self) -> None:
        self._last = 0
        self._rows = 0
        self._row: list[str] = []
        self._doubtful = 0
        self._swallowed: list[int] = []
        self._known: set[str] = set()

    def begin(self, number: int) -> None:
        """A title stands there."""
        self._close()
        self._doubtful = number if self._rows and number == self._last + 1 else 0
        self._rows = 0

    def names(self, number: int, cells: list[str]) -> None:
        """Names of columns stand there.

        Raises:
            ConversionError: they look like the row before the title.
        """
        known = self._known.intersection(cells)
        self._known.update(filter(None, cells))
        if known:  # a name that another section has, too, makes it sure
            self._doubtful = 0
        pairs = zip(cells, self._row, strict=False) if len(cells) == len(self._row) else ()
        if self._doubtful and any(_alike(one, other) for one, other in pairs):
            raise ConversionError(
                f"it looks like a row, but would be names of columns after a title in line {self._doubtful}",
                place=f"line {number}",
                next_step="If that is no title, leave it out by table.skip in the mapping, or find the names "
                "by a pattern, table.header. A blank line above a title makes it one.",
            )

    def row(self, cells: list[str]) -> None:
        """A row stands there."""
        self._row, self._rows = cells, self._rows + 1

    def after(self, number: int, cells: list[str]) -> None:
        """A line is read; one of empty cells is as good as a blank one."""
        self._last = number if any(cells) else 0

    def warnings(self) -> list[str]:
        """What the last section's end shows, too."""
        self._close()
        return [
            f"line {number} was taken for a title and the next one for names of columns, but no row follows"
            for number in self._swallowed
        ]

    def _close(self) -> None:
        if self._doubtful and not self._rows:
            self._swallowed.append(self._doubtful)
        self._doubtful = 0


def _alike(cell: str, other: str) -> bool:
    """Both are numbers, or both are verdicts."""
    return any(reads(cell) and reads(other) for reads in (_is_number, _is_verdict))


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


def _is_verdict(cell: str) -> bool:
    try:
        return bool(status_of(cell)) and bool(cell)
    except ValueError:
        return False
