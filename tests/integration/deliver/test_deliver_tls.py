"""TLS: a certificate nobody vouches for names its issuer; the extra CA file makes it work."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from fakes.certificates import Certificates, make_certificates
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
