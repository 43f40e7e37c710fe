"""What every command needs: the home, a client or the files themselves, and errors turned into exit codes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import typer

from stationmaster.cli.output import say, tell
from stationmaster.errors import NoAgentError, StationmasterError
from stationmaster.home.owner import become_owner
from stationmaster.home.paths import Home, Scope
from stationmaster.home.service_name import machine_step

if TYPE_CHECKING:
    from stationmaster.control.client import ControlClient

T = TypeVar("T")

_START = "stationmaster agent start"

_scope = Scope.USER


def use_scope(scope: Scope) -> None:
    """Remember `--scope` for this run of the command line."""
    global _scope  # noqa: PLW0603 - one process, one command, one scope
    _scope = scope


def home() -> Home:
    """The home that `--scope` and STATIONMASTER_HOME name."""
    return Home.find(_scope)


@asynccontextmanager
async def agent() -> AsyncIterator[ControlClient]:
    """A client of the running agent.

    Raises:
        NoAgentError: there is none.
    """
    from stationmaster.control.client import ControlClient  # noqa: PLC0415 - aiohttp costs as much as the rest

    async with ControlClient(home().socket) as client:
        yield client


async def with_agent(
    online: Callable[[ControlClient], Coroutine[Any, Any, T]],
    offline: Callable[[], Coroutine[Any, Any, T]],
) -> T:
    """Through the agent where one runs, else on the files themselves, as the account that they belong to."""
    try:
        async with agent() as client:
            await client.status()
            return await online(client)
    except NoAgentError:
        become_owner(home())
        return await offline()


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run `work`; expected errors become a sentence on stderr and an exit code."""
    try:
        return asyncio.run(work)
    except StationmasterError as error:
        fail(error)
    except KeyboardInterrupt:
        say("Interrupted.")
        raise typer.Exit(130) from None


def use_files() -> None:
    """What follows works on the machine's files as their account; an instance's converters are its code."""
    try:
        become_owner(home())
    except StationmasterError as error:
        fail(error)


def fail(error: StationmasterError) -> NoReturn:
    """Tell `error` and leave with its exit code; the agent of the machine is not started as one's own is."""
    if _scope is Scope.MACHINE and isinstance(error, NoAgentError) and _START in error.next_step:
        error = NoAgentError(error.text, next_step=machine_step())
    raise typer.Exit(tell(error)) from None
