"""Which watch folders share files, by their settings alone: for a look before anything runs.

The rule is the running agent's own (`Territory`, `Sieve`), asked for names that the patterns suggest. Nothing
is looked up on disk, where a share may hang: links are not followed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from pathlib import Path

from stationmaster.config.schema import InstanceConfig, WatchFolder
from stationmaster.home.paths import Home
from stationmaster.ingest.problem import overlap, within_one
from stationmaster.ingest.scan import Sieve
from stationmaster.ingest.territory import Territory, folder_key
from stationmaster.ingest.watcher import selection_of
from stationmaster.model import Problem

_WORDS = ("result", "0")
"""What stands for a star in a name that is made up; two, for one may be excluded."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A watch folder of an instance.

    Attributes:
        own: folders of the instance that are never looked into.
    """

    instance: str
    folder: WatchFolder
    own: tuple[str, ...] = ()

    @property
    def root(self) -> str:
        """Its absolute path."""
        return folder_key(self.folder)


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two watch folders share files.

    Attributes:
        owner: within one instance this one takes them.
        other: this one sees them too.
        name: such a file, below `other`.
    """

    owner: Watched
    other: Watched
    name: str


def overlaps(watched: Sequence[Watched]) -> Iterator[Overlap]:
    """Each pair of folders that share files, once."""
    normal = [os.path.normcase(one.root) for one in watched]
    for (one, here), (other, there) in combinations(zip(watched, normal, strict=True), 2):
        # Most folders lie apart: a fleet's settings have many thousand pairs.
        if _below(here, there) is None and _below(there, here) is None:
            continue
        found = next(_shared((one, other)), None)
        if found is not None:
            yield found


def overlap_problems(
    home: Home, instances: Mapping[str, InstanceConfig], *, now: datetime
) -> tuple[Problem, ...]:
    """What the settings of all instances that are enabled tell: for the agent, the doctor and `config check`.

    Folders that meet by links alone are told by the watcher, in the same words, once it finds a file in both.
    """
    seen = watched(home, {name: config for name, config in instances.items() if config.enabled})
    found = [problem for one in overlaps(seen) for problem in _told(one, now)]
    return (*found, *(problem for one in seen for problem in _ours(home, one, now)))


def watched(home: Home, instances: Mapping[str, InstanceConfig]) -> list[Watched]:
    """The watch folders of these instances."""
    return [
        Watched(name, folder, _own(home, name, config.watch))
        for name, config in sorted(instances.items())
        for folder in config.watch
    ]


def _own(home: Home, name: str, folders: Sequence[WatchFolder]) -> tuple[str, ...]:
    """Folders of an instance that its watch folders leave out."""
    moved = (str(Path(folder.move_to)) for folder in folders if folder.move_to)
    return (str(home.errors(name)), str(home.archive(name)), *moved)


def _told(found: Overlap, now: datetime) -> Iterator[Problem]:
    """Say it, to each instance that it concerns."""
    owner, other = found.owner, found.other
    if owner.instance == other.instance:
        yield within_one(owner.instance, other.root, owner.root, found.name, since=now)
        return
    one, two = sorted((owner.instance, other.instance))
    by = (
        f'"{one}" and by "{two}"'
        if owner.root == other.root
        else f'"{other.instance}", and {owner.root} by "{owner.instance}"'
    )
    text = f"{other.root} is watched by {by}: each takes files such as {found.name}."
    step = "Give each station a folder of its own, or narrow `include`."
    for name in (one, two):
        yield overlap(name, text, step, subject=f"{other.root} ({owner.root})", since=now)


def _ours(home: Home, one: Watched, now: datetime) -> Iterator[Problem]:
    """A folder that holds files of the agent itself: spools, settings, what was archived already."""
    root, sieve = os.path.normcase(one.root), Sieve(selection_of(one.folder, one.own))
    for place in map(str, (home.data, home.config, home.log)):
        ours = os.path.normcase(place)
        way = _below(root, ours)
        if _below(ours, root) is not None:
            text = f'"{one.instance}" watches {one.root}, in {place}: the agent keeps its own files there.'
            step = "Watch a folder outside of it."
        elif way and any(sieve.covers(name, one.root) for name in _names((one,), way) if way in name):
            text = f'"{one.instance}" watches {one.root}, and so files of the agent itself, in {place}.'
            step = "Exclude that folder, or watch one beside it."
        else:
            continue
        yield overlap(one.instance, text, step, subject=f"{one.root} ({place})", since=now)
        return  # the others lie beside it


def _shared(pair: tuple[Watched, Watched]) -> Iterator[Overlap]:
    roots = [one.root for one in pair]
    normal = [os.path.normcase(root) for root in roots]
    sieves = [Sieve(selection_of(one.folder, one.own)) for one in pair]
    territory = Territory(roots, sieves)
    for index in (0, 1):
        way = _below(normal[index], normal[1 - index])
        for name in _names(pair, way) if way is not None else ():
            if sieves[index].covers(name, roots[index]) and territory.owner(index, name) != index:
                yield Overlap(pair[1 - index], pair[index], name)


def _below(root: str, inner: str) -> str | None:
    """The way from `root` down to `inner`, "" where they are one; None where there is none."""
    if root == inner:
        return ""
    inside = root.rstrip(os.sep) + os.sep
    return inner[len(inside) :] + os.sep if inner.startswith(inside) else None


def _names(pair: Sequence[Watched], way: str) -> Iterator[str]:
    """Names that the patterns of both folders suggest."""
    if any(one.folder.marker for one in pair):  # a file of a folder that is one source
        yield os.path.join(*_WORDS)  # noqa: PTH118 - a name, no place
    globs = list(dict.fromkeys(glob for one in pair for glob in one.folder.include))
    for glob in globs:
        # A star of one pattern may stand for what another one asks for: "fct-*" and "*.xml".
        for word in (*_WORDS, *(re.sub(r"[*?]|\[.*?\]|.*/", "", other) for other in globs)):
            name = _fits(glob, word).replace("/", os.sep)
            yield name
            yield way + name


def _fits(glob: str, word: str) -> str:
    """A name that `glob` takes, with `word` for each star."""
    plain = re.sub(r"\[(!?)(.)[^\]]*\]", lambda found: "_" if found[1] else found[2], glob)
    return plain.replace("?", "0").replace("*", word)
