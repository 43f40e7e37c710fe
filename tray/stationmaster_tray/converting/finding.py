"""PURE: what a dry run found, in words."""

from __future__ import annotations

from collections.abc import Iterator

from stationmaster.control.trial_protocol import Trial, TrialReport
from stationmaster_tray.in_window import in_window
from stationmaster_tray.report.wording import verdict
from stationmaster_tray.text import number, plural, tr
from stationmaster_tray.widgets.plain_table import Line


def heading(name: str, trial: Trial) -> str:
    """Would the file be taken? By sign and word."""
    if not trial.ok:
        return tr("✗ {name} would not be taken", name=name)
    return plural(
        trial.count, "✓ {name} would be taken: {count} report", "✓ {name} would be taken: {count} reports",
        name=name,
    )  # fmt: skip


def reader(trial: Trial) -> str:
    """Who read the file, how long that took, and that nothing came of it."""
    seconds = number(trial.seconds, 2)
    if trial.converter:
        name = f"{trial.converter} {trial.version}".strip()
        said = tr("Read by {converter} in {seconds} s.", converter=name, seconds=seconds)
    else:
        said = tr("No converter read it; that took {seconds} s.", seconds=seconds)
    return f"{said} {tr('A dry run: nothing was stored or sent.')}"


def candidates(trial: Trial) -> str:
    """How sure converters were that the file is theirs, "" where one alone was asked."""
    if not trial.candidates:
        return ""
    some = [one for one in trial.candidates if one.confidence > 0]
    if not some:
        return plural(
            len(trial.candidates),
            "One converter was asked: it does not know the file.",
            "{count} converters were asked: none knows the file.",
        )
    said = ", ".join(f"{one.converter} {number(one.confidence)}" for one in some)
    return tr("How sure the converters were, from 0 to 100: {said}", said=said)


def error(trial: Trial) -> Iterator[str]:
    """What went wrong, where, and what to do."""
    if trial.error is not None:
        yield trial.error.text
        if trial.error.place:
            yield tr("Place: {place}", place=trial.error.place)
        if trial.error.next_step:
            yield f"→ {in_window(trial.error.next_step)}"


def title(report: TrialReport, place: int, count: int) -> str:
    """One of the reports of a file."""
    said = " · ".join(word for word in (report.serial_number, report.part_number) if word)
    if count == 1:
        return f"{verdict(report.result)}  {said}"
    return tr(
        "{place} of {count}: {verdict}  {said}",
        place=number(place + 1),
        count=number(count),
        verdict=verdict(report.result),
        said=said,
    )


def findings(report: TrialReport) -> list[Line]:
    """Broken rules, errors first, then what the converter had to guess; `item` is the place."""
    found = [
        Line(
            cells=(
                tr("✗ Error") if one.severity == "error" else tr("! Warning"),
                one.place,
                one.text,
            ),
            colour="call" if one.severity == "error" else "calm",
            item=one.place,
        )
        for one in sorted(report.issues, key=lambda one: one.severity != "error")
    ]
    return found + [Line(cells=(tr("! Warning"), "", one), colour="calm") for one in report.warnings]


def as_text(name: str, trial: Trial, report: TrialReport | None) -> str:
    """The verdict and the findings as text."""
    lines = [heading(name, trial), reader(trial), candidates(trial), *error(trial)]
    if report is not None:
        lines += ("  ".join(cell for cell in one.cells if cell) for one in findings(report))
    elif trial.error is not None and trial.error.detail:
        lines += ["", trial.error.detail]
    return "\n".join(line for line in lines if line) + "\n"
