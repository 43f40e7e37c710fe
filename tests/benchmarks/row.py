"""Every row that the benchmarks print: its name, its unit and its limit.

docs/benchmarks.md has the same rows, in the same order; a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        limit: None where the figure only explains another one.
        least: the limit is the least that is wanted, not the most.
        excused: the page says why the limit is not met; a miss does not fail the run.
    """

    name: str
    unit: str
    limit: float | None = None
    least: bool = False
    excused: bool = False

    @property
    def bound(self) -> str:
        """The limit in words."""
        if self.limit is None:
            return "-"
        whole = self.limit == int(self.limit)
        return (
            f"{'>=' if self.least else '<='} {self.limit:{',.0f' if whole else '.3g'}} {self.unit}".rstrip()
        )

    def tell(self, figure: float) -> bool:
        """Print the row; True when the figure is within its limit, or excused."""
        good = self.limit is None or (figure >= self.limit if self.least else figure <= self.limit)
        verdict = "ok" if good else "missed, see docs/benchmarks.md" if self.excused else "MISSED"
        print(f"{self.name:<58} {figure:10.3f} {self.unit:<8} {self.bound:<16} {verdict}", flush=True)
        return good or self.excused


UPLOAD_SEQUENTIAL = Row("upload: 100 reports, answer in 200 ms, one by one", "s")
UPLOAD_FIXED = Row("upload: 100 reports, answer in 200 ms, 5 at once", "s", 4.1)
UPLOAD_ADAPTIVE = Row("upload: 100 reports, answer in 200 ms, adaptive", "s", 1.3)
UPLOAD_CPU_BARE = Row("upload: CPU of a bare POST, answer in 1 to 3 ms", "ms")
UPLOAD_CPU = Row("upload: CPU of a durable upload, answer in 1 to 3 ms", "ms")
UPLOAD_CPU_RATIO = Row("upload: CPU against the bare POST", "x", 1.6)
UPLOAD_CPU_AT_ONCE_BARE = Row("upload: CPU of a bare POST, answer at once", "ms")
UPLOAD_CPU_AT_ONCE = Row("upload: CPU of a durable upload, answer at once", "ms")
UPLOAD_CPU_AT_ONCE_RATIO = Row("upload: CPU against the bare POST, answer at once", "x")

SPOOL_FLUSH = Row("spool: one flush of this disk", "ms")
SPOOL_GROUP = Row("spool: reports stored per flush, under load", "", 20.0, least=True)
SPOOL_RATE = Row("spool: reports stored per second, at 0.4 ms a flush", "/s", 3000.0, least=True)
SPOOL_CPU = Row("spool: CPU to lease and acknowledge a report", "ms", 0.1)
SPOOL_OPEN = Row("spool: open with 1,000,000 queued", "s", 3.0)
SPOOL_MEMORY = Row("spool: memory with 1,000,000 queued", "MB", 150.0)
SPOOL_FIND = Row("spool: find a unit among 1,000,000", "s", 1.0)
SPOOL_DRAIN = Row("spool: drain rate, 1,000,000 against 1,000 queued", "x", 0.9, least=True)

INGEST_P50 = Row("ingest: file closed to claim, beyond settle, median", "ms", 20.0)
INGEST_P99 = Row("ingest: file closed to claim, beyond settle, 99 %", "ms", 100.0)
INGEST_MISSED = Row("ingest: missed of a burst of 60,000 files", "", 0.0)
INGEST_TWICE = Row("ingest: offered twice of it", "", 0.0)
INGEST_SCAN = Row("ingest: scan of names, 100,000 known", "ms", 60.0)
INGEST_LOOK = Row("ingest: longest without a look at a known file", "s", 30.0)

CONVERT_SMALL = Row("convert: small file through a warm worker", "ms", 10.0)
CONVERT_START = Row("convert: start of a worker", "ms", 120.0)
CONVERT_TWO = Row("convert: 2 workers against 1", "x", 1.8, least=True)

FORMATS_TWO = Row("formats: 2 workers against 1, mean of all formats", "x", 1.6, least=True)

STATION_IDLE_MEMORY = Row("station: idle memory, 4 instances, 8 folders", "MB", 60.0)
STATION_IDLE_CPU = Row("station: idle CPU", "%", 0.3, excused=True)
STATION_IDLE_THREADS = Row("station: idle OS threads", "", 6.0)
STATION_P50 = Row("station: file closed to server, beyond settle, median", "ms", 60.0)
STATION_P99 = Row("station: file closed to server, beyond settle, 99 %", "ms", 250.0)
STATION_LOADED_MEMORY = Row("station: loaded memory, without workers", "MB", 90.0)
STATION_LOADED_THREADS = Row("station: loaded OS threads", "", 6.0)
STATION_PYTHON_THREADS = Row("station: Python threads", "", 4.0)

BACKLOG_START = Row("backlog: agent's start to its snapshot, 1,000,000 queued", "s", 3.0)
BACKLOG_MEMORY = Row("backlog: agent's memory, 1,000,000 queued", "MB", 150.0)
BACKLOG_FIND = Row("backlog: `queue find`, the whole command", "s", 1.0)

TRAY_READ = Row("tray: longest gap while 100,000 entries are read", "ms", 50.0)
TRAY_SCROLL_MOST = Row("tray: gap while they are scrolled through, 99 %", "ms", 34.0)
TRAY_SCROLL = Row("tray: longest gap while they are scrolled through", "ms", 50.0)
TRAY_BUSY = Row("tray: most CPU at once", "ms", 50.0)

TRAY_START = Row("tray: start of the program to its window", "s", 1.5)
TRAY_MEMORY = Row("tray: memory at rest", "MB", 150.0)
TRAY_LATE = Row("tray: lateness of a 16 ms timer under load, 99.9 %", "ms", 17.0)
TRAY_LATEST = Row("tray: the latest of it", "ms", 50.0)

BUNDLE_SIZE = Row("bundle: size of the console program", "MB", 25.0)
BUNDLE_TRAY_SIZE = Row("bundle: size of the tray", "MB", 70.0)
BUNDLE_START = Row("bundle: `stationmaster --version`, the whole command", "s", 0.5)
BUNDLE_TRAY_WINDOW = Row("bundle: the tray's start to its window, an agent runs", "s", 1.5)

STDF_READ = Row("stdf: MB/s read, against Semi-ATE-STDF", "x", 10.0, least=True)
STDF_REPORTS = Row("stdf: MB/s made into reports, against its reading alone", "x", 5.0, least=True)
STDF_MEMORY = Row("stdf: memory, a file of 200 MB made into reports", "MB", 60.0)

PEER_SIZES = ("1 kB", "50 kB")


def peer(size: str) -> tuple[Row, Row, Row]:
    """The rows of one size of report: speed and CPU against the published client, CPU against a bare loop."""
    return (
        Row(f"peer: {size}, reports/s against the published client", "x", 5.0, least=True),
        Row(f"peer: {size}, CPU a report against it", "x", 1 / 6),
        Row(f"peer: {size}, CPU a report against a bare POST loop", "x", 1.6, excused=size == "50 kB"),
    )


ROWS: tuple[Row, ...] = (
    *(value for value in list(globals().values()) if isinstance(value, Row)),
    *(row for size in PEER_SIZES for row in peer(size)),
)
