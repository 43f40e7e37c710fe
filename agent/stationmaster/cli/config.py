"""`stationmaster config ...`: the agent's own settings, and whether all settings are right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import typer

from stationmaster.cli.agent import Json
from stationmaster.cli.exit import Exit
from stationmaster.cli.output import answer, plain, print_json, say
from stationmaster.cli.session import fail, home, run, with_agent
from stationmaster.cli.setting import Sets, Unsets, patch_of
from stationmaster.cli.stand_in import with_stand_in
from stationmaster.config.rule import IN_CLEAR, IN_CLEAR_STEP, in_clear
from stationmaster.config.schema import AgentConfig
from stationmaster.config.store import ConfigStore, Loaded
from stationmaster.errors import ConfigError, StationmasterError

if TYPE_CHECKING:
    from stationmaster.control.client import ControlClient

app = typer.Typer(help="The agent's own settings; are all settings right?", no_args_is_help=True)


@app.command()
def show(*, json: Json = False) -> None:
    """Show the agent's own settings, with the defaults filled in."""
    try:
        config = ConfigStore(home()).load_agent()
    except ConfigError as error:
        fail(with_stand_in(error, home(), ""))
    if json:
        print_json("agent-settings", config)
        return
    say(f"# {home().agent_file}")
    for key, value in _flat(plain(config)):
        answer(f"{key} = {msgspec.json.encode(value).decode()}")


def _flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Settings by dotted key."""
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


@app.command()
def edit(*, setting: Sets = None, unset: Unsets = None) -> None:
    """Change the agent's own settings; comments stay, and a running agent takes them up at once."""
    try:
        patch = patch_of(setting, unset, AgentConfig)
        if not patch:
            raise ConfigError("Nothing to change.", next_step="Use --set KEY=VALUE or --unset KEY.")
    except ConfigError as error:
        fail(error)

    async def online(client: ControlClient) -> None:
        await client.configure_agent(patch)

    async def offline() -> None:
        ConfigStore(home()).edit_agent(patch)

    run(with_agent(online, offline))
    say("The agent's settings are changed.")


@app.command()
def check(*, json: Json = False) -> None:
    """Read every settings file and say what is wrong: file, key, value, and what was meant."""
    try:
        loaded = ConfigStore(home()).load_all()
    except StationmasterError as error:
        fail(error)
    wrong = [(name, with_stand_in(error, home(), name)) for name, error in sorted(loaded.errors.items())]
    findings = [
        {"instance": name, "severity": "error", "text": error.text, "next_step": error.next_step}
        for name, error in wrong
    ]
    findings += [*_overlaps(loaded), *_in_clear(loaded), *run(_missing(loaded))]
    if json:
        print_json("config-check", findings)
    else:
        for finding in findings:
            say(f"{finding['severity']}: {finding['text']}")
            if finding["next_step"]:
                say(f"  → {finding['next_step']}")
        say(f"Instances that are right: {len(loaded.instances)}. Files that are wrong: {len(loaded.errors)}.")
    if loaded.errors:
        raise typer.Exit(Exit.USAGE)


async def _missing(loaded: Loaded) -> list[dict[str, str]]:
    """Folders and converters that the settings name and that are not there: a typing error looks the same."""
    from stationmaster.cli.hint import Needs, hints  # noqa: PLC0415 - may load converters

    found = []
    for name, config in sorted(loaded.instances.items()):
        watch = [{"path": one.path, "converters": one.converters} for one in config.watch]
        fetch = [{"converter": one.converter} for one in config.fetch]
        found += [(name, text) for text in await hints(Needs.of(name, watch, fetch))]
    return [{"instance": name, "severity": "hint", "text": text, "next_step": ""} for name, text in found]


def _in_clear(loaded: Loaded) -> list[dict[str, str]]:
    return [
        {"instance": name, "severity": "warning", "text": f'"{name}": {IN_CLEAR}', "next_step": IN_CLEAR_STEP}
        for name, config in sorted(loaded.instances.items())
        if in_clear(config.server.url)
    ]


def _overlaps(loaded: Loaded) -> list[dict[str, str]]:
    """Folders that share files, each pair once, and archives that instances share."""
    from stationmaster.archive.shared import shared_archives  # noqa: PLC0415 - as below
    from stationmaster.ingest.overlap import overlap_problems  # noqa: PLC0415 - loads all that watches

    told = overlap_problems(home(), loaded.instances, now=datetime.now(UTC))
    found = [(one.instance, one.text, one.next_step) for one in {one.text: one for one in told}.values()]
    shared = [
        (one.instances[-1], one.text, one.next_step) for one in shared_archives(home(), loaded.instances)
    ]
    return [
        {"instance": instance, "severity": "warning", "text": text, "next_step": next_step}
        for instance, text, next_step in [*found, *shared]
    ]
