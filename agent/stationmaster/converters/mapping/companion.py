"""The second file beside the one with the results, where a folder is one source; it tells of the unit."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from stationmaster.api import ConversionError, Glimpse, Source
from stationmaster.api.text import printable
from stationmaster.converters.mapping.schema import Companion
from stationmaster.converters.mapping.text import decoded

MAX_BYTES: Final = 4 * 1024 * 1024


@dataclasses.dataclass(frozen=True, slots=True)
class Second:
    """A second file: its bytes, and what its lines tell."""

    content: bytes
    keys: dict[str, str]


def fits(glimpse: Glimpse, companion: Companion) -> bool:
    """The folder holds a file with results."""
    return any(_is_main(name.rpartition("/")[2], companion) for name in glimpse.files)


def mains(source: Source, companion: Companion) -> list[Source]:
    """The files with results, each as a source of its own.

    Raises:
        ConversionError: there is none.
    """
    found = [path for path in source.files() if _is_main(path.name, companion)]
    if not found:
        raise ConversionError(f"the folder {source.name} holds no file {companion.main}")
    return [
        dataclasses.replace(
            source,
            path=path,
            name=printable(path.name),
            folder=printable(path.parent.name),
            size=path.stat().st_size,
            is_folder=False,
            marker="",
        )
        for path in found
    ]


def beside(main: Source, folder: Source, companion: Companion, encodings: Sequence[str]) -> Second:
    """The second file of one with results.

    Args:
        main: the file with the results.
        folder: the source that both lie in.

    Raises:
        ConversionError: it is not there and not optional, too long, or no text.
    """
    name = _name_beside(main, companion)
    patterns = [re.compile(one) for one in companion.keys]
    told = dict.fromkeys((key for pattern in patterns for key in pattern.groupindex), "")
    path = next((one for one in _around(main.path, folder) if one.name.lower() == name.lower()), None)
    if path is None:
        if companion.optional:
            return Second(b"", told)
        raise ConversionError(
            f"there is no {name} beside {main.name}",
            next_step="Check companion.name in the mapping, or say optional = true there.",
        )
    if path.stat().st_size > MAX_BYTES:
        raise ConversionError(f"{path.name} is larger than {MAX_BYTES} bytes, the bound for companions")
    data = path.read_bytes()
    content = decoded(data, encodings)
    if content is None:
        raise ConversionError(f"{path.name} is no text in {' or '.join(encodings)}")
    for line in content.splitlines():
        for found in filter(None, (pattern.search(line) for pattern in patterns)):
            told.update({key: text for key, text in found.groupdict().items() if text is not None})
    return Second(data, told)


def _is_main(name: str, companion: Companion) -> bool:
    return re.fullmatch(companion.main, name) is not None


def _name_beside(main: Source, companion: Companion) -> str:
    """The name of the second file: groups of `main` in braces, and `{stem}`."""
    found = re.fullmatch(companion.main, main.path.name)
    groups = {key: text or "" for key, text in found.groupdict().items()} if found else {}
    groups["stem"] = main.path.stem
    return re.sub(r"\{(\w+)\}", lambda one: groups.get(one[1], one[0]), companion.name)


def _around(main: Path, folder: Source) -> list[Path]:
    return [path for path in folder.files() if path.parent == main.parent and path != main]
