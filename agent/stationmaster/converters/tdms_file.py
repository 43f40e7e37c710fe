"""A TDMS file through npTDMS: its tree of properties and channels, and values of channels piece by piece."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from struct import Struct
from typing import Any, BinaryIO, Final

from stationmaster.api import ConversionError, Source
from stationmaster.api.number import parse_number
from stationmaster.api.text import one_line, printable

MAGIC: Final = b"TDSm"
_LEAD_IN: Final = Struct("<4sIIQQ")
_BIG_ENDIAN: Final = 0x40
_UNKNOWN: Final = 0xFFFFFFFFFFFFFFFF
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_KINDS: Final = {**dict.fromkeys("biuf", "number"), **dict.fromkeys("OUS", "text"), "M": "time"}
"""What the kinds of numpy's types are."""
_PIECE: Final = 200_000
"""Values that are held at once."""

Value = str | int | float | bool | datetime
"""A property as Python has it; times are UTC."""


def end_of(head: bytes, size: int) -> bool | None:
    """Do the segments end where the file ends? None: that lies further on than `head` reaches."""
    position = 0
    while position < size:
        if position + _LEAD_IN.size > len(head):
            return None if len(head) < size else False
        following = _following(head[position : position + _LEAD_IN.size], position)
        if following is None:
            return False
        position = following
    return position == size and size > 0


def check_segments(file: BinaryIO, size: int) -> None:
    """Go from segment to segment.

    Raises:
        ConversionError: one is damaged, or runs past the end of the file.
    """
    position, number = 0, 0
    while position < size:
        number += 1
        file.seek(position)
        following = _following(file.read(_LEAD_IN.size), position)
        if following is None or following > size:
            raise ConversionError(
                f"the file ends inside of segment {number}, or the segment is damaged",
                place=f"byte {position}",
                next_step="The program that wrote it was stopped: have it written again.",
            )
        position = following
    if not number:
        raise ConversionError("the file is empty")


def _following(lead_in: bytes, position: int) -> int | None:
    """Where the next segment begins; None: nobody knows."""
    if len(lead_in) < _LEAD_IN.size:
        return None
    magic, contents, _version, following, _raw = _LEAD_IN.unpack(lead_in)
    if contents & _BIG_ENDIAN:
        [following] = Struct(">Q").unpack_from(lead_in, 12)
    if magic != MAGIC or following == _UNKNOWN:
        return None
    return position + _LEAD_IN.size + int(following)


class Tdms:
    """An open TDMS file."""

    def __init__(self, source: Source) -> None:
        """Read all but the values.

        Raises:
            ConversionError: npTDMS is not installed, or cannot read the file.
        """
        self._name = source.name
        # An open file, not its path: an index file beside it may be of another one.
        self._raw = source.open()
        try:
            self._open(source)
        except BaseException:
            self._raw.close()
            raise

    def _open(self, source: Source) -> None:
        if self._raw.read(4) != MAGIC:
            raise ConversionError(
                f"{source.name} is no TDMS file",
                next_step="Check that the right converter watches this folder.",
            )
        check_segments(self._raw, source.size)
        library = _library()
        self._raw.seek(0)
        try:
            self._file = library.TdmsFile.open(self._raw)
            self._groups = {str(one.name): one for one in self._file.groups()}
            self.channels: dict[str, Any] = {}
            self.by_group = {name: self._paths(name, group) for name, group in self._groups.items()}
            cut = self._file.file_status.channel_statuses or {}
        except Exception as error:  # a damaged file makes npTDMS fail in any way
            raise self._unreadable(error) from error
        if cut:
            raise ConversionError(
                f"the last values of {len(cut)} channels are cut short",
                place=one_line(next(iter(cut)), 200),
                next_step="The program that wrote the file was stopped: have it written again.",
            )

    def _paths(self, name: str, group: Any) -> dict[str, str]:
        """The paths of a group's channels, with their names. Names may hold slashes, so paths may collide."""
        found = {}
        for one in group.channels():
            path = base = f"{name}/{one.name}"
            count = 1
            while path in self.channels:
                count += 1
                path = f"{base} #{count}"
            self.channels[path] = one
            found[path] = str(one.name)
        return found

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        self._raw.close()

    def properties(self, path: str = "") -> dict[str, Value]:
        """Properties of the file (""), of a group (its name) or of a channel ("group/channel")."""
        one = self.channels.get(path, self._groups.get(path, self._file))  # an empty one counts as false
        return {str(name): plain(value) for name, value in one.properties.items()}

    def find(self, path: str) -> Value | None:
        """A property: `name` of the file or the first group with it, `group/name`, `group/channel/name`."""
        own = self.properties()
        if path in own:
            return own[path]
        # Names may hold slashes, so they are compared with what is there.
        for holder in (*self._groups, *self.channels):
            if path.startswith(f"{holder}/"):
                found = self.properties(holder).get(path.removeprefix(f"{holder}/"))
                if found is not None:
                    return found
        found_in = (self.properties(name) for name in self._groups)
        return next((there[path] for there in found_in if path in there), None)

    def names(self) -> list[str]:
        """The paths of all properties of the file and its groups."""
        below = (f"{group}/{name}" for group in self._groups for name in self.properties(group))
        return [*self.properties(), *below]

    def kind(self, path: str) -> str:
        """What it holds: "number", "raw" (numbers without scaling), "text", "time", "other"; "": nothing."""
        channel = self.channels[path]
        if not len(channel) or channel.dtype is None:
            return ""
        kind = _KINDS.get(channel.dtype.kind, "other")
        if kind == "other" and _lone_scaler(self._read(path, 0, 1, scaled=False)) is not None:
            return "raw"
        return kind

    def length(self, path: str) -> int:
        """How many values a channel has."""
        return len(self.channels[path])

    def pieces(self, path: str, step: int = 1) -> Iterator[Any]:
        """The values of a channel as arrays, each but the last a multiple of `step` long.

        Raises:
            ConversionError: npTDMS cannot read them.
        """
        size, length = max(step, _PIECE // step * step), self.length(path)
        raw = self.kind(path) == "raw"
        for begin in range(0, length, size):
            piece = self._read(path, begin, min(size, length - begin), scaled=not raw)
            yield _lone_scaler(piece) if raw else piece

    def _read(self, path: str, begin: int, length: int, *, scaled: bool) -> Any:
        try:
            return self.channels[path].read_data(offset=begin, length=length, scaled=scaled)
        except Exception as error:  # a damaged file makes npTDMS fail in any way
            raise self._unreadable(error, path) from error

    def _unreadable(self, error: Exception, place: str = "") -> ConversionError:
        why = f"{type(error).__name__}: {error}"[:300]
        return ConversionError(f"npTDMS cannot read {self._name}: {why}", place=place)


def _lone_scaler(values: Any) -> Any:
    """The values of DAQmx that nothing says how to scale, if there is one of each; else None."""
    if not isinstance(values, dict) or len(values) != 1:
        return None
    [only] = values.values()
    return only if _KINDS.get(only.dtype.kind) == "number" else None


def plain(value: object) -> Value:
    """A property as Python has it."""
    if isinstance(value, bool | str):
        return printable(value).strip() if isinstance(value, str) else value
    micros = getattr(value, "astype", None)
    if micros is not None and getattr(getattr(value, "dtype", None), "kind", "") == "M":
        try:
            return _EPOCH + timedelta(microseconds=int(micros("datetime64[us]").astype("int64")))
        except OverflowError:
            return str(value)
    item = getattr(value, "item", None)
    value = item() if item is not None else value
    return value if isinstance(value, bool | int | float) else printable(str(value))


def number_of(value: Value | None) -> float | None:
    """A property as a number; None where it is none."""
    if value is None or isinstance(value, bool | datetime):
        return None
    if not isinstance(value, str):
        return value
    try:
        return parse_number(value, decimal="auto")  # LabVIEW writes texts by the settings of the PC
    except (ValueError, OverflowError):
        return None


def shown(value: Value) -> str:
    """A property as a text."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:.15g}"
    return str(value)


def _library() -> Any:
    try:
        return import_module("nptdms")  # optional, and slow to import
    except ImportError as error:
        raise ConversionError(
            "TDMS files are read with npTDMS, which is not installed",
            next_step="Install it in the Python that runs the agent: pip install 'stationmaster[tdms]'. The "
            "single-file programs come without it.",
        ) from error
