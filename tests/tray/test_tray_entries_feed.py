"""A long list follows a real agent: what is seen at once, what is out of sight when it is scrolled to."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fakes.long_list import page_with, read_to_the_end
from fakes.waiting import until
from stationmaster_tray.pages.queue import QueuePage

MANY = 3000
MIDDLE = 1500

pytestmark = pytest.mark.usefixtures("app")


def into_errors(spool: Path) -> None:
    """Let all that waits be in the error list."""
    db = sqlite3.connect(spool)
    with db:
        db.execute("UPDATE entry SET state='error', reason='The server refused it.'")
    db.close()


@asynccontextmanager
async def errors(root: Path) -> AsyncIterator[QueuePage]:
    """The page with a long error list, read to its end, in the middle of it."""
    async with page_with(root, MANY, "errors", into_errors) as page:
        await read_to_the_end(page, MANY)
        page.view.verticalScrollBar().setValue(MIDDLE)
        yield page


def numbers(page: QueuePage, first: int, last: int) -> tuple[int, ...]:
    """Numbers of the entries in these rows."""
    return tuple(page.table.entry(row).id for row in range(first, last + 1))


async def dismissed(page: QueuePage, ids: tuple[int, ...]) -> None:
    """Somebody else dismisses them."""
    await page.desk.client.dismiss("line1", ids, by="ann")


def gone(page: QueuePage, ids: tuple[int, ...]) -> bool:
    return all(page.table.row_of(("line1", one)) < 0 for one in ids)


async def test_what_goes_around_the_reader_moves_neither_the_list_nor_the_selection(tmp_path: Path) -> None:
    async with errors(tmp_path) as page:
        first, last = page.view.seen()
        page.view.choose(first + 3)
        chosen, top = page.view.keys(), page.table.entry(first).id
        ids = numbers(page, first - 10, first - 1) + numbers(page, first + 5, last)
        await dismissed(page, ids)
        await until(lambda: gone(page, ids), what="the end of them")
        assert page.view.keys() == chosen
        assert page.table.entry(page.view.seen()[0]).id == top
        assert page.table.rowCount() == MANY - len(ids)


async def test_what_went_out_of_sight_is_gone_when_one_scrolls_there(tmp_path: Path) -> None:
    async with errors(tmp_path) as page:
        above, seen = numbers(page, 0, 9), numbers(page, *page.view.seen())[:1]
        await dismissed(page, above + seen)
        await until(lambda: gone(page, seen), what="the end of what is seen")
        assert not gone(page, above), "nobody looked there: nothing was asked"
        page.view.verticalScrollBar().setValue(0)
        await until(lambda: gone(page, above), what="the end of the others")
        assert page.table.rowCount() == MANY - 11


async def test_a_list_that_is_emptied_elsewhere_is_empty_here(tmp_path: Path) -> None:
    async with errors(tmp_path) as page:
        await page.desk.client.dismiss("line1", by="ann", everything=True)
        await until(lambda: page.table.rowCount() == 0, what="an empty list")
        assert page.feed.known


async def test_a_search_in_a_long_list_is_read_anew_too(tmp_path: Path) -> None:
    async with errors(tmp_path) as page:
        page.entered({"state": "errors", "text": "SN299"})
        await until(lambda: page.feed.known and page.table.rowCount() == 11, what="what matches")
        ids = numbers(page, 0, 0)
        await dismissed(page, ids)
        await until(lambda: page.table.rowCount() == 10, what="what still matches")
        assert gone(page, ids)


async def test_nothing_is_read_while_nobody_looks_and_all_is_right_afterwards(tmp_path: Path) -> None:
    async with errors(tmp_path) as page:
        page.left()
        await dismissed(page, numbers(page, 0, MANY - 1))
        await until(
            lambda: page.desk.seen.status is not None and not page.desk.seen.status.instances[0].counts.error,
            what="a snapshot that changes nothing here",
        )
        assert page.table.rowCount() == MANY
        page.entered()
        await until(lambda: page.feed.known and page.table.rowCount() == 0, what="an empty list")
