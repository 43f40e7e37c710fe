"""A server that takes connections and answers only when it is told to: for what is seen meanwhile."""

from __future__ import annotations

import asyncio
from typing import Self

_ANSWER = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class HeldServer:
    """Asks for a token whoever comes, as soon as `release` is set.

    Attributes:
        url: by name, so that it is looked up.
        left: somebody went away before the answer.
    """

    def __init__(self) -> None:
        self.url = ""
        self.release = asyncio.Event()
        self.left = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        self.url = f"http://localhost:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.release.set()
        self._server.close()
        await self._server.wait_closed()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        gone = asyncio.create_task(reader.read(1))
        released = asyncio.create_task(self.release.wait())
        await asyncio.wait({gone, released}, return_when=asyncio.FIRST_COMPLETED)
        if gone.done():
            self.left.set()
        else:
            writer.write(_ANSWER)
        gone.cancel()
        released.cancel()
        writer.close()
