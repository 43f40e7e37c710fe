"""How the tray stands with the agent, when that is not simply well."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web

from fakes.station import Station
from fakes.tray import attached, button, texts
from fakes.waiting import until
from stationmaster.control.transport import bind_unix
from stationmaster.errors import NoAgentError, StationmasterError
from stationmaster.hosting.launch import Launcher
from stationmaster_tray import session as session_module
from stationmaster_tray.presenter import present
from stationmaster_tray.seen import Contact, Seen
from stationmaster_tray.session import Session
from stationmaster_tray.widgets.banner import Banner

pytestmark = pytest.mark.usefixtures("app")


@asynccontextmanager
async def speaking(station: Station, protocol: str) -> AsyncIterator[None]:
    """Something at the agent's address that speaks another version of the protocol."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text="{}", headers={"Stationmaster-Protocol": protocol})

    server = web.Application()
    server.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(server)
    await runner.setup()
    station.home.ensure()
    await web.SockSite(runner, bind_unix(Path(station.home.socket))).start()
    try:
        yield
    finally:
        await runner.cleanup()
        os.unlink(station.home.socket)  # noqa: PTH108 - one call that does not block


async def test_an_agent_of_another_version_is_told_in_a_sentence_and_the_right_one_is_followed(
    tmp_path: Path,
) -> None:
    async with Station(tmp_path) as station, attached(station, wait=False) as desk:
        async with speaking(station, "99"):
            await until(lambda: desk.seen.contact is Contact.OTHER, what="the refusal")
            assert desk.seen.text == "The agent is of another version than this window: restart it."
            assert present(desk.seen, desk.now()).tooltip == desk.seen.text
        await station.start()
        await until(lambda: desk.seen.contact is Contact.ATTACHED, what="the right agent")


_OTHER_VERSION = """
import sys
import stationmaster.model
stationmaster.model.PROTOCOL_VERSION = 99
sys.argv = ["stationmaster", "agent", "run", "--quiet"]
from stationmaster.cli.main import main
sys.exit(main())
"""


async def test_an_agent_of_another_version_is_restarted_by_a_button(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        old = await asyncio.create_subprocess_exec(sys.executable, "-c", _OTHER_VERSION, env=station.env)
        try:
            async with attached(station, wait=False) as desk:
                await until(lambda: desk.seen.contact is Contact.OTHER, what="the refusal")
                banner = Banner()
                banner.restart_wanted.connect(
                    lambda: desk.tasks.start(desk.session.restart_agent(), trouble=desk.trouble)
                )
                banner.show_seen(desk.seen)
                button(banner, "Restart the agent").click()
                assert await old.wait() == 0, "it was asked to end, not killed"
                await until(lambda: desk.seen.contact is Contact.ATTACHED, what="the new agent", seconds=60)
                banner.show_seen(desk.seen)
                assert banner.isHidden()
                await desk.session.end_agent()
                await until(lambda: not desk.session.launcher.mine, what="its end")
        finally:
            if old.returncode is None:
                old.kill()
                await old.wait()


async def test_the_machines_agent_of_another_version_is_for_an_administrator(tmp_path: Path) -> None:
    session = Session(Launcher("machine", {"HOME": str(tmp_path)}))
    step = session.launcher.restart_step
    assert step
    with pytest.raises(StationmasterError, match="another version") as caught:
        await session.restart_agent()
    assert caught.value.next_step == step
    banner = Banner()
    banner.show_seen(Seen(contact=Contact.OTHER, text="Other.", next_step=step, since=datetime.now(UTC)))
    assert button(banner, "Restart the agent").isHidden()
    assert step in texts(banner)[0]


async def test_an_agent_that_was_replaced_is_followed_again(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.start()
        async with attached(station) as desk:
            status = desk.seen.status
            assert status is not None
            desk.session.stop_starting()
            await station.terminate()
            await until(lambda: desk.seen.contact is Contact.GONE, what="its end")
            with pytest.raises(NoAgentError, match="was stopped"):
                desk.client  # noqa: B018 - asking is what fails
            await station.start()
            await until(lambda: desk.seen.status is not None, what="the next one")
            assert desk.seen.status is not None
            assert desk.seen.status.pid != status.pid


async def test_the_last_upload_is_told_after_a_restart_and_a_change_of_settings(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        line = await station.line("line1", await station.server(), "keep")
        await station.start()
        line.inboxes[0].drop(line.equipment.make("wstf", units=1))
        before = await station.until(
            lambda now: now.instances[0].counts.completed and not now.instances[0].upload.in_flight
        )
        now = datetime.now(UTC)
        told = present(Seen(status=before, since=now), now).tooltip
        assert told.startswith("All sent: last upload ")
        await station.terminate()
        await station.start()
        async with attached(station) as desk:
            await until(lambda: present(desk.seen, desk.now()).tooltip == told, what=told)
            await desk.client.configure("line1", {"upload.mode": "fixed", "upload.max_concurrent": 3})
            await station.until(lambda now: now.instances[0].upload.limit == 3, what="the change")
            await until(lambda: present(desk.seen, desk.now()).tooltip == told, what=told)


async def test_an_agent_that_hangs_is_noticed_and_followed_when_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "SILENCE", 0.2)
    monkeypatch.setattr(session_module, "PATIENCE", 0.5)
    async with Station(tmp_path) as station:
        await station.start()
        assert station.agent is not None
        async with attached(station) as desk:
            os.kill(station.agent.pid, signal.SIGSTOP)
            try:
                await until(lambda: desk.seen.contact is not Contact.ATTACHED, what="its silence")
                assert "does not answer" in desk.seen.text
            finally:
                os.kill(station.agent.pid, signal.SIGCONT)
            await until(lambda: desk.seen.contact is Contact.ATTACHED, what="its answer")


async def test_an_agent_that_cannot_live_is_tried_again_with_pauses(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        station.home.ensure()
        station.home.config.chmod(0o777)  # the agent refuses that
        async with attached(station, wait=False) as desk:
            desk.session.start_agent()
            await until(
                lambda: "belongs to, or may be written by, others" in desk.seen.text, what="its words"
            )
            assert desk.seen.contact is not Contact.ATTACHED
            station.home.config.chmod(0o700)
            desk.session.start_agent()
            await until(lambda: desk.seen.contact is Contact.ATTACHED, what="the agent")
            await desk.client.shutdown()
            await until(lambda: desk.seen.contact is Contact.GONE, what="its end")
            await until(lambda: desk.session.launcher.ended() is not None, what="the end of its process")


@asynccontextmanager
async def starting(station: Station) -> AsyncIterator[Session]:
    """A session that starts the station's agent itself."""
    async with asyncio.TaskGroup() as group:
        session = Session(Launcher("user", station.env))
        following = group.create_task(session.run())
        try:
            yield session
        finally:
            session.stop_starting()
            following.cancel()


async def test_an_agent_that_still_starts_is_ended_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "LEAVE", 120.0)  # the machine may be slow
    async with Station(tmp_path) as station, starting(station) as session:
        await until(lambda: session.launcher.mine, what="a process")
        assert session.seen.status is None
        await session.end_agent()
        await until(lambda: not session.launcher.mine, what="its end")
        ended = session.launcher.ended()
        assert ended is not None
        assert ended[0] == 0


async def test_an_agent_that_is_about_to_be_started_is_ended_or_never_begun(tmp_path: Path) -> None:
    async with Station(tmp_path) as station, starting(station) as session:
        await session.end_agent()
        await until(lambda: not session.launcher.mine, what="its end")
        await until(lambda: session.seen.contact is Contact.GONE, what="no other one")


async def test_an_agent_that_is_silent_is_not_said_to_have_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "LEAVE", 0.3)
    async with Station(tmp_path) as station:
        await station.start()
        assert station.agent is not None
        async with attached(station) as desk:
            os.kill(station.agent.pid, signal.SIGSTOP)
            try:
                with pytest.raises(StationmasterError, match="could not be stopped"):
                    await desk.session.end_agent()
            finally:
                os.kill(station.agent.pid, signal.SIGCONT)
            await until(lambda: desk.seen.status is not None, what="its answer")


async def test_where_no_agent_runs_none_is_waited_for(tmp_path: Path) -> None:
    async with Station(tmp_path) as station, attached(station, wait=False) as desk:
        await desk.session.end_agent()
        assert desk.seen.status is None
