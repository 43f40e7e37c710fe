"""The tray's connection to the agent: attaches, follows its snapshots, starts one where none runs."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from PySide6.QtCore import QObject, Signal

from stationmaster.control.client import ControlClient
from stationmaster.control.protocol import PROTOCOL
from stationmaster.errors import ControlError, NoAgentError, StationmasterError
from stationmaster.hosting.launch import Launcher
from stationmaster.model import AgentStatus
from stationmaster_tray.seen import Contact, Seen
from stationmaster_tray.task import unexpected
from stationmaster_tray.text import tr

_LOG = logging.getLogger(__name__)

LOOK_EVERY = 0.5
"""Seconds between two looks whether an agent runs by now."""
SILENCE = 5.0
"""Seconds without a snapshot after which the agent is asked whether it is still there."""
PATIENCE = 15.0
"""Seconds that it may take to answer that, and that a new one may take to answer at all."""
BACKOFF = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Seconds before a dead agent is started again: the last one for ever after."""
LEAVE = 20.0
"""Seconds that an agent has to take the order to end: a new one may need some until it listens."""
WELL = timedelta(seconds=60)
"""An agent that lived this long was well: the next one starts at once again."""


class Session(QObject):
    """Follows the agent of one scope. `changed` carries each new `Seen`; `seen` is the last one.

    Who ends an agent in order (the menu, `agent stop`, a service being upgraded) wants it to stay so: then
    we wait for the next one. Where it died, we start it again, unless a service does that.
    """

    changed = Signal(object)

    def __init__(
        self,
        launcher: Launcher,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing happens before `run`; times are told by `now` and measured by `monotonic`."""
        super().__init__()
        self.launcher = launcher
        self._now = now
        self._monotonic = monotonic
        self.seen = Seen(since=now())
        self._client: ControlClient | None = None
        self._wanted: bool | None = None
        """Somebody wants an agent to run, or none; None: nobody said, it runs unless a service sees to it."""
        self._supervised = False
        self._deaths = 0
        self._started_at: float | None = None
        """By the monotonic clock: were the other set back, a dead agent would stay dead till it caught up."""
        self._wake = asyncio.Event()
        self._turn = asyncio.Lock()
        """Held by who starts an agent or ends it: one that is half started could not be told to end."""

    # ---------------------------------------------------------------- what others use
    @property
    def client(self) -> ControlClient:
        """Calls to the agent.

        Raises:
            NoAgentError: none runs now.
        """
        if self._client is None:
            raise NoAgentError(
                self.seen.text or tr("The agent does not run."),
                next_step=self.seen.next_step or tr("Click the icon to start it."),
            )
        return self._client

    def start_agent(self) -> None:
        """A person wants an agent: start one at once."""
        self._wanted, self._deaths, self._started_at = True, 0, None
        self._wake.set()

    def stop_starting(self) -> None:
        """We leave, or the agent is about to be stopped: start none any more."""
        self._wanted = False

    async def end_agent(self) -> None:
        """End the agent in order, also one that has not answered yet; returns at once where there is none.

        Raises:
            StationmasterError: it does not answer, or refuses: it runs on.
        """
        wanted, self._wanted = self._wanted, False
        try:
            async with asyncio.timeout(LEAVE), self._turn:  # who is starting one is done first
                await self._shut_down()
        except TimeoutError as error:
            self._wanted = wanted
            raise StationmasterError(
                tr("The agent does not answer, so it could not be stopped."),
                next_step=tr("Wait a moment and try again, or quit the tray alone: the agent goes on."),
            ) from error
        except BaseException:
            self._wanted = wanted
            raise

    async def restart_agent(self) -> None:
        """End the agent, of whichever version, and start the one that belongs to us.

        Raises:
            StationmasterError: it does not answer, or it is not for us to start it.
        """
        if self.launcher.restart_step:
            raise StationmasterError(other_version(), next_step=self.launcher.restart_step)
        await self.end_agent()
        self.start_agent()

    async def _shut_down(self) -> None:
        while True:
            try:
                async with ControlClient(self.launcher.address, timeout=2 * LEAVE) as client:
                    return await client.shutdown()
            except ControlError as error:
                if error.code == PROTOCOL and error.status < 400:
                    return None  # one of another version: it ends, and says so in its own way
                raise
            except NoAgentError:
                if not self.launcher.mine:
                    return None  # nobody is there: that is what is wanted
            await asyncio.sleep(LOOK_EVERY)

    async def run(self) -> None:
        """Attach, follow, start; until cancelled."""
        while True:
            try:
                await self._follow()
                self._wanted, self._deaths = False, 0
                self._tell(Contact.GONE, tr("The agent was stopped."), tr("Click the icon to start it."))
            except _SilentError as error:
                self._tell(Contact.REFUSED, error.text, error.next_step)
            except NoAgentError as error:
                await self._missing(error)
            except ControlError as error:
                self._refused(error)
            except Exception as error:  # noqa: BLE001 - a bug here must not take the window down
                _LOG.exception("unexpected")
                wrong = unexpected(error)
                self._tell(Contact.REFUSED, wrong.text, wrong.next_step)
            finally:
                self._client = None
            self._wake.clear()
            try:
                async with asyncio.timeout(LOOK_EVERY):
                    await self._wake.wait()
            except TimeoutError:
                pass

    # ---------------------------------------------------------------- following
    async def _follow(self) -> None:
        """Follow the agent's snapshots to their end, which is its own; raises where it was lost."""
        # It looks at files of the home, which may lie on a network: once for each agent, not on this thread.
        self._supervised = await asyncio.to_thread(lambda: self.launcher.supervised)
        async with ControlClient(self.launcher.address) as client:
            heard = asyncio.Event()
            watching = asyncio.create_task(self._watch(client, heard))
            asking = asyncio.create_task(self._ask(client, heard))
            try:
                done, _ = await asyncio.wait({watching, asking}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (watching, asking):
                    task.cancel()
                await asyncio.gather(watching, asking, return_exceptions=True)
            for task in done:
                task.result()

    async def _watch(self, client: ControlClient, heard: asyncio.Event) -> None:
        async for status in client.watch():
            heard.set()
            self._client = client
            self._attached(status)

    async def _ask(self, client: ControlClient, heard: asyncio.Event) -> None:
        """Notice an agent that hangs, or a computer that slept: a stream alone would be silent for ever."""
        while True:
            heard.clear()
            try:
                async with asyncio.timeout(SILENCE):
                    await heard.wait()
            except TimeoutError:
                try:
                    async with asyncio.timeout(PATIENCE):
                        await client.status()
                except TimeoutError:
                    raise _SilentError(
                        tr("The agent does not answer."), next_step=tr("Restart it, or wait: it may be busy.")
                    ) from None

    def _attached(self, status: AgentStatus) -> None:
        if self.seen.contact is not Contact.ATTACHED:
            _LOG.info("attached to the agent, process %d", status.pid)
        self._wanted = None
        since = self.seen.since if self.seen.contact is Contact.ATTACHED else self._now()
        if self._now() - since > WELL:
            self._deaths = 0
        self._set(
            Seen(
                contact=Contact.ATTACHED,
                status=status,
                restarted_at=self.seen.restarted_at,
                since=since,
            )
        )

    # ---------------------------------------------------------------- starting
    async def _missing(self, error: NoAgentError) -> None:
        """No agent answers: start one, if that is for us to do and the time for it has come."""
        died = self.seen.contact is Contact.ATTACHED
        if died:
            _LOG.warning("the agent is gone: %s", error.text)
            self._tell(Contact.STARTING, tr("The agent ended unexpectedly."), "")
        wanted = not self._supervised if self._wanted is None else self._wanted
        if not wanted:
            if self.seen.contact is not Contact.GONE:
                self._tell(Contact.GONE, error.text, tr("Click the icon to start it."))
            return
        if self._started_at is not None and not self._due(self._started_at):
            return
        await self._start(again=died or self._deaths > 0)

    def _due(self, started_at: float) -> bool:
        """The agent that we started has ended, or stays silent for too long; and its pause is over."""
        waited = self._monotonic() - started_at
        if self.launcher.mine and waited < PATIENCE:
            return False
        return waited >= BACKOFF[min(self._deaths, len(BACKOFF) - 1)]

    async def _start(self, *, again: bool) -> None:
        async with self._turn:
            if self._wanted is not False:
                await self._started(again=again)

    async def _started(self, *, again: bool) -> None:
        ended = await asyncio.to_thread(self.launcher.ended)
        if self.launcher.mine:
            return  # it lives and is only slow, or is about to be gone: no start, so no pause before the next
        self._started_at = self._monotonic()
        self._deaths += 1
        try:
            await asyncio.to_thread(self.launcher.start)
        except StationmasterError as error:
            self._tell(Contact.STARTING, error.text, error.next_step)
            return
        text = tr("The agent is starting.")
        if ended is not None and ended[1] and self._deaths > 2:
            text = tr("The agent does not stay: {words}", words=ended[1])
        self._set(
            Seen(
                contact=Contact.STARTING,
                text=text,
                restarted_at=self._now() if again else self.seen.restarted_at,
                since=self.seen.since,
            )
        )

    # ---------------------------------------------------------------- telling
    def _refused(self, error: ControlError) -> None:
        """One answers, and we cannot follow it."""
        if error.code == PROTOCOL:
            if self.seen.contact is not Contact.OTHER:
                _LOG.info("the agent is of another version: %s", error.text)
            self._tell(Contact.OTHER, other_version(), self.launcher.restart_step)
        else:
            self._tell(Contact.REFUSED, error.text, error.next_step)

    def _tell(self, contact: Contact, text: str, next_step: str) -> None:
        same = contact is self.seen.contact
        self._set(
            Seen(
                contact=contact,
                text=text,
                next_step=next_step,
                restarted_at=self.seen.restarted_at,
                since=self.seen.since if same else self._now(),
            )
        )

    def _set(self, seen: Seen) -> None:
        if seen != self.seen:
            self.seen = seen
            self.changed.emit(seen)


def other_version() -> str:
    """What is said of an agent that this window has no common words with."""
    return tr("The agent is of another version than this window: restart it.")


class _SilentError(NoAgentError):
    """One is there and says nothing: another one beside it would help nobody."""
