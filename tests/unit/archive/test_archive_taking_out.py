"""Many entries are taken out in bounded memory, in parts, and a failure leaves no half of a file."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fakes.spooled import payload_of, report_id
from stationmaster.archive.look import holding
from stationmaster.archive.taking_out import (
    Choice,
    Form,
    Tally,
    chosen,
    whole_file,
    write_list,
    write_packs,
)
from stationmaster.archive.writing import read_back
from stationmaster.errors import SpoolError
from stationmaster.model import Entry, EntryState

START = datetime(2026, 1, 1, tzinfo=UTC)


class FakeShelf:
    """So many delivered entries, made as they are asked for: the newest has the highest number."""

    def __init__(self, count: int, *, broken: int = 0) -> None:
        self.count = count
        self.broken = broken
        self.pages = 0

    async def entries(
        self, *, state: EntryState | None, text: str | None, limit: int, before: int | None
    ) -> Sequence[Entry]:
        assert (state, text) == (None, None)
        self.pages += 1
        top = self.count if before is None else before - 1
        return [entry(number) for number in range(top, max(0, top - limit), -1)]

    async def payload(self, number: int) -> bytes | None:
        if number == self.broken:
            raise SpoolError("the disk went away")
        return payload_of(number)


def entry(number: int) -> Entry:
    at = START + timedelta(minutes=number)
    return Entry(
        id=number,
        instance="line1",
        report_id=report_id(number),
        state=EntryState.COMPLETED,
        serial_number=f"SN,{number}",
        size=200,
        created_at=at,
        updated_at=at,
    )


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def step(seen: int) -> None:
    del seen


class _Nowhere(io.BytesIO):
    """Counts lines and keeps nothing."""

    lines = 0

    def write(self, data: object, /) -> int:
        assert isinstance(data, bytes)
        self.lines += data.count(b"\n")
        return len(data)


async def test_a_long_list_needs_the_memory_of_a_page() -> None:
    shelf, sink, tally = FakeShelf(20_000), _Nowhere(), Tally()
    tracemalloc.start()
    try:
        await write_list(chosen(shelf, Choice()), Form.JSON, sink, tally, step=step)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (sink.lines, tally.written) == (20_000, 20_000)
    assert peak < 8_000_000


async def test_a_table_reads_back() -> None:
    sink = io.BytesIO()
    await write_list(chosen(FakeShelf(3), Choice()), Form.CSV, sink, Tally(), step=step)
    rows = list(csv.DictReader(io.StringIO(sink.getvalue().decode())))
    assert [row["serial_number"] for row in rows] == ["SN,3", "SN,2", "SN,1"]


async def test_since_ends_where_everything_is_older() -> None:
    shelf, tally = FakeShelf(20_000), Tally()
    since = entry(19_990).created_at
    await write_list(chosen(shelf, Choice(since=since)), Form.JSON, _Nowhere(), tally, step=step)
    assert tally.written == 11
    assert shelf.pages < 5


async def test_many_reports_go_to_parts_of_which_each_is_whole(tmp_path: Path) -> None:
    tally, target = Tally(), tmp_path / "out.zip"
    await write_packs(chosen(FakeShelf(25), Choice()), FakeShelf(25), target, tally, step=step, part=10)
    assert [path.name for path in tally.places] == ["out.zip", "out-2.zip", "out-3.zip"]
    assert [len(read_back(path).members) for path in tally.places] == [10, 10, 5]
    found = set()
    for path in tally.places:
        with holding(None, path) as held:
            found |= {held.read(file) for file in held.files()}
    assert found == {payload_of(number) for number in range(1, 26)}


async def test_a_failure_leaves_whole_parts_and_no_half(tmp_path: Path) -> None:
    tally, shelf = Tally(), FakeShelf(25, broken=8)
    with pytest.raises(SpoolError):
        await write_packs(chosen(shelf, Choice()), shelf, tmp_path / "out.zip", tally, step=step, part=10)
    assert names(tmp_path) == ["out.zip"]
    assert len(read_back(tmp_path / "out.zip").members) == 10


def test_a_list_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("before")

    def fail() -> None:
        with whole_file(path) as sink:
            sink.write(b"half")
            raise SpoolError("the disk went away")

    with pytest.raises(SpoolError):
        fail()
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("list.csv", "before")]
