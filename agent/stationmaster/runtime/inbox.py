"""Watch folders of our own: the outbox, and the inbox where submitted raw files wait for their converter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stationmaster.config.option import options_by_converter
from stationmaster.config.schema import After, LaneChoice, WatchFolder
from stationmaster.errors import ConfigError
from stationmaster.home.paths import Home
from stationmaster.ingest.outbox import DropFolder, outbox_folder


def own_folders(home: Home, name: str, watched: Sequence[WatchFolder] = ()) -> tuple[WatchFolder, ...]:
    """Watch folders of our own: the outbox, and `inbox/<converter>` for submitted raw files.

    Args:
        home: where they lie.
        name: the instance.
        watched: its watch folders; their options hold for submitted files too.

    Raises:
        ConfigError: the inbox cannot be read.
    """
    options = options_by_converter(watched)
    return (
        outbox_folder(home.outbox(name)),
        *(
            DropFolder(
                path=str(folder),
                converters=(folder.name,),
                settle=0.0,
                after=After.ARCHIVE,
                move_to=str(home.archive(name)),
                lane=LaneChoice.LIVE,
                options={folder.name: options[folder.name]} if folder.name in options else {},
            )
            for folder in _inboxes(home.inbox(name))
        ),
    )


def _inboxes(inbox: Path) -> list[Path]:
    try:
        return sorted(folder for folder in inbox.iterdir() if folder.is_dir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ConfigError(
            f"The folder {inbox} cannot be read: {error.strerror}.", next_step="Check its rights."
        ) from error
