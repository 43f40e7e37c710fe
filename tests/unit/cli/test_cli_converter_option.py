"""`--option NAME=VALUE`: texts as they stand, others as TOML or JSON."""

from __future__ import annotations

from typing import Any

import pytest

from stationmaster.cli.converter_option import option_values
from stationmaster.control.trial_protocol import ConverterOption
from stationmaster.errors import ConfigError

KNOWN = {
    name: ConverterOption(name=name, kind=kind, choices=choices)
    for name, kind, choices in [
        ("part_number", "text", ()),
        ("process_code", "whole number", ()),
        ("attach_source", "bool", ()),
        ("decimal", "choice", (".", ",", "auto")),
        ("level", "choice", (1, 2)),
        ("paths", "list", ()),
        ("process_codes", "table", ()),
    ]
}


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("part_number=BRD-7", "BRD-7"),
        ("part_number=00123", "00123"),
        ("part_number=123", "123"),
        ("part_number=1e5", "1e5"),
        ("part_number=true", "true"),
        ("part_number=null", "null"),
        ("part_number=2026-03-02", "2026-03-02"),
        ("part_number=", ""),
        ("part_number=a=b", "a=b"),
        (r"part_number=(?P<pn>\d+)", r"(?P<pn>\d+)"),
        (r"part_number=[A-Z]+", "[A-Z]+"),
        ("part_number=[1]", "[1]"),
        ('part_number="BRD-7"', "BRD-7"),
        (r"part_number='QC\\(\d+)'", r"QC\\(\d+)"),
        (" process_code =10", 10),
        ("process_code=ten", "ten"),
        ("attach_source=true", True),
        ("attach_source=false", False),
        ("decimal=,", ","),
        ('decimal=","', ","),
        ("level=2", 2),
        ('paths=["a", "b"]', ["a", "b"]),
        (r"paths=['\d', '''x''']", [r"\d", "x"]),
        ('paths=[{"value": "a", "low": 4.75}]', [{"value": "a", "low": 4.75}]),
        ('paths=[{ value = "a", low = 4.75 }]', [{"value": "a", "low": 4.75}]),
        ('process_codes={"FCT": 10}', {"FCT": 10}),
        ("process_codes={ FCT = 10 }", {"FCT": 10}),
        ('process_codes={ "Final test" = 10 }', {"Final test": 10}),
        ("process_codes={ FCT = 10", "{ FCT = 10"),
        ("process_codes=1\nother = 2", "1\nother = 2"),
        ("unknown=10", 10),
        ("unknown=ten", "ten"),
        ("unknown=2026-03-02", "2026-03-02"),
    ],
)
def test_a_value_is_what_the_option_wants(word: str, value: Any) -> None:
    found = option_values([word], KNOWN)
    name = word.partition("=")[0].strip()
    assert found == {name: value}
    assert type(found[name]) is type(value)


def test_entries_of_a_table_are_set_one_by_one() -> None:
    words = ["process_codes.FCT=10", "process_codes.Final test=20", "process_codes.A.B=30"]
    found = option_values(words, KNOWN)
    assert found == {"process_codes": {"FCT": 10, "Final test": 20, "A.B": 30}}
    assert option_values(["process_codes={ ICT = 1 }", "process_codes.FCT=2"], KNOWN) == {
        "process_codes": {"ICT": 1, "FCT": 2}
    }


def test_an_option_needs_a_value_and_the_last_one_counts() -> None:
    with pytest.raises(ConfigError, match="--option part_number has no value") as caught:
        option_values(["part_number"], KNOWN)
    assert "NAME=VALUE" in caught.value.next_step
    assert option_values(["part_number=1", "part_number=2"], KNOWN) == {"part_number": "2"}
