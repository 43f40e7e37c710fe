"""The built-in converters stand the trials that we ask of everybody's, with our files and with real ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from corpus.oracle import Oracle, oracles
from fakes.optional import skip_without
from stationmaster.api.converter import Converter
from stationmaster.api.testing import Severity, check_converter
from stationmaster.convert.built_in import BUILT_INS
from stationmaster.convert.plugin import Plugins

DATA = Path(__file__).parents[2] / "data"
OPTIONS = {"part_number": "P-1", "process_code": 10, "serial_number_pattern": "(?P<sn>.+)"}

TESTERS_WORD = {"rule", "verdict-against-limits", "verdict-against-steps"}
"""Warnings that may come from what the tester wrote: its verdict is kept, even against the limits."""

NO_END = {"fct-csv", "litepoint-csv"}
"""Formats with neither an end mark nor a count: cut between two rows, nobody can tell. The pages say so."""

MOST, MANY = 100_000, 8
"""Larger files and more of them only take longer: a trial converts each of them dozens of times."""

PACKED = {".gz", ".bz2"}
"""Such files are many times as large as they look."""

OWN = {name: sorted((DATA / name).iterdir()) for name in BUILT_INS}
"""Some of these are spoilt on purpose: to be refused is right for them, as the converters' own tests show."""


def faults(name: str, files: list[Path], options: dict[str, Any]) -> list[str]:
    """What is wrong with a converter, apart from what its files are to blame for."""
    skip_without(name)
    converter: Converter = Plugins().make(BUILT_INS[name])
    told = []
    for one in check_converter(converter, files, options=options):
        fine = one.severity is Severity.NOTE or one.code == "refused"
        fine |= one.code == "half-written" and name in NO_END
        if not fine and not (one.severity is Severity.WARNING and one.code in TESTERS_WORD):
            told.append(str(one))
    return told


@pytest.mark.parametrize("name", list(BUILT_INS))
def test_with_our_files(name: str) -> None:
    assert faults(name, OWN[name], OPTIONS) == []


@pytest.mark.parametrize("oracle", oracles(), ids=lambda oracle: oracle.folder)
def test_with_real_files(corpus: Path, oracle: Oracle) -> None:
    good = [file for file in oracle.file if file.reports]
    files = [corpus / oracle.folder / file.path for file in good]
    files = [path for path in files if path.suffix not in PACKED]
    files = sorted(
        (path for path in files if path.stat().st_size < MOST), key=lambda path: path.stat().st_size
    )
    shared = OPTIONS | oracle.options | {key: value for file in good for key, value in file.options.items()}
    assert faults(oracle.converter, files[:MANY], shared) == []
