"""The file of the agent's log: one JSON object per line, rotated, and quiet about a disk that is full."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from stationmaster.diagnostics.log_record import LOG_FILE, OLDER_FILES
from stationmaster.file_name import shown
from stationmaster.secrecy import hidden

BYTES = 5 * 1024 * 1024
"""So large each file."""

TEXT_LIMIT = 32_768
"""Letters of a message or traceback that a line holds; a converter's own words may go on for megabytes."""

AGAIN = 5.0
"""Seconds after a file could not be opened or renamed until it is tried again."""

_USUAL = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime", "taskName"}
_NOT_EXTRA = _USUAL | {"instance", "entry"}


def text_of(record: logging.LogRecord) -> str:
    """The message, such that it can be stored, and without any secret."""
    try:
        text = record.getMessage()
    except Exception as error:  # noqa: BLE001 - a wrong call of the log must not stop what it tells of
        text = f"{record.msg} ({type(error).__name__} in its arguments)"
    return _fit(text)


def traceback_of(record: logging.LogRecord) -> str:
    """The traceback of the record's exception; "" where it has none."""
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    return _fit(logging.Formatter().formatException(record.exc_info))


def line_of(record: logging.LogRecord) -> bytes:
    """The record as the file keeps it."""
    time_text = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds")
    fields: dict[str, Any] = {
        "time": time_text.replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
    }
    instance, entry = getattr(record, "instance", "-"), getattr(record, "entry", None)
    if instance not in {"-", ""}:
        fields["instance"] = shown(instance)
    if entry is not None:
        fields["entry"] = entry
    fields["message"] = text_of(record)
    if exception := traceback_of(record):
        fields["exception"] = exception
    for name, value in vars(record).items():
        if name not in _NOT_EXTRA:
            fields[name] = value if isinstance(value, bool | int | float | None) else _fit(str(value))
    return msgspec.json.encode(fields) + b"\n"


def _fit(text: str) -> str:
    text = shown(hidden(text))
    more = len(text) - TEXT_LIMIT
    return f"{text[:TEXT_LIMIT]} ... ({more} letters more)" if more > 0 else text


class LogFile(logging.Handler):
    """Writes the lines. What the disk does not take is counted and told once it takes lines again."""

    def __init__(self, folder: Path, *, size: int = BYTES, older: int = OLDER_FILES) -> None:
        """Open the file, or try again with the first line."""
        super().__init__()
        self._path = folder / LOG_FILE
        self._size, self._older = size, older
        self._file: int | None = None
        self._written = 0
        self._torn = False  # the last line was written in part
        self._lost = 0
        self._why = ""
        self._not_before = 0.0
        with contextlib.suppress(OSError):
            self._open()

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; never raises, never prints."""
        try:
            line = line_of(record)
        except Exception as error:  # noqa: BLE001 - an odd extra must not stop what it tells of
            line = line_of(_notice(f"a log line of {record.name} cannot be written: {type(error).__name__}"))
        try:
            if self._lost and self._ready():
                self._write(line_of(_notice(f"{self._lost} log lines could not be written: {self._why}")))
                self._lost = 0
            if self._ready():
                self._write(line)
            else:
                self._lost += 1
        except OSError as error:
            self._lost += 1
            self._why = error.strerror or type(error).__name__
            self._not_before = time.monotonic() + AGAIN

    def _ready(self) -> bool:
        if time.monotonic() < self._not_before:
            return False
        if self._file is None:
            self._open()
        return True

    def _write(self, line: bytes) -> None:
        if self._torn:
            line = b"\n" + line
        if self._written + len(line) > self._size and self._written:
            self._rotate()
        assert self._file is not None  # noqa: S101 - for mypy: `_ready` and `_rotate` open it
        while line:
            done = os.write(self._file, line)
            self._written += done
            self._torn = done < len(line)
            line = line[done:]

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        self._file = os.open(self._path, flags, 0o600)
        self._written = os.fstat(self._file).st_size

    def _rotate(self) -> None:
        """The file becomes `agent.log.1`, that one `.2`, and so on. Where that fails, it grows on."""
        self._shut()
        older = [Path(f"{self._path}.{number}") for number in range(1, self._older + 1)]
        try:
            # Up to the first gap only: a rotation that failed half-way has moved these already.
            gap = next((number for number, path in enumerate(older) if not path.exists()), self._older - 1)
            for number in range(gap, 0, -1):
                older[number - 1].replace(older[number])
            self._path.replace(older[0])
        except OSError:  # on Windows a reader has one open at this moment
            self._open()
            self._written = 0  # so much more until it is tried again
            return
        self._open()

    def _shut(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                os.close(file)

    def close(self) -> None:
        """Close the file; idempotent."""
        self._shut()
        super().close()


def _notice(text: str) -> logging.LogRecord:
    return logging.LogRecord(__name__, logging.WARNING, "", 0, text, (), None)
