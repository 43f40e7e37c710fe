"""The `.xjlog` archive: a zip with `Run N.xml`, `Info.xml`, checksums and connection test data."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO, Final, Self

from stationmaster.api import ConversionError, xml

MAGIC: Final = b"PK\x03\x04"
END_MARK: Final = b"PK\x05\x06"

_DIRECTORY: Final = b"PK\x01\x02"
_RUN: Final = re.compile(r"Run ([1-9][0-9]{0,5})\.xml", re.ASCII)
_MAX_MEMBER: Final = 64 * 1024 * 1024
_MAX_MEMBERS: Final = 20_000
_METHODS: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED: Final = 0x1
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)
_NEXT: Final = "XJTAG may have been stopped while it saved the log; save it again."


@dataclass(frozen=True, slots=True)
class Run:
    """One run: its member's name and bytes."""

    name: str
    content: bytes


class Archive:
    """An archive that is open.

    Attributes:
        project: path of the XJTAG project, "" where the archive does not tell.
        data_members: names of the members that hold connection test data.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        """Read the directory of `file`, and compare it with `Info.xml`.

        Raises:
            ConversionError: no archive, a part is missing.
        """
        self._name = name
        try:
            self._zip = zipfile.ZipFile(file)
        except _BROKEN as error:
            raise ConversionError(
                f"{name} is no whole zip archive: {str(error)[:200]}", next_step=_NEXT
            ) from error
        names = self._zip.namelist()
        if len(names) > _MAX_MEMBERS:
            raise ConversionError(f"{name} holds more than {_MAX_MEMBERS} members")
        self._runs = sorted((one for one in set(names) if run_number(one)), key=run_number)
        # "<serial number of the XJLink>_<ticks>": a file name without extension.
        self.data_members = [one for one in names if re.fullmatch(r"\w{1,100}", one)]
        self.project = ""
        self._check(names)

    def __enter__(self) -> Self:
        """For `with`."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self._zip.close()

    def runs(self) -> Iterator[Run]:
        """The runs by number, which is their order; each is read when its turn comes."""
        for name in self._runs:
            yield Run(name, self.read(name))

    def read(self, name: str) -> bytes:
        """The bytes of a member.

        Raises:
            ConversionError: it is damaged, or larger than a log is.
        """
        try:
            info = self._zip.getinfo(name)
            if info.flag_bits & _ENCRYPTED or info.compress_type not in _METHODS:
                raise ConversionError(f"{name} in {self._name} is encrypted or packed in an unknown way")
            with self._zip.open(info) as member:
                data = member.read(_MAX_MEMBER + 1)
        except (KeyError, *_BROKEN) as error:
            raise ConversionError(
                f"{name} in {self._name} is damaged: {str(error)[:200]}", next_step=_NEXT
            ) from error
        if len(data) > _MAX_MEMBER:
            raise ConversionError(f"{name} in {self._name} is larger than {_MAX_MEMBER} bytes")
        return data

    def _check(self, names: list[str]) -> None:
        if not self._runs:
            raise ConversionError(f"{self._name} holds no runs (no member Run 1.xml)")
        if "Info.xml" not in names:
            raise ConversionError(
                f"{self._name} holds no Info.xml, which says how many runs there are", next_step=_NEXT
            )
        info = xml.parse(self.read("Info.xml"), name=f"Info.xml in {self._name}")
        count = xml.child_text(info, "TestRunCount").strip()
        if count != str(len(self._runs)):
            raise ConversionError(
                f"the archive speaks of {count[:20] or 'no'} runs and holds {len(self._runs)}",
                place="Info.xml <TestRunCount>",
                next_step=_NEXT,
            )
        self.project = xml.child_text(info, "ProjectPath").strip()


def run_number(name: str) -> int:
    """The number in the name of a run's member; 0 for other members."""
    found = _RUN.fullmatch(name)
    return int(found[1]) if found else 0


def member_names(head: bytes, tail: bytes) -> set[str]:
    """Names of members that the beginning and the end of an archive show."""
    return {*_names(head, MAGIC, 26, 30), *_names(tail, _DIRECTORY, 28, 46)}


def _names(data: bytes, mark: bytes, length_at: int, name_at: int) -> list[str]:
    found: list[str] = []
    at = data.find(mark)
    while at >= 0:
        length = int.from_bytes(data[at + length_at : at + length_at + 2], "little")
        found.append(data[at + name_at : at + name_at + min(length, 200)].decode("utf-8", "replace"))
        at = data.find(mark, at + len(mark))
    return found
