"""Turns the listener for figures on and off as the settings say."""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack

from stationmaster.config.metrics_schema import MetricsConfig
from stationmaster.control.switch import Switch
from stationmaster.model import Problem, ProblemCode, Severity

_LOG = logging.getLogger(__name__)


class MetricsSwitch(Switch[MetricsConfig]):
    """See `Switch`."""

    def _wanted(self) -> MetricsConfig | None:
        config = self._agent.config.metrics
        return config if config.enabled else None

    async def _turn_on(self, stack: AsyncExitStack, config: MetricsConfig) -> Problem | None:
        try:
            from stationmaster.control.metrics import MetricsListener  # noqa: PLC0415 - brings prometheus_client

            await stack.enter_async_context(MetricsListener(self._agent, config))
        except (OSError, UnicodeError, ImportError) as error:
            return Problem(
                code=ProblemCode.METRICS_UNAVAILABLE,
                severity=Severity.WARNING,
                title="The figures for monitoring cannot be read",
                text=f"Nothing can listen at {config.host}, port {config.port}: "
                f"{getattr(error, 'strerror', None) or error}. Reports are taken and sent all the same.",
                next_step="End the program that has the port, or choose another: "
                "stationmaster config edit --set metrics.port=9465",
                since=self._agent.clock.now(),
            )
        _LOG.info("figures at http://%s:%d/metrics", config.host, config.port)
        return None
