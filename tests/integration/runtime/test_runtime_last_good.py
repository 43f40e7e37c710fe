"""At the agent's start a damaged settings file stops no station: the last good settings stand in."""

from __future__ import annotations

import tomllib

import pytest
from tomlkit import TOMLDocument

from fakes.hosted import Hosted, ids
from fakes.oracle import Oracle
from stationmaster.config import migration
from stationmaster.config.migration import Step
from stationmaster.model import ProblemCode

pytestmark = pytest.mark.usefixtures("no_lingering_tasks")
INVALID = ProblemCode.CONFIG_INVALID


@pytest.mark.parametrize("damage", [b"", b"\0" * 4096, b"schema = 1\n[server", b"schema = 2\n", b"\xff"])
async def test_an_instance_with_a_damaged_file_runs_with_its_last_good_settings(
    hosted: Hosted, oracle: Oracle, damage: bytes
) -> None:
    folder = await hosted.line("line1", oracle, patch={"upload.mode": "fixed"})
    path = hosted.home.instance_file("line1")
    right = path.read_text()
    async with hosted:
        await hosted.running("line1")
        await hosted.stop()
        path.write_bytes(damage)
        name = hosted.drop(folder)
        await hosted.start()
        await hosted.until(lambda: ids(oracle) == [name], what="the upload")
        assert hosted.instance("line1").upload.mode == "fixed"
        problem = hosted.problem(INVALID, "line1")
        assert problem is not None
        assert str(path) in problem.text
        assert "The last good settings, of 20" in problem.text
        assert problem.next_step
        assert path.read_bytes() == damage, "what a person may want to look at stays"
        before = hosted.supervisor("line1").instance
        path.write_text(right.replace("[station]", '[station]\nname = "FCT-04"'))
        await hosted.until(lambda: not hosted.problem(INVALID), what="the end of the Problem")
        await hosted.until(lambda: hosted.instance("line1").station == "FCT-04")
        assert hosted.supervisor("line1").instance is not before


async def test_a_file_that_becomes_wrong_again_is_told_of_as_such(hosted: Hosted, oracle: Oracle) -> None:
    await hosted.line("line1", oracle)
    path = hosted.home.instance_file("line1")
    right = path.read_text()
    async with hosted:
        await hosted.running("line1")
        await hosted.stop()
        path.write_text("wrong")
        await hosted.start()
        assert hosted.problem(INVALID, "line1")
        path.write_text(right)
        await hosted.until(lambda: not hosted.problem(INVALID))
        path.write_text("wrong again")
        await hosted.until(lambda: hosted.problem(INVALID))
        problem = hosted.problem(INVALID)
        assert problem is not None
        assert "goes on with its old settings" in problem.text


async def test_the_agent_itself_starts_with_its_last_good_settings(hosted: Hosted) -> None:
    hosted.store.edit_agent({"shutdown_budget": 7.0})
    async with hosted:
        await hosted.stop()
        hosted.home.agent_file.write_text("shutdown_budget = ")
        await hosted.start()
        assert hosted.agent.budget.total == pytest.approx(7.0)
        problem = hosted.problem(INVALID)
        assert problem is not None
        assert "The last good settings, of " in problem.text
        hosted.home.agent_file.unlink()
        await hosted.until(lambda: not hosted.problem(INVALID))
        assert hosted.agent.budget.total == pytest.approx(30.0)


@pytest.mark.parametrize("while_running", [True, False])
async def test_a_file_that_was_deleted_is_never_brought_back(
    hosted: Hosted, oracle: Oracle, *, while_running: bool
) -> None:
    await hosted.line("line1", oracle)
    path = hosted.home.instance_file("line1")
    async with hosted:
        await hosted.running("line1")
        if not while_running:
            await hosted.stop()
        path.unlink()
        if while_running:
            await hosted.until(lambda: not hosted.agent.supervisors)
            await hosted.stop()
        await hosted.start()
        assert hosted.agent.supervisors == {}
        assert not hosted.agent.status().problems
        path.write_text("a new one, with a slip")
        await hosted.restart()
        assert hosted.agent.supervisors == {}, "settings that were removed say nothing of a new file"
        assert hosted.problem(INVALID, "line1")


async def test_an_instance_that_was_switched_off_stays_off(hosted: Hosted, oracle: Oracle) -> None:
    await hosted.line("line1", oracle, patch={"enabled": False})
    async with hosted:
        await hosted.stop()
        hosted.home.instance_file("line1").write_text("enabled = ")
        await hosted.start()
        assert hosted.agent.supervisors == {}


async def test_files_of_an_older_version_are_written_anew_at_the_start(
    hosted: Hosted, oracle: Oracle, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = await hosted.line("line1", oracle)
    path = hosted.home.instance_file("line1")
    path.write_text(path.read_text().replace("[upload]", '[upload]\nway = "fixed" # steady'))
    old = path.read_text()

    def way(document: TOMLDocument) -> TOMLDocument:
        upload = document.get("upload", {})
        if "way" in upload:
            upload["mode"] = upload.pop("way")
        return document

    monkeypatch.setattr(migration, "STEPS", (Step(instance=way),))
    async with hosted:
        await hosted.running("line1")
        assert hosted.instance("line1").upload.mode == "fixed"
        assert tomllib.loads(path.read_text())["schema"] == 2
        assert path.with_name("line1.toml.v1").read_text() == old
        name = hosted.drop(folder)
        await hosted.until(lambda: ids(oracle) == [name])
        path.write_text(path.read_text().replace("schema = 2", "schema = 3"))
        await hosted.until(lambda: hosted.problem(INVALID), what="the refusal of a newer file")
        problem = hosted.problem(INVALID)
        assert problem is not None
        assert "written by a newer version" in problem.text
        assert "Update Stationmaster" in problem.next_step
        second = hosted.drop(folder)
        await hosted.until(
            lambda: ids(oracle) == [name, second], what="the upload, with its last good settings"
        )
