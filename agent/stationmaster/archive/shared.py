"""Archives that several instances put files into, by their settings alone: nobody packs or clears those.

Each instance packs by its own rules, and knows of its own files alone which of them are still on their way:
one would pack, or remove, what is the other's. Nothing is looked up on disk, where a share may hang.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from stationmaster.archive.place import roots
from stationmaster.config import last_good
from stationmaster.config.schema import InstanceConfig
from stationmaster.config.store import ConfigStore
from stationmaster.home.paths import Home
from stationmaster.model import Problem, ProblemCode, Severity


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """An archive that several instances use.

    Attributes:
        root: the folder in which the folders per day lie.
        instances: who they are, sorted.
    """

    root: Path
    instances: tuple[str, ...]
    mark: str = ""
    """The file that the other one left there, where it is no instance of this home."""

    @property
    def text(self) -> str:
        """What is wrong."""
        users = " and by ".join(f'"{name}"' for name in self.instances)
        return f"The archive {self.root} is used by {users}: its days are not packed, and nothing is removed."

    @property
    def next_step(self) -> str:
        """What to do."""
        step = "Give each station a `move_to` of its own. What lies there already may stay there."
        return f"{step} If the other one is gone for good, remove {self.mark}." if self.mark else step

    def problem(self, instance: str, since: datetime) -> Problem:
        """For one of the instances."""
        return Problem(
            code=ProblemCode.ARCHIVE_SHARED,
            severity=Severity.WARNING,
            title="Stations share an archive",
            text=self.text,
            next_step=self.next_step,
            instance=instance,
            subject=str(self.root),
            since=since,
        )


def shared_archives(home: Home, instances: Mapping[str, InstanceConfig]) -> list[Shared]:
    """The archives that more than one of these instances puts files into."""
    users: dict[str, dict[str, Path]] = {}
    for name, config in sorted(instances.items()):
        for root in roots(home.archive(name), config.watch):
            users.setdefault(_key(root), {}).setdefault(name, root)
    return [
        Shared(root=next(iter(found.values())), instances=tuple(found))
        for found in users.values()
        if len(found) > 1
    ]


class Neighbours(msgspec.Struct, frozen=True):
    """What the settings of this home tell.

    Attributes:
        shared: archives that several of its instances use.
        ids: of all its instances.
    """

    shared: dict[Path, Shared]
    ids: frozenset[str]


def look(home: Home, own: tuple[Path, ...]) -> Neighbours:
    """Those of `own` that others use, too, by the settings files of now, or the last that were right.

    Blocks.

    Raises:
        ConfigError: the settings cannot be read at all.
    """
    loaded = ConfigStore(home).load_all()
    instances = dict(loaded.instances)
    for name in loaded.errors:
        if name and (kept := last_good.instance(home, name)) is not None:
            instances[name] = kept.config
    found = {_key(one.root): one for one in shared_archives(home, instances)}
    shared = {root: found[_key(root)] for root in own if _key(root) in found}
    return Neighbours(shared, frozenset(str(one.id) for one in instances.values()))


def _key(root: Path) -> str:
    return os.path.normcase(os.path.abspath(root))  # noqa: PTH100 - pathlib keeps ".."
