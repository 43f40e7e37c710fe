"""`stationmaster doctor`: which hop fails, and what to do."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from itertools import groupby

import typer

from stationmaster import __version__
from stationmaster.cli.agent import Json, Only
from stationmaster.cli.exit import Exit
from stationmaster.cli.output import answer, print_json
from stationmaster.cli.progress import progress
from stationmaster.cli.session import agent, home, run
from stationmaster.control.protocol import DoctorRequest
from stationmaster.errors import NoAgentError
from stationmaster.model import Check, CheckState, Hop

SIGNS = {
    CheckState.OK: "✓",
    CheckState.WARNING: "!",
    CheckState.FAILED: "✗",
    CheckState.SKIPPED: "\N{EN DASH}",
}
"""Shapes, each with its word beside it: meaning is never colour alone."""


WAY = frozenset(
    {
        Hop.TOKEN,
        Hop.ADDRESS,
        Hop.DNS,
        Hop.TCP,
        Hop.PROXY,
        Hop.TLS,
        Hop.SERVER,
        Hop.LOGIN,
        Hop.PERMISSION,
        Hop.CLOCK,
    }
)
"""What lies between an instance and its server."""


def doctor(instances: Only = None, *, json: Json = False) -> None:
    """Check each hop from the watch folders to the server: which one fails, and what to do."""
    with progress("Checking"):
        checks = run(examined(instances or ()))
    if json:
        print_json("doctor", {"ok": not failed(checks), "checks": checks})
    else:
        show(checks)
    if failed(checks):
        raise typer.Exit(Exit.NEEDS_PERSON)


def failed(checks: Sequence[Check]) -> bool:
    """One at least."""
    return any(one.state is CheckState.FAILED for one in checks)


async def examined(names: Sequence[str]) -> list[Check]:
    """All checks of these instances, through the agent where one runs."""
    request = DoctorRequest(instances=tuple(names), version=__version__)
    try:
        async with agent() as client:
            await client.status()
            return [check async for check in client.doctor(request)]
    except NoAgentError:
        return [check async for check in _outside(names)]


def patient_with_nobody() -> None:
    """Names and files are looked at as in the agent: a call that hangs keeps no command from ending."""
    from stationmaster.blocking import THREAD, BlockingExecutor  # noqa: PLC0415 - only without an agent

    asyncio.get_running_loop().set_default_executor(BlockingExecutor(THREAD))


def _outside(names: Sequence[str]) -> AsyncIterator[Check]:
    """No agent runs: look with our own eyes and rights."""
    from stationmaster.clock import Clock  # noqa: PLC0415 - as below
    from stationmaster.config.secrets import SecretStore  # noqa: PLC0415 - as below
    from stationmaster.config.store import ConfigStore  # noqa: PLC0415 - as below
    from stationmaster.diagnostics.doctor import Surroundings, examine  # noqa: PLC0415 - loads all parts

    patient_with_nobody()
    store = ConfigStore(home())
    around = Surroundings(
        home=home(),
        store=store,
        secrets=SecretStore(home(), store.load),
        clock=Clock(),
        env=os.environ,
        asker=__version__,
    )
    return examine(around, names)


def show(checks: Sequence[Check]) -> None:
    """For a person: by instance, the next step under what failed, and what it comes to."""
    for name, group in groupby(checks, lambda one: one.instance):
        answer(name or "Agent")
        for check in group:
            _show_one(check)
        answer("")
    counts = {state: sum(one.state is state for one in checks) for state in CheckState}
    answer(", ".join(f"{count} {state.value}" for state, count in counts.items() if count) + ".")


def _show_one(check: Check) -> None:
    code = f" [{check.code}]" if check.code else ""
    answer(f"  {SIGNS[check.state]} {check.state.value:<7}  {check.title}{code}: {check.text}")
    if check.next_step and check.state in (CheckState.FAILED, CheckState.WARNING):
        answer(f"      → {check.next_step}")
