"""A control channel whose calls take time: a program between the agent's socket and whoever calls.

`slow(socket, seconds)` moves the agent's socket aside and listens in its place.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fakes.waiting import until


@asynccontextmanager
async def slow(socket: str, seconds: float) -> AsyncIterator[None]:
    """While entered, each request to the agent at `socket` waits so long before it is passed on."""
    place, aside = Path(socket), Path(f"{socket}.real")
    await asyncio.to_thread(place.rename, aside)
    command = [sys.executable, "-m", "fakes.slow_channel", str(aside), str(place), str(seconds)]
    proxy = subprocess.Popen(command, cwd=Path(__file__).parents[1])  # noqa: ASYNC220 - milliseconds
    try:
        await until(place.exists, what="the slow channel")
        yield
    finally:
        proxy.kill()
        proxy.wait()
        await asyncio.to_thread(aside.replace, place)


async def _serve(real: str, place: str, seconds: float) -> None:
    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(real)
        await asyncio.gather(_pass(reader, back, seconds), _pass(there, writer, 0.0))

    server = await asyncio.start_unix_server(meet, place)
    Path(place).chmod(0o600)  # noqa: ASYNC240 - one call that does not block
    await server.serve_forever()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    while data := await reader.read(65536):
        await asyncio.sleep(seconds)
        writer.write(data)
        await writer.drain()
    writer.close()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], sys.argv[2], float(sys.argv[3])))
