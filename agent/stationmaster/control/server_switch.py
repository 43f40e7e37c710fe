"""Turns the embedded server in the agent on and off as the settings say."""

from __future__ import annotations

from contextlib import AsyncExitStack

from stationmaster.config.embedded_server_schema import EmbeddedServerConfig
from stationmaster.control.switch import Switch
from stationmaster.errors import StationmasterError
from stationmaster.model import Problem, ProblemCode, Severity

MAX_BODY = 4 * 1024 * 1024
"""Bytes of a report: a larger one would hold up the agent, which shares this loop, while it is read."""

_OTHER_PORT = (
    "End the program that has the port (stationmaster server run?), or choose another: "
    "stationmaster config edit --set embedded_server.port=8081"
)
_DATABASE = "Check that file, its folder and their rights. It is tried again every 30 seconds."


class ServerSwitch(Switch[EmbeddedServerConfig]):
    """See `Switch`. The agent's snapshot says where the server answers."""

    def _wanted(self) -> EmbeddedServerConfig | None:
        config = self._agent.config.embedded_server
        return config if config.enabled else None

    async def _turn_on(self, stack: AsyncExitStack, config: EmbeddedServerConfig) -> Problem | None:
        from stationmaster.embedded_server import (  # noqa: PLC0415 - most agents run none
            EmbeddedServer,
            PortError,
            ServerSettings,
        )

        settings = ServerSettings(
            database=self._agent.home.embedded_server, port=config.port, max_body=MAX_BODY
        )
        server = EmbeddedServer(settings, clock=self._agent.clock)
        try:
            await stack.enter_async_context(server)
        except StationmasterError as error:
            return Problem(
                code=ProblemCode.EMBEDDED_SERVER_UNAVAILABLE,
                severity=Severity.WARNING,
                title="The embedded server does not run",
                text=f"{error.text} What other servers get is not affected.",
                next_step=_OTHER_PORT if isinstance(error, PortError) else _DATABASE,
                since=self._agent.clock.now(),
            )
        self._say(server.url)
        stack.callback(self._say, "")
        return None

    def _say(self, address: str) -> None:
        self._agent.embedded_server = address
        self._agent.changed()
