"""What a right conversion of each real file shows, and how a report is told in lines to compare it.

One TOML file for each folder of the corpus. Its values were read from the bytes by people and small readers,
never taken over from what a converter made.
"""

from __future__ import annotations

import functools
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from fakes.optional import skip_without
from stationmaster.api import Converter, Glimpse, Report
from stationmaster.api.converter import Detects
from stationmaster.api.step import Step
from stationmaster.api.testing import convert_file
from stationmaster.convert.built_in import BUILT_INS
from stationmaster.convert.plugin import Plugins

FOLDER = Path(__file__).parent
MEASURED = ("numericMeas", "booleanMeas", "stringMeas")
_STANDARD: dict[str, Any] = {"part_number": "P-1", "process_code": 10, "serial_number_pattern": "(?P<sn>.+)"}


class OneReport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one report of a file shows.

    Attributes:
        nr: which one in file order, from 0.
        fields: path into the report, such as `uut.user` -> value.
        values: lines as `told` tells them, all of which must be among the report's.
        steps: how many, the root included.
        measurements: how many, of every kind.
        statuses: status -> how many steps without steps below them have it.
        warning: pattern that one of the report's warnings matches.
    """

    nr: int = 0
    fields: dict[str, Any] = {}
    values: list[str] = []
    statuses: dict[str, int] = {}
    steps: int | None = None
    measurements: int | None = None
    warning: str = ""


class OneFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of the corpus.

    Attributes:
        path: below the folder of its format.
        options: of the converter, beside those of the folder.
        reports: how many it gives.
        steps: of all reports, the roots included.
        measurements: of all reports.
        refused: pattern of the reason, for a file that must not become a report.
        left_alone: no converter may be sure of it.
        why: what is the matter with a file that gives no report.
        report: what single reports show.
    """

    path: str
    options: dict[str, Any] = {}
    reports: int = 0
    steps: int | None = None
    measurements: int | None = None
    refused: str = ""
    left_alone: bool = False
    why: str = ""
    report: list[OneReport] = []


class Oracle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A folder of the corpus.

    Attributes:
        format: its name for people.
        converter: that reads it.
        options: of the converter, for each of its files.
        file: its files.
    """

    format: str
    converter: str
    options: dict[str, Any] = {}
    file: list[OneFile]
    folder: str = ""

    def options_for(self, file: OneFile) -> dict[str, Any]:
        """All options that `file` is converted with."""
        return _STANDARD | self.options | file.options


@functools.cache
def oracles() -> tuple[Oracle, ...]:
    """Every folder's, by the name of the folder."""
    found = []
    for path in sorted(FOLDER.glob("*.toml")):
        with path.open("rb") as file:
            found.append(msgspec.convert(tomllib.load(file) | {"folder": path.stem}, Oracle))
    return tuple(found)


def cases() -> list[tuple[Oracle, OneFile]]:
    """Every file with its folder."""
    return [(oracle, file) for oracle in oracles() for file in oracle.file]


@functools.cache
def converters() -> dict[str, Converter]:
    """Every built-in converter, by name."""
    plugins = Plugins()
    return {name: plugins.make(place) for name, place in BUILT_INS.items()}


def confidences(path: Path) -> dict[str, int]:
    """How sure each converter is of a file, those that are not at all left out."""
    glimpse = Glimpse.at(path)
    asked = {name: one.detect(glimpse) for name, one in converters().items() if isinstance(one, Detects)}
    return {name: sure for name, sure in asked.items() if sure}


def convert(corpus: Path, oracle: Oracle, file: OneFile) -> list[Report]:
    """The reports of a file, as the host would store them.

    Raises:
        ConversionError: it cannot become reports.
    """
    skip_without(oracle.converter)
    path = corpus / oracle.folder / file.path
    return convert_file(converters()[oracle.converter], path, options=oracle.options_for(file))


def measurements(step: dict[str, Any]) -> int:
    """How many measurements a step on the wire has itself."""
    return sum(len(step.get(key) or []) for key in MEASURED)


def counts(reports: list[Report]) -> tuple[int, int]:
    """Steps with the roots, and measurements."""
    steps = [step for report in reports for step in report.steps()]
    return len(steps), sum(measurements(step.data) for step in steps)


def statuses(report: Report) -> dict[str, int]:
    """Status -> how many of the steps that have no steps below them have it."""
    return dict(Counter(step.status for step in report.steps() if not step.steps))


def field(report: Report, path: str) -> Any:
    """A value in the report by its path, such as `uut.user` or `subUnits.0.sn`."""
    value: Any = report.data
    for key in path.split("."):
        if isinstance(value, list):
            value = value[int(key)] if int(key) < len(value) else None
        else:
            value = (value or {}).get(key)
    return value


def told(report: Report) -> list[str]:
    """The report's steps and measurements, a line each.

    A step is `Group / Step: ET_NLT P`; a measurement `Group / Step = 4.56 V GELE 4 5 P`, with the name of the
    measurement before the `=` in a step of several: `Group / Step / low = ...`. The root is not named.
    """
    lines: list[str] = []
    for root in report.roots():
        for child in root.steps:
            lines.extend(_lines(child, ()))
    return lines


def _lines(step: Step, above: tuple[str, ...]) -> Iterator[str]:
    names = (*above, step.name)
    yield f"{' / '.join(names)}: {step.step_type} {step.status}"
    for key in MEASURED:
        for row in step.data.get(key) or []:
            name = (*names, row["name"]) if row.get("name") else names
            yield f"{' / '.join(name)} = {' '.join(_words(row))}"
    for child in step.steps:
        yield from _lines(child, names)


def _words(row: dict[str, Any]) -> Iterator[str]:
    if "value" in row:
        value = row["value"]
        yield f"{value:.7g}" if isinstance(value, float) else str(value)
    if row.get("unit"):
        yield str(row["unit"])
    if row.get("compOp"):
        yield str(row["compOp"])
    for key in ("lowLimit", "highLimit", "limit"):
        bound = row.get(key)
        if bound is not None:
            yield f"{bound:.7g}" if isinstance(bound, float) else str(bound)
    yield str(row["status"])
