"""Header fields where the file is silent; the texts, numbers, verdicts, times and lines they come from."""

from __future__ import annotations

import io
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stationmaster.api import ConversionError, ConverterOptions, Result, Source, Station, Status
from stationmaster.api.header import Found, is_placeholder, named_groups, resolve
from stationmaster.api.json_text import JsonObject, as_object, parse_json
from stationmaster.api.lines import read_lines
from stationmaster.api.local_time import from_epoch, local_time, read_time
from stationmaster.api.number import Decimal, parse_number
from stationmaster.api.text import clip, one_line, printable, strip_ansi
from stationmaster.api.verdict import result_of, status_of

FULL = Found(sn=" SN-1 ", pn="P-1", rev="C", process="10", program="board.seq")
PATTERN = r"(?P<sn>SN-\d+)(?:_(?P<pn>P-\d+))?(?:_rev(?P<rev>\w))?"
ARABIC_ONE = "\N{ARABIC-INDIC DIGIT ONE}"
GONE = "\N{REPLACEMENT CHARACTER}"
OSLO = Station(time_zone="Europe/Oslo")


def source(name: str = "result.txt", folder: str = "in") -> Source:
    return Source(
        path=Path(folder) / name,
        name=name,
        size=1,
        mtime=datetime(2026, 1, 1, tzinfo=UTC),
        folder=Path(folder).name,
    )


def options(**chosen: Any) -> ConverterOptions:
    defaults: dict[str, Any] = {"process_code": 1, "part_number": "DEFAULT"}
    return ConverterOptions(**(defaults | chosen))


def refused(found: Found, chosen: ConverterOptions, where: Source | None = None) -> str:
    with pytest.raises(ConversionError) as caught:
        resolve(found, where or source(), chosen)
    return str(caught.value)


# ---------------------------------------------------------------- header
def test_the_file_wins_over_names_and_options() -> None:
    header = resolve(FULL, source("SN-9_P-9_revZ.txt"), options(serial_number_pattern=PATTERN))
    assert (header.sn, header.pn, header.rev, header.process_code) == ("SN-1", "P-1", "C", 10)
    assert header.warnings == ()


def test_the_files_name_comes_before_its_folder_and_the_defaults() -> None:
    chosen = options(serial_number_pattern=PATTERN)
    header = resolve(Found(), source("SN-9_P-9_revZ.txt", "SN-5"), chosen)
    assert (header.sn, header.pn, header.rev, header.process_code) == ("SN-9", "P-9", "Z", 1)
    header = resolve(Found(), source("result.txt", "SN-5"), chosen)
    assert (header.sn, header.pn, header.rev) == ("SN-5", "DEFAULT", "A")


def test_a_header_begins_a_report_and_hands_its_warnings_on() -> None:
    header = resolve(Found(sn="SN-1", process="bake"), source(), options())
    start = datetime(2026, 1, 2, tzinfo=UTC)
    report = header.report(start=start, result=Result.FAILED, user="kim\n" * 100, sequence="x" * 300)
    assert (report.sn, report.pn, report.data["start"]) == ("SN-1", "DEFAULT", start.isoformat())
    assert (report.data["result"], report.root.status) == ("F", "F")
    assert len(report.data["uut"]["user"]) == 100
    assert len(report.root.data["seqCall"]["name"]) == 200
    assert report.warnings == list(header.warnings) != []
    assert header.report().root.data["name"] == "MainSequence"


@pytest.mark.parametrize("sn", ["", "  ", "unknown_dut", "None", "n/a", "0", "DEFAULT"])
def test_placeholders_count_as_none(sn: str) -> None:
    assert is_placeholder(sn, options())
    chosen = options(serial_number_pattern=PATTERN)
    assert resolve(Found(sn=sn), source("SN-7.txt"), chosen).sn == "SN-7"
    assert "serial_number_pattern" in refused(Found(sn=sn), options())


def test_a_serial_number_is_never_invented_and_the_place_is_named() -> None:
    text = refused(Found(sn="N/A", place="header", sn_place="line 2"), options())
    assert text.startswith("line 2: the serial number 'N/A' is a placeholder")
    assert refused(Found(place="header"), options()).startswith("header: no serial number")
    chosen = options(serial_number_pattern=r"(?P<sn>NONE)")
    assert "no serial number" in refused(Found(), chosen, source("NONE.txt"))


def test_part_numbers_by_program_come_before_the_default() -> None:
    chosen = options(part_numbers={"Board.SEQ": "BY-PROGRAM"})
    assert resolve(Found(sn="1", program="board.seq"), source(), chosen).pn == "BY-PROGRAM"
    assert resolve(Found(sn="1", program="other"), source(), chosen).pn == "DEFAULT"
    assert "names no part number" in refused(Found(sn="1"), options(part_number=" "))
    assert "names no revision" in refused(Found(sn="1"), options(revision=""))


@pytest.mark.parametrize(
    ("process", "code", "warned"),
    [
        ("Final Test", 30, False),
        ("final test", 30, False),
        ("77", 77, False),
        ("other", 1, True),
        ("", 1, False),
    ],
)
def test_process_codes(process: str, code: int, warned: bool) -> None:  # noqa: FBT001 - a table
    chosen = options(process_codes={"Final Test": 30})
    header = resolve(Found(sn="1", process=process), source(), chosen)
    assert header.process_code == code
    assert bool(header.warnings) is warned


def test_an_operation_without_a_code_is_refused() -> None:
    chosen = options(process_code=None)
    assert "operation 'Final' has no code" in refused(Found(sn="1", process="Final"), chosen)
    assert "names no operation" in refused(Found(sn="1"), chosen)


def test_a_bad_pattern_is_named() -> None:
    assert "serial_number_pattern is no regular expression" in refused(
        Found(), options(serial_number_pattern="(")
    )


def test_a_pattern_without_its_group_finds_nothing() -> None:
    assert "no serial number" in refused(Found(), options(serial_number_pattern=r"\w+"))


def test_options_of_a_type_take_the_common_ones_over() -> None:
    class Own(ConverterOptions, frozen=True, kw_only=True):
        extra: int = 5

    own = Own.of(options(revision="Z"))
    assert (own.revision, own.process_code, own.extra) == ("Z", 1, 5)
    assert Own.of(own) is own


# ---------------------------------------------------------------- numbers
@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("7", ".", 7),
        (" -3.50 ", ".", -3.5),
        ("+.5e-3", ".", 0.0005),
        ("5.", ".", 5.0),
        ("1,5", ",", 1.5),
        ("1,5", "auto", 1.5),
        ("1.5", "auto", 1.5),
        ("12345678901234567890", ".", 12345678901234567890.0),
        ("1e999", ".", math.inf),
        ("-INF", ".", -math.inf),
        ("Infinity", ".", math.inf),
        ("1.#INF", ".", math.inf),
        ("", ".", None),
        ("----", ".", None),
        ("........", ".", None),
        ("9.99E+37", ".", None),
    ],
)
def test_numbers(text: str, decimal: Decimal, value: float | None) -> None:
    assert parse_number(text, decimal=decimal) == value


@pytest.mark.parametrize("text", ["NaN", "-NAN", "nan(ind)", "1.#QNAN", "-1.#IND00"])
def test_no_numbers(text: str) -> None:
    value = parse_number(text)
    assert value is not None
    assert math.isnan(value)


@pytest.mark.parametrize("text", ["1_000", "0x1F", "1,5", "1.2.3", "12V", "e5", ".", "+"])
def test_texts_that_are_no_numbers(text: str) -> None:
    with pytest.raises(ValueError, match="is no number"):
        parse_number(text)


@pytest.mark.parametrize("text", ["1.234", "-12.500", "1.5e3", ".5", "5."])
def test_a_point_is_no_decimal_mark_where_the_comma_is(text: str) -> None:
    with pytest.raises(ValueError, match="is no number with the decimal mark ','"):
        parse_number(text, decimal=",")
    assert parse_number("9.99E+37", decimal=",") is None
    assert parse_number("1.#INF", decimal=",") == math.inf


def test_auto_takes_one_lone_comma_only() -> None:
    for text in ("1,2,3", "1,234.5"):
        with pytest.raises(ValueError, match="is no number"):
            parse_number(text, decimal="auto")


# ---------------------------------------------------------------- verdicts
@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Passed", Status.PASSED),
        ("OK", Status.PASSED),
        ("NOK", Status.FAILED),
        ("false", Status.FAILED),
        ("not run", Status.SKIPPED),
        ("Record-Only", Status.DONE),
        ("runtime_error", Status.ERROR),
        ("Stop by operator", Status.TERMINATED),
    ],
)
def test_verdicts(word: str, status: Status) -> None:
    assert status_of(word) is status


@pytest.mark.parametrize("word", ["", "0", "1", "maybe"])
def test_unknown_verdicts_never_pass(word: str) -> None:
    with pytest.raises(ValueError, match="no verdict we know"):
        status_of(word)


def test_results() -> None:
    assert result_of("Failed") is Result.FAILED
    with pytest.raises(ValueError, match="no result of a whole test"):
        result_of("Skipped")


# ---------------------------------------------------------------- times
@pytest.mark.parametrize(
    ("text", "utc", "at", "warned"),
    [
        ("2026-07-01T08:00:00", False, "2026-07-01T08:00:00+02:00", False),
        ("2026-01-01 08:00:00.5", False, "2026-01-01T08:00:00.500000+01:00", False),
        ("2026-07-01T08:00:00", True, "2026-07-01T08:00:00+00:00", False),
        ("2026-07-01T08:00:00-05:00", False, "2026-07-01T08:00:00-05:00", False),
        ("2026-10-25T02:30:00", False, "2026-10-25T02:30:00+02:00", True),
        ("2026-03-29T02:30:00", False, "2026-03-29T02:30:00+01:00", True),
    ],
)
def test_times(text: str, utc: bool, at: str, warned: bool) -> None:  # noqa: FBT001 - a table
    moment = read_time(text, OSLO, utc=utc)
    assert moment.at.isoformat() == at
    assert bool(moment.warning) is warned


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-13-01T00:00:00", "1970-01-01T00:00:00", "9999-01-01"]
)
def test_no_times(text: str) -> None:
    with pytest.raises(ValueError, match=r"no ISO date|has year"):
        read_time(text, OSLO)


@pytest.mark.parametrize(
    ("start", "end", "seconds"),
    [
        ("2026-03-29T01:59:00", "2026-03-29T03:01:00", 120),
        ("2026-10-25T01:59:00", "2026-10-25T03:01:00", 7320),
        ("2026-07-01T01:59:00", "2026-07-01T03:01:00", 3720),
    ],
)
def test_the_difference_of_local_times_is_the_time_that_passed(start: str, end: str, seconds: float) -> None:
    begun, ended = read_time(start, OSLO).at, read_time(end, OSLO).at
    assert (ended - begun).total_seconds() == seconds
    assert begun + (ended - begun) == ended
    assert (begun + (ended - begun)).astimezone(UTC) == ended.astimezone(UTC)


def test_a_station_without_zone_has_the_pcs_own() -> None:
    naive = datetime(2026, 7, 1, 12)  # noqa: DTZ001 - a local time is what is tested
    assert local_time(naive, Station()).at.utcoffset() == naive.astimezone().utcoffset()


def test_an_unknown_zone_is_named() -> None:
    with pytest.raises(ConversionError, match="Mars/Base"):
        read_time("2026-07-01T08:00:00", Station(time_zone="Mars/Base"))


def test_unix_times() -> None:
    assert from_epoch(1790000000.5) == datetime(2026, 9, 21, 14, 13, 20, 500000, tzinfo=UTC)
    for seconds in (0, -1e30, 1e30, math.nan, math.inf):
        with pytest.raises(ValueError, match="Unix time"):
            from_epoch(seconds)


# ---------------------------------------------------------------- texts and lines
def test_texts_are_made_fit_for_a_report() -> None:
    assert printable("a\x00b\x1b\x7fc\td\ne\ud800\uffff") == f"abc\td\ne{GONE}{GONE}"
    assert clip("abcdef", 6) == "abcdef"
    assert clip("abcdefg", 6) == "abc..."
    assert clip("abcd", 2) == "ab"
    assert one_line(" a\r\n\tb \n", 10) == "a b"
    assert strip_ansi("\x1b[1;31mred\x1b[0m #x1B[32mgreen#x1B[0m [plain]") == "red green [plain]"


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_lines_end_as_they_are_however_the_file_is_cut(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stationmaster.api.lines._CHUNK_BYTES", size)
    data = b"one\r\ntwo\nthree\rfour\r\r\n\n\rlast"
    lines = list(read_lines(io.BytesIO(data)))
    assert lines == [b"one\r\n", b"two\n", b"three\r", b"four\r", b"\r\n", b"\n", b"\r", b"last"]
    assert b"".join(lines) == data


def test_a_line_without_end_is_refused() -> None:
    with pytest.raises(ConversionError, match="a line of more than 100 bytes"):
        list(read_lines(io.BytesIO(b"x" * 101), limit=100))


# ---------------------------------------------------------------- JSON
def test_json_is_read_with_or_without_mark_and_with_bare_nan() -> None:
    assert parse_json(b'\xef\xbb\xbf{"a": 1}', name="a.json") == {"a": 1}
    value = parse_json(b"[NaN, Infinity]", name="a.json")
    assert math.isnan(value[0])
    assert value[1] == math.inf


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"a": ', "line 1 column 7: a.json is not JSON"),
        (b"[" * 100_000, "nests lists and objects too deep"),
        (b"[" + b"9" * 5000 + b"]", "a.json is not JSON"),
        (b"\0\0", "NUL"),
    ],
)
def test_what_is_not_json_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(ConversionError) as caught:
        parse_json(data, name="a.json")
    assert reason in str(caught.value)


def test_json_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stationmaster.api.json_text.MAX_BYTES", 4)
    with pytest.raises(ConversionError, match="the bound for JSON"):
        parse_json(b"[1, 2]", name="a.json")


def test_members_are_asked_for_by_type() -> None:
    node = JsonObject({"t": "x\x00", "n": 1.5, "i": 2.0, "b": True, "l": [{}], "o": {"k": {}}, "z": None})
    assert (node.text("t"), node.text("n"), node.text("z", "d"), node.text("none")) == ("x", "1.5", "d", "")
    assert (node.integer("i"), node.integer("z"), node.flag("b"), node.flag("t")) == (2, None, True, False)
    assert [one.place for one in node.objects("l")] == ["l[0]"]
    assert [one.place for _key, one in node.child("o").members()] == ['o["k"]']
    assert list(node.child("z").members()) == []
    assert node.items("z") == []
    assert node.text("t") == "x"
    big = JsonObject({"n": 10**5000})
    assert big.text("n") == "a very long number"


@pytest.mark.parametrize(
    ("ask", "reason"),
    [
        (lambda node: node.text("l"), "l: should be a text, is a list"),
        (lambda node: node.text("b"), "b: should be a text, is true or false"),
        (lambda node: node.integer("b"), "b: should be a whole number, is true or false"),
        (lambda node: node.integer("t"), "t: should be a whole number, is a text"),
        (lambda node: node.child("t"), "t: should be an object, is a text"),
        (lambda node: node.items("o"), "o: should be a list, is an object"),
        (lambda node: list(node.objects("l")), "l[0]: should be an object, is a number"),
        (lambda _node: as_object(None, "root"), "root: should be an object, is nothing"),
    ],
)
def test_wrong_types_are_named_with_their_path(ask: Any, reason: str) -> None:
    node = JsonObject({"t": "x", "b": True, "l": [1], "o": {}})
    with pytest.raises(ConversionError) as caught:
        ask(node)
    assert str(caught.value) == reason


def test_named_groups_of_a_pattern_from_the_options() -> None:
    assert named_groups("", "BRD-7", "pattern") == {}
    assert named_groups("(?P<pn>BRD-.)(?P<rev> .)?", "x BRD-7", "pattern") == {"pn": "BRD-7"}
    assert named_groups("(?P<pn>BRD)", "x", "pattern") == {}
    with pytest.raises(ConversionError, match="the option pattern is no regular expression"):
        named_groups("(", "x", "pattern")
