"""Faults planted at each hop of a station, for real: sockets, certificates, rights, disks, keyrings.

Each is an async context manager: it writes the settings of `line1` into a station whose agent is not started
yet; the fault lasts as long as the `with` block.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from fakes import keyring_session
from fakes.certificates import make_certificates
from fakes.hosted import TOKEN, Hosted
from fakes.mutual_tls import mutual_tls
from fakes.oracle import Oracle
from fakes.oracle_script import Act, Behaviour, Route, Rule, Script, status
from fakes.rights import rights_count
from stationmaster.config.secrets import Secret, SecretStore
from stationmaster.model import Hop, ProblemCode

LINE = "line1"
QUICK = {"server.timeout": 1.0}
"""For servers that never answer."""


@dataclass
class Bench:
    """The station, its server, and its keyboard's environment."""

    hosted: Hosted
    oracle: Oracle
    monkeypatch: pytest.MonkeyPatch


Plant = Callable[[Bench], AbstractAsyncContextManager[None]]


@dataclass(frozen=True)
class Fault:
    """A fault and what is to be told of it.

    Attributes:
        hop: the check that must fail.
        code: the Problem that the agent must show.
        words: they must stand in the text.
        then: what happens once the instance runs.
        step: what the next step must begin with.
    """

    plant: Plant
    hop: Hop
    code: ProblemCode
    words: str
    then: Callable[[Bench], Awaitable[None]] | None = None
    step: str = ""


def free_port() -> int:
    """A port where nobody listens."""
    import socket  # noqa: PLC0415 - here alone

    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@asynccontextmanager
async def _raw(answer: bytes | None) -> AsyncIterator[int]:
    """A server that takes connections and gives `answer` to the first bytes, or never says anything."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        if answer is not None:
            await reader.read(4096)
            writer.write(answer)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        for writer in writers:
            writer.close()


# -------------------------------------------------------------------- the way to the server
@asynccontextmanager
async def no_such_name(bench: Bench) -> AsyncIterator[None]:
    """A name that nobody can resolve (RFC 6761)."""
    await bench.hosted.line(LINE, bench.oracle, patch={"server.url": "http://wats.invalid"})
    yield


@asynccontextmanager
async def closed_port(bench: Bench) -> AsyncIterator[None]:
    """Nobody listens there."""
    await bench.hosted.line(LINE, bench.oracle, patch={"server.url": f"http://127.0.0.1:{free_port()}"})
    yield


@asynccontextmanager
async def hung_port(bench: Bench) -> AsyncIterator[None]:
    """Somebody takes the connection and says nothing."""
    async with _raw(None) as port:
        await bench.hosted.line(LINE, bench.oracle, patch={**QUICK, "server.url": f"http://127.0.0.1:{port}"})
        yield


@asynccontextmanager
async def hung_tls(bench: Bench) -> AsyncIterator[None]:
    """As above, where TLS is expected."""
    async with _raw(None) as port:
        await bench.hosted.line(
            LINE, bench.oracle, patch={**QUICK, "server.url": f"https://127.0.0.1:{port}"}
        )
        yield


@asynccontextmanager
async def no_tls(bench: Bench) -> AsyncIterator[None]:
    """The server speaks plain HTTP where TLS is expected."""
    await bench.hosted.line(
        LINE, bench.oracle, patch={"server.url": f"https://127.0.0.1:{bench.oracle.port}"}
    )
    yield


@asynccontextmanager
async def foreign_certificate(bench: Bench) -> AsyncIterator[None]:
    """Its certificate comes from an authority that nobody here knows."""
    made = make_certificates(bench.hosted.root, issuer="/O=Acme Works/CN=Acme Intercepting Proxy")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    await bench.oracle.stop()
    await bench.oracle.start(context=context)
    await bench.hosted.line(LINE, bench.oracle)
    yield


@asynccontextmanager
async def wants_a_certificate(bench: Bench) -> AsyncIterator[None]:
    """It asks for a client certificate, and the station has none."""
    made = make_certificates(bench.hosted.root)
    with mutual_tls(made) as server:
        patch = {"server.url": server.url, "server.ca_file": str(made.authority)}
        await bench.hosted.line(LINE, bench.oracle, patch=patch)
        yield


@asynccontextmanager
async def dead_proxy(bench: Bench) -> AsyncIterator[None]:
    """Nobody listens where the proxy should be."""
    await bench.hosted.line(LINE, bench.oracle, patch={"server.proxy": f"http://127.0.0.1:{free_port()}"})
    yield


def proxy_that_wants_a_login(scheme: str) -> Plant:
    """407, for plain requests and for tunnels."""

    @asynccontextmanager
    async def plant(bench: Bench) -> AsyncIterator[None]:
        answer = (
            b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        async with _raw(answer) as port:
            patch = {
                "server.url": f"{scheme}://wats.example",
                "server.proxy": f"http://user:word@127.0.0.1:{port}",
            }
            await bench.hosted.line(LINE, bench.oracle, patch=patch)
            yield

    return plant


def answered(behaviour: Behaviour, route: Route = "any") -> Plant:
    """The server answers so."""

    @asynccontextmanager
    async def plant(bench: Bench) -> AsyncIterator[None]:
        bench.oracle.script = Script([Rule(behaviour=behaviour, route=route)])
        await bench.hosted.line(LINE, bench.oracle)
        yield

    return plant


@asynccontextmanager
async def wrong_token(bench: Bench) -> AsyncIterator[None]:
    """The server wants another one."""
    bench.oracle.token = "b3RoZXI6dG9rZW4="
    await bench.hosted.line(LINE, bench.oracle)
    yield


@asynccontextmanager
async def no_token(bench: Bench) -> AsyncIterator[None]:
    """Nobody handed one over."""
    await bench.hosted.line(LINE, bench.oracle, token="")
    yield


@asynccontextmanager
async def open_token_file(bench: Bench) -> AsyncIterator[None]:
    """Others may read the token's file."""
    await bench.hosted.line(LINE, bench.oracle)
    bench.hosted.home.token_file(LINE).chmod(0o644)
    yield


@asynccontextmanager
async def locked_keyring(bench: Bench) -> AsyncIterator[None]:
    """A real keyring with the token in it, locked, and nobody to ask for its password."""
    if reason := keyring_session.missing():
        pytest.skip(reason)
    await bench.hosted.line(LINE, bench.oracle, token="", patch={"secrets.store": "keyring"})
    bench.monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    with tempfile.TemporaryDirectory(prefix="sm-") as folder:
        for locked in (False, True):
            with keyring_session.keyring_session(Path(folder), locked=locked) as variables:
                for name in ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"):
                    bench.monkeypatch.setenv(name, variables[name])
                if locked:
                    yield
                else:
                    secrets = SecretStore(bench.hosted.home, bench.hosted.store.load)
                    await secrets.set(LINE, Secret(TOKEN))


@asynccontextmanager
async def wrong_clock(bench: Bench) -> AsyncIterator[None]:
    """The server's clock is ten minutes ahead."""
    bench.oracle.date = format_datetime(bench.hosted.clock.now() + timedelta(minutes=10), usegmt=True)
    await bench.hosted.line(LINE, bench.oracle)
    yield


# -------------------------------------------------------------------- folders, converters, storage, settings
@asynccontextmanager
async def missing_folder(bench: Bench) -> AsyncIterator[None]:
    """The watch folder was removed."""
    (await bench.hosted.line(LINE, bench.oracle)).rmdir()
    yield


@asynccontextmanager
async def unreadable_folder(bench: Bench) -> AsyncIterator[None]:
    """The account may not read the watch folder."""
    folder = await bench.hosted.line(LINE, bench.oracle)
    with rights_count():
        folder.chmod(0)
        try:
            yield
        finally:
            folder.chmod(0o700)


@asynccontextmanager
async def broken_plugin(bench: Bench) -> AsyncIterator[None]:
    """A converter of the instance's own fails at its import."""
    await bench.hosted.line(LINE, bench.oracle)
    bench.hosted.home.ensure_instance(LINE)
    (bench.hosted.home.converters(LINE) / "broken.py").write_text("raise RuntimeError('half written')\n")
    yield


@asynccontextmanager
async def missing_converter(bench: Bench) -> AsyncIterator[None]:
    """A watch folder names one that nobody has."""
    await bench.hosted.line(LINE, bench.oracle, patch={"watch.0.converters": ["nosuch"]})
    yield


@asynccontextmanager
async def wrong_option(bench: Bench) -> AsyncIterator[None]:
    """An option is of the wrong type."""
    options = {"wsjf": {"process_code": "ten"}}
    await bench.hosted.line(LINE, bench.oracle, patch={"watch.0.options": options})
    yield


@asynccontextmanager
async def damaged_spool(bench: Bench) -> AsyncIterator[None]:
    """What lies where the spool should be is no database."""
    await bench.hosted.line(LINE, bench.oracle)
    bench.hosted.home.spool(LINE).write_bytes(b"no database at all " * 500)
    yield


@asynccontextmanager
async def wrong_settings(bench: Bench) -> AsyncIterator[None]:
    """Somebody edited the file and slipped."""
    await bench.hosted.line(LINE, bench.oracle)
    file = bench.hosted.home.instance_file(LINE)
    file.write_text(file.read_text().replace("timeout = 5.0", 'timeout = "five"'))
    yield


@asynccontextmanager
async def small_disk(bench: Bench) -> AsyncIterator[None]:
    """The data lie on a disk of 4 MB, which `fill` fills."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small file system needs Linux and root")
    data = bench.hosted.home.data
    data.mkdir(parents=True)
    with _mounted(data):
        await bench.hosted.line(LINE, bench.oracle)
        yield


@contextlib.contextmanager
def _mounted(folder: Path) -> Iterator[None]:
    command = ["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", str(folder)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("this machine does not let us mount")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def fill(bench: Bench) -> None:
    """No room is left, and there is a file to take."""
    with (bench.hosted.home.data / "ballast").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"x" * 4096):
            pass
    await drop(bench)


async def drop(bench: Bench) -> None:
    """A file, so that a report goes out."""
    bench.hosted.drop(bench.hosted.folder(LINE))


UNREACHABLE = ProblemCode.SERVER_UNREACHABLE
FAULTS: dict[str, Fault] = {
    "no such name": Fault(no_such_name, Hop.DNS, UNREACHABLE, "The name wats.invalid cannot be resolved: "),
    "closed port": Fault(
        closed_port,
        Hop.TCP,
        UNREACHABLE,
        " refuses the connection.",
        step="Check server.url: its port, and https:// or http://.",
    ),
    "hung port": Fault(hung_port, Hop.SERVER, UNREACHABLE, " gave no answer within 1 s."),
    "hung TLS": Fault(hung_tls, Hop.TLS, UNREACHABLE, "takes the connection, but no TLS comes about"),
    "no TLS": Fault(
        no_tls,
        Hop.TLS,
        UNREACHABLE,
        "what answers there does not speak it",
        step="Check server.url: its port, and whether it must begin with http://.",
    ),
    "foreign certificate": Fault(
        foreign_certificate,
        Hop.TLS,
        ProblemCode.TLS_UNTRUSTED,
        "It was issued by Acme Intercepting Proxy, Acme Works.",
    ),
    "no client certificate": Fault(
        wants_a_certificate,
        Hop.TLS,
        ProblemCode.CLIENT_CERTIFICATE,
        "asks for a client certificate, and none is set.",
    ),
    "dead proxy": Fault(dead_proxy, Hop.TCP, UNREACHABLE, "The proxy 127.0.0.1:"),
    "407 of a proxy": Fault(
        proxy_that_wants_a_login("http"), Hop.PROXY, ProblemCode.PROXY_LOGIN, "The proxy 127.0.0.1:"
    ),
    "407 of a tunnel": Fault(
        proxy_that_wants_a_login("https"), Hop.PROXY, ProblemCode.PROXY_LOGIN, "asks for a log-in (407)"
    ),
    "redirect": Fault(
        answered(Behaviour(act=Act.REDIRECT)),
        Hop.SERVER,
        ProblemCode.SERVER_REDIRECTS,
        "redirects us to portal.example",
    ),
    "captive page": Fault(
        answered(Behaviour(act=Act.HTML)),
        Hop.SERVER,
        ProblemCode.SERVER_ANSWER_FOREIGN,
        "answered 200 with an HTML page",
    ),
    "no such route": Fault(
        answered(status(404, "Nothing here")), Hop.SERVER, ProblemCode.ROUTE_MISSING, "no such route (404)"
    ),
    "busy server": Fault(
        answered(status(503, "Maintenance")), Hop.SERVER, ProblemCode.SERVER_BUSY, "503: Maintenance"
    ),
    "wrong token": Fault(wrong_token, Hop.LOGIN, ProblemCode.LOGIN_REFUSED, "(401): Invalid token"),
    "no permission": Fault(
        answered(status(403, "Role lacks SubmitReport"), "submit"),
        Hop.PERMISSION,
        ProblemCode.PERMISSION_REFUSED,
        "(403): Role lacks SubmitReport",
        drop,
    ),
    "no token": Fault(no_token, Hop.TOKEN, ProblemCode.TOKEN_MISSING, "There is no token"),
    "open token file": Fault(open_token_file, Hop.TOKEN, ProblemCode.TOKEN_MISSING, "may be read by others"),
    "locked keyring": Fault(
        locked_keyring, Hop.TOKEN, ProblemCode.KEYRING_UNAVAILABLE, "keyring cannot be used"
    ),
    "wrong clock": Fault(wrong_clock, Hop.CLOCK, ProblemCode.CLOCK_OFFSET, "10 minutes behind"),
    "missing folder": Fault(missing_folder, Hop.FOLDER, ProblemCode.FOLDER_MISSING, "is not there"),
    "unreadable folder": Fault(
        unreadable_folder, Hop.FOLDER, ProblemCode.FOLDER_UNREADABLE, "Permission denied"
    ),
    "broken plug-in": Fault(broken_plugin, Hop.CONVERTER, ProblemCode.CONVERTER_FAILING, "half written"),
    "missing converter": Fault(missing_converter, Hop.CONVERTER, ProblemCode.CONVERTER_MISSING, "nosuch"),
    "wrong option": Fault(
        wrong_option, Hop.CONVERTER, ProblemCode.CONVERTER_FAILING, "options of converter wsjf", drop
    ),
    "damaged spool": Fault(damaged_spool, Hop.SPOOL, ProblemCode.SPOOL_DAMAGED, "made anew"),
    "full disk": Fault(small_disk, Hop.DISK, ProblemCode.DISK_FULL, "is full", fill),
    "wrong settings": Fault(wrong_settings, Hop.SETTINGS, ProblemCode.CONFIG_INVALID, "server.timeout"),
}
