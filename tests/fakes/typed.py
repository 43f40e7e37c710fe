"""Commands as a person types them, in this process, with a real agent behind its real socket."""

from __future__ import annotations

import asyncio
import json
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from typer.testing import CliRunner

from fakes.hosted import Hosted
from fakes.waiting import PATIENCE
from stationmaster.cli.root import application
from stationmaster.control.server import ControlServer


@dataclass(frozen=True)
class Said:
    """What a command answered.

    Attributes:
        code: its exit code.
        out: what came on standard output, the answer.
        talk: what came on standard error.
    """

    code: int
    out: str
    talk: str

    @property
    def data(self) -> Any:
        """The answer of a command with `--json`, after a look at its envelope."""
        envelope = json.loads(self.out)
        assert list(envelope) == ["schema", "kind", "data"]
        assert envelope["schema"] == 1
        return envelope["data"]


def run(env: dict[str, str], *words: str, given: str = "") -> Said:
    """Run a command to its end; anything but an exit is a defect.

    Args:
        env: its environment, added to ours.
        words: what follows `stationmaster`.
        given: what it finds on standard input.
    """
    done = CliRunner(env=env).invoke(application(words), words, input=given)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise AssertionError(f"{words}: {''.join(traceback.format_exception(done.exception))}")
    return Said(done.exit_code, done.stdout, done.stderr)


class Typist:
    """Types commands while the test's own loop runs the agent.

    Attributes:
        env: further variables of the commands' environment.
    """

    def __init__(self, hosted: Hosted) -> None:
        self.hosted = hosted
        self.env = {"STATIONMASTER_HOME": str(hosted.root / "home")}
        # The agent's own thread for blocking calls must stay free: it answers these commands.
        self._hands = ThreadPoolExecutor(max_workers=1, thread_name_prefix="typist")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hands.shutdown()

    def begin(self, *words: str, given: str = "") -> asyncio.Future[Said]:
        """Type a command that may need time to pass."""
        loop = asyncio.get_running_loop()
        return loop.run_in_executor(self._hands, lambda: run(self.env, *words, given=given))

    async def type(self, *words: str, given: str = "") -> Said:
        """Type a command and read what it says."""
        async with asyncio.timeout(PATIENCE):
            return await self.begin(*words, given=given)

    def agent(self) -> ControlServer:
        """The control channel of the agent that runs: `async with` opens and closes it."""
        return ControlServer(self.hosted.agent, self.hosted.home.socket)
