"""`stationmaster instance ...`: make, show, change and remove instances."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stationmaster.cli.agent import Json
from stationmaster.cli.output import plain, print_json, say, table
from stationmaster.cli.registration import ClientId, Replace
from stationmaster.cli.registration import register as register_client
from stationmaster.cli.session import fail, home, run, with_agent
from stationmaster.cli.setting import Sets, Unsets, patch_of
from stationmaster.cli.stand_in import with_stand_in
from stationmaster.cli.takeover import DryRun, Force, Instance, ReportsDir, take_over
from stationmaster.config.field import masked
from stationmaster.config.rule import IN_CLEAR, IN_CLEAR_STEP, in_clear
from stationmaster.config.schema import InstanceConfig
from stationmaster.config.secrets import SecretStore
from stationmaster.config.store import ConfigStore
from stationmaster.control.protocol import AddRequest
from stationmaster.errors import ConfigError, StationmasterError
from stationmaster.runtime.credential import Credentials
from stationmaster.runtime.enrolment import dismantle, enrol

if TYPE_CHECKING:
    from stationmaster.control.client import ControlClient

app = typer.Typer(
    help="Make, show, change and remove instances, one for each test station.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(help="Name of the instance.")]
TokenStdin = Annotated[bool, typer.Option("--token-stdin", help="Read the token from standard input.")]


@app.command()
def add(
    name: Name,
    *,
    server: Annotated[str, typer.Option(help="Address of the WATS server.")],
    watch: Annotated[list[Path] | None, typer.Option(help="A folder to watch; may be repeated.")] = None,
    converter: Annotated[
        list[str] | None, typer.Option(help="A converter for these folders; may be repeated.")
    ] = None,
    token_stdin: TokenStdin = False,
    setting: Sets = None,
    json: Json = False,
) -> None:
    """Make an instance. With an agent running it starts at once."""
    try:
        patch = patch_of(setting)
        if watch and not converter:
            raise ConfigError(
                "A watch folder needs a converter.",
                next_step="Name one: --converter wsjf (see converter list)",
            )
    except ConfigError as error:
        fail(error)
    folders = tuple(
        {"path": str(path.expanduser().absolute()), "converters": list(converter or [])}
        for path in watch or []
    )
    token = _read_token() if token_stdin else None
    _make(AddRequest(name=name, server=server, watch=folders, patch=patch, token=token), json=json)


@app.command("list")
def list_instances(*, json: Json = False) -> None:
    """List the stations."""
    try:
        loaded = ConfigStore(home()).load_all()
    except StationmasterError as error:
        fail(error)
    instances = sorted(loaded.instances.items())
    if json:
        print_json("instances", [_listed(name, config) for name, config in instances])
    else:
        rows = [
            (
                name,
                config.station.machine_name,
                config.server.url,
                "\n".join(folder.path for folder in config.watch),
            )
            for name, config in instances
        ]
        table("", ("Instance", "Station", "Server", "Watches"), rows)
    for name, wrong in loaded.errors.items():
        say(f"Error in {name or 'agent'}: {wrong}")


def _listed(name: str, config: InstanceConfig) -> dict[str, Any]:
    return {
        "name": name,
        "server": config.server.url,
        "station": config.station.machine_name,
        "enabled": config.enabled,
        "folders": [folder.path for folder in config.watch],
    }


@app.command()
def show(name: Name, *, json: Json = False) -> None:
    """Show an instance's settings; neither a token nor the proxy's password is among them."""
    try:
        config = ConfigStore(home()).load(name)
    except ConfigError as error:
        fail(with_stand_in(error, home(), name))
    if json:
        values = plain(config)
        values["server"]["proxy"] = masked(config.server.proxy)
        print_json("instance", {"name": name, **values})
        return
    path = home().instance_file(name)
    say(f"# {path}")
    typer.echo(masked(path.read_text(encoding="utf-8")), nl=False)


@app.command()
def edit(
    name: Name,
    *,
    setting: Sets = None,
    unset: Unsets = None,
    token_stdin: TokenStdin = False,
) -> None:
    """Change settings; comments in the file stay, and a running agent takes them up at once."""
    try:
        patch = patch_of(setting, unset)
        if not patch and not token_stdin:
            raise ConfigError(
                "Nothing to change.", next_step="Use --set KEY=VALUE, --unset KEY or --token-stdin."
            )
    except ConfigError as error:
        fail(error)
    token = _read_token() if token_stdin else None

    async def online(client: ControlClient) -> None:
        if patch:
            await client.configure(name, patch)
        if token:
            await client.set_token(name, token)

    async def offline() -> None:
        store, credentials = _files()
        if patch:
            store.edit(name, patch)
        if token:
            await credentials.set(name, token)

    run(with_agent(online, offline))
    say(f'Instance "{name}" is changed.')


@app.command()
def register(
    name: Name, *, token_stdin: TokenStdin = False, client_id: ClientId = "", replace: Replace = False
) -> None:
    """Register the instance at its server with a register-client token; it gets a token of its own."""
    if not token_stdin:
        fail(
            ConfigError(
                "Registering needs a register-client token of the WATS Control Panel.",
                next_step="Hand it over on standard input: --token-stdin < token.txt",
            )
        )
    register_client(name, _read_token(), client_id, replace=replace)


@app.command()
def remove(name: Name, *, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Remove an instance's settings and token. Its spool stays on disk: nothing that waits is lost."""
    if not yes:
        typer.confirm(f'Remove the instance "{name}"? Its spool stays.', abort=True, err=True)

    async def online(client: ControlClient) -> str:
        return await client.remove_instance(name)

    async def offline() -> str:
        return await dismantle(*_files(), name)

    note = run(with_agent(online, offline))
    say(f'Instance "{name}" is removed. Its data are still in {home().instance_dir(name)}.')
    if note:
        say(note)


@app.command("export")
def export_instance(
    name: Name,
    *,
    output: Annotated[
        Path | None, typer.Option(help="The file to write, for its owner only; else standard output.")
    ] = None,
    with_id: Annotated[
        bool, typer.Option("--with-id", help="With the instance's id: only where its data move, too.")
    ] = False,
) -> None:
    """Write a provisioning file of an instance: all its settings, without its token."""
    from stationmaster.config.atomic import replace_text  # noqa: PLC0415 - as below
    from stationmaster.config.export import exported  # noqa: PLC0415 - brings tomlkit

    try:
        _, text = ConfigStore(home()).read(name)
        made, left_out = exported(text, name, file=str(home().instance_file(name)), with_id=with_id)
        if output:
            replace_text(output, made)
    except StationmasterError as error:
        fail(error)
    if not output:
        typer.echo(made, nl=False)
    if left_out:
        say("server.proxy is left out: it holds a password.")


@app.command("import")
def import_instance(
    file: Annotated[Path | None, typer.Argument(help="A provisioning file with one instance.")] = None,
    *,
    name: Annotated[str, typer.Option(help="Another name for it than the file's.")] = "",
    token_stdin: TokenStdin = False,
    reports_dir: ReportsDir = None,
    instance: Instance = "",
    dry_run: DryRun = False,
    force: Force = False,
) -> None:
    """Make an instance from a file that `instance export` wrote; or take over another client's reports."""
    from stationmaster.cli.instance_import import request_from  # noqa: PLC0415 - this command only

    if reports_dir is not None and file is None:
        take_over(reports_dir, instance, dry_run=dry_run, force=force)
        return
    if file is None or reports_dir is not None:
        fail(ConfigError("What is to be imported?", next_step="Name a FILE, or a folder: --reports-dir DIR"))
    token = _read_token() if token_stdin else None
    try:
        request = request_from(file, name=name, token=token)
    except ConfigError as error:
        fail(error)
    _make(request)


def _make(request: AddRequest, *, json: bool = False) -> None:
    """Make an instance, through the agent or without, and say so."""
    from stationmaster.cli.hint import Needs, hints, tell  # noqa: PLC0415 - for a new instance only

    async def online(client: ControlClient) -> None:
        await client.add_instance(request)

    async def offline() -> None:
        await enrol(*_files(), request)

    run(with_agent(online, offline))
    say(f'Instance "{request.name}" is made.')
    if in_clear(request.server):
        say(f"Warning: {IN_CLEAR} {IN_CLEAR_STEP}")
    if request.token is None:
        say(f"It has no token yet: stationmaster instance edit {request.name} --token-stdin")
    found = run(hints(Needs.of(request.name, request.watch)))
    if json:
        print_json("made", {"instance": request.name, "hints": found})
    else:
        tell(found)


def _files() -> tuple[ConfigStore, Credentials]:
    """Settings and tokens themselves, for when no agent runs."""
    store = ConfigStore(home())
    return store, Credentials(SecretStore(home(), store.load))


def _read_token() -> str:
    # What is typed, not piped, does not appear on the screen.
    line = getpass.getpass("Token: ") if sys.stdin.isatty() else sys.stdin.readline()
    token = line.strip()
    if not token:
        fail(ConfigError("No token came on standard input."))
    return token
