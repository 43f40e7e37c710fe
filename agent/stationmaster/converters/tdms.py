"""TDMS of LabVIEW and its relatives: properties and channels, without any convention of what they mean.

Options say it: which properties hold the header, which values are measurements. All channels of numbers
become charts. npTDMS reads the files; it is optional.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar, Final, Literal

import msgspec

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
    between,
)
from stationmaster.api.day_time import read_day_time
from stationmaster.api.header import Found, resolve
from stationmaster.api.local_time import Moment, read_time
from stationmaster.api.text import one_line
from stationmaster.api.verdict import result_of
from stationmaster.converters.tdms_chart import NUMBERS, Wanted, add_charts, unit_of
from stationmaster.converters.tdms_curve import Curve, read_curve
from stationmaster.converters.tdms_file import MAGIC, Tdms, Value, end_of, number_of, shown

_MAX_MISC: Final = 100
_MAX_ATTACHED: Final = 64 * 1024 * 1024


class TdmsMeasurement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value of the file that becomes a measurement.

    Attributes:
        value: path of a property, or of a channel with `take`.
        take: of a channel, which value.
        name: of the step; "": the path.
        unit: "": the channel's `unit_string`.
        low: a number, or the path of a property that holds it.
        high: the same.
        optional: files without this value are fine.
    """

    value: str
    take: Literal["property", "first", "last", "min", "max", "mean", "rms"] = "property"
    name: str = ""
    unit: str = ""
    low: float | str | None = None
    high: float | str | None = None
    optional: bool = False


class TdmsOptions(ConverterOptions, frozen=True, kw_only=True):
    """Options of the TDMS converter. A path is `name`, `group/name` or `group/channel/name`.

    Attributes:
        serial_number_paths: properties that may hold the serial number; the first that is filled wins.
        part_number_paths: the same for the part number.
        revision_paths: the same for the revision.
        process_paths: the same for the operation's code or name.
        program_paths: the same for the name of the test program.
        user_paths: the same for the operator.
        station_paths: the same for the station.
        batch_paths: the same for the batch.
        start_paths: the same for the start; where none is filled, the earliest `wf_start_time` of a channel.
        date_order: order of day, month and year where the start is a text: "dmy", "mdy" or "ymd"; "": it must
            be ISO 8601.
        seconds_paths: the same for the execution time in seconds.
        result_paths: the same for the verdict.
        result_words: words of these properties -> P, F, E, T or D, beside those that everybody uses.
        result: verdict of a file that has none and no measurement with limits: P, F, E, T or D.
        measurements: values that become measurements: tables with `value`, `take`, `name`, `unit`, `low`,
            `high`, `optional`.
        charts: patterns of `group/channel`; which channels become charts.
        chart_points: points of a chart at most; longer channels keep least and greatest of each stretch.
        max_charts: charts of a report at most.
    """

    serial_number_paths: tuple[str, ...] = ()
    part_number_paths: tuple[str, ...] = ()
    revision_paths: tuple[str, ...] = ()
    process_paths: tuple[str, ...] = ()
    program_paths: tuple[str, ...] = ()
    user_paths: tuple[str, ...] = ("Author", "author")
    station_paths: tuple[str, ...] = ()
    batch_paths: tuple[str, ...] = ()
    start_paths: tuple[str, ...] = ()
    date_order: Literal["", "dmy", "mdy", "ymd"] = ""
    seconds_paths: tuple[str, ...] = ()
    result_paths: tuple[str, ...] = ()
    result_words: dict[str, str] = msgspec.field(default_factory=dict)
    result: str = ""
    measurements: tuple[TdmsMeasurement, ...] = ()
    charts: tuple[str, ...] = ("*",)
    chart_points: int = 1000
    max_charts: int = 100


class TdmsConverter:
    """Reads TDMS files by what the options say of their properties and channels."""

    name: ClassVar[str] = "tdms"
    version: ClassVar[str] = "1"
    options_type: ClassVar[type[ConverterOptions]] = TdmsOptions

    def detect(self, glimpse: Glimpse) -> int:
        """100 if the first segment begins the file; index files are no sources."""
        return 100 if glimpse.head.startswith(MAGIC) else 0

    def is_complete(self, glimpse: Glimpse) -> bool:
        """True if the segments end where the file does, as far as the first 64 KiB tell."""
        return end_of(glimpse.head, glimpse.size) is not False

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """Yield the one report of the file. Such files do not grow: `resume` is not used."""
        del resume
        own = TdmsOptions.of(options)
        tdms = Tdms(source)
        try:
            yield _Maker(tdms, source, own).make()
        finally:
            tdms.close()


class _Maker:
    """Makes the report of one file."""

    def __init__(self, tdms: Tdms, source: Source, options: TdmsOptions) -> None:
        self._tdms = tdms
        self._source = source
        self._options = options
        self._curves: dict[str, Curve] = {}
        self._used: set[str] = set()

    def make(self) -> Report:
        """The report."""
        options = self._options
        report = self._begin()
        judged = self._add_measurements(report)
        self._set_result(report, judged=judged)
        wanted = Wanted(self._options.charts, self._options.max_charts)
        add_charts(report, self._tdms, self._curve, wanted)
        self._add_misc(report)
        if options.attach_source:
            if self._source.size <= _MAX_ATTACHED:
                report.attach(self._source.name, self._source.read_bytes())
            else:
                report.warn(f"{self._source.name} is larger than {_MAX_ATTACHED} bytes and was not attached")
        return report

    # ------------------------------------------------------------ header

    def _begin(self) -> Report:
        options = self._options
        if not options.serial_number_paths and not options.serial_number_pattern:
            raise ConversionError(
                f"TDMS needs a mapping: nobody said where {self._source.name} has its serial number",
                next_step="Set the converter's option serial_number_paths, or serial_number_pattern for the "
                f"file's name. The file has the properties {self._some_names()}.",
            )
        program = self._text(options.program_paths)
        header = resolve(
            Found(
                sn=self._text(options.serial_number_paths),
                pn=self._text(options.part_number_paths),
                rev=self._text(options.revision_paths),
                process=self._text(options.process_paths),
                program=program,
                place="properties",
            ),
            self._source,
            options,
        )
        start, warning = self._start()
        seconds = number_of(self._first(options.seconds_paths))
        report = header.report(
            start=start,
            user=self._text(options.user_paths),
            execution_time=None if seconds is None else max(0.0, seconds),
            sequence=program,
        )
        if warning:
            report.warn(warning)
        report.info(batchSN=one_line(self._text(options.batch_paths), 100) or None)
        return report.station(one_line(self._text(options.station_paths), 100))

    def _first(self, paths: tuple[str, ...]) -> Value | None:
        """The first of these properties that is filled."""
        for path in paths:
            value = self._tdms.find(path)
            if value is not None and value != "":
                self._used.add(path)
                return value
        return None

    def _text(self, paths: tuple[str, ...]) -> str:
        value = self._first(paths)
        return "" if value is None else shown(value)

    def _some_names(self) -> str:
        names = [one_line(name, 60) for name in self._tdms.names()[:15]]
        return ", ".join(names) or "(none)"

    def _start(self) -> tuple[datetime | None, str]:
        options = self._options
        value = self._first(options.start_paths)
        if isinstance(value, datetime):
            return value, ""
        if value is not None:
            try:
                moment = self._moment(shown(value))
            except ValueError as error:
                raise ConversionError(
                    str(error),
                    place=" or ".join(options.start_paths),
                    next_step="If it is a date with slashes or dots, set the converter's option date_order.",
                ) from error
            return moment.at, moment.warning
        starts = (self._tdms.properties(path).get("wf_start_time") for path in self._tdms.channels)
        times = [one for one in starts if isinstance(one, datetime) and one.year > 1980]
        return min(times, default=None), ""

    def _moment(self, text: str) -> Moment:
        order = self._options.date_order
        try:
            return read_time(text, self._source.station)
        except ValueError:
            if not order:
                raise
        day, _, clock = text.partition(" ")
        return read_day_time(day, clock, self._source.station, order=order)

    # ------------------------------------------------------------ verdict

    def _set_result(self, report: Report, *, judged: bool) -> None:
        options = self._options
        word = self._text(options.result_paths)
        result: Result | None = None
        if word:
            result = _result(word, options)
        elif judged:
            report.warn("the file names no verdict: it is that of the measurements' limits")
        elif options.result:
            result = _result(options.result, options)
        else:
            raise ConversionError(
                "TDMS needs a mapping: no verdict is in the file, and no measurement has limits",
                next_step="Set the converter's option result_paths, measurements with limits, or result.",
            )
        if result is not None:
            report.data["result"] = report.root.data["status"] = result.value

    # ------------------------------------------------------------ steps

    def _add_measurements(self, report: Report) -> bool:
        """Add the measurements; whether one of them has limits."""
        judged = False
        for rule in self._options.measurements:
            value, unit = self._measured(rule, report)
            name = rule.name or rule.value
            if value is None:
                if not rule.optional:
                    raise ConversionError(
                        f"there is no number at {rule.value!r}, which the option measurements names",
                        place=one_line(name, 100),
                        next_step="Correct the path, or set optional = true for it. The file has the "
                        f"properties {self._some_names()}.",
                    )
                report.warn(f"there is no number at {rule.value!r}: the measurement was left out")
                continue
            limits = self._limits(rule, report)
            judged = judged or limits is not None
            report.root.numeric(one_line(name, 1000), value, unit=one_line(unit, 50), limits=limits)
        return judged

    def _measured(self, rule: TdmsMeasurement, report: Report) -> tuple[float | None, str]:
        if rule.take == "property":
            self._used.add(rule.value)
            return number_of(self._tdms.find(rule.value)), rule.unit
        if rule.value not in self._tdms.channels or self._tdms.kind(rule.value) not in NUMBERS:
            return None, ""
        curve = self._curve(rule.value)
        if curve.nothing:
            report.warn(
                f"channel {rule.value!r}: {rule.take} is without {curve.nothing} values that are not a number"
            )
        return curve.statistic(rule.take), rule.unit or unit_of(self._tdms.properties(rule.value))

    def _limits(self, rule: TdmsMeasurement, report: Report) -> Limits | None:
        low, high = self._bound(rule.low), self._bound(rule.high)
        if low is not None and high is not None:
            if low > high:
                report.warn(
                    f"{rule.name or rule.value}: the low limit {low:g} is above the high one {high:g}"
                )
            return between(low, high)
        if low is not None:
            return Limits(CompOp.GE, low)
        return None if high is None else Limits(CompOp.LE, high)

    def _bound(self, given: float | str | None) -> float | None:
        if not isinstance(given, str):
            return given
        self._used.add(given)
        found = number_of(self._tdms.find(given))
        if found is None:
            raise ConversionError(
                f"there is no number at {given!r}, which the option measurements names as a limit"
            )
        return found

    def _curve(self, path: str) -> Curve:
        if path not in self._curves:
            self._curves[path] = read_curve(self._tdms, path, max(2, self._options.chart_points))
        return self._curves[path]

    def _add_misc(self, report: Report) -> None:
        """Properties of the file that went nowhere else."""
        left = 0
        for name, value in self._tdms.properties().items():
            text = shown(value)
            if name in self._used or not text:
                continue
            if len(report.data.get("miscInfos", ())) >= _MAX_MISC:
                left += 1
                continue
            report.misc(one_line(name, 1000) or "-", one_line(text, 5000))
        if left:
            report.warn(f"the file has more than {_MAX_MISC} properties: {left} were left out")


def _result(word: str, options: TdmsOptions) -> Result:
    words = {key.strip().casefold(): value for key, value in options.result_words.items()}
    try:
        given = words.get(word.strip().casefold(), word).strip()
        return Result(given) if given in set(Result) else result_of(given)
    except ValueError as error:
        raise ConversionError(
            str(error),
            place=" or ".join(options.result_paths),
            next_step="Say what it means in the converter's option result_words.",
        ) from error
