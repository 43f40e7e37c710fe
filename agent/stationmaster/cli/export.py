"""`stationmaster queue export` and `queue import`: entries and reports out of a spool, and in again."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from stationmaster.cli.exit import Exit
from stationmaster.cli.moment import past_of
from stationmaster.cli.output import say
from stationmaster.cli.progress import Bar, progress
from stationmaster.cli.session import fail, home, run
from stationmaster.errors import ConfigError, StationmasterError
from stationmaster.model import EntryState

if TYPE_CHECKING:
    from stationmaster.archive.taking_out import Choice, Form, Tally

_BY_ENDING = {".csv": "csv", ".zip": "wsjf-zip", ".json": "json", ".jsonl": "json", ".ndjson": "json"}
_FORMS = ("json", "csv", "wsjf", "wsjf-zip")
_SAID = {
    "new": "stored",
    "revised": "stored as a later revision",
    "same": "known already",
    "left": "left for the agent to take",
}

Instance = Annotated[
    str, typer.Option("--instance", "-i", help="Which instance; not needed where there is one.")
]


def export(
    target: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE|FOLDER]", help="Where to write; lists go to stdout without."),
    ] = None,
    *,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The same, as an option.")] = None,
    form: Annotated[
        str, typer.Option("--format", help="json, csv, wsjf or wsjf-zip; by the file's ending without.")
    ] = "",
    state: Annotated[
        list[EntryState] | None, typer.Option(help="Which entries; may be repeated. By default: error.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Entries in every state.")] = False,
    since: Annotated[str, typer.Option(help="Only entries that were taken then or later.")] = "",
    text: Annotated[
        str | None, typer.Option("--search", help="In serial and part number, file and reason.")
    ] = None,
    instance: Instance = "",
) -> None:
    """Write entries as a list, or their reports as WSJF files or as a verified zip."""
    from stationmaster.archive.taking_out import Choice, Form  # noqa: PLC0415 - rarely asked for

    place = output or target
    try:
        chosen_form = Form(_form(form, place))
        states = frozenset() if everything else frozenset(state or [EntryState.ERROR])
        choice = Choice(states=states, text=text, since=past_of(since) if since else None)
    except StationmasterError as error:
        fail(error)
    tally = run(_export(choice, chosen_form, place, instance))
    _tell(tally, chosen_form, place)


def _form(named: str, place: Path | None) -> str:
    if named and named not in _FORMS:
        raise ConfigError(f'"{named}" is no format.', next_step=f"There are: {', '.join(_FORMS)}")
    form = named or (_BY_ENDING.get(place.suffix.lower(), "wsjf") if place is not None else "json")
    if place is None and form.startswith("wsjf"):
        raise ConfigError(
            "Reports need a place to be written to.", next_step="Name it: stationmaster queue export PLACE"
        )
    return form


async def _export(choice: Choice, form: Form, place: Path | None, instance: str) -> Tally:
    from stationmaster.archive.taking_out import (  # noqa: PLC0415 - rarely asked for
        Form,
        Tally,
        chosen,
        whole_file,
        write_files,
        write_list,
        write_packs,
    )
    from stationmaster.runtime.desk import desk  # noqa: PLC0415 - as above

    tally = Tally()
    try:
        async with desk(home(), instance) as shelf:
            total = await shelf.total()
            with progress("Exporting") as bar:
                step = _stepper(bar, total)
                entries = chosen(shelf, choice)
                if place is None:
                    await write_list(entries, form, _stdout(), tally, step=step)
                elif form is Form.WSJF:
                    _make(place)
                    await write_files(entries, shelf, place, tally, step=step)
                elif form is Form.WSJF_ZIP:
                    await write_packs(entries, shelf, place, tally, step=step)
                else:
                    with whole_file(place) as sink:
                        await write_list(entries, form, sink, tally, step=step)
    except OSError as error:
        raise StationmasterError(
            f"{error.filename or place} cannot be written: {error.strerror}.",
            next_step="Make room, or name another place; what is written already is written anew.",
        ) from error
    return tally


def _stepper(bar: Bar, total: int) -> Callable[[int], None]:
    def step(seen: int) -> None:
        bar.update(seen, max(seen, total))

    return step


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)


def _stdout() -> BinaryIO:
    return sys.stdout.buffer


def _tell(tally: Tally, form: Form, place: Path | None) -> None:
    if place is None:
        return
    what, where = ("report", "in") if form.startswith("wsjf") else ("entry", "in")
    plural = {"report": "reports", "entry": "entries"}[what]
    places = ", ".join(map(str, tally.places)) or str(place)
    verb = f"{what} is" if tally.written == 1 else f"{plural} are"
    say(f"{tally.written} {verb} {where} {places}.")
    if tally.gone:
        say(
            f"{tally.gone} more were delivered so long ago that only their history is kept"
            " (settings: retention)."
        )
    if tally.superseded:
        say(f"{tally.superseded} more are left out: a later revision took their place.")


def import_reports(
    files: Annotated[list[Path], typer.Argument(help="Zips of `queue export`.", exists=True, dir_okay=False)],
    *,
    instance: Instance = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what is in them.")] = False,
) -> None:
    """Submit the reports of exported zips, here or on another machine, under their own ids."""
    tally = run(_import(files, instance, dry_run=dry_run))
    tell_outcomes(tally, dry_run=dry_run)


async def _import(files: list[Path], instance: str, *, dry_run: bool) -> Counter[str]:
    from stationmaster.archive.manifest import Kind, PackError  # noqa: PLC0415 - rarely asked for
    from stationmaster.runtime.desk import desk  # noqa: PLC0415 - as above
    from stationmaster.runtime.resubmit import Resubmit  # noqa: PLC0415 - as above

    tally: Counter[str] = Counter()
    async with desk(home(), instance) as target:
        with progress("Importing") as bar:
            for path in files:
                work = Resubmit(target, dry_run=dry_run, step=bar.update, say=say)
                if work.kind_of(path) is not Kind.REPORTS:
                    raise PackError(
                        f"{path} holds raw files, not reports.",
                        next_step=f"Convert them again: stationmaster archive resubmit {path}",
                    )
                tally += await work.run(None, path)
    return tally


def tell_outcomes(tally: Counter[str], *, dry_run: bool) -> None:
    """Say what became of what was handed over; ends with 1 where something was refused."""
    from stationmaster.runtime.resubmit import REFUSED  # noqa: PLC0415 - rarely asked for

    total = sum(tally.values())
    if dry_run:
        say(f"{total} would be submitted.")
        return
    if not total:
        say("There is nothing to submit.")
    for outcome, count in sorted(tally.items()):
        if outcome != REFUSED:
            say(f"{count} {_SAID.get(outcome, outcome)}.")
    if tally[REFUSED]:
        say(f"{tally[REFUSED]} refused; see above.")
        raise typer.Exit(Exit.ERROR)
