"""The agent's end of the pipes to one child: bytes in, answers out; plain protocols, no task."""

from __future__ import annotations

import asyncio
from typing import Any

from stationmaster.worker.frame import FrameError, FrameReader
from stationmaster.worker.output import Output


class ChannelClosedError(ConnectionError):
    """The child closed its end, or wrote what is no message of ours."""


class Channel(asyncio.Protocol):
    """Hands the next message of the child to whoever expects it."""

    def __init__(self) -> None:
        """Start open, expecting nothing."""
        self._frames = FrameReader()
        self._answer: asyncio.Future[dict[str, Any]] | None = None
        self.closed = False

    def expect(self) -> asyncio.Future[dict[str, Any]]:
        """The next message, or the exception that came instead of it."""
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answer = answer
        if self.closed:
            self.fail(ChannelClosedError("the child is gone"))
        return answer

    def fail(self, error: Exception) -> None:
        """Give the one who expects a message `error` instead."""
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_exception(error)

    def data_received(self, data: bytes) -> None:
        """Bytes from the child."""
        try:
            for message in self._frames.feed(data):
                answer, self._answer = self._answer, None
                if answer is not None and not answer.done():
                    answer.set_result(message)
        except FrameError as error:
            self.closed = True
            self.fail(ChannelClosedError(str(error)))

    def connection_lost(self, exc: Exception | None) -> None:
        """The child closed its end."""
        self.closed = True
        self.fail(ChannelClosedError(str(exc or "the child closed its end")))


class OutputPipe(asyncio.Protocol):
    """Feeds the child's prints into an `Output`."""

    def __init__(self, output: Output) -> None:
        """Feed `output`."""
        self._output = output
        self.ended = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        """Bytes that the child printed."""
        self._output.feed(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the loop's signature
        """Nothing more will come."""
        self.ended.set()
