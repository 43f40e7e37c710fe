"""The control channel as something else than our client speaks to it: raw requests."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fakes.hosted import Hosted
from fakes.waiting import PATIENCE
from stationmaster.control import protocol
from stationmaster.model import PROTOCOL_VERSION

VERSION = {protocol.VERSION_HEADER: str(PROTOCOL_VERSION)}


@dataclass(frozen=True)
class Channel:
    """The control channel of a running agent."""

    hosted: Hosted
    path: str

    async def raw(self, request: bytes) -> bytes:
        """Send these bytes; the head and the body of the answer, as far as they come."""
        reader, writer = await asyncio.open_unix_connection(self.path)
        try:
            writer.write(request)
            async with asyncio.timeout(PATIENCE):
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
                return head + await reader.readexactly(int(length[1]) if length else 0)
        finally:
            writer.close()

    async def ask(
        self, method: str, route: str, body: bytes = b"", headers: Mapping[str, str] = VERSION
    ) -> tuple[int, Any]:
        """A request; status and body of the answer, parsed where it is JSON."""
        fields = {"Host": "agent", "Connection": "close", "Content-Length": str(len(body)), **headers}
        head = f"{method} {route} HTTP/1.1\r\n" + "".join(f"{key}: {one}\r\n" for key, one in fields.items())
        answer, _, rest = (await self.raw(head.encode() + b"\r\n" + body)).partition(b"\r\n\r\n")
        lines = answer.decode().split("\r\n")
        assert f"{protocol.VERSION_HEADER}: {PROTOCOL_VERSION}" in lines, "each answer says the version"
        return int(lines[0].split()[1]), json.loads(rest) if rest[:1] == b"{" else rest
