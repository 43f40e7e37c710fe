"""Watch folders: there, readable, writable where files are to go away, answering, and apart."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from stationmaster.archive.shared import shared_archives
from stationmaster.clock import Clock
from stationmaster.config.schema import After, InstanceConfig, WatchFolder
from stationmaster.diagnostics.check import good, of_problem
from stationmaster.home.file_system import read_mounts
from stationmaster.home.paths import Home
from stationmaster.ingest.access import Access
from stationmaster.ingest.files import FolderHangsError
from stationmaster.ingest.known import KnownFiles
from stationmaster.ingest.mount import is_network
from stationmaster.ingest.overlap import overlap_problems
from stationmaster.ingest.probe import try_write
from stationmaster.ingest.problem import not_writable, out_of_sight
from stationmaster.ingest.territory import folder_key
from stationmaster.ingest.trouble import Trouble
from stationmaster.ingest.watcher import selection_of
from stationmaster.model import Check, CheckState, Hop


async def folder_check(folder: WatchFolder, *, instance: str, archive: Path, clock: Clock) -> Check:
    """One watch folder, looked at as the watcher does: in a child that can be killed where it may hang."""
    root, began = folder_key(folder), clock.monotonic()
    access = Access(root, selection_of(folder, ()), folder.network, clock=clock)
    try:
        files = await access.files()
        await files.names(KnownFiles(), restart=True)
    except (OSError, FolderHangsError) as error:
        problem = out_of_sight(Trouble.of(error, root), root, instance=instance, since=clock.now())
        return of_problem(problem, Hop.FOLDER, seconds=clock.monotonic() - began)
    finally:
        await access.aclose()
    can = "can be read"
    if folder.after is not After.KEEP:
        refused = await _write(folder, root, archive, child=access.child)
        if refused:
            problem = not_writable(root, refused, instance=instance, since=clock.now())
            seconds = clock.monotonic() - began
            return of_problem(problem, Hop.FOLDER, state=CheckState.FAILED, seconds=seconds)
        can += " and written"
    place = "a network" if access.child else "a disk of this machine"
    return good(
        Hop.FOLDER,
        f"{root} {can}; it lies on {place}.",
        instance=instance,
        subject=root,
        seconds=clock.monotonic() - began,
        details={"place": "network" if access.child else "local", "after": folder.after.value},
    )


async def _write(folder: WatchFolder, root: str, archive: Path, *, child: bool) -> str:
    """Why files cannot go away as `after` says, "" where they can."""
    places = [Path(root)]
    if folder.after in (After.MOVE, After.ARCHIVE):
        places.append(Path(folder.move_to) if folder.move_to else archive)
    for place in places:
        try:
            await try_write(place, child=child or is_network(place, mounts=read_mounts()))
        except OSError as error:
            return f"{place}: {error.strerror or error}"
        except FolderHangsError:
            return f"{place} does not answer"
    return ""


def shared_archive_checks(
    home: Home, name: str, instances: Mapping[str, InstanceConfig], *, clock: Clock
) -> list[Check]:
    """Archives that other instances use, too, by their settings."""
    return [
        of_problem(one.problem(name, clock.now()), Hop.OVERLAP)
        for one in shared_archives(home, instances)
        if name in one.instances
    ]


def overlap_checks(
    home: Home, name: str, instances: Mapping[str, InstanceConfig], *, clock: Clock
) -> list[Check]:
    """Folders that share files, by the settings: what the running agent tells as well."""
    found = [one for one in overlap_problems(home, instances, now=clock.now()) if one.instance == name]
    if not found and instances[name].watch:
        return [good(Hop.OVERLAP, "No file belongs to two of them.", instance=name)]
    return [of_problem(one, Hop.OVERLAP) for one in found]
