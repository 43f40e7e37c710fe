"""The built-in converters stand the trials that we ask of everybody's, with our files and with real ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from stationmaster.api.converter import Converter
from stationmaster.api.testing import Severity, check_converter
from stationmaster.convert.plugin import BUILT_INS, Plugins

DATA = Path(__file__).parents[2] / "data"
OPTIONS = {"part_number": "P-1", "process_code": 10, "serial_number_pattern": "(?P<sn>.+)"}

TESTERS_WORD = {"rule", "verdict-against-limits", "verdict-against-steps"}
"""Warnings that may come from what the tester wrote: its verdict is kept, even against the limits."""

OWN = {name: sorted((DATA / name).iterdir()) for name in BUILT_INS}
"""Some of these are spoilt on purpose: to be refused is right for them, as the converters' own tests show."""


def faults(name: str, files: list[Path]) -> list[str]:
    """What is wrong with a converter, apart from what its files are to blame for."""
    converter: Converter = Plugins().make(BUILT_INS[name])
    told = []
    for one in check_converter(converter, files, options=OPTIONS):
        fine = one.severity is Severity.NOTE or one.code == "refused"
        if not fine and not (one.severity is Severity.WARNING and one.code in TESTERS_WORD):
            told.append(str(one))
    return told


@pytest.mark.parametrize("name", list(BUILT_INS))
def test_with_our_files(name: str) -> None:
    assert faults(name, OWN[name]) == []


@pytest.mark.parametrize("name", list(BUILT_INS))
def test_with_real_files(corpus: Path, name: str) -> None:
    suffixes = {".json", ".xml", ".txt"}
    files = [path for path in sorted((corpus / name).rglob("*")) if path.suffix.lower() in suffixes]
    assert files
    assert faults(name, files) == []
