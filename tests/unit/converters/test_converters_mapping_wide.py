"""Wide tables: limits and units in lines of their own, the column with the serial number."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.mapped import doubts, made, proposed
from corpus.oracle import told
from stationmaster.api import ConversionError
from stationmaster.converters.mapping.load import MappingError, read_mapping

LIMIT_ROWS = """"Station","FCT-07"
"Lot","L-88"

Unit ID,Date Time,Tester,Vout [V],Iout [mA],Noise (mVrms),Overall
,min,,4.75,50,0,
,max,,5.25,120,,
,unit,,,,mVrms,
SN-9001,11/28/2026 8:15 AM,kim,5.01,88,0.7,PASS
SN-9002,11/28/2026 8:17 AM,kim,5.55,89,0.7,FAIL
"""


def test_lines_of_limits_and_units_are_those_of_the_columns(tmp_path: Path) -> None:
    mapping, reports = proposed(LIMIT_ROWS, tmp_path)
    assert [(one.sn, one.data["result"]) for one in reports] == [("SN-9001", "P"), ("SN-9002", "F")]
    assert reports[0].data["start"].startswith("2026-11-28T08:15:00")
    assert 'station = "Station"' in mapping
    assert [line for line in told(reports[1]) if " = " in line] == [
        "kim / Vout [V] = 5.55 V GELE 4.75 5.25 F",
        "kim / Iout [mA] = 89 mA GELE 50 120 P",
        "kim / Noise (mVrms) = 0.7 mVrms GE 0 P",
    ]
    assert "serial number" not in doubts(mapping)


MAPPING = """
kind = "table"
header.sn = "sn"
table = { header = "^sn", low_row = "^LO", high_row = "^HI" }
[[step]]
wide.keys = ["sn"]
"""


def test_lines_of_limits_may_stand_above_the_names(tmp_path: Path) -> None:
    [report] = made(MAPPING, "LO,4\nHI,6,2\nsn,u,i\nA1,7,1\n", tmp_path)
    assert told(report)[2::2] == ["A1 / u = 7 GELE 4 6 F", "A1 / i = 1 LE 2 P"]
    with pytest.raises(ConversionError, match="the limits of column 'u'"):
        made(MAPPING, "LO,x\nsn,u\nA1,7\n", tmp_path)


def test_lines_of_limits_need_a_wide_step() -> None:
    with pytest.raises(MappingError, match="`low_row` needs a step that is `wide`") as caught:
        read_mapping(MAPPING.replace('wide.keys = ["sn"]', 'name = "sn"'), "m.toml")
    assert caught.value.line == 4


def test_what_differs_in_each_row_is_rather_the_serial_number(tmp_path: Path) -> None:
    head = "Station,FCT-07\nOven,OV-1234567\nBoard,Tester,Vout,Noise,Duration\n"
    mapping, reports = proposed(f"{head}BX-1,kim,5,1,7\nBX-2,kim,6,2,8\n", tmp_path)
    assert [one.sn for one in reports] == ["BX-1", "BX-2"]
    assert "is 'Board' the serial number?" in doubts(mapping)
    assert told(reports[0])[2::2] == ["kim / Vout = 5 LOG P", "kim / Noise = 1 LOG P"]


def test_a_group_may_be_one_text(tmp_path: Path) -> None:
    mapping = """
    kind = "json"
    header.sn = "sn"
    [[step]]
    each = "groups[*].tests[*]"
    group = "../title"
    name = "id"
    """
    [report] = made(mapping, '{"sn": "A1", "groups": [{"title": "G", "tests": [{"id": "u"}]}]}', tmp_path)
    assert told(report) == ["G: SequenceCall P", "G / u: Action D"]
