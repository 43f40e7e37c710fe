"""The published third-party client submits to the server and reads back, with both of its APIs.

It lives in an environment of its own: `make peer` makes it and STATIONMASTER_PYWATS_PYTHON names its
interpreter.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from fakes import wsjf
from stationmaster.embedded_server import EmbeddedServer, ServerSettings

SCRIPT = Path(wsjf.__file__).with_name("third_party_client.py")
TOKEN = "c3RhdGlvbjpzZWNyZXQ="
TIME_LIMIT = 120.0


def interpreter() -> str:
    """The Python that has the client; skips where there is none."""
    named = os.environ.get("STATIONMASTER_PYWATS_PYTHON", "")
    if named and Path(named).exists():
        return named
    if importlib.util.find_spec("pywats") is not None:
        return sys.executable
    pytest.skip(
        "the third-party client is not here: STATIONMASTER_PYWATS_PYTHON names no interpreter (make peer)"
    )


async def run_client(python: str, url: str, ours: dict[str, Any]) -> dict[str, Any]:
    pipe = asyncio.subprocess.PIPE
    # -I: neither our environment variables nor our folders may leak into the other environment
    client = await asyncio.create_subprocess_exec(
        python, "-I", str(SCRIPT), url, TOKEN, stdin=pipe, stdout=pipe, stderr=pipe
    )
    try:
        async with asyncio.timeout(TIME_LIMIT):
            out, talk = await client.communicate(json.dumps(ours).encode())
    except BaseException:
        client.kill()
        await client.wait()
        raise
    assert client.returncode == 0, talk.decode()[-3000:]
    answer: dict[str, Any] = json.loads(out.decode().rpartition("\n")[2])
    return answer


async def test_the_published_client_submits_and_reads_back(tmp_path: Path) -> None:
    python = interpreter()
    ours = {"minimal": wsjf.minimal(1), "rich": wsjf.rich(2), "repair": wsjf.repair(3)}
    settings = ServerSettings(database=tmp_path / "s.db", port=0, token=TOKEN)
    async with EmbeddedServer(settings) as server:
        headers = {"Authorization": f"Basic {TOKEN}"}
        async with aiohttp.ClientSession(server.url, headers=headers) as session:
            for name in ("minimal", "rich"):
                async with session.post("/api/Report/WSJF", json=ours[name]) as answer:
                    assert answer.status == 200
            found = await run_client(python, server.url, ours)
            async with session.get("/api/SystemStatus") as answer:
                status = await answer.json()
    check_sync(found["sync"], ours)
    check_async(found["async"])
    assert (status["uutReports"], status["uurReports"]) == (2 + 1 + 5, 1), "the refused one is not there"


def check_sync(found: dict[str, Any], ours: dict[str, Any]) -> None:
    assert found["connected"] is True
    assert found["version"]
    assert found["answered"] == found["sent"]
    assert found["back"] == ["PW-SYNC", found["sent"], ["V", "B", "S", "MN", "Sub"]]
    assert found["steps"] == [8, 8]
    (header,) = found["headers"]
    assert header == {
        "uuid": found["sent"],
        "sn": "PW-SYNC",
        "result": "Passed",
        "process": "SW Debug",
        "received": 1,
    }
    assert found["repaired"] == ours["repair"]["id"]
    assert [one["uuid"] for one in found["repairs"]] == [ours["repair"]["id"]]
    assert found["repair"] == "UURReport"
    assert found["misc"] == [found["sent"]]
    assert {10, 500} <= set(found["processes"])
    assert found["ours"] == {"minimal": ["SN-0001", 2], "rich": ["SN-0002", 17]}


def check_async(found: dict[str, Any]) -> None:
    assert found["answered"] == found["sent"]
    assert found["again"] == found["sent"][0]
    assert [(one["sn"], one["received"]) for one in found["found"]] == [
        ("PW-ASYNC-0", 2),
        ("PW-ASYNC-1", 1),
        ("PW-ASYNC-2", 1),
    ]
    assert found["back"] == "PW-ASYNC-4"
    assert "Report submission failed (400)" in found["refused"]
    assert "root" in found["refused"] or "MainSequence Callback" in found["refused"]
    assert "Status cannot be different from measurement status." in found["refused"]
