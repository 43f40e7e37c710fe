"""Which of several overlapping folders of one instance a file belongs to: exactly one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from stationmaster.config.schema import WatchFolder
from stationmaster.ingest.scan import Selection, Sieve


def folder_key(folder: WatchFolder) -> str:
    """The folder's absolute path as the ledger is asked for it: without `~`, `..` and trailing slash."""
    return os.path.abspath(os.path.expanduser(folder.path))  # noqa: PTH100, PTH111 - pathlib keeps ".."


def folder_of(folders: Iterable[WatchFolder], key: str, path: Path) -> WatchFolder | None:
    """The watch folder that a file on record belongs to, by the settings of now.

    Args:
        folders: those of the instance, in their order.
        key: the folder's name in the ledger; several watch folders may lie on one path.
        path: the file as it was taken.
    """
    same = [folder for folder in folders if folder_key(folder) == key]
    name = os.path.relpath(path, key)
    for folder in same:
        selection = Selection(
            include=folder.include, exclude=folder.exclude, recursive=folder.recursive, marker=folder.marker
        )
        if Sieve(selection).covers(name, key):
            return folder
    return same[0] if same else None  # the globs are others by now


class Territory:
    """The innermost folder that takes a file owns it; among folders on the same path, the first."""

    def __init__(self, roots: Sequence[str], sieves: Sequence[Sieve]) -> None:
        """Begin with the paths as configured; `place` tells where they really are.

        Args:
            roots: absolute paths of the folders.
            sieves: what each of them takes.
        """
        self._roots = [_normal(root) for root in roots]
        self._sieves = tuple(sieves)
        self._rivals: list[list[tuple[int, str]]] = []
        self._compare()

    def place(self, index: int, real: str) -> None:
        """The folder's real path, links followed."""
        real = _normal(real)
        if real != self._roots[index]:
            self._roots[index] = real
            self._compare()

    def owner(self, index: int, name: str) -> int:
        """The folder that owns the source `name` of folder `index`; `index` itself, mostly."""
        whole = bool(self._sieves[index].marker)
        for rival, below in self._rivals[index]:
            key = os.path.normcase(name)
            if key.startswith(below) and self._sieves[rival].claims(
                name[len(below) :], self._roots[rival], whole=whole
            ):
                return rival
        return index

    def alone(self, index: int, name: str) -> bool:
        """Has no other watch folder anything to do with the sub-folder `name` of folder `index`?"""
        inside = os.path.normcase(name) + os.sep
        within = any(below.startswith(inside) for _, below in self._rivals[index])
        return not within and self.owner(index, name) == index

    def _compare(self) -> None:
        self._rivals = [self._above(index) for index in range(len(self._roots))]

    def _above(self, index: int) -> list[tuple[int, str]]:
        """Folders that come before this one, innermost first, with the path from here to there."""
        root = self._roots[index]
        inside = root.rstrip(os.sep) + os.sep
        found = [(other, "") for other in range(index) if self._roots[other] == root]
        deeper = [
            (other, path[len(inside) :] + os.sep)
            for other, path in enumerate(self._roots)
            if path.startswith(inside)
        ]
        return sorted(deeper, key=lambda each: -len(each[1])) + found


def _normal(path: str) -> str:
    return os.path.normcase(os.path.normpath(path))
