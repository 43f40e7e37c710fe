"""The client against real sockets: headers, proxies, answers of any size, and what never leaks."""

from __future__ import annotations

import asyncio
import gzip
import traceback
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fakes.clock import FakeClock
from fakes.oracle import VERSION, Oracle
from fakes.oracle_script import Act, Behaviour, Rule, Script, status
from stationmaster.errors import (
    NeedsLoginError,
    NeedsUserError,
    RejectedError,
    StationmasterError,
    TransientError,
)
from stationmaster.model import ProblemCode
from stationmaster.wats.address import base_url
from stationmaster.wats.client import ServerAddress, WatsClient

TOKEN = "bmFtZTpzZWNyZXQ="
ID = "0a6bbf4e-3f4c-4a55-8b57-1f9a1d6f2b10"
PAYLOAD = f'{{"id":"{ID}","sn":"1"}}'.encode()

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class HiddenToken:
    """A token as the secret store hands it out."""

    def reveal(self) -> str:
        return f"{TOKEN}\n"


async def get_token() -> HiddenToken:
    return HiddenToken()


def client_of(url: str, *, proxy: str = "", timeout: float = 5.0) -> WatsClient:
    return WatsClient(ServerAddress(url=url, proxy=proxy, timeout=timeout), get_token, FakeClock())


@asynccontextmanager
async def serving(answer: bytes | Handler) -> AsyncIterator[str]:
    """A server that reads a request's head and answers with these bytes; its address."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("https://company.wats.com", "https://company.wats.com"),
        ("https://company.wats.com/", "https://company.wats.com"),
        ("https://company.wats.com/api", "https://company.wats.com"),
        ("https://company.wats.com/API/", "https://company.wats.com"),
        (" http://host:8080/wats/api// ", "http://host:8080/wats"),
    ],
)
def test_the_base_address(given: str, base: str) -> None:
    assert base_url(given) == base


@pytest.mark.parametrize(
    "given",
    [
        "",
        "company.wats.com",
        "ftp://host",
        "https://",
        "http://host:99999",
        "https://user:pw@host",
        "http://[::1",
    ],
)
def test_an_address_that_is_none(given: str) -> None:
    with pytest.raises(NeedsUserError) as caught:
        base_url(given)
    assert caught.value.code == ProblemCode.CONFIG_INVALID
    assert "pw" not in str(caught.value)


async def test_the_request_is_as_wats_wants_it(tmp_path: Path) -> None:
    async with Oracle(tmp_path) as oracle, client_of(oracle.url + "/api/") as client:
        receipt = await client.submit(ID, PAYLOAD)
        assert await client.version() == VERSION
    assert (receipt.status, receipt.server_id) == (200, ID)
    submitted, pinged = oracle.seen
    assert (submitted.method, submitted.path) == ("POST", "/api/Report/WSJF")
    assert submitted.authorization == f"Basic {TOKEN}", "verbatim, without the line end of the file it was in"
    assert submitted.size == len(PAYLOAD)
    assert (pinged.method, pinged.path) == ("GET", "/api/App/Version")


async def test_closing_twice_is_harmless_and_a_closed_client_opens_again(tmp_path: Path) -> None:
    async with Oracle(tmp_path) as oracle:
        client = client_of(oracle.url)
        await client.ping()
        await client.aclose()
        await client.aclose()
        await client.ping()
        await client.aclose()


async def test_many_first_requests_open_one_session(tmp_path: Path) -> None:
    async with Oracle(tmp_path) as oracle, client_of(oracle.url) as client:
        await asyncio.gather(*(client.ping() for _ in range(10)))
    assert len(oracle.seen) == 10


@pytest.mark.parametrize(
    "rule",
    [
        status(400, f"the token {TOKEN} is bad"),
        status(401, TOKEN),
        status(407),
        status(500, f"Authorization: Basic {TOKEN}"),
        status(302, "", Location=f"https://x/?t={TOKEN}"),
        Behaviour(act=Act.RESET),
        Behaviour(act=Act.TRUNCATED),
        Behaviour(act=Act.HANG),
    ],
)
async def test_no_failure_shows_the_token(tmp_path: Path, rule: Behaviour) -> None:
    script = Script([Rule(behaviour=rule)])
    async with (
        Oracle(tmp_path, script) as oracle,
        client_of(oracle.url, timeout=0.3 if rule.act is Act.HANG else 30.0) as client,
    ):
        with pytest.raises(StationmasterError) as caught:
            await client.submit(ID, PAYLOAD)
        shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(client)
        assert TOKEN not in shown
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None


async def test_nobody_listens(unused_tcp_port: int) -> None:
    async with client_of(f"http://127.0.0.1:{unused_tcp_port}") as client:
        with pytest.raises(TransientError, match="refuses the connection") as caught:
            await client.ping()
    assert (caught.value.alone, caught.value.code) == (False, ProblemCode.SERVER_UNREACHABLE)


async def test_a_name_nobody_knows() -> None:
    async with client_of("http://nosuchhost.invalid") as client:
        with pytest.raises(TransientError, match=r"The name nosuchhost\.invalid cannot be resolved"):
            await client.ping()


async def test_a_huge_answer_is_read_in_part_only(tmp_path: Path) -> None:
    rules = [
        Rule(behaviour=status(500, "x" * 1_000_000)),
        Rule(behaviour=status(200, "y" * 1_000_000), route="ping"),
    ]
    async with Oracle(tmp_path, Script(rules)) as oracle, client_of(oracle.url) as client:
        with pytest.raises(TransientError) as caught:
            await client.submit(ID, PAYLOAD)
        assert len(caught.value.text) < 3000
        with pytest.raises(TransientError):
            await client.ping()


async def test_an_answer_without_end_is_cut_off() -> None:
    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    async with serving(flood) as url, client_of(url) as client:
        with pytest.raises(TransientError, match="HTML"):
            await client.submit(ID, PAYLOAD)


def compressed(body: bytes, kind: str = "gzip") -> bytes:
    packed = gzip.compress(body) if kind == "gzip" else zlib.compress(body)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {kind}\r\nContent-Length: {len(packed)}\r\n\r\n"
    return head.encode() + packed


@pytest.mark.parametrize("kind", ["gzip", "deflate"])
async def test_an_answer_compressed_against_our_wish_is_read(kind: str) -> None:
    async with serving(compressed(f'{{"ID":"{ID}"}}'.encode(), kind)) as url, client_of(url) as client:
        assert (await client.submit(ID, PAYLOAD)).server_id == ID


async def test_a_compressed_answer_is_unpacked_to_the_limit_only() -> None:
    answer = compressed(b" " * 60_000_000)
    tracemalloc.start()
    try:
        async with serving(answer) as url, client_of(url) as client:
            with pytest.raises(TransientError):
                await client.version()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10_000_000


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        compressed(f'{{"ID":"{ID}"}}'.encode())[:-6] + b"\0" * 6,
        b"HTTP/1.1 200 OK\r\nDate: Fri, 31 Dec 9999 23:59:59 -0100\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 302 Found\r\nLocation: http://[foo\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n" + b"[" * 60_000,
    ],
)
async def test_no_answer_is_more_than_trouble_of_the_link(answer: bytes) -> None:
    async with serving(answer) as url, client_of(url) as client:
        with pytest.raises(TransientError):
            await client.submit(ID, PAYLOAD)


@pytest.mark.parametrize(
    ("url", "proxy"),
    [("http://company..wats.com", ""), ("http://127.0.0.1:9", "http://us\u20acr:pw@127.0.0.1:9")],
)
async def test_an_address_that_no_request_can_carry(url: str, proxy: str) -> None:
    async with client_of(url, proxy=proxy) as client:
        with pytest.raises(NeedsUserError) as caught:
            await client.ping()
    assert caught.value.code == ProblemCode.CONFIG_INVALID


async def test_an_answer_of_unknown_length_is_a_receipt() -> None:
    body = f'{{"ID":"{ID}"}}'.encode()
    async with serving(b"HTTP/1.1 200 OK\r\nDate: rubbish\r\n\r\n" + body) as url, client_of(url) as client:
        assert (await client.submit(ID, PAYLOAD)).server_id == ID
        assert client.clock_offset is None


async def test_something_that_is_no_http() -> None:
    async with serving(b"SSH-2.0-OpenSSH_9.2\r\n") as url, client_of(url) as client:
        with pytest.raises(TransientError):
            await client.ping()


async def test_a_report_too_large_is_refused_while_it_is_sent() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        while await reader.read(65536):
            pass

    async with serving(refuse) as url, client_of(url) as client:
        with pytest.raises(RejectedError, match="413"):
            await client.submit(ID, b"x" * 20_000_000)


async def test_a_proxy_carries_the_request(tmp_path: Path) -> None:
    # To an aiohttp server the absolute form of the request line is the same request: it plays the proxy.
    async with Oracle(tmp_path) as oracle, client_of("http://wats.invalid/api", proxy=oracle.url) as client:
        assert (await client.submit(ID, PAYLOAD)).server_id == ID


@pytest.mark.parametrize("url", ["http://wats.invalid", "https://wats.invalid"])
async def test_a_proxy_that_asks_for_a_login(url: str) -> None:
    answer = b"HTTP/1.1 407 Log in\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"
    async with (
        serving(answer) as proxy,
        client_of(url, proxy=proxy.replace("//", "//user:hunter2@")) as client,
    ):
        with pytest.raises(NeedsLoginError) as caught:
            await client.ping()
    assert caught.value.code == ProblemCode.PROXY_LOGIN
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


async def test_a_proxy_that_cannot_reach_the_server() -> None:
    answer = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"
    async with serving(answer) as proxy, client_of("https://wats.invalid", proxy=proxy) as client:
        with pytest.raises(TransientError, match=r"The proxy 127\.0\.0\.1:\d+ answered 502"):
            await client.ping()


async def test_a_proxy_that_is_away(unused_tcp_port: int) -> None:
    proxy = f"http://user:hunter2@127.0.0.1:{unused_tcp_port}"
    async with client_of("http://wats.invalid", proxy=proxy) as client:
        with pytest.raises(TransientError, match=f"The proxy 127.0.0.1:{unused_tcp_port} refuses") as caught:
            await client.ping()
    assert "hunter2" not in str(caught.value)


async def test_a_proxy_address_that_is_none() -> None:
    async with client_of("http://wats.invalid", proxy="://") as client:
        with pytest.raises(StationmasterError):
            await client.ping()


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (None, ProblemCode.TOKEN_MISSING),
        ("", ProblemCode.TOKEN_MISSING),
        (" \n", ProblemCode.TOKEN_MISSING),
        ("two\nlines", ProblemCode.LOGIN_REFUSED),
        ("tökén", ProblemCode.LOGIN_REFUSED),
    ],
)
async def test_a_token_that_cannot_be_one(token: str | None, code: ProblemCode) -> None:
    async def get() -> str | None:
        return token

    async with WatsClient(ServerAddress(url="http://127.0.0.1:1"), get, FakeClock()) as client:
        with pytest.raises(NeedsLoginError) as caught:
            await client.ping()
    assert caught.value.code == code
    assert not token or not token.strip() or token not in str(caught.value)


async def test_a_token_store_that_hangs() -> None:
    async def get() -> str | None:
        await asyncio.Event().wait()
        return None

    address = ServerAddress(url="http://127.0.0.1:1", timeout=0.05)
    async with WatsClient(address, get, FakeClock()) as client:
        with pytest.raises(NeedsLoginError) as caught:
            await client.ping()
    assert caught.value.code == ProblemCode.KEYRING_UNAVAILABLE


async def test_the_token_is_asked_for_once_and_again_when_it_changed(tmp_path: Path) -> None:
    asked = []

    async def get() -> str:
        asked.append(1)
        return TOKEN

    async with (
        Oracle(tmp_path) as oracle,
        WatsClient(ServerAddress(url=oracle.url), get, FakeClock()) as client,
    ):
        for _ in range(3):
            await client.ping()
        assert len(asked) == 1
        client.credentials_changed()
        await client.ping()
        await client.aclose()
        assert len(asked) == 2


async def test_a_token_that_is_forgotten_meanwhile_is_masked_in_the_answer_all_the_same() -> None:
    """A new token may be stored while a request is under way; an echo of the old one is shown nowhere."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del reader
        client.credentials_changed()
        body = f"bad header: Basic {TOKEN}".encode()
        writer.write(b"HTTP/1.1 500 Oops\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()

    async with serving(echo) as url, client_of(url) as client:
        with pytest.raises(TransientError) as caught:
            await client.submit(ID, PAYLOAD)
    assert "bad header" in str(caught.value)
    assert TOKEN not in str(caught.value)
