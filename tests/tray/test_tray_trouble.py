"""The agent dies, then the server, then the keyring, while the window is open."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fakes.desktop import desktop, missing, owned, session_bus, windows
from fakes.keyring_session import missing as no_keyring
from fakes.program import stopped_at_the_end, tray
from fakes.station import TOKEN, Station
from fakes.tray import attached, texts
from fakes.waiting import until
from stationmaster.errors import ControlError
from stationmaster.model import ProblemCode
from stationmaster_tray.presenter import present
from stationmaster_tray.window import Window

SOON = 10.0
"""Seconds: two are promised, and the machine of a test may be five times slower."""

LACKS = missing() or no_keyring()
pytestmark = pytest.mark.skipif(bool(LACKS), reason=LACKS or "it can run here")


@asynccontextmanager
async def keyring(folder: Path, variables: dict[str, str]) -> AsyncIterator[subprocess.Popen[bytes]]:
    """An unlocked keyring on the desktop's bus."""
    for name in ("data", "run"):
        (folder / name).mkdir(mode=0o700)
    env = {
        **os.environ,
        **variables,
        "XDG_DATA_HOME": str(folder / "data"),
        "XDG_RUNTIME_DIR": str(folder / "run"),
    }
    daemon = subprocess.Popen(  # noqa: ASYNC220 - milliseconds
        ["gnome-keyring-daemon", "--unlock", "--components=secrets", "--foreground"],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert daemon.stdin is not None
    daemon.stdin.write(b"password")
    daemon.stdin.close()
    try:
        await owned(variables, "org.freedesktop.secrets")
        yield daemon
    finally:
        daemon.kill()
        daemon.wait()


async def test_the_window_survives_the_end_of_agent_server_and_keyring(tmp_path: Path) -> None:
    async with (
        desktop(tmp_path) as (panel, variables),
        Station(tmp_path) as station,
        keyring(tmp_path, variables) as daemon,
    ):
        server = await station.server()
        line = await station.line("line1", server, "keep")
        async with stopped_at_the_end(station), tray(station, variables):
            await until(lambda: windows(variables), what="the window")
            await panel.until_tooltip("Ready")
            async with station.client() as client:
                await client.configure("line1", {"secrets.store": "keyring"})
            await station.problem(ProblemCode.TOKEN_MISSING)
            await _set_token(station, TOKEN)
            await panel.until_tooltip("Ready")

            os.kill((await station.status()).pid, signal.SIGKILL)
            await panel.until_tooltip("starting", seconds=SOON)
            await panel.until_tooltip("Ready")

            server.stop()
            stopped = datetime.now(UTC)
            line.inboxes[0].drop(line.equipment.make("wstf", units=1))
            await panel.until_tooltip("Server unreachable since")
            shown = datetime.now(UTC)
            since = (await station.instance("line1")).link_since
            assert since is not None
            # How long the file took to become a report is not looked at here.
            assert since >= stopped
            assert shown - since < timedelta(seconds=SOON)
            assert "1 report waiting, nothing lost" in await panel.tooltip()

            daemon.kill()
            await server.start()
            await panel.until_tooltip("All sent")
            line.inboxes[0].drop(line.equipment.make("wstf", units=1))
            await station.until(lambda now: now.instances[0].counts.completed == 2)
            with pytest.raises(ControlError, match=r"(?i)keyring"):
                await _set_token(station, "second")
            refused = await panel.until_tooltip("The new token could not be stored", seconds=SOON)
            problem = await station.problem(ProblemCode.KEYRING_UNAVAILABLE)
            assert problem.title == refused
            assert windows(variables)


@pytest.mark.usefixtures("app")
async def test_a_token_that_the_keyring_refused_is_told_in_the_window(tmp_path: Path) -> None:
    with session_bus() as variables:
        async with keyring(tmp_path, variables) as daemon, Station(tmp_path) as station:
            await station.line("line1", await station.server(), "keep")
            await station.start(env=variables)
            async with attached(station) as desk:
                window = Window(desk)
                desk.session.changed.connect(lambda seen: window.show_seen(seen, present(seen, desk.now())))
                window.open_page("overview")
                await desk.client.configure("line1", {"secrets.store": "keyring"})
                await desk.client.set_token("line1", TOKEN)
                await until(lambda: not any(map(about_keyring, texts(window))), what="a quiet window")
                daemon.kill()
                daemon.wait()
                with pytest.raises(ControlError, match=r"(?i)keyring"):
                    await desk.client.set_token("line1", "c2Vjb25kOm9uZQ==")
                await until(lambda: any(map(about_keyring, texts(window))), what="the Problem in the window")
                window.close()


def about_keyring(text: str) -> bool:
    return text.startswith("The new token could not be stored")


async def _set_token(station: Station, token: str) -> None:
    async with asyncio.timeout(60), station.client() as client:
        await client.set_token("line1", token)
