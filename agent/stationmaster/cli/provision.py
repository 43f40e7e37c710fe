"""`stationmaster provision FILE`: settings of the agent and of all instances, from one file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stationmaster.cli.agent import Json
from stationmaster.cli.exit import Exit
from stationmaster.cli.hint import Needs, hints, tell
from stationmaster.cli.output import answer, plain, print_json, say
from stationmaster.cli.session import fail, home, run, with_agent
from stationmaster.cli.token_source import sources_of, tokens_of
from stationmaster.clock import Clock
from stationmaster.config.atomic import read_text
from stationmaster.config.provisioning import Provisioning, read
from stationmaster.config.secrets import SecretStore
from stationmaster.config.store import ConfigStore
from stationmaster.control.protocol import NOT_REGISTERED, Outcome, Provisioned, ProvisionRequest
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
    register: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=SOURCE",
            help="Where a register-client token is: an instance that holds no token is registered with it.",
        ),
    ] = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove stations that the file does not name; their spools stay.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would change, and change nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Bring all settings in line with a file. Run again, it changes nothing."""
    try:
        text, wanted = provisioning(file)
        tokens, register_tokens = _tokens(wanted, token, register)
    except ConfigError as error:
        fail(error)
    request = ProvisionRequest(
        text=text,
        file=str(file),
        tokens=tokens,
        register_tokens=register_tokens,
        prune=prune,
        dry_run=dry_run,
    )

    async def online(client: ControlClient) -> Provisioned:
        return await client.provision(request)

    async def offline() -> Provisioned:
        from stationmaster.runtime.provision import provision  # noqa: PLC0415 - only where no agent does it

        store = ConfigStore(home())
        return await provision(store, Credentials(SecretStore(home(), store.load)), request, Clock())

    done = run(with_agent(online, offline))
    found = [hint for needs in _needs(wanted) for hint in run(hints(needs))]
    _tell(done, found, json=json)


def _needs(wanted: Provisioning) -> list[Needs]:
    return [
        Needs.of(name, one.settings.get("watch", ()), one.settings.get("fetch", ()))
        for name, one in wanted.instances.items()
    ]


def _tokens(
    wanted: Provisioning, token: list[str] | None, register: list[str] | None
) -> tuple[dict[str, str], dict[str, str]]:
    """Tokens and register-client tokens by instance; an instance that gets a token needs no other."""
    sources, registering = sources_of(token), sources_of(register, option="--register")
    for source in set(sources.values()) & set(registering.values()):
        if not source.startswith("env:"):
            raise ConfigError(
                f"{source} can be read once only.", next_step="Hand one of the two tokens over otherwise."
            )
    instances = wanted.instances.items()
    tokens = tokens_of(sources, {name: one.token_variable for name, one in instances})
    # A variable that the file names is needed only where an instance is not registered yet, see there.
    named = {name: one.register_variable for name, one in instances}
    variables = {name: variable if os.environ.get(variable) else "" for name, variable in named.items()}
    found = tokens_of(registering, variables)
    return tokens, {name: one for name, one in found.items() if name not in tokens}


def _tell(done: Provisioned, found: list[str], *, json: bool) -> None:
    """Say what was done; ends with 4 where an instance could not be registered."""
    if json:
        print_json("provisioned", {**plain(done), "hints": found})
    else:
        for outcome in done.outcomes:
            answer(_line(outcome))
        tell(found)
        if not done.changed:
            say("Nothing to change.")
        elif done.dry_run:
            say("Nothing is changed: this was a dry run.")
    if any(outcome.token == NOT_REGISTERED for outcome in done.outcomes):
        raise typer.Exit(Exit.NEEDS_PERSON)


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
