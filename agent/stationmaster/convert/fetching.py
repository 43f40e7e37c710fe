"""One call of a converter's `fetch`, inside a worker: its files go to a staging folder, durably."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from stationmaster.api.converter import Station
from stationmaster.api.fetch import FetchContext, Fetched
from stationmaster.convert.explain import say
from stationmaster.convert.plugin import PluginError, Plugins, options_type
from stationmaster.errors import StationmasterError
from stationmaster.file_name import from_wire
from stationmaster.home.file_system import flush_folder
from stationmaster.sentence import an, closed
from stationmaster.worker.child import trace

MOST_FILES = 500
MOST_BYTES = 64 * 1024 * 1024
"""A call is ended after so much; another one goes on at once."""

_NAME_BYTES = 200
_PER_BATCH = 1000


class FetchOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Op `fetch`.

    Attributes:
        mark: where to go on.
        batch: number of this call: part of the names of its files.
        staging: folder for the files, made here; as `to_wire` made it.
        seconds: past half of them no further file is asked for.
    """

    target: str
    name: str
    mark: str
    batch: int
    staging: str
    now: datetime
    seconds: float
    options: dict[str, Any] = {}
    station: Station = Station()


class FetchReply(msgspec.Struct, frozen=True, kw_only=True):
    """The answer.

    Attributes:
        trouble: why nothing was fetched, "" when all went well.
        files: names in the staging folder, in order.
        mark: where the next call goes on.
        more: this call was ended before there was nothing left.
    """

    trouble: str = ""
    detail: str = ""
    files: tuple[str, ...] = ()
    mark: str = ""
    more: bool = False


class _FaultError(Exception):
    """The converter breaks the protocol; the text completes "<name> ..."."""


def fetch(order: FetchOrder, plugins: Plugins) -> FetchReply:
    """Carry `order` out; what the converter raises is an answer.

    Raises:
        MemoryError: the worker's memory cap was met.
        OSError: the staging folder cannot be written.
    """
    staging = Path(from_wire(order.staging))
    staging.mkdir()
    try:
        converter: Any = plugins.make(order.target)
        options = msgspec.convert(order.options, options_type(converter))
        context = FetchContext(mark=order.mark, now=order.now, station=order.station)
        items = converter.fetch(context, options)
        reply = _store(items, order, staging)
    except PluginError as error:
        return FetchReply(trouble=closed(f"Converter {order.name} cannot be loaded: {error}"))
    except msgspec.ValidationError as error:
        return FetchReply(trouble=closed(f"The options of converter {order.name} are wrong: {error}"))
    except _FaultError as error:
        return FetchReply(trouble=closed(f"Converter {order.name} {error}"))
    except StationmasterError as error:
        return FetchReply(trouble=say(error))
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - the boundary to plug-in code: it may raise anything
        return FetchReply(
            trouble=closed(f"Converter {order.name} failed with {type(error).__name__}: {say(error)}"),
            detail=trace(error),
        )
    flush_folder(staging)
    return reply


def _store(items: object, order: FetchOrder, staging: Path) -> FetchReply:
    if not isinstance(items, Iterable):
        raise _FaultError("yields nothing: fetch() must yield Fetched")
    end = time.monotonic() + order.seconds / 2
    names: list[str] = []
    mark, left = order.mark, MOST_BYTES
    for item in items:
        if not isinstance(item, Fetched):
            raise _FaultError(f"yields {an(type(item).__name__)} instead of a Fetched")
        if not item.mark or item.mark == mark:
            raise _FaultError(f"yields {item.name!r} without moving its mark on: it would be fetched again")
        names.append(_write(item, staging, order.batch * _PER_BATCH + len(names)))
        mark, left = item.mark, left - len(item.content)
        if len(names) >= MOST_FILES or left <= 0 or time.monotonic() >= end:
            return FetchReply(files=tuple(names), mark=mark, more=True)
    return FetchReply(files=tuple(names), mark=mark)


def _write(item: Fetched, staging: Path, number: int) -> str:
    """The file, flushed; its name, with a number in front that no other one has."""
    letters = (letter if letter.isalnum() or letter in "-_. " else "_" for letter in item.name)
    safe = "".join(letters).lstrip(".")
    while len(safe.encode()) > _NAME_BYTES:
        safe = safe[1:]
    name = f"{number & 0xFFFFFFFF:08x}-{safe}"
    with (staging / name).open("xb") as file:
        file.write(item.content)
        file.flush()
        os.fsync(file.fileno())
    return name
