"""`stationmaster provision FILE`: settings of the agent and of all instances, from one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stationmaster.cli.agent import Json
from stationmaster.cli.output import answer, print_json, say
from stationmaster.cli.session import fail, home, run, with_agent
from stationmaster.cli.token_source import sources_of, tokens_of
from stationmaster.config.atomic import read_text
from stationmaster.config.provisioning import Provisioning, read
from stationmaster.config.secrets import SecretStore
from stationmaster.config.store import ConfigStore
from stationmaster.control.protocol import Outcome, Provisioned, ProvisionRequest
from stationmaster.errors import ConfigError
from stationmaster.runtime.credential import Credentials

if TYPE_CHECKING:
    from stationmaster.control.client import ControlClient


def provision(
    file: Annotated[Path, typer.Argument(help="The provisioning file (TOML).")],
    *,
    token: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=SOURCE",
            help="Where an instance's token is: env:VARIABLE, fd:N, stdin; * as NAME: all. May be repeated.",
        ),
    ] = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove instances that the file does not name; their spools stay.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would change, and change nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Bring all settings in line with a file. Run again, it changes nothing."""
    try:
        text, wanted = provisioning(file)
        variables = {name: one.token_variable for name, one in wanted.instances.items()}
        tokens = tokens_of(sources_of(token), variables)
    except ConfigError as error:
        fail(error)
    request = ProvisionRequest(text=text, file=str(file), tokens=tokens, prune=prune, dry_run=dry_run)

    async def online(client: ControlClient) -> Provisioned:
        return await client.provision(request)

    async def offline() -> Provisioned:
        from stationmaster.runtime.provision import provision  # noqa: PLC0415 - only where no agent does it

        store = ConfigStore(home())
        return await provision(store, Credentials(SecretStore(home(), store.load)), request)

    done = run(with_agent(online, offline))
    if json:
        print_json("provisioned", done)
        return
    for outcome in done.outcomes:
        answer(_line(outcome))
    if not done.changed:
        say("Nothing to change.")
    elif dry_run:
        say("Nothing is changed: this was a dry run.")


def provisioning(file: Path) -> tuple[str, Provisioning]:
    """The text of a provisioning file, and what it asks for.

    Raises:
        ConfigError: there is no such file, or it is wrong.
    """
    text = read_text(file)
    if text is None:
        raise ConfigError(f"There is no file {file}.")
    return text, read(text, file=str(file))


def _line(outcome: Outcome) -> str:
    parts = [outcome.what]
    if outcome.keys:
        parts.append(", ".join(outcome.keys))
    if outcome.token:
        parts.append(f"token {outcome.token}")
    if outcome.note:
        parts.append(outcome.note)
    return f"{outcome.name or 'agent'}: {'; '.join(parts)}"
