"""Watch folders of our own: the outbox, and the inbox where submitted raw files wait for their converter."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path

from stationmaster.config.option import options_by_converter
from stationmaster.config.schema import After, LaneChoice, WatchFolder
from stationmaster.errors import ConfigError
from stationmaster.home.paths import Home
from stationmaster.ingest.outbox import outbox_folder
from stationmaster.submit import leave

INBOX = "inbox"
"""Folder of an instance where submitted raw files wait, one sub-folder a converter."""
_SEE_CONVERTERS = "See which there are: stationmaster converter list"


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
            WatchFolder(
                path=str(folder),
                converters=(folder.name,),
                settle=0.0,
                after=After.ARCHIVE,
                move_to=str(home.archive(name)),
                lane=LaneChoice.LIVE,
                options={folder.name: options[folder.name]} if folder.name in options else {},
            )
            for folder in _inboxes(home.instance_dir(name) / INBOX)
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


def leave_raw(home: Home, name: str, converter: str, *, filename: str, content: bytes) -> tuple[Path, bool]:
    """Put a raw file into the inbox of `converter`, on disk when this returns, beside all others there.

    Returns:
        Its place, and whether the inbox is a new one: the instance watches it after a restart.

    Raises:
        ConfigError: `converter` can be no converter's name.
        StationmasterError: the disk does not take it.
    """
    if not converter or not all(letter.isalnum() or letter in "-_" for letter in converter):
        raise ConfigError(f'"{converter}" is no name of a converter.', next_step=_SEE_CONVERTERS)
    folder = home.instance_dir(name) / INBOX / converter
    fresh = not folder.exists()
    safe = "".join(letter if letter.isalnum() or letter in "-_. " else "_" for letter in filename)[-120:]
    return leave(folder, f"{uuid.uuid4().hex[:8]}-{safe.lstrip('.')}", content), fresh
