"""Mappings: tables, texts, XML and JSON become reports without code; what is wrong is said with its place."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.oracle import told
from stationmaster.api import ConversionError, Glimpse, Limits, Report, Station, at_least, at_most, between
from stationmaster.api.limit import CompOp
from stationmaster.api.testing import assert_good, convert_file
from stationmaster.converters.mapping import MappingConverter, mapping_at, mapping_class, schema
from stationmaster.converters.mapping.limits import read_limits
from stationmaster.converters.mapping.load import MappingError, read_mapping
from stationmaster.converters.mapping.numeral import Numeral
from stationmaster.converters.mapping.propose import propose
from stationmaster.converters.mapping.spot import spot_of

DATA = Path(__file__).parents[2] / "data" / "mapping"
DOCS = Path(__file__).parents[3] / "docs" / "mapping.md"
OPTIONS = {"part_number": "BRD-7", "process_code": 10}
HEAD = """
kind = "table"
[header]
sn = "sn"
[rows]
name = "name"
value = "value"
"""


def made(mapping: str, content: str | bytes, tmp_path: Path, name: str = "SN-9_rig.csv") -> list[Report]:
    """The reports that a mapping makes of a text."""
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    converter = mapping_class(read_mapping(mapping, "m.toml"), "m")()
    return convert_file(converter, path, options=OPTIONS, station=Station(name="T", time_zone="Europe/Oslo"))


def lines(mapping: str, content: str | bytes, tmp_path: Path, **more: Any) -> list[str]:
    """Steps and measurements of the only report."""
    [report] = made(mapping, content, tmp_path, **more)
    return told(report)


# ---------------------------------------------------------------- the sample
def test_the_sample_becomes_its_report() -> None:
    [report] = convert_file(mapping_at(DATA / "fct.toml")(), DATA / "fct.csv", station=Station(name="T"))
    assert (report.sn, report.pn, report.data["processCode"], report.data["result"]) == (
        "SN-1001",
        "BRD-7",
        10,
        "P",
    )
    assert report.data["machineName"] == "FCT-2"
    assert report.data["start"].startswith("2026-03-02T08:15:00")
    assert report.data["uut"]["execTime"] == 42
    assert told(report) == [
        "Init: ET_PFT P",
        "Init = P",
        "Supply 5V: ET_NLT P",
        "Supply 5V = 5.01 V GELE 4.75 5.25 P",
        "Leakage: ET_NLT P",
        "Leakage = 0.002 mA LE 0.01 P",
        "Firmware: ET_SVT D",
        "Firmware = 00B0 LOG D",
    ]
    assert report.warnings == []


def test_it_knows_its_own_and_leaves_others_alone() -> None:
    converter = mapping_at(DATA / "fct.toml")()
    assert converter.detect(Glimpse.at(DATA / "fct.csv")) == 85
    for head in (b"", b"\x89PNG\r\n\x1a\n\0\0", b"Step;Min;Value\n", bytes(range(256)), b"<a/>"):
        assert converter.detect(Glimpse(name="x", size=len(head), head=head, tail=head)) == 0


def test_it_stands_the_trials_but_for_what_no_mapping_can_know() -> None:
    """The verdict stands at the top and no mark at the end: a cut file looks like a whole one."""
    assert_good(mapping_at(DATA / "fct.toml")(), DATA / "fct.csv", allow=["half-written"])


# ---------------------------------------------------------------- tables
def test_units_by_column_are_one_report_each(tmp_path: Path) -> None:
    mapping = HEAD.replace('kind = "table"', 'kind = "table"\ntable.units = ["sn"]') + "[[step]]\n"
    reports = made(mapping, "sn,name,value\nA1,u,1\nB2,u,2\nA1,i,3\n", tmp_path)
    assert [(one.sn, told(one)[1::2]) for one in reports] == [
        ("A1", ["u = 1 LOG P", "i = 3 LOG P"]),
        ("B2", ["u = 2 LOG P"]),
    ]
    assert len({one.record for one in reports}) == 2


def test_words_at_the_beginning_say_what_a_line_is(tmp_path: Path) -> None:
    mapping = """
    kind = "table"
    table.delimiter = ";"
    [table.record]
    BEGIN = { role = "start", columns = ["day", "clock"] }
    SERIAL = { role = "head", columns = ["sn"] }
    M = { columns = ["name", "value"] }
    DONE = { role = "end", columns = ["verdict"] }
    [header]
    sn = "sn"
    result = "verdict"
    start = { from = ["day", "clock"], join = " ", format = ["%d.%m.%y %H:%M", "%d/%m/%Y %H:%M"] }
    [[step]]
    name = "name"
    value = "value"
    """
    text = (
        "BEGIN;01.02.26;08:00\n"
        "M;u;1\n"
        "SERIAL;A1\n"
        "DONE;FAIL\n"
        "BEGIN;03/02/2026;09:00\n"
        "M;u;2\n"
        "SERIAL;A2\n"
        "DONE;PASS\n"
    )
    first, second = made(mapping, text, tmp_path)
    assert (first.sn, first.data["result"], first.data["start"]) == ("A1", "F", "2026-02-01T08:00:00+01:00")
    assert (second.sn, second.data["result"], second.data["start"]) == (
        "A2",
        "P",
        "2026-02-03T09:00:00+01:00",
    )


def test_sections_have_columns_of_their_own(tmp_path: Path) -> None:
    mapping = """
    kind = "table"
    [table]
    sections = true
    head_sections = ["General"]
    [header]
    sn = "Serial"
    [[step]]
    group = ["section"]
    wide.keys = ["band"]
    wide.verdict = "ok"
    wide.limit = "limit"
    """
    text = (
        "General\n"
        "Serial,x\n"
        "A1,\n"
        "TX\n"
        "band,power,limit,ok\n"
        "2G,17.6,(17 - 18),Pass\n"
        "5G,20.2,(17 - 18),Fail\n"
        "RX\n"
        "band,gain,limit\n"
        "2G,3,(<4)\n"
    )
    assert lines(mapping, text, tmp_path) == [
        "TX: SequenceCall F",
        "TX / 2G: SequenceCall P",
        "TX / 2G / power: ET_NLT P",
        "TX / 2G / power = 17.6 GELE 17 18 P",
        "TX / 5G: SequenceCall F",
        "TX / 5G / power: ET_NLT F",
        "TX / 5G / power = 20.2 GELE 17 18 F",
        "RX: SequenceCall P",
        "RX / 2G: SequenceCall P",
        "RX / 2G / gain: ET_NLT P",
        "RX / 2G / gain = 3 LT 4 P",
    ]


WIDE = """
kind = "table"
header.sn = "sn"
verdict = "steps"
[[step]]
wide.keys = ["sn", "band"]
wide.verdict = "(?i)pass/fail|\\\\[[<>]"
wide.limit = "limit$"
wide.skip = "^note"
"""


def test_limits_stand_in_the_names_of_columns(tmp_path: Path) -> None:
    text = (
        "sn,band,clock,gain 0,Pass/Fail(35+-/4),power,evm,both [>=23dBm] [<=-25dB],temp [C],Pass/Fail\n"
        "A1,2G,7,35.25,Pass,22.9,-26,Fail,46,Fail\n"
    )
    [report] = made(WIDE, text, tmp_path)
    assert told(report)[2::2] == [
        "A1 2G / clock = 7 LOG D",
        "A1 2G / gain 0 = 35.25 GELE 31 39 P",
        "A1 2G / power = 22.9 dBm GE 23 F",
        "A1 2G / evm = -26 dB LE -25 P",
        "A1 2G / temp [C] = 46 C LOG D",
    ]
    assert told(report)[0] == "A1 2G: SequenceCall F"


def test_a_verdict_is_that_of_the_numbers_its_name_is_about(tmp_path: Path) -> None:
    text = (
        "sn,band,flat 1,flat 2,gain,Flat Pass/Fail(+-4),RSSI1,RSSI2,offset,RSSI PASS/FAIL,Pass/Fail\n"
        "A1,2G,1,5,9,Fail,-50,-60,2,Fail,Fail\n"
    )
    rows = [line for line in lines(WIDE, text, tmp_path) if " = " in line]
    assert rows == [
        "A1 2G / flat 1 = 1 GELE -4 4 P",
        "A1 2G / flat 2 = 5 GELE -4 4 F",
        "A1 2G / gain = 9 LOG D",
        "A1 2G / RSSI1 = -50 LOG F",
        "A1 2G / RSSI2 = -60 LOG F",
        "A1 2G / offset = 2 LOG D",
    ]


def test_a_limit_is_that_of_the_column_before_it_even_if_that_is_empty(tmp_path: Path) -> None:
    text = "sn,band,u,i,i limit,Pass/Fail\nA1,2G,9,,(<3),Pass\n"
    assert lines(WIDE, text, tmp_path)[-1] == "A1 2G / u = 9 LOG P"


@pytest.mark.parametrize(("word", "first", "second"), [("Pass", "P", "P"), ("Fail", "F", "P")])
def test_of_a_row_that_failed_limits_tell_what_did(
    tmp_path: Path, word: str, first: str, second: str
) -> None:
    text = f"sn,band,u,u limit,i,i limit,Pass/Fail\nA1,2G,9,(<3),1,(<3),{word}\n"
    rows = [line for line in lines(WIDE, text, tmp_path) if " = " in line]
    assert rows == [f"A1 2G / u = 9 LT 3 {first}", f"A1 2G / i = 1 LT 3 {second}"]


def test_vectors_are_steps_of_several_and_texts_are_told(tmp_path: Path) -> None:
    many = " ".join(map(str, range(150)))
    text = f"sn,band,margin,mask,mode,note,Pass/Fail\nA1,2G,[1.5 -2 ],[{many}],auto,x,Pass\n"
    [report] = made(WIDE, text, tmp_path)
    [row] = report.root.steps
    margin, mask = row.steps
    assert (margin.step_type, [one["value"] for one in margin.data["numericMeas"]]) == ("ET_MNLT", [1.5, -2])
    assert mask.step_type == "Chart"
    assert row.data["reportText"] == "mode: auto"


def test_lines_may_have_to_be_whole(tmp_path: Path) -> None:
    mapping = HEAD.replace("[header]", 'table.short = "refuse"\n[header]') + "[[step]]\n"
    assert made(mapping, "sn,name,value,,\nA1,u,1\n", tmp_path)
    with pytest.raises(ConversionError, match="line 3: 2 cells, but the columns are 3"):
        made(mapping, "sn,name,value\nA1,u,1\nA1,i\n", tmp_path)


def test_a_key_may_be_optional_and_a_verdict_missing(tmp_path: Path) -> None:
    mapping = HEAD.replace("[rows]", 'user = { from = "who", optional = true }\nresult = "ok"\n[rows]')
    [report] = made(mapping + "[[step]]\n", "sn,ok,name,value\nA1,,u,1\n", tmp_path)
    assert report.warnings == [
        one for one in report.warnings if "no verdict of the whole" in one or "start" in one
    ]
    assert any("the file has no verdict of the whole test" in one for one in report.warnings)


def test_fixed_width_keys_anywhere_and_an_end_mark(tmp_path: Path) -> None:
    mapping = """
    kind = "table"
    missing = ["-"]
    [table]
    widths = [8, 6, 4]
    header = "^NAME"
    keys = '^(?P<key>[A-Z]+)\\s*=\\s*(?P<value>.*)$'
    end = "^END"
    skip = "^--"
    [header]
    sn = "SN"
    result = { from = "RESULT", lookup = { "0" = "P", "1" = "F" } }
    [[step]]
    name = "NAME"
    value = "VALUE"
    unit = "U"
    """
    text = "SN = A1\nNAME    VALUE U\n--\nr1      1.5   ohm\nr2      -     -\nRESULT = 1\nEND\nrubbish,1\n"
    [report] = made(mapping, text, tmp_path)
    assert report.data["result"] == "F"
    assert told(report) == ["r1: ET_NLT P", "r1 = 1.5 ohm LOG P", "r2: Action D"]
    converter = mapping_class(read_mapping(mapping, "m"), "m")()
    whole, half = text.encode(), text.encode()[:40]
    assert converter.is_complete(Glimpse(name="x", size=1, head=whole, tail=whole))
    assert not converter.is_complete(Glimpse(name="x", size=1, head=half, tail=half))


def test_cells_beyond_the_columns(tmp_path: Path) -> None:
    text = "sn,name,value\nA1,u,1,2\n"
    with pytest.raises(ConversionError, match="line 2: 4 cells, but the columns are 3: '2' has no column"):
        made(HEAD + "[[step]]\n", text, tmp_path)
    for extra, value in (("ignore", "1"), ("last", "2")):
        mapping = HEAD.replace('kind = "table"', f'kind = "table"\ntable.extra = "{extra}"') + "[[step]]\n"
        assert lines(mapping, text, tmp_path)[1] == f"u = {value} LOG P"


def test_other_encodings_and_marks(tmp_path: Path) -> None:
    mapping = HEAD.replace(
        'kind = "table"', 'kind = "table"\nencoding = ["cp1250"]\ndecimal = ","\ntable.delimiter = ";"'
    )
    assert lines(mapping + "[[step]]\n", "sn;name;value\nA1;ří;1,5\n".encode("cp1250"), tmp_path) == [
        "ří: ET_NLT P",
        "ří = 1.5 LOG P",
    ]
    with pytest.raises(ConversionError, match=r"is no text in utf-8.*encoding ="):
        made(mapping.replace("cp1250", "utf-8") + "[[step]]\n", b"sn;name\n\xff;x\n", tmp_path)


# ---------------------------------------------------------------- kinds of steps
def test_kinds_by_type_column_groups_and_several_in_one(tmp_path: Path) -> None:
    mapping = (
        HEAD
        + """
    [[step]]
    when = { type = "multi" }
    group = ["group"]
    split = "/"
    measurement = "part"
    low = "low"
    high = "high"

    [[step]]
    when = { type = "text" }
    limit = "low"

    [[step]]
    when = { type = "curve" }
    kind = "curve"
    x = "low"

    [[step]]
    when = { type = "note" }
    skip = true
    """
    )
    text = (
        "sn,type,group,name,part,value,low,high\n"
        "A1,multi,Power/Rails,rails,5V,5,4,6\nA1,multi,Power/Rails,rails,3V,1,2,4\nA1,text,,fw,,v2,v2,\n"
        "A1,curve,,c,,10,1,\nA1,curve,,c,,20,2,\nA1,note,,x,,,,\nA1,other,,y,,,,\n"
    )
    [report] = made(mapping, text, tmp_path)
    assert told(report) == [
        "Power: SequenceCall F",
        "Power / Rails: SequenceCall F",
        "Power / Rails / rails: ET_MNLT F",
        "Power / Rails / rails / 5V = 5 GELE 4 6 P",
        "Power / Rails / rails / 3V = 1 GELE 2 4 F",
        "fw: ET_SVT P",
        "fw = v2 CASESENSIT v2 P",
        "c: Chart D",
    ]
    [series] = report.root.steps[-1].data["chart"]["series"]
    assert (series["xdata"], series["ydata"]) == ("1;2", "10;20")
    assert "1 rows fit no step of the mapping and were left out" in report.warnings


def test_comparisons_zero_limits_and_missing_values(tmp_path: Path) -> None:
    rule = (
        "[[step]]\n"
        'low = "low"\n'
        'high = "high"\n'
        'comp = "op"\n'
        'operators = { "between" = "GELE" }\n'
        "zero_is_none = true\n"
        'status = "ok"\n'
    )
    text = (
        "sn,name,value,low,high,op,ok\n"
        "A1,a,5,1,9,between,PASS\n"
        "A1,b,5,9,,ge,FAIL\n"
        "A1,c,0,0,0,,PASS\n"
        "A1,d,,1,2,,FAIL\n"
    )
    assert lines(HEAD + rule, text, tmp_path) == [
        "a: ET_NLT P",
        "a = 5 GELE 1 9 P",
        "b: ET_NLT F",
        "b = 5 GE 9 F",
        "c: ET_NLT P",
        "c = 0 LOG P",
        "d: ET_PFT F",
        "d = F",
    ]
    with pytest.raises(ConversionError, match="'NEAR' is no comparison"):
        made(HEAD + rule, "sn,name,value,low,high,op,ok\nA1,a,5,1,9,near,PASS\n", tmp_path)
    with pytest.raises(ConversionError, match="GELE needs 2 limits"):
        made(HEAD + rule, "sn,name,value,low,high,op,ok\nA1,a,5,1,,between,PASS\n", tmp_path)


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("(17.00 - 18.00)", between(17, 18)),
        ("(-10 - 10)", between(-10, 10)),
        ("-10..-5", between(-10, -5)),
        ("33.0/32.0", between(32, 33)),
        ("(<1)", Limits(CompOp.LT, 1)),
        ("(<-30)", Limits(CompOp.LT, -30)),
        (">= 3 dB", at_least(3)),
        ("[<=5V]", at_most(5)),
        ("(+-4)", between(-4, 4)),
        ("35+-/4", between(31, 39)),
        ("5 ± 0.1", between(4.9, 5.1)),
        ("", None),
        ("-", None),
    ],
)
def test_limits_in_one_text(text: str, limits: Limits | None) -> None:
    assert read_limits(text, "", Numeral()) == limits


def test_unknown_limits_are_refused_and_a_pattern_reads_them(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'about 5' are no limits"):
        read_limits("about 5", "", Numeral())
    assert read_limits("5 up to 7", r"(?P<low>\d) up to (?P<high>\d)", Numeral()) == between(5, 7)
    rule = '[[step]]\nlimits = { from = "limits" }\n'
    with pytest.raises(ConversionError, match=r"line 2, step.limits: 'soon' are no limits"):
        made(HEAD + rule, "sn,name,value,limits\nA1,u,1,soon\n", tmp_path)


# ---------------------------------------------------------------- texts, XML, JSON
def test_a_text_is_read_by_patterns(tmp_path: Path) -> None:
    mapping = r"""
    kind = "text"
    [text]
    start = '^=== unit'
    keys = ['serial (?P<sn>\w+)', 'ended (?P<verdict>\w+)']
    rows = ['^ *(?P<name>[\w ]+?) *\.+ *(?P<value>[\d.]+) (?P<unit>\w+) \[(?P<low>\d+),(?P<high>\d+)\]']
    section = '^## (.*)$'
    [header]
    sn = "sn"
    result = "verdict"
    [[step]]
    group = ["section"]
    name = "name"
    value = "value"
    unit = "unit"
    low = "low"
    high = "high"
    """
    text = (
        "rig 4\n"
        "=== unit\n"
        "serial A1\n"
        "## Power\n"
        "  rail a .... 5.1 V [4,6]\n"
        "ended passed\n"
        "=== unit\n"
        "serial A2\n"
        " rail a .. 9 V [4,6]\n"
        "ended failed\n"
    )
    first, second = made(mapping, text, tmp_path, name="run.log")
    assert (first.sn, first.data["result"], told(first)) == (
        "A1",
        "P",
        ["Power: SequenceCall P", "Power / rail a: ET_NLT P", "Power / rail a = 5.1 V GELE 4 6 P"],
    )
    assert (second.sn, second.data["result"], told(second)[1]) == ("A2", "F", "rail a = 9 V GELE 4 6 F")


def test_xml_by_xpath_in_the_order_of_the_file(tmp_path: Path) -> None:
    mapping = """
    kind = "xml"
    xml.root = "run"
    xml.unit = "t:unit"
    xml.namespaces = { t = "urn:t" }
    header = { sn = "@sn", result = "t:end/@verdict", start = { from = "@at", format = "epoch" } }
    misc = { "Rig" = "../@rig" }
    [[step]]
    each = ".//t:num"
    group = ["../@name"]
    name = "@name"
    value = "t:v"
    [[step]]
    each = ".//t:text"
    kind = "string"
    name = "@name"
    value = "@is"
    text = "/@sn"
    """
    text = """<run xmlns="urn:t" rig="7"><unit sn="A1" at="1790000000"><group name="G"><text name="t" is="x"/>
    <num name="n"><v>3</v></num></group><end verdict="PASS"/></unit></run>"""
    [report] = made(mapping, text, tmp_path, name="r.xml")
    assert told(report) == [
        "t: ET_SVT P",
        "t = x LOG P",
        "G: SequenceCall P",
        "G / n: ET_NLT P",
        "G / n = 3 LOG P",
    ]
    assert report.root.steps[0].data["reportText"] == "A1"
    assert report.data["miscInfos"][0]["text"] == "7"
    converter = mapping_class(read_mapping(mapping, "m"), "m")()
    assert converter.detect(Glimpse(name="r.xml", size=1, head=text.encode(), tail=text.encode())) == 60
    with pytest.raises(ConversionError, match="is no XPath"):
        made(mapping.replace('"t:v"', '"t:v["'), text, tmp_path)


def test_two_serial_numbers_in_one_unit_are_refused(tmp_path: Path) -> None:
    mapping = 'kind = "xml"\nheader.sn = "u/@sn"\n[[step]]\neach = "u"\nname = "@sn"\n'
    with pytest.raises(ConversionError, match=r"u/@sn gives several serial numbers: A, B.*xml.unit"):
        made(mapping, '<r><u sn="A"/><u sn="B"/></r>', tmp_path)


def test_json_by_path(tmp_path: Path) -> None:
    mapping = """
    kind = "json"
    json.unit = "units[*]"
    header = { sn = "id.serial", result = "ok" }
    [[step]]
    each = "results[kind=num]"
    name = "name"
    value = "v"
    low = "limits[0]"
    high = "limits[1]"
    """
    text = (
        '{"units": [{"id": {"serial": "A1"}, "ok": true, '
        '"results": [{"kind": "num", "name": "u", "v": 5, "limits": [4, 6]}, {"kind": "x"}]}]}'
    )
    [report] = made(mapping, text, tmp_path, name="r.json")
    assert (report.sn, report.data["result"], told(report)) == (
        "A1",
        "P",
        ["u: ET_NLT P", "u = 5 GELE 4 6 P"],
    )


# ---------------------------------------------------------------- values
def test_values_are_found_cut_replaced_and_looked_up(tmp_path: Path) -> None:
    mapping = r"""
    kind = "table"
    misc_rest = true
    [header]
    sn = { file = '^(SN-\d+)_' }
    pn = { from = ["nothing", "item"], pattern = '^(\w+)-', lookup = { "brd" = "BRD-9" } }
    user = { value = "Kim" }
    comment = { from = "note", replace = [["\\s+", " "]] }
    batch = { from = "lot", default = "none" }
    [table]
    header = "^name"
    [[sub_unit]]
    type = "Module"
    sn = "module"
    [[step]]
    name = "name"
    value = "value"
    """
    text = "item,brd-7\nnote,a   b\nmodule,M1\nother,kept\nname,value\nu,1\n"
    [report] = made(mapping, text, tmp_path)
    assert (report.sn, report.pn) == ("SN-9", "BRD-9")
    assert report.data["uut"] | {} == report.data["uut"] | {
        "user": "Kim",
        "comment": "a b",
        "batchSN": "none",
    }
    assert report.data["subUnits"][0]["sn"] == "M1"
    assert {"description": "other", "text": "kept"}.items() <= report.data["miscInfos"][-1].items()


@pytest.mark.parametrize(
    ("mapping", "content", "says"),
    [
        (HEAD.replace('"value"', '"valeu"') + "[[step]]\n", "sn,name,value\nA,u,1\n", 'Did you mean "value"'),
        (HEAD + "[[step]]\n", "sn,name,value\nA,u,1,5\n", "line 2"),
        (HEAD + '[[step]]\nlow = "name"\n', "sn,name,value\nA,u,1\n", "line 2, step.low: 'u' is no number"),
        (HEAD + '[[step]]\nstatus = "name"\n', "sn,name,value\nA,u,1\n", 'words = { "u" = "P" }'),
        (HEAD + '[[step]]\nwhen = { sn = "B" }\n', "sn,name,value\nA,u,1\n", "no row became a step"),
        (HEAD.replace('"sn"', '"name"') + "[[step]]\n", "\n", "nothing but empty lines"),
        (
            HEAD.replace("[header]", "table.header = 5\n[header]") + "[[step]]\n",
            "A\n",
            "no line has the names",
        ),
    ],
)
def test_what_a_file_lacks_is_said_with_its_place(
    mapping: str, content: str, says: str, tmp_path: Path
) -> None:
    with pytest.raises(ConversionError, match=re.escape(says)):
        made(mapping, content, tmp_path)


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        ("kind = ", "it is no TOML"),
        ('kind = "tabel"\n[[step]]\nname="x"', "kind: Invalid enum value 'tabel'"),
        (
            'kind = "table"\n[[step]]\nnme = "x"',
            "m.toml, line 3, column 1: there is no key 'nme'. Did",
        ),
        ('kind = "table"\nheader = { serial = "x" }\n[[step]]\nname="x"', "header has no field 'serial'"),
        ('kind = "table"', "no [[step]]"),
        ('kind = "xml"\n[[step]]\nname="x"', "`each` is missing"),
        ('kind = "table"\n[[step]]\nvalue="x"', "`name` is missing"),
        (
            'kind = "table"\ntable.delimiter = ", "\n[[step]]\nname="x"',
            """m.toml, table: `delimiter` ', ' and `quote` '"' cannot be used""",
        ),
        (
            'kind = "table"\ntable.delimiter = ""\n[[step]]\nname="x"',
            "m.toml, line 2, column 1, table: `delimiter` is empty",
        ),
        (
            'kind = "table"\ntable.keys = "(?P<key>x)"\n[[step]]\nname="x"',
            "table.keys: '(?P<key>x)' lacks the",
        ),
        ("version = " + "9" * 5000, "m.toml: it is no TOML"),
        ('kind = "table"\ntable.skip = "("\n[[step]]\nname="x"', "table.skip: '(' is no regular expression"),
    ],
)
def test_what_is_wrong_with_a_mapping_is_said_with_its_line(mapping: str, says: str) -> None:
    with pytest.raises(ConversionError, match=re.escape(says)):
        read_mapping(mapping, "m.toml")


def test_a_cell_of_no_end_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="line 2: field larger"):
        made(HEAD + "[[step]]\n", 'name,value,sn\n"' + "x" * 200_000 + '",1,SN-1\n', tmp_path)


def test_a_form_that_says_a_part_twice_is_refused(tmp_path: Path) -> None:
    header = 'sn = "sn"\nstart = { from = "at", format = "%Y-%Y" }'
    with pytest.raises(ConversionError, match="'2026-2026' is no time as %Y-%Y"):
        made(
            HEAD.replace('sn = "sn"', header) + "[[step]]\n",
            "name,value,sn,at\na,1,SN-1,2026-2026\n",
            tmp_path,
        )


def test_what_a_proposal_quotes_does_not_spoil_it() -> None:
    table = "Serial;SN-1\x1a\\\x7f\nOper\x15ator;k\x19\nStep\x01;Value\\;Unit\na;1;V\n"
    for name, sample in (
        ("a\x02.csv", table),
        ("a.xml", '<r sn="S1&#10;2"><m name="a" value="1" note="&#9;&#13;x"/></r>'),
        ("a.json", '{"serial": "\\ud800\\u007f", "steps": [{"name\\u0001": 1, "name": "a", "value": 1}]}'),
    ):
        assert read_mapping(propose(sample.encode(), name).toml, name).step


WELL = """kind = "table"
header.sn = { from = "Serial", pattern = "x" }
[detect]
head = ["a"]
[rows]
unit = "U"
[[step]]
name = "Step"
value = { from = "V", pattern = "(.)" }
[[step]]
name = "Other"
when = { Kind = "a" }
[step.limits]
from = "L"
pattern = "(?P<low>a)"
"""


@pytest.mark.parametrize(
    ("old", "new", "spot"),
    [
        ('kind = "table"', 'kind = "table', (1, 14)),
        ('pattern = "(?P<low>a)"', "pattern = [", (15, 12)),
        ('kind = "table"', 'kind = "tabel"', (1, 1)),
        ('pattern = "x"', 'pattern = "("', (2, 1)),
        ('head = ["a"]', 'head = ["("]', (4, 1)),
        ('unit = "U"', "unit = [5.5]", (6, 1)),
        ('value = { from = "V", pattern = "(.)" }', 'value = { from = "V", patern = "(.)" }', (9, 23)),
        ('name = "Other"\n', "", (10, 1)),
        ('when = { Kind = "a" }', 'when = { Kind = "(" }', (12, 10)),
        ('pattern = "(?P<low>a)"', 'pattern = "(?P<low>a"', (15, 1)),
        ('header.sn = { from = "Serial", pattern = "x" }', 'header = { serial = "x" }', (2, 12)),
    ],
)
def test_what_is_wrong_with_a_mapping_is_found_by_line_and_column(
    old: str, new: str, spot: tuple[int, int]
) -> None:
    assert old in WELL
    read_mapping(WELL, "m.toml")
    with pytest.raises(MappingError) as refused:
        read_mapping(WELL.replace(old, new), "m.toml")
    assert (refused.value.line, refused.value.column) == spot, str(refused.value)
    assert f"line {spot[0]}, column {spot[1]}" in str(refused.value)


@given(st.text(max_size=80), st.text(alphabet="step[]0123456789.rows\"'", max_size=30))
def test_a_spot_is_within_the_text_or_nowhere(text: str, path: str) -> None:
    line, column = spot_of(text, path)
    lines = text.splitlines()
    assert (line, column) == (0, 0) or 0 < column <= len(lines[line - 1]) + 1


def test_every_key_stands_on_the_page() -> None:
    page = DOCS.read_text(encoding="utf-8")
    parts = [
        one
        for one in vars(schema).values()
        if isinstance(one, type) and issubclass(one, msgspec.Struct) and one.__module__ == schema.__name__
    ]
    assert len(parts) > 8
    keys = {key for part in parts for key in part.__struct_encode_fields__} | set(schema.HEADER_KEYS)
    assert not sorted(key for key in keys if f"`{key}`" not in page and f"{key} =" not in page)


def test_a_mapping_converter_is_a_converter() -> None:
    made_class = mapping_at(DATA / "fct.toml")
    assert issubclass(made_class, MappingConverter)
    assert (made_class.name, made_class.version) == ("fct", "1")
