"""The instance's own folders: they are there or can be made, can be written, and answer."""

from __future__ import annotations

from pathlib import Path

from stationmaster.clock import Clock
from stationmaster.config.schema import InstanceConfig
from stationmaster.diagnostics.check import bad, good
from stationmaster.home.file_system import read_mounts
from stationmaster.home.paths import Home
from stationmaster.ingest.files import FolderHangsError
from stationmaster.ingest.mount import is_network
from stationmaster.ingest.probe import try_write
from stationmaster.model import Check, Hop

_STEP = "Let the agent's account write there; if something else lies in its place, move that away."


async def own_folder_checks(home: Home, config: InstanceConfig, *, clock: Clock) -> list[Check]:
    """What is wrong with each, or one check that all are well."""
    name, began, mounts = config.name, clock.monotonic(), read_mounts()
    folders = [home.outbox(name), home.inbox(name), home.errors(name), home.archive(name)]
    if config.fetch:
        folders.append(home.fetched(name))
    found, places = [], {}
    for folder in folders:
        network = is_network(folder, mounts=mounts)
        places[folder.name] = "network" if network else "local"
        if trouble := await _trouble(folder, child=network):
            found.append(bad(Hop.OWN_FOLDER, trouble, _STEP, instance=name, subject=str(folder)))
    if found:
        return found
    where = "a network" if "network" in places.values() else "a disk of this machine"
    return [
        good(
            Hop.OWN_FOLDER,
            f"{', '.join(places)} can be written; they lie on {where}.",
            instance=name,
            subject=str(home.instance_dir(name)),
            seconds=clock.monotonic() - began,
            details=places,
        )
    ]


async def _trouble(folder: Path, *, child: bool) -> str:
    try:
        await try_write(folder, child=child)
    except FolderHangsError:
        return f"The folder {folder} does not answer."
    except OSError as error:
        return f"Nothing can be written to the folder {folder}: {error.strerror or error}."
    return ""
