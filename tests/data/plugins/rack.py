"""A converter for a tester that writes a folder for each unit: a result, pictures, waveforms, a marker."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import ClassVar

from stationmaster.api import (
    ConversionError,
    ConverterOptions,
    Glimpse,
    Report,
    Resume,
    Series,
    Source,
    between,
)
from stationmaster.api.local_time import read_time

PICTURE_BYTES = 500_000


class RackConverter:
    """One folder is one unit: `result.csv`, `*.png` and `wave-*.csv`."""

    name: ClassVar[str] = "rack"
    version: ClassVar[str] = "1.0"
    takes_folders: ClassVar[bool] = True

    def detect(self, glimpse: Glimpse) -> int:
        """The result is there under its name."""
        return 80 if glimpse.is_folder and "result.csv" in glimpse.files else 0

    def convert(self, source: Source, options: ConverterOptions, resume: Resume | None) -> Iterator[Report]:  # noqa: ARG002 - the protocol's signature
        """The one report of the folder."""
        found = source.files("result.csv")
        if not found:
            raise ConversionError("there is no result.csv in it")
        record = found[0].read_bytes()
        rows = list(csv.reader(record.decode().splitlines()))
        serial, started, operator = rows[0]
        report = Report.uut(
            sn=serial,
            pn=options.part_number or "RACK-1",
            rev=options.revision,
            process_code=options.process_code or 10,
            start=read_time(started, source.station).at,
            user=operator,
        )
        report.record = record  # a picture that is added later makes a new revision of this report
        for name, value, low, high in rows[1:]:
            report.root.numeric(name, float(value), limits=between(float(low), float(high)))
        for wave in source.files("wave-*.csv"):
            points = [tuple(map(float, row)) for row in csv.reader(wave.read_text().splitlines())]
            series = [Series(wave.stem, [x for x, _ in points], [y for _, y in points])]
            report.root.action(wave.stem).chart(wave.stem, series, x_unit="ms", y_unit="A")
        for picture in source.files("*.png"):
            if picture.stat().st_size <= PICTURE_BYTES:
                report.attach(picture.name, picture.read_bytes(), content_type="image/png")
        yield report
