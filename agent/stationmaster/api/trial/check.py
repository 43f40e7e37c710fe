"""All trials of a converter that need one process."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from stationmaster.api.converter import Converter, ConverterOptions, Source
from stationmaster.api.trial.case import Case
from stationmaster.api.trial.content import check_content
from stationmaster.api.trial.cut import check_cut, check_empty, check_resume
from stationmaster.api.trial.detection import check_detection, check_foreign
from stationmaster.api.trial.encoding import check_letters, check_line_ends, check_mark
from stationmaster.api.trial.finding import Finding, Findings
from stationmaster.api.trial.folder import check_folder
from stationmaster.api.trial.growth import check_growth
from stationmaster.api.trial.habit import check_habits, check_options, check_state
from stationmaster.api.trial.zone import check_zone
from stationmaster.sentence import closed

_OF_A_SAMPLE = (check_habits, check_content, check_zone)
_OF_A_FOLDER = (check_folder,)
_OF_A_FILE = (
    check_cut,
    check_resume,
    check_empty,
    check_line_ends,
    check_mark,
    check_letters,
)


def examine(converter: Converter, sources: Iterable[Source], options: ConverterOptions) -> list[Finding]:
    """Everything that the trials find, in the order of the trials."""
    return [
        *examine_alone(converter, sources := list(sources), options),
        *examine_together(converter, sources, options),
        *examine_growth(converter, sources, options),
    ]


def examine_alone(
    converter: Converter, sources: Iterable[Source], options: ConverterOptions
) -> list[Finding]:
    """The trials of the options, and of each sample by itself."""
    with _cases(converter, sources, options) as (cases, found):
        check_options(converter, found)
        for case in cases:
            _sample(case, found)
        return list(found)


def examine_together(
    converter: Converter, sources: Iterable[Source], options: ConverterOptions
) -> list[Finding]:
    """Does one sample change what comes of another? And are files of others left alone?"""
    with _cases(converter, sources, options) as (cases, found):
        good = [case for case in cases if case.outcome.good]
        if good:
            check_state(good, found)
            check_foreign(good[0], found)
        return list(found)


def examine_growth(
    converter: Converter, sources: Iterable[Source], options: ConverterOptions
) -> list[Finding]:
    """Time and memory of larger files: this may take long."""
    with _cases(converter, sources, options) as (cases, found):
        for case in cases:
            if case.outcome.reports and not case.source.is_folder:
                check_growth(case, found)
        return list(found)


@contextmanager
def _cases(
    converter: Converter, sources: Iterable[Source], options: ConverterOptions
) -> Iterator[tuple[list[Case], Findings]]:
    with tempfile.TemporaryDirectory(prefix="stationmaster-trial-", ignore_cleanup_errors=True) as folder:
        yield [Case(converter, source, options, Path(folder)) for source in sources], Findings()


def _sample(case: Case, found: Findings) -> None:
    outcome = case.outcome
    if outcome.refused:
        found.error(
            "refused",
            f"The file is refused: {outcome.why}",
            file=case.file,
            next_step="If that is right, it is no sample of this converter; else mend the converter.",
        )
        return
    if not outcome.good:
        found.error(
            "crash",
            closed(f"convert() fails with {outcome.why}"),
            file=case.file,
            next_step="See the traceback: stationmaster converter test FILE --converter NAME",
        )
        return
    if not outcome.reports and outcome.resume is None:
        found.error("no-report", "The file becomes no report.", file=case.file)
        return
    check_detection(case, found)
    for check in (*_OF_A_SAMPLE, *(_OF_A_FOLDER if case.source.is_folder else _OF_A_FILE)):
        check(case, found)
