"""A dry run in words: what a file would become."""

from __future__ import annotations

import re

import msgspec

from stationmaster.cli.output import console, say
from stationmaster.cli.tree import report_tree
from stationmaster.convert.dry_run import DryReport, DryRun
from stationmaster.convert.job import Failed
from stationmaster.convert.scaffold import quoted

_NO_CODE = re.compile(r"operation (['\"])(?P<name>.+?)\1 has no code")


def show_dry_run(outcome: DryRun, *, step: str = "") -> None:
    """Its reports as trees, or why there are none.

    Args:
        step: what to do about one that would not be taken, where that is known better here.
    """
    if outcome.trouble is not None:
        _show_trouble(outcome, step or outcome.next_step)
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
    if step and not outcome.ok:
        say(f"  → {step}")


def _show_trouble(outcome: DryRun, step: str) -> None:
    say(f"✗ {outcome.why}")
    if isinstance(outcome.trouble, Failed) and outcome.trouble.detail:
        say(outcome.trouble.detail.rstrip())
    say(f"  → {step}")
    if found := _NO_CODE.search(outcome.why):
        option = quoted("--option", f"process_codes.{found['name']}=10")
        say(f"  → Here: {quoted('--converter', outcome.converter)} {option}, with its code for 10")
    if not outcome.converter and not outcome.broken:
        for failure in outcome.failures:  # it may have been meant for this file
            say(f"  ! {failure.text}")


def _show_report(one: DryReport) -> None:
    console().print(report_tree(msgspec.json.decode(one.payload), report_id=one.meta.report_id))
    for issue in one.issues:
        mark = "✗" if issue.severity == "error" else "!"
        say(f"  {mark} {issue.place}: {issue.text}")
    for warning in one.meta.warnings:
        say(f"  ! {warning}")
