"""Settings are taken up while the agent runs and work is under way: nothing restarts, nothing is lost."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from pathlib import Path

import pytest

from fakes.hosted import TOKEN, Hosted, ids
from fakes.oracle import Oracle
from fakes.oracle_script import Act, Behaviour, Rule, Script, status
from fakes.waiting import PATIENCE
from stationmaster.config.schema import UploadMode
from stationmaster.control.protocol import AddRequest
from stationmaster.errors import ConfigError
from stationmaster.model import Lifecycle, Link, ProblemCode

pytestmark = pytest.mark.usefixtures("no_lingering_tasks")
INVALID = ProblemCode.CONFIG_INVALID


# -------------------------------------------------------------------- wrong files


async def test_a_wrong_file_stops_no_station_and_its_problem_heals(hosted: Hosted, oracle: Oracle) -> None:
    folder, second = await hosted.line("line1", oracle), await hosted.line("line2", oracle)
    path = hosted.home.instance_file("line1")
    right = path.read_text()
    async with hosted:
        await hosted.running("line1", "line2")
        before = hosted.supervisor("line1").instance
        path.write_text(right + '\n[uplod]\nmode = "fast"\n')
        await hosted.until(lambda: hosted.problem(INVALID))
        problem = hosted.problem(INVALID)
        assert problem is not None
        assert (problem.instance, problem.title) == ("line1", "The settings of line1 are wrong")
        assert str(path) in problem.text
        assert "uplod" in problem.text
        assert "goes on with its old settings" in problem.text
        names = {hosted.drop(folder), hosted.drop(second)}
        await hosted.until(lambda: set(ids(oracle)) == names)
        assert hosted.supervisor("line1").instance is before
        path.write_text(right)
        hosted.store.edit("line1", {"upload.mode": "fixed"})
        await hosted.until(lambda: not hosted.problem(INVALID))
        # The file as it was may be read, too, before the one with the change.
        await hosted.until(lambda: hosted.instance("line1").upload.mode == UploadMode.FIXED)
        await hosted.running("line1")


async def test_an_instance_whose_file_is_wrong_from_the_start_begins_once_it_is_right(
    hosted: Hosted, oracle: Oracle
) -> None:
    folder, second = await hosted.line("line1", oracle), await hosted.line("line2", oracle)
    path = hosted.home.instance_file("line1")
    right = path.read_text()
    path.write_text(right + "\nenabled = ")
    name, other = hosted.drop(folder), hosted.drop(second)
    async with hosted:
        await hosted.until(lambda: ids(oracle) == [other])
        assert [one.name for one in hosted.agent.status().instances] == ["line2"]
        assert hosted.problem(INVALID, "line1")
        path.write_text(right)
        await hosted.until(lambda: ids(oracle) == [other, name])
        assert not hosted.problem(INVALID)


async def test_an_instance_with_a_wrong_file_outlives_its_own_restart(hosted: Hosted, oracle: Oracle) -> None:
    """What asks for the token, or begins the instance anew, goes by the settings that it has."""
    folder = await hosted.line("line1", oracle)
    async with hosted:
        await hosted.running("line1")
        hosted.home.instance_file("line1").write_text("what is this?")
        await hosted.until(lambda: hosted.problem(INVALID))
        hosted.agent.restart("line1")
        name = hosted.drop(folder)
        await hosted.until(lambda: ids(oracle) == [name], what="the upload after the restart")
        assert not hosted.problem(ProblemCode.INSTANCE_FAILED)
        assert hosted.lifecycle("line1") is Lifecycle.RUNNING


async def test_a_refused_token_heals_while_the_file_is_wrong(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    oracle.token = "bmV3OnRva2Vu"
    async with hosted:
        await hosted.running("line1")
        hosted.home.instance_file("line1").write_text("what is this?")
        await hosted.until(lambda: hosted.problem(INVALID))
        name = hosted.drop(folder)
        await hosted.until(lambda: hosted.problem(ProblemCode.LOGIN_REFUSED))
        oracle.token = TOKEN
        await hosted.until(lambda: ids(oracle) == [name], what="the upload")
        assert hosted.instance("line1").link is Link.ONLINE


async def test_a_wrong_file_of_the_agent_itself_is_told_and_heals(hosted: Hosted, oracle: Oracle) -> None:
    await hosted.line("line1", oracle)
    async with hosted:
        await hosted.running("line1")
        hosted.home.agent_file.write_text("shutdown_budget = -1\n")
        await hosted.until(lambda: hosted.problem(INVALID))
        problem = hosted.problem(INVALID)
        assert problem is not None
        assert problem.title == "The settings of the agent are wrong"
        assert problem.instance == ""
        assert "shutdown_budget" in problem.text
        assert hosted.lifecycle("line1") is Lifecycle.RUNNING
        hosted.home.agent_file.unlink()
        await hosted.until(lambda: not hosted.problem(INVALID))


async def test_a_settings_folder_that_cannot_be_read_for_a_while_stops_nothing(
    hosted: Hosted, oracle: Oracle
) -> None:
    folder = await hosted.line("line1", oracle)
    instances = hosted.home.instances
    away = instances.with_name("away")
    async with hosted:
        await hosted.running("line1")
        instances.rename(away)
        instances.write_text("no folder")
        await hosted.until(lambda: hosted.problem(INVALID))
        name = hosted.drop(folder)
        await hosted.until(lambda: ids(oracle) == [name])
        with pytest.raises(ConfigError, match="cannot be read"):
            await hosted.agent.find("S00001")
        instances.unlink()
        away.rename(instances)
        await hosted.until(lambda: not hosted.problem(INVALID), what="the end of the problem")
        assert hosted.lifecycle("line1") is Lifecycle.RUNNING


# -------------------------------------------------------------------- instances come and go


async def test_an_added_instance_starts_at_once_beside_one_that_works(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    oracle.delay = 0.02
    async with hosted:
        await hosted.running("line1")
        before = hosted.supervisor("line1").instance
        names = {hosted.drop(folder) for _ in range(20)}
        await hosted.agent.add(
            AddRequest(
                name="line2",
                server=oracle.url,
                watch=(hosted.watch(hosted.folder("line2")),),
                patch={"secrets.store": "file"},
                token=TOKEN,
            )
        )
        await hosted.running("line2")
        names.add(hosted.drop(hosted.folder("line2")))
        await hosted.until(lambda: set(ids(oracle)) == names)
        assert hosted.supervisor("line1").instance is before
    assert len(ids(oracle)) == len(names)


@pytest.mark.parametrize("wrong", [{"token": "two words"}, {"patch": {"upload.mode": "fast"}}])
async def test_an_instance_that_is_refused_leaves_nothing_behind(
    hosted: Hosted, oracle: Oracle, wrong: dict[str, object]
) -> None:
    request = AddRequest(**{"name": "line1", "server": oracle.url, "token": TOKEN, **wrong})  # type: ignore[arg-type]  # the fields of one case differ
    async with hosted:
        with pytest.raises(ConfigError) as caught:
            await hosted.agent.add(request)
        assert "two words" not in str(caught.value)
        assert hosted.store.names() == ()
        assert hosted.agent.status().instances == ()


async def test_an_instance_whose_token_finds_no_store_is_not_made(hosted: Hosted, oracle: Oracle) -> None:
    request = AddRequest(name="line1", server=oracle.url, patch={"secrets.store": "environment"}, token=TOKEN)
    async with hosted:
        with pytest.raises(ConfigError, match="environment variable"):
            await hosted.agent.add(request)
        assert hosted.store.names() == ()


async def test_a_disabled_instance_keeps_what_waits_and_delivers_it_when_enabled(
    hosted: Hosted, oracle: Oracle
) -> None:
    folder = await hosted.line("line1", oracle)
    await oracle.stop()
    async with hosted:
        await hosted.running("line1")
        names = {hosted.drop(folder) for _ in range(3)}
        await hosted.until(lambda: hosted.instance("line1").counts.queued == 3)
        await hosted.agent.configure("line1", {"enabled": False})
        assert hosted.agent.status().instances == ()
        assert {one.report_id for one in await hosted.entries("line1")} == names
        await oracle.start()
        await hosted.clock.advance(300.0)
        assert ids(oracle) == []
        await hosted.agent.configure("line1", {"enabled": None})
        await hosted.until(lambda: sorted(ids(oracle)) == sorted(names))


async def test_a_removed_instance_leaves_its_spool_and_one_of_its_name_delivers_it(
    hosted: Hosted, oracle: Oracle
) -> None:
    folder = await hosted.line("line1", oracle)
    await oracle.stop()
    async with hosted:
        await hosted.running("line1")
        name = hosted.drop(folder)
        await hosted.until(lambda: hosted.instance("line1").counts.queued == 1)
        assert await hosted.agent.remove("line1") == ""
        assert hosted.agent.status().instances == ()
        assert hosted.home.spool("line1").exists()
        assert not hosted.home.token_file("line1").exists()
        with pytest.raises(ConfigError, match="no instance"):
            await hosted.agent.remove("line1")
        await oracle.start()
        await hosted.line("line1", oracle)  # by hand this time: it is noticed
        await hosted.until(lambda: ids(oracle) == [name])


async def test_instances_are_made_and_removed_by_hand(hosted: Hosted, oracle: Oracle) -> None:
    async with hosted:
        assert hosted.agent.status().instances == ()
        folder = await hosted.line("line1", oracle)
        name = hosted.drop(folder)
        await hosted.until(lambda: ids(oracle) == [name])
        hosted.home.instance_file("line1").unlink()
        await hosted.until(lambda: not hosted.agent.supervisors)


# -------------------------------------------------------------------- changes while work is under way


async def test_another_folder_is_watched_from_now_on(hosted: Hosted, oracle: Oracle) -> None:
    folder, other = await hosted.line("line1", oracle), hosted.folder("other")
    oracle.delay = 0.02
    async with hosted:
        await hosted.running("line1")
        names = {hosted.drop(folder) for _ in range(10)}
        await hosted.until(lambda: ids(oracle), what="the first upload")
        await hosted.agent.configure("line1", {"watch.0.path": str(other)})
        late = hosted.drop(folder)  # nobody looks there any more
        names |= {hosted.drop(other) for _ in range(5)}
        await hosted.agent.configure("line1", {"watch": [hosted.watch(folder), hosted.watch(other)]})
        names.add(late)
        await hosted.until(lambda: set(ids(oracle)) == names)
    assert _left(folder) == _left(other) == []
    assert len(ids(oracle)) == len(names)


async def test_another_server_gets_what_waits_and_loses_nothing_under_way(
    hosted: Hosted, oracle: Oracle, tmp_path: Path
) -> None:
    folder = await hosted.line("line1", oracle)
    oracle.delay = 0.05
    async with Oracle(tmp_path / "oracle2") as other, hosted:
        other.clock = hosted.clock
        await hosted.running("line1")
        names = {hosted.drop(folder) for _ in range(40)}
        await hosted.until(lambda: len(ids(oracle)) >= 5)
        await hosted.agent.configure("line1", {"server.url": other.url})
        assert hosted.instance("line1").server == other.url
        await hosted.until(lambda: set(ids(oracle)) | set(ids(other)) == names)
        await hosted.until(lambda: hosted.instance("line1").counts.completed == 40)
        both = ids(oracle) + ids(other)
        assert len(both) == len(names)  # what was under way finished at the first one
        assert ids(other)


async def test_a_dead_server_is_left_for_one_that_lives(
    hosted: Hosted, oracle: Oracle, tmp_path: Path
) -> None:
    folder = await hosted.line("line1", oracle)
    await oracle.stop()
    async with Oracle(tmp_path / "oracle2") as other, hosted:
        other.clock = hosted.clock
        name = hosted.drop(folder)
        await hosted.until(lambda: hosted.problem(ProblemCode.SERVER_UNREACHABLE))
        hosted.store.edit("line1", {"server.url": other.url})  # by hand
        await hosted.until(lambda: ids(other) == [name])
        assert not hosted.problem(ProblemCode.SERVER_UNREACHABLE)
    assert ids(oracle) == []


async def test_another_upload_mode_takes_effect_while_reports_are_under_way(
    hosted: Hosted, oracle: Oracle
) -> None:
    folder = await hosted.line("line1", oracle)
    oracle.delay = 0.05
    async with hosted:
        await hosted.running("line1")
        names = {hosted.drop(folder) for _ in range(30)}
        await hosted.until(lambda: len(ids(oracle)) >= 3)
        await hosted.agent.configure("line1", {"upload.mode": "fixed", "upload.max_concurrent": 1})
        await hosted.running("line1")
        upload = hosted.instance("line1").upload
        assert (upload.mode, upload.limit) == ("fixed", 1)
        most = 0

        def all_there() -> bool:
            nonlocal most
            most = max(most, hosted.instance("line1").upload.in_flight)
            return set(ids(oracle)) == names

        await hosted.until(all_there)
        assert most == 1
    assert len(ids(oracle)) == len(names)


async def test_another_token_is_used_for_what_was_refused(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    async with hosted:
        await hosted.running("line1")
        names = {hosted.drop(folder) for _ in range(5)}
        await hosted.until(lambda: set(ids(oracle)) == names)
        oracle.token = "bmV3OnRva2Vu"
        names |= {hosted.drop(folder) for _ in range(5)}
        await hosted.until(lambda: hosted.instance("line1").link is Link.NEEDS_LOGIN)
        before = hosted.supervisor("line1").instance
        await hosted.agent.set_token("line1", oracle.token)
        await hosted.moment(lambda: hosted.instance("line1").link is Link.ONLINE)  # it is tried at once
        await hosted.until(lambda: set(ids(oracle)) == names)
        await hosted.moment(lambda: hosted.instance("line1").counts.completed == len(names))
        assert hosted.supervisor("line1").instance is before
        assert all(one.attempts == 1 for one in await hosted.entries("line1"))


async def test_settings_that_are_refused_change_nothing(hosted: Hosted, oracle: Oracle) -> None:
    await hosted.line("line1", oracle)
    async with hosted:
        await hosted.running("line1")
        before, text = hosted.supervisor("line1").instance, hosted.home.instance_file("line1").read_text()
        with pytest.raises(ConfigError, match="max_concurrent"):
            await hosted.agent.configure("line1", {"upload.max_concurrent": 0})
        with pytest.raises(ConfigError, match="no instance"):
            await hosted.agent.configure("line9", {"upload.max_concurrent": 1})
        assert hosted.supervisor("line1").instance is before
        assert hosted.home.instance_file("line1").read_text() == text
        view = await hosted.agent.config_view("line1")
        assert (view.name, view.toml) == ("line1", text)
        assert view.values["server"]["url"] == oracle.url
        assert TOKEN not in str(view)


async def test_a_file_that_is_saved_without_a_change_restarts_nothing(hosted: Hosted, oracle: Oracle) -> None:
    await hosted.line("line1", oracle)
    path = hosted.home.instance_file("line1")
    async with hosted:
        await hosted.running("line1")
        before = hosted.supervisor("line1").instance
        path.write_text("# a comment\n" + path.read_text())
        os.utime(path, (1, 1))
        await hosted.clock.advance(10.0)
        await hosted.agent.reload()
        assert hosted.supervisor("line1").instance is before


async def test_an_instance_that_is_slow_to_stop_holds_up_no_order_to_another(
    hosted: Hosted, oracle: Oracle, tmp_path: Path
) -> None:
    async with Oracle(tmp_path / "hung", Script([Rule(behaviour=Behaviour(act=Act.HANG))])) as hung:
        folder = await hosted.line("slow", hung, patch={"server.timeout": 600.0})
        await hosted.line("line1", oracle)
        async with hosted:
            await hosted.running("slow", "line1")
            hosted.drop(folder)
            await hosted.until(hung.submits)
            changing = asyncio.create_task(hosted.agent.configure("slow", {"station.location": "Hall 2"}))
            await hosted.moment(lambda: hosted.lifecycle("slow") is Lifecycle.STOPPING)
            until = hosted.clock.now() + timedelta(hours=1)
            async with asyncio.timeout(PATIENCE):  # no time passes for the agent: the slow one cannot end
                await hosted.agent.pause("line1", until)
                await hosted.agent.configure("line1", {"station.location": "Hall 3"})
            assert not changing.done()
            assert hosted.instance("line1").paused_until == until
            await hung.stop()
            await changing
            await hosted.running("slow", "line1")
            await hung.start()


async def test_a_drain_goes_on_when_settings_change(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    oracle.script = Script([Rule(behaviour=status(503), times=5)])
    async with hosted:
        await hosted.running("line1")
        names = {hosted.drop(folder) for _ in range(3)}
        await hosted.until(lambda: hosted.problem(ProblemCode.SERVER_BUSY))
        await hosted.moment(lambda: hosted.waiting("line1") == 3)
        hosted.agent.drain("line1")
        await hosted.agent.configure("line1", {"upload.mode": "fixed"})
        late = hosted.drop(folder)
        await hosted.until(lambda: hosted.lifecycle("line1") is Lifecycle.STOPPED)
        assert set(ids(oracle)) == names, "the drain ended before everything was delivered"
        await hosted.clock.advance(300.0)
        assert late not in ids(oracle)
        await hosted.agent.resume("line1")
        await hosted.until(lambda: set(ids(oracle)) == {*names, late})


def _left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
