"""One conversion as a worker does it, in this process, and what must be true of whatever comes of it."""

from __future__ import annotations

import itertools
import json
import math
import re
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NoReturn

from hypothesis import HealthCheck, Phase, settings

from fuzz.row import Row
from stationmaster.api import Glimpse, Station
from stationmaster.api.converter import Completes, Detects
from stationmaster.api.folder import files_in, state_of
from stationmaster.api.text import printable
from stationmaster.convert.built_in import BUILT_INS
from stationmaster.convert.conversion import convert
from stationmaster.convert.meta_file import INLINE, MetaFile
from stationmaster.convert.order import Order, Reply
from stationmaster.convert.plugin import Plugins
from stationmaster.embedded_server.incoming import read_reports
from stationmaster.embedded_server.process import load_processes
from stationmaster.file_name import to_wire
from stationmaster.home.file_system import mtime_ns

SECONDS: Final = 20.0
"""Of this process' own time, that a file of some kilobytes may take."""
MEMORY: Final = 512 * 1024 * 1024
"""What this process may grow by for such a file."""
COMMON: Final[Mapping[str, Any]] = {"part_number": "P-1", "process_code": 10}
MOST_CHARACTERS: Final = 2300
MIN_WORDS: Final = 3
NOW: Final = datetime(2026, 3, 2, tzinfo=UTC)

PROCESSES: Final = load_processes(None)

fuzz = settings(
    max_examples=settings().max_examples // 2,
    # without the phase that explains: it makes a failing run many times as long
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
    # each example writes its own file over the one before
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
"""How each property is tried: half as often as others, as there are many rows."""

_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Bench:
    """Where the files of one row are spoilt and converted.

    Attributes:
        target: where the converter is, as an order has it.
        place: a folder for the files.
    """

    row: Row
    target: str
    place: Path
    plugins: Plugins

    @classmethod
    def of(cls, row: Row, folder: Path) -> Bench:
        """Make one in an empty folder."""
        place = folder / "in" / (row.folder or "rig")
        place.mkdir(parents=True, exist_ok=True)
        for name, data in row.samples.items() if row.folder else ():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(data)
        target = BUILT_INS.get(row.name, "")
        if row.mapping:
            path = folder / f"{row.name}.toml"
            path.write_text(row.mapping, encoding="utf-8")
            target = f"{path}:{row.name}"
        return cls(row, target, place, Plugins())

    def look(self, glimpse: Glimpse) -> bool:
        """Ask as a worker does whether it is the converter's, and whether it is complete."""
        converter = self.plugins.make(self.target)
        assert isinstance(converter, Detects)
        confidence = converter.detect(glimpse)
        assert type(confidence) is int
        assert 0 <= confidence <= 100
        complete = converter.is_complete(glimpse) if isinstance(converter, Completes) else True
        assert type(complete) is bool
        return complete

    def convert(self, name: str, data: bytes, options: Mapping[str, Any] = COMMON) -> Reply:
        """Look at a file and convert it, or the folder that it is in; check all that must be true then."""
        path = self.place / name
        path.write_bytes(data)
        with bounded():
            self.look(Glimpse.at(path))
            if self.row.folder:
                self.look(Glimpse.at_folder(self.place))
            order = self._order(path, options)
            reply = convert(order, self.plugins)
        try:
            if reply.outcome == "converted":
                self._accepted(order, reply)
            else:
                _refused(order, reply)
        finally:
            order.payload_file.unlink(missing_ok=True)
            order.meta_file.unlink(missing_ok=True)
            path.write_bytes(self.row.samples[name]) if self.row.folder else path.unlink()
        return reply

    def _order(self, path: Path, options: Mapping[str, Any]) -> Order:
        status = path.stat()
        size, time, source = status.st_size, mtime_ns(status), path
        if self.row.folder:
            source = self.place
            size, time = state_of(files_in(source))
        return Order(
            target=self.target,
            name=self.row.name,
            path=to_wire(source),
            origin=to_wire(source),
            size=size,
            mtime_ns=time,
            instance_id="00000000-0000-4000-8000-000000000007",
            results=to_wire(self.place.parent.parent / f"results-{next(_numbers)}"),
            options=dict(COMMON) | dict(self.row.options) | dict(options),
            station=Station(name="FCT-1", time_zone="Europe/Oslo"),
            is_folder=bool(self.row.folder),
        )

    def _accepted(self, order: Order, reply: Reply) -> None:
        """The server takes each report, and each number in it is one."""
        content = order.payload_file.read_bytes()
        metas = list(MetaFile(order.meta_file, reply.count)) if reply.count > INLINE else list(reply.metas)
        assert len(metas) == reply.count > 0
        for meta in metas:
            payload = content[meta.offset : meta.offset + meta.size]
            json.loads(payload, parse_constant=_no_number, parse_float=_finite)
            [stored] = read_reports(payload, now=NOW, processes=PROCESSES)
            assert stored.id == meta.report_id.lower()


# ---------------------------------------------------------------- what comes of it
def _refused(order: Order, reply: Reply) -> None:
    """It is the file's fault, and the sentence names the file and the cause in words fit for one line."""
    assert (reply.outcome, reply.fault) == ("failed", False), f"{reply.text}\n{reply.detail}"
    head = f"Converter {order.name} cannot convert {order.file.name}: "
    assert reply.text.startswith(head)
    cause = reply.text.removeprefix(head)
    assert len(cause.split()) >= MIN_WORDS, reply.text
    assert len(cause) <= MOST_CHARACTERS, reply.text
    assert cause == printable(cause), repr(cause)
    assert not re.search(r"(\b\w[^.?]{20,}[.?])\s.*\1", cause), f"said twice: {cause}"


def _no_number(word: str) -> NoReturn:
    raise AssertionError(f"{word} in the JSON")


def _finite(digits: str) -> float:
    assert math.isfinite(float(digits)), f"{digits:.40} in the JSON"
    return float(digits)


# ---------------------------------------------------------------- bounds
@contextmanager
def bounded() -> Iterator[None]:
    """Fail whatever computes for too long or takes too much memory, where there are signals."""
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return
    import resource  # noqa: PLC0415 - not on Windows

    unit = 1 if sys.platform == "darwin" else 1024
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    former = signal.signal(signal.SIGVTALRM, _too_long)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, former)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit
    assert grown < MEMORY, f"{grown >> 20} MB of memory"


def _too_long(_number: int, _frame: object) -> NoReturn:
    raise AssertionError(f"more than {SECONDS:g} s")
