"""Klippel QC: a log of settings and verdicts for each unit, with its curves and values in a folder.

The log alone gives the verdicts. Where a watch folder takes folders as one source, the curves and values
that lie beside the log are read with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Final

from stationmaster.api import (
    ConversionError,
    ConverterOptions,
    Glimpse,
    Report,
    Resume,
    Source,
)
from stationmaster.api.text import decode_text
from stationmaster.converters.klippel_log import SIGNATURE, KlippelOptions, Log, last_line_ended
from stationmaster.converters.klippel_report import build
from stationmaster.converters.klippel_task import Table, read_table

_MAX_BYTES: Final = 16 * 1024 * 1024
_VALUES: Final = "-values.txt"


class KlippelConverter:
    """Reads logs of Klippel QC, and in a folder the curves and values beside them."""

    name: ClassVar[str] = "klippel"
    version: ClassVar[str] = "1"
    options_type: ClassVar[type[ConverterOptions]] = KlippelOptions
    takes_folders: ClassVar[bool] = True

    def detect(self, glimpse: Glimpse) -> int:
        """85 for a log; 60 for a folder with a table of values in it."""
        if glimpse.is_folder:
            return 60 if any(name.lower().endswith(_VALUES) for name in glimpse.files) else 0
        lines = glimpse.head.splitlines()
        if not any(line.startswith(b"Cfg_") for line in lines):
            return 0
        return 85 if any(line.startswith(SIGNATURE) for line in lines) else 0

    def is_complete(self, glimpse: Glimpse) -> bool:
        """True if the last of the lists is there, with the end of its line."""
        if glimpse.is_folder:
            return True
        return last_line_ended(glimpse.tail) and any(
            b"Results_Invalid=" in part for part in (glimpse.tail, glimpse.head)
        )

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """Yield one report a log. `resume` is not used."""
        del resume
        own = KlippelOptions.of(options)
        if source.is_folder:
            yield from _from_folder(source, own)
            return
        report = build(Log.read(_bytes(source.path, source.name), source.name), [], source, own)
        if own.attach_source:
            report.attach(source.name, source.read_bytes(), content_type="text/plain")
        yield report


def _from_folder(source: Source, options: KlippelOptions) -> Iterator[Report]:
    """A report for each log in the folder, with the files that belong to it."""
    logs: list[Path] = []
    others: dict[Path, list[Path]] = {}
    for path in source.files("*.txt"):
        with path.open("rb") as file:
            head = file.read(64 * 1024)
        if SIGNATURE in head:
            logs.append(path)
        else:
            others.setdefault(path.parent, []).append(path)
    if not logs:
        raise ConversionError(
            f"the folder {source.name} holds no log of Klippel QC",
            next_step="A log is a text file with a line Ctrl_OverallVerdict=.",
        )
    for path in logs:
        mine = others.pop(path.with_suffix(""), [])
        if not mine and sum(log.parent == path.parent for log in logs) == 1:
            mine = others.pop(path.parent, [])
        yield _one_of_folder(path, mine, source, options)


def _one_of_folder(path: Path, mine: list[Path], source: Source, options: KlippelOptions) -> Report:
    content = _bytes(path, path.name)
    tables: list[Table] = []
    attached = [(path.name, content)]
    for file in mine:
        data = _bytes(file, file.name)
        tables.append(read_table(file.stem, decode_text(data, name=file.name), options.decimal, file.name))
        attached.append((file.name, data))
    report = build(Log.read(content, path.name), tables, source, options)
    # The log's own bytes: the same unit, whatever lies beside it.
    report.record = content
    if options.attach_source:
        for name, data in attached:
            report.attach(name, data, content_type="text/plain")
    return report


def _bytes(path: Path, name: str) -> bytes:
    with path.open("rb") as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise ConversionError(f"{name} is larger than {_MAX_BYTES} bytes, the bound for such files")
    return data
