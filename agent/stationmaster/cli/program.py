"""The agent as a program: lock, log, signals, control channel, and the ordered way out."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from concurrent.futures import ThreadPoolExecutor

from stationmaster.cli.exit import Exit
from stationmaster.config.lock import FileLock
from stationmaster.config.store import ConfigStore
from stationmaster.control.server import ControlServer
from stationmaster.errors import ConfigError, StationmasterError
from stationmaster.home.paths import Home, Scope
from stationmaster.model import Lifecycle, Severity
from stationmaster.runtime.agent import Agent
from stationmaster.runtime.log import logging_to

_LOG = logging.getLogger(__name__)
IDLE_LOOKS = 3
"""How often in a row everything must be idle before `--once` believes it."""


def run_program(home: Home, *, once: bool = False, timeout: float | None = None) -> Exit:
    """Run an agent in this process until it is told to stop.

    Raises:
        StationmasterError: an agent runs already, or the home cannot be used.
    """
    home.ensure()
    lock = FileLock(home.agent_lock, timeout=0.0)
    try:
        lock.acquire()
    except ConfigError as error:
        raise StationmasterError(
            "An agent is running already for this home.", next_step="Look: stationmaster agent status"
        ) from error
    level = ConfigStore(home).load_all().agent.log_level
    try:
        with logging_to(home.log, level=level, console=True):
            return asyncio.run(_main(home, once=once, timeout=timeout))
    finally:
        lock.release()


async def _main(home: Home, *, once: bool, timeout: float | None) -> Exit:  # noqa: ASYNC109 - of the whole run
    loop = asyncio.get_running_loop()
    # DNS and small blocking calls share one thread; the storage has its own.
    loop.set_default_executor(ThreadPoolExecutor(max_workers=1, thread_name_prefix="blocking"))
    agent = Agent(home)
    _stop_on_signals(loop, agent)
    mode = 0o660 if home.scope is Scope.MACHINE else 0o600
    async with asyncio.TaskGroup() as group:
        running = group.create_task(agent.run())
        async with ControlServer(agent, home.socket, mode=mode):
            _LOG.info("agent ready, process %d", agent.status().pid)
            watching = group.create_task(_once(agent, timeout)) if once else None
            await agent.stopping()
        await running
        return await watching if watching else Exit.OK


def _stop_on_signals(loop: asyncio.AbstractEventLoop, agent: Agent) -> None:
    if sys.platform == "win32":
        signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(agent.request_stop))
        return
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, agent.request_stop)


async def _once(agent: Agent, timeout: float | None) -> Exit:  # noqa: ASYNC109 - of the whole run
    """Wait until everything is taken and delivered, then stop the agent."""
    try:
        async with asyncio.timeout(timeout):
            looks = 0
            while looks < IDLE_LOOKS:
                looks = looks + 1 if _idle(agent) else 0
                if _needs_person(agent):
                    return Exit.NEEDS_PERSON
                await agent.clock.sleep(0.1)
    except TimeoutError:
        return Exit.NOT_DELIVERED
    finally:
        agent.request_stop()
    errors = any(one.counts.error for one in agent.status().instances)
    return Exit.NEEDS_PERSON if errors else Exit.OK


def _idle(agent: Agent) -> bool:
    return all(
        one.instance.idle or one.lifecycle in {Lifecycle.STOPPED, Lifecycle.FAILED}
        for one in agent.supervisors.values()
    )


def _needs_person(agent: Agent) -> bool:
    """Nothing that waits can be delivered without a person: no use in waiting."""
    return any(
        problem.severity is Severity.ERROR
        and problem.code in {"login-refused", "token-missing", "config-invalid"}
        for problem in agent.status().problems
    )
