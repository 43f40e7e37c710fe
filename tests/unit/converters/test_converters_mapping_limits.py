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
        ("1e-3", "", "looks like one number"),
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


# ---------------------------------------------------------------- comparisons, and values that are none
COMPARED = 'value = "value"\nlow = "low"\nhigh = "high"\ncomp = "comp"\n'


@pytest.mark.parametrize(
    ("row", "measured"),
    [
        ("3;0;5;LE", "u = 3 LE 5 P"),
        ("7;0;5;LT", "u = 7 LT 5 F"),
        ("3;;5;LE", "u = 3 LE 5 P"),
        ("3;5;;LE", "u = 3 LE 5 P"),
        ("3;5;5;LE", "u = 3 LE 5 P"),
        ("3;1;9;GE", "u = 3 GE 1 P"),
        ("3;3;0;EQ", "u = 3 EQ 3 P"),
        ("3;1;9;GELE", "u = 3 GELE 1 9 P"),
    ],
)
def test_a_comparison_takes_the_limit_of_its_side(row: str, measured: str, tmp_path: Path) -> None:
    content = f"sn;name;value;low;high;comp\nA1;u;{row}\n"
    assert lines(COMPARED, content, tmp_path)[1] == measured


@pytest.mark.parametrize("row", ["3;2;5;LE", "3;5;2;LT", "3;5;0;LE", "3;2;5;EQ", "3;0;3;NE"])
def test_two_limits_for_a_comparison_of_one_are_refused(row: str, tmp_path: Path) -> None:
    with pytest.raises(
        ConversionError, match=r"line 2, step.comp: \w\w takes one limit, and there are"
    ) as caught:
        lines(COMPARED, f"sn;name;value;low;high;comp\nA1;u;{row}\n", tmp_path)
    assert 'low = ""' in caught.value.next_step


@pytest.mark.parametrize(
    ("row", "step"),
    [
        ("9.99E+37;1;5;", "u: ET_PFT E"),
        ("---;1;5;", "u: ET_PFT E"),
        ("9.99E+37;;5;", "u: ET_PFT E"),
        ("9.99E+37;1;5;FAIL", "u: ET_PFT F"),
        (";1;5;", "u: ET_PFT S"),
    ],
)
def test_a_measured_value_that_is_no_number_is_not_within_limits(row: str, step: str, tmp_path: Path) -> None:
    rule = 'value = "value"\nlow = "low"\nhigh = "high"\nstatus = "ok"\n'
    made = lines(rule, f"sn;name;value;low;high;ok\nA1;u;{row}\nA1;v;1;;;PASS\n", tmp_path)
    assert made[0] == step


def test_a_measured_value_that_is_no_number_needs_limits_to_be_an_error(tmp_path: Path) -> None:
    made = lines(COMPARED, "sn;name;value;low;high;comp\nA1;u;---;;;LOG\nA1;v;---;1;5;GELE\n", tmp_path)
    assert made[::2] == ["u: ET_PFT S", "v: ET_PFT E"]


@pytest.mark.parametrize(("first", "then"), [("3", "false"), ("true", "5"), ("3", "abc"), ("abc", "3")])
def test_rows_of_several_kinds_under_one_name_are_refused(first: str, then: str, tmp_path: Path) -> None:
    rule = 'value = "value"\nmeasurement = "m"\n'
    with pytest.raises(ConversionError, match=r"line 3, step 'u': a row of kind '.*' under the same name"):
        lines(rule, f"sn;name;m;value\nA1;u;a;{first}\nA1;u;b;{then}\n", tmp_path)
