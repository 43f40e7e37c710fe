"""Hand a report, or a raw file to convert, to Stationmaster: `stationmaster.submit.submit(report)`.

With an agent running it goes over the control channel; without one it is written to the instance's outbox
or inbox, where the agent finds it. Either way it is on disk when the call returns. The command
`stationmaster submit` is this function.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stationmaster.api.converter import Station
from stationmaster.api.defaults import at_station
from stationmaster.api.report import Report
from stationmaster.api.validate import check
from stationmaster.api.wsjf import decode, encode
from stationmaster.control.client import ControlClient
from stationmaster.control.protocol import MAX_BODY, Submitted, too_large
from stationmaster.errors import ConfigError, ConversionError, NoAgentError, StationmasterError
from stationmaster.home.file_system import flush_folder
from stationmaster.home.paths import Home, Scope
from stationmaster.sentence import closed

_NAME_BYTES = 200
"""Of the name of a submitted raw file, so many are kept: the last ones, for its ending."""

_MARK = 8
"""Letters before the name of a submitted raw file, so that each has one of its own."""

_SUBMITTED = uuid.UUID("6f0c0a52-6a0e-5b7c-9d2b-3f1d7b0c9e44")
"""Namespace of the ids of submitted reports."""

_SEE_CONVERTERS = "See which there are: stationmaster converter list"

Item = Report | Mapping[str, Any] | bytes | str | os.PathLike[str]
"""What can be submitted: a built report, a WSJF object, its bytes, or the path of a file."""


def submit(
    item: Item,
    *,
    converter: str = "",
    instance: str = "",
    name: str = "",
    home: Home | None = None,
    timeout: float = 30.0,
) -> Submitted:
    """Hand over a report or a raw file; it is on disk when this returns.

    Args:
        item: a built report, a WSJF object, its bytes, or the path of a file; with `converter` the path of
            a raw file, or its bytes.
        converter: the converter that reads the file; "" for a WSJF report.
        instance: name of the instance that delivers it; not needed where there is one.
        name: the file's name, as converters and people see it; needed for bytes with a converter.
        home: whose agent; by default this user's (or what STATIONMASTER_HOME names).
        timeout: seconds the agent may take.

    Raises:
        StationmasterError: it is refused, or neither the agent nor the disk takes it.
    """
    return asyncio.run(
        submit_async(item, converter=converter, instance=instance, name=name, home=home, timeout=timeout)
    )


async def submit_async(
    item: Item,
    *,
    converter: str = "",
    instance: str = "",
    name: str = "",
    home: Home | None = None,
    timeout: float = 30.0,  # noqa: ASYNC109 - the client's own limit for one call
) -> Submitted:
    """As `submit`, for programs that run an event loop of their own."""
    home = home or Home.find()
    parcel = await asyncio.to_thread(_pack, item, converter, name)
    try:
        async with ControlClient(home.socket, timeout=timeout) as client:
            return await client.submit(
                instance, parcel.content, filename=parcel.filename, converter=converter
            )
    except NoAgentError as error:
        try:
            return await asyncio.to_thread(_leave_parcel, home, instance, parcel)
        except (PermissionError, ConfigError) as refused:
            if isinstance(refused, PermissionError) or isinstance(refused.__cause__, PermissionError):
                raise error from None  # this account is one of those that the agent does not serve
            raise


@dataclass(frozen=True, slots=True)
class _Parcel:
    """What goes out.

    Attributes:
        report: the report; None for a raw file.
    """

    filename: str
    content: bytes
    converter: str = ""
    report: Report | None = None


def _pack(item: Item, converter: str, name: str) -> _Parcel:
    """Refuse what no agent would take, here and now, agent or not; give a report its id."""
    if not isinstance(item, str | os.PathLike):
        if converter:
            return _raw_parcel(item, converter, name)
        if isinstance(item, bytes) and len(item) > MAX_BODY:
            raise too_large()
        if isinstance(item, bytes) and name:
            return _written(item, name, place=name)
        return _report_parcel(name or "report.json", whole(item))
    path = Path(item)
    content = _read(path)
    if converter:
        return _Parcel(name or path.name, content, converter)
    return _written(content, name or path.name, place=str(path))


def _written(content: bytes, name: str, *, place: str) -> _Parcel:
    """A report that somebody wrote down, perhaps in another format."""
    try:
        return _report_parcel(name, whole(content))
    except ConversionError as error:
        step = error.next_step or "Is it a raw file? Then name its converter."
        raise ConversionError(closed(error.text), place=place, next_step=step) from error


def _raw_parcel(item: Report | Mapping[str, Any] | bytes, converter: str, name: str) -> _Parcel:
    if not isinstance(item, bytes):
        raise ConfigError(
            "A converter reads a file, not a report.",
            next_step="Hand over the path of the file, or its bytes.",
        )
    if not name:
        raise ConfigError(
            "The bytes of a raw file need its name.",
            next_step="Give a `name`, such as result.xml, or hand over the path of the file.",
        )
    if len(item) > MAX_BODY:
        raise too_large()
    return _Parcel(name, item, converter)


def _report_parcel(filename: str, report: Report) -> _Parcel:
    content = encode(report)
    if len(content) > MAX_BODY:
        raise too_large()
    return _Parcel(filename, content, report=report)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BODY:  # before it is in memory
            raise too_large()
        return path.read_bytes()
    except OSError as error:
        raise StationmasterError(
            f"{path} cannot be read: {error.strerror}.", next_step="Check its name and rights."
        ) from error


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


# ---------------------------------------------------------------- without an agent
def _leave_parcel(home: Home, wanted: str, parcel: _Parcel) -> Submitted:
    """Into the outbox, or the inbox of a converter, where the agent will look."""
    name = wanted or _only(home)
    if not home.instance_file(name).exists():
        names = ", ".join(home.names())
        raise ConfigError(
            f'There is no instance "{name}" in {home.instances}.',
            next_step=f"There are: {names}" if names else "Make one: stationmaster instance add",
        )
    if parcel.report is not None:
        return leave_report(home, name, parcel.report)
    place, _ = leave_raw(home, name, parcel.converter, filename=parcel.filename, content=parcel.content)
    return Submitted(instance=name, place=str(place))


def _only(home: Home) -> str:
    names = home.names()
    if len(names) == 1:
        return names[0]
    if not names:
        raise ConfigError("There is no instance.", next_step="Make one: stationmaster instance add")
    raise ConfigError("Which instance?", next_step=f"There are: {', '.join(names)}")


def leave_report(home: Home, instance: str, report: Report) -> Submitted:
    """Put a report into the outbox, where the agent finds it.

    Raises:
        StationmasterError: the disk does not take it.
    """
    place = leave(home.outbox(instance), f"{report.id.lower()}.queued", encode(report))
    return Submitted(instance=instance, report_id=report.id.lower(), place=str(place))


def leave_raw(
    home: Home, name: str, converter: str, *, filename: str, content: bytes, mtime_ns: int | None = None
) -> tuple[Path, bool]:
    """Put a raw file into the inbox of `converter`, on disk when this returns, beside all others there.

    Args:
        home: whose inbox.
        name: the instance.
        converter: who reads it.
        filename: its name, as converters and people see it.
        content: its bytes.
        mtime_ns: when it was written, which is part of the ids of records without a time; None: now.

    Returns:
        Its place, and whether the inbox is a new one: the instance watches it after a restart.

    Raises:
        ConfigError: `converter` can be no converter's name.
        StationmasterError: the disk does not take it.
    """
    if not converter or not all(letter.isalnum() or letter in "-_" for letter in converter):
        raise ConfigError(f'"{converter}" is no name of a converter.', next_step=_SEE_CONVERTERS)
    folder = home.inbox(name) / converter
    fresh = not folder.exists()
    if fresh:
        _make_inbox(home, folder)
    name = f"{uuid.uuid4().hex[:_MARK]}-{safe_name(filename)}"
    return leave(folder, name, content, mtime_ns=mtime_ns), fresh


def safe_name(filename: str) -> str:
    """`filename` as a name that every file system takes, in whichever folder it is put; may be empty."""
    safe = "".join(letter if letter.isalnum() or letter in "-_. " else "_" for letter in filename).lstrip(".")
    while len(safe.encode()) > _NAME_BYTES:
        safe = safe[1:]
    return safe


def submitted_name(name: str) -> str:
    """The name that a raw file had before it was submitted."""
    return name[_MARK + 1 :]


def leave(folder: Path, name: str, content: bytes, *, mtime_ns: int | None = None) -> Path:
    """Write a file that is either wholly there or not: temporary name, fsync, rename, fsync the folder.

    Raises:
        StationmasterError: the disk does not take it.
    """
    # Its own name: another program may hand the same report over at this very moment.
    place, temporary = folder / name, folder / f".{uuid.uuid4().hex}.part"
    try:
        _make(folder)
        with temporary.open("xb") as file:
            file.write(content)
            _let_agent_read(file.fileno(), folder)
            file.flush()
            if mtime_ns is not None:
                os.utime(temporary, ns=(mtime_ns, mtime_ns))
            os.fsync(file.fileno())
        place = _named(temporary, place)
        flush_folder(folder)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise StationmasterError(
            f"{place} cannot be written: {error.strerror}.",
            next_step="Nothing was taken. Make room or check permissions, then submit again.",
        ) from error
    return place


def _named(temporary: Path, place: Path) -> Path:
    """Give the file its name; a like one where another user's file has it, which we may not replace."""
    try:
        return temporary.replace(place)
    except PermissionError:
        return temporary.replace(place.with_name(f"{uuid.uuid4().hex[:_MARK]}-{place.name}"))


def _let_agent_read(file: int, folder: Path) -> None:
    """In machine scope the agent has another account: what lies in its folders must be for its group.

    Raises:
        OSError: we belong to no such group.
    """
    if sys.platform == "win32":
        return
    agent = folder.stat()
    if os.geteuid() == 0 != agent.st_uid:
        os.fchown(file, agent.st_uid, agent.st_gid)
    elif os.geteuid() != agent.st_uid:
        os.fchown(file, -1, agent.st_gid)
        os.fchmod(file, 0o640)


def _make_inbox(home: Home, folder: Path) -> None:
    """The folder where files for one converter wait.

    Raises:
        StationmasterError: it cannot be made, or is not ours to make.
    """
    try:
        _make(folder)
        home.make_drop(folder)
    except OSError as error:
        foreign = home.scope is Scope.MACHINE and isinstance(error, PermissionError)
        raise StationmasterError(
            f"{folder} cannot be written: {error.strerror}.",
            next_step="Nothing was taken. The first file of a converter needs a running agent: start it."
            if foreign
            else "Nothing was taken. Make room or check permissions, then submit again.",
        ) from error


def _make(folder: Path) -> None:
    """Create `folder` and what is missing above it, so that a power cut leaves them there."""
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(exist_ok=True)
        flush_folder(folder.parent)
