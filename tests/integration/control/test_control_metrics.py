"""Figures and health over HTTP: what they say, whom they refuse, how settings turn them on and off."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from fakes.hosted import Hosted
from fakes.oracle import Oracle
from fakes.waiting import PATIENCE, answer
from stationmaster.control.metrics import MOST_CONNECTIONS, health
from stationmaster.control.metrics_switch import MetricsSwitch
from stationmaster.errors import ConfigError
from stationmaster.model import Lifecycle, ProblemCode


def free_port() -> int:
    """A port that nobody listens at now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Monitored:
    """An agent, and what a monitoring system reads of it."""

    def __init__(self, hosted: Hosted) -> None:
        self.hosted = hosted
        self.port = free_port()

    async def turn(self, **settings: Any) -> None:
        """Change the settings as a person does."""
        await self.hosted.agent.configure_agent({f"metrics.{key}": value for key, value in settings.items()})

    async def get(
        self, path: str, *, method: str = "GET", headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        """Status and text of an answer; 0 where nobody listens."""
        url = f"http://127.0.0.1:{self.port}{path}"
        try:
            async with aiohttp.request(method, url, headers=headers) as answer:
                assert not [name for name in answer.headers if name.startswith("Access-Control")]
                return answer.status, await answer.text()
        except aiohttp.ClientConnectorError:
            return 0, ""

    async def figures(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        """All samples by name and labels; each family has its explanation."""
        status, text = await self.get("/metrics")
        assert status == 200
        families = list(text_string_to_metric_families(text))
        assert all(one.documentation for one in families)
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for one in families
            for sample in one.samples
        }

    async def answers(self, *, yes: bool = True) -> None:
        """Until somebody listens, or nobody does."""

        async def ask() -> bool:
            return ((await self.get("/healthz"))[0] != 0) is yes

        await answer(ask, what="a change of who listens")


@pytest.fixture
async def monitored(tmp_path: Path) -> AsyncIterator[Monitored]:
    async with Hosted(tmp_path) as hosted:
        switch = asyncio.create_task(MetricsSwitch(hosted.agent).run())
        try:
            yield Monitored(hosted)
        finally:
            switch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await switch


def key(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return f"stationmaster_{name}", frozenset(labels.items())


async def test_off_unless_asked_for_and_off_again(monitored: Monitored) -> None:
    await monitored.turn(port=monitored.port)
    assert await monitored.get("/metrics") == (0, "")
    await monitored.turn(enabled=True)
    async with asyncio.timeout(PATIENCE):
        await monitored.answers()
        old, monitored.port = monitored.port, free_port()
        await monitored.turn(port=monitored.port)
        await monitored.answers()
        monitored.port = old
        assert await monitored.get("/healthz") == (0, "")
        await monitored.turn(enabled=False)
        await monitored.answers(yes=False)


async def test_the_figures_tell_of_files_reports_and_problems(monitored: Monitored) -> None:
    hosted = monitored.hosted
    async with Oracle(hosted.root / "oracle") as oracle:
        folder = await hosted.line("line1", oracle)
        await hosted.agent.reload()
        await hosted.running("line1")
        await monitored.turn(enabled=True, port=monitored.port)
        async with asyncio.timeout(PATIENCE):
            await monitored.answers()
        for _ in range(3):
            hosted.drop(folder)
        hosted.spoil(folder)
        await hosted.until(lambda: hosted.completed("line1") == 3 and hosted.instance("line1").counts.error)
        found = await monitored.figures()
    assert found[key("queue_entries", instance="line1", state="completed")] == 3
    assert found[key("queue_entries", instance="line1", state="error")] == 1
    assert found[key("queue_oldest_seconds", instance="line1")] == 0
    assert found[key("uploads_total", instance="line1")] == 3
    assert found[key("errors_total", instance="line1", kind="unconvertible")] == 1
    assert found[key("conversions_total", instance="line1")] == 3
    assert found[key("conversion_seconds_total", instance="line1")] >= 0
    assert found[key("workers", instance="line1")] >= 1
    assert found[key("link_up", instance="line1")] == 1
    assert found[key("paused", instance="line1")] == 0
    assert found[key("instance_state", instance="line1", state="running")] == 1
    assert found[key("problems", instance="line1", code="entries-in-error", severity="warning")] == 1
    assert found[key("problems", instance="", code="disk-full", severity="")] == 0
    assert found[key("disk_free_bytes")] > 0
    assert found[key("event_loop_lag_seconds")] >= 0
    assert [name for name, _ in found if name == "stationmaster_build_info"]
    assert not [name for name, _ in found if name.startswith(("python_", "process_"))]


async def test_a_pause_is_healthy_an_instance_that_cannot_run_is_not(monitored: Monitored) -> None:
    hosted = monitored.hosted
    async with Oracle(hosted.root / "oracle") as oracle:
        await hosted.line("line1", oracle)
        await hosted.agent.reload()
        await hosted.running("line1")
        await monitored.turn(enabled=True, port=monitored.port)
        async with asyncio.timeout(PATIENCE):
            await monitored.answers()
        await hosted.agent.configure("line1", {"paused_until": "9999-01-01T00:00:00Z"})
        status, text = await monitored.get("/healthz")
        assert (status, '"status":"ok"' in text) == (200, True)
        assert (await monitored.figures())[key("paused", instance="line1")] == 1
        hosted.blocked("line1")
        await hosted.agent.configure("line1", {"server.timeout": 6.0})
        await hosted.until(lambda: hosted.lifecycle("line1") is Lifecycle.FAILED)
        status, text = await monitored.get("/healthz")
        assert status == 503
        assert "line1" in text
        assert health(hosted.agent).reasons
        hosted.unblocked("line1")
        await hosted.until(lambda: hosted.lifecycle("line1") is Lifecycle.RUNNING)
        await hosted.until(lambda: not health(hosted.agent).reasons)


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/metrics", {}, 405),
        ("HEAD", "/metrics", {}, 405),
        ("OPTIONS", "/metrics", {"Access-Control-Request-Method": "GET"}, 405),
        ("GET", "/else", {}, 404),
        ("GET", "/metrics", {"Origin": "http://127.0.0.1"}, 403),
        ("GET", "/metrics", {"Referer": "http://evil.example/"}, 403),
        ("GET", "/metrics", {"Host": "evil.example"}, 403),
        ("GET", "/healthz", {"Host": "evil.example:9464"}, 403),
        ("GET", "/healthz", {"Host": "10.0.0.1"}, 403),
        ("GET", "/healthz", {"Host": "localhost:9464"}, 200),
        ("GET", "/healthz", {"Host": "[::1]:9464"}, 200),
    ],
)
async def test_only_reading_and_no_web_page(
    monitored: Monitored, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    await monitored.turn(enabled=True, port=monitored.port)
    async with asyncio.timeout(PATIENCE):
        await monitored.answers()
    assert (await monitored.get(path, method=method, headers=headers))[0] == status


async def test_a_port_that_is_taken_is_a_problem_that_goes_by_itself(monitored: Monitored) -> None:
    hosted = monitored.hosted
    with socket.socket() as other:
        other.bind(("127.0.0.1", monitored.port))
        other.listen()
        await monitored.turn(enabled=True, port=monitored.port)
        await hosted.moment(lambda: hosted.problem(ProblemCode.METRICS_UNAVAILABLE))
        problem = hosted.problem(ProblemCode.METRICS_UNAVAILABLE)
        assert problem is not None
        assert str(monitored.port) in problem.text
    await hosted.until(lambda: not hosted.problem(ProblemCode.METRICS_UNAVAILABLE), step=5.0)
    assert (await monitored.get("/healthz"))[0] == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "wats.factory"])  # noqa: S104 - it is refused
async def test_other_computers_are_let_in_only_on_purpose(monitored: Monitored, host: str) -> None:
    with pytest.raises(ConfigError, match=r"metrics\.host") as caught:
        await monitored.turn(host=host)
    assert "allow_remote" in caught.value.next_step
    await monitored.turn(allow_remote=True, host=host)


async def test_an_agent_without_figures_does_not_load_what_they_need() -> None:
    code = "import sys, stationmaster.cli.program; print([m for m in sys.modules if 'prometheus' in m])"
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ)
    )
    assert done.stdout.strip() == "[]", done.stderr


async def test_connections_that_say_nothing_leave_room_for_the_agent(monitored: Monitored) -> None:
    await monitored.turn(enabled=True, port=monitored.port)
    async with asyncio.timeout(60):
        await monitored.answers()
        silent = [
            await asyncio.open_connection("127.0.0.1", monitored.port) for _ in range(2 * MOST_CONNECTIONS)
        ]
        ended = {asyncio.create_task(reader.read()) for reader, _ in silent}
        while len(ended) > MOST_CONNECTIONS:  # those beyond the limit end at once
            _, ended = await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait(ended)  # and the others when their time is over
        await monitored.answers()
    for _, writer in silent:
        writer.close()
