"""Decimal commas: the same file with commas gives the same numbers by the option, or is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from stationmaster.api import ConversionError, Converter
from stationmaster.api.testing import convert_file
from stationmaster.convert.built_in import BUILT_INS
from stationmaster.convert.plugin import Plugins, options_type

DATA = Path(__file__).parents[2] / "data"
POINT = re.compile(rb"(?<=[0-9])\.(?=[0-9])")
OPTIONS: dict[str, Any] = {"process_code": 10, "part_number": "P-1"}
EITHER = {"fct-csv", "stepwize", "teststand-xml", "tdms"}
"""They take a comma for the mark where a number has one and no point: nothing else can be meant there."""
FIXED = {
    "wsjf": "JSON",
    "wsxf": "the schema's type double",
    "atml": "the schema's type double",
    "openhtf": "JSON",
    "junit": "the schema's type decimal; properties are written by programs",
    "xjtag": "an XML of its own; measured values are found in texts by your expression",
    "saki-aoi": "no measured numbers",
    "viscom-aoi": "no measured numbers",
    "sigmaquest-xml": "the schema's type double",
    "ipc-cfx": "JSON",
    "robot": "what Python writes",
    "litepoint-csv": "a comma parts the columns",
    "stdf": "binary",
}
"""The grammar fixes the point."""


def converter(name: str) -> Converter:
    return Plugins().make(BUILT_INS[name])


def test_each_converter_has_the_option_or_needs_none() -> None:
    having = {name for name in BUILT_INS if "decimal" in options_type(converter(name)).__struct_fields__}
    assert not having & (EITHER | FIXED.keys())
    assert having | EITHER | FIXED.keys() == BUILT_INS.keys()


def numbers(name: str, path: Path, **options: Any) -> list[Any]:
    return [
        [step.data.get("numericMeas"), step.status]
        for report in convert_file(converter(name), path, options=OPTIONS | options)
        for step in report.steps()
    ]


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("i3070", "one_board.ict"),
        ("i3070", "failed_board.ict"),
        ("takaya", "tab_panel.ATD"),
        ("takaya", "quoted.ATD"),
        ("takaya", "retested.atdx"),
        ("teradyne-gr228x", "one_unit.LOG"),
        ("teradyne-spectrum", "passed.txt"),
        ("wstf", "one_unit.txt"),
        ("spea-3030", "one_board.csv"),
        ("ict-text", "passed.txt"),
    ],
)
def test_commas_give_the_same_numbers_by_the_option(tmp_path: Path, name: str, file: str) -> None:
    given, path = DATA / name / file, tmp_path / file
    path.write_bytes(POINT.sub(b",", given.read_bytes()))
    wanted = numbers(name, given)
    assert any(rows for rows, _ in wanted)
    assert numbers(name, path, decimal=",") == wanted
    with pytest.raises(ConversionError, match=r"option decimal|decimal mark|is no number"):
        numbers(name, path)


@pytest.mark.parametrize(
    ("name", "file"),
    [("fct-csv", "board.csv"), ("stepwize", "every_kind.xspc"), ("teststand-xml", "board.xml")],
)
def test_either_mark_gives_the_same_numbers(tmp_path: Path, name: str, file: str) -> None:
    given, path = DATA / name / file, tmp_path / file
    # numbers alone: versions of XML and of programs, and dates, have points, too
    number = re.compile(rb"(?<=[>;])([-+]?[0-9]+)\.([0-9]+(?:[eE][-+]?[0-9]+)?)(?=[<;])")
    commas, count = number.subn(rb"\1,\2", given.read_bytes())
    assert count > 2
    path.write_bytes(commas)
    assert numbers(name, path) == numbers(name, given)
