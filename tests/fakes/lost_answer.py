"""A control channel that loses answers: the agent does what it is asked for, and nobody hears of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path


@asynccontextmanager
async def answers_lost(socket: str, begin: bytes) -> AsyncIterator[asyncio.Event]:
    """While entered, requests to the agent at `socket` that begin so are not answered; set: one was not."""
    place, aside = Path(socket), Path(f"{socket}.real")
    lost, tasks = asyncio.Event(), set[asyncio.Task[None]]()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(str(aside))
        silent = asyncio.Event()

        async def ask() -> None:
            while data := await reader.read(65536):
                if data.startswith(begin):
                    silent.set()
                back.write(data)
                await back.drain()
            back.close()

        async def answer() -> None:
            while data := await there.read(65536):
                if silent.is_set():
                    lost.set()
                    continue
                writer.write(data)
                await writer.drain()
            writer.close()

        tasks.update(asyncio.ensure_future(one) for one in (ask(), answer()))

    await asyncio.to_thread(place.rename, aside)
    server = await asyncio.start_unix_server(meet, socket)
    await asyncio.to_thread(place.chmod, 0o600)
    try:
        yield lost
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(aside.replace, place)
