"""The tests that a mapping carries, run from the tab Test a file: by a real process, said as it says them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog

from fakes.converters_page import commands, opened_page
from fakes.gaps import BLOCKED, Gaps
from fakes.tray import button, texts
from fakes.waiting import until
from stationmaster.control.command_answer import MappingTest, MappingTests
from stationmaster_tray.converting.mapping_tests import MappingTestsView
from stationmaster_tray.converting.panel import TrialPanel
from stationmaster_tray.pages.converters import TRIAL

pytestmark = pytest.mark.usefixtures("app")

DATA = Path(__file__).parents[1] / "data" / "mapping"


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    """A mapping with a test, and its sample beside it."""
    return Path(shutil.copytree(DATA, tmp_path / "fct")) / "fct.toml"


def change(mapping: Path, old: str = "", new: str = "") -> None:
    """Let it be what it was, but for this."""
    text = (DATA / "fct.toml").read_text()
    assert old in text
    mapping.write_text(text.replace(old, new) if old else text)


async def outcome(panel: TrialPanel) -> MappingTestsView:
    """How the tests ended."""
    await until(lambda: not panel.bar.busy and panel.tests.isVisible(), what="the tests")
    return panel.tests


async def test_the_outcome_is_that_of_the_command_line_and_the_window_goes_on(
    tmp_path: Path, mapping: Path
) -> None:
    async with opened_page(tmp_path, "test") as (page, station):
        panel = page.trial
        panel.test_mapping.click()
        (dialog,) = panel.findChildren(QFileDialog)
        assert dialog.nameFilters() == ["Mappings (*.toml)"]
        with Gaps() as gaps:
            dialog.fileSelected.emit(str(mapping))
            dialog.reject()
            shown = await outcome(panel)
        assert max(gaps.blocked) < BLOCKED
        assert shown.verdict.text() == "✓ fct.toml: 1 test passed"
        typed = await station.command("converter", "test", str(mapping))
        assert (typed.returncode, shown.lines.toPlainText()) == (0, typed.stderr.rstrip("\n"))
        change(mapping, "steps = 4", "steps = 5")
        button(panel, "Test again").click()
        assert not shown.isVisible(), "what came of it before is no answer"
        shown = await outcome(panel)
        assert shown.verdict.text() == "✗ fct.toml: 1 of 1 test failed"
        typed = await station.command("converter", "test", str(mapping))
        assert (typed.returncode, shown.lines.toPlainText()) == (1, typed.stderr.rstrip("\n"))
        assert "    It makes 4 steps, 5 are expected." in shown.lines.toPlainText().splitlines()
        assert await station.entries("line1") == ()


async def test_a_mapping_that_is_dropped_runs_its_tests_and_what_is_wrong_is_told(
    tmp_path: Path, mapping: Path
) -> None:
    async with opened_page(tmp_path, "test") as (page, _):
        page._drop.dropped.emit((mapping,))
        assert page.tabs.currentIndex() == TRIAL
        await outcome(page.trial)
        change(mapping, "[[test]]", "[[tset]]")
        page.trial.run_tests(mapping)
        await until(lambda: page.trial.bar.error, what="the error")
        assert "fct.toml, line " in page.trial.bar.error
        text = (DATA / "fct.toml").read_text()
        change(mapping, text[text.index("[[test]]") :], "")
        button(page.trial.bar, "Try again").click()
        await until(lambda: "carries no [[test]]" in page.trial.bar.error, what="the other error")
        change(mapping)
        button(page.trial.bar, "Try again").click()
        await outcome(page.trial)


async def test_a_named_converter_reads_a_file_of_that_ending_as_any_other(
    tmp_path: Path, mapping: Path
) -> None:
    async with opened_page(tmp_path, "test") as (page, _):
        await until(lambda: page.trial.converter.findData("junit") > 0, what="the converters")
        page.trial.converter.setCurrentIndex(page.trial.converter.findData("junit"))
        page.trial.test([mapping])
        await until(lambda: not page.trial.bar.busy and page.trial.result.isVisible(), what="the dry run")
        assert "✗ fct.toml would not be taken" in texts(page.trial)


async def test_cancel_ends_the_process_at_once(tmp_path: Path, mapping: Path) -> None:
    async with opened_page(tmp_path, "test") as (page, _):
        page.trial.run_tests(mapping)
        await until(page.trial.bar.isVisible, what="the busy sign")
        button(page.trial.bar, "Cancel").click()
        assert not page.trial.bar.busy
        await until(lambda: not commands("test"), what="the end of the process")


def test_each_test_is_told_with_what_is_wrong() -> None:
    view = MappingTestsView()
    wrong = ("sn is 'A', expected is 'B'.", "It makes 2 steps, 1 are expected.")
    tests = (MappingTest(sample="a.csv"), MappingTest(sample="b.csv", wrong=wrong), MappingTest(sample="c"))
    view.show_tests(MappingTests(mapping="rig.toml", tests=tests))
    assert view.verdict.text() == "✗ rig.toml: 1 of 3 tests failed"
    assert view.lines.toPlainText().splitlines() == [
        "✓ a.csv",
        "✗ b.csv",
        *(f"    {text}" for text in wrong),
        "✓ c",
    ]


async def test_the_tab_fits_into_a_narrow_window_with_all_its_buttons(tmp_path: Path) -> None:
    async with opened_page(tmp_path, "test") as (page, _):
        await until(lambda: page.trial.converter.findData("junit") > 0, what="the converters")
        page.trial._map.show()
        page.resize(560, 480)
        await until(lambda: page.trial._map.y() > page.trial._choose.y(), what="the next line")
        assert page.minimumSizeHint().width() <= 560
