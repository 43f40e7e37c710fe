"""The command line's root: `stationmaster NOUN VERB`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Annotated, Any

import typer

from stationmaster import __version__
from stationmaster.cli.listing import Listing
from stationmaster.cli.mistake import Root
from stationmaster.cli.session import use_scope
from stationmaster.home.paths import Scope

NOUNS = ("agent", "instance", "queue", "archive", "converter", "config", "server", "log", "source")
VERBS = ("submit", "provision", "demo", "doctor", "diagnostics")


def application(arguments: Sequence[str] = ()) -> typer.Typer:
    """The command line, with the noun that `arguments` name, or with all where they name none.

    The module of a noun that is not asked for is not imported: together they cost 100 ms.
    """
    app = typer.Typer(
        cls=Root,
        name="stationmaster",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(root)
    named = next((word for word in arguments if not word.startswith("-") and word not in set(Scope)), "")
    known = named in NOUNS or named in VERBS
    for noun in NOUNS:
        if not known or noun == named:
            app.add_typer(_module(noun).app, name=noun, cls=Listing)
    for verb in VERBS:
        if not known or verb == named:
            command: Callable[..., None] = getattr(_module(verb), verb)
            app.command(verb)(command)
    return app


def _module(name: str) -> Any:
    return import_module(f"stationmaster.cli.{name}")


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer's callback signature
    if wanted:
        typer.echo(f"stationmaster {__version__}")
        raise typer.Exit


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
