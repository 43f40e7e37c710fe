"""What a mapping, written or proposed, makes of a text."""

from __future__ import annotations

from pathlib import Path

from stationmaster.api import Report, Station
from stationmaster.api.testing import convert_file
from stationmaster.converters.mapping import mapping_class
from stationmaster.converters.mapping.load import read_mapping
from stationmaster.converters.mapping.propose import propose

OPTIONS = {"part_number": "P", "process_code": 10}


def made(mapping: str, content: str, folder: Path, name: str = "a.csv") -> list[Report]:
    """The reports that a mapping makes of a text."""
    path = folder / name
    path.write_text(content, encoding="utf-8")
    converter = mapping_class(read_mapping(mapping, "m.toml"), "m")()
    return convert_file(converter, path, options=OPTIONS, station=Station(name="T", time_zone="UTC"))


def proposed(content: str, folder: Path, name: str = "a.csv") -> tuple[str, list[Report]]:
    """The mapping that is proposed for a text, and the reports that it makes of it."""
    mapping = propose(content.encode(), name).toml
    return mapping, made(mapping, content, folder, name)


def doubts(mapping: str) -> str:
    """What a person should look at."""
    return "\n".join(line for line in mapping.splitlines() if line.startswith("# Look at this"))
