"""Rows of many measurements: what is no number keeps its limits and its verdict, or is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.oracle import told
from stationmaster.api import ConversionError, Report, Station
from stationmaster.api.testing import convert_file
from stationmaster.converters.mapping import mapping_class
from stationmaster.converters.mapping.load import read_mapping

MAPPING = """
kind = "table"
table.delimiter = ";"
verdict = "steps"
[header]
sn = "sn"
pn = { value = "P" }
process = 10
[[step]]
wide = { keys = ["sn"], limit = "Limit$", verdict = "Result" }
"""
LIMITS = "sn;Gain;Gain Limit;Offset"


def made(content: str, tmp_path: Path, marks: str = "") -> Report:
    path = tmp_path / "a.csv"
    path.write_text(content, encoding="utf-8")
    converter = mapping_class(read_mapping(marks + MAPPING, "m.toml"), "m")()
    [report] = convert_file(converter, path, station=Station(name="T"))
    return report


def lines(content: str, tmp_path: Path, marks: str = "") -> list[str]:
    """Steps and measurements, without the sequence that they stand in."""
    return [line.removeprefix("A1 / ") for line in told(made(content, tmp_path, marks))[1:]]


@pytest.mark.parametrize(("value", "marks"), [("1,5", ""), ("1.234,5", ""), ("1.5", 'decimal = ","\n')])
def test_a_number_with_other_marks_is_refused_where_it_has_limits(
    value: str, marks: str, tmp_path: Path
) -> None:
    with pytest.raises(ConversionError, match=r"line 2, column 'Gain': '.*' is no number"):
        made(f"{LIMITS}\nA1;{value};<1;3\n", tmp_path, marks)


def test_a_word_with_limits_and_no_verdict_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ConversionError, match="line 2, column 'Gain': 'OVERLOAD' has limits and no"
    ) as caught:
        made(f"{LIMITS}\nA1;OVERLOAD;<1;3\n", tmp_path)
    assert "`missing`" in caught.value.next_step
    assert lines(f"{LIMITS}\nA1;OVERLOAD;<1;3\n", tmp_path, 'missing = ["overload"]\n') == [
        "Offset: ET_NLT P",
        "Offset = 3 LOG P",
    ]


@pytest.mark.parametrize("value", ["9.99E+37", "---"])
def test_a_value_that_is_none_is_an_error_where_it_has_limits(value: str, tmp_path: Path) -> None:
    report = made(f"{LIMITS}\nA1;{value};<1;3\n", tmp_path)
    assert [line.removeprefix("A1 / ") for line in told(report)[:3]] == [
        "A1: SequenceCall E",
        "Gain: ET_PFT E",
        "Gain = E",
    ]
    assert report.data["result"] == "E"
    gain = report.root.steps[0].data["steps"][0]
    assert gain["reportText"] == f"no value: {value}\nlimits LT 1"


@pytest.mark.parametrize(
    ("own", "row", "status"),
    [("FAIL", "FAIL", "F"), ("PASS", "PASS", "P"), ("", "FAIL", "F"), ("", "PASS", "P")],
)
def test_a_word_keeps_its_verdict_and_its_limits(own: str, row: str, status: str, tmp_path: Path) -> None:
    content = f"sn;Gain;Gain Limit;Gain Result;Offset;Result\nA1;OVERLOAD;<1;{own};3;{row}\n"
    report = made(content, tmp_path)
    assert f"A1 / Gain = OVERLOAD LOG {status}" in told(report)
    assert report.root.steps[0].data["steps"][0]["reportText"] == "limits LT 1"
    assert report.warnings[:1] == [
        "a value with limits or a verdict is no number: it is a text with its verdict (line 2, column 'Gain')"
    ]


def test_one_that_failed_because_of_a_word_leaves_the_others_passed(tmp_path: Path) -> None:
    content = "sn;Flat 1;Flat 2;Flat Result(+-4);Result\nA1;OVL;2;FAIL;FAIL\n"
    assert lines(content, tmp_path)[1::2] == ["Flat 1 = OVL LOG F", "Flat 2 = 2 GELE -4 4 P"]


def test_limits_in_a_name_are_those_of_the_columns_that_it_names(tmp_path: Path) -> None:
    columns = "sn;Temp;Max Power;EVM;Power & EVM Result [>=23] [<=-25];Result"
    assert lines(f"{columns}\nA1;40;OVL;-30;FAIL;FAIL\n", tmp_path)[1::2] == [
        "Temp = 40 LOG D",
        "Max Power = OVL LOG F",
        "EVM = -30 LE -25 P",
    ]


def test_texts_without_limits_or_verdict_stay_the_text_of_the_row(tmp_path: Path) -> None:
    report = made("sn;Mode;Gain;Note;Result\nA1;auto;1.5;1,5;PASS\n", tmp_path)
    assert told(report)[1:] == ["A1 / Gain: ET_NLT P", "A1 / Gain = 1.5 LOG P"]
    assert report.root.steps[0].data["reportText"] == "Mode: auto; Note: 1,5"
    assert not any("no number" in warning for warning in report.warnings)


def test_a_hole_in_a_vector_keeps_its_place_and_fails_its_limits(tmp_path: Path) -> None:
    assert lines(f"{LIMITS}\nA1;[0.5 9.99E+37 0.7];<1;[1 --- 3]\n", tmp_path) == [
        "Gain: ET_MNLT F",
        "Gain / 1 = 0.5 LT 1 P",
        "Gain / 2 = NaN LT 1 F",
        "Gain / 3 = 0.7 LT 1 P",
        "Offset: ET_MNLT P",
        "Offset / 1 = 1 LOG P",
        "Offset / 2 = NaN LOG P",
        "Offset / 3 = 3 LOG P",
    ]


def test_limits_in_a_name_have_the_unit_of_the_values(tmp_path: Path) -> None:
    columns = "sn;Power [mW];Power Result [<1W];Result"
    with pytest.raises(ConversionError, match=r"line 2, column 'Power \[mW\]': the unit 'mW' differs"):
        lines(f"{columns}\nA1;40;PASS;PASS\n", tmp_path)
    assert lines(f"{columns.replace('1W', '1000mW')}\nA1;40;PASS;PASS\n", tmp_path)[1] == (
        "Power [mW] = 40 mW LT 1000 P"
    )


def test_limits_in_a_name_judge_where_the_verdict_is_empty(tmp_path: Path) -> None:
    columns = "sn;Gain;Gain Result [<1];Result"
    assert lines(f"{columns}\nA1;5;;\n", tmp_path) == ["Gain: ET_NLT F", "Gain = 5 LT 1 F"]
    with pytest.raises(ConversionError, match="line 2, column 'Gain': 'OVL' has limits and no verdict"):
        lines(f"{columns}\nA1;OVL;;\n", tmp_path)


def test_limits_in_a_line_of_their_own_count_for_a_value_that_is_none(tmp_path: Path) -> None:
    lined = MAPPING.replace(
        'delimiter = ";"', 'delimiter = ";"\ntable.header = "^sn"\ntable.high_row = ";max"'
    )
    path = tmp_path / "a.csv"
    path.write_text("sn;Mode;Gain;Offset\n;max;1;\nA1;auto;9.99E+37;3\n", encoding="utf-8")
    converter = mapping_class(read_mapping(lined, "m.toml"), "m")()
    [report] = convert_file(converter, path, station=Station(name="T"))
    assert told(report)[1:3] == ["A1 / Gain: ET_PFT E", "A1 / Gain = E"]
    assert report.root.steps[0].data["reportText"] == "Mode: auto"
