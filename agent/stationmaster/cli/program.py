"""The agent as a program: lock, log, signals, control channel, and the ordered way out."""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING

from stationmaster.blocking import THREAD, BlockingExecutor
from stationmaster.cli.exit import Exit
from stationmaster.cli.once import run_once
from stationmaster.cli.output import tell
from stationmaster.config.lock import FileLock
from stationmaster.config.store import ConfigStore
from stationmaster.control.metrics_switch import MetricsSwitch
from stationmaster.control.server import ControlServer
from stationmaster.control.server_switch import ServerSwitch
from stationmaster.errors import ConfigError, StationmasterError
from stationmaster.home import frozen
from stationmaster.home.frozen import Frozen
from stationmaster.home.owner import become_owner
from stationmaster.home.paths import DETACHED_VARIABLE, GROUP, Home, Scope
from stationmaster.hosting.notify import SystemdNotifier, sentence
from stationmaster.runtime.agent import Agent
from stationmaster.runtime.health import LOOK_EVERY, Beat
from stationmaster.runtime.log import logging_to
from stationmaster.runtime.renewal import Renewal
from stationmaster.runtime.supervisor import expected_in

if TYPE_CHECKING:
    from stationmaster.hosting.launch import Launcher

_LOG = logging.getLogger(__name__)


def start(scope: str, *, once: bool, timeout: float, quiet: bool = False) -> int:
    """`agent run` as a whole, from its arguments to its exit code."""
    successor = _successor(scope) if os.environ.pop(DETACHED_VARIABLE, "") else None
    # The Task Scheduler of Windows starts nothing again that ended by itself.
    comes_again = successor is not None or sys.platform != "win32"
    program = frozen.own() if comes_again and not once else None
    try:
        home = Home.find(Scope(scope))
        code = run_program(home, once=once, timeout=timeout or None, quiet=quiet, program=program)
        if code is Exit.RESTART and successor is not None:
            successor.start()
    except StationmasterError as error:
        return tell(error)
    return code


def _successor(scope: str) -> Launcher:
    """What starts the next agent; made at once, as another program may lie in our place by then."""
    from stationmaster.hosting.launch import Launcher  # noqa: PLC0415 - for an agent in the background alone

    return Launcher(scope)


def run_program(
    home: Home,
    *,
    once: bool = False,
    timeout: float | None = None,
    quiet: bool = False,
    program: Frozen | None = None,
) -> Exit:
    """Run an agent in this process until it is told to stop.

    Args:
        home: whose instances.
        once: deliver what is there, then leave.
        timeout: seconds for that.
        quiet: its log goes to the file alone.
        program: its end is ours, too: see `Renewal`.

    Raises:
        StationmasterError: an agent runs already, or the home cannot be used.
    """
    become_owner(home)
    home.ensure()
    lock = FileLock(home.agent_lock, timeout=0.0)
    try:
        lock.acquire()
    except ConfigError as error:
        raise StationmasterError(
            "An agent is running already for this home.", next_step="Look: stationmaster agent status"
        ) from error
    try:
        level = ConfigStore(home).load_all().agent.log_level
        with logging_to(home.log, level=level, console=not quiet):
            return _run(home, program, once=once, timeout=timeout)
    finally:
        lock.release()


def _run(home: Home, program: Frozen | None, *, once: bool, timeout: float | None) -> Exit:
    try:
        return asyncio.run(_main(home, program, once=once, timeout=timeout))
    except BaseExceptionGroup as group:
        expected = expected_in(group)
        if expected is None:
            raise
        raise expected from group


async def _main(
    home: Home,
    program: Frozen | None,
    *,
    once: bool,
    timeout: float | None,  # noqa: ASYNC109 - of the whole run
) -> Exit:
    loop = asyncio.get_running_loop()
    # DNS, folders and small blocking calls share one thread; the storage has its own.
    loop.set_default_executor(BlockingExecutor(THREAD))
    agent = Agent(home)
    _stop_on_signals(loop, agent)
    notifier = _tell_systemd(agent)
    members = GROUP if home.scope is Scope.MACHINE else ""
    async with asyncio.TaskGroup() as group:
        running = group.create_task(agent.run())
        await agent.ready()  # the first snapshot that anybody sees has all instances
        async with ControlServer(agent, home.socket, group=members, budget=agent.budget.control):
            _LOG.info("agent ready, process %d", agent.status().pid)
            notifier.ready(sentence(agent.status()))
            metrics = group.create_task(MetricsSwitch(agent).run())
            server = group.create_task(ServerSwitch(agent).run())
            renewal = Renewal(program, agent.clock, agent.request_stop)
            renewing = group.create_task(renewal.run())
            watching = group.create_task(run_once(agent, timeout)) if once else None
            await agent.stopping()
            metrics.cancel()
            renewing.cancel()
            notifier.stopping(agent.budget.total)
        await running
        server.cancel()  # only now: uploads that were under way may go to it
        if watching:
            return await watching
        return Exit.RESTART if renewal.reason else Exit.OK


def _tell_systemd(agent: Agent) -> SystemdNotifier:
    """Let the agent's watchdog give signs of life to systemd, where that wants them."""
    notifier = SystemdNotifier()
    if notifier.patience:
        # It kills a process that is silent for too long with SIGABRT: its log then shows where that hung.
        faulthandler.enable()
    if notifier.listens:
        every = notifier.beat_every(LOOK_EVERY)
        agent.beat = Beat(every, lambda: notifier.alive(sentence(agent.status())))
    return notifier


def _stop_on_signals(loop: asyncio.AbstractEventLoop, agent: Agent) -> None:
    if sys.platform == "win32":
        signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(agent.request_stop))
        return
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, agent.request_stop)
