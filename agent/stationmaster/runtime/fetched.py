"""What a scheduled source has stored: its mark, and files on their way to the folder that is watched.

The commit is one step: the state file is replaced by one that has the new mark *and* names the staged files.
Before that nothing of a fetch counts, and what is staged is thrown away. After it the files are moved one by
one into the watched folder, and a start after a kill goes on with that.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import msgspec

from stationmaster.config.atomic import read_text, replace_text
from stationmaster.config.fetch_source import FetchSource
from stationmaster.errors import ConfigError
from stationmaster.home.file_system import flush_folder
from stationmaster.home.paths import Home
from stationmaster.ingest.place import make_folder
from stationmaster.sentence import closed


def make_folders(home: Home, instance: str, sources: Iterable[FetchSource]) -> None:
    """The folders where fetched files wait, so that they are watched from the start.

    Raises:
        OSError: one cannot be made.
    """
    for source in sources:
        files = FetchedFiles(home.fetched(instance), source.name)
        make_folder(files.folder(source.convert_with or source.converter))


class FetchState(msgspec.Struct, frozen=True, kw_only=True):
    """The state file.

    Attributes:
        mark: where the next call goes on.
        batch: number of the last call that was committed.
        converter: who converts the staged files.
        staged: their names, as long as not all of them are moved.
        last_run_at: when the last run ended well.
        count: files fetched so far.
    """

    mark: str = ""
    batch: int = 0
    converter: str = ""
    staged: tuple[str, ...] = ()
    last_run_at: datetime | None = None
    count: int = 0


class FetchedFiles:
    """The files of one source. Synchronous: call it in a thread."""

    def __init__(self, root: Path, name: str) -> None:
        """Touch nothing.

        Args:
            root: the instance's folder for fetched files.
            name: of the source.
        """
        self._root = root
        self._name = name
        self._file = root / f"{name}.json"

    def folder(self, converter: str) -> Path:
        """Where its files wait for that converter."""
        return self._root / self._name / converter

    def staging(self, batch: int) -> Path:
        """Where files of a call lie until they are committed, and moved."""
        return self._root / f".staging-{self._name}-{batch}"

    def open(self, converter: str) -> FetchState:
        """Finish what a kill left undone, and say where to go on.

        Raises:
            ConfigError: the state file is damaged or cannot be read: to begin anew would fetch all again.
            OSError: a folder cannot be used.
        """
        make_folder(self.folder(converter))
        state = self.finish(self._read())
        for left in self._root.glob(f".staging-{self._name}-*"):
            if left.name.removeprefix(f".staging-{self._name}-").isdigit():  # not of a source `name-2`
                shutil.rmtree(left)
        return state

    def _read(self) -> FetchState:
        text = read_text(self._file)
        if text is None:
            return FetchState()
        try:
            return msgspec.json.decode(text, type=FetchState)
        except msgspec.DecodeError as error:
            raise ConfigError(
                closed(f"{self._file} is damaged: {error}"),
                next_step="Put it back from a copy, or remove it: then all is fetched from the beginning.",
            ) from error

    def commit(self, state: FetchState) -> FetchState:
        """Make `state` hold, with the mark and all its staged files; then move them.

        Raises:
            ConfigError: it cannot be written; nothing is changed.
            OSError: a file cannot be moved; the next `finish` goes on.
        """
        replace_text(self._file, msgspec.json.encode(state).decode())
        return self.finish(state)

    def finish(self, state: FetchState) -> FetchState:
        """Move what is committed to where it is watched. May be done again.

        Raises:
            ConfigError, OSError: it cannot be done now.
        """
        if not state.staged:
            return state
        staging, folder = self.staging(state.batch), self.folder(state.converter)
        make_folder(folder)
        for name in state.staged:
            if (staging / name).exists():  # else it was moved, and may be archived by now
                (staging / name).rename(folder / name)
        flush_folder(folder)
        state = msgspec.structs.replace(state, staged=())
        replace_text(self._file, msgspec.json.encode(state).decode())
        shutil.rmtree(staging, ignore_errors=True)
        return state
