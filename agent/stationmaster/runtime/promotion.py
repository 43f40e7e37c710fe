"""How a canary takes the place of the live converter: what is to be changed, and how it is taken back."""

from __future__ import annotations

import hashlib
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomlkit

from stationmaster.canary import Canary, Ended
from stationmaster.config.atomic import read_text, replace_text
from stationmaster.config.field import join_key
from stationmaster.config.lock import FileLock
from stationmaster.config.schema import InstanceConfig
from stationmaster.convert.job import ConverterInfo, ImportFailure
from stationmaster.errors import ConfigError
from stationmaster.home.paths import Home, make_private
from stationmaster.runtime.canary_store import CanaryStore

_EDIT = "stationmaster instance edit "


@dataclass(slots=True)
class Promotion:
    """What is to be done; nothing is done yet.

    Attributes:
        patch: of the settings.
        write: the converter's file and its text, None where it is installed, or lies there already.
        aside: files that go aside, and where each is kept.
        changed: what that changes, a sentence each.
        back: the commands that take it back.
    """

    patch: dict[str, Any] = field(default_factory=dict)
    write: tuple[Path, str] | None = None
    aside: list[tuple[Path, Path]] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    back: list[str] = field(default_factory=list)
    _former: list[tuple[Path, str | None]] = field(default_factory=list)

    def lay_down(self, home: Home) -> None:
        """Put the converter's file into its place, former ones aside first. Blocks; may be done again.

        Raises:
            ConfigError: a file cannot be written.
        """
        if self.write is None:
            return
        place, text = self.write
        with FileLock(home.lock, timeout=10.0):
            for file, kept in self.aside:
                if (former := read_text(file)) is not None:
                    make_private(kept.parent)
                    replace_text(kept, former)
            others = [file for file, _ in self.aside if file != place]
            self._former = [(file, read_text(file)) for file in (*others, place)]
            replace_text(place, text)
            for file in others:
                replace_text(file, None)

    def take_up(self, home: Home) -> None:
        """Put the files back as `lay_down` found them; what was kept stays. Blocks.

        Raises:
            ConfigError: a file cannot be written.
        """
        for file, text in self._former:
            with FileLock(home.lock, timeout=10.0):
                replace_text(file, text)

    def all_back(self, before: Canary) -> tuple[str, ...]:
        """The commands that take it back, with those of a promotion that was begun and not ended."""
        if before.ended is Ended.PROMOTED:
            return tuple(self.back) or before.back
        begun = (one for one in before.back if not (self.patch and one.startswith(_EDIT)))
        return tuple(dict.fromkeys((*self.back, *begun)))


def plan(
    home: Home,
    config: InstanceConfig,
    canary: Canary,
    infos: Mapping[str, ConverterInfo],
    failures: Iterable[ImportFailure] = (),
) -> Promotion:
    """What a promotion changes; of one that was begun and not ended, what is left. Blocks.

    Args:
        infos: the converters that the instance knows now, by name.
        failures: what it does not use, and why.

    Raises:
        ConfigError: it cannot be done so.
    """
    done = Promotion()
    if canary.file:
        _plan_file(done, home, config.name, canary, infos, failures)
    if canary.converter != canary.beside:
        _plan_settings(done, config, canary)
    begun = bool(canary.back) and canary.ended is not Ended.PROMOTED
    if not begun and not done.patch and done.write is None:
        raise ConfigError(f"{canary.converter} is the live converter already: there is nothing to change.")
    return done


def _plan_file(
    done: Promotion,
    home: Home,
    name: str,
    canary: Canary,
    infos: Mapping[str, ConverterInfo],
    failures: Iterable[ImportFailure],
) -> None:
    source = CanaryStore(home, name).code / canary.file
    text = read_text(source) or ""
    if not canary.code.endswith(_digest(text)):
        raise ConfigError(f"{source} is not what was compared.", next_step="Start the canary anew.")
    folder = home.converters(name)
    ignored = {folder / one.subject for one in failures if canary.converter in one.names}
    holders = sorted(one for one in ignored if one.is_file())
    live = infos.get(canary.converter)
    if live is not None and live.origin == "file":
        file = Path(live.target.rpartition(":")[0])
        holders = [file, *(one for one in holders if one != file)]
    # whatever the new file is called: two files with one converter would be a fault
    place = next((one for one in holders if one.suffix == source.suffix), folder / canary.file)
    there = read_text(place)
    gone = [one for one in holders if one != place or there != text]
    if there == text and not gone:
        return
    if there not in {None, text} and place not in holders:
        raise ConfigError(f"{place} is there already.", next_step="Give the new file another name.")
    done.write = (place, text)
    done.changed.append(f"{place} holds {canary.converter} version {canary.version}.")
    for file in gone:
        _alone(file, infos, canary.converter)
        kept = home.replaced(name) / _digest(read_text(file) or "") / file.name
        done.aside.append((file, kept))
        done.changed.append(f"The former {file.name} is kept as {kept}.")
        done.back.append(
            _words("stationmaster", "converter", "install", str(kept), "--instance", name, "--replace")
        )
    if place not in gone:
        done.back.append(_removal(place))  # last: there is one of that name at any time


def _digest(text: str) -> str:
    """As `ConverterInfo.code` has it."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


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
        uses = [name for folder in config.watch for name in folder.converters]
        if canary.converter in {*uses, *(source.convert_with for source in config.fetch)}:
            return
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
