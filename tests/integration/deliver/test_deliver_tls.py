"""TLS: a certificate nobody vouches for names its issuer; the extra CA file makes it work."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fakes.certificates import Certificates, make_certificates, make_client_certificate
from fakes.clock import FakeClock
from fakes.oracle import VERSION, Oracle
from stationmaster.errors import NeedsUserError, TransientError
from stationmaster.model import ProblemCode
from stationmaster.wats.certificate import issuer, presented_issuer
from stationmaster.wats.client import ServerAddress, WatsClient


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def server_context(certificates: Certificates) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    return context


async def get_token() -> str:
    return "dG9rZW4="


def client_of(url: str, clock: FakeClock, *, ca_file: str = "") -> WatsClient:
    return WatsClient(ServerAddress(url=url, ca_file=ca_file, timeout=5.0), get_token, clock)


async def test_an_untrusted_certificate_is_a_problem_that_names_the_issuer(
    tmp_path: Path, certificates: Certificates, clock: FakeClock
) -> None:
    oracle = Oracle(tmp_path)
    await oracle.start(context=server_context(certificates))
    async with client_of(oracle.url, clock) as client:
        with pytest.raises(NeedsUserError) as caught:
            await client.ping()
    await oracle.aclose()
    assert caught.value.code == ProblemCode.TLS_UNTRUSTED
    assert "Acme Root, Acme Works" in caught.value.text
    assert "127.0.0.1" in caught.value.text
    assert "server.ca_file" in caught.value.next_step
    assert oracle.seen == []


async def test_the_ca_file_makes_it_trusted(
    tmp_path: Path, certificates: Certificates, clock: FakeClock
) -> None:
    oracle = Oracle(tmp_path)
    await oracle.start(context=server_context(certificates))
    async with client_of(oracle.url, clock, ca_file=str(certificates.authority)) as client:
        assert await client.version() == VERSION
    await oracle.aclose()


async def test_a_certificate_for_another_name_is_not_trusted(tmp_path: Path, clock: FakeClock) -> None:
    other = make_certificates(tmp_path, name="127.0.0.2")
    oracle = Oracle(tmp_path / "log")
    await oracle.start(context=server_context(other))
    async with client_of(oracle.url, clock, ca_file=str(other.authority)) as client:
        with pytest.raises(NeedsUserError, match="IP address mismatch") as caught:
            await client.ping()
    await oracle.aclose()
    assert caught.value.code == ProblemCode.TLS_UNTRUSTED


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_a_ca_file_that_cannot_be_used_is_named(
    tmp_path: Path, clock: FakeClock, content: str | None
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    async with client_of("https://127.0.0.1:1", clock, ca_file=str(path)) as client:
        with pytest.raises(NeedsUserError, match=r"server\.ca_file") as caught:
            await client.ping()
    assert str(path) in caught.value.text


async def test_a_server_that_speaks_no_tls_is_trouble_that_passes(tmp_path: Path, clock: FakeClock) -> None:
    async with Oracle(tmp_path) as oracle, client_of(f"https://127.0.0.1:{oracle.port}", clock) as client:
        with pytest.raises(TransientError, match="TLS failed") as caught:
            await client.ping()
    assert caught.value.code == ProblemCode.SERVER_UNREACHABLE


async def test_the_issuer_of_nobody_is_empty(unused_tcp_port: int) -> None:
    assert await presented_issuer("127.0.0.1", unused_tcp_port, timeout=2.0) == ""


def test_the_issuer_is_read_from_der(certificates: Certificates) -> None:
    der = ssl.PEM_cert_to_DER_cert(certificates.certificate.read_text())
    assert issuer(der) == "Acme Root, Acme Works"
    for length in range(len(der)):
        assert issuer(der[:length]) == "", "half a certificate names nobody"


def test_an_issuer_with_umlauts_and_a_long_name(tmp_path: Path) -> None:
    name = "Prüfstand " + "x" * 50
    made = make_certificates(tmp_path, issuer=f"/C=DE/O=Müller GmbH/CN={name}")
    der = ssl.PEM_cert_to_DER_cert(made.certificate.read_text())
    assert issuer(der) == f"{name}, Müller GmbH"


def asking(certificates: Certificates, version: ssl.TLSVersion) -> ssl.SSLContext:
    """A server that lets in only who shows a certificate of its authority."""
    context = server_context(certificates)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(certificates.authority)
    context.maximum_version = version
    return context


def station(url: str, certificates: Certificates, cert: Path | None, key: Path | None) -> ServerAddress:
    return ServerAddress(
        url=url,
        ca_file=str(certificates.authority),
        client_cert=str(cert or ""),
        client_key=str(key or ""),
        timeout=5.0,
    )


@asynccontextmanager
async def doorkeeper(folder: Path, certificates: Certificates, version: str) -> AsyncIterator[str]:
    """OpenSSL's own server: unlike asyncio's it tells who it does not let in why."""
    command = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-Verify", "1", "-verify_return_error"]
    command += ["-CAfile", str(certificates.authority), "-cert", str(certificates.certificate)]
    command += ["-key", str(certificates.key), "-www", version]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        assert process.stdout is not None
        async for line in process.stdout:
            if line.startswith(b"ACCEPT"):
                yield f"https://127.0.0.1:{line.decode().strip().rpartition(':')[2]}"
                break
    finally:
        process.kill()
        await process.wait()


async def refused(
    url: str, certificates: Certificates, cert: Path | None, key: Path | None
) -> NeedsUserError:
    clock = FakeClock()
    async with WatsClient(station(url, certificates, cert, key), get_token, clock) as client:
        with pytest.raises(NeedsUserError) as caught:
            await client.ping()
    assert caught.value.code == ProblemCode.CLIENT_CERTIFICATE
    return caught.value


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_client_certificate_opens_the_door(
    tmp_path: Path, certificates: Certificates, clock: FakeClock, version: ssl.TLSVersion
) -> None:
    cert, key = make_client_certificate(tmp_path, certificates.authority)
    both = tmp_path / "both.pem"
    both.write_text(cert.read_text() + key.read_text())
    both.chmod(0o640)
    oracle = Oracle(tmp_path / "log")
    await oracle.start(context=asking(certificates, version))
    for address in (
        station(oracle.url, certificates, cert, key),
        station(oracle.url, certificates, both, None),
    ):
        async with WatsClient(address, get_token, clock) as client:
            assert await client.version() == VERSION
    await oracle.aclose()


async def test_a_server_that_asks_in_vain_is_told(tmp_path: Path, certificates: Certificates) -> None:
    async with doorkeeper(tmp_path, certificates, "-tls1_3") as url:
        error = await refused(url, certificates, None, None)
    assert "asks for a client certificate, and none is set" in error.text
    assert "127.0.0.1:" in error.text


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
async def test_a_certificate_that_the_server_refuses_is_told(
    tmp_path: Path, certificates: Certificates, version: str
) -> None:
    old, key = make_client_certificate(tmp_path, certificates.authority, days=-1)
    foreign = tmp_path / "other"
    foreign.mkdir()
    other, other_key = make_client_certificate(foreign, make_certificates(foreign).authority)
    async with doorkeeper(tmp_path, certificates, version) as url:
        assert "it has expired" in (await refused(url, certificates, old, key)).text
        error = await refused(url, certificates, other, other_key)
    assert "it does not know who issued it" in error.text


def unusable(tmp_path: Path, certificates: Certificates) -> dict[str, tuple[Path, Path | None]]:
    """Files that cannot be used, by the words that say why."""
    cert, key = make_client_certificate(tmp_path, certificates.authority)
    other, locked, empty, shared = (tmp_path / name for name in ("other", "locked", "empty", "shared"))
    other.write_bytes(certificates.key.read_bytes())
    subprocess.run(
        ["openssl", "ec", "-in", key, "-aes256", "-passout", "pass:word", "-out", locked],
        check=True,
        capture_output=True,
    )
    empty.write_text("nothing")
    for file in (other, locked, empty):
        file.chmod(0o600)
    shared.write_bytes(key.read_bytes())
    shared.chmod(0o604)
    return {
        "No such file": (cert, tmp_path / "none"),
        "the key belongs to another certificate": (cert, other),
        "asks for a passphrase": (cert, locked),
        "PEM with a certificate": (empty, None),
        "may be read or changed by others": (cert, shared),
    }


async def test_files_that_cannot_be_used_are_told(tmp_path: Path, certificates: Certificates) -> None:
    for words, (cert, key) in unusable(tmp_path, certificates).items():
        assert words in (await refused("https://127.0.0.1:9", certificates, cert, key)).text
