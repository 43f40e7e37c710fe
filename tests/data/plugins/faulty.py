"""Converters with one fault each, and one without, for files of lines `SERIAL;TIME;VALUE;OPERATOR`."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from stationmaster.api import (
    CompOp,
    ConversionError,
    ConverterOptions,
    Glimpse,
    Limits,
    Report,
    Result,
    Resume,
    Source,
    Status,
    between,
)
from stationmaster.api.local_time import read_time

HEADER = "serial;time;value;operator"
SEEN: list[str] = []


class Sound:
    """Has no fault; the others are this with one."""

    name: ClassVar[str] = "sound"
    version: ClassVar[str] = "1"

    def detect(self, glimpse: Glimpse) -> int:
        """By the header."""
        return 95 if glimpse.head.removeprefix(b"\xef\xbb\xbf").startswith(HEADER.encode()) else 0

    def is_complete(self, glimpse: Glimpse) -> bool:
        """By the last line's end."""
        return glimpse.tail.endswith(b"\n")

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """One report a line."""
        del options, resume
        lines = self.text(source).splitlines()
        if not lines or lines[0] != HEADER:
            raise ConversionError("no header", place="line 1")
        for number, line in enumerate(lines[1:], start=2):
            cells = line.split(";")
            if len(cells) != 4:
                raise ConversionError("4 cells are wanted", place=f"line {number}")
            yield self.report(cells, source, line)

    def text(self, source: Source) -> str:
        """The file's text."""
        return source.read_text()

    def start(self, text: str, source: Source) -> datetime:
        """When it began."""
        return read_time(text, source.station).at

    def report(self, cells: list[str], source: Source, line: str) -> Report:
        """The report of a line."""
        serial, when, value, operator = cells
        try:
            start, number = self.start(when, source), float(value)
        except ValueError as error:
            raise ConversionError(str(error)) from error
        report = Report.uut(sn=serial, pn="P", rev="A", process_code=10, start=start, user=operator)
        report.record = line.encode()
        self.measure(report, number)
        return report

    def measure(self, report: Report, number: float) -> None:
        """Add the measurement."""
        report.root.numeric("Volts", number, unit="V", limits=between(4, 6))


class Incomplete(Sound):
    """Takes a half-written line for a whole one."""

    name = "half-written"

    def is_complete(self, glimpse: Glimpse) -> bool:
        return glimpse.size > 0


class NeverComplete(Sound):
    name = "incomplete"

    def is_complete(self, glimpse: Glimpse) -> bool:
        return glimpse.size < 0


class Crashing(Sound):
    name = "crash"

    def is_complete(self, glimpse: Glimpse) -> bool:
        return glimpse.size >= 0

    def convert(self, source: Source, options: ConverterOptions, resume: Resume | None) -> Iterator[Any]:
        if "\n" not in source.read_text():
            raise IndexError("list index out of range")
        yield from super().convert(source, options, resume)


class Claiming(Sound):
    name = "detect"

    def detect(self, glimpse: Glimpse) -> int:
        return 90 if b";" in glimpse.head else 0


class Unknowing(Sound):
    name = "detect-own"

    def detect(self, glimpse: Glimpse) -> int:
        return 0 * glimpse.size


class Lucky(Sound):
    name = "not-repeatable"

    def measure(self, report: Report, number: float) -> None:
        report.root.numeric("Volts", number + random.random() / 1e6, unit="V", limits=between(4, 6))  # noqa: S311


class Hashing(Sound):
    name = "hash-seed"

    def measure(self, report: Report, number: float) -> None:
        super().measure(report, number)
        report.misc("Key", str(hash(report.sn)))


class Contradicting(Sound):
    name = "verdict-against-limits"

    def measure(self, report: Report, number: float) -> None:
        report.root.numeric("Volts", number + 10, limits=between(4, 6), status=Status.PASSED)


class Valueless(Sound):
    name = "valueless"

    def measure(self, report: Report, number: float) -> None:
        report.root.numeric("Volts", float("nan") * number, limits=between(4, 6), status=Status.PASSED)


class Limitless(Sound):
    name = "rule"

    def measure(self, report: Report, number: float) -> None:
        report.root.numeric("Volts", number, limits=Limits(CompOp.GELE, 4), status=Status.PASSED)


class TooLong(Sound):
    name = "too-long"

    def measure(self, report: Report, number: float) -> None:
        super().measure(report, number)
        report.data["pn"] = "P" * 101


class Forgiving(Sound):
    name = "verdict-against-steps"

    def measure(self, report: Report, number: float) -> None:
        report.data["result"] = Result.PASSED.value
        report.root.numeric("Volts", number + 10, limits=between(4, 6))


class Stepless(Sound):
    name = "no-steps"

    def measure(self, report: Report, number: float) -> None:
        del report, number


class Recordless(Sound):
    name = "no-record"

    def report(self, cells: list[str], source: Source, line: str) -> Report:
        report = super().report(cells, source, line)
        report.record = None
        return report


class Remembering(Sound):
    """Gives each serial number once in the life of the process."""

    name = "global-state"

    def measure(self, report: Report, number: float) -> None:
        SEEN.append(report.sn)
        super().measure(report, number)


class Keeping(Sound):
    """Counts in itself."""

    name = "state"

    def __init__(self) -> None:
        self.count = 0

    def measure(self, report: Report, number: float) -> None:
        self.count += 1
        super().measure(report, number)
        report.misc("Number", str(self.count))


class Moving(Sound):
    name = "environment"

    def measure(self, report: Report, number: float) -> None:
        os.environ["BENCH_NUMBER"] = str(number)
        super().measure(report, number)


class Zoned(Sound):
    name = "pc-time-zone"

    def start(self, text: str, source: Source) -> datetime:
        del source
        return datetime.fromisoformat(text).astimezone()


class Unix(Sound):
    name = "line-ends"

    def text(self, source: Source) -> str:
        text = source.read_bytes().decode()
        return text if "\r" not in text else text.replace("\r\n", " \n").replace(f"{HEADER} ", HEADER)

    def measure(self, report: Report, number: float) -> None:
        super().measure(report, number)
        report.misc("Operator", f"[{report.data['uut']['user']}]")


class Markless(Sound):
    name = "byte-order-mark"

    def text(self, source: Source) -> str:
        return source.read_bytes().decode("utf-8")


class Lossy(Sound):
    name = "letters"

    def text(self, source: Source) -> str:
        return source.read_bytes().decode("utf-8", errors="replace").removeprefix("\ufeff")


class Guessing(Sound):
    name = "encoding"

    def text(self, source: Source) -> str:
        with open(source.path) as file:  # noqa: PTH123 - as newcomers do
            return file.read().removeprefix("\ufeff")


class Talking(Sound):
    name = "prints"

    def measure(self, report: Report, number: float) -> None:
        print("measuring", number)  # noqa: T201 - the fault
        super().measure(report, number)


class Writing(Sound):
    name = "writes"

    def text(self, source: Source) -> str:
        source.path.with_suffix(".log").write_text("seen", encoding="utf-8")
        return super().text(source)


class Prying(Sound):
    name = "reads-elsewhere"

    def text(self, source: Source) -> str:
        Path("/etc/hostname").read_bytes()
        return super().text(source)


class Strict(Sound):
    """Knows any option."""

    class Lax(ConverterOptions, frozen=True, kw_only=True, forbid_unknown_fields=False):
        """Takes what comes."""

    name = "options"
    options_type: ClassVar[type[ConverterOptions]] = Lax


class Squaring(Sound):
    name = "grows-too-fast"

    def text(self, source: Source) -> str:
        text = super().text(source)
        lines = text.splitlines()
        for line in lines:
            if sum(line == other[::-1] for other in lines) > len(lines):
                raise ConversionError("this cannot be")
        return "".join(f"{line}\n" for line in lines[:2])


class Ending(Sound):
    name = "ends"

    def text(self, source: Source) -> str:
        os._exit(len(source.name))


class Hanging(Sound):
    name = "hangs"

    def text(self, source: Source) -> str:
        while source.size:
            time.sleep(0.01)
        return ""


class Growing(Sound):
    """Goes on one byte too late."""

    name = "resume"

    def convert(self, source: Source, options: ConverterOptions, resume: Resume | None) -> Iterator[Any]:
        del options
        offset = resume.offset if resume else 0
        content = source.read_bytes()
        for line in content[offset:].decode().splitlines():
            if line != HEADER and line.count(";") == 3:
                yield self.report(line.split(";"), source, line)
        yield Resume(offset=min(len(content), content.rfind(b"\n") + 3))
