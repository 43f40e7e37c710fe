"""The tests that a mapping carries: its samples are converted, and what comes of them is compared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from stationmaster.api import Report
from stationmaster.control.command_answer import MappingTest, MappingTests
from stationmaster.convert.dry_run import DryRun, dry_run
from stationmaster.converters.mapping.load import read_mapping
from stationmaster.converters.mapping.schema import Example, Mapping
from stationmaster.errors import ConfigError
from stationmaster.runtime.sample_mapping import text_of

_MEASURED = ("numericMeas", "booleanMeas", "stringMeas")
_MOST = 1_000_000
"""Reports of a sample that are counted."""


async def run_tests(file: Path) -> MappingTests:
    """Run the tests of a mapping, each sample beside it.

    Args:
        file: the mapping, full path.

    Raises:
        StationmasterError: it is no mapping, or carries no test.
        OSError: it cannot be read.
    """
    mapping = read_mapping(text_of(file), file.name)
    if not mapping.test:
        raise ConfigError(
            f"{file.name} carries no [[test]].",
            next_step='Give it one: [[test]], sample = "NAME", reports = 1, header = { sn = "..." }. '
            "Or name a file to convert.",
        )
    tests = [
        MappingTest(sample=one.sample, wrong=tuple(await _wrong(file, mapping, one))) for one in mapping.test
    ]
    return MappingTests(mapping=file.name, tests=tuple(tests))


async def _wrong(file: Path, mapping: Mapping, example: Example) -> list[str]:
    """What does not come out as the example says, a sentence each."""
    sample, name = file.parent / example.sample, mapping.name or file.stem
    if not sample.is_file():
        return [f"There is no file {sample}."]
    outcome = await dry_run(
        sample,
        converters=(name,),
        options={name: example.options},
        folder=file.parent,
        most=_MOST,
    )
    if outcome.trouble is not None:
        return [one for one in (outcome.why, outcome.next_step) if one]
    return list(_differences(outcome, example))


def _differences(outcome: DryRun, example: Example) -> Iterator[str]:
    steps, values, reports = counts(outcome)
    if outcome.count != example.reports:
        yield f"It makes {outcome.count} reports, {example.reports} are expected."
    for field, wanted in example.header.items():
        found = _field(reports[0].data, field)
        if str(found) != str(wanted):
            yield f"{field} is {found!r}, expected is {wanted!r}."
    if example.steps not in {None, steps}:
        yield f"It makes {steps} steps, {example.steps} are expected."
    if example.measurements not in {None, values}:
        yield f"It makes {values} measurements, {example.measurements} are expected."


def counts(outcome: DryRun) -> tuple[int, int, list[Report]]:
    """How many steps, without the roots, and how many measurements; and the reports."""
    reports = [Report(msgspec.json.decode(one.payload)) for one in outcome.reports]
    steps = [step for report in reports for step in report.steps()]
    roots = sum(len(report.roots()) for report in reports)
    values = sum(len(step.data.get(key) or ()) for step in steps for key in _MEASURED)
    return len(steps) - roots, values, reports


def _field(data: dict[str, Any], path: str) -> Any:
    value: Any = data
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value
