"""`stationmaster agent install` and `uninstall`: the agent as a service, of the machine or of a user."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from stationmaster.cli.output import answer, print_json, say
from stationmaster.cli.session import fail, home, use_scope
from stationmaster.errors import ConfigError, StationmasterError
from stationmaster.home.paths import Scope

if TYPE_CHECKING:
    from stationmaster.hosting.plan import Plan, Step

Whose = Annotated[Scope | None, typer.Option("--scope", help="As before the noun: yours, or the machine's.")]
Dry = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, with a schema version.")]


def install(
    *,
    scope: Whose = None,
    credential: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=PATH",
            help="A file with the token of instance NAME, as a systemd credential; NAME= for none any more.",
        ),
    ] = None,
    account: Annotated[
        str, typer.Option(help="The account of the machine's agent; made where it is missing.")
    ] = "",
    dry_run: Dry = False,
    json: Json = False,
) -> None:
    """Let the agent run as a service: it starts by itself, and comes again whatever ended it."""
    from stationmaster.hosting import service  # noqa: PLC0415 - rarely needed, loads subprocess and more

    try:
        place = _home(scope)
        if not dry_run:
            service.check_rights(place, verb="install")
        wanted = service.wanted(place, credentials=_credentials(credential), account=account)
        plan = service.plan_install(wanted)
        _do(plan, scope=place.scope, dry=dry_run, json=json)
    except StationmasterError as error:
        fail(error)


def uninstall(*, scope: Whose = None, dry_run: Dry = False, json: Json = False) -> None:
    """Stop the service and remove it. Settings, spool, log and tokens stay."""
    from stationmaster.hosting import service  # noqa: PLC0415 - as above

    try:
        place = _home(scope)
        if not dry_run:
            service.check_rights(place, verb="uninstall")
        plan = service.plan_uninstall(service.wanted(place))
        _do(plan, scope=place.scope, dry=dry_run, json=json)
    except StationmasterError as error:
        fail(error)


def _home(scope: Scope | None) -> Any:
    if scope is not None:
        use_scope(scope)
    return home()


def _credentials(words: list[str] | None) -> dict[str, Path | None]:
    found: dict[str, Path | None] = {}
    for word in words or []:
        name, equals, path = word.partition("=")
        if not equals or not name:
            raise ConfigError(f"--credential {word}: write NAME=PATH.")
        found[name] = Path(path).expanduser().absolute() if path else None
    return found


def _do(plan: Plan, *, scope: Scope, dry: bool, json: bool) -> None:
    """Do the steps one after the other, each told when it is done; or show them."""
    from stationmaster.hosting.plan import carry_out  # noqa: PLC0415 - as above

    for step in plan.steps:
        if dry:
            if not json:
                _show(step)
        else:
            carry_out(step)
            say(f"✓ {step.text}")
    if json:
        steps = [_plain(step) for step in plan.steps]
        body = {"kind": plan.kind, "service": plan.service, "scope": scope, "done": not dry}
        print_json("service", {**body, "steps": steps, "notes": plan.notes})
    for note in plan.notes:
        say(note)
    if dry and not json:
        say("Nothing is changed: this was a dry run.")


def _show(step: Step) -> None:
    from stationmaster.hosting.plan import Give, Run, Write, shown  # noqa: PLC0415 - as above

    answer(f"# {step.text}")
    if isinstance(step, Run):
        answer(shown(step.command))
    elif isinstance(step, Write):
        answer(step.content)
    elif isinstance(step, Give) and step.account:
        for folder in step.folders:
            answer(shown(("chown", "--recursive", f"{step.account}:{step.group}", str(folder))))


def _plain(step: Step) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.to_builtins(step, enc_hook=str)
    what = values.pop("type")
    values.pop("advice", None)
    return {"do": what, **values}
