"""Keys become the header and rows become steps: the report that a mapping describes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from stationmaster.api import ConversionError, ConverterOptions, Report, Source, Status
from stationmaster.api.header import Found, Header, resolve
from stationmaster.api.report import Result
from stationmaster.converters.mapping.cell import Reader
from stationmaster.converters.mapping.pick import Cells, as_value, names_of
from stationmaster.converters.mapping.schema import Given, Mapping, StepRule, Value
from stationmaster.converters.mapping.step import Steps

_INFO: Final = {"batch": "batchSN", "fixture": "fixtureId", "comment": "comment"}
_TEXTS: Final = (
    *("sn", "pn", "rev", "process", "program", "result", "user", "station", "location", "purpose"),
    *("batch", "fixture", "comment", "version"),
)


class Builder:
    """Makes the reports of one file."""

    def __init__(self, mapping: Mapping, source: Source, options: ConverterOptions) -> None:
        """Know the mapping and the file."""
        self._mapping = mapping
        self._source = source
        self._options = options
        self._read = Reader(mapping, source)
        self._used = _names_in(mapping)

    def report(
        self, unit: Cells, rows: Iterable[tuple[StepRule | None, Cells]], keys: dict[str, str]
    ) -> Report:
        """One unit's report.

        Args:
            unit: what tells of the unit.
            rows: its rows; with a rule where that is settled already.
            keys: all that is told of it, for `misc_rest`.

        Raises:
            ConversionError: a value cannot be read, or no row became a step.
        """
        report = self._begin(unit)
        steps = Steps(report.root, self._mapping, self._read, result=str(report.data.get("result", "")))
        for rule, row in rows:
            steps.add(row, rule)
        steps.end(report, unit)
        self._end(report, unit, keys)
        return report

    def record(self, report: Report, unit: Cells, own: bytes, outside: dict[str, str]) -> bytes:
        """What the id of one of several units is made from: all that tells this test from another one.

        Args:
            report: of that unit.
            unit: what tells of it.
            own: its own part of the file.
            outside: what other parts of the file tell of it; only what the header uses counts.
        """
        given = self._mapping.header
        start = self._read.text(given.get("start", ""), unit, "header.start")
        names = sorted({name for one in given.values() for name in names_of(one)} & outside.keys())
        told = [report.sn, start, *([name, outside[name]] for name in names)]
        return own + b"\n" + json.dumps(told).encode()

    def _begin(self, unit: Cells) -> Report:
        given = self._mapping.header
        texts = {key: self._read.text(given.get(key, ""), unit, f"header.{key}") for key in _TEXTS}
        found = Found(
            sn=texts["sn"],
            pn=texts["pn"],
            rev=texts["rev"],
            process=texts["process"],
            program=texts["program"],
            place=unit.place,
        )
        header = self._resolved(found, texts)
        start, end = (self._read.time(given.get(key, ""), unit, f"header.{key}") for key in ("start", "end"))
        seconds = self._read.number(given.get("seconds", ""), unit, "header.seconds")
        if seconds is None and start and end:
            seconds = (end.at - start.at).total_seconds()
        report = header.report(
            start=start.at if start else None,
            result=self._result(texts["result"], unit),
            user=texts["user"],
            execution_time=None if seconds is None else max(0.0, seconds),
            sequence=texts["program"] or self._mapping.name,
            sequence_version=texts["version"],
        )
        for key in self._vain(unit):
            report.warn(f"header.{key} of the mapping: {_asked(given[key])} finds nothing")
        for moment in (start, end):
            if moment and moment.warning:
                report.warn(moment.warning)
        if seconds is not None and seconds < 0:
            report.warn(f"the test ends {-seconds:g} s before it begins; 0 s was taken")
        if texts["station"]:
            report.station(texts["station"])
        report.data.update({key: texts[key] for key in ("location", "purpose") if texts[key]})
        return report.info(**{wire: texts[key] for key, wire in _INFO.items() if texts[key]})

    def _vain(self, unit: Cells) -> list[str]:
        """Fields whose paths lead nowhere, where others than the file cannot tell them: of XML and JSON.

        Raises:
            ConversionError: one of them is the verdict, which would be lost.
        """
        vain = []
        for key, given in self._mapping.header.items():
            value, names = as_value(given), names_of(given)
            if unit.names or not names or value.default or value.optional:
                continue
            if all(unit.get(name) is None for name in names) and not self._read.text(
                given, unit, f"header.{key}"
            ):
                vain.append(key)
        if "result" in vain and not self._mapping.verdict:
            raise ConversionError(
                f"{_asked(self._mapping.header['result'])} finds nothing",
                place=f"{unit.place}, header.result".removeprefix(", "),
                next_step="Check the path; where a unit may have no verdict, say optional = true there: then "
                "that of the steps counts.",
            )
        return vain

    def _resolved(self, found: Found, texts: dict[str, str]) -> Header:
        """The header's fields; where one cannot be known, what the mapping asks for in vain is told."""
        try:
            return resolve(found, self._source, self._options)
        except ConversionError as error:
            given = self._mapping.header
            asked = [(key, given[key]) for key in ("sn", "pn", "process") if key in given and not texts[key]]
            vain = [f"header.{key}: {_asked(one)} finds nothing" for key, one in asked if _asked(one)]
            if vain:
                error.next_step = f"In the mapping, {'; '.join(vain)}. {error.next_step}"
            raise

    def _result(self, word: str, unit: Cells) -> Result | None:
        if not word:
            return None
        status = self._read.status(word, unit, "header.result")
        if status is Status.SKIPPED:
            raise ConversionError(f"{word!r} is no result of a whole test", place=unit.place)
        return Result((Status.PASSED if status is Status.DONE else status).value)

    def _end(self, report: Report, unit: Cells, keys: dict[str, str]) -> None:
        mapping = self._mapping
        if "result" not in mapping.header and not mapping.verdict:
            report.warn("the mapping names no verdict of the whole test: it is that of the steps")
        elif "result" not in report.data and not mapping.verdict:
            report.warn("the file has no verdict of the whole test: it is that of the steps")
        told = {name: self._read.text(given, unit, f"misc.{name}") for name, given in mapping.misc.items()}
        if mapping.misc_rest:
            told |= {name: text for name, text in keys.items() if name not in self._used}
        for name, text in told.items():
            if text:
                report.misc(name, text)
        for number, part in enumerate(mapping.sub_unit, 1):
            key = f"sub_unit {number}"
            sn = self._read.text(part.sn, unit, key)
            if sn:
                pn, rev = (self._read.text(one, unit, key) for one in (part.pn, part.rev))
                report.sub_unit(part.type, sn=sn, pn=pn or report.pn, rev=rev)
        if mapping.attach or self._options.attach_source:
            report.attach(self._source.name, self._source.read_bytes(), content_type="text/plain")


def _asked(given: Given) -> str:
    """Where a value was looked for."""
    if not isinstance(given, Value):
        return str(given)
    names = [given.from_] if isinstance(given.from_, str) else given.from_
    return " or ".join([*names, *filter(None, (given.file, given.folder))])


def _names_in(mapping: Mapping) -> set[str]:
    """Names that the header and the misc infos take something from."""
    used: set[str] = set()
    for given in (*mapping.header.values(), *mapping.misc.values()):
        names = given.from_ if isinstance(given, Value) else given
        used.update([names] if isinstance(names, str) else names if isinstance(names, list) else [])
    return used
