"""A part that the agent's own settings turn on and off while it runs. While off, nothing of it is loaded."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from contextlib import AsyncExitStack
from typing import Generic, TypeVar

import msgspec

from stationmaster.model import Problem
from stationmaster.runtime.agent import Agent

_LOG = logging.getLogger(__name__)
AGAIN = 30.0
"""Seconds until what could not be turned on, because a port is taken, is tried again."""

C = TypeVar("C", bound=msgspec.Struct)


class Switch(ABC, Generic[C]):
    """`run` lives until cancelled. Trouble is a Problem, and never the end of the agent."""

    def __init__(self, agent: Agent) -> None:
        """Off."""
        self._agent = agent
        self._news = asyncio.Event()
        self._trouble: Problem | None = None
        agent.on_config.append(self._news.set)
        agent.more_problems.append(lambda: (self._trouble,) if self._trouble else ())

    @abstractmethod
    def _wanted(self) -> C | None:
        """Its settings; None while it shall be off."""

    @abstractmethod
    async def _turn_on(self, stack: AsyncExitStack, config: C) -> Problem | None:
        """Put what ends it again on the stack; returns why it cannot be turned on now."""

    async def run(self) -> None:
        """Follow the settings."""
        while True:
            self._news.clear()
            config = self._wanted()
            async with AsyncExitStack() as stack:
                self._tell(None if config is None else await self._turn_on(stack, config))
                await self._other_than(config)

    async def _other_than(self, config: C | None) -> None:
        """Until other settings hold, or it is time to try again."""
        while self._wanted() == config:
            self._news.clear()
            if self._trouble is None:
                await self._news.wait()
            elif not await self._agent.clock.wait(self._news, AGAIN):
                return

    def _tell(self, trouble: Problem | None) -> None:
        before, self._trouble = self._trouble, trouble
        if (before and before.text) != (trouble and trouble.text):
            if trouble is not None:
                _LOG.warning("%s", trouble.text)
            self._agent.changed()
