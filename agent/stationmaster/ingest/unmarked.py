"""Sub-folders that would be sources if they held the marker: which of them a scan saw. No I/O but stats."""

from __future__ import annotations

import os
from pathlib import PurePath

from stationmaster.api.folder import is_left_out
from stationmaster.ingest.settle import Stat

MOST = 1_000
"""So many are told of, those that rest longest: more nobody reads, and they must fit into one message."""


class Unmarked:
    """Takes in what a scan sees of each sub-folder, and says in the end which have something but no marker.

    With `recursive` a folder may only group others: one that holds a source at any depth waits for no
    marker. What lies in a folder that waits for its marker belongs to that folder.
    """

    def __init__(self, *, recursive: bool) -> None:
        """Nothing was seen."""
        self._recursive = recursive
        self._without: dict[str, Stat] = {}
        self._groups: set[str] = set()
        self._unfinished: set[str] = set()
        self.begin()

    def begin(self) -> None:
        """The next sub-folder is read from here on."""
        self._count = self._size = self._newest = 0

    def hold(self, entry: os.DirEntry[str]) -> None:
        """The sub-folder that is read holds this."""
        if is_left_out(entry.name) or (self._recursive and entry.is_dir(follow_symlinks=False)):
            return
        try:
            seen = entry.stat(follow_symlinks=False)
        except OSError:  # gone already: it is not there to be waited for
            return
        self._count += 1
        self._size += seen.st_size
        self._newest = max(self._newest, seen.st_mtime_ns)

    def without(self, folder: str, *, counts: bool, unfinished: bool) -> None:
        """The sub-folder was read to its end and has no marker.

        Args:
            counts: could it be a source, by its name?
            unfinished: its name says that it is not ready, and so is nothing in it.
        """
        if unfinished:
            self._unfinished.add(folder)
        elif counts and self._count:
            self._without[folder] = Stat(self._size + self._count, self._newest)

    def source(self, name: str) -> None:
        """This one is a source."""
        self._groups.update(_above(name))

    def found(self) -> list[tuple[str, Stat]]:
        """Those that wait for their marker, with what tells one state of them from another."""
        waiting = {name: state for name, state in self._without.items() if name not in self._groups}
        outer = waiting.keys() | self._unfinished
        outermost = [each for each in waiting.items() if outer.isdisjoint(_above(each[0]))]
        return sorted(outermost, key=lambda each: each[1].mtime_ns)[:MOST]


def _above(name: str) -> list[str]:
    """The sub-folders that hold this one."""
    return [str(parent) for parent in PurePath(name).parents][:-1]
