"""The canary on the Converters page: what it found, Stop, and Promote."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QMessageBox

from fakes.rig import rig
from fakes.station import Station
from fakes.tray import attached, button
from fakes.waiting import answer, until
from stationmaster.canary import CanaryStatus, Ended
from stationmaster.control.canary_protocol import CanaryRequest
from stationmaster.model import Lifecycle
from stationmaster_tray.converting.canary import CanaryLine
from stationmaster_tray.pages.converters import ConvertersPage


@dataclass
class Bench:
    """A station whose converter `rig` has a canary, and the page that shows it."""

    station: Station
    page: ConvertersPage
    live: Path
    inbox: Path

    async def begin(self, content: str, *, files: int = 100) -> CanaryLine:
        """Start a canary; its line."""
        request = CanaryRequest(filename="rig.py", content=content, files=files)
        async with self.station.client() as client:
            await client.start_canary("line1", request)
        canaries = self.page.watched.canaries
        await until(lambda: canaries.lines, what="the line of the canary")
        return canaries.lines["line1"]


@pytest.fixture
async def bench(app: QApplication, tmp_path: Path) -> AsyncIterator[Bench]:
    del app
    async with Station(tmp_path) as station:
        folder = {"converters": ["rig"], "include": ["*.txt"], "options": {}}
        line = await station.line("line1", await station.server(), "delete", folder=folder)
        live = rig(station.home.converters("line1"), "1")
        await station.start()
        await station.until(lambda seen: seen.instances[0].lifecycle is Lifecycle.RUNNING)
        async with attached(station) as desk:
            page = ConvertersPage(desk)
            desk.session.changed.connect(page.show_seen)
            page.show_seen(desk.seen)
            assert page.watched.canaries.isHidden()
            yield Bench(station, page, live, line.inboxes[0].path)
            page.deleteLater()


async def dialog(app: QApplication) -> QMessageBox:
    """The message that is to be seen."""

    async def look() -> QMessageBox | None:
        shown = [one for one in app.topLevelWidgets() if isinstance(one, QMessageBox) and one.isVisible()]
        return shown[0] if shown else None

    found = await answer(look, what="a message")
    assert found is not None
    return found


def question(line: CanaryLine) -> QMessageBox:
    box = line.ask()
    assert box is not None
    return box


async def test_a_canary_is_shown_and_promoted(app: QApplication, bench: Bench, tmp_path: Path) -> None:
    before, new = bench.live.read_text(), rig(tmp_path / "new", "2").read_text()
    shown = await bench.begin(new)
    canaries = bench.page.watched.canaries
    assert "line1: canary rig version 2 beside rig: 0 of 100 files" in shown.text
    assert not canaries.isHidden()
    box = question(shown)
    assert box.informativeText() == "No file was compared yet."
    button(box, "Promote").click()
    await until(lambda: "No file was compared yet" in shown.bar.error, what="the refusal")
    assert bench.live.read_text() == before
    (bench.inbox / "a.txt").write_text("SN1,5.0\n")
    await until(lambda: "1 of 100 files, 1 the same" in shown.text, what="the first file")
    assert shown.differences.isHidden()
    box = question(shown)
    assert not box.informativeText(), "nothing speaks against it"
    assert box.checkBox() is None
    button(box, "Promote").click()
    await until(lambda: not canaries.lines, what="the end of the canary")
    assert bench.live.read_text() == new
    told = await dialog(app)
    assert "stationmaster converter install " in told.informativeText()
    told.close()


async def test_what_differs_is_shown_and_promoted_all_the_same(
    app: QApplication, bench: Bench, tmp_path: Path
) -> None:
    new = rig(tmp_path / "new", "2", "value = '5.5'").read_text()
    shown = await bench.begin(new)
    (bench.inbox / "a.txt").write_text("SN1,5.25\n")
    await until(lambda: "0 the same, 1 different" in shown.text, what="the first file")
    button(shown, "Differences...").click()
    told = await dialog(app)
    assert told.detailedText().startswith("≠ a.txt: 1 value\n    Voltage: numericMeas[0].value: 5.25 → 5.5")
    told.close()
    box = question(shown)
    assert box.informativeText() == "Of 1 file: 1 different."
    box.checkBox().click()
    button(box, "Promote").click()
    await until(lambda: bench.live.read_text() == new, what="the promotion")
    (await dialog(app)).close()


async def test_one_that_took_its_place_while_the_question_stood_does_not_go_live(
    bench: Bench, tmp_path: Path
) -> None:
    before = bench.live.read_text()
    shown = await bench.begin(rig(tmp_path / "new", "2").read_text(), files=1)
    (bench.inbox / "a.txt").write_text("SN1,5.0\n")
    await until(lambda: "1 of 1 files, 1 the same" in shown.text, what="the first file")
    box = question(shown)
    assert await bench.begin(rig(tmp_path / "new", "3").read_text(), files=1) is shown
    (bench.inbox / "b.txt").write_text("SN2,5.0\n")
    await until(lambda: "version 3 beside rig: 1 of 1 files" in shown.text, what="the file of the other")
    button(box, "Promote").click()
    await until(lambda: not shown.bar.busy, what="the answer")
    assert "line1 has another canary by now: rig version 3." in shown.bar.error
    assert bench.live.read_text() == before


async def test_what_was_skipped_is_told_with_the_reason(
    app: QApplication, bench: Bench, tmp_path: Path
) -> None:
    shown = await bench.begin(rig(tmp_path / "new", "2").read_text())
    assert shown.differences.isHidden()
    kept = bench.station.home.canary("line1") / "kept"
    kept.rmdir()
    kept.write_text("somebody's file")
    (bench.inbox / "a.txt").write_text("SN1,5.0\n")
    await until(lambda: "0 the same" in shown.text and "1 skipped" in shown.text, what="the skip")
    assert not shown.differences.isHidden()
    shown.differences.click()
    told = await dialog(app)
    assert told.detailedText() == "- a.txt: skipped. It cannot be copied: Not a directory."
    told.close()


async def test_one_that_took_its_place_while_the_question_stood_is_not_stopped(
    bench: Bench, tmp_path: Path
) -> None:
    shown = await bench.begin(rig(tmp_path / "new", "2").read_text(), files=1)
    box = shown.ask_to_stop()
    assert box is not None
    (bench.inbox / "a.txt").write_text("SN1,5.0\n")
    await until(lambda: "1 of 1 files, 1 the same" in shown.text, what="the end of the first")
    assert await bench.begin(rig(tmp_path / "new", "3").read_text()) is shown
    await until(lambda: "version 3 beside rig" in shown.text, what="the other")
    button(box, "Stop").click()
    await until(lambda: not shown.bar.busy, what="the answer")
    assert "line1 has another canary by now: rig version 3." in shown.bar.error
    now = (await bench.station.instance("line1")).canary
    assert now is not None
    assert (now.version, now.ended) == ("3", None)


async def test_one_is_stopped_after_a_question_that_names_it(app: QApplication, bench: Bench) -> None:
    shown = await bench.begin(f"{bench.live.read_text()}\n")
    shown.stop.click()
    box = await dialog(app)
    assert box.text() == "Stop the canary rig version 1 beside rig at line1?"
    assert box.informativeText().startswith("It has seen 0 of 100 files.")
    box.defaultButton().click()
    assert not shown.bar.busy
    shown.stop.click()
    button(await dialog(app), "Stop").click()
    await until(lambda: not bench.page.watched.canaries.lines, what="its end")
    stopped: CanaryStatus | None = (await bench.station.instance("line1")).canary
    assert stopped is not None
    assert stopped.ended is Ended.STOPPED
