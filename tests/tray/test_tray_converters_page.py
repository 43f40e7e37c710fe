"""The page Converters with a real agent: what watches what, the converters, a file tested, a file dropped."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox, QWidget

from fakes import wsjf
from fakes.converting import PLUGINS
from fakes.station import Station
from fakes.tray import attached, button, texts
from fakes.waiting import until
from stationmaster_tray.converting.result import TrialResult
from stationmaster_tray.pages.converters import KNOWN, TRIAL, WATCHED, ConvertersPage
from stationmaster_tray.presenter import present
from stationmaster_tray.report.measure import Measured
from stationmaster_tray.widgets.measure_chart import words
from stationmaster_tray.window import Window

pytestmark = pytest.mark.usefixtures("app")


@asynccontextmanager
async def opened(tmp_path: Path, **folder: Any) -> AsyncIterator[tuple[ConvertersPage, Station]]:
    """The page on a screen that nobody sees, of a station that keeps its files."""
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep", folder=folder)
        await station.start()
        async with attached(station) as desk:
            page = ConvertersPage(desk)
            desk.session.changed.connect(page.show_seen)
            page.resize(1000, 700)
            page.show()
            page.show_seen(desk.seen)
            page.entered()
            yield page, station
            page.left()
            page.close()


def write(folder: Path, report: Any, name: str = "board.wsjf") -> Path:
    path = folder / name
    path.write_text(report if isinstance(report, str) else json.dumps(report))
    return path


async def tried(page: ConvertersPage, file: Path) -> TrialResult:
    """The result of testing a file."""
    result = page.trial.result
    page.test([file])
    await until(lambda: not page.trial.bar.busy and not result.bar.busy, what="the dry run")
    return result


def mime(files: Sequence[Path]) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
    return data


def drag(widget: QWidget, data: QMimeData, at: QPoint) -> tuple[bool, bool, bool]:
    """Drag over a widget and drop there; whether each of the three was taken."""
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    events = (
        QDragEnterEvent(at, copy, data, left, none),
        QDragMoveEvent(at, copy, data, left, none),
        QDropEvent(QPointF(at), copy, data, left, none),
    )
    taken = []
    for event in events:
        QApplication.sendEvent(widget, event)
        taken.append(event.isAccepted())
    return taken[0], taken[1], taken[2]


# -------------------------------------------------------------------- a file on trial
async def test_a_report_that_failed_is_shown_as_a_tree_with_the_first_failure_chosen(tmp_path: Path) -> None:
    async with opened(tmp_path) as (page, station):
        result = await tried(page, write(tmp_path, wsjf.rich()))
        assert page.tabs.currentIndex() == TRIAL
        assert "✓ board.wsjf would be taken: 1 report" in texts(page)
        assert any(text.endswith(": wsjf 95") for text in texts(page))
        assert any("nothing was stored or sent" in text for text in texts(page))
        assert result.which.currentText() == "✗ Failed  SN-0002 · PCBA-001"
        chosen = result.tree.report.row_of(result.tree.currentIndex())
        assert (chosen.name, chosen.value, chosen.status) == ("Rail", "9.5", "F")
        assert "2 measurements against their limits, 1 failed" in result.charts.limits.summary()
        assert await station.entries("line1") == ()


async def test_a_report_that_passed_is_opened_at_its_root(tmp_path: Path) -> None:
    async with opened(tmp_path) as (page, _):
        result = await tried(page, write(tmp_path, wsjf.minimal()))
        assert result.which.currentText().startswith("✓ Passed")
        assert result.tree.report.row_of(result.tree.currentIndex()).name == "Main"
        assert not button(page, "Next failed step").isEnabled()
        assert result.charts.limits.summary() == "1 measurement against its limits, 0 failed"
        assert result.charts.wave.isHidden()


async def test_a_waveform_is_drawn_when_its_step_is_chosen(tmp_path: Path) -> None:
    async with opened(tmp_path) as (page, _):
        result = await tried(page, write(tmp_path, wsjf.rich()))
        assert result.tree.go_to((5,))
        await until(lambda: "Current, I: 3 points" in result.charts.wave.summary(), what="the waveform")
        assert not result.charts.wave.isHidden()
        assert not result.charts.wave.grab().isNull()
        assert not result.charts.limits.grab().isNull()
        assert not result.tree.go_to((500,))


async def test_broken_rules_come_with_places_that_lead_to_the_step(tmp_path: Path) -> None:
    report = wsjf.rich()
    report["machineName"] = 5
    report["root"]["steps"][2]["name"] = 7
    report["root"]["steps"][1]["steps"][0]["numericMeas"][0]["value"] = "high"
    async with opened(tmp_path) as (page, _):
        result = await tried(page, write(tmp_path, report))
        assert "✗ board.wsjf would not be taken" in texts(page)
        found = result.findings.plain.lines
        assert {line.cells[1] for line in found} >= {"machineName"}
        assert all(line.cells[0][0] in "✗!" for line in found)
        for place, name in (("root.steps[2]", "7"), ("root/Voltages/Rail", "Rail")):
            row = next(row for row, line in enumerate(found) if line.cells[1].startswith(place))
            result.findings.activated.emit(result.findings.plain.index(row, 0))
            tree = result.tree
            await until(lambda: tree.report.row_of(tree.currentIndex()).name == name, what=name)  # noqa: B023 - called at once


async def test_an_error_is_told_with_place_and_next_step(tmp_path: Path) -> None:
    async with opened(tmp_path) as (page, _):
        await tried(page, write(tmp_path, "<Site></Site>", "bad.xml"))
        assert "✗ bad.xml would not be taken" in texts(page)
        assert any("→ " in text for text in texts(page))
        page.tabs.setCurrentIndex(KNOWN)
        await until(lambda: page.trial.converter.findData("junit") > 0, what="the converters")
        page.trial.converter.setCurrentIndex(page.trial.converter.findData("junit"))
        button(page, "Test again").click()
        await until(
            lambda: not any("How sure" in text for text in texts(page)), what="the converter's answer"
        )
        assert any("Place: line 1" in text for text in texts(page))


async def test_a_file_that_nobody_knows_is_told_in_a_sentence(tmp_path: Path) -> None:
    async with opened(tmp_path) as (page, _):
        await tried(page, write(tmp_path, "nothing that anybody knows", "a.txt"))
        [asked] = [text for text in texts(page) if "converters were asked" in text]
        assert asked.endswith("none knows the file.")
        assert "wsjf" not in " ".join(texts(page)), "nobody reads a list of noughts"


async def test_what_a_converter_said_before_it_failed_stands_below(tmp_path: Path) -> None:
    async with opened(tmp_path) as (page, station):
        own = station.home.converters("line1")
        own.mkdir(parents=True, exist_ok=True)
        shutil.copy(PLUGINS / "hostile.py", own)
        page.tabs.setCurrentIndex(KNOWN)
        await until(lambda: page.trial.converter.findData("odd") > 0, what="the converters")
        page.trial.converter.setCurrentIndex(page.trial.converter.findData("odd"))
        result = await tried(page, write(tmp_path, "key", "a.txt"))
        assert "✗ a.txt would not be taken" in texts(page)
        assert not result.detail.isHidden()
        assert "Traceback" in result.detail.toPlainText()
        await tried(page, write(tmp_path, "key", "b.txt"))
        page.trial.converter.setCurrentIndex(0)
        await tried(page, write(tmp_path, wsjf.minimal()))
        assert result.detail.isHidden()


async def test_several_reports_can_be_chosen_one_by_one(tmp_path: Path) -> None:
    async with opened(tmp_path) as (page, _):
        reports = [wsjf.minimal(number, result="F" if number == 2 else "P") for number in range(1, 25)]
        result = await tried(page, write(tmp_path, reports))
        assert result.which.count() == 20
        assert any("the first 20 reports are shown" in text for text in texts(page))
        result.which.setCurrentIndex(1)
        await until(lambda: result.tree.report.top.has_children, what="the second report")
        assert result.which.currentText() == "2 of 24: ✗ Failed  SN-0002 · PCBA-001"
        assert result.tree.report.top.children[0].value == "SN-0002 · PCBA-001"


async def test_the_result_can_be_copied_as_json_and_as_text(tmp_path: Path) -> None:
    async with opened(tmp_path) as (page, _):
        result = await tried(page, write(tmp_path, wsjf.rich()))
        board = QGuiApplication.clipboard()
        board.clear()
        button(result, "Copy as JSON").click()
        await until(lambda: board.text().startswith("{"), what="the JSON")
        assert json.loads(board.text())["sn"] == "SN-0002"
        button(result, "Copy as text").click()
        await until(lambda: "✗ Failed  Rail: 9.5 V" in board.text(), what="the text")
        assert board.text().startswith("✓ board.wsjf would be taken")
        await tried(page, write(tmp_path, "x", "bad.txt"))
        button(result, "Copy as JSON").click()
        await until(lambda: '"error"' in board.text(), what="the whole answer")
        result.copy_text()
        await until(lambda: board.text().startswith("✗ bad.txt would not be taken"), what="the error")


async def test_next_failed_goes_from_one_to_the_next_and_round(tmp_path: Path) -> None:
    steps = [wsjf.numeric(f"R{at}", 9, "F" if at in {1, 3} else "P") for at in range(5)]
    async with opened(tmp_path) as (page, _):
        result = await tried(
            page, write(tmp_path, wsjf.minimal(root=wsjf.sequence("M", steps, "F"), result="F"))
        )
        seen = []
        for _ in range(3):
            seen.append(result.tree.report.row_of(result.tree.currentIndex()).name)
            button(page, "Next failed step").click()
        assert seen == ["R1", "R3", "R1"]
        assert "2 failed" in result.count.text()


@pytest.mark.parametrize("name", ["gone.wsjf", "folder"])
async def test_what_cannot_be_read_is_told_in_words(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    async with opened(tmp_path) as (page, _):
        page.test([tmp_path / name])
        await until(lambda: page.trial.bar.error, what="the error")
        assert name in page.trial.bar.error
        (tmp_path / name).rmdir() if name == "folder" else None
        write(tmp_path, wsjf.minimal(), name)
        button(page.trial.bar, "Try again").click()
        await until(lambda: any("would be taken" in text for text in texts(page)), what="the result")


async def test_a_file_is_chosen_in_a_dialog_that_nobody_waits_for(tmp_path: Path) -> None:
    file = write(tmp_path, wsjf.minimal())
    async with opened(tmp_path) as (page, _):
        page.tabs.setCurrentIndex(TRIAL)
        button(page.trial, "Choose a file...").click()
        (dialog,) = page.findChildren(QFileDialog)
        dialog.fileSelected.emit(str(file))
        dialog.close()
        await until(lambda: any("would be taken" in text for text in texts(page)), what="the result")


# -------------------------------------------------------------------- which converters there are
async def test_the_converters_are_listed_with_those_that_do_not_load(tmp_path: Path) -> None:
    async with opened(tmp_path) as (page, station):
        own = station.home.converters("line1")
        own.mkdir(parents=True, exist_ok=True)
        shutil.copy(PLUGINS / "plain.py", own)
        shutil.copy(PLUGINS / "broken" / "raises.py", own)
        page.tabs.setCurrentIndex(KNOWN)
        table = page.known.table
        await until(lambda: len(table.plain.lines) >= 6, what="the converters")
        assert "✗ 1 does not load" in page.known.note.text()
        assert table.plain.lines[0].cells[0] == "raises.py"
        assert "a_module_that_nobody_has" in page.known.details.toPlainText()
        rows = {line.cells[0]: (number, line.cells) for number, line in enumerate(table.plain.lines)}
        assert rows["plain"][1][1:4] == ("1.2", "own", "files")
        assert rows["wstf"][1][2] == "built-in"
        assert str(station.lines["line1"].inboxes[0].path) in rows["wstf"][1][4]
        table.selectRow(rows["wstf"][0])
        assert "decimal: one of" in page.known.details.toPlainText()
        (own / "raises.py").unlink()
        button(page.known, "Look again").click()
        await until(lambda: "does not load" not in page.known.note.text(), what="the end of the fault")


# -------------------------------------------------------------------- what watches what
async def test_each_folder_tells_its_converters_and_what_becomes_of_its_files(tmp_path: Path) -> None:
    async with opened(tmp_path) as (page, station):
        path = station.lines["line1"].inboxes[0].path
        lines = page.watched.table.plain
        await until(lambda: [line.cells[3:] for line in lines.lines] == [("stays where it is", "✓ Watched")])
        assert lines.lines[0].cells[:2] == ("line1", str(path))
        assert "wstf" in lines.lines[0].cells[2]
        wanted: list[tuple[str, str, str]] = []
        page.desk.wanted.connect(lambda *words: wanted.append(words))
        button(page, "Open folder").click()
        button(page.watched, "Settings").click()
        assert wanted == [("watch-folder", "line1", str(path)), ("settings", "line1", "")]
        path.rename(path.with_name("gone"))
        await until(lambda: lines.lines[0].cells[4] == "✗ Cannot be read", what="the trouble")


async def test_a_file_dropped_onto_a_folder_is_asked_for_copied_and_delivered(tmp_path: Path) -> None:
    file = write(tmp_path, wsjf.minimal())
    async with opened(tmp_path) as (page, station):
        table = page.watched.table
        await until(lambda: table.plain.lines, what="the folder")
        row = table.visualRect(table.plain.index(0, 0)).center()
        assert drag(table.viewport(), mime([file]), row) == (True, True, True)
        (box,) = page.findChildren(QMessageBox)
        assert "board.wsjf" in box.text()
        assert not (station.lines["line1"].inboxes[0].path / "board.wsjf").exists()
        button(box, "Copy and send").click()
        await until(lambda: any(text.startswith("✓ Copied into") for text in texts(page)), what="the copy")
        server = station.lines["line1"].server
        await until(lambda: wsjf.report_id(1) in server.ids(), what="the report at the server")
        assert file.exists()
        wanted: list[tuple[str, object]] = []
        page.desk.page_wanted.connect(lambda *words: wanted.append(words))
        button(page.watched, "Queue and errors").click()
        assert wanted == [("queue", "line1")]


async def test_a_file_that_the_folder_would_leave_alone_is_not_copied(tmp_path: Path) -> None:
    file = write(tmp_path, wsjf.minimal(), "board.odd")
    async with opened(tmp_path, include=["*.wsjf"]) as (page, station):
        await until(
            lambda: any(line.cells[3] for line in page.watched.table.plain.lines), what="the settings"
        )
        place = page.watched.table.plain.lines[0].item
        assert place is not None
        page.watched.table.dropped.emit((file,), place)
        (box,) = page.findChildren(QMessageBox)
        assert "board.odd would not be taken" in box.text()
        assert "*.wsjf only" in box.informativeText()
        box.close()
        assert list(station.lines["line1"].inboxes[0].path.iterdir()) == []


async def test_a_file_dropped_anywhere_else_is_tested(tmp_path: Path) -> None:
    file = write(tmp_path, wsjf.minimal())
    async with opened(tmp_path) as (page, station):
        table = page.watched.table
        below = QPoint(20, table.viewport().height() - 5)
        assert drag(table.viewport(), mime([file, file]), below) == (True, True, True)
        assert page.tabs.currentIndex() == TRIAL
        await until(lambda: any("would be taken" in text for text in texts(page)), what="the result")
        assert any("One file at a time" in text for text in texts(page))
        assert not any(drag(page, QMimeData(), QPoint(5, 5)))
        assert await station.entries("line1") == ()


async def test_a_file_dropped_onto_the_window_opens_the_page_and_is_tested(tmp_path: Path) -> None:
    file = write(tmp_path, wsjf.minimal())
    async with opened(tmp_path) as (page, _):
        window = Window(page.desk)
        window.show_seen(page.desk.seen, present(page.desk.seen, page.desk.now()))
        assert drag(window, mime([file]), QPoint(5, 5)) == (True, True, True)
        shown = window.page
        assert isinstance(shown, ConvertersPage)
        await until(lambda: any("would be taken" in text for text in texts(shown)), what="the result")
        window.close()


async def test_without_a_station_it_leads_to_the_first_one(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.start()
        async with attached(station) as desk:
            page = ConvertersPage(desk)
            page.show_seen(desk.seen)
            wanted: list[tuple[str, str, str]] = []
            desk.wanted.connect(lambda *words: wanted.append(words))
            button(page.watched, "Set up a station...").click()
            button(page.trial, "Set up a station...").click()
            assert wanted == [("add-station", "", "")] * 2
            page.test([tmp_path / "x"])
            page.tabs.setCurrentIndex(KNOWN)
            assert "none is set up yet" in page.known.note.text()
            assert page.tabs.tabText(WATCHED)


def test_a_measurement_is_told_in_words() -> None:
    assert words(Measured(name="VCC", value=5.0, unit="V", low=4.5, high=5.5, status="P")) == (
        "VCC: 5 V (≥ 4.5, ≤ 5.5) ✓ Passed"
    )
