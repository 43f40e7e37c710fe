"""How file names and releases travel to the child: as JSON, also names that are no Unicode text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stationmaster.file_name import from_wire, shown, to_wire
from stationmaster.ingest.release import Release, Released, Standing, Way
from stationmaster.ingest.scan import Selection


def selection_to_wire(selection: Selection) -> dict[str, Any]:
    """A `Selection` as JSON values."""
    return {
        "include": list(map(to_wire, selection.include)),
        "exclude": list(map(to_wire, selection.exclude)),
        "recursive": selection.recursive,
        "skip": list(map(to_wire, selection.skip)),
        "plain": selection.plain,
        "marker": to_wire(selection.marker),
    }


def selection_from_wire(values: dict[str, Any]) -> Selection:
    """The `Selection` back."""
    return Selection(
        include=tuple(map(from_wire, values["include"])),
        exclude=tuple(map(from_wire, values["exclude"])),
        recursive=values["recursive"],
        skip=tuple(map(from_wire, values["skip"])),
        plain=values["plain"],
        marker=from_wire(values["marker"]),
    )


def release_to_wire(job: Release) -> dict[str, Any]:
    """A `Release` as JSON values."""
    return {
        "path": to_wire(job.path),
        "size": job.size,
        "mtime_ns": job.mtime_ns,
        "digest": job.digest,
        "way": job.way.value,
        "folder": to_wire(job.folder),
        "name": to_wire(job.name),
        "reason": shown(job.reason),
    }


def release_from_wire(values: dict[str, Any]) -> Release:
    """The `Release` back."""
    return Release(
        path=Path(from_wire(values["path"])),
        size=values["size"],
        mtime_ns=values["mtime_ns"],
        digest=values["digest"],
        way=Way(values["way"]),
        folder=Path(from_wire(values["folder"])),
        name=from_wire(values["name"]),
        reason=values["reason"],
    )


def released_to_wire(released: Released) -> dict[str, Any]:
    """A `Released` as JSON values."""
    return {
        "standing": released.standing.value,
        "place": None if released.place is None else to_wire(released.place),
        "copy": None if released.copy is None else to_wire(released.copy),
    }


def released_from_wire(values: dict[str, Any]) -> Released:
    """The `Released` back."""
    place, copy = values["place"], values["copy"]
    return Released(
        standing=Standing(values["standing"]),
        place=None if place is None else Path(from_wire(place)),
        copy=None if copy is None else Path(from_wire(copy)),
    )
