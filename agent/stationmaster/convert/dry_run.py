"""A conversion that leaves no trace: what would become of a file? And: which converters are there?"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from stationmaster.api import Station
from stationmaster.api.folder import files_in, state_of
from stationmaster.api.moment import ahead
from stationmaster.clock import Clock
from stationmaster.convert.attempt import ConvertLimits
from stationmaster.convert.job import (
    Conversion,
    ConverterInfo,
    Failed,
    ImportFailure,
    IssueNote,
    Job,
    NotYet,
)
from stationmaster.convert.mapping_advice import is_mapping
from stationmaster.convert.pool import ConverterPool
from stationmaster.convert.slot import Slots
from stationmaster.home.file_system import mtime_ns
from stationmaster.model import ReportMeta, SourceState

MOST_REPORTS = 100
"""A dry run hands back so many of a file's reports, unless asked for another number."""
_LATER = {
    "held": "Correct the converter's name or options; stationmaster converter list tells which there are.",
    "incomplete": "Try it again once the tester has written all of it.",
    "full": "Make room on the disk, then try it again.",
}
"""What to do about a file that cannot be converted now, where waiting alone does not help."""
_NO_INSTANCE = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DryLimits:
    """The limits of a dry run, where no instance gives any."""

    max_concurrent: int = 1
    timeout: float = 60.0
    memory_mb: int = 1024
    output_mb: float = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class DryReport:
    """One report as it would be spooled.

    Attributes:
        payload: WSJF bytes.
        issues: the rules that it breaks, and a date in the future; one error and the file would not be taken.
    """

    payload: bytes
    meta: ReportMeta
    issues: tuple[IssueNote, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What would become of the file.

    Attributes:
        converter: the one that took it, "" when none did.
        confidences: what each converter said of the file; empty when only one was asked.
        count: reports in the file; `reports` has the first of them.
        trouble: why there is no report, None when there is one.
        failures: converters that cannot be loaded.
        mapping: file name of the converter, where it is a mapping.
        broken: file name of the converter that was asked for, where that cannot be loaded.
        file: the file as a command names it.
        here: what a command adds so that it finds the converter, as "--dir .".
        empty: there is nothing in the file.
    """

    converter: str = ""
    version: str = ""
    confidences: Mapping[str, int] = field(default_factory=dict)
    count: int = 0
    reports: tuple[DryReport, ...] = ()
    trouble: Failed | NotYet | None = None
    failures: tuple[ImportFailure, ...] = ()
    mapping: str = ""
    broken: str = ""
    file: str = "FILE"
    here: str = ""
    empty: bool = False

    @property
    def why(self) -> str:
        """Why there is no report, in a sentence or two; "" when there is one."""
        if self.trouble is None:
            return ""
        late = isinstance(self.trouble, NotYet) and self.trouble.text
        told = late or self.trouble.reason
        return f"The file is empty. {told}" if self._for_empty and " is empty" not in told else told

    @property
    def next_step(self) -> str:
        """What to do about that."""
        if self.broken:
            return f"Correct {self.broken}, then try it again."
        if self._for_empty:
            return "Take a file with results in it; the tester may not have written this one yet."
        if isinstance(self.trouble, NotYet):
            step = _LATER.get(self.trouble.reason, "Try it again in a while.")
            return step.replace("converter list", f"converter list {self.here}".rstrip())
        return self._after(self.trouble) if self.trouble else ""

    @property
    def _for_empty(self) -> bool:
        """There is no report because there is nothing in the file, and for no other reason."""
        if isinstance(self.trouble, Failed):
            return self.empty and not self.trouble.fault
        return self.empty and self.trouble is not None and self.trouble.reason == "incomplete"

    def _after(self, failed: Failed) -> str:
        if not failed.converter:
            return (
                f"Propose a mapping: stationmaster converter map {self.file}; or name its converter, "
                "or write one: stationmaster converter new NAME"
            )
        if failed.fault:
            words = " ".join(filter(None, (failed.converter, self.file, self.here)))
            return f"Correct the converter: stationmaster converter check {words}"
        if self.mapping:
            return f"Correct {self.mapping} or its options; or the file is none for this mapping."
        return "Correct the file or the converter's options, or name another converter."

    @property
    def ok(self) -> bool:
        """The file would be taken."""
        issues = (issue for report in self.reports for issue in report.issues)
        return self.trouble is None and not any(issue.severity == "error" for issue in issues)


async def dry_run(
    path: Path,
    *,
    converters: tuple[str, ...] = (),
    options: Mapping[str, Mapping[str, Any]] | None = None,
    station: Station | None = None,
    folder: Path | None = None,
    instance_id: UUID = _NO_INSTANCE,
    limits: ConvertLimits | None = None,
    most: int = MOST_REPORTS,
    most_bytes: int | None = None,
    marker: str = "",
    clock: Clock | None = None,
    pool: ConverterPool | None = None,
) -> DryRun:
    """Convert `path` in a worker, without the spool.

    Args:
        converters: names that may take it; empty: all that detect.
        options: by converter name.
        folder: the instance's `converters` folder.
        instance_id: with the instance's own id the report ids are those that it would get.
        marker: where `path` is a folder: pattern of the files that say that it is complete.
        clock: tells which reports are dated in the future; None: the system's.
        most, most_bytes: so many reports, and bytes of them, are handed back at most; the first always is.
        pool: of `dry_pool`, where many files are converted; it has the folder and the limits.

    Raises:
        OSError: there is no such file.
    """
    state, is_folder = await asyncio.to_thread(_state_of, path)
    job = Job(
        path=path,
        state=state,
        is_folder=is_folder,
        marker=marker,
        converters=converters,
        options=options or {},
        station=station or Station(),
        instance_id=instance_id,
        dry=True,
        overdue=any(given.get("accept_incomplete") is True for given in (options or {}).values()),
    )
    async with contextlib.AsyncExitStack() as stack:
        if pool is None:
            pool = await stack.enter_async_context(dry_pool(folder, limits or DryLimits(), clock or Clock()))
        outcome = await pool.convert(job)
        if not isinstance(outcome, Conversion):
            nothing = not is_folder and not state.size
            return replace(_without_report(outcome, pool, converters), empty=nothing)
        stack.callback(outcome.discard)
        reports = await asyncio.to_thread(_reports, outcome, most, most_bytes, (clock or Clock()).now())
        return DryRun(
            converter=outcome.converter,
            version=outcome.version,
            confidences=outcome.confidences,
            count=len(outcome.reports),
            reports=reports,
            failures=pool.failures,
        )


def _without_report(trouble: Failed | NotYet, pool: ConverterPool, wanted: tuple[str, ...]) -> DryRun:
    if isinstance(trouble, NotYet):
        missing = [name for name in wanted if name not in pool.converters]
        for failure in pool.failures:
            if any(failure.brings(name) for name in missing):
                why = NotYet(reason=trouble.reason, text=failure.text)
                return DryRun(trouble=why, failures=pool.failures, broken=failure.subject)
        return DryRun(trouble=trouble, failures=pool.failures)
    info = pool.converters.get(trouble.converter)
    return DryRun(
        converter=trouble.converter,
        confidences=trouble.confidences,
        trouble=trouble,
        failures=pool.failures,
        mapping=info.file_name if info is not None and is_mapping(info) else "",
    )


def _state_of(path: Path) -> tuple[SourceState, bool]:
    if path.is_dir():
        size, changed_ns = state_of(files_in(path))
        return SourceState(path=path, size=size, mtime_ns=changed_ns), True
    status = path.stat()
    return SourceState(path=path, size=status.st_size, mtime_ns=mtime_ns(status)), False


async def list_converters(
    folder: Path | None = None,
) -> tuple[tuple[ConverterInfo, ...], tuple[ImportFailure, ...]]:
    """All converters, and those that cannot be loaded."""
    async with dry_pool(folder, DryLimits(), Clock()) as pool:
        await pool.refresh()
        return tuple(pool.converters.values()), pool.failures


@contextlib.asynccontextmanager
async def dry_pool(folder: Path | None, limits: ConvertLimits, clock: Clock) -> AsyncIterator[ConverterPool]:
    """Workers for dry runs, in a folder of their own; one file at a time."""
    temp = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="stationmaster-dry-"))
    try:
        pool = ConverterPool(
            "", folder=folder, temp=temp / "pool", limits=limits, slots=Slots(1), clock=clock
        )
        async with pool:
            yield pool
    finally:
        await asyncio.to_thread(shutil.rmtree, temp, ignore_errors=True)


def _reports(
    conversion: Conversion, most: int, most_bytes: int | None, now: datetime
) -> tuple[DryReport, ...]:
    if conversion.results is None:
        return ()
    found: list[DryReport] = []
    total = 0
    with conversion.results.open("rb") as file:
        for number, meta in enumerate(conversion.reports):
            total += meta.size
            if number >= most or (number and most_bytes is not None and total > most_bytes):
                break
            file.seek(meta.offset)
            issues = tuple(issue for issue in conversion.issues if issue.report == number)
            if by := ahead(meta.start, now):
                text = f"lies {by} in the future: check the tester's clock, and station.time_zone"
                issues += (IssueNote(report=number, place="start", text=text, severity="warning"),)
            found.append(DryReport(payload=file.read(meta.size), meta=meta, issues=issues))
    return tuple(found)
