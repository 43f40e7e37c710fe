"""A converter fetches in a real worker: batches, faults, time limit."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fakes.converting import Bench
from fakes.rack import files
from fakes.tester_database import Database
from stationmaster.clock import Clock
from stationmaster.convert.fetching import MOST_FILES, FetchOrder, FetchReply

HOSTILE = """
import time
from stationmaster.api import Fetched, SourceBusyError
class Hostile:
    name = "hostile-fetch"
    version = "1"
    def fetch(self, context, options):
        sin = options.part_number
        yield Fetched("a.txt", b"a", "1")
        if sin == "hang":
            time.sleep(1000)
        if sin == "busy":
            raise SourceBusyError("the instrument measures")
        if sin == "bug":
            raise KeyError("row")
        if sin == "same":
            yield Fetched("b.txt", b"b", "1")
        if sin == "wrong":
            yield "b.txt"
        yield Fetched("../../.b/..txt", b"b", "2")
    def convert(self, source, options, resume):
        yield from ()
"""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path, Clock())
    bench.plug_in("sqlite_rows.py", "plain.py")
    (bench.folder / "hostile_fetch.py").write_text(HOSTILE)
    return bench


def order(bench: Bench, name: str, *, mark: str = "", batch: int = 1, **more: Any) -> FetchOrder:
    return FetchOrder(
        target="",
        name=name,
        mark=mark,
        batch=batch,
        staging=str(bench.root / f"staging-{batch}"),
        now=datetime.now(UTC),
        **{"seconds": 60.0, **more},
    )


async def test_rows_come_in_batches_from_mark_to_mark(bench: Bench) -> None:
    database = Database(bench.root / "results.db")
    database.add(MOST_FILES + 2)
    options = {"database": str(database.path)}
    async with bench.pool() as pool:
        first = await pool.fetch(order(bench, "sqlite-rows", options=options))
        assert (len(first.files), first.mark, first.more) == (MOST_FILES, str(MOST_FILES), True)
        assert tuple(sorted(files(bench.root / "staging-1"))) == first.files
        second = await pool.fetch(order(bench, "sqlite-rows", options=options, mark=first.mark, batch=2))
        assert (len(second.files), second.more) == (2, False)
        assert not set(first.files) & set(second.files)
        third = await pool.fetch(order(bench, "sqlite-rows", options=options, mark=second.mark, batch=3))
        assert third == FetchReply(mark=second.mark)


@pytest.mark.parametrize(
    ("sin", "words"),
    [
        ("hang", "did not finish fetching within 2 s"),
        ("busy", "the instrument measures"),
        ("bug", "KeyError"),
        ("same", "without moving its mark on"),
        ("wrong", "yields a str instead of a Fetched"),
    ],
)
async def test_a_fetch_that_fails_is_told_and_has_no_mark(bench: Bench, sin: str, words: str) -> None:
    async with bench.pool() as pool:
        seconds = 2.0 if sin == "hang" else 60.0
        reply = await pool.fetch(order(bench, "hostile-fetch", options={"part_number": sin}, seconds=seconds))
    assert words in reply.trouble
    assert (reply.files, reply.mark) == ((), "")


async def test_names_lead_nowhere_else(bench: Bench) -> None:
    async with bench.pool() as pool:
        reply = await pool.fetch(order(bench, "hostile-fetch"))
    assert reply.files == ("000003e8-a.txt", "000003e9-_.._.b_..txt")
    assert set(files(bench.root / "staging-1")) == set(reply.files)


async def test_what_is_wrong_in_the_settings_is_told(bench: Bench) -> None:
    async with bench.pool() as pool:
        for name, options, words in (
            ("plain", {}, "no converter that fetches: plain"),
            ("none", {}, "no converter of that name: none"),
            ("sqlite-rows", {"databse": "x"}, "options of converter sqlite-rows are wrong"),
        ):
            reply = await pool.fetch(order(bench, name, options=options, batch=len(words)))
            assert words in reply.trouble
