"""Turns the listener for figures on and off as the settings say. While it is off nothing of it is loaded."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack

from stationmaster.config.metrics_schema import MetricsConfig
from stationmaster.model import Problem, ProblemCode, Severity
from stationmaster.runtime.agent import Agent

_LOG = logging.getLogger(__name__)
AGAIN = 30.0
"""Seconds until a port that is taken is tried again."""


class MetricsSwitch:
    """`run` lives until cancelled. A port that is taken is a Problem, and never the end of the agent."""

    def __init__(self, agent: Agent) -> None:
        """Off."""
        self._agent = agent
        self._news = asyncio.Event()
        self._trouble: Problem | None = None
        agent.on_config.append(self._news.set)
        agent.more_problems.append(lambda: (self._trouble,) if self._trouble else ())

    async def run(self) -> None:
        """Follow the settings."""
        while True:
            self._news.clear()
            config = self._agent.config.metrics
            async with AsyncExitStack() as stack:
                if config.enabled:
                    await self._on(stack, config)
                else:
                    self._tell(None)
                await self._other_than(config)

    async def _other_than(self, config: MetricsConfig) -> None:
        """Until other settings hold, or it is time to try again."""
        while self._agent.config.metrics == config:
            self._news.clear()
            if self._trouble is None:
                await self._news.wait()
            elif not await self._agent.clock.wait(self._news, AGAIN):
                return

    async def _on(self, stack: AsyncExitStack, config: MetricsConfig) -> None:
        try:
            from stationmaster.control.metrics import MetricsListener  # noqa: PLC0415 - brings prometheus_client

            await stack.enter_async_context(MetricsListener(self._agent, config))
        except (OSError, UnicodeError, ImportError) as error:
            self._tell(
                Problem(
                    code=ProblemCode.METRICS_UNAVAILABLE,
                    severity=Severity.WARNING,
                    title="The figures for monitoring cannot be read",
                    text=f"Nothing can listen at {config.host}, port {config.port}: "
                    f"{getattr(error, 'strerror', None) or error}. Reports are taken and sent all the same.",
                    next_step="End the program that has the port, or choose another: "
                    "stationmaster config edit --set metrics.port=9465",
                    since=self._agent.clock.now(),
                )
            )
        else:
            self._tell(None)
            _LOG.info("figures at http://%s:%d/metrics", config.host, config.port)

    def _tell(self, trouble: Problem | None) -> None:
        before, self._trouble = self._trouble, trouble
        if (before is None) != (trouble is None):
            if trouble is not None:
                _LOG.warning("%s", trouble.text)
            self._agent.changed()
