"""Where archived files are: in a folder per day, or in the zip that the folder was packed to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from stationmaster.blocking import THREAD, CallHangsError
from stationmaster.config.schema import After, WatchFolder
from stationmaster.model import Entry

DAY = re.compile(r"\d{4}-\d\d-\d\d")
"""Name of a day's folder, and of its zip without the ending."""

INSIDE = "!/"
"""Between the path of a pack and the name of a file in it."""


LOOK_LIMIT = 3.0
"""Seconds that a look at where files are may take."""


def roots(own: Path, watched: Iterable[WatchFolder]) -> tuple[Path, ...]:
    """The folders in which the folders per day lie, each once.

    Args:
        own: the instance's own archive.
        watched: its watch folders.
    """
    found = [Path(one.move_to) for one in watched if one.after is After.ARCHIVE and one.move_to]
    return tuple(dict.fromkeys([own, *found]))


async def where_they_are(entries: Sequence[Entry]) -> list[Entry]:
    """`entries`, with the place where each file is now; a disk that hangs is not waited for."""
    places = {entry.place for entry in entries if DAY.fullmatch(Path(entry.place).parent.name)}
    if not places:
        return list(entries)
    try:
        now = await THREAD.call(lambda: {place: where_now(place) for place in places}, deadline=LOOK_LIMIT)
    except (CallHangsError, OSError):
        return list(entries)
    return [msgspec.structs.replace(one, place=now.get(one.place, one.place)) for one in entries]


def where_now(place: str) -> str:
    """Where an archived file is now: a file whose day was packed lies in the zip of that day.

    Looks at the disk, which may hang where it is a share.
    """
    path = Path(place)
    if not DAY.fullmatch(path.parent.name) or path.exists():
        return place
    pack = path.parent.with_name(f"{path.parent.name}.zip")
    return f"{pack}{INSIDE}{path.name}" if pack.is_file() else place
