"""Converters that hang, crash, eat, print and leak: one class, one sin."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from stationmaster.api import ConverterOptions, Glimpse, Report, Resume, Source, SourceBusyError

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LEAKED: list[Any] = []


def unit(sn: str) -> Report:
    """A small good report."""
    report = Report.uut(sn=sn, pn="P-1", rev="A", process_code=10, start=START)
    report.record = sn.encode()
    report.root.numeric("VCC", 5.0)
    return report


class _Hostile:
    version: ClassVar[str] = "6.6"

    def convert(self, source: Source, options: ConverterOptions, resume: Resume | None) -> Iterator[Report]:
        """Sin, then give the one report that nobody should get to see."""
        del options, resume
        self.sin(source)
        yield unit("SINNER")

    def sin(self, _: Source, /) -> None:
        """What this one does."""


class Hang(_Hostile):
    name: ClassVar[str] = "hang"

    def sin(self, _: Source, /) -> None:
        sys.stderr.write("waiting for the instrument\n")
        while True:
            time.sleep(60)


class Spin(_Hostile):
    """Hangs in C, with the interpreter's lock held."""

    name: ClassVar[str] = "spin"

    def sin(self, _: Source, /) -> None:
        ctypes.PyDLL(None).sleep(600)


class Steady(_Hostile):
    """Takes a second for each MB, and ends."""

    name: ClassVar[str] = "steady"

    def convert(self, source: Source, options: ConverterOptions, resume: Resume | None) -> Iterator[Report]:
        del options, resume
        for _ in range(source.size >> 20):
            time.sleep(1)
        yield unit("LARGE")


class Exit(_Hostile):
    name: ClassVar[str] = "exit"

    def sin(self, _: Source, /) -> None:
        sys.stdout.write("licence expired\n")
        os._exit(42)


class Segfault(_Hostile):
    name: ClassVar[str] = "segfault"

    def sin(self, _: Source, /) -> None:
        os.kill(os.getpid(), signal.SIGSEGV)


class Orphan(_Hostile):
    """Forks a process with all its handles, tells its number where the file says, and is gone."""

    name: ClassVar[str] = "orphan"

    def sin(self, source: Source, /) -> None:
        place = Path(source.read_text())
        if fork := os.fork():
            place.write_text(str(fork))
            os._exit(7)
        while True:
            time.sleep(60)


class Fork(_Hostile):
    """Forks; its parent waits until the fork is gone, one way or the other, as the file says."""

    name: ClassVar[str] = "fork"

    def sin(self, source: Source, /) -> None:
        if fork := os.fork():
            os.waitpid(fork, 0)
        elif source.read_text() == "raises":
            raise ValueError("in the fork")


class Eat(_Hostile):
    """Eats 4 GB."""

    name: ClassVar[str] = "eat"

    def sin(self, _: Source, /) -> None:
        LEAKED.extend(bytearray(b"\1" * (64 << 20)) for _ in range(64))


class Flood(_Hostile):
    name: ClassVar[str] = "flood"

    def sin(self, _: Source, /) -> None:
        while True:
            sys.stdout.write("still converting " * 1000 + "\n")


class Chatter(_Hostile):
    """Prints, but not too much, and also below Python."""

    name: ClassVar[str] = "chatter"

    def sin(self, _: Source, /) -> None:
        sys.stdout.write('{"answer": {}}\n' * 100)
        os.write(1, b"\0\0\0\2{}" * 100)


class Leak(_Hostile):
    """Leaves handles open."""

    name: ClassVar[str] = "leak"

    def sin(self, source: Source, /) -> None:
        LEAKED.extend(source.open() for _ in range(80))


class Many(_Hostile):
    """A file that gives 100,000 reports, many of them from equal records."""

    name: ClassVar[str] = "many"

    def convert(self, source: Source, options: ConverterOptions, resume: Resume | None) -> Iterator[Report]:
        del options, resume
        for number in range(int(source.read_text())):
            yield unit(f"SN-{number // 2}")


class Endless(_Hostile):
    name: ClassVar[str] = "endless"

    def convert(self, source: Source, options: ConverterOptions, resume: Resume | None) -> Iterator[Report]:
        del source, options, resume
        while True:
            yield unit("AGAIN")


class UnspeakableError(Exception):
    """Cannot even be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


class Odd(_Hostile):
    """Raises what the file names."""

    name: ClassVar[str] = "odd"

    def sin(self, source: Source, /) -> None:
        errors = {
            "exit": SystemExit(3),
            "interrupt": KeyboardInterrupt(),
            "stop": StopIteration(),
            "generator": GeneratorExit(),
            "unspeakable": UnspeakableError(),
            "group": ExceptionGroup("several", [ValueError("one"), KeyError("two")]),
            "recursion": RecursionError("too deep"),
            "key": KeyError("sn"),
            "os": FileNotFoundError(2, "No such file", "/limits.ini"),
        }
        raise errors[source.read_text()]


class Wrong(_Hostile):
    """Breaks the protocol as the file says."""

    name: ClassVar[str] = "wrong"

    def convert(self, source: Source, options: ConverterOptions, resume: Resume | None) -> Any:
        del options, resume
        late = [Resume(offset=0), unit("LATE")]
        return {"none": None, "dict": [{"sn": "A"}], "late": late, "list": [unit("LIST")], "empty": []}[
            source.read_text()
        ]


class Invalid(_Hostile):
    """A report that breaks the rules of the format, after a good one."""

    name: ClassVar[str] = "invalid"

    def convert(self, source: Source, options: ConverterOptions, resume: Resume | None) -> Iterator[Report]:
        del source, options, resume
        yield unit("GOOD")
        bad = unit("BAD")
        bad.data["pn"] = ""
        bad.data["rev"] = "x" * 101
        yield bad


class Moody(_Hostile):
    """Gives other reports each time."""

    name: ClassVar[str] = "moody"

    def convert(self, source: Source, options: ConverterOptions, resume: Resume | None) -> Iterator[Report]:
        del options, resume
        report = unit("MOODY")
        report.record = source.read_bytes()
        report.root.numeric("now", time.time_ns())
        yield report


class Meddler(_Hostile):
    """Writes into the file that it should read."""

    name: ClassVar[str] = "meddler"

    def sin(self, source: Source, /) -> None:
        with source.path.open("ab") as file:
            file.write(b"more\n")


class Litter(_Hostile):
    """Leaves files in its working folder."""

    name: ClassVar[str] = "litter"

    def sin(self, _: Source, /) -> None:
        Path("litter.tmp").write_text("litter")


class Twins(_Hostile):
    """Claims what `plain` claims."""

    name: ClassVar[str] = "twin"

    def detect(self, glimpse: Glimpse) -> int:
        """As sure as `plain`."""
        return 90 if glimpse.head.startswith(b"plain") else 0


class Dithers(_Hostile):
    """Cannot decide whether a file is its own."""

    name: ClassVar[str] = "dithers"

    def detect(self, glimpse: Glimpse) -> int:
        """Hang for its own name, else crash."""
        if glimpse.name.startswith("hang"):
            time.sleep(600)
        raise ValueError(glimpse.name)


class Pedant(_Hostile):
    """Cannot decide whether a file is complete."""

    name: ClassVar[str] = "pedant"

    def is_complete(self, glimpse: Glimpse) -> bool:
        """Crash."""
        raise ZeroDivisionError(glimpse.name)


class Unmarked(_Hostile):
    """Sets no record and no time of its own: the file's own time counts."""

    name: ClassVar[str] = "unmarked"

    def convert(self, source: Source, options: ConverterOptions, resume: Resume | None) -> Iterator[Report]:
        del options, resume
        report = Report.uut(sn=source.read_text(), pn="P-1", rev="A", process_code=10, start=None)
        report.root.numeric("VCC", 5.0)
        yield report


class Busy(_Hostile):
    """Finds that the tester still holds the file."""

    name: ClassVar[str] = "busy"

    def sin(self, source: Source, /) -> None:
        raise SourceBusyError(f"{source.name} is locked by the tester")


class Remover(_Hostile):
    """Removes the file, then stumbles over it."""

    name: ClassVar[str] = "remover"

    def sin(self, source: Source, /) -> None:
        source.path.unlink()
        source.read_bytes()


class Named(_Hostile):
    """Takes the report id from the file."""

    name: ClassVar[str] = "named"

    def convert(self, source: Source, options: ConverterOptions, resume: Resume | None) -> Iterator[Report]:
        del options, resume
        report = unit("NAMED")
        report.data["id"] = source.read_text()
        yield report


class Threads(_Hostile):
    """Leaves a thread running."""

    name: ClassVar[str] = "threads"

    def sin(self, _: Source, /) -> None:
        threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
