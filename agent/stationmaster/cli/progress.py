"""A bar for work that takes a while: on stderr, and only where a person looks on at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stationmaster.cli.output import console

if TYPE_CHECKING:
    from rich.progress import Progress


class Bar:
    """How far the work is; shows nothing where nobody looks on."""

    def __init__(self, shown: Progress | None = None, title: str = "") -> None:
        """It moves to and fro until it is told how much there is."""
        self._shown = shown
        self._most = 0
        if shown is not None:
            self._task = shown.add_task(title, total=None, count="")

    def update(self, done: int, total: int) -> None:
        """So much of so much is done."""
        if self._shown is not None:
            self._shown.update(self._task, completed=done, total=total, count=f"{done}/{total}")

    def left(self, left: int) -> None:
        """So much is left of the most that ever was."""
        self._most = max(self._most, left)
        if self._most:
            self.update(self._most - left, self._most)


@contextmanager
def progress(title: str, *, quiet: bool = False) -> Iterator[Bar]:
    """A bar while the work lasts; it is gone afterwards.

    Args:
        title: what is done, in a word.
        quiet: no bar, for a program reads the answer.
    """
    if quiet or not sys.stderr.isatty():
        yield Bar()
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415 - costs 40 ms, only people need it

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[count]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console(stderr=True), transient=True, redirect_stdout=False) as shown:
        yield Bar(shown, title)
