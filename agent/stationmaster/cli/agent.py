"""`stationmaster agent ...`: run, look at and steer the agent."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from stationmaster.canary import CanaryStatus
from stationmaster.cli.exit import Exit
from stationmaster.cli.moment import in_minutes, moment_of
from stationmaster.cli.output import MARKS, ago, answer, local, print_json, say, table
from stationmaster.cli.progress import Bar, progress
from stationmaster.cli.service import install, uninstall
from stationmaster.cli.session import agent, fail, home, run
from stationmaster.config.lock import FileLock
from stationmaster.control.protocol import FOREVER
from stationmaster.errors import ConfigError, NoAgentError, StationmasterError
from stationmaster.home.owner import become_owner
from stationmaster.model import AgentStatus, InstanceStatus, Lifecycle, Severity

if TYPE_CHECKING:
    from stationmaster.control.client import ControlClient

app = typer.Typer(help="Run, look at and steer the agent.", no_args_is_help=True)
app.command()(install)
app.command()(uninstall)

Only = Annotated[list[str] | None, typer.Argument(metavar="INSTANCE", help="Which; all if none.")]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, with a schema version.")]


@app.command("run")
def run_agent(
    *,
    once: Annotated[bool, typer.Option("--once", help="Take what is there, deliver it, then leave.")] = False,
    timeout: Annotated[
        float, typer.Option(help="With --once: seconds to deliver everything in; 0: no limit.")
    ] = 0.0,
    quiet: Annotated[bool, typer.Option("--quiet", help="Log to the file alone, not here too.")] = False,
) -> None:
    """Run the agent in the foreground until it is stopped (Ctrl+C, SIGTERM, `agent stop`)."""
    from stationmaster.cli.program import start  # noqa: PLC0415 - loads the whole agent

    raise typer.Exit(start(home().scope, once=once, timeout=timeout, quiet=quiet))


@app.command("start")
def start_agent(
    *, timeout: Annotated[float, typer.Option(help="Seconds to wait until it answers.")] = 30.0
) -> None:
    """Start the agent in the background, or your service that runs it, where none runs.

    One in the background stays until it is stopped or you log out.
    """
    from stationmaster.hosting.launch import Launcher  # noqa: PLC0415 - rarely needed

    launcher = Launcher(home().scope)

    async def begin() -> tuple[AgentStatus, bool]:
        with contextlib.suppress(NoAgentError):
            async with agent() as client:
                return await client.status(), False
        await asyncio.to_thread(launcher.start)
        return await launcher.answered(timeout), True

    with progress("Starting"):
        snapshot, new = run(begin())
    word = "has started" if new else "runs already"
    say(f"The agent {word}: version {snapshot.version}, process {snapshot.pid}.")


@app.command()
def status(*, json: Json = False) -> None:
    """Show what the agent does now."""

    async def ask() -> AgentStatus:
        async with agent() as client:
            return await client.status()

    snapshot = run(ask())
    if json:
        print_json("status", snapshot)
    else:
        _show(snapshot)
    if any(problem.severity is Severity.ERROR for problem in snapshot.problems):
        raise typer.Exit(Exit.NEEDS_PERSON)


@app.command()
def stop(
    *, timeout: Annotated[float, typer.Option(help="Seconds to wait for it to be gone.")] = 40.0
) -> None:
    """Stop the agent in order: nothing is lost, what waits stays queued."""

    async def ask() -> None:
        async with agent() as client:
            await client.shutdown()

    run(ask())
    # Its channel goes first; what it still does, it does under its lock.
    lock = FileLock(home().agent_lock)
    try:
        become_owner(home())  # a lock that root made would keep the agent's own account out
        with progress("Stopping"):
            gone = lock.try_acquire(wait=timeout)
    except StationmasterError as error:
        fail(error)
    if not gone:
        fail(
            StationmasterError(
                f"The agent is still there after {timeout:g} s.",
                next_step="Look at what it does: stationmaster log tail",
            )
        )
    lock.release()
    say("The agent has stopped.")


@app.command()
def pause(
    instances: Only = None,
    *,
    minutes: Annotated[float | None, typer.Option("--for", help="Minutes; else until you resume.")] = None,
    time: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="Such as 17:30, tomorrow, 2026-03-02T17:30.")
    ] = None,
) -> None:
    """Pause uploads. Files are still taken, converted and kept; a pause survives a restart."""
    try:
        until = _until(minutes, time)
    except ConfigError as error:
        fail(error)

    async def ask() -> Sequence[str]:
        async with agent() as client:
            names = await _names(client, instances)
            for name in names:
                await client.pause(name, until)
            return names

    names = run(ask())
    say(f"Paused {', '.join(names)} {f'until {local(until)}' if until else 'until you resume'}.")


def _until(minutes: float | None, time: str | None) -> datetime | None:
    if minutes is not None and time is not None:
        raise ConfigError("--for and --until do not go together.", next_step="Give one of the two.")
    if time is not None:
        return moment_of(time, datetime.now(UTC))
    return in_minutes(minutes, datetime.now(UTC)) if minutes is not None else None


@app.command()
def resume(instances: Only = None) -> None:
    """Resume uploads, and start an instance that was drained."""

    async def ask() -> Sequence[str]:
        async with agent() as client:
            names = await _names(client, instances)
            for name in names:
                await client.resume(name)
            return names

    say(f"Resumed {', '.join(run(ask()))}.")


@app.command()
def drain(
    instances: Only = None,
    *,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for it.")] = 600.0,
) -> None:
    """Stop taking files, deliver what waits, then stay stopped until you resume."""

    async def ask(bar: Bar) -> tuple[list[str], int]:
        async with agent() as client:
            names = await _names(client, instances)
            for name in names:
                await client.drain(name)
            try:
                async with asyncio.timeout(timeout):
                    return names, await _drained(client, names, bar)
            except TimeoutError:
                return names, _left(await client.status(), names)

    with progress("Draining") as bar:
        names, left = run(ask(bar))
    if left:
        say(f"{left} reports still wait; the stations go on draining.")
        raise typer.Exit(Exit.NOT_DELIVERED)
    say(f"Drained {', '.join(names)}.")


async def _drained(client: ControlClient, names: Sequence[str], bar: Bar) -> int:
    async for snapshot in client.watch():
        bar.left(_left(snapshot, names))
        mine = [one for one in snapshot.instances if one.name in names]
        if all(one.lifecycle in {Lifecycle.STOPPED, Lifecycle.FAILED} for one in mine):
            return _left(snapshot, names)
    return 0


def _left(snapshot: AgentStatus, names: Sequence[str]) -> int:
    mine = [one.counts for one in snapshot.instances if one.name in names]
    return sum(counts.queued + counts.processing for counts in mine)


async def _names(client: ControlClient, wanted: Sequence[str] | None) -> list[str]:
    known = [one.name for one in (await client.status()).instances]
    if not wanted:
        if not known:
            raise ConfigError("There is no instance.", next_step="Make one: stationmaster instance add")
        return known
    for name in wanted:
        if name not in known:
            raise ConfigError(f'There is no instance "{name}".', next_step=f"There are: {', '.join(known)}")
    return list(wanted)


def _show(snapshot: AgentStatus) -> None:
    now = datetime.now(UTC)
    say(f"Agent {snapshot.version}, process {snapshot.pid}, up for {ago(snapshot.started_at, now)}.")
    if snapshot.embedded_server:
        say(f"The embedded server answers at {snapshot.embedded_server}.")
    if not snapshot.instances:
        say("No instance yet. Make one: stationmaster instance add NAME --server URL --watch DIR ...")
    table(
        "",
        ("Instance", "Queued", "Error", "Completed", "Last upload", "Link", "State"),
        [_row(one, now) for one in snapshot.instances],
    )
    show_sources(snapshot, now)
    for one in snapshot.instances:
        if one.canary is not None and one.canary.ended is None:
            answer(_canary(one.name, one.canary))
    for problem in snapshot.problems:
        where = f"{problem.instance}: " if problem.instance else ""
        sign = "✗" if problem.severity is Severity.ERROR else "!"
        answer(f"\n{sign} {where}{problem.title} [{problem.code}]")
        answer(f"  {problem.text}")
        if problem.next_step:
            answer(f"  → {problem.next_step}")


def _canary(name: str, canary: CanaryStatus) -> str:
    what = f"canary {canary.converter} version {canary.version} beside {canary.beside}"
    return f"{name}: {what}: {canary.compared} of {canary.files} files, {canary.same} of them the same."


def show_sources(snapshot: AgentStatus, now: datetime) -> None:
    """Scheduled sources as a table, nothing where there are none."""
    rows = [
        (
            one.name,
            source.name,
            str(source.count),
            ago(source.last_run_at, now),
            "now" if source.running else local(source.next_run_at) if source.next_run_at else "",
            source.error,
        )
        for one in snapshot.instances
        for source in one.fetches
    ]
    if rows:
        table("", ("Instance", "Source", "Fetched", "Last run", "Next run", "Error"), rows)


def _row(one: InstanceStatus, now: datetime) -> tuple[str, ...]:
    state = str(one.lifecycle)
    if one.paused_until and one.paused_until > now:
        forever = one.paused_until >= FOREVER
        state += ", paused until you resume" if forever else f", paused until {local(one.paused_until)}"
    counts = one.counts
    queued = str(counts.queued + counts.processing)
    if one.oldest_queued_at is not None:
        queued += f", oldest {ago(one.oldest_queued_at, now)}"
    return (
        one.name,
        queued,
        f"{MARKS['error']} {counts.error}" if counts.error else "0",
        str(counts.completed),
        ago(one.upload.last_upload_at, now),
        str(one.link),
        state,
    )
