"""The about page, its zip for support, and where the documentation lies."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QLabel

from fakes.opener import Opener
from fakes.station import Station
from fakes.tray import attached, button, texts
from fakes.waiting import until
from stationmaster import __version__
from stationmaster_tray.guide import guide
from stationmaster_tray.pages.about import DIAGNOSTICS, UPDATING, AboutPage

pytestmark = pytest.mark.usefixtures("app")


async def test_diagnostics_are_saved_where_a_person_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desktop = Opener(tmp_path / "desktop", monkeypatch)
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.start()
        async with attached(station) as desk:
            page = AboutPage(desk)
            page.show_seen(desk.seen)
            page.entered(DIAGNOSTICS)
            dialog = page.findChild(QFileDialog)
            assert dialog is not None
            assert dialog.isVisible()
            dialog.reject()
            target = tmp_path / "for support.zip"
            page.save(target)
            saved = page.findChild(QLabel, "saved")
            assert saved is not None
            await until(saved.text, what="the zip")
            assert str(target) in saved.text()
            assert "snapshot.json" in " ".join(zipfile.ZipFile(target).namelist())
            button(page, "Open folder").click()
            await until(lambda: desktop.paths == [str(tmp_path)], what="its folder")


async def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.start()
        async with attached(station) as desk:
            page = AboutPage(desk)
            page.save(tmp_path / "none" / "x.zip")
            await until(lambda: page.bar.error, what="the reason")
            assert "cannot be written: No such file or directory. Choose another folder." in page.bar.error


async def test_versions_and_places_are_shown_and_copied(tmp_path: Path) -> None:
    async with Station(tmp_path) as station, attached(station, wait=False) as desk:
        page = AboutPage(desk)
        page.show_seen(desk.seen)
        assert "not running" in texts(page)
        button(page, "Copy").click()
        assert f"Stationmaster: {__version__}" in QGuiApplication.clipboard().text()
        assert str(station.home.config) in QGuiApplication.clipboard().text()


async def test_it_tells_the_version_and_leads_to_where_new_ones_come_from(tmp_path: Path) -> None:
    async with Station(tmp_path) as station, attached(station, wait=False) as desk:
        page = AboutPage(desk)
        assert any(text.startswith(f"Version {__version__} is installed.") for text in texts(page))
        wanted: list[tuple[str, str, str]] = []
        desk.wanted.connect(lambda *words: wanted.append(words))
        button(page, "How to update").click()
        assert wanted == [("docs", "", UPDATING)]
    there = guide(UPDATING, cache=tmp_path)
    assert there is not None
    assert there.stem == "install"
    assert "A new version" in there.read_text(encoding="utf-8"), "make docs"


def test_the_guide_is_the_best_there_is(tmp_path: Path) -> None:
    package, tree = tmp_path / "package", tmp_path / "tree"
    assert guide(folders=(package, tree)) is None
    for place in (tree / "docs/index.md", tree / "build/site/index.html"):
        place.parent.mkdir(parents=True)
        place.write_text("hello")
        assert guide(folders=(package, tree)) == place
        assert guide("how-to/install", folders=(package, tree)) == place, "a page that is not there"
        page = place.parent / f"how-to/install{place.suffix}"
        page.parent.mkdir()
        page.touch()
        assert guide("how-to/install", folders=(package, tree)) == page


def test_a_packed_guide_is_unpacked_once_and_an_older_one_goes(tmp_path: Path) -> None:
    package, cache = tmp_path / "package", tmp_path / "cache"
    package.mkdir()
    (cache / "guide-0.0.9-7").mkdir(parents=True)
    with zipfile.ZipFile(package / "site.zip", "w") as packed:
        packed.writestr("index.html", "hello")
        packed.writestr("how-to/install.html", "so")
    first = guide(folders=(package, tmp_path), cache=cache)
    assert first is not None
    assert first.read_text() == "hello"
    assert (first.parent / "how-to/install.html").read_text() == "so"
    assert list(cache.iterdir()) == [first.parent]
    first.write_text("read already")
    assert guide(folders=(package, tmp_path), cache=cache) == first
    assert first.read_text() == "read already"
