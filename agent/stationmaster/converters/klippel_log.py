"""The log that Klippel QC writes for a unit: lines `key=value`, and comments."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Final, Literal, Self

from stationmaster.api import ConversionError, ConverterOptions, Result, Status
from stationmaster.api.number import Decimal
from stationmaster.api.text import decode_text

SIGNATURE: Final = b"Ctrl_OverallVerdict="

_LISTS: Final = {
    "Results_Pass": Status.PASSED,
    "Results_Fail": Status.FAILED,
    "Results_Warning": Status.PASSED,
    "Results_Void": Status.SKIPPED,
    "Results_Noise": Status.ERROR,
    "Results_Invalid": Status.ERROR,
}
_VERDICTS: Final = {
    "1": (Result.PASSED, ""),
    "0": (Result.FAILED, ""),
    "2": (Result.PASSED, "Warning"),
    "3": (Result.ERROR, "Noise"),
    "4": (Result.ERROR, "Invalid"),
    "-1": (Result.TERMINATED, "Void: no result"),
}
# year, month, week, day of the year, day of the week, day, hour, minute, second, ms, zone in minutes, epoch
_START: Final = re.compile(
    r"(\d{4})-(\d+)-\d+-\d+-\d+-(\d+)-(\d+)-(\d+)-(\d+)-(\d+)-(-?\d{1,4})-.*", re.ASCII
)
_ORDER: Final = (Status.ERROR, Status.FAILED, Status.SKIPPED, Status.PASSED)


class KlippelOptions(ConverterOptions, frozen=True, kw_only=True):
    """Options of the Klippel converter.

    Attributes:
        decimal: decimal mark of curves and values: ".", "," or "auto" (one lone comma is the mark).
        warning_result: result of a unit, and of a single result, that ended with a warning.
        part_number_pattern: regular expression with a group `pn`, and perhaps `rev`, for the path of the
            database.
        units: name of a result -> its unit; the files have none.
    """

    decimal: Decimal = "."
    warning_result: Literal["P", "F"] = "P"
    part_number_pattern: str = ""
    units: dict[str, str] = {}  # noqa: RUF012 - msgspec gives each its own


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the log says of one result: its status, and the word where the status alone does not tell."""

    status: Status
    word: str = ""


@dataclass(slots=True)
class Log:
    """A log.

    Attributes:
        name: of the file.
        values: key -> value.
        lines: key -> number of its line.
        warnings: what the reader noticed.
    """

    name: str
    values: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, data: bytes, name: str) -> Self:
        """Read the bytes of a log.

        Raises:
            ConversionError: it is none, or not written to its end; names the line.
        """
        log = cls(name)
        if SIGNATURE not in data:
            raise ConversionError(
                f"{name} is no log of Klippel QC (no line Ctrl_OverallVerdict=)",
                next_step="Check that the right converter watches this folder.",
            )
        text = decode_text(data, name=name).replace("\r\n", "\n").replace("\r", "\n")
        for number, raw in enumerate(text.split("\n"), start=1):
            log._take(raw.strip(" "), number)
        missing = [key for key in _LISTS if key not in log.values]
        if missing or not last_line_ended(data):
            raise ConversionError(
                f"the log ends before {missing[0]}" if missing else "the log ends inside a line",
                place=f"line {text.count(chr(10)) + 1}",
                next_step="The tester may have stopped while it wrote the file.",
            )
        return log

    def _take(self, line: str, number: int) -> None:
        if not line or line.startswith("//"):
            return
        key, equals, value = line.partition("=")
        if not equals:
            raise ConversionError(f"{line[:60]!r} is neither key=value nor a comment", place=f"line {number}")
        key, value = key.strip(), value.strip()
        if self.values.get(key, value) != value:
            self.warnings.append(f"line {number}: {key} is there twice, the later one was taken")
        self.values[key] = value
        self.lines[key] = number

    def text(self, key: str) -> str:
        """The value of a key, "" where it is missing."""
        return self.values.get(key, "")

    def place(self, key: str) -> str:
        """Where a key stands."""
        return f"line {self.lines[key]} {key}" if key in self.lines else key

    def start(self) -> datetime | None:
        """When the unit's test began; None where the log does not tell.

        Raises:
            ConversionError: no such time.
        """
        text = self.text("Cfg_DutStartTime")
        if not text:
            return None
        found = _START.fullmatch(text)
        try:
            if found is None:
                raise ValueError
            year, month, day, hour, minute, second, ms, zone = map(int, found.groups())
            offset = timezone(timedelta(minutes=zone))
            return datetime(year, month, day, hour, minute, second, ms * 1000, tzinfo=offset)
        except (ValueError, OverflowError):
            raise ConversionError(
                f"{text[:60]!r} is no start time", place=self.place("Cfg_DutStartTime")
            ) from None

    def verdict(self, options: KlippelOptions) -> tuple[Result, str]:
        """Result of the unit, and the word for it where the result alone does not tell.

        Raises:
            ConversionError: an unknown code.
        """
        code = self.text("Ctrl_OverallVerdict")
        if code not in _VERDICTS:
            raise ConversionError(
                f"{code[:40]!r} is no verdict of Klippel QC", place=self.place("Ctrl_OverallVerdict")
            )
        result, word = _VERDICTS[code]
        return (Result(options.warning_result), word) if code == "2" else (result, word)

    def verdicts(self, options: KlippelOptions) -> dict[str, Verdict]:
        """Name -> verdict of each single result, in the order of the lists."""
        found: dict[str, Verdict] = {}
        for key, status in _LISTS.items():
            word = key.partition("_")[2]
            kept = Status(options.warning_result) if word == "Warning" else status
            for name in filter(None, (cell.strip() for cell in self.text(key).split("\t"))):
                verdict = Verdict(kept, "" if word in {"Pass", "Fail"} else word)
                before = found.get(name)
                if before is not None:
                    self.warnings.append(f"{name[:60]} stands in two lists of results, the worse was taken")
                    verdict = min(before, verdict, key=lambda one: _ORDER.index(one.status))
                found[name] = verdict
        return found


def last_line_ended(data: bytes) -> bool:
    """Was the last line written to its end?"""
    return data.replace(b"\0", b"").endswith((b"\n", b"\r"))
