"""PURE: what watches what, as rows: each watch folder and each scheduled source of each station."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from stationmaster.model import AgentStatus, FetchStatus, FolderStatus, InstanceStatus, Lifecycle
from stationmaster_tray.text import NONE, clock, plural, tr


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A watch folder or a scheduled source.

    Attributes:
        path: the folder; "" for a source, which has a name alone.
        after: what becomes of its files, in words.
        wrong: `state` tells of trouble.
        include, exclude: patterns of the names that it takes and leaves alone.
        marker: it takes whole sub-folders, complete when this file is in them; "" for single files.
    """

    station: str
    name: str
    path: str = ""
    converters: tuple[str, ...] = ()
    after: str = ""
    state: str = ""
    wrong: bool = False
    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
    marker: str = ""

    def refusal(self, name: str) -> str:
        """Why a file of this name would lie there untouched, "" where it would not."""
        if self.marker:
            return tr("This folder takes whole sub-folders, complete with {marker}.", marker=self.marker)
        if not any(fnmatchcase(name, pattern) for pattern in self.include):
            return tr("This folder takes {patterns} only.", patterns=", ".join(self.include))
        if any(fnmatchcase(name, pattern) for pattern in self.exclude):
            return tr("This folder leaves {patterns} alone.", patterns=", ".join(self.exclude))
        return ""


def places(
    status: AgentStatus | None, settings: Mapping[str, Mapping[str, Any]], now: datetime
) -> tuple[Place, ...]:
    """All of them, station by station.

    Args:
        status: the agent's snapshot.
        settings: of each station, as far as they are known.
        now: for times in words.
    """
    found: list[Place] = []
    for one in status.instances if status else ():
        watch = _by_path(settings.get(one.name, {}))
        found += (
            _folder(one, folder, watch.get(folder.path, {}), now) for folder in one.folders if not folder.own
        )
        found += (_source(one, source, now) for source in one.fetches)
    return tuple(found)


def names(status: AgentStatus | None) -> tuple[tuple[str, Lifecycle, tuple[str, ...]], ...]:
    """What a change of means that the settings may be others: stations, their states and folders."""
    return tuple(
        (one.name, one.lifecycle, tuple(folder.path for folder in one.folders))
        for one in (status.instances if status else ())
    )


def _by_path(settings: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {str(one.get("path")): one for one in settings.get("watch") or ()}


def _folder(one: InstanceStatus, folder: FolderStatus, settings: Mapping[str, Any], now: datetime) -> Place:
    state, wrong = _state(one, folder, now)
    return Place(
        station=one.name,
        name=folder.path,
        path=folder.path,
        converters=folder.converters,
        after=after(settings),
        state=state,
        wrong=wrong,
        include=_texts(settings.get("include")) or ("*",),
        exclude=_texts(settings.get("exclude")),
        marker=str(settings.get("marker") or ""),
    )


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else ()


def after(settings: Mapping[str, Any]) -> str:
    """What becomes of a folder's files once their reports are safe, "" where that is not known yet."""
    if not settings:
        return ""
    target = str(settings.get("move_to") or "")
    words = {
        "keep": tr("stays where it is"),
        "move": tr("moved to {folder}", folder=target or NONE),
        "archive": tr("into the archive {folder}", folder=target).strip(),
        "delete": tr("deleted"),
    }
    known = str(settings.get("after") or "")
    return words.get(known, known)


def _state(one: InstanceStatus, folder: FolderStatus, now: datetime) -> tuple[str, bool]:
    if one.lifecycle is not Lifecycle.RUNNING:
        return _off(tr("Not watched: the station does not run")), False
    if not folder.reachable:
        return tr("✗ Cannot be read"), True
    if folder.last_scan_at is None:
        return _off(tr("Not looked at yet")), False
    waiting = plural(folder.waiting, "{count} file waits", "{count} files wait") if folder.waiting else ""
    if one.paused_until is not None and one.paused_until > now:
        return _joined(tr("✓ Watched, uploads are paused"), waiting), False
    return _joined(tr("✓ Watched"), waiting), False


def _off(words: str) -> str:
    return f"{NONE} {words}"


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _source(one: InstanceStatus, source: FetchStatus, now: datetime) -> Place:
    if one.lifecycle is not Lifecycle.RUNNING:
        state = _off(tr("Not fetched: the station does not run"))
    elif source.error:
        state = tr("✗ {reason}", reason=source.error)
    elif source.running:
        state = tr("✓ Is being fetched")
    elif source.next_run_at is not None:
        state = tr("✓ Next at {time}", time=clock(source.next_run_at, now))
    else:
        state = _off(tr("Not fetched yet"))
    return Place(
        station=one.name,
        name=tr("Source {name}", name=source.name),
        converters=(source.converter,),
        after=plural(source.count, "{count} file fetched so far", "{count} files fetched so far"),
        state=state,
        wrong=bool(source.error),
    )
