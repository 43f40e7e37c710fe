"""What a new instance waits for: folders that are not there yet, converters that are not installed.

Both may come later, so nothing here is an error; who mistyped a path or a name sees it at once.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec

from stationmaster.cli.output import answer
from stationmaster.cli.session import home
from stationmaster.convert.built_in import BUILT_INS, KINDS
from stationmaster.convert.dry_run import list_converters
from stationmaster.errors import StationmasterError

Sections = Iterable[Mapping[str, Any]]

FOLDER_SECONDS = 3.0
"""A folder on a network that does not answer in this time is left to the agent."""


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """What an instance names in its settings."""

    name: str
    folders: tuple[str, ...]
    converters: tuple[str, ...]

    @classmethod
    def of(cls, name: str, watch: Sections, fetch: Sections = ()) -> Needs:
        """Out of its sections, as they stand in a settings file."""
        watch = list(watch)
        named = [one for folder in watch for one in folder.get("converters", ())]
        named += [source["converter"] for source in fetch if "converter" in source]
        return cls(
            name=name,
            folders=tuple(dict.fromkeys(str(folder["path"]) for folder in watch if "path" in folder)),
            converters=tuple(dict.fromkeys(named)),
        )


async def hints(needs: Needs) -> list[str]:
    """A sentence for each folder and each converter that is missing."""
    found = [hint for folder in needs.folders if (hint := _of_folder(needs.name, folder))]
    return found + await _of_converters(needs)


def tell(found: Iterable[str]) -> None:
    """On standard output: they are part of the answer."""
    for hint in found:
        answer(f"Hint: {hint}")


def _of_folder(name: str, folder: str) -> str:
    told: list[str] = []

    def look() -> None:
        try:
            if not stat.S_ISDIR(os.stat(folder).st_mode):  # noqa: PTH116 - a path as the settings have it
                told.append(f"{name}: {folder} is no folder. Its files are taken once it is one.")
        except (FileNotFoundError, NotADirectoryError):
            told.append(f"{name}: the watch folder {folder} does not exist yet. Is its name right?")
        except OSError:
            pass  # not for this account to see; the agent tells what it meets

    thread = threading.Thread(target=look, daemon=True, name="folder")
    thread.start()
    thread.join(FOLDER_SECONDS)
    return next(iter(told), "")


async def _of_converters(needs: Needs) -> list[str]:
    folder = _own_folder(needs.name)
    if folder is None and all(name in BUILT_INS for name in needs.converters):
        return []  # nothing is to be loaded for it, which takes a second
    try:
        infos, failures = await list_converters(folder)
    except (StationmasterError, OSError):
        return []
    known = [info.name for info in infos]
    found: list[str] = []
    for name in needs.converters:
        if name in known:
            continue
        why = [one.text for one in failures if one.brings(name)]
        close = get_close_matches(name, known, n=1)
        step = f'Did you mean "{close[0]}"?' if close else "Its files wait until it is installed."
        found.append(why[0] if why else f'there is no converter "{name}" yet. {step}')
    return [f"{needs.name}: {text}" for text in found]


def _own_folder(name: str) -> Path | None:
    """The folder of the instance's own converters; None where none is in it, or it is not ours to see."""
    folder = home().converters(name)
    try:
        return folder if any(path.suffix in KINDS for path in folder.iterdir()) else None
    except OSError:
        return None
