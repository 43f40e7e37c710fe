"""Numbers of mappings: thousands that are separated are read as the mapping says, never guessed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.oracle import told
from stationmaster.api import ConversionError, Station, at_most, between
from stationmaster.api.number import Decimal
from stationmaster.api.testing import convert_file
from stationmaster.converters.mapping import mapping_class
from stationmaster.converters.mapping.limits import read_limits
from stationmaster.converters.mapping.load import read_mapping
from stationmaster.converters.mapping.numeral import Numeral, Thousands, grouped_by

MAPPING = """
kind = "table"
table.delimiter = ";"
[header]
sn = "sn"
pn = { value = "P" }
process = 10
[[step]]
name = "name"
value = "value"
"""


def steps(marks: str, value: str, tmp_path: Path) -> list[str]:
    path = tmp_path / "a.csv"
    path.write_text(f"sn;name;value\nA1;u;{value}\n", encoding="utf-8")
    converter = mapping_class(read_mapping(marks + MAPPING, "m.toml"), "m")()
    [report] = convert_file(converter, path, station=Station(name="T"))
    return told(report)


@pytest.mark.parametrize(
    ("decimal", "thousands", "text", "value"),
    [
        (".", ",", "1,234.5", 1234.5),
        (".", ",", "-1,234,567", -1234567),
        (".", ",", "1,234", 1234),
        (".", ",", "12.5", 12.5),
        (".", ",", "1,234.5e3", 1234500),
        (",", ".", "1.234,5", 1234.5),
        (",", ".", "1.234", 1234),
        (",", ".", "0,5", 0.5),
        (",", " ", "1 234,5", 1234.5),
        (",", " ", "1\u00a0234\u202f567,5", 1234567.5),
        ("auto", " ", "1 234,5", 1234.5),
        (".", "'", "1'234.5", 1234.5),
        (".", "'", "1\u2019234.5", 1234.5),
        (".", ",", "---", None),
        (".", ",", "", None),
        (".", "", "1234.5", 1234.5),
    ],
)
def test_numbers_are_read_by_their_marks(
    decimal: Decimal, thousands: Thousands, text: str, value: float | None
) -> None:
    assert Numeral(decimal, thousands).read(text) == value


@pytest.mark.parametrize(
    ("decimal", "thousands", "text"),
    [
        (",", ".", "1.5"),
        (".", ",", "1,5"),
        (".", ",", "0,125"),
        (".", ",", "1234,567"),
        (",", ".", "1.2345"),
        (".", "'", "1'23"),
        (",", "", "1.234"),
        (",", " ", "12.500"),
    ],
)
def test_numbers_with_other_marks_are_refused_and_are_no_texts(
    decimal: Decimal, thousands: Thousands, text: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        Numeral(decimal, thousands).read(text)
    if thousands != "'":
        marks = f'decimal = "{decimal}"\nthousands = "{thousands}"\n'
        with pytest.raises(ConversionError, match=f"line 2, step 'u': {re.escape(repr(text))} is no number"):
            steps(marks, text, tmp_path)


def test_a_version_is_a_text_all_the_same(tmp_path: Path) -> None:
    marks = 'decimal = ","\nthousands = "."\n'
    assert steps(marks, "1.2.3", tmp_path) == ["u: ET_SVT P", "u = 1.2.3 LOG P"]
    assert steps(marks, "12.345,5", tmp_path) == ["u: ET_NLT P", "u = 12345.5 LOG P"]


def test_limits_have_the_marks_too() -> None:
    assert read_limits("(1,000.5 - 2,000)", "", Numeral(".", ",")) == between(1000.5, 2000)
    assert read_limits("<= 12 000", "", Numeral(",", " ")) == at_most(12000)
    assert read_limits("1.000,5 +- 0,5", "", Numeral(",", ".")) == between(1000, 1001)


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("1,234.5", (".", ",")),
        ("1.234,5", (",", ".")),
        ("1.234.567", (",", ".")),
        ("1'234.5", (".", "'")),
        ("1'234,5", (",", "'")),
        ("1 234,5", (",", " ")),
        ("1 234", (".", " ")),
        ("1,234", None),
        ("1.5", None),
        ("a 123", None),
        ("", None),
    ],
)
def test_marks_are_told_where_they_are_sure(text: str, marks: tuple[Decimal, Thousands] | None) -> None:
    assert grouped_by(text) == marks


def test_a_number_that_is_not_read_says_which_marks_it_may_have(tmp_path: Path) -> None:
    with pytest.raises(ConversionError) as caught:
        steps('rows.kind = "numeric"\n', "1.234,5", tmp_path)
    assert 'decimal = ",", thousands = "."' in caught.value.next_step


@pytest.mark.parametrize(("decimal", "thousands"), [("auto", ","), (",", ","), (".", "."), ("auto", ".")])
def test_marks_that_could_be_either_are_refused(decimal: str, thousands: str) -> None:
    with pytest.raises(ConversionError, match="the decimal mark must be the other one"):
        read_mapping(f'decimal = "{decimal}"\nthousands = "{thousands}"\n{MAPPING}', "m.toml")


@given(st.integers(-(10**12), 10**12), st.sampled_from([(".", ","), (",", "."), (".", "'"), (",", " ")]))
def test_what_is_written_with_marks_is_read_back(value: int, marks: tuple[Decimal, Thousands]) -> None:
    decimal, thousands = marks
    text = f"{value:,}".replace(",", thousands)
    numeral = Numeral(decimal, thousands)
    assert numeral.read(text) == value
    assert numeral.read(f"{text}{decimal}25") == float(f"{value}.25")
