"""`config show` and `config edit`: the agent's own settings, with an agent and without."""

from __future__ import annotations

import logging
import os

import pytest

from fakes.typed import Typist
from stationmaster.config import last_good
from stationmaster.runtime.agent import Agent


def limits(agent: Agent) -> tuple[int, float, float]:
    """Conversions at once, seconds for a stop, seconds of these for one instance, as they hold now."""
    assert agent._shared is not None
    return agent._shared.slots.limit, round(agent.budget.total, 6), round(agent._shared.budget.instance, 6)


# ---------------------------------------------------------------- without an agent
async def test_showing_and_changing_without_an_agent(alone: Typist) -> None:
    path = alone.hosted.home.agent_file
    assert not path.exists()
    before = await alone.type("config", "show", "--json")
    assert before.data == {
        "schema": 1,
        "conversions": 0,
        "log_level": "info",
        "log_levels": {},
        "shutdown_budget": 30.0,
        "metrics": {"enabled": False, "host": "127.0.0.1", "port": 9464, "allow_remote": False},
        "embedded_server": {"enabled": False, "port": 8080},
    }
    done = await alone.type("config", "edit", "--set", "conversions=2", "--set", "log_level=debug")
    assert (done.code, done.out) == (0, "")
    assert path.read_text() == 'conversions = 2\nlog_level = "debug"\n'
    path.write_text("# ours\n" + path.read_text())
    assert (await alone.type("config", "edit", "--unset", "log_level", "--set", "conversions=3")).code == 0
    assert path.read_text() == "# ours\nconversions = 3\n"
    shown = await alone.type("config", "show")
    assert "conversions = 3\n" in shown.out
    assert 'log_level = "info"\n' in shown.out
    assert "metrics.port = 9464\n" in shown.out
    assert str(path) in shown.talk


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "Nothing to change"),
        (("--set", "conversions"), "KEY=VALUE"),
        (("--set", "conversion=2"), "conversions"),
        (("--set", "conversions=many"), "a whole number from 0 to 256"),
        (("--set", "log_level=inof"), 'Did you mean "info"?'),
        (("--set", "shutdown_budget=0"), "shutdown_budget"),
        (("--set", "upload.mode=fixed"), "upload"),
        (("--unset", "nothing"), "nothing"),
    ],
)
async def test_2_a_wrong_change_says_what_is_wrong_and_changes_nothing(
    alone: Typist, words: tuple[str, ...], says: str
) -> None:
    done = await alone.type("config", "edit", *words)
    assert (done.code, done.out) == (2, "")
    assert says in done.talk
    assert not alone.hosted.home.agent_file.exists()


async def test_2_a_wrong_file_is_told_and_not_overwritten(alone: Typist) -> None:
    path = alone.hosted.home.agent_file
    path.write_text("conversions = -1\n")
    for words in (("show",), ("show", "--json"), ("edit", "--set", "log_level=debug")):
        done = await alone.type("config", *words)
        assert (done.code, done.out) == (2, "")
        assert "conversions" in done.talk
    assert path.read_text() == "conversions = -1\n"
    assert (await alone.type("config", "edit", "--set", "conversions=1")).code == 0


# ---------------------------------------------------------------- with an agent
async def test_a_running_agent_takes_its_own_settings_up_at_once(typist: Typist) -> None:
    agent, before = typist.hosted.agent, typist.hosted.supervisor("line1").instance
    assert limits(agent) == (os.cpu_count(), 30.0, 28.0)
    done = await typist.type(
        *("config", "edit", "--set", "conversions=7", "--set", "shutdown_budget=15"),
        *("--set", "log_level=warning"),
    )
    assert done.code == 0, done
    assert limits(agent) == (7, 15.0, 14.0)
    assert logging.getLogger("stationmaster").level == logging.WARNING
    refused = await typist.type("config", "edit", "--set", "schema=99")
    assert refused.code == 2
    assert (await typist.type("config", "edit", "--unset", "log_level")).code == 0
    assert logging.getLogger("stationmaster").level == logging.INFO
    assert typist.hosted.supervisor("line1").instance is before, "nothing restarts"


async def test_a_hand_edit_of_the_agent_s_file_is_noticed(typist: Typist) -> None:
    agent, path = typist.hosted.agent, typist.hosted.home.agent_file
    path.write_text("conversions = 3\nshutdown_budget = 6.0\n")
    await typist.hosted.until(lambda: limits(agent)[0] == 3, what="the new limit")
    assert limits(agent) == (3, 6.0, 5.6)
    path.write_text("conversions = -3\n")
    await typist.hosted.until(lambda: agent.status().problems, what="the Problem")
    assert limits(agent)[0] == 3, "a wrong file changes nothing"
    path.unlink()
    await typist.hosted.until(lambda: limits(agent)[0] == os.cpu_count(), what="the default")
    assert limits(agent)[1] == 30.0


async def test_a_damaged_file_is_told_with_what_stands_in_for_it(alone: Typist) -> None:
    await alone.type("instance", "add", "line1", "--server", "http://127.0.0.1:9")
    await alone.type("config", "edit", "--set", "conversions=2")
    home, store = alone.hosted.home, alone.hosted.store
    last_good.keep(home, store.load_all().texts)
    for path in (home.instance_file("line1"), home.agent_file):
        path.write_text("schema = [")
    for words in (("instance", "show", "line1"), ("config", "show"), ("config", "check")):
        done = await alone.type(*words)
        assert done.code == 2, words
        assert "the agent goes on with the last good settings, of 20" in done.talk, words
    home.instance_file("line1").unlink()
    assert "last good" not in (await alone.type("instance", "show", "line1")).talk
