"""Why a file was not converted: the file's trouble, the converter's, or neither's. Runs in workers."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

from stationmaster.api.folder import files_in, state_of
from stationmaster.api.text import printable
from stationmaster.convert.order import Order, Reply
from stationmaster.convert.result_file import UnstoredError
from stationmaster.errors import ConversionError, SourceBusyError, StationmasterError
from stationmaster.home.file_system import mtime_ns
from stationmaster.worker.child import trace

_LONGEST_TEXT = 2000
"""Characters that are kept of an exception's own words."""


class ConverterFaultError(Exception):
    """The converter breaks the protocol; the text completes "<name> ..."."""


def explain(error: BaseException, order: Order, path: Path) -> Reply:
    """What a conversion raised, as an answer."""
    trouble = source_trouble(path, order)
    if trouble is not None:
        return trouble
    wrong = f"Converter {order.name} cannot convert {path.name}"
    match error:
        case SourceBusyError():
            reply = Reply(outcome="busy", text=error.text)
        case UnstoredError():
            reply = Reply(outcome="full" if error.full else "unstored", text=error.text)
        case StationmasterError():
            place = error.place if isinstance(error, ConversionError) else ""
            reply = Reply(outcome="failed", text=f"{wrong}: {say(error)}", place=place)
        case RecursionError():
            reply = Reply(outcome="failed", text=f"{wrong}: it is nested too deeply.", detail=trace(error))
        case ConverterFaultError():
            reply = Reply(outcome="failed", text=f"Converter {order.name} {error} ({path.name}).", fault=True)
        case _:
            what = f"{type(error).__name__}: {say(error)} ({_where(error)})"
            text = f"Converter {order.name} failed on {path.name} with {what}."
            reply = Reply(outcome="failed", text=text, detail=trace(error), fault=True)
    return reply


def source_trouble(path: Path, order: Order) -> Reply | None:
    """Why the file cannot be converted now, None when it can: it is there, readable, the one claimed."""
    try:
        state = tuple(state_of(files_in(path))) if order.is_folder else _state_of_file(path)
    except OSError as error:
        return unreadable(path, error)
    if state != (order.size, order.mtime_ns):
        return Reply(outcome="changed", text=f"{path} changed since it was looked at")
    return None


def _state_of_file(path: Path) -> tuple[int, int]:
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
    return status.st_size, mtime_ns(status)


def unreadable(path: Path, error: OSError) -> Reply:
    """Why a file cannot be read now; somebody else may hold it."""
    if isinstance(error, FileNotFoundError):
        return Reply(outcome="vanished", text=f"{path} is not there any more")
    return Reply(outcome="busy", text=f"{path} cannot be read: {error.strerror or error}")


def say(error: BaseException) -> str:
    """The exception's own words; a plug-in's exception may fail even at that."""
    try:
        return printable(str(error))[:_LONGEST_TEXT] or type(error).__name__
    except Exception as second:  # noqa: BLE001 - see above
        return f"{type(error).__name__}, whose text cannot be shown ({type(second).__name__})"


def _where(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name} line {frames[-1].lineno}" if frames else "place unknown"
