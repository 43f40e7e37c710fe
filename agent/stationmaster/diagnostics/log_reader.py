"""Reads the agent's log across its rotation: the last records, and those that come after a mark.

A file is known by its number in the file system, not by its name: a rotation changes the name. No file is
held open between two calls, as that would keep it from being renamed on Windows.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from stationmaster.diagnostics.log_record import LOG_FILE, OLDER_FILES, Record, Records
from stationmaster.errors import ConfigError, StationmasterError

LEVELS = ("debug", "info", "warning", "error", "critical")


class Mark(NamedTuple):
    """How far the log was read: the file's number, and the byte in it. (0, 0) is the very beginning."""

    file: int = 0
    position: int = 0

    def text(self) -> str:
        """The mark as it goes over the control channel; opaque there."""
        return f"{self.file}-{self.position}"

    @classmethod
    def of(cls, text: str) -> Mark:
        """The mark back.

        Raises:
            ConfigError: this is none.
        """
        found = re.fullmatch(r"(\d{1,20})-(\d{1,20})", text)
        if not found:
            raise ConfigError(f'"{text}" is no mark of the log.', next_step="Give back `after` of an answer.")
        return cls(int(found[1]), int(found[2]))


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Which records are wanted; what is not named does not matter.

    Attributes:
        level: at least this one.
        instance: only those about this instance.
        entry: only those about this entry.
        since: none that are older.
        text: only those with this text in message, traceback or logger, whatever its case.
        pattern: the same, as a regular expression.
    """

    level: str = ""
    instance: str = ""
    entry: int | None = None
    since: datetime | None = None
    text: str = ""
    pattern: re.Pattern[str] | None = None

    def wants(self, record: Record) -> bool:
        """This one is wanted."""
        return (
            (not self.level or _rank(record.level) >= _rank(self.level))
            and self.instance in ("", record.instance)
            and self.entry in (None, record.entry)
            and (self.since is None or (record.time is not None and record.time >= self.since))
            and self._matches(record)
        )

    def _matches(self, record: Record) -> bool:
        if not (self.text or self.pattern):
            return True
        whole = f"{record.logger}\n{record.text}\n{record.exception}"
        if self.text.casefold() not in whole.casefold():
            return False
        return self.pattern is None or self.pattern.search(whole) is not None


def _rank(level: str) -> int:
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)


def files(folder: Path) -> list[Path]:
    """The log's files that are there, the newest first."""
    names = [LOG_FILE, *(f"{LOG_FILE}.{number}" for number in range(1, OLDER_FILES + 1))]
    return [folder / name for name in names if (folder / name).is_file()]


def last(folder: Path, query: Query, *, limit: int) -> tuple[list[Record], Mark]:
    """The last records that are wanted, oldest first, and the mark behind them.

    Raises:
        StationmasterError: the log cannot be read.
    """
    opened = _open_newest_first(folder, lambda _: False)
    found: deque[Record] = deque()
    mark = Mark()
    try:
        for number, file in opened:
            lines, end = _whole_lines(file.read())
            if file is opened[0][1]:
                mark = Mark(number, end)
            records = Records()
            wanted = [one for one in (*records.feed(lines), *records.flush()) if query.wants(one)]
            room = limit - len(found)
            found.extendleft(reversed(wanted[-room:] if room else []))
            if len(found) >= limit:
                break
    except OSError as error:
        raise _unreadable(folder, error) from error
    finally:
        for _, file in opened:
            file.close()
    return list(found), mark


def after(folder: Path, mark: Mark, *, most: int = 0) -> tuple[list[str], Mark]:
    """The whole lines that came after `mark`, across any rotation, and the mark behind them.

    Args:
        folder: the home's log folder.
        mark: where to go on; where its file is gone, all that is left is new.
        most: so many bytes at once, 0 for no limit; a line is never cut.

    Raises:
        StationmasterError: the log cannot be read.
    """
    opened = _open_newest_first(folder, lambda number: number == mark.file)
    lines: list[str] = []
    read = 0
    try:
        for number, file in reversed(opened):
            start = mark.position if number == mark.file else 0
            if start > os.fstat(file.fileno()).st_size:
                start = 0  # it was emptied by somebody
            file.seek(start)
            newest = file is opened[0][1]
            content = file.read() if not most else _some(file, most - read)
            found, end = _whole_lines(content, last_file=not newest)
            lines += found
            read += end
            mark = Mark(number, start + end)
            if most and read >= most:
                break
    except OSError as error:
        raise _unreadable(folder, error) from error
    finally:
        for _, file in opened:
            file.close()
    return lines, mark


def _some(file: BinaryIO, size: int) -> bytes:
    """About so many bytes, up to the end of a line."""
    return file.read(max(size, 1)) + file.readline()


def _open_newest_first(folder: Path, enough: Callable[[int], bool]) -> list[tuple[int, BinaryIO]]:
    """The files by their numbers, up to one that is `enough`.

    From the newest on, as a rotation moves them in this direction: none is missed, one may be met twice.
    """
    found: dict[int, BinaryIO] = {}
    for name in (LOG_FILE, *(f"{LOG_FILE}.{number}" for number in range(1, OLDER_FILES + 1))):
        try:
            file = (folder / name).open("rb")
        except FileNotFoundError:
            continue  # there are fewer, or this is the moment between two names
        except OSError as error:
            for one in found.values():
                one.close()
            raise _unreadable(folder, error) from error
        number = os.fstat(file.fileno()).st_ino
        if number in found:
            file.close()
            continue
        found[number] = file
        if enough(number):
            break
    return list(found.items())


def _whole_lines(content: bytes, *, last_file: bool = False) -> tuple[list[str], int]:
    """The lines that have an end, and how many bytes they are; nothing follows in a file that is done."""
    if last_file and content and not content.endswith(b"\n"):
        return _split(content), len(content)
    whole, end, _ = content.rpartition(b"\n")
    return (_split(whole) if end else []), len(whole) + len(end)


def _split(content: bytes) -> list[str]:
    text = content.decode("utf-8", errors="replace").removesuffix("\n")
    return [line.rstrip("\r") for line in text.split("\n")]


def wanted(records: Records, lines: Iterable[str], query: Query) -> list[Record]:
    """The records of these lines that are wanted; where none comes, what has begun is whole."""
    found = list(lines)
    return [one for one in (records.feed(found) if found else records.flush()) if query.wants(one)]


def _unreadable(folder: Path, error: OSError) -> StationmasterError:
    return StationmasterError(
        f"The log in {folder} cannot be read: {error.strerror}.", next_step="Check its rights."
    )
