"""`stationmaster doctor`: which hop fails, and what to do."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncGenerator, Sequence

import typer

from stationmaster import __version__
from stationmaster.cli.agent import Json, Only
from stationmaster.cli.exit import Exit
from stationmaster.cli.output import answer, print_json
from stationmaster.cli.session import agent, home, run
from stationmaster.control.protocol import DoctorRequest
from stationmaster.errors import NoAgentError
from stationmaster.model import Check, CheckState

SIGNS = {
    CheckState.OK: "✓",
    CheckState.WARNING: "!",
    CheckState.FAILED: "✗",
    CheckState.SKIPPED: "\N{EN DASH}",
}
"""Shapes, each with its word beside it: meaning is never colour alone."""


def doctor(instances: Only = None, *, json: Json = False) -> None:
    """Check each hop from the watch folders to the server: which one fails, and what to do."""
    checks = run(told(instances or (), kind="" if json else "Agent"))
    if json:
        print_json("doctor", {"ok": not failed(checks), "checks": checks})
    if failed(checks):
        raise typer.Exit(Exit.NEEDS_PERSON)


def failed(checks: Sequence[Check]) -> bool:
    """One at least."""
    return any(one.state is CheckState.FAILED for one in checks)


async def told(names: Sequence[str], *, way_only: bool = False, kind: str) -> list[Check]:
    """Check these instances, through the agent where one runs.

    Args:
        names: none: all.
        way_only: only the way to the server.
        kind: what the checks without an instance are headed; each is told as it is made. "": none is told.
    """
    request = DoctorRequest(instances=tuple(names), version=__version__, way_only=way_only)
    return await tell(await _asked(request), kind)


async def tell(made: AsyncGenerator[Check], kind: str) -> list[Check]:
    """Tell each check as it is made, see `told`; then all of them."""
    checks = []
    page = Page(kind)
    async with contextlib.aclosing(made) as answers:
        async for check in answers:
            checks.append(check)
            if kind:
                page.add(check)
    if kind:
        page.end()
    return checks


async def _asked(request: DoctorRequest) -> AsyncGenerator[Check]:
    try:
        async with agent() as client:
            await client.status()
    except NoAgentError:
        return outside(request)
    return _through_agent(request)


async def _through_agent(request: DoctorRequest) -> AsyncGenerator[Check]:
    async with agent() as client:
        async for check in client.doctor(request):
            yield check


def patient_with_nobody() -> None:
    """Names and files are looked at as in the agent: a call that hangs keeps no command from ending."""
    from stationmaster.blocking import THREAD, BlockingExecutor  # noqa: PLC0415 - only without an agent

    asyncio.get_running_loop().set_default_executor(BlockingExecutor(THREAD))


def outside(request: DoctorRequest) -> AsyncGenerator[Check]:
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
    )
    return examine(around, request)


def said(check: Check) -> str:
    """One check in a line, which begins with the name of what was looked at, whatever came of it."""
    label = check.label or check.title
    problem = check.title if check.title != label else ""
    if check.code:
        problem = f"{problem} [{check.code}]".strip()
    return ": ".join(filter(None, (label, problem, check.text)))


class Page:
    """For a person: by instance, the next step under what failed, and what it comes to."""

    def __init__(self, kind: str) -> None:
        """Nothing is told yet; `kind` heads what belongs to no instance."""
        self._kind = kind
        self._head: str | None = None
        self._counts = dict.fromkeys(CheckState, 0)

    def add(self, check: Check) -> None:
        """Tell one."""
        if check.instance != self._head:
            if self._head is not None:
                answer("")
            self._head = check.instance
            answer(check.instance or self._kind)
        self._counts[check.state] += 1
        answer(f"  {SIGNS[check.state]} {check.state.value:<7}  {said(check)}")
        if check.next_step and check.state in (CheckState.FAILED, CheckState.WARNING):
            answer(f"      → {check.next_step}")
        sys.stdout.flush()

    def end(self) -> None:
        """What it comes to."""
        answer("")
        answer(", ".join(f"{count} {state.value}" for state, count in self._counts.items() if count) + ".")
