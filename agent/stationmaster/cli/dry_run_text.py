"""A dry run in words: what a file would become."""

from __future__ import annotations

import msgspec

from stationmaster.cli.output import console, say
from stationmaster.cli.tree import report_tree
from stationmaster.convert.dry_run import DryReport, DryRun
from stationmaster.convert.job import Failed


def show_dry_run(outcome: DryRun) -> None:
    """Its reports as trees, or why there are none."""
    for failure in outcome.failures:
        say(f"✗ {failure.subject}: {failure.text}")
    if outcome.trouble is not None:
        say(f"✗ {outcome.why}")
        if isinstance(outcome.trouble, Failed) and outcome.trouble.detail:
            say(outcome.trouble.detail)
        say(f"  → {outcome.next_step}")
        return
    confidence = ", ".join(f"{name} {value}" for name, value in outcome.confidences.items() if value)
    say(
        f"{outcome.converter} makes {outcome.count} report{'' if outcome.count == 1 else 's'}"
        + (f" (confidence: {confidence})." if confidence else ".")
    )
    for one in outcome.reports:
        _show_report(one)
    if outcome.count > len(outcome.reports):
        say(f"... and {outcome.count - len(outcome.reports)} more.")


def _show_report(one: DryReport) -> None:
    console().print(report_tree(msgspec.json.decode(one.payload), report_id=one.meta.report_id))
    for issue in one.issues:
        mark = "✗" if issue.severity == "error" else "!"
        say(f"  {mark} {issue.place}: {issue.text}")
    for warning in one.meta.warnings:
        say(f"  ! {warning}")
