"""The command line's root: `stationmaster NOUN VERB`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from stationmaster import __version__
from stationmaster.cli import agent, config, converter, demo, instance, log, queue, server, submit
from stationmaster.cli.session import use_scope
from stationmaster.home.paths import Scope

app = typer.Typer(
    name="stationmaster",
    help="Picks test result files up, converts them to WATS reports and uploads them, exactly once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(agent.app, name="agent")
app.add_typer(instance.app, name="instance")
app.add_typer(queue.app, name="queue")
app.add_typer(converter.app, name="converter")
app.add_typer(config.app, name="config")
app.add_typer(server.app, name="server")
app.add_typer(log.app, name="log")
app.command("submit")(submit.submit)
app.command("demo")(demo.demo)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer's callback signature
    if wanted:
        typer.echo(f"stationmaster {__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    scope: Annotated[
        Scope, typer.Option(help="Whose agent: yours, or the machine's (a service).")
    ] = Scope.USER,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Picks test result files up, converts them to WATS reports and uploads them, exactly once."""
    del version  # its callback has answered
    use_scope(scope)


def main() -> None:
    """Entry point. `stationmaster worker MODULE` is for the agent itself: a child of a frozen program."""
    if len(sys.argv) == 3 and sys.argv[1] == "worker":
        from stationmaster.worker.child import run_module  # noqa: PLC0415 - not for people

        run_module(sys.argv[2])
        return
    for stream in (sys.stdout, sys.stderr):
        # A Windows console's old code page must not make a check mark an exception.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # both are text files here
    app()
