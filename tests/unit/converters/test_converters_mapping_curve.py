"""Curves of mappings: columns of a section, a row of places and rows of heights, lists in one text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from stationmaster.api import ConversionError, Report, Station
from stationmaster.api.testing import convert_file
from stationmaster.converters.mapping import mapping_class
from stationmaster.converters.mapping.load import read_mapping

HEADER = '[header]\nsn = "sn"\npn = { value = "P" }\nprocess = 10\n'


def made(mapping: str, content: str, tmp_path: Path) -> Report:
    path = tmp_path / "a.txt"
    path.write_text(content, encoding="utf-8")
    converter = mapping_class(read_mapping(mapping, "m.toml"), "m")()
    [report] = convert_file(converter, path, station=Station(name="T"))
    return report


def charts(report: Report) -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    """Name and verdict of each chart, and of each of its lines name, places and heights."""
    found = []
    for step in report.steps():
        chart: dict[str, Any] | None = step.data.get("chart")
        if chart is not None:
            lines = [(one["name"], one["xdata"], one["ydata"]) for one in chart["series"]]
            found.append((step.name, str(step.data["status"]), lines))
    return found


# ---------------------------------------------------------------- columns of a section
SECTIONS = f"""
kind = "table"
[table]
delimiter = ";"
sections = true
head_sections = ["General"]
{HEADER}
[[step]]
when = {{ section = "Limits" }}
name = "name"
value = "value"
[[step]]
name = "section"
kind = "curve"
x = "Frequency"
points = ".*"
x_unit = {{ value = "Hz" }}
unit = {{ value = "Ohm" }}
"""


def test_each_column_of_a_section_is_a_line(tmp_path: Path) -> None:
    text = (
        "General\nsn;date\nA1;x\n"
        "Impedance\nFrequency;Left;Right\n20;7.5;7.25\n50;-;8\n100;9;\n"
        "Limits\nname;value\nre;3.5\n"
        "Response\nFrequency;Level\n20;80\n"
    )
    report = made(SECTIONS, text, tmp_path)
    assert charts(report) == [
        ("Impedance", "D", [("Left", "20;100", "7.5;9"), ("Right", "20;50", "7.25;8")]),
        ("Response", "D", [("Level", "20", "80")]),
    ]
    [impedance] = [step for step in report.steps() if step.name == "Impedance"]
    assert (impedance.data["chart"]["xUnit"], impedance.data["chart"]["yUnit"]) == ("Hz", "Ohm")
    with pytest.raises(ConversionError, match="line 6, Level: 'loud' is no number"):
        made(SECTIONS, "General\nsn;d\nA1;x\nR\nFrequency;Level\n20;loud\n", tmp_path)


# ---------------------------------------------------------------- a row of places, rows of heights
ROWS = f"""
kind = "table"
table.delimiter = ";"
table.extra = "keep"
{HEADER}
[[step]]
when = {{ what = "x" }}
kind = "axis"
points = '\\d+'
[[step]]
when = {{ what = "y" }}
kind = "curve"
name = "name"
points = '\\d+'
status = "ok"
[[step]]
name = "name"
value = "4"
"""


def rows(*lines: str) -> str:
    return "sn;what;name;ok\n" + "".join(f"A1;{line}\n" for line in lines)


def test_a_row_of_heights_stands_where_the_axis_before_it_says(tmp_path: Path) -> None:
    mapping = ROWS.replace('value = "4"', 'value = "5"')
    first = ("x;;;20;50;100;;", "y;Level;PASS;80;;82", "y;THD;FAIL;1;2;;;;", "m;re;;3.5")
    text = rows(*first, "x;;;1;2", "y;Q;;5;6")
    assert charts(made(mapping, text, tmp_path)) == [
        ("Level", "P", [("Level", "20;100", "80;82")]),
        ("THD", "F", [("THD", "20;50", "1;2")]),
        ("Q", "D", [("Q", "1;2", "5;6")]),
    ]
    assert [step.name for step in made(mapping, text, tmp_path).steps()][1:] == ["Level", "THD", "re", "Q"]


def test_heights_of_one_name_are_a_chart_each_or_lines_of_one(tmp_path: Path) -> None:
    text = "sn;what;name;ok;part\nA1;x;;;;1;2\nA1;y;Z;;L;5;6\nA1;y;Z;;R;7;8\n"
    assert charts(made(ROWS, text, tmp_path)) == [
        ("Z", "D", [("Z", "1;2", "5;6")]),
        ("Z", "D", [("Z", "1;2", "7;8")]),
    ]
    together = ROWS.replace('name = "name"\npoints', 'name = "name"\nmeasurement = "part"\npoints')
    assert charts(made(together, text, tmp_path)) == [("Z", "D", [("L", "1;2", "5;6"), ("R", "1;2", "7;8")])]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (("y;Level;;1;2",), "line 2: nothing says where the points of this curve stand"),
        (("x;;;1;2", "y;Level;;1;2;3"), "3 points of 'Level' have 2 places"),
        (("x;;;1;2", "y;Level;;1"), "1 points of 'Level' have 2 places"),
        (("x;;;1;two",), "line 2, 6: 'two' is no number"),
        (("x;;;1;2",), "no row became a step"),
    ],
)
def test_points_without_their_places_are_refused(lines: tuple[str, ...], says: str, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=re.escape(says)):
        made(ROWS, rows(*lines), tmp_path)


def test_lines_with_a_word_at_the_beginning_hold_curves_too(tmp_path: Path) -> None:
    mapping = f"""
    kind = "table"
    table.delimiter = ";"
    table.extra = "keep"
    table.record.U = {{ role = "start", columns = ["sn"] }}
    table.record.X = {{ columns = ["name"] }}
    table.record.Y = {{ columns = ["name"] }}
    {HEADER}
    [[step]]
    when = {{ name = "Hz" }}
    kind = "axis"
    points = '\\d+'
    [[step]]
    kind = "curve"
    name = "name"
    points = '\\d+'
    """
    report = made(mapping, "U;A1\nX;Hz;20;50\nY;Level;80;81\n", tmp_path)
    assert charts(report) == [("Level", "D", [("Level", "20;50", "80;81")])]


# ---------------------------------------------------------------- lists in one text
def test_json_and_xml_have_lists_of_points(tmp_path: Path) -> None:
    json = f"""
    kind = "json"
    {HEADER}
    [[step]]
    each = "curves[*]"
    kind = "curve"
    name = "name"
    x = "hz"
    value = "db"
    """
    text = '{"sn": "A1", "curves": [{"name": "Level", "hz": [20, 50.5], "db": [80, 81]}]}'
    assert charts(made(json, text, tmp_path)) == [("Level", "D", [("Level", "20;50.5", "80;81")])]
    xml = json.replace("json", "xml").replace("curves[*]", "Curve").replace('"name"', '"@name"')
    text = "<U><sn>A1</sn><Curve name='Level'><hz>20 50</hz><db>[80; 81]</db></Curve></U>"
    assert charts(made(xml, text, tmp_path)) == [("Level", "D", [("Level", "20;50", "80;81")])]
    with pytest.raises(ConversionError, match="1 points of 'Level' have 2 places"):
        made(xml, text.replace("; 81", ""), tmp_path)


def test_blanks_between_thousands_separate_no_points(tmp_path: Path) -> None:
    mapping = f"""
    kind = "table"
    thousands = " "
    {HEADER}
    [[step]]
    kind = "curve"
    name = "name"
    x = "x"
    value = "y"
    """
    text = "sn,name,x,y\nA1,Level,20; 1 000,80;81\n"
    assert charts(made(mapping, text, tmp_path)) == [("Level", "D", [("Level", "20;1000", "80;81")])]


@pytest.mark.parametrize(
    ("kind", "rule", "says"),
    [
        ("table", 'kind = "curve"\nname = "n"', "neither `points` nor `value` says what the points are"),
        ("table", 'kind = "axis"', "neither `points` nor `value`"),
        ("json", 'each = "a"\nkind = "curve"\nname = "n"\npoints = "a"', "`points` names columns, and json"),
        ("table", 'kind = "curve"\nname = "n"\npoints = "("', "step 1.points: '(' is no regular expression"),
    ],
)
def test_what_a_curve_lacks_is_said(kind: str, rule: str, says: str) -> None:
    with pytest.raises(ConversionError, match=re.escape(says)):
        read_mapping(f'kind = "{kind}"\n[[step]]\n{rule}\n', "m.toml")
