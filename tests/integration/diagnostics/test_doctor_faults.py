"""A fault at each hop: the doctor names it, the running agent's Problem names it, with the same words."""

from __future__ import annotations

from typing import Any

import pytest

from fakes.hosted import Hosted
from fakes.oracle import Oracle
from fakes.planted import FAULTS, LINE, Bench, Fault
from fakes.typed import Typist
from stationmaster.diagnostics.check import TITLES
from stationmaster.model import ProblemCode
from stationmaster.sentence import closed

pytestmark = pytest.mark.usefixtures("no_lingering_tasks")

WARNINGS = {ProblemCode.SPOOL_DAMAGED}
"""What was mended already, but a person should know of."""

WORDS = ("code", "title", "text", "next_step", "instance", "subject")


@pytest.fixture
def bench(hosted: Hosted, oracle: Oracle, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(hosted, oracle, monkeypatch)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
async def test_doctor_and_agent_name_it_with_the_same_words(bench: Bench, fault: Fault) -> None:
    hosted = bench.hosted
    async with fault.plant(bench), hosted:
        if fault.then is not None:
            await hosted.running(LINE)
            await fault.then(bench)
        await hosted.until(lambda: hosted.problem(fault.code, LINE), what="the Problem")
        with Typist(hosted) as typist:
            async with typist.agent():
                said = await typist.type("doctor", "--json")
                text = await typist.type("doctor", LINE)
                status = await typist.type("agent", "status", "--json")
        checks = said.data["checks"]
        (problem,) = [one for one in status.data["problems"] if one["code"] == fault.code]
        (check,) = [one for one in checks if one["code"] == fault.code]
        assert {key: check[key] for key in WORDS} == {key: problem[key] for key in WORDS}
        assert fault.words in check["text"]
        assert [one["text"] for one in checks if closed(one["text"]) != one["text"]] == []
        assert check["name"] == fault.hop
        assert check["next_step"].startswith(fault.step)
        warned = fault.code in WARNINGS
        assert check["state"] == ("warning" if warned else "failed")
        assert (said.code, text.code) == ((0, 0) if warned else (4, 4))
        sign = "!" if warned else "✗"
        assert (
            f"{sign} {check['state']:<7}  {TITLES[fault.hop]}: {check['title']} [{fault.code}]: " in text.out
        )
        assert f"→ {check['next_step']}" in text.out
        assert not wrong_elsewhere(checks, check)


def wrong_elsewhere(checks: list[dict[str, Any]], fault: dict[str, Any]) -> list[dict[str, Any]]:
    """What fails beside the fault; later hops of its chain are skipped because of it, or of what was."""
    names = {fault["name"], *(one["name"] for one in checks if one["state"] == "skipped")}
    return [
        one
        for one in checks
        if one is not fault
        and (
            one["state"] == "failed" or (one["state"] == "skipped" and one["details"]["because"] not in names)
        )
    ]
