"""Taking entries out of a spool: as JSON lines, CSV, WSJF files, or packs of reports. Bounded memory."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec

from stationmaster.archive.manifest import Kind
from stationmaster.archive.writing import PackWriter, new_pack
from stationmaster.home.file_system import flush_folder
from stationmaster.model import Entry, EntryState

PAGE = 1000
PART_REPORTS = 50_000
"""Reports in one zip at most: more would need much memory to write, and trouble many a zip program."""

PART_BYTES = 2_000_000_000
"""Bytes of reports after which another zip is begun."""

_SLACK = timedelta(days=1)
"""Clocks are set back: entries are looked at that much longer than asked for."""


class Form(StrEnum):
    """How entries are written."""

    JSON = "json"
    CSV = "csv"
    WSJF = "wsjf"
    WSJF_ZIP = "wsjf-zip"


class Shelf(Protocol):
    """Where entries are read from: an agent, or the database where none runs."""

    async def entries(
        self, *, state: EntryState | None, text: str | None, limit: int, before: int | None
    ) -> Sequence[Entry]:
        """A page of entries, newest first."""
        ...

    async def payload(self, number: int) -> bytes | None:
        """The report of an entry, None where it is not kept any more."""
        ...


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries. Attributes: states: none for all; since: taken then or later."""

    states: frozenset[EntryState] = frozenset()
    text: str | None = None
    since: datetime | None = None


class Tally(msgspec.Struct):
    """How it went.

    Attributes:
        seen: entries that were chosen.
        written: entries or reports that were written.
        gone: reports whose content is not kept any more.
        superseded: reports that are left out, as a later revision takes their place.
        places: the files that were written, where they are few.
    """

    seen: int = 0
    written: int = 0
    gone: int = 0
    superseded: int = 0
    places: list[Path] = []


async def chosen(shelf: Shelf, choice: Choice) -> AsyncIterator[Entry]:
    """The entries of a choice, newest first."""
    only = next(iter(choice.states)) if len(choice.states) == 1 else None
    before: int | None = None
    while page := await shelf.entries(state=only, text=choice.text, limit=PAGE, before=before):
        for entry in page:
            if _fits(entry, choice.states, choice.since):
                yield entry
        before = page[-1].id
        if choice.since is not None and all(one.created_at < choice.since - _SLACK for one in page):
            return


def _fits(entry: Entry, states: Collection[EntryState], since: datetime | None) -> bool:
    return (not states or entry.state in states) and (since is None or entry.created_at >= since)


# ---------------------------------------------------------------- lists
async def write_list(
    entries: AsyncIterator[Entry], form: Form, sink: BinaryIO, tally: Tally, *, step: Callable[[int], None]
) -> None:
    """Write entries, without their reports, as JSON lines or CSV."""
    encode = _csv_line if form is Form.CSV else _json_line
    if form is Form.CSV:
        sink.write(_row(Entry.__struct_fields__))
    async for entry in entries:
        sink.write(encode(entry))
        tally.seen += 1
        tally.written += 1
        step(tally.seen)


def _json_line(entry: Entry) -> bytes:
    return msgspec.json.encode(entry) + b"\n"


def _csv_line(entry: Entry) -> bytes:
    return _row(msgspec.to_builtins(entry).values())


def _row(values: object) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(values)  # type: ignore[arg-type] # an iterable of what prints
    return text.getvalue().encode()


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file that is wholly there when the block ends, and as it was before when it fails."""
    temporary = path.with_name(f".{path.name}.part")
    try:
        with temporary.open("wb") as sink:
            yield sink
            sink.flush()
            os.fsync(sink.fileno())
        temporary.replace(path)
        flush_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


# ---------------------------------------------------------------- reports
async def _reports(
    entries: AsyncIterator[Entry],
    payload: Callable[[int], Awaitable[bytes | None]],
    tally: Tally,
    step: Callable[[int], None],
) -> AsyncIterator[tuple[Entry, bytes]]:
    async for entry in entries:
        tally.seen += 1
        step(tally.seen)
        if not (entry.report_id and entry.size):
            continue
        body = await payload(entry.id)
        if body is None:
            tally.gone += 1
        else:
            yield entry, body


async def write_files(
    entries: AsyncIterator[Entry], shelf: Shelf, folder: Path, tally: Tally, *, step: Callable[[int], None]
) -> None:
    """Write each report, and each revision of it, to a file of its own."""
    async for entry, body in _reports(entries, shelf.payload, tally, step):
        (folder / f"{entry.report_id}-{entry.revision}.json").write_bytes(body)
        tally.written += 1


async def write_packs(
    entries: AsyncIterator[Entry],
    shelf: Shelf,
    target: Path,
    tally: Tally,
    *,
    step: Callable[[int], None],
    part: int = PART_REPORTS,
) -> None:
    """Write reports to verified packs: `target`, and `<name>-2.zip`, ... beside it where they are many.

    Only the last revision of a report: an earlier one that is sent again elsewhere would take its place.
    """
    with ExitStack() as stack:
        writer: PackWriter | None = None
        async for entry, body in _reports(_latest(entries, tally), shelf.payload, tally, step):
            if writer is None:
                path = _part(target, len(tally.places) + 1)
                writer = stack.enter_context(new_pack(path, Kind.REPORTS))
                tally.places.append(path)
            _put(writer, entry, body)
            tally.written += 1
            if len(writer) >= part or writer.size >= PART_BYTES:
                writer = None
                stack.pop_all().close()  # written, read back, in place


async def _latest(entries: AsyncIterator[Entry], tally: Tally) -> AsyncIterator[Entry]:
    async for entry in entries:
        if entry.superseded:
            tally.seen += 1
            tally.superseded += 1
        else:
            yield entry


def _put(writer: PackWriter, entry: Entry, body: bytes) -> None:
    about: dict[str, str | int | None] = {
        "entry": entry.id,
        "instance": entry.instance,
        "state": entry.state.value,
        "revision": entry.revision,
        "serial_number": entry.serial_number,
        "part_number": entry.part_number,
        "source": entry.source,
        "reason": entry.reason,
    }
    mtime_ns = int(entry.created_at.timestamp() * 1e9)
    name = f"{entry.report_id}.json"
    writer.add(io.BytesIO(body), name, size=len(body), mtime_ns=mtime_ns, about=about)


def _part(target: Path, number: int) -> Path:
    return target if number == 1 else target.with_name(f"{target.stem}-{number}{target.suffix}")
