"""What a converter does beside yielding reports: does it keep things, print, read or write elsewhere?"""

from __future__ import annotations

import copy

import msgspec

from stationmaster.api.converter import Converter, ConverterOptions, HasOptions, Source
from stationmaster.api.trial.case import Case, Outcome, convert, words
from stationmaster.api.trial.finding import Findings
from stationmaster.api.trial.surroundings import Surroundings
from stationmaster.api.trial.watch import Watch
from stationmaster.sentence import closed


def check_habits(case: Case, found: Findings) -> None:
    """Convert the sample once more and look at all that is not a report."""
    options = copy.deepcopy(case.options)
    with Watch(case.source.path) as watch:
        outcome = case.run()
    _kept(found, case, Surroundings.of(case.converter))
    if case.options != options:
        found.error("options", "convert() changes its options.", next_step="They are the same for all files.")
    if outcome.printed.strip():
        found.warning(
            "prints",
            f"The converter prints: {outcome.printed.strip().splitlines()[0][:80]!r}.",
            file=case.file,
            next_step="Nobody sees it unless the file fails; tell people things with report.warn().",
        )
    _touched(found, case, watch)
    _equal(found, case, outcome)


def check_state(cases: list[Case], found: Findings) -> None:
    """Convert A, B, A with one and the same converter: both A must be equal."""
    for number, case in enumerate(cases[:8]):
        other = cases[(number + 1) % len(cases)]
        source = other.source if other is not case else _half(case)
        converter = case.fresh()
        first = convert(converter, case.source, case.options)
        convert(converter, source, case.options)
        again = convert(converter, case.source, case.options)
        if first.good and (again.bodies != first.bodies or again.why != first.why):
            found.error(
                "state",
                "Converted again after another file, this file gives "
                + (closed(f"an error: {again.why}") if again.error else "other reports."),
                file=case.file,
                next_step="Keep nothing between two files: make what a file needs in convert().",
            )


def _half(case: Case) -> Source:
    """Another source of the same kind: half of the file, or the folder with nothing in it."""
    return (
        case.copied(lambda _: False)
        if case.source.is_folder
        else case.variant(case.content[: len(case.content) // 2])
    )


def check_options(converter: Converter, found: Findings) -> None:
    """Options have defaults, and unknown ones are refused."""
    kind: type[ConverterOptions] = (
        converter.options_type if isinstance(converter, HasOptions) else ConverterOptions
    )
    try:
        kind()
    except Exception as error:  # noqa: BLE001 - a missing default, or a check of the author's own
        found.note(
            "options",
            closed(f"The options cannot be left out: {words(error)}"),
            next_step="Give each option a default, where one makes sense.",
        )
    try:
        msgspec.convert({"no_such_option": 1}, kind)
    except (msgspec.ValidationError, TypeError):
        return
    found.warning(
        "options",
        "An unknown option is not refused: a typing error in the settings would go unnoticed.",
        next_step="Leave forbid_unknown_fields as ConverterOptions has it.",
    )


def _equal(found: Findings, case: Case, again: Outcome) -> None:
    first = case.outcome
    if again.bodies != first.bodies:
        found.error(
            "not-repeatable",
            "Converted twice, the file gives other reports.",
            file=case.file,
            next_step="Take no clock, no random number and no order of a set into a report.",
        )
    elif [one.record for one in again.reports] != [one.record for one in first.reports]:
        found.error(
            "not-repeatable",
            "Converted twice, report.record differs: each conversion would be sent as new reports.",
            file=case.file,
            next_step="Take the record from the file's bytes and nothing else.",
        )


def _touched(found: Findings, case: Case, watch: Watch) -> None:
    for path in sorted(watch.written):
        found.error(
            "writes",
            f"The converter writes to {path}.",
            file=case.file,
            next_step="A converter reads its source and yields reports; attach what belongs to them.",
        )
    for path in sorted(watch.read):
        found.error(
            "reads-elsewhere",
            f"The converter reads {path}, which is not its source.",
            file=case.file,
            next_step="Put what it needs into options: that file may be missing or another one tomorrow.",
        )
    for done in sorted(watch.done):
        found.error("system", f"The converter {done}.", file=case.file, next_step="Leave the system alone.")


def _kept(found: Findings, case: Case, now: Surroundings) -> None:
    """What is not as it was before the first conversion."""
    for who, name in case.before.kept_by(now):
        found.warning(
            "global-state",
            f"{who} changes {name} while it converts.",
            next_step="Make it in convert(), or leave it as it is: the next file finds it changed.",
        )
    for what in case.before.changed_in(now):
        found.error(
            "global-state",
            f"The converter changes {what} of the process.",
            file=case.file,
            next_step="Other converters run in the same process after it.",
        )
