"""The tray's own log: a few lines a day, written by a thread of its own, never by the window's."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType

ROOT = "stationmaster_tray"
FILE = "tray.log"
_LARGEST = 1_000_000
_FORMAT = "%(asctime)s %(levelname)-7s %(message)s"


@contextmanager
def logging_to(folder: Path) -> Iterator[None]:
    """Log to `FILE` in `folder` while entered; bugs that nobody caught go there too.

    Where the folder cannot be written to, there is no log: the tray works all the same.
    """
    root = logging.getLogger(ROOT)
    handler = _file(folder)
    queue: SimpleQueue[logging.LogRecord] = SimpleQueue()
    listener = QueueListener(queue, handler)
    listener.start()
    sender = QueueHandler(queue)
    root.addHandler(sender)
    root.setLevel(logging.INFO)
    root.propagate = False
    before, sys.excepthook = sys.excepthook, _tell
    try:
        yield
    finally:
        sys.excepthook = before
        root.removeHandler(sender)
        listener.stop()
        handler.close()


def _file(folder: Path) -> logging.Handler:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handler: logging.Handler = RotatingFileHandler(
            folder / FILE, maxBytes=_LARGEST, backupCount=1, encoding="utf-8", errors="backslashreplace"
        )
    except OSError:
        return logging.NullHandler()
    handler.setFormatter(logging.Formatter(_FORMAT))
    return handler


def _tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A slot of Qt that raises has nobody to raise to."""
    logging.getLogger(ROOT).critical("unexpected", exc_info=(kind, error, trace))
    sys.__excepthook__(kind, error, trace)
