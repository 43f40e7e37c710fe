"""The settings page with a real agent: what is typed is checked, what changed is saved, nothing else is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLineEdit, QMessageBox, QPlainTextEdit

from fakes.station import Station
from fakes.tray import attached, button, texts
from fakes.waiting import until
from stationmaster.control.protocol import InstanceConfigView
from stationmaster.errors import ControlError
from stationmaster_tray import theme
from stationmaster_tray.desk import Desk
from stationmaster_tray.pages.settings import SettingsPage
from stationmaster_tray.settings.form import SettingsForm
from stationmaster_tray.settings.question import TokenDialog
from stationmaster_tray.settings.row import SettingRow

pytestmark = pytest.mark.usefixtures("app")


def click(target: QAbstractButton) -> None:
    assert target.isEnabled(), target.text()
    QTest.mouseClick(target, Qt.MouseButton.LeftButton)


@asynccontextmanager
async def page_of(desk: Desk, argument: str = "line1") -> AsyncIterator[SettingsPage]:
    page = SettingsPage(desk)
    page.resize(900, 700)
    desk.session.changed.connect(page.show_seen)
    page.show_seen(desk.seen)
    page.show()
    page.entered(argument)
    await until(lambda: page.form, what=lambda: f"the form {page.bar.error}")
    try:
        yield page
    finally:
        page.left()
        page.hide()


def form(page: SettingsPage) -> SettingsForm:
    assert page.form is not None
    return page.form


def row(page: SettingsPage, key: str) -> SettingRow:
    found = form(page).row(key)
    assert found is not None, key
    return found


def enter(page: SettingsPage, key: str, text: str) -> None:
    """Type over what stands there."""
    editor = row(page, key).field.editor
    if isinstance(editor, QLineEdit | QPlainTextEdit):
        editor.selectAll()
        QTest.keyClicks(editor, text)
    else:
        assert isinstance(editor, QComboBox)
        editor.setCurrentText(text)


async def saved(page: SettingsPage) -> None:
    await until(page.save.isEnabled, what=lambda: f"Save {page.faults} {page.patch}")
    click(page.save)
    await until(lambda: not page.patch and not page.bar.busy, what=lambda: f"the end {page.bar.error}")


async def values(desk: Desk, name: str = "line1") -> dict[str, Any]:
    return (await desk.client.config(name)).values


async def test_what_the_program_writes_looks_as_if_nobody_could_edit_it(
    app: QApplication, tmp_path: Path
) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.start()
        async with attached(station) as desk, page_of(desk) as page:
            for scheme in ("light", "dark"):
                theme.choose(scheme)
                theme.apply(app)
                for key, shown in (("schema", False), ("id", False), ("server.url", True)):
                    editor = row(page, key).field.editor
                    assert isinstance(editor, QLineEdit)
                    assert editor.isReadOnly() is not shown
                    assert has_frame(editor) is shown, f"{key}, {scheme}"
            theme.choose("")
            theme.apply(app)
            assert any(text.endswith("It cannot be changed here.") for text in texts(row(page, "id")))


def has_frame(editor: QLineEdit) -> bool:
    """Something is drawn at the edge that is not what lies below."""
    picture = editor.grab().toImage()
    return len({picture.pixelColor(x, picture.height() // 2).name() for x in range(2)}) > 1


async def test_what_changed_is_saved_and_nothing_else_is_touched(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.start()
        file = station.home.instance_file("line1")
        file.write_text("# my own words\n" + file.read_text())
        async with attached(station) as desk, page_of(desk) as page:
            assert not page.save.isEnabled()
            enter(page, "station.location", "Hall 2")
            enter(page, "upload.mode", "fixed")
            enter(page, "watch.0.settle", "0.5")
            assert page.patch == {
                "station.location": "Hall 2",
                "upload.mode": "fixed",
                "watch.0.settle": 0.5,
            }
            assert "begins the station anew" in " ".join(texts(page))
            await saved(page)
            now = await values(desk)
            assert now["station"]["location"] == "Hall 2"
            assert (now["upload"]["mode"], now["watch"][0]["settle"]) == ("fixed", 0.5)
            assert file.read_text().startswith("# my own words\n")
            enter(page, "upload.mode", "adaptive")
            await saved(page)
            assert "mode" not in file.read_text()


async def test_what_is_wrong_is_said_beside_it_in_the_words_of_the_command_line(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.start()
        async with attached(station) as desk, page_of(desk) as page:
            enter(page, "server.timeout", "soon")
            enter(page, "server.url", "nowhere")
            enter(page, "watch.0.path", "here")
            await until(lambda: len(page.faults) == 3, what="the faults")
            assert not page.save.isEnabled()
            for key, value in (("server.timeout", "soon"), ("server.url", "nowhere")):
                with pytest.raises(ControlError) as refused:
                    await desk.client.configure("line1", {key: value})
                said = row(page, key).fault.removeprefix("✗ ")
                assert said.partition(" ")[2][:40] in str(refused.value)
            assert row(page, "watch.0.path").fault
            assert "✗ 3 settings are wrong." in texts(page)
            page.search.setText("upload")
            click(page.show_wrong)
            await until(row(page, "server.url").isVisible, what="the first one")
            click(page.revert)
            await until(lambda: not page.faults, what="the end")
            assert not any(one.fault for one in form(page).rows())
            assert page.patch == {}


async def test_folders_and_sources_are_added_and_removed(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep", "delete")
        await station.start()
        (tmp_path / "more").mkdir()
        async with attached(station) as desk, page_of(desk) as page:
            folders = form(page).cards("watch")
            first = (await values(desk))["watch"][0]["path"]
            click(button(folders.cards[1], "Remove"))
            click(folders.add_button)
            new = folders.cards[1].rows
            await until(lambda: page.faults, what="what is missing")
            assert new["path"].fault or new["converters"].fault
            new["path"].field.set_value(str(tmp_path / "more"))
            editor = new["converters"].field.editor
            QTest.keyClicks(editor, "wstf")
            options = new["options"].field.editor
            QTest.keyClicks(options, "wstf.process_code = 10")
            await until(lambda: not page.faults and page.save.isEnabled(), what=lambda: f"{page.faults}")
            sources = form(page).cards("fetch")
            click(sources.add_button)
            assert len(sources.cards) == 1
            click(button(sources.cards[0], "Remove"))
            await saved(page)
            watch = (await values(desk))["watch"]
            assert [one["path"] for one in watch] == [first, str(tmp_path / "more")]
            assert watch[1]["converters"] == ["wstf"]
            assert watch[1]["options"] == {"wstf": {"process_code": 10}}


async def test_options_that_are_no_toml_are_told_and_not_sent(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.start()
        async with attached(station) as desk, page_of(desk) as page:
            enter(page, "watch.0.options", "wstf.process_code 10")
            assert "TOML" in form(page).trouble
            await until(lambda: row(page, "watch.0.options").fault, what="the words")
            assert not page.save.isEnabled()


async def test_a_change_elsewhere_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.start()
        async with attached(station) as desk, page_of(desk) as page:
            enter(page, "station.location", "Hall 2")
            enter(page, "station.purpose", "Trial")
            await desk.client.configure("line1", {"station.location": "Hall 3", "station.name": "FCT"})
            await until(page.save.isEnabled, what="Save")
            click(page.save)
            await until(lambda: page.conflicts and not page.bar.busy, what="the question")
            assert page.conflicts == {"station.location": "Hall 3"}
            assert "decide beside the setting" in " ".join(texts(page))
            assert row(page, "station.name").field.value() == "FCT"
            assert not page.save.isEnabled()
            assert '! Changed elsewhere meanwhile: "Hall 3"' in texts(row(page, "station.location"))
            assert (await values(desk))["station"]["location"] == "Hall 3"
            click(button(row(page, "station.location"), "Take it"))
            assert page.patch == {"station.purpose": "Trial"}
            await saved(page)
            station_now = (await values(desk))["station"]
            assert (station_now["location"], station_now["purpose"]) == ("Hall 3", "Trial")
            enter(page, "station.location", "Hall 4")
            await desk.client.configure("line1", {"station.location": "Hall 5"})
            await until(lambda: page.conflicts, what="the look at what is elsewhere")
            click(button(row(page, "station.location"), "Keep mine"))
            await saved(page)
            assert (await values(desk))["station"]["location"] == "Hall 4"


async def test_a_folder_removed_elsewhere_while_it_is_saved_changes_no_other_one(
    tmp_path: Path,
) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep", "delete")
        await station.start()
        async with attached(station) as desk, page_of(desk) as page:
            second = (await values(desk))["watch"][1]
            asked, looks = page._config, 0

            async def look(name: str) -> InstanceConfigView:
                """The answer is out of date by the time that it is here."""
                nonlocal looks
                looks += 1
                view = await asked(name)
                if looks == 1:
                    await desk.client.configure("line1", {"watch.0": None})
                return view

            page._config = look  # type: ignore[method-assign]  # it asks as before
            enter(page, "watch.0.settle", "7")
            await until(page.save.isEnabled, what="Save")
            click(page.save)
            await until(lambda: "watch" in page.conflicts, what="the question")
            assert (await values(desk))["watch"] == [second]
            assert form(page).cards("watch").rows()[0].values["settle"] == 7.0  # what was entered stays
            click(button(form(page), "Show it as it is now"))
            assert not page.conflicts
            assert (await values(desk))["watch"] == [second]


async def test_a_change_elsewhere_of_something_else_holds_no_saving_up(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.start()
        async with attached(station) as desk, page_of(desk) as page:
            asked, looks = page._config, 0

            async def look(name: str) -> InstanceConfigView:
                nonlocal looks
                looks += 1
                view = await asked(name)
                if looks == 1:
                    await desk.client.configure("line1", {"station.purpose": "Trial"})
                return view

            page._config = look  # type: ignore[method-assign]  # it asks as before
            enter(page, "station.location", "Hall 2")
            await saved(page)
            now = (await values(desk))["station"]
            assert (now["location"], now["purpose"]) == ("Hall 2", "Trial")


async def test_the_search_shows_what_matches(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.start()
        async with attached(station) as desk, page_of(desk) as page:
            page.search.setText("proxy")
            await until(lambda: shown(page) == ["server.proxy"], what="the one")
            page.search.setText("there is no such setting")
            await until(lambda: "No setting matches." in texts(form(page)), what="the words")
            page.search.clear()
            await until(lambda: len(shown(page)) > 30, what="all")


def shown(page: SettingsPage) -> list[str]:
    return [one.form.key for one in form(page).rows() if one.isVisible()]


async def test_the_agents_own_settings_and_the_text(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.start()
        async with attached(station) as desk, page_of(desk) as page:
            page.load("")
            await until(lambda: page.form and page.form.schema.kind == "agent", what="the agent's")
            assert not page.remove.isEnabled()
            enter(page, "log_level", "debug")
            await saved(page)
            assert (await desk.client.agent_config()).values["log_level"] == "debug"
            click(page.as_text)
            text = page.findChildren(QPlainTextEdit)
            assert any('log_level = "debug"' in one.toPlainText() and one.isVisible() for one in text)


async def test_a_new_token_goes_to_the_agent_and_is_shown_nowhere(tmp_path: Path) -> None:
    secret = "YW5vdGhlcjpzZWNyZXQ="
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.start()
        async with attached(station) as desk, page_of(desk) as page:
            click(page.token)
            (dialog,) = page.findChildren(TokenDialog)
            assert dialog.token.echoMode() is QLineEdit.EchoMode.Password
            QTest.keyClicks(dialog.token, secret)
            click(button(dialog, "Set"))
            await until(lambda: any("has the new token" in text for text in texts(page)), what="the end")
            kept = await station.command("server", "test", "line1")
            assert kept.returncode == 0, kept.stdout
            assert secret not in "".join(one.text() for one in page.findChildren(QLineEdit))
            assert secret not in " ".join(texts(page))


async def test_a_station_is_removed_when_a_person_says_so(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.line("line2", await station.server(), "keep")
        await station.start()
        async with attached(station) as desk, page_of(desk) as page:
            click(page.remove)
            (box,) = page.findChildren(QMessageBox)
            assert "Its spool stays on disk" in box.informativeText()
            click(button(box, "Keep it"))
            assert "line1" in {one.name for one in (await desk.client.status()).instances}
            click(page.remove)
            box = page.findChildren(QMessageBox)[-1]
            click(button(box, "Remove"))
            await until(lambda: page.which.findData("line1") < 0, what="the end of it")
            await until(lambda: page.form and page.which.currentData() == "line2", what="the other one's")
            assert station.home.instance_dir("line1").is_dir()


async def test_another_station_is_not_shown_over_what_is_not_saved(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.line("line2", await station.server(), "keep")
        await station.start()
        async with attached(station) as desk, page_of(desk) as page:
            enter(page, "station.location", "Hall 2")
            page.entered("line2")
            assert page.which.currentData() == "line1"
            assert "Save or revert these changes first." in texts(page)
            click(page.revert)
            page.entered("line2")
            await until(lambda: page.form and page.which.currentData() == "line2", what="line2")
            assert page.patch == {}
