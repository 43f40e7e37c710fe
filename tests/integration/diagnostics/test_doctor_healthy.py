"""A station that is well: every check says so, with an agent and without one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fakes.hosted import TOKEN, Hosted
from fakes.oracle import VERSION, Oracle
from fakes.typed import Typist

pytestmark = pytest.mark.usefixtures("no_lingering_tasks")


def states(checks: list[dict[str, Any]], instance: str = "line1") -> dict[str, str]:
    return {one["name"]: one["state"] for one in checks if one["instance"] == instance}


WAY = ("token", "address", "tcp", "server", "login", "permission", "clock")
REST = ("settings", "folder", "own-folder", "converter", "disk", "spool", "archive", "overlap")


async def test_all_is_well_and_it_ends_with_0(hosted: Hosted, oracle: Oracle) -> None:
    oracle.token = TOKEN
    await hosted.line("line1", oracle)
    async with hosted:
        await hosted.running("line1")
        with Typist(hosted) as typist:
            async with typist.agent():
                said = await typist.type("doctor", "--json")
                text = await typist.type("doctor")
                way = await typist.type("server", "test", "line1", "--json")
    checks = said.data["checks"]
    assert {one["state"] for one in checks} == {"ok"}, said.out
    assert said.code == 0
    assert said.data["ok"]
    assert set(states(checks)) == {"agent", *WAY, *REST}
    assert set(states(checks, "")) == {"agent", "version", "supervision", "home", "settings"}
    assert text.code == 0
    assert f"✓ ok       Log-in: WATS {VERSION} accepts the token." in text.out
    assert text.out.splitlines()[-1] == f"{len(checks)} ok."
    assert tuple(one["name"] for one in way.data["checks"]) == WAY
    assert not oracle.stored, "the doctor makes no report"
    assert [one.size for one in oracle.submits()] == [0, 0, 0]


async def test_without_an_agent_the_rest_is_checked_all_the_same(alone: Typist, oracle: Oracle) -> None:
    hosted = alone.hosted
    oracle.token = TOKEN
    oracle.clock = None
    await hosted.line("line1", oracle)
    said = await alone.type("doctor", "--json")
    assert said.code == 4
    failed = [one for one in said.data["checks"] if one["state"] == "failed"]
    assert [one["name"] for one in failed] == ["agent"]
    assert failed[0]["next_step"] == "Start it with: stationmaster agent start"
    assert states(said.data["checks"], "")["version"] == "skipped"
    assert set(states(said.data["checks"]).values()) == {"ok"}, said.out
    assert "There is none yet" in json.dumps(said.data)


async def test_only_the_named_instances_are_checked(alone: Typist, oracle: Oracle) -> None:
    for name in ("line1", "line2"):
        await alone.hosted.line(name, oracle)
    said = await alone.type("doctor", "line2", "--json")
    assert {one["instance"] for one in said.data["checks"]} == {"", "line2"}
    assert (await alone.type("doctor", "line9")).code == 2
