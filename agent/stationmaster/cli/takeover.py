"""`stationmaster instance import --reports-dir DIR`: take over what another WATS client left behind."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stationmaster.cli.exit import Exit
from stationmaster.cli.output import say, table
from stationmaster.cli.progress import progress
from stationmaster.cli.session import fail, home, run
from stationmaster.errors import StationmasterError

if TYPE_CHECKING:
    from stationmaster.runtime.takeover import Leftover, Taken

ReportsDir = Annotated[
    Path | None,
    typer.Option(help="The other client's folder of reports.", exists=True, file_okay=False),
]
Instance = Annotated[
    str, typer.Option("--instance", "-i", help="Which instance; not needed where there is one.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be taken over.")]
Force = Annotated[bool, typer.Option("--force", help="Also where the other client may be running.")]

_SAID = {
    "new": "stored",
    "revised": "stored as a later revision",
    "same": "known already",
    "left": "left for the agent to take",
}


def take_over(folder: Path, instance: str, *, dry_run: bool, force: bool) -> None:
    """Take over all leftovers of a folder; ends with 1 where some stay."""
    from stationmaster.runtime.takeover import leftovers, running_still  # noqa: PLC0415 - rarely asked for

    try:
        found = leftovers(folder)
    except StationmasterError as error:
        fail(error)
    if not found:
        say(f"There is nothing to take over in {folder}.")
        return
    why = running_still(folder, found, datetime.now(UTC))
    if dry_run:
        _foretell(run(_foresee(found, instance)), why, force=force)
        return
    if why and not force:
        fail(
            StationmasterError(
                f"The other client may be running still: {why}",
                next_step="Stop it first, wait a minute, then do this again. Or say --force.",
            )
        )
    _tell(run(_take(found, instance)))


async def _take(found: list[Leftover], instance: str) -> list[Taken]:
    from stationmaster.runtime.desk import desk  # noqa: PLC0415 - as above
    from stationmaster.runtime.takeover import take  # noqa: PLC0415 - as above

    done: list[Taken] = []
    async with desk(home(), instance) as target:
        with progress("Taking over") as bar:
            for leftover in found:
                done.append(await take(target, leftover))
                bar.update(len(done), len(found))
    return done


async def _foresee(found: list[Leftover], instance: str) -> list[Taken]:
    from stationmaster.config.station import station_of  # noqa: PLC0415 - as above
    from stationmaster.config.store import ConfigStore  # noqa: PLC0415 - as above
    from stationmaster.runtime.desk import desk  # noqa: PLC0415 - as above
    from stationmaster.runtime.takeover import foresee  # noqa: PLC0415 - as above

    done: list[Taken] = []
    async with desk(home(), instance) as target:
        station = station_of(ConfigStore(home()).load(target.name).station)
        with progress("Checking") as bar:
            for leftover in found:
                done.append(await foresee(target, leftover, station))
                bar.update(len(done), len(found))
    return done


def _foretell(done: list[Taken], why: str, *, force: bool) -> None:
    """Tell what the import would do; ends with 1 where it would end so."""
    rows = [(one.was.value, one.outcome or "refused", Path(one.path).name) for one in done]
    table("", ("Was", "Would be", "File"), rows)
    stay = [one for one in done if one.trouble]
    for one in stay:
        say(f"Would be left in place: {one.path}: {one.trouble}")
    taken = len(done) - len(stay)
    say(f"{taken} would be taken over, {len(stay)} would stay. Nothing is changed: this was a dry run.")
    if why:
        say(f"The other client may be running still: {why} Stop it before the import.")
    if stay or (why and not force):
        raise typer.Exit(Exit.ERROR)


def _tell(done: list[Taken]) -> None:
    tally = Counter((one.was, one.outcome) for one in done if not one.trouble)
    for (was, outcome), count in sorted(tally.items()):
        say(f"{count} {was.value}: {_SAID[outcome]}.")
    stay = [one for one in done if one.trouble]
    for one in stay:
        say(f"Left in place: {one.path}: {one.trouble}")
    if stay:
        raise typer.Exit(Exit.ERROR)
