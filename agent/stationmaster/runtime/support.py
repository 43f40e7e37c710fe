"""What the agent hands out for support: pages of its log, and a diagnostics bundle."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from stationmaster.control.protocol import Diagnostics, LogPage
from stationmaster.diagnostics.log_reader import LEVELS, Mark, Query, after, last
from stationmaster.diagnostics.log_record import Records
from stationmaster.errors import ConfigError, StationmasterError
from stationmaster.home.paths import Home
from stationmaster.model import AgentStatus, Check
from stationmaster.runtime.credential import Credentials
from stationmaster.secrecy import known
from stationmaster.worker.environment import child_command, child_environment

if TYPE_CHECKING:
    from stationmaster.diagnostics.source import Sources

if sys.platform == "win32":
    _FLAGS = subprocess.CREATE_NO_WINDOW
else:
    _FLAGS = 0

_CHILD = "stationmaster.diagnostics.child"

BUNDLE_SECONDS = 75.0
"""So long a bundle may take; it begins no further part some time before."""

DOCTOR_SECONDS = 45.0
"""So long the doctor may look for one."""

_AT_ONCE = 256 * 1024
"""Bytes of the log that one look at it reads."""


async def read_log(home: Home, query: Mapping[str, str]) -> LogPage:
    """The last records that are wanted, or those that came after a mark of an earlier page.

    Raises:
        ConfigError: there is no such level or mark, or a number is none.
        StationmasterError: the log cannot be read.
    """
    wanted = Query(
        level=query.get("level", ""),
        instance=query.get("instance", ""),
        entry=_number(query["entry"], "entry") if "entry" in query else None,
        text=query.get("text", ""),
    )
    if wanted.level and wanted.level not in LEVELS:
        raise ConfigError(f'"{wanted.level}" is no level.', next_step=f"Use one of {', '.join(LEVELS)}.")
    limit = min(max(_number(query.get("limit", "200"), "limit"), 1), 10_000)
    if mark := query.get("after", ""):
        return await _later(home, wanted, Mark.of(mark))
    found, behind = await asyncio.to_thread(last, home.log, wanted, limit=limit)
    return LogPage(records=tuple(found), after=behind.text())


def _number(text: str, name: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ConfigError(f"{name} must be a whole number.") from None


async def _later(home: Home, query: Query, mark: Mark) -> LogPage:
    lines, behind = await asyncio.to_thread(after, home.log, mark, most=_AT_ONCE)
    records = Records()
    found = [one for one in (*records.feed(lines), *records.flush()) if query.wants(one)]
    return LogPage(records=tuple(found), after=behind.text(), more=bool(lines))


async def gather(
    home: Home, status: AgentStatus, credentials: Credentials, names: Iterable[str], *, payloads: bool
) -> Sources:
    """What a bundle of a running agent is made from."""
    from stationmaster.diagnostics.source import Sources  # noqa: PLC0415 - rarely wanted

    sources = Sources.of(home, payloads=payloads)
    sources.snapshot = msgspec.to_builtins(status)
    for name in names:
        try:
            sources.secrets.append(await credentials.look(name))
        except StationmasterError as error:
            sources.notes.append(f"the token of {name} cannot be asked for: {error.text}")
    sources.secrets += known()
    return sources


async def findings(checks: AsyncGenerator[Check]) -> list[Any]:
    """What the doctor finds within its time; a hop that hangs keeps nobody waiting for ever."""
    found: list[Any] = []
    with contextlib.suppress(TimeoutError, StationmasterError):
        async with asyncio.timeout(DOCTOR_SECONDS), contextlib.aclosing(checks):
            async for check in checks:
                found += [msgspec.to_builtins(check)]  # each by itself: those before a time-out count
    return found


async def make_bundle(sources: Sources) -> Diagnostics:
    """Make a bundle in a child process: the agent's own work goes on, and a disk that hangs holds nothing up.

    Raises:
        StationmasterError: it was not made in time, or at all.
    """
    process = await asyncio.create_subprocess_exec(
        *child_command(_CHILD),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a traceback might show what a file held
        env=child_environment(),
        creationflags=_FLAGS,
    )
    try:
        async with asyncio.timeout(BUNDLE_SECONDS):
            output, _ = await process.communicate(msgspec.json.encode(sources))
    except TimeoutError:
        raise StationmasterError(
            f"No diagnostics bundle could be made in {BUNDLE_SECONDS:g} s.",
            next_step="Stop the agent, then run the command again: it reads the files itself.",
        ) from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    names, _, content = output.partition(b"\n")
    if process.returncode or not content:
        raise StationmasterError(
            f"The process that makes the bundle ended with code {process.returncode}.",
            next_step="Stop the agent, then run the command again: it reads the files itself.",
        )
    return Diagnostics(bundle=content, names=msgspec.json.decode(names, type=dict[str, str]))
