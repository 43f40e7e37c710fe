"""The tab Replay: archived files by two versions of a converter, in a real process, and what differs."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from fakes.converters_page import commands, opened_page
from fakes.gaps import BLOCKED, Gaps
from fakes.station import Station
from fakes.tray import attached, button, texts
from fakes.waiting import until
from stationmaster.control.command_answer import Replayed, ReplayPlan, ValueChange
from stationmaster_tray.converting import replayed
from stationmaster_tray.converting.replay import MOST, ReplayPanel
from stationmaster_tray.pages.converters import REPLAY
from stationmaster_tray.text import number

pytestmark = pytest.mark.usefixtures("app")

DATA = Path(__file__).parents[1] / "data" / "mapping"
DAY = "2026-11-27"


@asynccontextmanager
async def archived(tmp_path: Path, count: int = 3) -> AsyncIterator[tuple[ReplayPanel, Station]]:
    """The tab of a station that has the mapping `fct` and a day with files of it."""
    async with opened_page(tmp_path, "replay") as (page, station):
        assert page.tabs.currentIndex() == REPLAY
        installed = await station.command("converter", "install", str(DATA / "fct.toml"), "-i", "line1")
        assert installed.returncode == 0, installed.stderr
        day = station.home.archive("line1") / DAY
        day.mkdir(parents=True)
        for number in range(count):
            shutil.copy(DATA / "fct.csv", day / f"fct-{number}.csv")
        panel = page.replay
        page.known.load()
        await until(lambda: panel.choice.present.findText("fct") >= 0, what="the converters")
        panel.choice.list_days()
        await until(lambda: panel.choice.files.plain.lines, what="the days")
        yield panel, station


def other(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    """Another version of the mapping."""
    text = (DATA / "fct.toml").read_text()
    for old, new in (('version = "1"', 'version = "2"'), *changes):
        assert old in text
        text = text.replace(old, new)
    place = tmp_path / "new" / "fct.toml"
    place.parent.mkdir()
    place.write_text(text)
    return place


def choose(panel: ReplayPanel, day: str = DAY) -> None:
    """Choose a day alone."""
    row = next(row for row, line in enumerate(panel.choice.files.plain.lines) if line.item == day)
    panel.choice.files.selectRow(row)


async def test_what_differs_is_counted_and_listed_file_by_file_and_copied(tmp_path: Path) -> None:
    async with archived(tmp_path) as (panel, station):
        assert not panel.begin.isEnabled(), "there is no other version yet"
        panel.take([other(tmp_path, ('low = "Min"\n', ""))])
        choose(panel)
        assert (panel.choice.present.currentText(), panel.choice.other.currentText()) == ("fct", "fct.toml")
        with Gaps() as gaps:
            panel.begin.click()
            assert not panel.begin.isEnabled()
            await until(lambda: not panel.bar.busy, what="the replay")
        assert max(gaps.blocked) < BLOCKED
        assert panel.bar.error == ""
        assert panel.summary.text() == "3 files, ✓ 0 alike, ≠ 3 with other values"
        assert panel.sides.text() == "fct 1 as it is now, against fct 2"
        shown = [line.cells for line in panel.files.plain.lines]
        assert [name for name, _ in sorted(shown)] == ["fct-0.csv", "fct-1.csv", "fct-2.csv"]
        assert all(kind.startswith("≠ ") and kind.endswith(" values differ") for _, kind in shown)
        rows = [line.cells for line in panel.changes.plain.lines]
        assert ("Supply 5V: numericMeas[0].compOp", "GELE", "LE") in rows
        panel.copy.click()
        await until(lambda: "fct-2.csv" in QGuiApplication.clipboard().text(), what="the text")
        text = QGuiApplication.clipboard().text()
        assert text.startswith("fct 1 as it is now, against fct 2\n3 files, ✓ 0 alike")
        assert "    Supply 5V: numericMeas[0].compOp: GELE → LE" in text
        assert await station.entries("line1") == (), "nothing was stored"


async def test_a_version_that_makes_the_same_is_told_so_and_one_that_reads_less_too(tmp_path: Path) -> None:
    async with archived(tmp_path, 2) as (panel, _):
        same = other(tmp_path)
        panel.take([same])
        choose(panel)
        panel.choice.limit.setValue(1)
        panel.begin.click()
        await until(lambda: not panel.bar.busy, what="the replay")
        assert panel.summary.text() == "1 file, ✓ 1 alike"
        assert panel.summary.property("role") == "good"
        assert panel.files.plain.rowCount() == 0
        panel.choice.limit.setValue(200)
        same.write_text(same.read_text().replace('"%d.%m.%Y %H:%M"', '"%Y"'))
        panel.begin.click()
        await until(lambda: not panel.bar.busy, what="the replay")
        assert panel.summary.text() == "2 files, ✓ 0 alike, ✗ 2 only the one of now reads"
        assert "✗ Only the one of now reads it" in panel.files.plain.lines[0].cells
        assert any(text.startswith("Now: reads it\nOther version: ") for text in texts(panel))


async def test_a_folder_is_compared_with_another_converter_by_its_name(tmp_path: Path) -> None:
    async with archived(tmp_path) as (panel, _):
        folder = tmp_path / "samples"
        folder.mkdir()
        shutil.copy(DATA / "fct.csv", folder)
        panel.choice.add_folder.click()
        (dialog,) = panel.findChildren(QFileDialog)
        dialog.filesSelected.emit([str(folder)])
        dialog.reject()
        panel.choice.present.setCurrentText("fct")
        panel.choice.other.setCurrentText("wsjf")
        assert panel.choice.order is not None
        assert panel.choice.order.wanted == (str(folder),)
        panel.choice.pattern.setText("*.csv")
        panel.begin.click()
        await until(lambda: not panel.bar.busy, what="the replay")
        assert panel.summary.text() == "1 file, ✓ 0 alike, ✗ 1 only the one of now reads"


async def test_cancel_ends_it_with_its_workers_and_keeps_what_was_found(tmp_path: Path) -> None:
    async with archived(tmp_path, 40) as (panel, _):
        panel.take([other(tmp_path, ('low = "Min"\n', ""))])
        choose(panel)
        panel.begin.click()
        await until(lambda: panel.found and panel.bar.isVisible(), what="the first file")
        assert any(text.startswith("Replaying: ") for text in texts(panel.bar))
        button(panel.bar, "Cancel").click()
        assert not panel.bar.busy
        found = len(panel.found)
        await until(lambda: not commands("replay"), what="the end of the process")
        assert len(panel.found) == found < 40
        assert panel.summary.text().startswith(f"{found} of 40 files, ")
        assert panel.copy.isEnabled()
        assert panel.begin.isEnabled()


async def test_what_cannot_be_compared_is_told(tmp_path: Path) -> None:
    async with archived(tmp_path) as (panel, _):
        broken = other(tmp_path)
        broken.write_text("kind = 5")
        panel.take([broken])
        choose(panel)
        panel.begin.click()
        await until(lambda: panel.bar.error, what="the error")
        assert "line 1, column 1" in panel.bar.error
        shutil.copy(DATA / "fct.toml", broken)
        button(panel.bar, "Try again").click()
        await until(lambda: not panel.bar.busy, what="the replay")
        assert panel.summary.text() == "3 files, ✓ 3 alike"


async def test_differences_without_end_are_counted_alone(tmp_path: Path) -> None:
    change = ValueChange("Main: status", "P", "F")
    large = Replayed(name="large", differences=(change,) * (MOST - 1), count=MOST)
    async with Station(tmp_path) as station, attached(station, wait=False) as desk:
        panel = ReplayPanel(desk)
        panel.show_plan(ReplayPlan(present="x", present_version="1", converter="y", version="2", files=2))
        with Gaps() as gaps:
            panel.show_file(large)
            panel.show_file(Replayed(name="last", differences=(change, change), count=2))
            panel.copy_text()
            await until(lambda: not panel.copying.busy, what="the text")
        assert max(gaps.blocked) < BLOCKED
        assert [len(one.differences) for one in panel.found] == [MOST - 1, 0]
        assert panel.summary.text() == "2 files, ✓ 0 alike, ≠ 2 with other values"
        panel.files.selectRow(1)
        assert [line.cells[0] for line in panel.changes.plain.lines] == ["… and 2 more"]


def test_a_file_in_words() -> None:
    change = ValueChange("Main: status", "P", "F")
    many = Replayed(name="a", differences=(change,), count=1500)
    neither = Replayed(name="b", old="no", new="nothing")
    won = Replayed(name="c", old="no")
    found = [many, neither, won, Replayed(name="d", old="no", new="no"), Replayed(name="e")]
    plan = ReplayPlan(present="x", present_version="1", converter="y", version="2", files=9)
    assert [line.cells for line in replayed.changes(many)] == [
        ("Main: status", "P", "F"),
        (f"… and {number(1499)} more", "", ""),
    ]
    assert replayed.summary(found, 9) == (
        "5 of 9 files, ✓ 2 alike, ≠ 1 with other values, + 1 only the other one reads, "
        "≠ 1 neither reads, for other reasons"
    )
    assert list(replayed.as_text(plan, found)) == [
        "x 1 as it is now, against y 2",
        replayed.summary(found, 9),
        "",
        f"a: ≠ {number(1500)} values differ",
        "    Main: status: P → F",
        f"    … and {number(1499)} more",
        "",
        "b: ≠ Neither reads it, for other reasons",
        "    Now: no",
        "    Other version: nothing",
        "",
        "c: + Only the other one reads it",
        "    Now: no",
        "    Other version: reads it",
    ]
