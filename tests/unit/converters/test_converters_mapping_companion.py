"""Mappings that read a second file beside the one with the results, in a folder that is one source."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from corpus.oracle import told
from stationmaster.api import ConversionError, Glimpse, Report, Station
from stationmaster.api.testing import convert_file
from stationmaster.converters.mapping import MappingConverter, mapping_class
from stationmaster.converters.mapping.load import read_mapping

MAPPING = r"""
kind = "table"
[companion]
main = '(?P<lot>\w+)-.*\.csv'
name = "{lot}_{stem}.ini"
keys = ['^Serial=(?P<serial>.+)$', '^User=(?P<user>.+)$']
[header]
sn = "serial"
user = "user"
pn = { value = "P" }
process = 10
batch = { file = '^(\w+)-' }
[[step]]
name = "name"
value = "value"
"""
ROWS = "name,value\nu,1\n"


def converter(mapping: str = MAPPING) -> MappingConverter:
    return mapping_class(read_mapping(mapping, "m.toml"), "m")()


def unit(folder: Path, **files: str) -> Path:
    """A folder with these files and a marker."""
    folder.mkdir(parents=True)
    for name, text in {**files, "done.txt": ""}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def made(path: Path, mapping: str = MAPPING) -> list[Report]:
    return convert_file(converter(mapping), path, marker="done.txt", station=Station(name="T"))


def test_the_second_file_tells_of_the_unit(tmp_path: Path) -> None:
    files = {
        "L1-a.csv": ROWS,
        "L1_L1-A.INI": "x\nSerial=A1\nUser=kim\n",
        "L2-b.csv": ROWS,
        "L2_L2-b.ini": "Serial=B1\n",
    }
    first, second = made(unit(tmp_path / "u", **files))
    assert (first.sn, first.data["uut"]["user"], first.data["uut"]["batchSN"]) == ("A1", "kim", "L1")
    assert second.sn == "B1"
    assert told(first) == ["u: ET_NLT P", "u = 1 LOG P"]


def test_units_whose_results_are_alike_are_two_reports(tmp_path: Path) -> None:
    """The serial number stands in the second file alone: without it both would have one id."""
    [one], [other] = (
        made(unit(tmp_path / sn, **{"L-a.csv": ROWS, "L_L-a.ini": f"Serial={sn}\n"})) for sn in ("A1", "A2")
    )
    assert one.record != other.record
    (tmp_path / "A1" / "picture.png").write_bytes(b"late")
    [again] = made(tmp_path / "A1")
    assert (again.record, again.sn) == (one.record, "A1")


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    alone = unit(tmp_path / "u", **{"L-a.csv": ROWS})
    with pytest.raises(ConversionError, match=re.escape("there is no L_L-a.ini beside L-a.csv")):
        made(alone)
    with pytest.raises(ConversionError, match=re.escape("the folder v holds no file")):
        made(unit(tmp_path / "v", **{"other.csv": ROWS}))
    with pytest.raises(ConversionError, match=r"L-a\.csv comes alone, and this mapping reads a second file"):
        made(alone / "L-a.csv")
    with pytest.raises(ConversionError, match="companion does not go together with json"):
        read_mapping(MAPPING.replace('"table"', '"json"'), "m.toml")
    with pytest.raises(ConversionError, match=r"companion.keys: '\(' is no regular expression"):
        read_mapping(MAPPING.replace("'^User=(?P<user>.+)$'", "'('"), "m.toml")


def test_it_may_be_missing_where_the_mapping_says_so(tmp_path: Path) -> None:
    sn = 'sn = { from = "serial", default = "S0" }'
    optional = MAPPING.replace("[companion]", "[companion]\noptional = true").replace('sn = "serial"', sn)
    optional = optional.replace('user = "user"', "")
    folder = unit(tmp_path / "u", **{"L-a.csv": ROWS})
    assert [one.sn for one in made(folder, optional)] == ["S0"]
    assert [one.sn for one in made(folder / "L-a.csv", optional)] == ["S0"]


def test_it_knows_its_folders(tmp_path: Path) -> None:
    mine = Glimpse.at_folder(unit(tmp_path / "u", **{"L-a.csv": ROWS}))
    other = Glimpse.at_folder(unit(tmp_path / "v", **{"a.txt": ROWS}))
    assert (converter().detect(mine), converter().detect(other)) == (60, 0)
    assert converter().is_complete(mine)
    assert converter().takes_folders
    plain = converter(re.sub(r"\[companion\].*?\[header\]", "[header]", MAPPING, flags=re.DOTALL))
    assert (plain.takes_folders, plain.detect(mine)) == (False, 0)
