"""A station whose server asks for a client certificate: told what is wanted, it delivers."""

from __future__ import annotations

from pathlib import Path

from fakes.certificates import make_certificates, make_client_certificate
from fakes.hosted import Hosted
from fakes.mutual_tls import mutual_tls
from fakes.oracle import Oracle
from stationmaster.model import ProblemCode

CODE = ProblemCode.CLIENT_CERTIFICATE


async def test_reports_wait_for_the_certificate_and_go_once_it_is_set(
    hosted: Hosted, oracle: Oracle, tmp_path: Path
) -> None:
    made = make_certificates(tmp_path)
    cert, key = make_client_certificate(tmp_path, made.authority)
    with mutual_tls(made) as server:
        patch = {"server.url": server.url, "server.ca_file": str(made.authority)}
        folder = await hosted.line("line1", oracle, patch=patch)
        async with hosted:
            await hosted.running("line1")
            report_id = hosted.drop(folder)
            await hosted.until(lambda: hosted.problem(CODE, "line1"), what="the Problem")
            assert server.taken == []
            key.chmod(0o644)
            await hosted.agent.configure(
                "line1", {"server.client_cert": str(cert), "server.client_key": str(key)}
            )
            await hosted.until(lambda: told(hosted, "may be read or changed by others"))
            key.chmod(0o600)
            await hosted.agent.send_now("line1")
            await hosted.until(lambda: hosted.completed("line1") == 1)
            await hosted.until(lambda: hosted.problem(CODE, "line1") is None)
    assert server.taken == [report_id]


def told(hosted: Hosted, words: str) -> bool:
    problem = hosted.problem(CODE, "line1")
    return problem is not None and words in problem.text
