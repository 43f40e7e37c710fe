"""How a watch folder is reached: in the agent's thread, or in a killable child where it may hang."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from stationmaster.clock import Clock
from stationmaster.config.schema import NetworkChoice
from stationmaster.home.file_system import read_mounts
from stationmaster.ingest.files import Files, LocalFiles
from stationmaster.ingest.mount import is_network
from stationmaster.ingest.remote import ChildFiles
from stationmaster.ingest.scan import UNSEEN, Selection
from stationmaster.ingest.settle import Stat

CHECK_EVERY = 5.0
"""Seconds between two looks at what is mounted where."""

TRUST_FOR = 60.0
"""Seconds after which a folder's path is walked again although the mounts are the same: a link may lead
elsewhere by now."""


class FilesFactory(Protocol):
    """Makes the `Files` of a folder; tests make their own."""

    def __call__(self, root: str, selection: Selection, *, child: bool) -> Files:
        """`child`: it may hang."""
        ...


def make_files(root: str, selection: Selection, *, child: bool) -> Files:
    """The real `Files`."""
    if child:
        return ChildFiles(root, selection)
    return LocalFiles(root, selection, copier=lambda: ChildFiles(root, selection))


async def look_at(path: Path, *, clock: Clock) -> Stat | None:
    """Size and mtime of one file or folder, wherever it lies; None where there is none.

    Raises:
        OSError: it cannot be looked at.
        FolderHangsError: its folder does not answer.
    """
    found = None
    for selection in (Selection(), Selection(marker="*")):
        access = Access(str(path.parent), selection, NetworkChoice.AUTO, clock=clock)
        try:
            (found,) = await (await access.files()).stats([path.name])
        finally:
            await access.aclose()
        if found is not None:
            break
    if found == UNSEEN:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    return found


class Access:
    """Holds the `Files` of one folder, and changes them when the folder turns out to lie on a network.

    A folder that hung once although the system calls it local is worked in a child from then on.
    """

    def __init__(
        self,
        root: str,
        selection: Selection,
        network: NetworkChoice,
        *,
        clock: Clock,
        make: FilesFactory = make_files,
        mounts: Callable[[], str] = read_mounts,
    ) -> None:
        """Nothing is opened yet."""
        self._root = root
        self._selection = selection
        self._network = network
        self._clock = clock
        self._make = make
        self._mounts = mounts
        self._hung = False
        self._files: Files | None = None
        self._child = False
        self._text = ""
        self._read_at = self._walked_at = float("-inf")

    @property
    def child(self) -> bool:
        """The folder is worked in a child."""
        return self._child

    async def files(self) -> Files:
        """The folder's files, by what is known now of where it lies."""
        child = self._wants_child()
        if self._files is None or child != self._child:
            await self.aclose()
            self._files = self._make(self._root, self._selection, child=child)
            self._child = child
        return self._files

    async def apart(self, target: Path) -> Files | None:
        """Files of their own, for a release into a `target` that may hang; None where it does not."""
        if self._child or not is_network(target, mounts=self._mounts()):
            return None
        return self._make(self._root, self._selection, child=True)

    def hung(self) -> None:
        """The folder did not answer."""
        self._hung = True

    async def aclose(self) -> None:
        """Let go. Idempotent."""
        files, self._files = self._files, None
        if files is not None:
            await files.aclose()

    def _wants_child(self) -> bool:
        if self._network is not NetworkChoice.AUTO or self._hung:
            return self._hung or self._network is NetworkChoice.YES
        now = self._clock.monotonic()
        if now - self._read_at < CHECK_EVERY:
            return self._child
        self._read_at = now
        text = self._mounts()
        if text == self._text and now - self._walked_at < TRUST_FOR:
            return self._child
        self._text, self._walked_at = text, now
        return is_network(Path(self._root), mounts=text)
