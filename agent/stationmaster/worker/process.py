"""A child process with limits: time, memory, output. What passes a limit is killed, the agent goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from stationmaster.worker.channel import Channel, ChannelClosedError
from stationmaster.worker.environment import child_command, child_environment
from stationmaster.worker.error import (
    ChildCrashedError,
    ChildFloodError,
    ChildHandlerError,
    ChildMemoryError,
    ChildTimeoutError,
)
from stationmaster.worker.frame import pack
from stationmaster.worker.memory import MemoryWatch, watch_memory
from stationmaster.worker.output import Output
from stationmaster.worker.spawn import Spawned, spawn

START_TIMEOUT = 30.0
"""Seconds until a child is ready; a busy computer needs some."""
_MB = 1024 * 1024


class _FloodedError(Exception):
    """Inside this module: the output limit was passed."""


class _OutgrownError(Exception):
    """Inside this module: the memory limit was passed (seen from outside)."""


class ChildProcess:
    """One child that runs `module` and answers one request at a time.

    Lifecycle: `await start()`, any number of `request`s, `await aclose()`; or use it as an async context
    manager. After an error other than `ChildHandlerError`, and after a request was cancelled, the child is
    dead; `start()` makes a new one.
    """

    def __init__(
        self,
        module: str,
        *,
        memory_mb: int = 0,
        output_mb: float = 4,
        folder: Path | None = None,
        env: Mapping[str, str] | None = None,
        watch: Callable[[int, int, Callable[[], None]], MemoryWatch | None] = watch_memory,
    ) -> None:
        """Nothing is started yet.

        Args:
            module: name of a module whose `main()` calls `stationmaster.worker.child.serve`.
            memory_mb: memory a request may take on top of what the idle child has; 0: no limit.
            output_mb: what it may print during one request.
            folder: its working folder and place for temporary files.
            env: variables that it gets beside, or instead of, ours.
            watch: makes the watch over its memory from outside, where the system cannot cap it.
        """
        self.module = module
        self._memory_mb = memory_mb
        self._output_limit = int(output_mb * _MB)
        self._folder = folder
        self._env = dict(env or {})
        self._watch = watch
        self._child: Spawned | None = None
        self._channel = Channel()
        self._output = Output(self._output_limit, self._flooded)
        self._busy = False

    @property
    def alive(self) -> bool:
        """Started, and its end of the channel is open."""
        return self._child is not None and not self._channel.closed

    @property
    def busy(self) -> bool:
        """A request is under way."""
        return self._busy

    @property
    def pid(self) -> int | None:
        """Process id of the child, None when there is none."""
        return self._child.pid if self._child else None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def start(self) -> None:
        """Start the child and wait until it is ready; nothing happens when it is already.

        Raises:
            ChildCrashedError: it ended before it was ready, or could not be started.
            ChildTimeoutError: it was not ready in time.
        """
        if self.alive:
            return
        await self.aclose()
        self._channel = Channel()
        self._output = Output(self._output_limit, self._flooded)
        ready = self._channel.expect()
        try:
            self._child = await spawn(
                child_command(self.module),
                env={**child_environment(folder=self._folder), **self._env},
                folder=self._folder,
                channel=self._channel,
                output=self._output,
                memory_mb=self._memory_mb,
            )
        except OSError as error:
            ready.cancel()
            raise ChildCrashedError(None, text=f"the process cannot be started: {error}") from error
        await self._answer(ready, START_TIMEOUT)

    async def request(
        self,
        message: Mapping[str, Any],
        timeout: float,  # noqa: ASYNC109 - the limit is part of the request
        *,
        memory_mb: int | None = None,
    ) -> dict[str, Any]:
        """Send `message`, wait for the answer.

        `message["op"]` names the handler; `memory_mb` replaces the child's own cap for this request, except
        on Windows. On a limit or a crash the child has been killed and reaped when this raises.

        Raises:
            ChildTimeoutError: no answer within `timeout` seconds.
            ChildCrashedError: it ended; `ChildMemoryError` where its memory was the reason.
            ChildFloodError: it printed more than it may.
            ChildHandlerError: the handler raised; the child is well.
        """
        if self._child is None or self._busy:
            raise RuntimeError("a child answers one request at a time, after start()")
        cap = self._memory_mb if memory_mb is None else memory_mb
        limits = {"memory_mb": cap, "seconds": timeout}
        frame = pack({**message, "limits": limits})
        self._output.reset()
        answer = self._channel.expect()
        self._child.write(frame)
        memory = self._watch(self._child.pid, cap, self._outgrown)
        try:
            reply = await self._answer(answer, timeout)
        finally:
            if memory is not None:
                memory.stop()
        if (reply.get("failure") or {}).get("kind") == "MemoryError":
            raise _memory_error(await self._ended(0), self._output.tail)
        return self._opened(reply)

    def kill(self) -> None:
        """End the child at once; `aclose` is still needed to reap it."""
        if self._child is not None:
            self._child.kill()

    async def aclose(self) -> None:
        """End the child: its input is closed, after 1 s it is killed. Idempotent."""
        child, self._child = self._child, None
        if child is not None:
            if self._busy:
                child.kill()
            await child.end(1.0)

    async def _answer(self, answer: asyncio.Future[dict[str, Any]], seconds: float) -> dict[str, Any]:
        self._busy = True
        try:
            async with asyncio.timeout(seconds):
                return await answer
        except TimeoutError:
            await self._ended(0)
            raise ChildTimeoutError(
                f"no answer within {seconds:g} s, the process was killed", output=self._output.tail
            ) from None
        except _FloodedError:
            await self._ended(0)
            raise ChildFloodError(
                f"more than {self._output_limit / _MB:g} MB were printed, the process was killed",
                output=self._output.tail,
            ) from None
        except _OutgrownError:
            code = await self._ended(0)
            raise _memory_error(code, self._output.tail) from None
        except ChannelClosedError:
            code = await self._ended(0.5)
            raise ChildCrashedError(code, output=self._output.tail) from None
        except asyncio.CancelledError:
            # what it is doing now nobody waits for; it cannot be asked anything else before that ends
            self.kill()
            self._channel.closed = True
            raise
        finally:
            self._busy = False

    def _opened(self, reply: dict[str, Any]) -> dict[str, Any]:
        """The answer itself, or the handler's exception."""
        failure = reply.get("failure")
        if failure is None:
            answer = reply.get("answer")
            return answer if isinstance(answer, dict) else {}
        raise ChildHandlerError(
            str(failure["text"]),
            kind=str(failure["kind"]),
            errno=failure["errno"],
            trace=str(failure["trace"]),
            output=self._output.tail,
        )

    async def _ended(self, grace: float) -> int | None:
        child, self._child = self._child, None
        if child is None:
            return None
        if not grace:
            child.kill()
        return await child.end(grace)

    def _flooded(self) -> None:
        self.kill()
        self._channel.fail(_FloodedError())

    def _outgrown(self) -> None:
        self.kill()
        self._channel.fail(_OutgrownError())


def _memory_error(code: int | None, output: str) -> ChildMemoryError:
    text = "more memory was wanted than is allowed, the process was killed"
    return ChildMemoryError(code, output=output, text=text)
