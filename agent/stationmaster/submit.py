"""Hand a report to Stationmaster from a test program: `stationmaster.submit.submit(report)`.

With an agent running the report goes over the control channel; without one it is written to the
instance's outbox, where the agent finds it. Either way it is on disk when the call returns.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stationmaster.api.converter import Station
from stationmaster.api.defaults import at_station
from stationmaster.api.report import Report
from stationmaster.api.validate import check
from stationmaster.api.wsjf import decode, encode
from stationmaster.control.client import ControlClient
from stationmaster.control.protocol import Submitted
from stationmaster.errors import ConfigError, ConversionError, NoAgentError, StationmasterError
from stationmaster.home.file_system import flush_folder
from stationmaster.home.paths import Home

_SUBMITTED = uuid.UUID("6f0c0a52-6a0e-5b7c-9d2b-3f1d7b0c9e44")
"""Namespace of the ids of submitted reports."""


def submit(
    report: Report | Mapping[str, Any] | bytes,
    *,
    instance: str,
    home: Home | None = None,
    timeout: float = 30.0,
) -> Submitted:
    """Hand over a report; it is durable when this returns.

    Args:
        report: a built report, a WSJF object, or its bytes.
        instance: name of the instance that delivers it.
        home: whose agent; by default this user's (or what STATIONMASTER_HOME names).
        timeout: seconds the agent may take.

    Raises:
        StationmasterError: the report is refused, or neither the agent nor the disk takes it.
    """
    return asyncio.run(submit_async(report, instance=instance, home=home, timeout=timeout))


async def submit_async(
    report: Report | Mapping[str, Any] | bytes,
    *,
    instance: str,
    home: Home | None = None,
    timeout: float = 30.0,  # noqa: ASYNC109 - the client's own limit for one call
) -> Submitted:
    """As `submit`, for programs that run an event loop of their own."""
    home = home or Home.find()
    ready = whole(report)
    try:
        async with ControlClient(home.socket, timeout=timeout) as client:
            return await client.submit(instance, encode(ready), filename="report.json")
    except NoAgentError:
        if not home.instance_file(instance).exists():
            raise ConfigError(
                f'There is no instance "{instance}" in {home.instances}.',
                next_step="See which there are: stationmaster instance list",
            ) from None
        return await asyncio.to_thread(leave_report, home, instance, ready)


def whole(report: Report | Mapping[str, Any] | bytes) -> Report:
    """One valid report with an id, of whatever was handed over.

    An id that is missing is derived from the report itself: the agent may have stored it although its answer
    got lost, and the next try must send the same id. Station, location and purpose may be missing: the
    instance that takes the report fills them in.

    Raises:
        ConversionError: it is no report, or more than one, or breaks the rules of the format.
    """
    if isinstance(report, Report):
        one = report.finish()
    elif isinstance(report, bytes):
        found = decode(report)
        if len(found) != 1:
            raise ConversionError(f"there are {len(found)} reports; submit them one by one")
        one = found[0]
    else:
        one = Report(dict(report))
    if not one.id:
        one.data["id"] = str(uuid.uuid5(_SUBMITTED, hashlib.sha256(encode(one)).hexdigest()))
    check(at_station(Report(dict(one.data)), Station()))
    return one


def leave_report(home: Home, instance: str, report: Report) -> Submitted:
    """Put a report into the outbox, where the agent finds it.

    Raises:
        StationmasterError: the disk does not take it.
    """
    place = leave(home.outbox(instance), f"{report.id.lower()}.queued", encode(report))
    return Submitted(instance=instance, report_id=report.id.lower(), place=str(place))


def leave(folder: Path, name: str, content: bytes) -> Path:
    """Write a file that is either wholly there or not: temporary name, fsync, rename, fsync the folder.

    Raises:
        StationmasterError: the disk does not take it.
    """
    place, temporary = folder / name, folder / f".{name}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(place)
        flush_folder(folder)
    except OSError as error:
        raise StationmasterError(
            f"{place} cannot be written: {error.strerror}.",
            next_step="Nothing was taken. Make room or check permissions, then submit again.",
        ) from error
    return place
