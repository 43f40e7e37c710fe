"""Convert files with the converter of now and with another one, and compare; nothing is stored or sent."""

from __future__ import annotations

import asyncio
import fnmatch
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import msgspec

from stationmaster.archive.look import holding, locate
from stationmaster.archive.place import DAY, roots
from stationmaster.clock import Clock
from stationmaster.config.schema import InstanceConfig
from stationmaster.control.command_answer import Replayed, ValueChange
from stationmaster.convert.built_in import KINDS
from stationmaster.convert.canary_child import MOST_COUNTED, ROOM
from stationmaster.convert.compare import compare
from stationmaster.convert.dry_run import DryRun, dry_pool, list_converters
from stationmaster.convert.job import ConverterInfo, Failed
from stationmaster.errors import ConfigError
from stationmaster.home.paths import Home
from stationmaster.runtime.trial import dry_run_for
from stationmaster.sentence import joined

_REPORTS, _BYTES = 10_000, 64 << 20
"""Of so many reports of a file values are compared; beyond that their number alone."""


@dataclass(frozen=True, slots=True)
class Version:
    """One converter, with the folder that it comes from; None: it is built in or installed."""

    info: ConverterInfo
    folder: Path | None


@dataclass(frozen=True, slots=True)
class Replay:
    """What is compared, for which instance."""

    config: InstanceConfig
    present: Version
    other: Version

    async def run(self, files: Iterable[Path]) -> AsyncIterator[Replayed]:
        """Each file as it is done. Both converters keep their worker for all of them."""
        clock, limits = Clock(), self.config.convert
        async with (
            dry_pool(self.present.folder, limits, clock) as old,
            dry_pool(self.other.folder, limits, clock) as new,
        ):
            for file in files:
                runs = [
                    await dry_run_for(
                        self.config,
                        side.folder,
                        file,
                        converters=(side.info.name,),
                        most=_REPORTS,
                        most_bytes=_BYTES,
                        clock=clock,
                        pool=pool,
                    )
                    for side, pool in ((self.present, old), (self.other, new))
                ]
                yield _compared(file, *runs)


async def replay_of(config: InstanceConfig, folder: Path, candidate: str, present: str = "") -> Replay:
    """What is to be compared.

    Args:
        config: of the instance.
        folder: with its own converters.
        candidate: the other version: a module or a mapping, or the name of one that is built in, installed
            or the instance's own.
        present: name of the converter of now; "" for the name of the other one.

    Raises:
        ConfigError: one of the two cannot be loaded, or they are the same.
    """
    other = await _other(candidate, folder)
    present = present or other.info.name
    infos, _ = await list_converters(folder)
    mine = next((one for one in infos if one.name == present), None)
    if mine is None:
        raise ConfigError(
            f"The station has no converter {present} to compare with.",
            next_step="Give the file the name of the converter that it is to replace, or say --present NAME.",
        )
    if mine.target == other.info.target and mine.name == other.info.name:
        raise ConfigError(
            f"{present} is the converter of now: there is nothing to compare.",
            next_step="Give the file of another version, or name another converter.",
        )
    return Replay(config, Version(mine, folder), other)


async def _other(candidate: str, folder: Path) -> Version:
    path = await asyncio.to_thread(_file, candidate)
    if path is not None:
        return Version(await _loaded(path), path.parent)
    for place in (None, folder):  # an own one of the same name would hide the one that is built in
        infos, _ = await list_converters(place)
        for info in infos:
            if info.name == candidate:
                return Version(info, place)
    raise ConfigError(
        f"{candidate} is neither a file nor the name of a converter.",
        next_step="See which converters there are: stationmaster converter list",
    )


def _file(candidate: str) -> Path | None:
    path = Path(candidate).absolute()
    return path if path.is_file() else None


async def _loaded(file: Path) -> ConverterInfo:
    if file.suffix not in KINDS:
        raise ConfigError(f"{file.name} is neither a Python module nor a mapping.")
    infos, failures = await list_converters(file.parent)
    mine = [info for info in infos if info.target.rpartition(":")[0] == str(file)]
    if len(mine) != 1:
        why = [one.text for one in failures if one.subject == file.name][:1]
        raise ConfigError(joined(f"{file} holds {len(mine)} converters that can be loaded.", *why))
    return mine[0]


# -------------------------------------------------------------------- the files
def files_of(
    wanted: Iterable[str],
    home: Home,
    config: InstanceConfig,
    instance: str,
    *,
    pattern: str,
    unpack: bool = True,
) -> Generator[Path, None, None]:
    """The files that are meant. Close it: one of the archive is there until the next one is asked for.

    Args:
        wanted: days of the archive, zips of it, folders, or files.
        pattern: which of an archive's or a folder's, by their names.
        unpack: put each of the archive into a folder of its own, with its name and time; else tell its name.

    Raises:
        StationmasterError: there is nothing of that name, a zip is damaged, or there is no room to unpack.
        OSError: one cannot be read.
    """
    for one in wanted:
        path = Path(one)
        if path.is_dir() and not DAY.fullmatch(one):
            for file in sorted(path.iterdir()):
                fits = fnmatch.fnmatchcase(file.name, pattern) and not file.name.startswith(".")
                if fits and file.is_file():
                    yield file
        elif path.is_file() and path.suffix.lower() != ".zip":
            yield path
        else:
            yield from _archived(
                locate(one, roots(home.archive(instance), config.watch)), pattern, unpack=unpack
            )


def _archived(places: list[tuple[Path | None, Path | None]], pattern: str, *, unpack: bool) -> Iterator[Path]:
    for folder, pack in places:
        with holding(folder, pack) as held:
            for file in held.files(pattern):
                name = Path(file.name).name
                if not unpack:
                    yield Path(name)
                    continue
                with tempfile.TemporaryDirectory(prefix="stationmaster-replay-") as place:
                    if shutil.disk_usage(place).free < ROOM + file.size:
                        raise ConfigError(
                            f"There is too little room for {name} in {Path(place).parent}.",
                            next_step="Make room there, or name another folder in TMPDIR.",
                        )
                    target = Path(place, name)
                    with target.open("xb") as written:
                        for piece in held.pieces(file):
                            written.write(piece)
                    os.utime(target, ns=(file.mtime_ns, file.mtime_ns))
                    yield target


# -------------------------------------------------------------------- the comparison
def _compared(file: Path, old: DryRun, new: DryRun) -> Replayed:
    found: list[ValueChange] = []
    if old.trouble is None and new.trouble is None:
        made = [[msgspec.json.decode(one.payload) for one in side.reports] for side in (old, new)]
        cut = any(len(side.reports) < side.count for side in (old, new))
        least = min(map(len, made)) if cut else None
        found = list(islice(compare(*(reports[:least] for reports in made)), MOST_COUNTED))
        if cut and old.count != new.count:
            found.append(ValueChange("reports", str(old.count), str(new.count)))
    return Replayed(
        name=file.name,
        old=_why(old, file),
        new=_why(new, file),
        differences=tuple(found),
        count=len(found),
    )


def _why(outcome: DryRun, file: Path) -> str:
    """Why there is no report, and where in the file, without the folder that nobody needs to know."""
    place = outcome.trouble.place if isinstance(outcome.trouble, Failed) else ""
    text = f"{place}: {outcome.why}" if place and place not in outcome.why else outcome.why
    return text.replace(f"{file.parent}{os.sep}", "")
