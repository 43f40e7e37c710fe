"""Versions of a small converter, as files; and what its tester writes."""

from __future__ import annotations

from pathlib import Path

_CODE = '''\
"""Lines of serial number and voltage."""

import os
import time
from datetime import UTC, datetime

from stationmaster.api import ConversionError, Limits, Report, between


class Rig:
    """Reads lines of serial number and voltage."""

    name = "NAME"
    version = "VERSION"

    def convert(self, source, options, resume):
        for line in source.read_text().splitlines():
            serial, _, value = line.partition(",")
            HOOK
            start = datetime(2026, 3, 2, 8, 15, 30, tzinfo=UTC)
            report = Report.uut(sn=serial, pn="RIG", rev="A", process_code=10, start=start)
            report.root.numeric("Voltage", float(value), unit="V", limits=between(4, 6))
            report.record = line.encode()
            yield report
'''


def rig(folder: Path, version: str, hook: str = "pass", *, name: str = "rig", file: str = "rig.py") -> Path:
    """A version of the converter.

    Args:
        folder: where its file goes.
        version: its version.
        hook: a line that is run for each unit: `serial` and `value` may be changed.
        name: the converter's name.
        file: the file's name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = _CODE.replace("NAME", name).replace("VERSION", version).replace("HOOK", hook)
    place = folder / file
    place.write_text(text)
    return place
