"""`agent run --once`: when is everything taken and delivered, and with which exit code does it end?"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from enum import Enum, auto

from stationmaster.cli.exit import Exit
from stationmaster.cli.output import say
from stationmaster.cli.progress import Bar, progress
from stationmaster.cli.remainder import what_is_left
from stationmaster.ingest.left import Left
from stationmaster.model import AgentStatus, Lifecycle, Problem, ProblemCode, Severity
from stationmaster.runtime.agent import Agent
from stationmaster.runtime.supervisor import Supervisor

LOOK_EVERY = 0.1
"""Seconds between two looks at how far the instances are."""

IDLE_LOOKS = 3
"""How often in a row every instance must be through before it is believed."""

_WAITS_FOR_PERSON = frozenset(
    {
        ProblemCode.LOGIN_REFUSED,
        ProblemCode.TOKEN_MISSING,
        ProblemCode.KEYRING_UNAVAILABLE,
        ProblemCode.PERMISSION_REFUSED,
        ProblemCode.PROXY_LOGIN,
        ProblemCode.ROUTE_MISSING,
        ProblemCode.TLS_UNTRUSTED,
        ProblemCode.DISK_FULL,
        ProblemCode.INSTANCE_FAILED,
        ProblemCode.CONFIG_INVALID,
    }
)


class Standing(Enum):
    """How far an instance is."""

    BUSY = auto()
    DONE = auto()
    STUCK = auto()
    """What waits cannot be delivered before a person acts: waiting longer is of no use."""
    PAUSED = auto()
    """All is taken; a person paused the uploads."""


async def run_once(agent: Agent, timeout: float | None) -> Exit:  # noqa: ASYNC109 - of the whole run
    """Wait until no instance can do more, say what it leaves, then stop the agent."""
    found: list[Standing] | None = None
    try:
        async with asyncio.timeout(timeout):
            with progress("Delivering") as bar:
                found = await _through(agent, bar)
    except TimeoutError:
        say("The time is over.")
    finally:
        agent.request_stop()
    # No await from here on: what the agent stops is still as it was.
    status = agent.status()
    left = {name: one.instance.left() for name, one in agent.supervisors.items()}
    for line in what_is_left(status, left):
        say(line)
    return Exit.NOT_DELIVERED if found is None else _verdict(status, left, found)


async def _through(agent: Agent, bar: Bar) -> list[Standing] | None:
    """How far the instances are when none can do more; None where somebody else stopped the agent."""
    looks, found = 0, [Standing.BUSY]
    while looks < IDLE_LOOKS:
        await agent.clock.sleep(LOOK_EVERY)
        if agent.stop_requested:  # a signal, `agent stop`
            return None
        found = _look(agent)
        bar.left(_left(agent.status()))
        looks = 0 if Standing.BUSY in found else looks + 1
    return found


def _left(status: AgentStatus) -> int:
    """Files and reports that are on their way."""
    return sum(
        one.counts.queued + one.counts.processing + one.converting + sum(each.waiting for each in one.folders)
        for one in status.instances
    )


def _verdict(status: AgentStatus, left: Mapping[str, Sequence[Left]], found: list[Standing]) -> Exit:
    errors = any(one.counts.error for one in status.instances)
    # A folder that is missing, a converter that is: nobody knows what was not taken because of it.
    wrong = any(problem.severity is Severity.ERROR for problem in status.problems)
    if errors or wrong or Standing.STUCK in found:
        return Exit.NEEDS_PERSON
    waiting = any(left.values()) or any(each.error for one in status.instances for each in one.fetches)
    return Exit.NOT_DELIVERED if waiting or Standing.PAUSED in found else Exit.OK


def _look(agent: Agent) -> list[Standing]:
    problems = agent.status().problems
    return [
        _standing(one, [problem for problem in problems if problem.instance == name])
        for name, one in agent.supervisors.items()
    ]


def _standing(one: Supervisor, problems: list[Problem]) -> Standing:
    blocked = any(
        problem.severity is Severity.ERROR and problem.code in _WAITS_FOR_PERSON for problem in problems
    )
    if one.lifecycle is Lifecycle.FAILED:
        # A crash is tried again by itself, a few times; trouble at the start for ever.
        return Standing.STUCK if blocked and not one.retries_crash else Standing.BUSY
    if one.lifecycle is Lifecycle.STOPPED:
        return Standing.BUSY if one.wanted else Standing.STUCK
    if one.instance.idle:
        return Standing.DONE
    if not one.instance.taken_all:
        full = any(problem.code is ProblemCode.DISK_FULL for problem in problems)
        return Standing.STUCK if full else Standing.BUSY
    if one.instance.paused:
        return Standing.PAUSED
    return Standing.STUCK if blocked else Standing.BUSY
