"""Converters and files on trial, with an instance's settings and beside the instance.

Each trial has worker processes and a folder of its own, so nothing that a file or a converter does there
reaches the instance's workers, its spool or its Problems.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from stationmaster.clock import Clock
from stationmaster.config.option import options_by_converter
from stationmaster.config.schema import InstanceConfig
from stationmaster.config.station import station_of
from stationmaster.control.trial_protocol import (
    Candidate,
    ConverterFault,
    Converters,
    ConverterView,
    Trial,
    TrialError,
    TrialIssue,
    TrialReport,
)
from stationmaster.convert.dry_run import MOST_REPORTS, DryReport, DryRun, dry_run, list_converters
from stationmaster.convert.job import ConverterInfo, Failed
from stationmaster.convert.option_form import options_of
from stationmaster.convert.pool import ConverterPool
from stationmaster.errors import StationmasterError
from stationmaster.submit import safe_name

MOST_ANSWERED = 20
"""So many reports of a file go over the control channel at most ..."""
MOST_BYTES = 16 * 1024 * 1024
"""... and after so many bytes no more of them: the agent holds them in memory."""


async def converters_of(config: InstanceConfig, folder: Path | None) -> Converters:
    """The converters that an instance knows, as a fresh worker loads them now."""
    infos, failures = await list_converters(folder)
    return Converters(
        converters=tuple(_view(info, config) for info in infos),
        faults=tuple(
            ConverterFault(
                subject=one.subject,
                text=one.text,
                next_step="Correct its module; it is loaded again by itself.",
                detail=one.detail,
            )
            for one in failures
        ),
    )


async def try_content(
    config: InstanceConfig,
    folder: Path | None,
    content: bytes,
    *,
    filename: str,
    converter: str,
    clock: Clock,
    options: Mapping[str, Any] | None = None,
) -> Trial:
    """What would become of a file with this content; everything that is wrong with it is in the answer.

    Args:
        options: of `converter`, before those of the settings.
    """
    began = clock.monotonic()
    async with _laid_down(content, filename) as path:
        outcome = await dry_run_for(
            config,
            folder,
            path,
            converters=(converter,) if converter else (),
            options=options,
            most=MOST_ANSWERED,
            most_bytes=MOST_BYTES,
            clock=clock,
        )
        # Our own folder is gone when the answer is read: the file is known by its name.
        seconds = round(clock.monotonic() - began, 3)
        return trial_of(outcome, seconds, folder=f"{path.parent}{os.sep}")


async def dry_run_for(
    config: InstanceConfig,
    folder: Path | None,
    path: Path,
    *,
    converters: tuple[str, ...] = (),
    every: bool = False,
    options: Mapping[str, Any] | None = None,
    marker: str = "",
    most: int = MOST_REPORTS,
    most_bytes: int | None = None,
    clock: Clock | None = None,
    pool: ConverterPool | None = None,
) -> DryRun:
    """A dry run as the instance would convert the file: its converters, options, limits and station.

    Args:
        folder: the instance's `converters` folder; None: it has none yet.
        converters: names that may take it; empty: those of its watch folders, else all that detect.
        every: where none is named, all that detect.
        options: of these converters, before those of the settings.
        pool: of `dry_pool`, where many files are converted.
    """
    used = tuple(dict.fromkeys(one for at in config.watch for one in at.converters))
    known = options_by_converter(config.watch)
    for name in converters:
        known.setdefault(name, {}).update(options or {})
    return await dry_run(
        path,
        converters=converters or (() if every else used),
        options=known,
        station=station_of(config.station),
        folder=folder,
        instance_id=config.id,
        limits=config.convert,
        marker=marker,
        most=most,
        most_bytes=most_bytes,
        clock=clock,
        pool=pool,
    )


@contextlib.asynccontextmanager
async def _laid_down(content: bytes, filename: str) -> AsyncIterator[Path]:
    """The content as a file of this name, in a folder of its own that only we may read."""
    place = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="stationmaster-try-"))
    path = place / (safe_name(filename) or "file")
    try:
        try:
            await asyncio.to_thread(path.write_bytes, content)
        except OSError as error:  # a disk that is full keeps no part of it
            raise StationmasterError(
                f"The file could not be put into a folder of its own: {error.strerror or error}.",
                next_step=f"See how much room is left at {place.parent}.",
            ) from error
        yield path
    finally:
        await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)


def _view(info: ConverterInfo, config: InstanceConfig) -> ConverterView:
    kinds = {"file": True, "folder": info.folders, "fetching": info.fetches}
    return ConverterView(
        name=info.name,
        version=info.version,
        kinds=tuple(kind for kind, can in kinds.items() if can),
        origin=info.origin,
        place=info.target.rpartition(":")[0] if info.origin == "file" else info.target,
        detects=info.detects,
        folders=tuple(one.path for one in config.watch if info.name in one.converters),
        sources=tuple(one.name for one in config.fetch if info.name in (one.converter, one.convert_with)),
        summary=info.summary,
        options=options_of(info),
    )


def trial_of(outcome: DryRun, seconds: float, *, folder: str) -> Trial:
    """A dry run as it is told; the name of `folder`, which nobody needs to know, is left out."""
    said = sorted(outcome.confidences.items(), key=lambda one: -one[1])
    trouble = outcome.trouble
    return Trial(
        ok=outcome.ok,
        candidates=tuple(Candidate(converter=name, confidence=value) for name, value in said),
        converter=outcome.converter,
        version=outcome.version,
        count=outcome.count,
        reports=tuple(_report(one) for one in outcome.reports),
        error=TrialError(
            text=outcome.why.replace(folder, ""),
            place=trouble.place if isinstance(trouble, Failed) else "",
            next_step=outcome.next_step,
            detail=trouble.detail.replace(folder, "") if isinstance(trouble, Failed) else "",
        )
        if trouble
        else None,
        seconds=seconds,
    )


def _report(one: DryReport) -> TrialReport:
    meta = one.meta
    return TrialReport(
        report_id=meta.report_id,
        serial_number=meta.serial_number,
        part_number=meta.part_number,
        result=meta.result,
        start=meta.start,
        report=msgspec.Raw(one.payload),
        warnings=meta.warnings,
        issues=tuple(
            TrialIssue(place=issue.place, text=issue.text, severity=issue.severity) for issue in one.issues
        ),
    )
