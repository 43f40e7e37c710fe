"""The tab Make a mapping: proposed by a real process, edited, tried again, saved; nothing is lost unasked."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QFileDialog, QMessageBox, QWidget

from fakes.converters_page import commands, opened_page
from fakes.gaps import BLOCKED, Gaps
from fakes.tray import button, texts
from fakes.waiting import until
from stationmaster_tray.converting.mapping import MappingPanel
from stationmaster_tray.pages.converters import KNOWN, MAPPING, TRIAL, ConvertersPage

pytestmark = pytest.mark.usefixtures("app")

DATA = Path(__file__).parents[1] / "data" / "mapping"


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    return Path(shutil.copy(DATA / "fct.csv", tmp_path / "fct.csv"))


async def proposed(page: ConvertersPage, sample: Path) -> MappingPanel:
    """The panel with the proposal for a sample, and its report."""
    page.map([sample])
    await settled(page.mapping, "the proposal")
    assert page.mapping.bar.error == ""
    return page.mapping


async def settled(panel: MappingPanel, what: str) -> None:
    await until(lambda: not panel.bar.busy and not panel.result.bar.busy, what=what)


def write(panel: MappingPanel, old: str, new: str) -> None:
    """Change the text as a person does."""
    assert old in panel.editor.content
    panel.editor.text.setPlainText(panel.editor.content.replace(old, new, 1))


def box(panel: MappingPanel, name: str) -> QMessageBox:
    found = [one for one in panel.findChildren(QMessageBox) if one.objectName() == name and one.isVisible()]
    assert len(found) == 1
    return found[0]


def is_asked(panel: MappingPanel, name: str) -> Callable[[], bool]:
    return lambda: any(
        one.objectName() == name and one.isVisible() for one in panel.findChildren(QMessageBox)
    )


# -------------------------------------------------------------------- the proposal
async def test_a_mapping_is_proposed_with_the_report_as_a_tree_and_the_window_goes_on(
    tmp_path: Path, sample: Path
) -> None:
    async with opened_page(tmp_path, "mapping") as (page, station):
        assert page.tabs.currentIndex() == MAPPING
        assert not page.mapping.again.isEnabled()
        with Gaps() as gaps:
            panel = await proposed(page, sample)
        assert max(gaps.blocked) < BLOCKED
        assert 'sn = "Serial"' in panel.editor.content
        assert "# Look at this: no operation was found" in panel.editor.content
        assert any("For this preview process_code = 10 was assumed" in text for text in texts(panel))
        assert "✓ fct.csv would be taken: 1 report" in texts(panel)
        tree = panel.result.tree
        assert tree.report.row_of(tree.currentIndex()).name == "MainSequence"
        assert (panel.save.name.text(), panel.changed) == ("fct", False)
        assert await station.entries("line1") == ()


async def test_a_file_that_is_dropped_onto_the_tab_is_a_sample_and_one_that_nothing_reads_leads_there(
    tmp_path: Path, sample: Path
) -> None:
    async with opened_page(tmp_path, "test") as (page, _):
        page._drop.dropped.emit((sample,))
        await until(lambda: not page.trial.bar.busy and page.trial.result.verdict.text(), what="the test")
        assert page.tabs.currentIndex() == TRIAL
        lead = button(page.trial, "Make a mapping from it...")
        assert lead.isVisible()
        lead.click()
        assert page.tabs.currentIndex() == MAPPING
        await settled(page.mapping, "the proposal")
        first = page.mapping.editor.content
        other = tmp_path / "other.csv"
        other.write_text((DATA / "fct.csv").read_text().replace("Serial;", "Serial Number;"))
        page._drop.dropped.emit((other,))
        await until(lambda: page.mapping.editor.content != first, what="another proposal")
        assert page.mapping.save.name.text() == "other"


async def test_what_no_mapping_reads_is_told_and_can_be_tried_again(tmp_path: Path) -> None:
    picture = tmp_path / "x.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    async with opened_page(tmp_path, "mapping") as (page, _):
        page.map([picture])
        panel = page.mapping
        await until(lambda: panel.bar.error, what="the error")
        assert "is no text, XML or JSON" in panel.bar.error
        assert not panel.again.isEnabled()
        assert any("Choose or drop a result file" in text for text in texts(panel))
        shutil.copy(DATA / "fct.csv", picture)
        button(panel.bar, "Try again").click()
        await settled(panel, "the proposal")
        assert panel.again.isEnabled()


async def test_cancel_ends_the_process_at_once(tmp_path: Path, sample: Path) -> None:
    async with opened_page(tmp_path, "mapping") as (page, station):
        assert station.agent is not None
        page.map([sample])
        await until(page.mapping.bar.isVisible, what="the busy sign")
        button(page.mapping.bar, "Cancel").click()
        assert not page.mapping.bar.busy
        await until(lambda: not commands("map"), what="the end of the process")
        assert not page.mapping.again.isEnabled()
        page.map([sample])
        assert any("is being made" in text for text in texts(page.mapping))
        page.left()
        assert not page.mapping.bar.busy
        assert any("Choose or drop a result file" in text for text in texts(page.mapping))
        await until(lambda: not commands("map"), what="the end of the process")


# -------------------------------------------------------------------- editing
async def test_a_change_is_tried_by_itself_and_a_fault_names_line_and_column(
    tmp_path: Path, sample: Path
) -> None:
    async with opened_page(tmp_path, "mapping") as (page, _):
        panel = await proposed(page, sample)
        write(panel, 'low = "Min"', 'lwo = "Min"')
        await until(panel.editor.fault.text, what="the fault")
        line = 1 + panel.editor.content[: panel.editor.content.index("lwo")].count("\n")
        told = f"✗ Line {line}, column 1: There is no key 'lwo'. Did you mean \"low\"?"
        assert panel.editor.fault.text() == told
        assert "The report is that of the last text that was a mapping." in texts(panel)
        assert panel.changed
        panel.editor.show_place.click()
        cursor = panel.editor.text.textCursor()
        assert (cursor.blockNumber() + 1, cursor.positionInBlock()) == (line, 0)
        assert f"Line {line}, column 1" in texts(panel.editor)
        assert panel.editor.text.extraSelections()[0].cursor.blockNumber() + 1 == line
        panel.left()  # what was being typed is tried when it is wanted
        write(panel, 'lwo = "Min"', "")
        panel.again.click()
        await settled(panel, "the trial")
        assert not panel.editor.fault.isVisible()
        assert not panel.editor.show_place.isVisible()
        tree = panel.result.tree
        assert tree.go_to((1,))
        row = tree.report.row_of(tree.currentIndex())
        assert (row.name, row.low, row.high) == ("Supply 5V", "", "≤ 5.25")


async def test_what_is_no_toml_is_told_at_its_place(tmp_path: Path, sample: Path) -> None:
    async with opened_page(tmp_path, "mapping") as (page, _):
        panel = await proposed(page, sample)
        panel.editor.text.setPlainText('kind = "table"\nheader = { sn = \n')
        panel.try_now()
        await until(panel.editor.fault.text, what="the fault")
        assert panel.editor.fault.text().startswith("✗ Line 2, column ")
        assert "It is no TOML" in panel.editor.fault.text()


async def test_a_mapping_that_does_not_fit_the_sample_shows_why_in_place_of_the_report(
    tmp_path: Path, sample: Path
) -> None:
    async with opened_page(tmp_path, "mapping") as (page, _):
        panel = await proposed(page, sample)
        write(panel, 'sn = "Serial"', 'sn = "Nothing"')
        panel.try_now()
        await until(lambda: "✗ fct.csv would not be taken" in texts(panel), what="the refusal")
        assert any("Nothing" in text for text in texts(panel.result))


async def test_another_sample_is_not_taken_over_changes_unasked(tmp_path: Path, sample: Path) -> None:
    other = tmp_path / "other.csv"
    shutil.copy(sample, other)
    async with opened_page(tmp_path, "mapping") as (page, _):
        panel = await proposed(page, sample)
        write(panel, 'sn = "Serial"', 'sn = "Serial"  # mine')
        page.map([other])
        box(panel, "changes").defaultButton().click()
        assert "# mine" in panel.editor.content
        assert not panel.bar.busy
        page.map([other])
        button(box(panel, "changes"), "Throw them away").click()
        await settled(panel, "the proposal")
        assert "# mine" not in panel.editor.content
        assert panel.save.name.text() == "other"


async def test_the_keyboard_reaches_all_of_it(tmp_path: Path, sample: Path) -> None:
    async with opened_page(tmp_path, "mapping") as (page, _):
        panel = await proposed(page, sample)
        page.activateWindow()
        panel.editor.text.setFocus()
        before = panel.editor.content
        QTest.keyClick(panel.editor.text, Qt.Key.Key_Tab)
        assert panel.editor.content == before, "Tab leads on"
        wanted = {panel.result.tree, panel.save.name, panel.save.to_station, panel.save.to_file, panel.again}
        seen: set[QWidget] = set()
        focus = panel.editor.text.nextInFocusChain()
        while focus is not None and focus is not panel.editor.text:
            seen.add(focus)
            focus = focus.nextInFocusChain()
        assert wanted <= {one for one in seen if one.focusPolicy() & Qt.FocusPolicy.TabFocus}


async def test_text_and_report_stand_beside_each_other_only_where_there_is_room(
    tmp_path: Path, sample: Path
) -> None:
    async with opened_page(tmp_path, "mapping") as (page, _):
        panel = await proposed(page, sample)
        assert panel._split.orientation() is Qt.Orientation.Horizontal
        page.resize(520, 480)
        await until(
            lambda: panel._split.orientation() is Qt.Orientation.Vertical,
            what="one above the other",
        )
        assert page.minimumSizeHint().width() <= 520


# -------------------------------------------------------------------- saving
async def test_it_is_saved_for_the_station_and_known_there_and_nothing_is_replaced_unasked(
    tmp_path: Path, sample: Path
) -> None:
    async with opened_page(tmp_path, "mapping") as (page, station):
        panel = await proposed(page, sample)
        place = station.home.converters("line1") / "fct.toml"
        panel.save.to_station.click()
        await until(panel.save.done.text, what="the converter")
        assert place.read_text() == panel.editor.content
        assert "✓ line1 has the converter fct now." in panel.save.done.text()
        write(panel, 'sn = "Serial"', 'sn = "Serial"  # mine')
        assert (panel.changed, panel.save.done.text()) == (True, "")
        panel.save.to_station.click()
        await until(is_asked(panel, "replace"), what="the question")
        box(panel, "replace").defaultButton().click()
        assert "# mine" not in place.read_text()
        panel.save.to_station.click()
        await until(is_asked(panel, "replace"), what="the question")
        button(box(panel, "replace"), "Replace").click()
        await until(lambda: "# mine" in place.read_text(), what="the other text")
        await until(lambda: not panel.changed and panel.save.done.text(), what="the word")
        page.tabs.setCurrentIndex(KNOWN)
        await until(
            lambda: any(line.cells[0] == "fct" for line in page.known.table.plain.lines), what="the list"
        )


async def test_what_is_no_mapping_is_not_saved_for_a_station(tmp_path: Path, sample: Path) -> None:
    async with opened_page(tmp_path, "mapping") as (page, station):
        panel = await proposed(page, sample)
        panel.editor.text.setPlainText("kind = 5")
        panel.save.to_station.click()
        await until(lambda: panel.save.bar.error, what="the error")
        assert "holds no converter that can be loaded" in panel.save.bar.error
        assert "line 1, column 1" in panel.save.bar.error
        assert not (station.home.converters("line1") / "fct.toml").exists()
        assert panel.changed
        panel.save.name.clear()
        assert not panel.save.to_station.isEnabled()
        assert not panel.save.to_file.isEnabled()


async def test_it_is_saved_as_a_file_and_a_file_that_is_there_is_asked_for(
    tmp_path: Path, sample: Path
) -> None:
    async with opened_page(tmp_path, "mapping") as (page, _):
        panel = await proposed(page, sample)
        panel.save.to_file.click()
        (dialog,) = panel.findChildren(QFileDialog)
        place = tmp_path / "mine.toml"
        dialog.fileSelected.emit(str(place))
        dialog.reject()
        await until(panel.save.done.text, what="the file")
        assert place.read_text() == panel.editor.content
        panel.save.done.clear()
        panel.save.save_to(place)  # the same once more: nothing to ask
        await until(panel.save.done.text, what="the same file")
        place.write_text("another's")
        panel.save.save_to(place)
        await until(is_asked(panel, "replace"), what="the question")
        box(panel, "replace").done(QDialog.DialogCode.Rejected)
        assert place.read_text() == "another's"
        panel.save.save_to(place)
        await until(is_asked(panel, "replace"), what="the question")
        button(box(panel, "replace"), "Replace").click()
        await until(lambda: place.read_text() == panel.editor.content, what="the file")
        panel.save.save_to(tmp_path / "nowhere" / "mine.toml")
        await until(lambda: panel.save.bar.error, what="the error")
        assert "cannot be written" in panel.save.bar.error
