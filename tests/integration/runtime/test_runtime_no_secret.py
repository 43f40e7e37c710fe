"""A server that sends the token back in every answer it can: no file but the secret store holds it."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fakes.hosted import Hosted
from fakes.oracle import Oracle
from fakes.oracle_script import Act, Behaviour, Rule, Script, status
from fakes.secret_hunt import PASSWORD, TOKEN, files_below, found_in
from stationmaster.model import EntryState
from stationmaster.runtime.log import logging_to

ECHO = json.dumps(
    {"message": f"Basic {TOKEN} is line-token:{PASSWORD}", "escaped": TOKEN.replace("/", "\\/")}
)


def hostile() -> Script:
    """Trouble of each kind, then a refusal, then all is well; each with the token in it."""
    answers = [
        status(500, ECHO),
        status(401, f"<html>Authorization: Basic {TOKEN}</html>"),
        status(429, ECHO, Retry_After="1"),
        status(403, f"no right for {PASSWORD}"),
        Behaviour(act=Act.STATUS, status=302, headers={"Location": f"http://{TOKEN.rstrip('=')}.example/x"}),
        status(200, ECHO),
        status(404, f"/api?token={TOKEN}"),
    ]
    rules = [Rule(behaviour=one, route="any", times=2) for one in answers]
    return Script([*rules, Rule(behaviour=status(422, ECHO), contains="SN-REFUSED")])


@pytest.fixture
async def echoing(tmp_path: Path, hosted: Hosted) -> AsyncIterator[Oracle]:
    async with Oracle(tmp_path / "oracle", hostile()) as server:
        server.clock = hosted.clock
        yield server


async def test_no_file_of_the_home_holds_the_token(hosted: Hosted, echoing: Oracle) -> None:
    hosted.home.ensure()
    await hosted.line(
        "line1", echoing, token=TOKEN, patch={"server.ping_interval": 5.0, "upload.mode": "fixed"}
    )
    with logging_to(hosted.home.log, level="debug", console=False):
        async with hosted:
            await hosted.running("line1")
            folder = hosted.folder("line1")
            hosted.drop(folder, sn="SN-GOOD")
            hosted.drop(folder, sn="SN-REFUSED")
            await hosted.until(
                lambda: hosted.completed("line1") == 1 and hosted.instance("line1").counts.error == 1,
                step=1.0,
            )
            (refused,) = await hosted.entries("line1", EntryState.ERROR)
            assert "***" in refused.reason, "the server's words are kept, without the token"
            assert not found_in({"snapshot": repr(hosted.agent.status()).encode()}, TOKEN, PASSWORD)
            while_running = files_below(hosted.home.config.parent)
            logging.getLogger("stationmaster.test").error("%s", f"a slip: {TOKEN}")
    for files in (while_running, files_below(hosted.home.config.parent)):
        held = {name for name, _ in found_in(files, TOKEN, PASSWORD)}
        assert held == {str(hosted.home.token_file("line1"))}
