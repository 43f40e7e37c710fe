"""From a log of Klippel QC and the tables of its tasks to a report."""

from __future__ import annotations

from typing import Final

from stationmaster.api import Limits, Report, Sequence, Series, Source
from stationmaster.api.header import Found, named_groups, resolve
from stationmaster.api.reading import unread_status
from stationmaster.api.text import clip, one_line
from stationmaster.converters.klippel_log import KlippelOptions, Log, Verdict
from stationmaster.converters.klippel_task import Table, Value

_FREQUENCY: Final = {"frq", "freq", "frequency", "f"}


def build(log: Log, tables: list[Table], source: Source, options: KlippelOptions) -> Report:
    """Build the report of one unit.

    Raises:
        ConversionError: the log breaks the grammar; names the line.
    """
    report = _header(log, source, options)
    _Steps(report, log.verdicts(options), options).add(tables)
    report.warnings.extend(log.warnings)
    return report


def _header(log: Log, source: Source, options: KlippelOptions) -> Report:
    path = log.text("Cfg_DatabasePath")
    database = path.replace("\\", "/").rpartition("/")[2]
    named = named_groups(options.part_number_pattern, path, "part_number_pattern")
    header = resolve(
        Found(
            sn=log.text("Cfg_SerialNumber"),
            pn=named.get("pn", ""),
            rev=named.get("rev", ""),
            program=database,
            place=log.name,
            sn_place=log.place("Cfg_SerialNumber"),
        ),
        source,
        options,
    )
    result, word = log.verdict(options)
    report = header.report(
        start=log.start(),
        result=result,
        user=log.text("Cfg_UserName"),
        sequence=database,
        sequence_path=path,
    )
    report.station(one_line(log.text("Cfg_PCName"), 100))
    report.info(errorMessage=clip(log.text("Ctrl_ErrorGeneral"), 1000) or None)
    for what, key in (
        ("Speaker", "Cfg_Speaker"),
        ("Login mode", "Cfg_LoginMode"),
        ("Monitor", "Cfg_MonitorID"),
    ):
        if text := log.text(key):
            report.misc(what, one_line(text, 100))
    said = [f"Verdict: {word}" if word else ""]
    for what, key, usual in (
        ("Limits were calculated in this test", "Cfg_LimitCalcMode", "F"),
        ("Limits were calculated anew", "Cfg_LimitCalibMode", "F"),
        ("Not all limits were there", "Cfg_LimitsAvail", "T"),
        ("The test is repeated", "Ctrl_Repeat", "F"),
    ):
        said.append(what if log.text(key) not in {"", usual} else "")
    if data := log.text("Ctrl_SaveData"):
        said.append(f"Klippel data: {data}")
    if text := "\n".join(filter(None, said)):
        report.root.details(text=clip(text, 5000))
    return report


class _Steps:
    """Adds a sequence for each task, and the results that no file tells more about."""

    def __init__(self, report: Report, verdicts: dict[str, Verdict], options: KlippelOptions) -> None:
        self._report = report
        self._verdicts = verdicts
        self._options = options
        self._told: set[str] = set()

    def add(self, tables: list[Table]) -> None:
        tasks: dict[str, Sequence] = {}
        for table in tables:
            self._report.warnings.extend(table.notes)
            if table.task not in tasks:
                tasks[table.task] = self._report.root.sequence(one_line(table.task, 200))
            for value in table.values:
                self._add_value(tasks[table.task], value)
            if table.curve:
                self._add_curve(tasks[table.task], table)
        for name, verdict in self._verdicts.items():
            if name not in self._told:
                step = self._report.root.passfail(one_line(name, 200), verdict.status)
                step.details(text=verdict.word or None)

    def _add_value(self, task: Sequence, value: Value) -> None:
        verdict = self._verdict(value.name)
        name, unit = one_line(value.name, 200), self._unit(value.name)
        said = verdict.word if verdict else ""
        if value.note:
            self._report.warn(f"{name[:60]}: {value.note}")
        if value.value is None:
            status = verdict.status if verdict else unread_status(value.text, value.limits)
            told = "\n".join(filter(None, (said, "No value", _limits(value.limits, unit))))
            task.passfail(name, status).details(text=told)
            return
        if verdict is None and value.limits is not None:
            self._report.warn(f"{name[:60]} stands in no list of results: its limits gave its status")
        status_told = verdict.status if verdict else None
        step = task.numeric(name, value.value, unit=unit, limits=value.limits, status=status_told)
        step.details(text=said or None)

    def _add_curve(self, task: Sequence, table: Table) -> None:
        verdict = self._verdict(table.curve)
        name = one_line(table.curve, 200)
        step = task.passfail(name, verdict.status) if verdict else task.chart_step(name)
        step.details(text=(verdict.word if verdict else "") or None)
        frequency = table.x_name.casefold() in _FREQUENCY
        step.chart(
            name,
            [
                Series(one_line(column, 100), [x for x, _y in points], [y for _x, y in points])
                for column, points in table.columns.items()
            ],
            x_label="Frequency" if frequency else one_line(table.x_name, 100),
            x_unit="Hz" if frequency else "",
            y_label=name,
            y_unit=self._unit(table.curve),
            chart_type="LineLogX" if frequency else "Line",
        )

    def _verdict(self, name: str) -> Verdict | None:
        self._told.add(name)
        return self._verdicts.get(name)

    def _unit(self, name: str) -> str:
        return one_line(self._options.units.get(name, ""), 50)


def _limits(limits: Limits | None, unit: str) -> str:
    if limits is None:
        return ""
    bounds = " ".join(f"{bound:.15g}" for bound in (limits.low, limits.high) if bound is not None)
    return f"Limits: {limits.comp.value} {bounds} {unit}".rstrip()
