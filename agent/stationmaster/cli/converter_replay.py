"""`stationmaster converter replay`: convert files again with another version of a converter, and compare."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from stationmaster.archive.look import holding, locate
from stationmaster.archive.place import roots
from stationmaster.cli.agent import Json
from stationmaster.cli.exit import Exit
from stationmaster.cli.output import print_json, say
from stationmaster.cli.progress import Bar, progress
from stationmaster.cli.session import fail, home, run, use_files
from stationmaster.config.schema import InstanceConfig
from stationmaster.config.store import ConfigStore
from stationmaster.convert.built_in import KINDS
from stationmaster.convert.compare import Difference, compare
from stationmaster.convert.dry_run import DryRun, list_converters
from stationmaster.convert.job import ConverterInfo
from stationmaster.errors import ConfigError, StationmasterError
from stationmaster.runtime.trial import dry_run_for
from stationmaster.sentence import joined

_SHOWN = 8
"""Differences of one file that are shown; `--json` has all."""
_REPORTS = 10_000


@dataclass(slots=True)
class Replayed:
    """What became of one file.

    Attributes:
        name: of the file.
        old: why the present converter makes nothing of it, "" where it does.
        new: the same of the other one.
        differences: of the reports, where both made some.
    """

    name: str
    old: str = ""
    new: str = ""
    differences: list[Difference] = field(default_factory=list)

    @property
    def alike(self) -> bool:
        """Both make the same of it, or nothing."""
        return not self.differences and self.old == self.new


def replay(
    candidate: Annotated[
        Path, typer.Argument(metavar="CONVERTER", help="The other version: a .py or .toml file.", exists=True)
    ],
    wanted: Annotated[
        list[str], typer.Argument(metavar="DAY|ZIP|FILE...", help="Days of the archive, zips, or files.")
    ],
    *,
    instance: Annotated[str, typer.Option("--instance", "-i", help="Whose converter, options and archive.")],
    name: Annotated[str, typer.Option("--name", help="Only archived files that fit this pattern.")] = "*",
    limit: Annotated[int, typer.Option(min=1, help="So many files at most.")] = 200,
    json: Json = False,
) -> None:
    """Convert files with the present converter and with another version of it, and show what differs.

    Nothing is stored, sent or changed. Ends with 1 where something differs.
    """
    try:
        use_files()
        config = ConfigStore(home()).load(instance)
        info = _loaded(candidate.absolute())
        _known(info, instance)
        with (
            tempfile.TemporaryDirectory(prefix="stationmaster-replay-") as place,
            progress("Replaying") as bar,
        ):
            files = list(_files(wanted, config, instance, name, Path(place), limit))
            found = run(_replayed(files, config, instance, info, candidate.absolute().parent, bar))
    except StationmasterError as error:
        fail(error)
    except OSError as error:
        fail(ConfigError(f"{error.filename}: {error.strerror}.", next_step="Check the path and its rights."))
    if not found:
        fail(ConfigError("There is no such file.", next_step="What there is: stationmaster archive list"))
    if json:
        print_json("replay", {"converter": info.name, "version": info.version, "files": found})
    else:
        _show(info, found)
    if not all(one.alike for one in found):
        raise typer.Exit(Exit.ERROR)


def _loaded(file: Path) -> ConverterInfo:
    if file.suffix not in KINDS:
        raise ConfigError(f"{file.name} is neither a Python module nor a mapping.")
    infos, failures = run(list_converters(file.parent))
    mine = [info for info in infos if info.target.rpartition(":")[0] == str(file)]
    if len(mine) != 1:
        why = [one.text for one in failures if one.subject == file.name][:1]
        raise ConfigError(joined(f"{file} holds {len(mine)} converters that can be loaded.", *why))
    return mine[0]


def _known(info: ConverterInfo, instance: str) -> None:
    """The instance has a converter of that name, to compare with.

    Raises:
        ConfigError: it has none.
    """
    infos, _ = run(list_converters(home().converters(instance)))
    if info.name not in {one.name for one in infos}:
        raise ConfigError(
            f"The station {instance} has no converter {info.name} to compare with.",
            next_step="Give the file the name of the converter that it is to replace.",
        )


def _files(
    wanted: list[str], config: InstanceConfig, instance: str, pattern: str, place: Path, limit: int
) -> Iterator[Path]:
    """The files that are meant; those of the archive are put into `place`, with their names and times."""
    count = 0
    for one in wanted:
        with _held(one, config, instance, pattern, place) as files:
            for file in files:
                yield file
                count += 1
                if count == limit:
                    return


@contextmanager
def _held(
    wanted: str, config: InstanceConfig, instance: str, pattern: str, place: Path
) -> Iterator[Iterator[Path]]:
    path = Path(wanted)
    if path.is_file() and path.suffix.lower() != ".zip":
        yield iter([path.absolute()])
        return
    yield _archived(locate(wanted, roots(home().archive(instance), config.watch)), pattern, place)


def _archived(places: list[tuple[Path | None, Path | None]], pattern: str, place: Path) -> Iterator[Path]:
    for folder, pack in places:
        with holding(folder, pack) as held:
            for number, file in enumerate(held.files(pattern)):
                into = place / f"{number}-{os.urandom(4).hex()}"
                into.mkdir()
                target = into / Path(file.name).name
                with target.open("xb") as written:
                    for piece in held.pieces(file):
                        written.write(piece)
                os.utime(target, ns=(file.mtime_ns, file.mtime_ns))
                yield target


async def _replayed(
    files: list[Path],
    config: InstanceConfig,
    instance: str,
    info: ConverterInfo,
    folder: Path,
    bar: Bar,
) -> list[Replayed]:
    found = []
    for number, file in enumerate(files, 1):
        runs = [
            await dry_run_for(config, where, file, converters=(info.name,), most=_REPORTS)
            for where in (home().converters(instance), folder)
        ]
        found.append(_compared(file.name, *runs))
        bar.update(number, len(files))
    return found


def _compared(name: str, old: DryRun, new: DryRun) -> Replayed:
    differences: list[Difference] = []
    if old.trouble is None and new.trouble is None:
        made = ([msgspec.json.decode(one.payload) for one in side.reports] for side in (old, new))
        differences = list(compare(*made))
    return Replayed(name, old.why, new.why, differences)


def _show(info: ConverterInfo, found: list[Replayed]) -> None:
    for one in found:
        if one.alike:
            continue
        if one.differences:
            say(f"≠ {one.name}: {len(one.differences)} value{'' if len(one.differences) == 1 else 's'}")
            for value in one.differences[:_SHOWN]:
                say(f"    {value.path}: {value.old} → {value.new}")
            if len(one.differences) > _SHOWN:
                say(f"    ... and {len(one.differences) - _SHOWN} more (--json has all).")
        elif one.new and one.old:
            say(f"≠ {one.name}: neither reads it, and they say different things.")
            say(f"    present: {one.old}")
            say(f"    other: {one.new}")
        elif one.new:
            say(f"✗ {one.name}: only the present one reads it. {one.new}")
        else:
            say(f"+ {one.name}: only the other one reads it. {one.old}")
    alike = sum(one.alike for one in found)
    files = f"{len(found)} file{'' if len(found) == 1 else 's'}"
    say(f"{info.name} version {info.version}: {files}, {alike} alike, {len(found) - alike} not.")
