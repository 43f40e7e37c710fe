"""The first run by clicks, with a real agent: from an empty home to the first report delivered."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import urllib.request
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QWidget,
)

from fakes.held_server import HeldServer
from fakes.station import TOKEN, Station
from fakes.tray import attached, button, texts
from fakes.waiting import until
from stationmaster.hosting.launch import Launcher
from stationmaster.model import Check, CheckState, Link
from stationmaster_tray.actor import Actor
from stationmaster_tray.app import TrayApp
from stationmaster_tray.autostart import Autostart
from stationmaster_tray.desk import Desk
from stationmaster_tray.memory import Memory
from stationmaster_tray.notifier import Notifier
from stationmaster_tray.single import Single
from stationmaster_tray.wizard.connection_step import ConnectionStep
from stationmaster_tray.wizard.dialog import Wizard
from stationmaster_tray.wizard.draft import Draft
from stationmaster_tray.wizard.end_step import EndStep, SummaryStep
from stationmaster_tray.wizard.folder_step import FolderStep
from stationmaster_tray.wizard.name_step import NameStep
from stationmaster_tray.wizard.server_step import ServerStep, TokenStep
from stationmaster_tray.wizard.step import Step
from stationmaster_tray.wizard.trial_step import TrialStep
from stationmaster_tray.wizard.try_server import TryServer

pytestmark = pytest.mark.usefixtures("app")

S = TypeVar("S", bound=Step)
SAMPLES = Path(__file__).parents[1] / "data" / "wstf"


def click(target: QAbstractButton) -> None:
    """As a mouse does."""
    assert target.isEnabled(), target.text()
    QTest.mouseClick(target, Qt.MouseButton.LeftButton)


def tick(target: QAbstractButton) -> None:
    """A check box or radio button: only its left end takes a click."""
    QTest.mouseClick(target, Qt.MouseButton.LeftButton, pos=QPoint(8, target.height() // 2))
    assert target.isChecked(), target.text()


async def pick(step: Step, path: Path) -> None:
    """Type a path into the file dialog that is open, and press its button."""
    await until(lambda: step.findChild(QFileDialog), what="the file dialog")
    dialog = step.findChild(QFileDialog)
    assert isinstance(dialog, QFileDialog)
    name = dialog.findChild(QLineEdit, "fileNameEdit")
    assert isinstance(name, QLineEdit)
    QTest.mouseClick(name, Qt.MouseButton.LeftButton)
    # Without the focus the dialog writes its own words into the line.
    await until(name.hasFocus, what="the focus")
    QTest.keyClick(name, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(name, str(path))
    assert name.text() == str(path)
    box = dialog.findChild(QDialogButtonBox)
    assert isinstance(box, QDialogButtonBox)
    (accept,) = [
        one for one in box.buttons() if box.buttonRole(one) is QDialogButtonBox.ButtonRole.AcceptRole
    ]
    await until(accept.isEnabled, what="the button of the dialog")
    click(accept)
    await until(lambda: not step.findChild(QFileDialog), what="the end of the dialog")


async def at(wizard: Wizard, kind: type[S]) -> S:
    """Wait for a step."""
    await until(
        lambda: isinstance(wizard.step, kind) or wizard.bar.error,
        what=lambda: f"{kind.__name__}: {wizard.step} {wizard.bar.error}",
    )
    assert not wizard.bar.error
    assert isinstance(wizard.step, kind)
    return wizard.step


async def forward(wizard: Wizard, kind: type[S]) -> S:
    """Next, once that is possible."""
    await until(wizard.next.isEnabled, what=f"Next at {type(wizard.step).__name__}")
    click(wizard.next)
    return await at(wizard, kind)


@asynccontextmanager
async def opened(desk: Desk) -> AsyncIterator[Wizard]:
    """The wizard, shown; closed at the end."""
    parent = QWidget()
    parent.show()
    wizard = Wizard(desk, parent)
    wizard.open()
    try:
        yield wizard
    finally:
        wizard.reject()
        await desk.tasks.finish()
        parent.close()


async def test_the_last_page_offers_to_start_at_log_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    switch = Autostart()
    async with Station(tmp_path) as station, attached(station, wait=False) as desk:
        notifier = Notifier(desk.memory, lambda _notice: None, quiet_start=timedelta())
        actor = Actor(desk, notifier, switch)
        for before in (False, True):
            page = EndStep(desk, Draft(), TryServer(desk))
            page.show()
            page.entered()
            await until(page.at_log_in.isEnabled, what="the answer of the system")
            assert page.at_log_in.isChecked() is before
            click(page.at_log_in)
            await until(
                lambda: switch.is_on != before,  # noqa: B023 - called at once
                what="the change",
            )
            await until(
                lambda: actor.own.autostart != before,  # noqa: B023 - called at once
                what="the menu's check mark",
            )
            page.close()


async def at_server(address: str) -> list[dict[str, object]]:
    """The reports that the built-in server has."""

    def ask() -> list[dict[str, object]]:
        with urllib.request.urlopen(f"{address}/api/Report/Query/Header") as response:  # noqa: S310 - ours
            found: list[dict[str, object]] = json.load(response)
            return found

    return await asyncio.to_thread(ask)


async def test_from_an_empty_home_to_the_first_report(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.start()
        async with attached(station) as desk, opened(desk) as wizard:
            first = await at(wizard, ServerStep)
            assert not wizard.back.isEnabled()
            assert not wizard.next.isEnabled()
            tick(first.built_in)
            tested = await forward(wizard, ConnectionStep)
            await until(lambda: tested.checks, what="the test")
            assert "The server is reached and takes reports." in texts(wizard)
            named = await forward(wizard, NameStep)
            assert named.name.text() == "station1"
            folders = await forward(wizard, FolderStep)
            click(button(folders, "Choose..."))
            await pick(folders, tmp_path)
            assert folders.folder.text() == str(tmp_path)
            QTest.keyClick(folders.folder, Qt.Key.Key_End)
            QTest.keyClicks(folders.folder, "/new/results")
            await until(lambda: folders.make.isVisible() and folders.converter.count(), what="the offer")
            QTest.keyClicks(folders.converter, "wstf")
            assert folders.converter.currentData() == "wstf"
            code = folders.options.rows["process_code"].field.editor
            QTest.keyClick(code, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
            QTest.keyClicks(code, "10")
            tick(folders.make)
            trial = await forward(wizard, TrialStep)
            sample = SAMPLES / "one_unit.txt"
            click(button(trial, "Choose a file..."))
            await pick(trial, sample)
            await until(lambda: trial.trial, what="the dry run")
            assert trial.trial is not None
            assert trial.trial.ok, texts(trial)
            await forward(wizard, SummaryStep)
            assert not (tmp_path / "new").exists()
            assert (await desk.client.status()).instances == ()
            await forward(wizard, EndStep)
            shutil.copy(sample, tmp_path / "new" / "results" / sample.name)
            await station.until(
                lambda now: now.instances[0].counts.completed, what="the delivery", seconds=60
            )
            address = (await desk.client.status()).embedded_server
            assert await at_server(address)
            wanted: list[str] = []
            desk.page_wanted.connect(lambda page, _argument: wanted.append(page))
            click(wizard.next)
            assert wanted == ["overview"]


async def to_connection(wizard: Wizard, address: str, token: str = TOKEN) -> ConnectionStep:
    """Through the first two steps, with a server of one's own."""
    first = await at(wizard, ServerStep)
    first.address.setText(address)
    asked = await forward(wizard, TokenStep)
    asked.token.setText(token)
    asked.in_file.setChecked(True)
    tested = await forward(wizard, ConnectionStep)
    await until(lambda: tested.checks, what=lambda: f"the test {tested.bar.error}")
    return tested


async def test_the_hop_that_fails_is_named_in_the_doctors_words(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        server = await station.server()
        await station.start()
        async with attached(station) as desk, opened(desk) as wizard:
            await to_connection(wizard, "http://127.0.0.1:9")
            failed = next(one for one in wizard_checks(wizard) if one.state is CheckState.FAILED)
            assert f"It fails here: {failed.label}." in texts(wizard)
            assert any(text.startswith(failed.text) and "→ " in text for text in texts(wizard))
            assert "✗ failed" in texts(wizard)
            assert "\N{EN DASH} not tried" in texts(wizard)
            assert not wizard.next.isEnabled()
            wizard.step.findChildren(QCheckBox)[0].setChecked(True)
            await forward(wizard, NameStep)
            for kind in (ConnectionStep, TokenStep, ServerStep):
                click(wizard.back)
                await at(wizard, kind)
            await to_connection(wizard, server.url)
            assert wizard.next.isEnabled()
            assert texts(wizard).count("✓ ok") == len(wizard_checks(wizard))


def wizard_checks(wizard: Wizard) -> tuple[Check, ...]:
    assert isinstance(wizard.step, ConnectionStep)
    return wizard.step.checks


async def test_the_token_is_shown_and_kept_by_the_agent_alone(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        server = await station.server()
        await station.start()
        async with attached(station) as desk, opened(desk) as wizard:
            await to_connection(wizard, server.url)
            assert TOKEN not in repr(wizard.draft)
            assert TOKEN not in " ".join(texts(wizard))
            named = await forward(wizard, NameStep)
            named.station.setText("FCT-04")
            (tmp_path / "results").mkdir()
            folders = await forward(wizard, FolderStep)
            folders.folder.setText(str(tmp_path / "results"))
            await until(folders.converter.count, what="the converters")
            folders.converter.setCurrentIndex(folders.converter.findData("wsjf"))
            await forward(wizard, TrialStep)
            await forward(wizard, SummaryStep)
            assert "FCT-04" in texts(wizard)
            await forward(wizard, EndStep)
            assert wizard.draft.token == ""
            assert not any(one.text() == TOKEN for one in wizard.findChildren(QLineEdit))
            await station.until(lambda now: now.instances[0].link is Link.ONLINE, what="the log-in")
            for path in (station.home.log, station.home.config):
                assert all(TOKEN not in one.read_text() for one in path.rglob("*.toml"))
                assert all(TOKEN not in one.read_text() for one in path.rglob("*.log*"))
            view = await desk.client.config("station1")
            assert view.values["station"]["name"] == "FCT-04"


async def test_cancel_leaves_nothing_behind(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.start()
        async with attached(station) as desk, opened(desk) as wizard:
            before = (await desk.client.agent_config()).values
            first = await at(wizard, ServerStep)
            tick(first.built_in)
            await forward(wizard, ConnectionStep)
            assert (await desk.client.status()).embedded_server
            click(wizard.cancel)
            await station.until(lambda now: not now.embedded_server, what="the end of the built-in server")
            assert (await desk.client.agent_config()).values == before
            assert (await desk.client.status()).instances == ()
            assert not wizard.isVisible()


async def test_what_the_agent_refuses_is_said_in_words_and_back_works(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.start()
        async with attached(station) as desk, opened(desk) as wizard:
            first = await at(wizard, ServerStep)
            first.address.setText("nowhere")
            click(wizard.next)
            await until(lambda: "starts with https://" in wizard.bar.error, what="the words")
            first.address.setText(station.servers[0].url)
            assert not wizard.bar.error
            await to_connection(wizard, station.servers[0].url)
            named = await forward(wizard, NameStep)
            named.name.setText("line1")
            click(wizard.next)
            await until(lambda: 'There is a station "line1" already.' in wizard.bar.error, what="the words")
            named.name.setText("line2")
            folders = await forward(wizard, FolderStep)
            folders.folder.setText("here")
            await until(folders.converter.count, what="the converters")
            click(wizard.next)
            await until(lambda: wizard.bar.error, what="the words about the folder")
            folders.folder.setText(str(tmp_path / "no" / "such"))
            click(wizard.next)
            await until(lambda: "is not there" in wizard.bar.error, what="the words about the folder")
            (tmp_path / "no").write_text("no folder")
            folders.make.setChecked(True)
            folders.converter.setCurrentIndex(folders.converter.findData("wsjf"))
            trial = await forward(wizard, TrialStep)
            broken = tmp_path / "broken.json"
            broken.write_text("{ this is no report")
            trial.try_file(broken)
            await until(lambda: trial.trial, what="the dry run")
            assert any(text.startswith("✗ This file becomes no report") for text in texts(trial))
            said = [made for made in trial.findChildren(QLabel) if made.isVisible()]
            assert all(made.text() for made in said), "a line that says nothing takes room"
            trial.try_file(tmp_path / "missing.json")
            await until(lambda: "cannot be read" in trial.bar.error, what="the words about the file")
            await forward(wizard, SummaryStep)
            click(wizard.next)
            await until(lambda: "cannot be made" in wizard.bar.error, what="the words about the folder")
            assert len((await desk.client.status()).instances) == 1
            click(wizard.back)
            await at(wizard, TrialStep)


async def test_the_built_in_server_finds_a_port_that_is_free(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.start()
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            async with attached(station) as desk:
                await desk.client.configure_agent({"embedded_server.port": port})
                server = TryServer(desk)
                assert (await server.on()).rpartition(":")[2] != str(port)
                await server.off()
                assert (await desk.client.agent_config()).values["embedded_server"] == {
                    "enabled": False,
                    "port": port,
                }


async def test_two_agents_that_switch_their_servers_on_at_once_take_two_ports(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with AsyncExitStack() as stack:
        desks = []
        for name in ("a", "b"):
            (tmp_path / name).mkdir()
            station = await stack.enter_async_context(Station(tmp_path / name))
            await station.start()
            desk = await stack.enter_async_context(attached(station))
            await desk.client.configure_agent({"embedded_server.port": port})
            desks.append(desk)
        one, other = await asyncio.gather(*(TryServer(desk).on() for desk in desks))
        assert one != other


@pytest.mark.parametrize("stations", [0, 1])
async def test_it_opens_by_itself_where_there_is_no_station(
    app: QApplication, tmp_path: Path, stations: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Station(tmp_path) as station:
        monkeypatch.setenv("STATIONMASTER_HOME", station.env["STATIONMASTER_HOME"])
        if stations:
            await station.line("line1", await station.server(), "keep")
        await station.start()
        single = Single(f"wizard-{tmp_path.name}-{stations}")
        assert single.acquire()
        tray = TrayApp(app, Launcher("user", station.env), single, Memory(tmp_path / "tray.json"))
        running = asyncio.create_task(tray.run())
        await until(lambda: hasattr(tray, "window") and tray.desk.seen.status is not None, what="the tray")
        await until(tray.window.isVisible, what="the window")
        if not stations:
            await until(lambda: tray.window.dialog, what="the wizard")
            assert isinstance(tray.window.dialog, Wizard)
            click(tray.window.dialog.cancel)
            tray.redraw()
        assert tray.window.dialog is None
        tray.quit()
        assert await running == 0
        assert Memory(tmp_path / "tray.json").now.wizard is not bool(stations)


async def test_without_a_keyring_the_last_step_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        server = await station.server()
        await station.start(env={"DBUS_SESSION_BUS_ADDRESS": f"unix:path={tmp_path}/none"})
        async with attached(station) as desk, opened(desk) as wizard:
            await to_connection(wizard, server.url)
            click(wizard.back)
            (await at(wizard, TokenStep)).in_file.setChecked(False)
            tested = await forward(wizard, ConnectionStep)
            await until(lambda: tested.checks, what="the test")
            await forward(wizard, NameStep)
            folders = await forward(wizard, FolderStep)
            folders.folder.setText(str(tmp_path / "results"))
            await until(lambda: folders.make.isVisible() and folders.converter.count(), what="the offer")
            tick(folders.make)
            await forward(wizard, TrialStep)
            await forward(wizard, SummaryStep)
            click(wizard.next)
            await until(lambda: "keyring" in wizard.bar.error, what=lambda: f"the words {wizard.bar.error}")
            await station.until(lambda now: not now.instances, what="nothing left behind")
            assert not (tmp_path / "results").exists()
            for kind in (TrialStep, FolderStep, NameStep, ConnectionStep):
                click(wizard.back)
                await at(wizard, kind)
            click(wizard.back)
            asked = await at(wizard, TokenStep)
            asked.in_file.setChecked(True)
            tested = await forward(wizard, ConnectionStep)
            await until(lambda: tested.checks, what="the test")
            for step in (NameStep, FolderStep, TrialStep, SummaryStep, EndStep):
                await forward(wizard, step)
            await station.until(lambda now: now.instances[0].link is Link.ONLINE, what="the log-in")


async def test_the_hops_appear_one_by_one_and_cancel_stops_the_test_in_the_agent(tmp_path: Path) -> None:
    async with Station(tmp_path) as station, HeldServer() as held:
        await station.start()
        async with attached(station) as desk, opened(desk) as wizard:
            first = await at(wizard, ServerStep)
            first.address.setText(held.url)
            asked = await forward(wizard, TokenStep)
            asked.token.setText(TOKEN)
            asked.in_file.setChecked(True)
            tested = await forward(wizard, ConnectionStep)
            await until(lambda: texts(wizard).count("✓ ok") == 3, what="the hops before the answer")
            await until(tested.bar.isVisible, what="that it goes on")
            assert f"Testing the way to {held.url}..." in texts(wizard)
            assert not wizard.next.isEnabled()
            click(button(tested.bar, "Cancel"))
            async with asyncio.timeout(60):
                await held.left.wait()
            assert "The test did not come to its end." in texts(wizard)
            assert texts(wizard).count("✓ ok") == 3
            assert not wizard.next.isEnabled()
            held.release.set()
            click(button(tested, "Test again"))
            await until(lambda: tested.checks, what="the second test")
            assert any(text.startswith("It fails here") for text in texts(wizard)), texts(wizard)
