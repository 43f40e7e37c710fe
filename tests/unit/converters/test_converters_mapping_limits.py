"""Limits of mappings: what they mean is computed exactly, and what could mean two things is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.oracle import told
from stationmaster.api import ConversionError, Limits, Station, between
from stationmaster.api.limit import CompOp
from stationmaster.api.testing import convert_file
from stationmaster.converters.mapping import mapping_class
from stationmaster.converters.mapping.limits import UnclearError, read_limits
from stationmaster.converters.mapping.load import read_mapping
from stationmaster.converters.mapping.numeral import Numeral

HEAD = """
kind = "table"
table.delimiter = ";"
verdict = "steps"
[header]
sn = "sn"
pn = { value = "P" }
process = 10
[[step]]
name = "name"
"""


def lines(rule: str, content: str, tmp_path: Path) -> list[str]:
    """Steps and measurements of the only report."""
    path = tmp_path / "a.csv"
    path.write_text(content, encoding="utf-8")
    converter = mapping_class(read_mapping(HEAD + rule, "m.toml"), "m")()
    [report] = convert_file(converter, path, station=Station(name="T"))
    return told(report)


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("3.3 ± 5%", between(3.135, 3.465)),
        ("3.3V +/- 5 %", between(3.135, 3.465)),
        ("-10 +- 10%", between(-11, -9)),
        ("10e-12 ± 0.5e-12", between(9.5e-12, 10.5e-12)),
        ("3.2e-12 +/- 0.5e-12", between(2.7e-12, 3.7e-12)),
        ("5V ± 0.1V", between(4.9, 5.1)),
        ("1e-3 - 5", between(0.001, 5)),
        ("-10 - -5", between(-10, -5)),
        ("-10 - 5", between(-10, 5)),
        ("-10V-5V", between(-10, 5)),
        ("+4 - +8", between(4, 8)),
        ("+0.5/-0.3", between(-0.3, 0.5)),
        ("17 - 18 dB", between(17, 18)),
        ("5 \u00b5V - 6 \u03bcV", between(5, 6)),
        ("<5kHz", Limits(CompOp.LT, 5)),
        ("5% - 10%", between(5, 10)),
    ],
)
def test_limits_mean_what_is_written(text: str, limits: Limits) -> None:
    assert read_limits(text, "", Numeral()) == limits


@pytest.mark.parametrize(
    ("text", "unit", "told_why"),
    [
        ("± 5%", "", "what the percentage is of"),
        ("50 ± 5%", "%", "what the percentage is of"),
        ("50% ± 5%", "", "what the percentage is of"),
        ("1e-3", "", "'e' is no unit"),
        ("+0.5 -0.3", "", "what the signs mean"),
        ("+0.5 - 0.3", "", "what the signs mean"),
        ("-10 -5", "", "what the signs mean"),
        ("100mV - 1V", "", "'mV' and 'V' differ"),
        ("900mV..1.1V", "", "'mV' and 'V' differ"),
        ("5V ± 100mV", "", "'V' and 'mV' differ"),
        ("<5k", "", "'k' is no unit"),
        ("1 - 5M", "", "'M' is no unit"),
        ("1M ± 5%", "", "'M' is no unit"),
        ("900mV - 1100mV", "V", "'mV' differs from that of the value, 'V'"),
        ("< 1 kHz", "MHz", "'kHz' differs from that of the value, 'MHz'"),
        ("3.3kOhm ± 5%", "Ohm", "'kOhm' differs from that of the value, 'Ohm'"),
        ("1e999 ± 1", "", "too large"),
    ],
)
def test_limits_that_could_mean_two_things_are_refused(text: str, unit: str, told_why: str) -> None:
    with pytest.raises(UnclearError, match=told_why):
        read_limits(text, "", Numeral(), unit=unit)


@given(st.integers(-(10**6), 10**6), st.integers(0, 10**6), st.integers(-30, 30))
def test_a_tolerance_is_exact_at_any_size(middle: int, by: int, power: int) -> None:
    found = read_limits(f"{middle}e{power} ± {by}e{power}", "", Numeral())
    assert found == between(float(f"{middle - by}e{power}"), float(f"{middle + by}e{power}"))


def test_unclear_limits_are_told_with_their_place(tmp_path: Path) -> None:
    rule = 'value = "value"\nunit = "unit"\nlimits = { from = "limits" }\n'
    with pytest.raises(ConversionError) as caught:
        lines(rule, "sn;name;value;unit;limits\nA1;u;0.95;V;900mV..1100mV\n", tmp_path)
    assert str(caught.value).startswith("line 2, step.limits: '900mV..1100mV': the unit 'mV' differs")
    assert "in the unit of the value" in caught.value.next_step
    assert lines(rule, "sn;name;value;unit;limits\nA1;u;3.4;V;3.3 ± 5%\n", tmp_path)[1] == (
        "u = 3.4 V GELE 3.135 3.465 P"
    )


def test_unclear_limits_in_the_name_of_a_column_are_told(tmp_path: Path) -> None:
    rule = 'wide = { keys = ["sn"], verdict = "Result" }\n'
    with pytest.raises(ConversionError, match=r"column 'Gain Result \[<5k\]': '<5k': 'k' is no unit"):
        lines(rule, "sn;name;Gain;Gain Result [<5k];Result\nA1;u;7000;OK;OK\n", tmp_path)
    rule = 'wide = { keys = ["sn"], limit = "Limit$" }\n'
    with pytest.raises(ConversionError, match=r"line 2, column 'Gain Limit': '<900mV': the unit 'mV'"):
        lines(rule, "sn;name;Gain [V];Gain Limit\nA1;u;7;<900mV\n", tmp_path)
