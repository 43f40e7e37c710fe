"""Reads the body of an answer, within a limit."""

from __future__ import annotations

import zlib

import aiohttp


async def read_body(response: aiohttp.ClientResponse, limit: int) -> tuple[bytes, bool]:
    """At most `limit` bytes of the body, unpacked, and whether that is all of it."""
    unpack = _unpacker(response.headers.get("Content-Encoding", ""))
    length = response.content_length
    if unpack is None and length is not None and length <= limit:
        return await response.read(), True
    body = bytearray()
    async for chunk in response.content.iter_chunked(65536):
        body += chunk if unpack is None else unpack.decompress(chunk, limit + 1 - len(body))
        if len(body) > limit or (unpack is not None and unpack.unconsumed_tail):
            response.close()
            return bytes(body[:limit]), False
    return bytes(body), unpack is None or unpack.eof


def _unpacker(encoding: str) -> zlib._Decompress | None:
    """What unpacks an answer that is compressed although we asked for a plain one."""
    # 32: gzip or zlib, told by the first bytes.
    return zlib.decompressobj(zlib.MAX_WBITS | 32) if encoding.lower() in {"gzip", "deflate"} else None
