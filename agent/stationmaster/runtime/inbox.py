"""Watch folders of our own: the outbox, and the inbox where submitted raw files wait for their converter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stationmaster.config.fetch_source import FetchSource
from stationmaster.config.option import is_elsewhere, options_by_converter
from stationmaster.config.schema import After, LaneChoice, WatchFolder
from stationmaster.errors import ConfigError
from stationmaster.home.paths import Home
from stationmaster.ingest.outbox import DropFolder, outbox_folder


def own_folders(
    home: Home, name: str, watched: Sequence[WatchFolder] = (), sources: Sequence[FetchSource] = ()
) -> tuple[WatchFolder, ...]:
    """Watch folders of our own: the outbox, `inbox/<converter>` for submitted raw files, and fetched files.

    Args:
        home: where they lie.
        name: the instance.
        watched: its watch folders; their options hold for submitted files too.
        sources: its scheduled sources; the options of one hold for what it fetched and converts itself.

    Raises:
        ConfigError: the inbox cannot be read.
    """
    options = options_by_converter(watched)
    return (
        outbox_folder(home.outbox(name)),
        *(_own(folder, options, home.archive(name)) for folder in _inboxes(home.inbox(name))),
        *(
            _own(folder, _options_of(folder, sources) or options, home.archive(name))
            for source in _inboxes(home.fetched(name))
            for folder in _inboxes(source)
            if not source.name.startswith(".")
        ),
    )


def _own(folder: Path, options: Mapping[str, dict[str, Any]], archive: Path) -> WatchFolder:
    return DropFolder(
        path=str(folder),
        converters=(folder.name,),
        settle=0.0,
        after=After.ARCHIVE,
        move_to=str(archive),
        lane=LaneChoice.LIVE,
        options={folder.name: options[folder.name]} if folder.name in options else {},
    )


def _options_of(folder: Path, sources: Sequence[FetchSource]) -> dict[str, dict[str, Any]]:
    """Options of a source for the converter that fetched, without those that are secret."""
    return {
        source.converter: {key: value for key, value in source.options.items() if not is_elsewhere(value)}
        for source in sources
        if (source.name, source.converter) == (folder.parent.name, folder.name)
    }


def _inboxes(inbox: Path) -> list[Path]:
    try:
        return sorted(folder for folder in inbox.iterdir() if folder.is_dir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ConfigError(
            f"The folder {inbox} cannot be read: {error.strerror}.", next_step="Check its rights."
        ) from error
