"""A folder as one source: what comes of it when one of its files is missing, or all of them are?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from stationmaster.api.trial.case import Case
from stationmaster.api.trial.finding import Findings

_MOST = 20
"""So many of its files are left out, one at a time."""


def check_folder(case: Case, found: Findings) -> None:
    """Convert copies of the folder: each must be taken, or refused with a sentence."""
    files = case.source.files()
    for missing in files[:_MOST]:
        name = missing.relative_to(case.source.path).as_posix()
        _try(case, found, f"Without {name}", keep=missing.__ne__)
    _try(case, found, "Without any file", keep=lambda _: False)


def _try(case: Case, found: Findings, without: str, *, keep: Callable[[Path], bool]) -> None:
    outcome = case.run(case.copied(keep))
    if outcome.good or outcome.refused:
        return
    found.error(
        "folder-incomplete",
        f"{without}, convert() fails with {outcome.why}.",
        file=case.file,
        next_step="Raise ConversionError with a sentence that names what is missing.",
    )
