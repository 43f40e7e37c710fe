"""`stationmaster archive ...`: the days of archived source files, packed and not."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stationmaster.archive.look import FILLED_BY, Archived, Holding, days, holding, locate
from stationmaster.archive.place import DAY, INSIDE, roots, where_now
from stationmaster.cli.agent import Json
from stationmaster.cli.exit import Exit
from stationmaster.cli.export import Instance, tell_outcomes
from stationmaster.cli.output import print_json, say, table
from stationmaster.cli.progress import progress
from stationmaster.cli.session import home, run
from stationmaster.config.schema import After
from stationmaster.config.store import ConfigStore
from stationmaster.errors import ConfigError, StationmasterError

if TYPE_CHECKING:
    from stationmaster.archive.manifest import Manifest
    from stationmaster.config.schema import InstanceConfig

app = typer.Typer(help="The archive of source files: its days, packed and not.", no_args_is_help=True)

Wanted = Annotated[str, typer.Argument(metavar="DAY|ZIP", help="A day as 2026-11-27, or the path of a zip.")]
Pattern = Annotated[str, typer.Option("--name", help="Only files whose name fits this pattern.")]


@app.command("list")
def list_days(*, instance: Instance = "", json: Json = False) -> None:
    """List the days, with how many files are packed and how many lie loose."""
    with _trouble():
        name, config = _chosen(instance)
        found = [day for root in _roots(name, config) for day in days(root)]
    if json:
        print_json("archive", found)
        return
    rows = [
        (
            day.day,
            str(day.files),
            _size(day.size),
            _size(day.packed_size),
            str(day.loose),
            _size(day.loose_size),
            day.root,
        )
        for day in found
    ]
    if not rows:
        say(f"Nothing is archived yet. {FILLED_BY}")
        return
    table("", ("Day", "Packed", "Size", "Zip", "Loose", "Size", "In"), rows)


@app.command()
def show(wanted: Wanted, *, name: Pattern = "*", instance: Instance = "", json: Json = False) -> None:
    """List the files of a day, or of a zip."""
    with _trouble():
        found = [file for held in _held(wanted, instance) for file in held.files(name)]
    if json:
        print_json(
            "files", [{**_plain(one), "about": one.member.about if one.member else {}} for one in found]
        )
        return
    table("", ("Name", "Bytes", "Place"), [(one.name, str(one.size), one.place) for one in found])


@app.command()
def verify(
    wanted: Annotated[
        list[str] | None,
        typer.Argument(metavar="[DAY|ZIP]...", help="Which; all zips of the archive without."),
    ] = None,
    *,
    instance: Instance = "",
) -> None:
    """Read every file of zips, and compare it with the manifest. Ends with 1 where one is damaged."""
    bad = 0
    with _trouble():
        packs = list(_packs(wanted, instance))
    for pack in packs:
        try:
            found = _read_back(pack)
        except StationmasterError as error:
            bad += 1
            say(f"Error: {error.text}")
        except OSError as error:
            bad += 1
            say(f"Error: {pack} cannot be read: {error.strerror}.")
        else:
            say(f"{pack}: {len(found.members)} files are as the manifest says.")
    if bad:
        raise typer.Exit(Exit.ERROR)
    if not packs:
        say("There is no zip yet.")


@app.command()
def extract(
    wanted: Annotated[
        str, typer.Argument(metavar="[DAY|ZIP]", help="A day, or the path of a zip; not with --serial.")
    ] = "",
    *,
    name: Pattern = "*",
    serial: Annotated[str, typer.Option(help="The files that a unit's reports came from.")] = "",
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to put them into.")] = Path(),
    instance: Instance = "",
) -> None:
    """Get files out of the archive, with their own names and times. Nothing is overwritten."""
    with _trouble():
        if bool(wanted) == bool(serial):
            raise ConfigError(
                "It is not clear which files are meant.", next_step="Name a day or a zip, or --serial NUMBER."
            )
        output.mkdir(parents=True, exist_ok=True)
        count = _of_unit(serial, instance, output) if serial else _of_day(wanted, name, instance, output)
    say(f"{count} file{' is' if count == 1 else 's are'} in {output}.")
    if not count:
        where = f"Where its files lie: stationmaster queue find {serial}"
        say(where if serial else "What there is: stationmaster archive list")
        raise typer.Exit(Exit.ERROR)


@app.command()
def resubmit(
    wanted: Wanted,
    *,
    name: Pattern = "*",
    converter: Annotated[str, typer.Option(help="Who reads the files; not needed where there is one.")] = "",
    instance: Instance = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many there are.")] = False,
) -> None:
    """Convert and submit archived files again. What is known already changes nothing."""
    with _trouble():
        chosen, config = _chosen(instance)
        places = locate(wanted, _roots(chosen, config))
        reader = converter or _only_converter(config)
    tell_outcomes(run(_resubmit(places, chosen, reader, name, dry_run=dry_run)), dry_run=dry_run)


async def _resubmit(
    places: list[tuple[Path | None, Path | None]],
    instance: str,
    converter: str,
    pattern: str,
    *,
    dry_run: bool,
) -> Counter[str]:
    from stationmaster.runtime.desk import desk  # noqa: PLC0415 - rarely asked for
    from stationmaster.runtime.resubmit import Resubmit  # noqa: PLC0415 - as above

    tally: Counter[str] = Counter()
    async with desk(home(), instance) as target:
        with progress("Submitting") as bar:
            work = Resubmit(
                target, converter=converter, pattern=pattern, dry_run=dry_run, step=bar.update, say=say
            )
            for folder, pack in places:
                tally += await work.run(folder, pack)
    return tally


# ---------------------------------------------------------------- what is meant
def _chosen(wanted: str) -> tuple[str, InstanceConfig]:
    store, names = ConfigStore(home()), home().names()
    if not wanted and len(names) != 1:
        raise ConfigError("Which instance?", next_step=f"Add --instance with one of: {', '.join(names)}")
    name = wanted or names[0]
    return name, store.load(name)


def _roots(name: str, config: InstanceConfig) -> tuple[Path, ...]:
    return roots(home().archive(name), config.watch)


def _only_converter(config: InstanceConfig) -> str:
    """The converter of the folders that archive their files, where there is one; else ""."""
    found = {one for folder in config.watch if folder.after is After.ARCHIVE for one in folder.converters}
    return found.pop() if len(found) == 1 else ""


def _held(wanted: str, instance: str) -> Iterator[Holding]:
    for folder, pack in _located(wanted, instance):
        with holding(folder, pack) as held:
            yield held


def _located(wanted: str, instance: str) -> list[tuple[Path | None, Path | None]]:
    if Path(wanted).is_file():  # a zip of anywhere needs no instance
        return locate(wanted, ())
    return locate(wanted, _roots(*_chosen(instance)))


def _packs(wanted: list[str] | None, instance: str) -> Iterator[Path]:
    if wanted:
        for one in wanted:
            yield from (pack for _, pack in _located(one, instance) if pack is not None)
        return
    for root in _roots(*_chosen(instance)):
        yield from (Path(day.pack) for day in days(root) if day.pack)


def _read_back(pack: Path) -> Manifest:
    from stationmaster.archive.writing import read_back  # noqa: PLC0415 - rarely asked for

    return read_back(pack)


# ---------------------------------------------------------------- extracting
def _of_day(wanted: str, pattern: str, instance: str, output: Path) -> int:
    count = 0
    for held in _held(wanted, instance):
        for file in held.files(pattern):
            _put(held, file, output)
            count += 1
    return count


def _of_unit(serial: str, instance: str, output: Path) -> int:
    from stationmaster.runtime.desk import desk  # noqa: PLC0415 - rarely asked for

    async def ask() -> set[str]:
        async with desk(home(), instance) as asked:
            return {where_now(one.place) for one in await asked.find(serial) if one.place}

    count = 0
    for place in sorted(run(ask())):
        path, packed, inside = place.partition(INSIDE)
        folder, pack, wanted = (None, Path(path), inside) if packed else _beside(Path(path))
        with holding(folder, pack) as held:
            for file in held.files():
                if wanted in {file.name, file.member.name if file.member else ""}:
                    _put(held, file, output)
                    count += 1
    return count


def _beside(file: Path) -> tuple[Path, Path | None, str]:
    """The folder of a file, the zip of that day, and its name.

    A file that came late may have taken the name of one that is packed: either may be meant.
    """
    pack = file.parent.with_name(f"{file.parent.name}.zip")
    return file.parent, pack if DAY.fullmatch(file.parent.name) and pack.is_file() else None, file.name


def _put(held: Holding, file: Archived, folder: Path) -> None:
    """Write one file under the first free name like its own, with its time."""
    plain = Path(file.name).name or "file"
    target, number = folder / plain, 1
    while target.exists():
        number += 1
        target = folder / f"{Path(plain).stem} ({number}){Path(plain).suffix}"
    with target.open("xb") as sink:
        try:
            for piece in held.pieces(file):
                sink.write(piece)
        except BaseException:
            sink.close()
            target.unlink()  # nobody takes half a file for a whole one
            raise
    with suppress(OverflowError):  # a time that this system does not know
        os.utime(target, ns=(file.mtime_ns, file.mtime_ns))


def _plain(file: Archived) -> dict[str, str | int]:
    return {
        "name": file.name,
        "place": file.place,
        "size": file.size,
        "mtime_ns": file.mtime_ns,
        "sha256": file.sha256,
    }


def _size(count: int) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000  # type: ignore[assignment] # a size in that unit
    return ""


@contextmanager
def _trouble() -> Iterator[None]:
    """Expected trouble, and that of the disk, as a sentence and an exit code."""
    from stationmaster.cli.session import fail  # noqa: PLC0415 - beside its only use

    try:
        yield
    except StationmasterError as error:
        fail(error)
    except OSError as error:
        fail(StationmasterError(f"{error.filename or 'The archive'} cannot be used: {error.strerror}."))
