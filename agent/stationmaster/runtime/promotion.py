"""How a canary takes the place of the live converter: what is to be changed, and how it is taken back."""

from __future__ import annotations

import hashlib
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomlkit

from stationmaster.canary import Canary
from stationmaster.config.atomic import read_text, replace_text
from stationmaster.config.field import join_key
from stationmaster.config.lock import FileLock
from stationmaster.config.schema import InstanceConfig
from stationmaster.convert.job import ConverterInfo
from stationmaster.errors import ConfigError
from stationmaster.home.paths import Home, make_private
from stationmaster.runtime.canary_store import CanaryStore


@dataclass(slots=True)
class Promotion:
    """What is to be done; nothing is done yet.

    Attributes:
        patch: of the settings.
        write: the converter's file and its text, None where it is installed.
        aside: the file that goes aside, and where it is kept.
        changed: what that changes, a sentence each.
        back: the commands that take it back.
    """

    patch: dict[str, Any] = field(default_factory=dict)
    write: tuple[Path, str] | None = None
    aside: tuple[Path, Path] | None = None
    changed: list[str] = field(default_factory=list)
    back: list[str] = field(default_factory=list)

    def lay_down(self, home: Home) -> None:
        """Put the converter's file into its place, the former one aside first. Blocks; may be done again.

        Raises:
            ConfigError: a file cannot be written.
        """
        if self.write is None:
            return
        place, text = self.write
        with FileLock(home.lock, timeout=10.0):
            if self.aside is not None and (former := read_text(self.aside[0])) is not None:
                make_private(self.aside[1].parent)
                replace_text(self.aside[1], former)
            replace_text(place, text)
            if self.aside is not None and self.aside[0] != place:
                replace_text(self.aside[0], None)


def plan(home: Home, config: InstanceConfig, canary: Canary, infos: Mapping[str, ConverterInfo]) -> Promotion:
    """What a promotion changes. Blocks.

    Args:
        infos: the converters that the instance knows now, by name.

    Raises:
        ConfigError: it cannot be done so.
    """
    done = Promotion()
    name = config.name
    if canary.file:
        _plan_file(done, home, name, canary, infos)
    if canary.converter != canary.beside:
        _plan_settings(done, config, canary)
    if not done.patch and done.write is None:
        raise ConfigError(f"{canary.converter} is the live converter already: there is nothing to change.")
    return done


def _plan_file(
    done: Promotion, home: Home, name: str, canary: Canary, infos: Mapping[str, ConverterInfo]
) -> None:
    source = CanaryStore(home, name).code / canary.file
    text = read_text(source)
    digest = hashlib.sha256((text or "").encode()).hexdigest()
    if not canary.code.endswith(digest[:12]):
        raise ConfigError(f"{source} is not what was compared.", next_step="Start the canary anew.")
    text, place = text or "", home.converters(name) / canary.file
    live = infos.get(canary.converter)
    old = Path(live.target.rpartition(":")[0]) if live is not None and live.origin == "file" else None
    if old is not None and old.suffix == place.suffix:
        place = old  # whatever the new file is called: two files with one converter would be a fault
    there = read_text(place)
    if there == text:
        return
    if old is None:
        if there is not None:
            raise ConfigError(f"{place} is there already.", next_step="Give the new file another name.")
        done.back = [_removal(place)]
    else:
        _alone(old, infos, canary.converter)
        kept = home.replaced(name) / f"{live.code.rpartition(' ')[2] if live else ''}" / old.name
        done.aside = (old, kept)
        back = _words("stationmaster", "converter", "install", str(kept), "--instance", name, "--replace")
        done.back = [back] if old == place else [_removal(place), back]
        done.changed.append(f"The former {old.name} is kept as {kept}.")
    done.write = (place, text)
    done.changed.insert(0, f"{place} holds {canary.converter} version {canary.version}.")


def _alone(file: Path, infos: Mapping[str, ConverterInfo], name: str) -> None:
    others = sorted(
        one.name for one in infos.values() if one.target.rpartition(":")[0] == str(file) and one.name != name
    )
    if others:
        raise ConfigError(
            f"{file} holds {', '.join(others)} too, which would be lost.",
            next_step="Put the new version into that file by hand.",
        )


def _plan_settings(done: Promotion, config: InstanceConfig, canary: Canary) -> None:
    if canary.grows:
        raise ConfigError(
            f"Files of {canary.beside} grow: under another name they would be read again from their start,"
            " and their reports sent again.",
            next_step=f"Give the new version the name {canary.beside}, and start the canary anew.",
        )
    back: list[str] = []
    for key, old, new in _users(config, canary):
        done.patch[key] = new
        done.changed.append(f"{key} is {_shown(new)} instead of {_shown(old)}.")
        back += ["--set", f"{key}={_shown(old)}"]
    if not done.patch:
        raise ConfigError(
            f"No watch folder and no source of {config.name} uses {canary.beside} there.",
            next_step="Say so in the settings: stationmaster instance edit",
        )
    for number, folder in enumerate(config.watch):
        if f"watch.{number}.converters" in done.patch and canary.beside in folder.options:
            back += _plan_options(done, canary, number, folder.options)
    # first: without its file a converter that the settings name would be missing
    done.back.insert(0, _words("stationmaster", "instance", "edit", config.name, *back))


def _plan_options(
    done: Promotion, canary: Canary, number: int, options: Mapping[str, dict[str, Any]]
) -> list[str]:
    """Options go with the name, as those of a converter that a folder does not use are refused."""
    old, new = (join_key(("watch", str(number), "options", one)) for one in (canary.beside, canary.converter))
    table = tomlkit.inline_table()
    table.update(options[canary.beside])
    done.patch[old] = None
    back = ["--set", f"{old}={table.as_string()}"]
    if canary.converter in options:
        done.changed.append(f"{old} is removed: {canary.converter} has options of its own.")
        return back
    done.patch[new] = options[canary.beside]
    done.changed.append(f"{new} is what {old} was.")
    return [*back, "--unset", new]


def _users(config: InstanceConfig, canary: Canary) -> Iterator[tuple[str, Any, Any]]:
    """Settings that name the live converter, where the canary saw files: key, old and new value."""
    old, new = canary.beside, canary.converter
    for number, folder in enumerate(config.watch):
        if old in folder.converters and (not canary.sources or folder.path in canary.sources):
            names = dict.fromkeys(new if one == old else one for one in folder.converters)
            yield f"watch.{number}.converters", list(folder.converters), list(names)
    for number, source in enumerate(config.fetch):
        if source.convert_with == old and (not canary.sources or source.name in canary.sources):
            yield f"fetch.{number}.convert_with", old, new


def _shown(value: str | list[str]) -> str:
    return value if isinstance(value, str) else ",".join(value)


def _removal(place: Path) -> str:
    return f'del "{place}"' if sys.platform == "win32" else _words("rm", str(place))


def _words(*words: str) -> str:
    if sys.platform == "win32":
        return " ".join(f'"{word}"' if " " in word else word for word in words)
    return shlex.join(words)
