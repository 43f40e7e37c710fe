"""What tells the units of a mapped file from each other and from those of another: none lost, none twice."""

from __future__ import annotations

import codecs
import json
import re
from pathlib import Path
from time import process_time
from typing import Any
from uuid import uuid4

import pytest

from corpus.oracle import told
from stationmaster.api import ConversionError, Glimpse, Report, Station
from stationmaster.api.testing import convert_file
from stationmaster.convert import conversion
from stationmaster.convert.order import Order
from stationmaster.convert.plugin import Plugins
from stationmaster.converters.mapping import mapping_class
from stationmaster.converters.mapping.load import read_mapping

STATION = Station(name="T", time_zone="UTC")


def made(mapping: str, content: str | bytes, tmp_path: Path, name: str = "a.txt") -> list[Report]:
    """The reports that a mapping makes of a file."""
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    converter = mapping_class(read_mapping(mapping, "m.toml"), "m")()
    options = {"part_number": "P", "process_code": 10}
    return convert_file(converter, path, options=options, station=STATION)


def records(mapping: str, content: str, tmp_path: Path, **more: Any) -> list[bytes | None]:
    """What their ids are made from."""
    return [report.record for report in made(mapping, content, tmp_path, **more)]


# ---------------------------------------------------------------- JSON and XML
PANEL = """
kind = "json"
verdict = "steps"
json.unit = "boards[*]"
header = { sn = "sn", start = "at" }
[[step]]
each = "tests[*]"
name = "n"
value = "v"
status = "s"
"""
LOT = """
kind = "xml"
verdict = "steps"
xml.unit = ".//unit"
header = { sn = "@sn", start = "../@at" }
[[step]]
each = "m"
name = "@n"
value = "@v"
status = "@s"
"""


def panel(day: int, word: str) -> str:
    boards = [
        {"sn": sn, "at": f"2026-01-0{day}T10:00:00", "tests": [{"n": "a", "v": day, "s": word}]}
        for sn in ("A1", "B2")
    ]
    return json.dumps({"boards": boards})


def lot(day: int) -> str:
    unit = '<unit sn="{}"><m n="a" v="1" s="PASS"/></unit>'
    return f'<lot at="2026-01-0{day}T10:00:00">{unit.format("A1")}{unit.format("B2")}</lot>'


def ids(content: str, tmp_path: Path) -> list[tuple[str, str]]:
    """Ids and results of a panel's reports by a whole conversion."""
    (tmp_path / "m.toml").write_text(PANEL, encoding="utf-8")
    path = tmp_path / "panel.json"
    path.write_text(content, encoding="utf-8")
    stat = path.stat()
    order = Order(
        target=f"{tmp_path / 'm.toml'}:m",
        name="m",
        path=str(path),
        origin=str(path),
        size=stat.st_size,
        mtime_ns=stat.st_mtime_ns,
        instance_id="00000000-0000-0000-0000-000000000001",
        results=str(tmp_path / uuid4().hex),
        options={"part_number": "P", "process_code": 10},
        station=STATION,
    )
    reply = conversion.convert(order, Plugins())
    assert reply.outcome == "converted", reply
    return [(meta.report_id, meta.result) for meta in reply.metas]


def test_a_retested_panel_of_the_same_name_gets_ids_of_its_own(tmp_path: Path) -> None:
    failed, passed = ids(panel(1, "FAIL"), tmp_path), ids(panel(2, "PASS"), tmp_path)
    assert [result for _, result in failed + passed] == ["F", "F", "P", "P"]
    assert len(dict(failed + passed)) == 4
    assert ids(panel(1, "FAIL"), tmp_path) == failed


def test_a_unit_has_the_same_record_under_another_name_at_another_place(tmp_path: Path) -> None:
    first, second = records(PANEL, panel(1, "FAIL"), tmp_path, name="a.json")
    boards = json.loads(panel(1, "FAIL"))["boards"]
    turned = json.dumps({"boards": [dict(reversed(one.items())) for one in reversed(boards)]}, indent=1)
    assert first != second
    assert records(PANEL, turned, tmp_path, name="b.json") == [second, first]
    assert records(PANEL, json.dumps({"boards": boards[:1]}), tmp_path, name="c.json") == [first]


def test_a_unit_of_xml_is_told_from_that_of_another_time_around_it(tmp_path: Path) -> None:
    whole = records(LOT, lot(1), tmp_path, name="a.xml") + records(LOT, lot(2), tmp_path, name="a.xml")
    assert len(set(whole)) == 4
    assert records(LOT, f"<all>{lot(1)}\n{lot(2)}</all>", tmp_path, name="b.xml") == whole


# ---------------------------------------------------------------- tables and texts
COLUMN = """
kind = "table"
table.header = "^SN,"
table.keys = '^(?P<key>\\w+): (?P<value>.*)'
table.units = ["SN"]
header = { sn = "SN", start = "Date", user = { from = "Operator", optional = true } }
verdict = "steps"
[[step]]
name = "Test"
status = "Result"
"""
WORDS = """
kind = "table"
verdict = "steps"
header = { sn = "sn", start = "at" }
[table.record]
DAY = { role = "head", columns = ["at"] }
SN = { role = "start", columns = ["sn"] }
M = { columns = ["name", "value"] }
[[step]]
name = "name"
value = "value"
"""
LOG = r"""
kind = "text"
verdict = "steps"
[text]
start = "^UNIT"
keys = ['^DATE (?P<at>.*)', '^UNIT (?P<sn>.*)']
rows = ['^T (?P<n>\S+) (?P<v>\S+)']
[header]
sn = "sn"
start = "at"
[[step]]
name = "n"
value = "v"
"""
SEVERAL = pytest.mark.parametrize(
    ("mapping", "head", "first", "second"),
    [
        (COLUMN, "Date: {}\nSN,Test,Result\n", "A1,t,PASS\n", "B2,t,FAIL\n"),
        (WORDS, "DAY,{}\n", "SN,A1\nM,u,5\n", "SN,B2\nM,u,5\n"),
        (LOG, "DATE {}\n", "UNIT A1\nT u 5\n", "UNIT B2\nT u 5\n"),
    ],
    ids=["units", "record", "start"],
)


@SEVERAL
def test_the_same_values_on_another_day_are_another_test(
    tmp_path: Path, mapping: str, head: str, first: str, second: str
) -> None:
    days = [head.format(f"2026-01-0{day}T10:00:00") + first + second for day in (1, 2)]
    assert len({one for day in days for one in records(mapping, day, tmp_path)}) == 4


@SEVERAL
def test_a_unit_keeps_its_record_when_another_follows(
    tmp_path: Path, mapping: str, head: str, first: str, second: str
) -> None:
    head = head.format("2026-01-01T10:00:00")
    [alone] = records(mapping, head + first, tmp_path)
    assert alone is not None
    assert records(mapping, head + first + second, tmp_path)[0] == alone


def test_only_what_the_header_uses_tells_a_unit_from_others(tmp_path: Path) -> None:
    text = "Date: 2026-01-01T10:00:00\nOperator: {}\nExported: {}\nSN,Test,Result\nA1,t,PASS\nB2,t,PASS\n"
    first, again, other = (
        records(COLUMN, text.format(*told), tmp_path) for told in (("Kim", 1), ("Kim", 2), ("Jo", 1))
    )
    assert first == again
    assert not set(first) & set(other)


# ---------------------------------------------------------------- two units that nobody told apart
ONE_LOG = r"""
kind = "text"
[text]
keys = ['^SN: (?P<sn>.*)', '^RESULT: (?P<result>.*)', '^FW: (?P<fw>.*)']
rows = ['^T (?P<n>\S+) (?P<v>\S+)']
[header]
sn = "sn"
result = "result"
version = "fw"
[[step]]
name = "n"
value = "v"
"""
ONE_TABLE = """
kind = "table"
table.header = "^Test,"
table.keys = '^(?P<key>\\w+): (?P<value>.*)'
header = { sn = { from = ["Nr", "SN"] }, result = { from = "RESULT", optional = true } }
[[step]]
name = "Test"
value = "Value"
"""
ONE_BY_WORDS = """
kind = "table"
verdict = "steps"
header.sn = "sn"
[table.record]
SN = { role = "head", columns = ["sn"] }
M = { columns = ["name", "value"] }
[[step]]
name = "name"
value = "value"
"""
ONE_BY_SECTIONS = """
kind = "table"
verdict = "steps"
header.sn = "SN"
table.sections = true
table.head_sections = ["General"]
[[step]]
name = "Test"
value = "Value"
"""


@pytest.mark.parametrize(
    ("mapping", "content", "says"),
    [
        (
            ONE_LOG,
            "SN: A1\nT t 9\nRESULT: FAIL\nSN: B2\nT t 3\nRESULT: PASS\n",
            "line 4, header.sn: 'sn' comes",
        ),
        (ONE_LOG, "SN: A1\nT t 9\nRESULT: FAIL\nT t 3\nRESULT: PASS\n", "with 'PASS', after 'FAIL'"),
        (ONE_LOG, "SN: A1\nT t 9\nRESULT: FAIL\nRESULT: \n", "with '', after 'FAIL'"),
        (
            ONE_TABLE,
            "SN: A1\nTest,Value\nt,9\nRESULT: FAIL\nSN: B2\nTest,Value\nt,3\nRESULT: PASS\n",
            "line 5",
        ),
        (ONE_BY_WORDS, "SN,A1\nM,t,9\nSN,B2\nM,t,3\n", "with 'B2', after 'A1'"),
        (
            ONE_BY_SECTIONS,
            "General\nSN,x\nA1,\nX\nTest,Value\nt,9\nGeneral\nSN,x\nB2,\nX\nTest,Value\nt,3\n",
            "with 'B2', after 'A1'",
        ),
    ],
)
def test_a_second_serial_number_or_verdict_is_refused(
    tmp_path: Path, mapping: str, content: str, says: str
) -> None:
    with pytest.raises(ConversionError, match=re.escape(says)):
        made(mapping, content, tmp_path)


@pytest.mark.parametrize(
    ("mapping", "content"),
    [
        (ONE_LOG, "SN: A1\nFW: 1\nT t 9\nFW: 2\nRESULT: PASS\nSN: A1 \nRESULT: PASS\n"),
        (ONE_TABLE, "SN: A1\nNr: 7\nSN: B2\nTest,Value\nt,9\n"),
        (
            ONE_BY_WORDS.replace("[[step]]", 'END = { role = "end" }\n[[step]]'),
            "SN,A1\nM,t,9\nEND\nSN,B2\nM,t,3\n",
        ),
    ],
)
def test_what_comes_again_and_is_not_meant_or_alike_is_taken(
    tmp_path: Path, mapping: str, content: str
) -> None:
    assert made(mapping, content, tmp_path)


SLOTS = """
kind = "table"
table.header = "^SN,"
table.keys = '^(?P<key>\\w+): (?P<value>.*)'
table.units = ["SN"]
header = { sn = "SN", result = "Result", user = { from = "Operator", optional = true } }
[[step]]
name = "Test"
value = "Value"
"""


def test_units_by_a_column_have_the_keys_that_stand_above_them(tmp_path: Path) -> None:
    text = "Result: FAIL\nSN,Test,Value\nA1,t,3\nResult: PASS\nSN,Test,Value\nB2,t,3\nOperator: Kim\n"
    reports = made(SLOTS, text, tmp_path)
    assert [(one.sn, one.data["result"], one.data["uut"]["user"]) for one in reports] == [
        ("A1", "F", "Kim"),
        ("B2", "P", "Kim"),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Result: FAIL\nSN,Test,Value\nA1,t,3\nB2,t,3\nResult: PASS\nA1,u,3\n", "line 6, header.result"),
        ("SN,Test,Value\nA1,t,3\nResult: FAIL\nB2,t,3\nResult: PASS\n", "line 5, header.result"),
    ],
    ids=["two above one", "below the rows"],
)
def test_a_verdict_that_could_be_another_units_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConversionError, match=f"{says}: 'Result' comes again with 'PASS', after 'FAIL'"):
        made(SLOTS, text, tmp_path)


def test_a_key_that_follows_later_sends_no_unit_twice(tmp_path: Path) -> None:
    text = "Result: FAIL\nSN,Test,Value\nA1,t,3\nB2,t,3\n"
    assert records(SLOTS, text, tmp_path) == records(SLOTS, f"{text}Operator: Kim\n", tmp_path)


# ---------------------------------------------------------------- cut lines
CELLS = """
kind = "table"
verdict = "steps"
header.sn = { value = "A1" }
[[step]]
name = "Test"
value = "Value"
low = "Low"
high = "High"
status = "Result"
"""
NAMES = "Test,Note,Value,Low,High,Result\n"


@pytest.mark.parametrize(
    "line", ['"T1,x,9,1,5,FAIL', 'T1,"x,9,1,5,FAIL', 'T1,"one\ntwo",9,1,5,FAIL', 'T1,"x"y,9,1,5,FAIL']
)
def test_a_line_with_an_open_quote_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConversionError, match=r"^line 2: .*(a quote is open|expected after).*table.quote"):
        made(CELLS, f"{NAMES}{line}\nT2,ok,3,1,5,PASS\n", tmp_path)
    assert told(made(CELLS, f'{NAMES}"T ""1""",5" disk,9,1,5,FAIL\n', tmp_path)[0])[0] == 'T "1": ET_NLT F'


@pytest.mark.parametrize(("line", "says"), [("T3,ok", "'Value'"), ("T3,ok,9,1,5", "'Result'")])
def test_a_line_that_ends_before_value_or_verdict_is_refused(tmp_path: Path, line: str, says: str) -> None:
    text = f"{NAMES}T1,x,3,1,5,PASS\n{line}\n"
    with pytest.raises(ConversionError, match=f"^line 3, step.*the line ends before {says}.*optional = true"):
        made(CELLS, text, tmp_path)
    optional = CELLS.replace('"Value"', '{ from = "Value", optional = true }')
    optional = optional.replace('"Result"', '{ from = "Result", optional = true }')
    assert len(made(optional, text, tmp_path)[0].root.steps) == 2


def test_a_line_may_lack_cells_that_nothing_asks_for(tmp_path: Path) -> None:
    text = "Test,Value,Result,Low,High,Note\nT1,3,PASS\nT2,,PASS\n"
    assert told(made(CELLS, text, tmp_path)[0])[::2] == ["T1: ET_NLT P", "T2: ET_PFT P"]


def test_a_line_that_its_first_word_names_may_not_end_before_its_value(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=r"^line 3, step\.value: the line ends before 'value'"):
        made(ONE_BY_WORDS, "SN,A1\nM,t,9\nM,u\n", tmp_path)


# ---------------------------------------------------------------- titles that are none
TITLES = """
kind = "table"
verdict = "steps"
table.sections = true
header.sn = { value = "A1" }
[[step]]
group = ["section"]
name = { from = "Test", optional = true }
value = { from = "Value", optional = true }
status = { from = "Result", optional = true }
"""
MAIN = "Main\nTest,Value,Result\nT1,3,PASS\n"


@pytest.mark.parametrize("title", ["note: retry,,", "note: retry"])
@pytest.mark.parametrize("row", ["T2,9,FAIL", "T2,9,"])
def test_a_row_is_not_taken_for_names_of_columns(tmp_path: Path, title: str, row: str) -> None:
    with pytest.raises(ConversionError, match=r"^line 5: it looks like a row.*title in line 4.*table\.skip"):
        made(TITLES, f"{MAIN}{title}\n{row}\nT3,4,PASS\n", tmp_path)


@pytest.mark.parametrize("more", ["", "\nMore\nTest,Value\nT3,4\n"])
def test_what_may_have_been_a_row_is_told(tmp_path: Path, more: str) -> None:
    [report] = made(TITLES, f"{MAIN}note: retry,,\nT2,OVL,odd\n{more}", tmp_path)
    [warning] = [one for one in report.warnings if "title" in one]
    assert warning.startswith("line 4 was taken for a title")


@pytest.mark.parametrize("blank", ["", "\n", ",,\n", "Empty\nTest,Value,Result\n"])
def test_sections_are_read_with_and_without_blank_lines(tmp_path: Path, blank: str) -> None:
    mapping = TITLES.replace("[table]", "").replace("table.sections", 'table.skip = "^,+$"\ntable.sections')
    [report] = made(mapping, f"{MAIN}{blank}More,,\nTest,Result,Value\nT2,PASS,4\n", tmp_path)
    assert told(report) == [
        "Main: SequenceCall P",
        "Main / T1: ET_NLT P",
        "Main / T1 = 3 LOG P",
        "More: SequenceCall P",
        "More / T2: ET_NLT P",
        "More / T2 = 4 LOG P",
    ]
    assert not [one for one in report.warnings if "title" in one]


# ---------------------------------------------------------------- rows and verdicts that nobody understands
RUN = r"""
kind = "text"
verdict = "steps"
[text]
keys = ['^SN: (?P<sn>.*)', '^Limits? (?P<note>.*)']
rows = ['^T (?P<n>\S+) (?P<v>[0-9.]+) (?P<s>PASS|FAIL)', '^(?P<n>\w+) *= *(?P<v>\d+)']
section = '^T group (.*)'
[header]
sn = "sn"
[[step]]
name = "n"
value = { from = "v", optional = true }
status = { from = "s", optional = true }
"""


@pytest.mark.parametrize(
    ("line", "lost"),
    [
        ("T t2 -9.0 FAIL", True),
        ("T t3 OVL PASS", True),
        ("leak test FAILED", True),
        ("  NOK", True),
        ("t4 = 7", False),
        ("T group FAIL", False),
        ("Limits fail", False),
        ("the tester warms up", False),
        ("fail-safe is on, 3 failures before", False),
    ],
)
def test_a_line_that_fits_no_row_but_should_is_told(tmp_path: Path, line: str, lost: bool) -> None:  # noqa: FBT001
    [report] = made(RUN, f"SN: A1\nT t1 9.0 PASS\n{line}\n", tmp_path)
    warnings = [one for one in report.warnings if "fit no pattern" in one]
    assert [one.endswith("line 3 for one") for one in warnings] == [True] * lost


@pytest.mark.parametrize("word", ["*FAIL*", "broken"])
def test_a_verdict_that_its_pattern_does_not_fit_is_refused(tmp_path: Path, word: str) -> None:
    mapping = CELLS.replace('status = "Result"', 'status = { from = "Result", pattern = "^(PASS|FAIL)" }')
    text = f"{NAMES}T1,x,3,1,5,PASS\nT2,x,3,1,5,{word}\n"
    with pytest.raises(ConversionError, match=rf"^line 3, step\.status: '{re.escape(word)}' does not match"):
        made(mapping, text, tmp_path)
    assert made(mapping.replace("FAIL)", "FAIL)?"), text, tmp_path)
    assert made(mapping.replace("pattern", "optional = true, pattern"), text, tmp_path)


def test_a_path_to_verdicts_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=r"^boards\[0\]\.tests\[0\], step\.status: 's' leads nowhere"):
        made(PANEL, panel(1, "FAIL").replace('"s"', '"S"'), tmp_path)
    with pytest.raises(ConversionError, match=r"step\.status: '@S' leads nowhere in all 1 rows"):
        made(LOT.replace('"@s"', '"@S"'), lot(1), tmp_path)
    optional = PANEL.replace('status = "s"', 'status = { from = "s", optional = true }')
    assert made(optional, panel(1, "FAIL").replace('"s"', '"S"'), tmp_path)


# ---------------------------------------------------------------- members of JSON
def test_members_that_are_alike_are_rows_of_their_own(tmp_path: Path) -> None:
    mapping = """
    kind = "json"
    verdict = "steps"
    header.sn = "sn"
    [[step]]
    each = "pins[*]"
    name = { value = "pin" }
    value = "."
    [[step]]
    each = "pins[0]"
    name = { value = "first" }
    """
    [report] = made(mapping, '{"sn": "A1", "pins": [true, false, true, false, 1, 1]}', tmp_path)
    assert [(step.name, str(step.data["status"])) for step in report.root.steps] == [
        ("pin", status) for status in "PFPFPP"
    ]


# ---------------------------------------------------------------- the end of a file
@pytest.mark.parametrize("end", ["Prüfung beendet", "END"])
@pytest.mark.parametrize("lines", [1, 20_001])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_the_end_is_found_in_the_encoding_of_the_file(
    tmp_path: Path, encoding: str, lines: int, end: str
) -> None:
    mapping = RUN.replace("[text]", f'encoding = ["ascii", "{encoding}"]\n[text]\nend = "^{end}$"', 1)
    converter = mapping_class(read_mapping(mapping, "m.toml"), "m")()
    path = tmp_path / "a.txt"
    for text, whole in (("T ü 1 PASS\n" * lines + f"{end}\n", True), ("T ü 1 PASS\n" * (lines + 1), False)):
        path.write_bytes(text.encode(encoding))
        assert converter.is_complete(Glimpse.at(path)) is whole
    path.write_bytes(codecs.BOM_UTF16_BE + ("T ü 1 PASS\n" * lines + f"{end}\n").encode("utf-16-be"))
    assert converter.is_complete(Glimpse.at(path)) is (encoding in {"utf-16", "utf-16-be"})


# ---------------------------------------------------------------- what is around a row
AROUND = """
kind = "json"
verdict = "steps"
header.sn = "sn"
[[step]]
each = "groups[*].tests[*].pins[*]"
group = ["../../name", "../name"]
name = "n"
value = "v"
unit = "../../../unit"
text = "../../../../groups[1].name"
"""


def test_what_is_around_a_row_is_found_by_steps_upwards(tmp_path: Path) -> None:
    groups = [
        {"name": group, "tests": [{"name": "t", "pins": [[], {"n": "p", "v": 1}, {"n": "q", "v": 2}]}]}
        for group in ("A", "B")
    ]
    mapping = AROUND.replace("pins[*]", "pins[1]")
    [report] = made(mapping, json.dumps({"sn": "A1", "unit": "V", "groups": groups}), tmp_path)
    assert [line for line in told(report) if " = " in line] == [
        "A / t / p = 1 V LOG P",
        "B / t / p = 1 V LOG P",
    ]
    assert {step.data.get("reportText") for step in report.steps() if step.name == "p"} == {"B"}


def test_the_time_of_it_does_not_grow_with_the_square_of_the_rows(tmp_path: Path) -> None:
    def seconds(count: int) -> float:
        groups = [{"name": f"g{index}", "tests": [{"pins": [{"n": "p", "v": 1}]}]} for index in range(count)]
        text = json.dumps({"sn": "A1", "groups": groups})
        began = process_time()
        assert made(AROUND, text, tmp_path)
        return process_time() - began

    assert seconds(4000) < 8 * seconds(1000)
