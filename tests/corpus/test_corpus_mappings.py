"""The CSV-like files of the corpus, and its generic XML: each gets along with a short mapping."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from corpus.oracle import counts, field, told
from stationmaster.api import ConversionError, Glimpse
from stationmaster.api.testing import convert_file
from stationmaster.converters.mapping import mapping_at
from stationmaster.converters.mapping.propose import propose

MAPPINGS = Path(__file__).with_name("mappings")
LONGEST = 30


class Wanted(NamedTuple):
    """What the file says: how many reports, steps with the roots and measurements, and some of its values."""

    path: str
    reports: int
    steps: int
    measurements: int
    fields: dict[str, Any]
    values: tuple[str, ...]


CASES = {
    "fct-csv": Wanted(
        "csv/Sha0S-ICT_utils-fct/fct_all_ok.csv",
        1,
        277,
        276,
        {"sn": "V102431800038DB828853020", "pn": "B828853_02_F-5296", "result": "P", "uut.execTime": 60},
        (
            "EXC_RES_ME_RET Continuity = 2.332 Ohm GELE 0.1 10 P",
            "DMM Init = P",
            "Micro EN = E010 LOG D",
            "Micro CV = 00B0 LOG D",
        ),
    ),
    "generic-csv": Wanted(
        "csv/Virinco-DevKit/sample-enhanced.csv",
        1,
        4,
        3,
        {"sn": "SN12345", "pn": "PN-001", "result": "P"},
        (
            "Voltage Measurement = 5.02 V GELE 4.9 5.1 P",
            "Continuity Test = P",
            "Firmware Version = v2.1.5 LOG P",
        ),
    ),
    "generic-xml": Wanted(
        "generic-xml/Virinco-Example/XMLReport.xml",
        1,
        9,
        6,
        {"sn": "12345", "pn": "Part1", "rev": "1.0", "processCode": 50, "uut.execTime": 20.5, "result": "F"},
        (
            "Startup / Test1 = 4.56 V GELE 4 5 P",
            "Main / Test2 = 300.88 A GELE 310 400 F",
            "Main / Software version = 3.4 CASESENSIT 3.4 P",
            "Main / LED ok = P",
        ),
    ),
    "ict-text": Wanted(
        "ict-teradyne-rajanazirul/924048032007030130010001.txt",
        1,
        1358,
        1357,
        {"sn": "924048032007030130010001", "result": "P"},
        ("sp200 = 3.3194 Ohm GELE 0 50 P", "shorts_end = 0 LOG P"),
    ),
    "litepoint-csv": Wanted(
        "litepoint-csv/zyBBcc/12345678.csv",
        1,
        4387,
        5351,
        {"sn": "12345678", "result": "P"},
        (
            "TX Calibration 24GHz / 2.1 2G 802.11n 0 MCS7 20MHz 2412 / Measure Power = 17.65 GELE 17 18 P",
            "RX Calibration 24GHz / 5 2G 0 / LNA GAIN 13 = -6.42 GELE -11 -3 P",
        ),
    ),
    "listen": Wanted(
        "listen-soundcheck/Virinco/US/WATS18 11-2-2020.txt",
        11,
        55,
        44,
        {"sn": "WATS2", "pn": "WATS_PN_12345", "result": "F", "start": "2020-11-02T16:36:07+00:00"},
        ("Ave Sensitivity = 31.9 dB GELE 32 33 F", "Rub & Buzz margin = -10.36 % LOG F"),
    ),
    "spea": Wanted(
        "spea-3030/Virinco/testdata_SN9871234012_part.csv",
        5,
        10738,
        5993,
        {"sn": "SN9871234012", "pn": "23462-TS", "rev": "1.0.2", "result": "F"},
        ("ADA_ICT / Adapter ist angesaugt, keine Verschiebung moeglich! = 9.046875 V GELE 1 12 P",),
    ),
}
each = pytest.mark.parametrize("name", list(CASES))


def test_there_is_a_case_for_each_mapping_and_none_is_long() -> None:
    files = {path.stem: path.read_text(encoding="utf-8").splitlines() for path in MAPPINGS.glob("*.toml")}
    assert files.keys() == CASES.keys()
    assert max(map(len, files.values())) <= LONGEST


@each
def test_the_mapping_shows_the_values_of_the_file(corpus: Path, name: str) -> None:
    wanted = CASES[name]
    converter = mapping_at(MAPPINGS / f"{name}.toml")()
    assert converter.detect(Glimpse.at(corpus / wanted.path)) >= 60
    reports = convert_file(converter, corpus / wanted.path, options={"part_number": "P", "process_code": 10})
    assert (len(reports), *counts(reports)) == (wanted.reports, wanted.steps, wanted.measurements)
    shown = {path: field(reports[0], path) for path in wanted.fields}
    if "start" in shown:
        shown["start"] = str(shown["start"])[:19] + "+00:00"
    assert shown == wanted.fields
    lines = told(reports[0])
    assert not [value for value in wanted.values if value not in lines]


@each
def test_a_proposal_for_it_can_be_read_and_names_its_serial_number(corpus: Path, name: str) -> None:
    path = corpus / CASES[name].path
    if name == "spea":  # its lines have no names of columns: that is for a person
        with pytest.raises(ConversionError, match="looks like a line with the names of columns"):
            propose(path.read_bytes(), path.name)
        return
    assert "\nsn = " in propose(path.read_bytes(), path.name).toml
