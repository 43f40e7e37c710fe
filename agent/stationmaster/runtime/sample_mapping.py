"""A mapping for a sample file: proposed, or as a person changed it, and what the sample becomes by it."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from stationmaster.control.command_answer import MappedSample, MappingFault
from stationmaster.convert.built_in import MAPPING
from stationmaster.convert.dry_run import DryRun, dry_run
from stationmaster.converters.mapping import MAX_TEXT
from stationmaster.converters.mapping.load import MappingError, read_mapping
from stationmaster.converters.mapping.propose import propose
from stationmaster.converters.mapping.schema import Mapping
from stationmaster.errors import ConfigError
from stationmaster.runtime.trial import MOST_BYTES, trial_of

_SHOWN: Final = 3
"""Reports of the sample that are shown."""
_STAND_INS: Final[dict[str, tuple[str, Any]]] = {
    "pn": ("part_number", "PART"),
    "process": ("process_code", 10),
}


def proposed(file: Path) -> str:
    """A mapping for a sample.

    Raises:
        StationmasterError: the sample is too large, or nothing in it looks like results.
        OSError: it cannot be read.
    """
    with file.open("rb") as opened:
        data = opened.read(MAX_TEXT + 1)
    if len(data) > MAX_TEXT:
        raise ConfigError(
            f"{file.name} is larger than {MAX_TEXT} bytes, the bound for mappings.",
            next_step="Take a shorter sample.",
        )
    return propose(data, file.name).toml


def text_of(file: Path) -> str:
    """The text of a mapping.

    Raises:
        ConfigError: it is no text.
        OSError: it cannot be read.
    """
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} is no UTF-8 text.") from error


async def map_sample(file: Path, name: str, toml: str) -> MappedSample:
    """What becomes of a sample; what is wrong with the mapping is in the answer.

    Args:
        file: the sample.
        name: of the mapping, where it has none itself.
        toml: the mapping.
    """
    began = time.monotonic()
    try:
        mapping = read_mapping(toml, "")
    except MappingError as error:
        fault = MappingFault(text=error.what, line=error.line, column=error.column, next_step=error.next_step)
        return MappedSample(name=name, toml=toml, fault=fault)
    outcome, given = await tried(file, name, toml, mapping)
    seconds = round(time.monotonic() - began, 3)
    return MappedSample(
        name=mapping.name or name,
        toml=toml,
        given=given,
        trial=trial_of(outcome, seconds, folder=f"{file.parent}{os.sep}"),
    )


async def tried(
    file: Path, name: str, toml: str, mapping: Mapping, *, most: int = _SHOWN
) -> tuple[DryRun, dict[str, Any]]:
    """The sample by a mapping, and the options that stood in for what neither of the two says.

    Args:
        mapping: what `toml` describes.
        most: reports that are kept; all are counted.
    """
    given = {option: value for key, (option, value) in _STAND_INS.items() if key not in mapping.header}
    more = given | {"process_code": 10}
    with tempfile.TemporaryDirectory(prefix="stationmaster-map-") as folder:
        place = Path(folder) / f"{name}{MAPPING}"
        await asyncio.to_thread(place.write_text, toml, encoding="utf-8")
        outcome = await _tried(file, mapping.name or name, given, Path(folder), most)
        if outcome.trouble is None or more == given:
            return outcome, given
        # an operation that is a name needs a code, too
        second = await _tried(file, mapping.name or name, more, Path(folder), most)
    return (outcome, given) if second.trouble is not None else (second, more)


async def _tried(file: Path, converter: str, options: dict[str, Any], folder: Path, most: int) -> DryRun:
    return await dry_run(
        file,
        converters=(converter,),
        options={converter: options},
        folder=folder,
        most=most,
        most_bytes=MOST_BYTES,
    )
