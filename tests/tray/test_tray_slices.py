"""Long work on the window's thread is done in slices: pages, the form of all settings, copies.

The limits are three times what is promised; `make bench` measures the gaps themselves.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QStackedWidget

from fakes.account import After
from fakes.gaps import Gaps
from fakes.station import Station
from fakes.tray import attached
from fakes.waiting import until
from stationmaster_tray import clipboard
from stationmaster_tray.desk import Page
from stationmaster_tray.pages import PAGES
from stationmaster_tray.pages.converters import KNOWN, ConvertersPage
from stationmaster_tray.pages.settings import SettingsPage
from stationmaster_tray.slices import SLICE, Gradual, sliced
from stationmaster_tray.window import Window

pytestmark = pytest.mark.usefixtures("app")

FOLDERS = 20
KEEP: After = "keep"
BUSY = 150.0
"""Milliseconds of CPU at once."""


async def test_others_have_their_turn_after_each_slice() -> None:
    turns: list[int] = []
    done: list[int] = []

    def steps() -> Iterator[None]:
        for step in range(5):
            end = time.perf_counter() + SLICE
            while time.perf_counter() < end:
                pass
            done.append(step)
            yield

    async def other() -> None:
        while True:
            turns.append(len(done))
            await asyncio.sleep(0)

    beside = asyncio.create_task(other())
    await sliced(steps())
    beside.cancel()
    assert done == [0, 1, 2, 3, 4]
    assert {1, 2, 3, 4} <= set(turns)


async def test_the_pause_between_slices_may_be_another_one() -> None:
    pauses: list[int] = []
    done: list[int] = []

    async def pause() -> None:
        pauses.append(len(done))

    def steps() -> Iterator[None]:
        for step in range(3):
            end = time.perf_counter() + SLICE
            while time.perf_counter() < end:
                pass
            done.append(step)
            yield

    await sliced(steps(), pause)
    assert pauses == [1, 2, 3]


def built(page: SettingsPage) -> bool:
    return page.form is not None


def test_what_is_made_in_steps_is_made_to_its_end_by_who_needs_it() -> None:
    done = list[str]()

    def maker() -> Generator[None, None, str]:
        done.append("first")
        yield
        done.append("second")
        yield
        return "made"

    part = Gradual(maker())
    next(part.steps)
    assert (done, part.made) == (["first"], None)
    assert [part.finish(), part.finish()] == ["made", "made"]
    assert done == ["first", "second"]
    assert list(part.steps) == []
    whole = Gradual(maker())
    for _step in whole.steps:
        pass
    assert whole.made == "made"


async def test_the_form_of_all_settings_is_made_while_somebody_looks_and_not_at_once(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), *[KEEP] * FOLDERS)
        await station.start()
        async with attached(station) as desk:
            stack = QStackedWidget()
            stack.resize(900, 700)
            stack.addWidget(Page(desk))
            page = SettingsPage(desk)
            stack.addWidget(page)
            stack.show()
            page.show_seen(desk.seen)
            page.entered("line1")
            page.left()
            await until(lambda: not page.bar.busy, what="the settings")
            assert not built(page), "it would cost all of it at once when it is seen"
            with Gaps() as gaps:
                stack.setCurrentWidget(page)
                page.entered("line1")
                await until(lambda: built(page), what="the form")
                assert page.form is not None
                rows = tuple(page.form.rows())
                await until(lambda: all(row.isVisible() for row in rows), what="all of it")
            assert len(page.form.cards("watch").cards) == FOLDERS
            assert sum(gaps.busy) > 0
            assert max(gaps.busy) < BUSY
            page.left()
            stack.close()


async def test_pages_are_made_one_by_one_before_somebody_opens_them(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.start()
        async with attached(station) as desk:
            window = Window(desk)
            assert window.findChildren(Page) == [window.page]
            opened = window.page
            with Gaps() as gaps:
                window.present()
                await until(lambda: len(window.findChildren(Page)) == len(PAGES), what="all pages")
            assert max(gaps.busy) < BUSY
            assert window.page is opened, "the one that was open stays so"
            window.close()


async def test_the_tabs_of_converters_are_made_when_they_are_turned_to(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.start()
        async with attached(station) as desk:
            page = ConvertersPage(desk)
            page.show()
            page.show_seen(desk.seen)
            page.entered()
            page.tabs.setCurrentIndex(KNOWN)
            assert page.known.isVisible()
            await until(lambda: page.known.table.plain.lines, what="the converters")
            assert page.trial.converter.count() > 1, "what is known is offered"
            assert list(page.warm())
            page.left()
            page.close()


async def test_text_and_bytes_come_from_the_clipboard_as_text() -> None:
    for text in ("Übergabe µ", "Übergabe µ".encode()):
        clipboard.put(text)
        assert QGuiApplication.clipboard().text() == "Übergabe µ"
