"""`stationmaster queue ...`: what waits, what failed, what was delivered."""

from __future__ import annotations

import getpass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from stationmaster.cli.activity import activity
from stationmaster.cli.agent import Json
from stationmaster.cli.exit import Exit
from stationmaster.cli.export import export, import_reports
from stationmaster.cli.output import ago, answer, local, marked, print_json, say, table
from stationmaster.cli.session import agent, fail, run
from stationmaster.errors import ConfigError
from stationmaster.model import Entry, EntryState, Event

if TYPE_CHECKING:
    from stationmaster.control.client import ControlClient

app = typer.Typer(help="What waits, what failed, what was delivered.", no_args_is_help=True)

Instance = Annotated[
    str, typer.Option("--instance", "-i", help="Which instance; not needed where there is one.")
]
Ids = Annotated[list[int] | None, typer.Argument(metavar="[ID]...", help="Numbers of entries.")]
All = Annotated[bool, typer.Option("--all", help="Everything in the error list.")]


@app.command("list")
def list_entries(
    *,
    instance: Instance = "",
    state: Annotated[EntryState | None, typer.Option(help="Only this state.")] = None,
    text: Annotated[
        str | None, typer.Option("--search", help="In serial and part number, file and reason.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 50,
    before: Annotated[int | None, typer.Option(help="Only entries older than this number.")] = None,
    json: Json = False,
) -> None:
    """List entries, newest first."""

    async def ask() -> tuple[Entry, ...]:
        async with agent() as client:
            name = await one_instance(client, instance)
            return await client.entries(name, state=state, text=text, limit=limit, before=before)

    _print(run(ask()), json=json)


@app.command()
def find(serial: Annotated[str, typer.Argument(help="Serial number.")], *, json: Json = False) -> None:
    """Where is this unit? From source file to server receipt, in all stations."""

    async def ask() -> tuple[Entry, ...]:
        async with agent() as client:
            return await client.find(serial)

    found = run(ask())
    if json:
        print_json("entries", found)
    else:
        for entry in found:
            _show(entry)
    if not found:
        say(f"Nothing is known of serial number {serial}.")
        say("  → Files that were refused have none: stationmaster queue list --state error")
        raise typer.Exit(Exit.ERROR)


@app.command()
def show(
    number: Annotated[int, typer.Argument(metavar="ID", help="Number of the entry.")],
    *,
    instance: Instance = "",
    payload: Annotated[bool, typer.Option("--payload", help="Print the report itself.")] = False,
    history: Annotated[bool, typer.Option("--history", help="Tell what happened to it.")] = False,
    json: Json = False,
) -> None:
    """Show one entry."""

    async def ask() -> tuple[Entry, bytes, tuple[Event, ...]]:
        async with agent() as client:
            name = await one_instance(client, instance)
            entry = await client.entry(name, number)
            body = await client.payload(name, number) if payload else b""
            return entry, body, await client.history(name, number) if history else ()

    entry, body, events = run(ask())
    if payload:
        answer(body.decode())
    elif history:
        _tell(events, json=json)
    elif json:
        print_json("entry", entry)
    else:
        _show(entry)


@app.command()
def retry(ids: Ids = None, *, everything: All = False, instance: Instance = "") -> None:
    """Put entries of the error list back into the queue."""
    wanted = _wanted(ids, everything=everything)

    async def ask() -> int:
        async with agent() as client:
            return await client.retry(await one_instance(client, instance), wanted, everything=everything)

    _changed(run(ask()), wanted, "queued again")


@app.command()
def dismiss(
    ids: Ids = None,
    *,
    everything: All = False,
    instance: Instance = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take entries off the error list. They will not be delivered; who did it stays on record."""
    wanted = _wanted(ids, everything=everything)
    if not yes:
        typer.confirm("These reports will not be delivered. Dismiss them?", abort=True, err=True)

    async def ask() -> int:
        async with agent() as client:
            name = await one_instance(client, instance)
            return await client.dismiss(name, wanted, by=getpass.getuser(), everything=everything)

    _changed(run(ask()), wanted, "dismissed")


@app.command()
def send(*, instance: Instance = "") -> None:
    """Look at the folders and try everything that waits, now."""

    async def ask() -> None:
        async with agent() as client:
            await client.send_now(await one_instance(client, instance))

    run(ask())
    say("Trying now.")


app.command()(activity)
app.command()(export)
app.command("import")(import_reports)


async def one_instance(client: ControlClient, wanted: str) -> str:
    """The instance that is meant.

    Raises:
        ConfigError: none is named, and there is more than one.
    """
    if wanted:
        return wanted
    names = [one.name for one in (await client.status()).instances]
    if len(names) == 1:
        return names[0]
    if not names:
        raise ConfigError("There is no instance.", next_step="Make one: stationmaster instance add")
    raise ConfigError("Which instance?", next_step=f"Add --instance with one of: {', '.join(names)}")


def _wanted(ids: list[int] | None, *, everything: bool) -> tuple[int, ...]:
    if bool(ids) == everything:
        fail(
            ConfigError(
                "It is not clear which entries are meant.",
                next_step="Name some by number, or say --all; not both.",
            )
        )
    return tuple(ids or ())


def _changed(count: int, wanted: tuple[int, ...], verb: str) -> None:
    """Say how many; numbers of which none is in the error list are an error."""
    say(f"{count} {'entry is' if count == 1 else 'entries are'} {verb}.")
    if count < len(wanted):
        say("The others are not in the error list: stationmaster queue list --state error")
    if wanted and not count:
        raise typer.Exit(Exit.ERROR)


def _print(entries: tuple[Entry, ...], *, json: bool) -> None:
    if json:
        print_json("entries", entries)
        return
    rows = [
        (
            str(entry.id),
            marked(entry.state),
            entry.serial_number,
            entry.part_number,
            entry.result,
            ago(entry.updated_at),
            entry.reason or Path(entry.source).name,
        )
        for entry in entries
    ]
    table("", ("ID", "State", "Serial number", "Part number", "Result", "Updated", "Reason / file"), rows)


def _tell(events: tuple[Event, ...], *, json: bool) -> None:
    if json:
        print_json("history", events)
        return
    rows = [(local(one.at), one.what, one.by, one.detail) for one in events]
    table("", ("Time", "What", "By", "Detail"), rows)


def _server(receipt: str) -> str:
    """What the server answered, in words; `--json` has the receipt itself."""
    try:
        status = msgspec.json.decode(receipt, type=_Receipt).status
    except msgspec.DecodeError:
        return receipt  # of an older version, or none
    return f"had it already, {status}" if status == HTTPStatus.CONFLICT else f"accepted, {status}"


class _Receipt(msgspec.Struct):
    status: int


def _show(entry: Entry) -> None:
    fields = {
        "Entry": f"{entry.id} of {entry.instance}, {marked(entry.state)}"
        + (" (superseded by a later revision)" if entry.superseded else ""),
        "Serial number": entry.serial_number,
        "Part number": entry.part_number,
        "Result": entry.result,
        "Started": entry.start,
        "Report id": f"{entry.report_id} revision {entry.revision}" if entry.report_id else "",
        "Source file": entry.source,
        "Now at": entry.place if entry.place != entry.source else "",
        "Converter": entry.converter,
        "Report size": f"{entry.size} bytes" if entry.size else "",
        "Attempts": str(entry.attempts) if entry.attempts else "",
        "Next attempt": local(entry.not_before),
        "Reason": entry.reason,
        "Server": _server(entry.receipt),
        "Dismissed by": entry.dismissed_by,
        "Taken": local(entry.created_at),
        "Updated": local(entry.updated_at),
    }
    for name, value in fields.items():
        if value:
            answer(f"{name + ':':<15} {value}")
    answer("")
