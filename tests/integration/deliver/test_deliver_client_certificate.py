"""Mutual TLS with a real server: what is shown, what is refused, and how each trouble is told."""

from __future__ import annotations

import shutil
import ssl
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fakes.certificates import Certificates, make_certificates, make_client_certificate, protect_key
from fakes.clock import FakeClock
from fakes.mutual_tls import MutualTls, mutual_tls
from fakes.oracle import VERSION
from fakes.rights import rights_count
from stationmaster.errors import NeedsUserError, TransientError
from stationmaster.model import Hop, ProblemCode
from stationmaster.wats.certificate import subject, valid_until
from stationmaster.wats.client import ServerAddress, WatsClient

BOTH = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
LARGE = b"x" * 5_000_000


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def station(certificates: Certificates, tmp_path: Path) -> tuple[Path, Path]:
    return make_client_certificate(tmp_path, certificates.authority)


@pytest.fixture(params=BOTH, ids=lambda version: version.name)
def server(request: pytest.FixtureRequest, certificates: Certificates) -> Iterator[MutualTls]:
    with mutual_tls(certificates, version=request.param) as running:
        yield running


async def get_token() -> str:
    return "dG9rZW4="


def client_of(
    url: str, certificates: Certificates, clock: FakeClock, cert: Path | str = "", key: Path | str = ""
) -> WatsClient:
    address = ServerAddress(
        url=url,
        ca_file=str(certificates.authority),
        client_cert=str(cert),
        client_key=str(key),
        timeout=20.0,
    )
    return WatsClient(address, get_token, clock)


async def refusal(client: WatsClient) -> NeedsUserError:
    async with client:
        with pytest.raises(NeedsUserError) as caught:
            await client.ping()
    assert caught.value.code == ProblemCode.CLIENT_CERTIFICATE
    assert caught.value.hop == Hop.TLS
    assert caught.value.next_step
    return caught.value


async def test_the_certificate_is_shown_with_its_key_beside_it_or_within(
    server: MutualTls,
    certificates: Certificates,
    station: tuple[Path, Path],
    clock: FakeClock,
    tmp_path: Path,
) -> None:
    async with client_of(server.url, certificates, clock, *station) as client:
        assert await client.version() == VERSION
    both = tmp_path / "both.pem"
    both.write_text(station[0].read_text() + station[1].read_text())
    both.chmod(0o600)
    async with client_of(server.url, certificates, clock, both) as client:
        assert await client.version() == VERSION


async def test_a_server_that_wants_one_from_a_station_without_says_so(
    certificates: Certificates, clock: FakeClock
) -> None:
    with mutual_tls(certificates) as server:
        error = await refusal(client_of(server.url, certificates, clock))
    assert "asks for a client certificate, and none is set" in error.text
    assert "server.client_cert" in error.next_step


async def test_tls_1_2_does_not_say_what_it_wants_so_the_text_guesses(
    certificates: Certificates, clock: FakeClock
) -> None:
    with mutual_tls(certificates, version=ssl.TLSVersion.TLSv1_2) as server:
        async with client_of(server.url, certificates, clock) as client:
            with pytest.raises(TransientError, match="perhaps for want of a client certificate") as caught:
                await client.ping()
    assert caught.value.code == ProblemCode.SERVER_UNREACHABLE
    assert caught.value.hop == Hop.TLS


async def test_a_certificate_of_another_issuer_is_refused(
    server: MutualTls, certificates: Certificates, clock: FakeClock, tmp_path: Path
) -> None:
    stranger = make_certificates(tmp_path, issuer="/CN=Somebody Else")
    cert, key = make_client_certificate(tmp_path, stranger.authority)
    error = await refusal(client_of(server.url, certificates, clock, cert, key))
    assert f"does not accept the client certificate in {cert} (FCT-04)" in error.text
    assert "does not know who issued it" in error.text


async def test_an_alert_is_found_also_where_a_large_report_pushes_it_aside(
    server: MutualTls, certificates: Certificates, clock: FakeClock, tmp_path: Path
) -> None:
    stranger = make_certificates(tmp_path, issuer="/CN=Somebody Else")
    client = client_of(
        server.url, certificates, clock, *make_client_certificate(tmp_path, stranger.authority)
    )
    async with client:
        for _ in range(5):
            with pytest.raises(NeedsUserError, match="does not know who issued it"):
                await client.submit("7d5b1f8e-0000-4000-8000-000000000001", LARGE)


async def test_an_expired_one_names_the_day_and_a_new_one_is_taken_up_by_itself(
    server: MutualTls, certificates: Certificates, tmp_path: Path
) -> None:
    cert, key = make_client_certificate(tmp_path, certificates.authority, days=-1)
    clock = FakeClock(datetime.now(UTC))
    (tmp_path / "new").mkdir()
    async with client_of(server.url, certificates, clock, cert, key) as client:
        with pytest.raises(NeedsUserError, match=r"has expired, on \d{4}-\d\d-\d\d") as caught:
            await client.ping()
        assert caught.value.code == ProblemCode.CLIENT_CERTIFICATE
        for new in make_client_certificate(tmp_path / "new", certificates.authority):
            shutil.copy(new, tmp_path)
        with pytest.raises(TransientError, match="another one lies there by now"):
            await client.ping()
        assert await client.version() == VERSION


async def test_files_that_cannot_be_used_are_told_each_in_its_way(
    certificates: Certificates, station: tuple[Path, Path], clock: FakeClock, tmp_path: Path
) -> None:
    cert, key = station
    empty, gone = tmp_path / "empty.pem", tmp_path / "gone.pem"
    empty.write_text("")
    empty.chmod(0o600)
    other = tmp_path / "other"
    other.mkdir()
    _, foreign = make_client_certificate(other, certificates.authority)
    damaged = tmp_path / "damaged.key"
    damaged.write_text(key.read_text().replace("KEY-----\nMIGH", "KEY-----\nAAAA"))
    damaged.chmod(0o600)
    for files, words in {
        (gone, key): f"{gone} cannot be read: No such file",
        (cert, gone): f"{gone} cannot be read: No such file",
        (empty, key): f"{empty} holds no certificate in PEM form",
        (cert, empty): f"{empty} holds no private key in PEM form",
        (cert, foreign): f"The key in {foreign} does not belong to the certificate in {cert}",
        (cert, damaged): f"The client certificate {cert} or its key is damaged",
    }.items():
        error = await refusal(client_of("https://127.0.0.1:1", certificates, clock, *files))
        assert words in error.text
    protect_key(key, "a password of ours")
    error = await refusal(client_of("https://127.0.0.1:1", certificates, clock, cert, key))
    assert f"The key in {key} is protected with a password" in error.text


async def test_a_certificate_without_its_key_says_where_the_key_may_stand(
    certificates: Certificates, station: tuple[Path, Path], clock: FakeClock
) -> None:
    station[0].chmod(0o600)
    error = await refusal(client_of("https://127.0.0.1:1", certificates, clock, station[0]))
    assert "holds no private key" in error.text
    assert "server.client_key" in error.next_step


@pytest.mark.skipif(sys.platform == "win32", reason="rights are another matter on Windows")
async def test_a_key_that_others_may_read_is_not_used(
    certificates: Certificates, station: tuple[Path, Path], clock: FakeClock
) -> None:
    cert, key = station
    key.chmod(0o604)
    error = await refusal(client_of("https://127.0.0.1:1", certificates, clock, cert, key))
    assert "may be read or changed by others" in error.text
    assert f"chmod 600 {key}" in error.next_step


async def test_a_key_that_the_agent_may_not_read_is_named(
    certificates: Certificates, station: tuple[Path, Path], clock: FakeClock
) -> None:
    cert, key = station
    key.chmod(0o200)
    with rights_count():  # begun before the loop starts a thread, which inherits it
        error = await refusal(client_of("https://127.0.0.1:1", certificates, clock, cert, key))
    assert f"key {key} cannot be read: Permission denied" in error.text


@pytest.mark.parametrize(
    ("status", "page", "words"),
    [
        (400, "<html>400 No required SSL certificate was sent</html>", "asks for a client certificate"),
        (403, "<html>HTTP Error 403.7 - Forbidden</html>", "asks for a client certificate"),
    ],
)
async def test_web_servers_that_answer_a_page_instead_of_an_alert(
    certificates: Certificates, clock: FakeClock, status: int, page: str, words: str
) -> None:
    with mutual_tls(certificates, demand=False) as server:
        server.answer = (status, "text/html", page.encode())
        error = await refusal(client_of(server.url, certificates, clock))
    assert words in error.text


def test_owner_and_end_are_read_from_der(station: tuple[Path, Path]) -> None:
    der = ssl.PEM_cert_to_DER_cert(station[0].read_text())
    assert subject(der) == "FCT-04"
    until = valid_until(der)
    assert until is not None
    assert 29 <= (until - datetime.now(UTC)).days <= 30
    for length in range(0, len(der), 7):
        assert subject(der[:length]) == ""
        assert valid_until(der[:length]) is None
