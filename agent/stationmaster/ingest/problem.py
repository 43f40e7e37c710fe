"""The Problems of watch folders, with their texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from stationmaster.ingest.claim import Outcome
from stationmaster.ingest.folder import FolderWatch
from stationmaster.ingest.trouble import Trouble
from stationmaster.model import Problem, ProblemCode, Severity

LOCKED_AFTER = 600.0
INCOMPLETE_AFTER = 60.0
"""Seconds after which a locked or incomplete file is worth telling."""

_RELEASE_TITLE = "File cannot be released"
_RELEASE_STEP = "Let the agent's account write there, and see that the disk has space."
_TITLES = {
    ProblemCode.FOLDER_HANGING: "Watch folder does not answer",
    ProblemCode.FOLDER_MISSING: "Watch folder is missing",
    ProblemCode.FOLDER_UNREADABLE: "Watch folder cannot be read",
}


@dataclass(frozen=True, slots=True)
class Unreleased:
    """Why a file could not be released, and since when."""

    reason: str
    since: datetime


def problems_of(
    folders: Sequence[FolderWatch], unreleased: Mapping[str, Mapping[str, Unreleased]], *, instance: str
) -> Iterator[Problem]:
    """Everything that is wrong now.

    Args:
        unreleased: folder -> files that are committed but could not be moved, archived or deleted.
    """
    for folder in folders:
        yield from _sight(folder, instance)
        yield from _overlaps(folder, folders, instance)
        yield from _waiting(folder, instance)
        yield from _unmarked(folder, instance)
    for root, files in unreleased.items():
        if files:
            yield _release_failed(root, files, instance)


def out_of_sight(trouble: Trouble, root: str, *, instance: str, since: datetime) -> Problem:
    """A folder that cannot be looked at."""
    return Problem(
        code=trouble.code,
        severity=Severity.ERROR,
        title=_TITLES[trouble.code],
        text=trouble.text,
        next_step=trouble.next_step,
        instance=instance,
        subject=root,
        since=since,
        time_to_visible=trouble.time_to_visible,
    )


def _sight(folder: FolderWatch, instance: str) -> Iterator[Problem]:
    """Folders and sub-folders that cannot be looked at."""
    sight, root = folder.sight, folder.root
    if sight.trouble is not None and sight.since is not None:
        yield out_of_sight(sight.trouble, root, instance=instance, since=sight.since)
    if sight.unreadable and sight.unreadable_since is not None:
        name, reason = sight.unreadable[0]
        yield Problem(
            code=ProblemCode.FOLDER_UNREADABLE,
            severity=Severity.WARNING,
            title="Sub-folder cannot be read",
            text=f"In the watch folder {root} the sub-folder {_several([n for n, _ in sight.unreadable])} "
            f"cannot be read: {reason}.",
            next_step="Give the account that runs the agent the right to read it, or exclude it.",
            instance=instance,
            subject=f"{root} ({name})",
            since=sight.unreadable_since,
            time_to_visible=10.0,
        )


def _overlaps(folder: FolderWatch, folders: Sequence[FolderWatch], instance: str) -> Iterator[Problem]:
    """Files that two folders of the instance match."""
    for index, (name, since) in folder.sight.overlaps.items():
        yield within_one(instance, folder.root, folders[index].root, name, since=since)


def within_one(instance: str, other: str, owner: str, name: str, *, since: datetime) -> Problem:
    """Two folders of one instance see the same files.

    Args:
        other: the folder that leaves them alone; first in the settings where the paths are one.
        owner: the one that takes them.
        name: such a file.
    """
    what, which = (f"{owner} twice", "first") if other == owner else (f"{other} and {owner}", "second")
    text = f'"{instance}" watches {what}: only the {which} takes files such as {name}.'
    step = "Exclude them in one of the two watch folders, or remove one."
    return overlap(instance, text, step, subject=f"{other} ({owner})", since=since)


def overlap(instance: str, text: str, step: str, *, subject: str, since: datetime) -> Problem:
    """Files that more than one would take."""
    return Problem(
        code=ProblemCode.FOLDER_OVERLAP,
        severity=Severity.WARNING,
        title="Watch folders overlap",
        text=text,
        next_step=step,
        instance=instance,
        subject=subject,
        since=since,
    )


def _waiting(folder: FolderWatch, instance: str) -> Iterator[Problem]:
    """Files that rest, but cannot be opened or have no end yet."""
    now = folder.now()
    stuck: dict[Outcome, list[tuple[datetime, str]]] = {Outcome.BUSY: [], Outcome.INCOMPLETE: []}
    for candidate in folder.roster.pending:
        since = candidate.trouble_since
        if since is not None and candidate.trouble in stuck:
            limit = LOCKED_AFTER if candidate.trouble is Outcome.BUSY else INCOMPLETE_AFTER
            if (now - since).total_seconds() >= limit:
                stuck[candidate.trouble].append((since, candidate.name))
    if stuck[Outcome.BUSY]:
        since, names = _oldest(stuck[Outcome.BUSY])
        yield Problem(
            code=ProblemCode.SOURCE_LOCKED,
            severity=Severity.WARNING,
            title="File is locked",
            text=f"{_several(names)} in {folder.root} could not be opened since {since:%Y-%m-%d %H:%M} UTC.",
            next_step="Close the program that holds it open, or let the agent's account read it.",
            instance=instance,
            subject=folder.root,
            since=since,
        )
    if stuck[Outcome.INCOMPLETE]:
        since, names = _oldest(stuck[Outcome.INCOMPLETE])
        yield Problem(
            code=ProblemCode.SOURCE_INCOMPLETE,
            severity=Severity.INFO,
            title="File is not complete",
            text=f"{_several(names)} in {folder.root} stands still, but its end is missing.",
            next_step="Wait for the tester; after `incomplete_after` seconds it goes to the error list.",
            instance=instance,
            subject=folder.root,
            since=since,
        )


def _unmarked(folder: FolderWatch, instance: str) -> Iterator[Problem]:
    """Sub-folders in which nothing changes any more, and that have no marker."""
    now, limit = folder.now(), folder.folder.incomplete_after
    found = [
        (since, name)
        for name, (_, since) in folder.sight.unmarked.items()
        if folder.sight.trouble is None and (now - since).total_seconds() >= limit
    ]
    if found:
        since, names = _oldest(found)
        yield Problem(
            code=ProblemCode.MARKER_MISSING,
            severity=Severity.WARNING,
            title="Folder has no marker",
            text=f"{_several(names)} in {folder.root} stands still since {since:%Y-%m-%d %H:%M} UTC, but "
            f"has no file {folder.folder.marker}: without it nothing of the folder is taken.",
            next_step="See why the tester does not write it. Put it there if all is complete, or exclude the "
            "folder.",
            instance=instance,
            subject=folder.root,
            since=since,
        )


def _oldest(files: list[tuple[datetime, str]]) -> tuple[datetime, list[str]]:
    """Since when the first of these is stuck, and the names of all."""
    return min(files)[0], sorted(name for _, name in files)


def _release_failed(root: str, files: Mapping[str, Unreleased], instance: str) -> Problem:
    """Files that are committed but could not be moved away."""
    names = sorted(files)
    return Problem(
        code=ProblemCode.RELEASE_FAILED,
        severity=Severity.WARNING,
        title=_RELEASE_TITLE,
        text=f"The reports of {_several(names)} are stored, but the file cannot be moved away: "
        f"{files[names[0]].reason}.",
        next_step=_RELEASE_STEP,
        instance=instance,
        subject=root,
        since=min(each.since for each in files.values()),
    )


def not_writable(root: str, reason: str, *, instance: str, since: datetime) -> Problem:
    """No file can be moved away from there, or to where it is to go; found before any file was."""
    return Problem(
        code=ProblemCode.RELEASE_FAILED,
        severity=Severity.WARNING,
        title=_RELEASE_TITLE,
        text=f"No file of the watch folder {root} can be moved away: {reason}.",
        next_step=_RELEASE_STEP,
        instance=instance,
        subject=root,
        since=since,
    )


def _several(names: Sequence[str]) -> str:
    return f"{names[0]} and {len(names) - 1} more" if len(names) > 1 else names[0]
