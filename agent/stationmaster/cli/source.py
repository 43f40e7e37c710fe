"""`stationmaster source ...`: sources that are fetched on a timetable."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from stationmaster.cli.agent import Json, show_sources
from stationmaster.cli.output import print_json, say
from stationmaster.cli.session import agent, run
from stationmaster.errors import ConfigError
from stationmaster.model import AgentStatus

app = typer.Typer(help="Sources that are fetched on a timetable.", no_args_is_help=True)


@app.command("list")
def list_all(*, json: Json = False) -> None:
    """List the scheduled sources of all stations: last run, next run, what was fetched, what is wrong."""
    snapshot = run(_status())
    if json:
        print_json("sources", [{"instance": one.name, "sources": one.fetches} for one in snapshot.instances])
        return
    if not any(one.fetches for one in snapshot.instances):
        say("There is no scheduled source. See docs/how-to/other-sources.md.")
    show_sources(snapshot, datetime.now(UTC))


async def _status() -> AgentStatus:
    async with agent() as client:
        return await client.status()


@app.command("run")
def run_now(
    name: Annotated[str, typer.Argument(help="The source.")],
    *,
    instance: Annotated[
        str, typer.Option("--instance", "-i", help="Which instance; not needed where one has this source.")
    ] = "",
) -> None:
    """Fetch a scheduled source at once, whatever its timetable says."""
    owner = run(_run(name, instance))
    say(f"Source {name} of {owner} is being fetched. See how it went: stationmaster source list")


async def _run(name: str, instance: str) -> str:
    async with agent() as client:
        if not instance:
            found = [
                one.name
                for one in (await client.status()).instances
                if name in {source.name for source in one.fetches}
            ]
            if len(found) != 1:
                raise ConfigError(
                    f'{"Several instances have" if found else "No instance has"} a source "{name}".',
                    next_step=f"Name one: {', '.join(found)}" if found else "See: stationmaster source list",
                )
            instance = found[0]
        await client.fetch_now(instance, name)
        return instance
