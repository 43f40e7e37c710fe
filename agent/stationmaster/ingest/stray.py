"""Files that a release hid and that nobody releases any more: they get their names back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stationmaster.ingest.files import Files
from stationmaster.ingest.release import Release, hidden_path
from stationmaster.log import BoundLog

STRAY_AFTER = 60.0
"""Seconds after which a hidden file that nobody releases gets its name back."""


class Strays:
    """The hidden files of one folder, and since when they were seen."""

    def __init__(self, root: str, log: BoundLog) -> None:
        """None was seen."""
        self._root = root
        self._log = log
        self._since: dict[str, float] = {}
        self._releasing: set[Path] = set()

    @contextmanager
    def none_of(self, job: Release) -> Iterator[None]:
        """While a file is being released it is no stray."""
        hidden = hidden_path(job)
        self._releasing.add(hidden)
        try:
            yield
        finally:
            self._releasing.discard(hidden)

    async def restore(self, files: Files, hidden: list[str], now: float) -> None:
        """Give those their names back that were hidden for too long.

        Args:
            hidden: all that the last scan saw.

        Raises:
            FolderHangsError: no answer in time.
        """
        seen = [name for name in hidden if Path(self._root, name) not in self._releasing]
        self._since = {name: self._since.get(name, now) for name in seen}
        for name, since in list(self._since.items()):
            if now - since < STRAY_AFTER:
                continue
            try:
                await files.put_back(name)
            except OSError as error:
                self._log.warning("the file %s in %s cannot get its name back: %s", name, self._root, error)
                self._since[name] = now
