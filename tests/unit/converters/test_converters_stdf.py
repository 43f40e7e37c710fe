"""STDF: header, verdicts, limits, defaults from earlier records, sites that interleave, spoilt files."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import math
import os
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes import stdf
from fakes.stdf import Stdf
from stationmaster.api import ConversionError, Glimpse, Report, Station
from stationmaster.api.testing import assert_good, convert_file
from stationmaster.api.validate import validate
from stationmaster.converters.stdf import StdfConverter
from stationmaster.converters.stdf_facts import shortest
from stationmaster.converters.stdf_parts import Parts
from stationmaster.converters.stdf_stream import Records

DATA = Path(__file__).parents[2] / "data" / "stdf"
OPTIONS: dict[str, Any] = {"process_code": 20}
each_order = pytest.mark.parametrize("order", ["<", ">"], ids=["PC", "Sun"])


def convert(tmp_path: Path, file: Stdf | bytes, name: str = "lot.stdf", **options: Any) -> list[Report]:
    path = tmp_path / name
    path.write_bytes(file if isinstance(file, bytes) else file.bytes())
    station = Station(name="bench", time_zone="Europe/Oslo")
    reports = convert_file(StdfConverter(), path, options=OPTIONS | options, station=station)
    for report in reports:
        assert not [issue for issue in validate(report) if issue.severity == "error"]
    return reports


def refused(tmp_path: Path, file: Stdf | bytes, words: str, **options: Any) -> None:
    with pytest.raises(ConversionError, match=words):
        convert(tmp_path, file, **options)


def one(tmp_path: Path, file: Stdf, **options: Any) -> Report:
    [report] = convert(tmp_path, file, **options)
    return report


def part(order: str = "<", **lot: Any) -> Stdf:
    return Stdf(order).mir(**lot).pir()


def end(file: Stdf, **given: Any) -> Stdf:
    return file.prr(**given).mrr()


def row(report: Report, at: int = 0) -> dict[str, Any]:
    [found] = report.root.steps[at].data["numericMeas"]
    return dict(found)


# ---------------------------------------------------------------------- samples


@each_order
def test_the_sample_is_what_the_generator_makes_and_reads_the_same_in_both_byte_orders(
    tmp_path: Path, order: str
) -> None:
    assert (DATA / "sample.stdf").read_bytes() == stdf.sample()
    [report] = convert(tmp_path, stdf.sample(order))
    assert (report.sn, report.pn, report.data["rev"], report.data["result"]) == (
        "SN-1001",
        "BRD-7",
        "2.1",
        "P",
    )
    assert report.data["machineName"] == "ate-3"
    assert report.data["start"] == "2026-03-02T08:35:30+01:00", "the clock on the tester's wall"
    assert report.data["uut"] == {
        "user": "kim",
        "execTime": 1.25,
        "batchSN": "LOT-7",
        "testSocketIndex": 1,
        "fixtureId": "LB-4",
    }
    assert report.root.data["seqCall"]["name"] == "final"
    supply, current, rails, scan = report.root.steps
    assert supply.data["numericMeas"] == [
        {"status": "P", "value": 5.01, "unit": "V", "compOp": "GELE", "lowLimit": 4.75, "highLimit": 5.25}
    ]
    assert current.data["numericMeas"][0]["value"] == 0.0123
    assert [(one["name"], one["value"]) for one in rails.data["numericMeas"]] == [
        ("VDD", 3.31),
        ("VIO", 3.29),
    ]
    assert scan.step_type == "ET_PFT"
    assert "Cycle: 1024" in scan.data["reportText"]
    assert "Vectors: scan_1" in scan.data["reportText"]
    assert {"description": "Hard bin", "text": "1 good"} in report.data["miscInfos"]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress], ids=["gz", "bz2"])
def test_packed_files_give_the_same_reports(tmp_path: Path, pack: Any) -> None:
    [plain] = convert(tmp_path, stdf.sample())
    packed = pack(stdf.sample())
    [report] = convert(tmp_path, packed, "lot.stdf.gz")
    assert (report.data, report.record) == (plain.data, plain.record)
    path = tmp_path / "lot.stdf.gz"
    assert StdfConverter().detect(Glimpse.at(path)) == 100
    assert StdfConverter().is_complete(Glimpse.at(path))
    for size in (20, len(packed) // 2, len(packed) - 4):
        path.write_bytes(packed[:size])
        assert not StdfConverter().is_complete(Glimpse.at(path))
        with pytest.raises(ConversionError):
            convert_file(StdfConverter(), path, options=OPTIONS)


def test_the_sample_stands_the_trial() -> None:
    assert_good(StdfConverter(), DATA / "sample.stdf", options=OPTIONS)


# ---------------------------------------------------------------------- which files


def test_detection() -> None:
    sure = StdfConverter().detect
    for order in "<>":
        assert sure(Glimpse("a.bin", 500, stdf.sample(order), b"")) == 100
    assert sure(Glimpse("a.stdf", 6, b"\x02\x00\x00\x0a", b"")) == 0
    assert sure(Glimpse("a.stdf", 0)) == 0
    assert sure(Glimpse("a.gz", 30, gzip.compress(b"no STDF at all"), b"")) == 0
    assert sure(Glimpse("a.std.bz2", 200_000, b"BZh9" + bytes(60_000), b"")) == 60
    assert sure(Glimpse("a.txt.bz2", 200_000, b"BZh9" + bytes(60_000), b"")) == 0


def test_the_last_record_says_that_the_file_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "a.stdf"
    for whole in (stdf.sample(), stdf.sample(">"), stdf.large(20, 60)):
        path.write_bytes(whole)
        assert StdfConverter().is_complete(Glimpse.at(path))
        for lost in (1, 5, 9, len(whole) // 2):
            path.write_bytes(whole[:-lost])
            assert not StdfConverter().is_complete(Glimpse.at(path))


def test_other_versions_and_machines_are_refused(tmp_path: Path) -> None:
    refused(tmp_path, Stdf(version=3).mir().mrr(), "version 3")
    vax = bytearray(stdf.sample())
    vax[4] = 0
    refused(tmp_path, bytes(vax), "VAX")
    refused(tmp_path, b"{}", "no STDF file")
    refused(tmp_path, Stdf().mrr(), "no MIR")
    refused(tmp_path, Stdf().mir().mrr(), "no part")
    refused(tmp_path, end(part()).mir().pir().prr().mrr(), "second lot")


# ---------------------------------------------------------------------- header


def test_a_part_number_from_the_job_is_an_option(tmp_path: Path) -> None:
    file = end(part(part="", job="final"))
    refused(tmp_path, file, "no part number")
    assert one(tmp_path, file, job_name_as_part_number=True).pn == "final"
    assert one(tmp_path, file, part_numbers={"FINAL": "BRD-8"}).pn == "BRD-8"


def test_serial_numbers_are_made_of_what_the_options_name(tmp_path: Path) -> None:
    file = Stdf().mir().wir("W-2").pir().prr("3", place=(4, -5), words="lid open").mrr()
    assert one(tmp_path, file).sn == "3"
    assert one(tmp_path, file, serial_numbers=["{lot}-{wafer}-{x}-{y}"]).sn == "LOT-7-W-2-4--5"
    assert one(tmp_path, file, serial_numbers=["{sublot}-{part_id}", "{lot}.{index}"]).sn == "LOT-7.1"
    for wrong in ("{serial}", "{}", "{x:3}", "{x!r}", "{x"):
        refused(tmp_path, file, "serial_numbers holds", serial_numbers=[wrong])
    assert one(tmp_path, file).data["uut"]["comment"] == "lid open"


def test_the_file_s_name_names_a_part_that_is_alone(tmp_path: Path) -> None:
    pattern = {"serial_number_pattern": "_(?P<sn>SN-[0-9]+)_"}
    file = end(part(), part="  ")
    [report] = convert(tmp_path, file, "q_SN-77_25c.stdf", **pattern)
    assert report.sn == "SN-77"
    [report] = convert(
        tmp_path, end(part(), part="1"), "q_SN-77_25c.stdf", serial_numbers=["{file}"], **pattern
    )
    assert report.sn == "SN-77"
    two = Stdf().mir().pir().prr("").pir().prr("").mrr()
    with pytest.raises(ConversionError, match="part 1 of 2, head 1, site 1: the part has no serial number"):
        convert(tmp_path, two, "q_SN-77_25c.stdf", **pattern)
    refused(tmp_path, file, "no serial number")
    refused(tmp_path, end(part(), part="0"), "no serial number")


def test_operations_are_mapped_and_their_numbers_are_not_ours(tmp_path: Path) -> None:
    codes = {"process_codes": {"hot": 31, "7": 70}}
    assert one(tmp_path, end(part(flow="HOT")), **codes).data["processCode"] == 31
    assert one(tmp_path, end(part(test_cod="7")), **codes).data["processCode"] == 70
    numbered = one(tmp_path, end(part(test_cod="5")), **codes)
    assert (numbered.data["processCode"], numbered.warnings) == (20, [])
    assert "'cold' is not in process_codes" in one(tmp_path, end(part(test_cod="cold"))).warnings[0]


def test_lot_wafer_and_sublot_are_the_batch(tmp_path: Path) -> None:
    file = Stdf().mir(sublot="2").wir("W-1").pir().prr().wrr("W-1").mrr()
    report = one(tmp_path, file)
    assert report.data["uut"]["batchSN"] == "LOT-7/2/W-1"
    assert {"description": "Wafer", "text": "W-1"} in report.data["miscInfos"]
    assert one(tmp_path, file, batch=["{lot}"]).data["uut"]["batchSN"] == "LOT-7"


def test_a_start_that_cannot_be_is_told(tmp_path: Path) -> None:
    report = one(tmp_path, end(part(start=2000)))
    assert any("year 1970" in text for text in report.warnings)
    assert not report.timed


def test_times_are_the_wall_s_unless_an_option_says_utc(tmp_path: Path) -> None:
    assert one(tmp_path, end(part())).data["start"] == "2026-03-02T08:35:30+01:00"
    assert one(tmp_path, end(part()), times_are_utc=True).data["start"] == "2026-03-02T08:35:30+00:00"


def test_test_times_are_added_where_that_is_wanted(tmp_path: Path) -> None:
    file = Stdf().mir().pir(1).pir(2).prr("A", site=1, millis=2000).prr("B", site=2, millis=3000)
    file.pir(1).pir(2).prr("C", site=1).prr("D", site=2).mrr()
    assert {one.data["start"][11:19] for one in convert(tmp_path, file)} == {"08:35:30"}
    added = {one.sn: one.data["start"][11:19] for one in convert(tmp_path, file, add_test_times=True)}
    assert added == {"A": "08:35:30", "B": "08:35:30", "C": "08:35:32", "D": "08:35:33"}


# ---------------------------------------------------------------------- verdicts


@pytest.mark.parametrize(
    ("flags", "hard", "result"),
    [
        (0, 1, "P"),
        (8, 1, "F"),
        (4, 1, "T"),
        (12, 1, "T"),
        (16, 1, "P"),
        (16, 2, "F"),
        (16, 3, "E"),
        (1, 1, "P"),
    ],
)
def test_the_verdict_of_a_part_is_its_flags(tmp_path: Path, flags: int, hard: int, result: str) -> None:
    file = (
        part().prr(flags=flags, bins=(hard, hard)).bin(1, "good", "P").bin(2, "bad", "F").bin(3, "odd", " ")
    )
    report = one(tmp_path, file.mrr())
    assert (report.data["result"], report.root.status) == (result, result)
    retest = {"description": "Retest of the same part id", "text": "yes"}
    assert (retest in report.data["miscInfos"]) is (flags == 1)


def test_a_failing_test_does_not_fail_a_part_nor_the_other_way_round(tmp_path: Path) -> None:
    report = one(tmp_path, end(part().ptr(1, 9.0, "a", flags=0x80, high=1.0)))
    assert (report.data["result"], report.root.steps[0].status) == ("P", "F")
    report = one(tmp_path, end(part().ptr(1, 0.5, "a", high=1.0), flags=8))
    assert (report.data["result"], report.root.steps[0].status) == ("F", "P")


@pytest.mark.parametrize(
    ("flags", "status", "kind"),
    [(0, "P", "ET_NLT"), (0x80, "F", "ET_NLT"), (0x10, "S", "ET_PFT"), (0x20, "T", "ET_NLT"),
     (0x40, "D", "ET_NLT"), (0x02, "P", "ET_PFT"), (0x82, "F", "ET_PFT"), (0x90, "S", "ET_PFT")],
)  # fmt: skip
def test_the_status_of_a_test_is_its_flags(tmp_path: Path, flags: int, status: str, kind: str) -> None:
    [step] = one(tmp_path, end(part().ptr(1, 0.5, "a", flags=flags, low=0, high=1))).root.steps
    assert (step.status, step.step_type) == (status, kind)
    if kind == "ET_PFT" or flags & 0x40:
        assert "Limits: 0.0 to 1.0 V" in step.data["reportText"]
    if flags & 0x40:
        assert step.data["numericMeas"][0]["compOp"] == "LOG"


# ---------------------------------------------------------------------- limits


@pytest.mark.parametrize(
    ("more", "options", "expected"),
    [
        (0xC0, 0, ("GELE", 1, 2)),
        (0x00, 0, ("GTLT", 1, 2)),
        (0x40, 0, ("GELT", 1, 2)),
        (0x80, 0, ("GTLE", 1, 2)),
        (0x40, 0x80, ("GE", 1, None)),
        (0x00, 0x80, ("GT", 1, None)),
        (0x80, 0x40, ("LE", 2, None)),
        (0x00, 0x40, ("LT", 2, None)),
        (0xC0, 0xC0, ("LOG", None, None)),
    ],
)
def test_limits(tmp_path: Path, more: int, options: int, expected: tuple[str, int, int]) -> None:
    file = end(part().ptr(1, 1.5, "a", more=more, options=options, low=1, high=2))
    found = row(one(tmp_path, file))
    assert (found["compOp"], found.get("lowLimit"), found.get("highLimit")) == expected


def test_limits_that_are_no_numbers_bound_nothing(tmp_path: Path) -> None:
    file = end(part().ptr(1, 1.5, "a", low=-math.inf, high=2).ptr(2, 1.5, "b", low=math.nan, high=math.inf))
    report = one(tmp_path, file)
    assert [row(report, at)["compOp"] for at in (0, 1)] == ["LE", "LOG"]


@each_order
def test_a_record_that_ends_early_has_the_limits_of_the_first(tmp_path: Path, order: str) -> None:
    file = part(order).ptr(7, 0.5, "a", low=0, high=1, unit="mA", specs=(-1, 2))
    for fields in (1, 2, 3):
        file.ptr(7, 0.25, "a", fields=fields)
    file.ptr(7, 0.5, "a", low=0, high=4)  # its own limits are for it alone
    file.ptr(7, 0.5, "a", options=0x30, low=9, high=9)  # these are not valid: those of the first are
    file.ptr(7, 0.5, "a", fields=3)
    report = one(tmp_path, end(file))
    assert [step.name for step in report.root.steps] == ["a"] * 7
    assert [(row(report, at)["compOp"], row(report, at)["highLimit"]) for at in range(7)] == [
        *[("GELE", 1.0)] * 4,
        ("GELE", 4.0),
        *[("GELE", 1.0)] * 2,
    ]
    assert {row(report, at)["unit"] for at in (0, 1, 2, 3, 6)} == {"mA"}
    assert "Specification: -1.0 to 2.0 mA" in report.root.steps[1].data["reportText"]


def test_tests_of_one_number_are_told_apart_by_name(tmp_path: Path) -> None:
    file = part().ptr(0, 1, "a", high=1).ptr(0, 2, "b", high=2).ptr(0, 2, "b", fields=3).ptr(0, 1, fields=1)
    report = one(tmp_path, end(file))
    assert [step.name for step in report.root.steps] == ["a", "b", "b", "Test 0"]
    assert [row(report, at).get("highLimit") for at in range(4)] == [1, 2, 2, None]


def test_the_first_of_a_test_may_stand_on_another_site(tmp_path: Path) -> None:
    file = Stdf().mir().pir(1).pir(2).ptr(1, 0.5, "a", site=1, high=1).ptr(1, 2, "a", site=2, fields=3)
    file.ptr(2, 5, "b", site=2).prr("B", site=2).prr("A", site=1).mrr()
    second, first = convert(tmp_path, file)
    assert (second.sn, first.sn) == ("B", "A")
    assert row(second)["highLimit"] == 1
    assert [len(one.root.steps) for one in (second, first)] == [2, 1]


def test_nameless_tests_have_the_names_of_tsr(tmp_path: Path) -> None:
    file = part().ptr(5, 1, fields=1).ptr(6, 1, fields=1).prr().tsr(5, "Leakage").mrr()
    assert [step.name for step in one(tmp_path, file).root.steps] == ["Leakage", "Test 6"]


def test_the_tester_s_scale_is_an_option(tmp_path: Path) -> None:
    file = end(part().ptr(1, 2.05e-8, "c", scale=9, low=1e-8, high=3e-8, unit="F"))
    assert row(one(tmp_path, file))["value"] == 2.05e-08
    shown = row(one(tmp_path, file, scaled_display=True))
    assert (shown["value"], shown["lowLimit"], shown["highLimit"], shown["unit"]) == (20.5, 10, 30, "nF")


@given(st.floats(width=32))
def test_numbers_have_the_fewest_digits_that_mean_the_same(value: float) -> None:
    short = shortest(value)
    if math.isnan(value):
        assert math.isnan(short)
    else:
        assert struct.unpack("<f", struct.pack("<f", short))[0] == value
        digits = f"{short!r}".partition("e")[0].replace(".", "").strip("-0")
        assert len(digits) <= 9


# ---------------------------------------------------------------------- MPR, FTR, sections, texts


def test_several_results_are_named_by_their_pins(tmp_path: Path) -> None:
    file = Stdf().mir().pmr(1, "c1", "VDD").pmr(2, "c2").pir()
    file.mpr(9, (1, 5, 2), "rails", pins=(1, 2, 3), low=0, high=3, flags=0x80)
    file.mpr(9, (1, 2, 2), "rails", pins=(1, 2, 3), fields=2)
    file.mpr(10, (1.5,), "one", pins=(2,), high=3)
    file.mpr(11, (), "none", high=3)
    file.mpr(12, (1, 2), "sweep", options=0, sweep=(0.5, 0.25), unit_in="mA", high=3)
    first, early, lone, empty, sweep = one(tmp_path, end(file)).root.steps
    assert [(m["name"], m["status"]) for m in first.data["numericMeas"]] == [
        ("VDD", "P"),
        ("c2", "F"),
        ("Pin 3", "P"),
    ]
    assert first.status == "F"
    assert [(m["name"], m["highLimit"]) for m in early.data["numericMeas"]] == [
        ("VDD", 3),
        ("c2", 3),
        ("Pin 3", 3),
    ]
    assert (lone.step_type, empty.step_type) == ("ET_NLT", "ET_PFT")
    assert "Pin: c2" in lone.data["reportText"]
    assert [m["name"] for m in sweep.data["numericMeas"]] == ["1", "2"]
    assert "Input from 0.5 in steps of 0.25 mA" in sweep.data["reportText"]


def test_functional_tests_tell_what_failed(tmp_path: Path) -> None:
    file = Stdf().mir().pmr(3, "c3", "TDO").pir()
    file.ftr(20, "scan", flags=0x80, cycle=77, failing=(3, 12), vector="v_1", pins=3)
    file.ftr(20, whole=False).ftr(21, "x", options=0x0F)
    failed, early, untold = one(tmp_path, end(file)).root.steps
    assert (failed.step_type, failed.status, early.name) == ("ET_PFT", "F", "scan")
    for words in ("Test 20", "Cycle: 77", "Failing pins: 2", "Failed: TDO, Pin 12", "Vectors: v_1"):
        assert words in failed.data["reportText"]
    assert (early.data["reportText"], untold.data["reportText"]) == ("Test 20", "Test 21")


def test_sections_are_sequences(tmp_path: Path) -> None:
    file = (
        part().bps("dc").ptr(1, 1, "a").bps("deep").ptr(2, 1, "b").eps().ptr(3, 1, "c").eps().ptr(4, 1, "d")
    )
    file.bps("open").ptr(5, 1, "e").prr("A").pir().ptr(6, 1, "f").prr("B").mrr()
    first, second = convert(tmp_path, file)
    assert [step.name for step in first.root.walk()][1:] == ["dc", "a", "deep", "b", "c", "d", "open", "e"]
    assert [step.name for step in second.root.steps] == ["f"], "a section ends with its part"


def test_a_section_that_begins_again_has_ended(tmp_path: Path) -> None:
    file = part().bps("all").bps("dc").ptr(1, 1, "a").bps("ac").ptr(2, 1, "b").bps("dc").ptr(3, 1, "c")
    report = one(tmp_path, end(file))
    paths = [f"{step.name}: {', '.join(child.name for child in step.steps)}" for step in report.root.walk()]
    assert [path for path in paths if not path.endswith(": ")][1:] == [
        "all: dc, dc",
        "dc: a, ac",
        "ac: b",
        "dc: c",
    ]
    endless = part()
    for number in range(2000):
        endless.bps(f"s{number}")
    [deep] = convert(tmp_path, end(endless.ptr(1, 1, "a")))
    assert len(list(deep.root.walk())) == 32


def test_a_result_without_part_does_not_hold_up_the_rest() -> None:
    """It waits for an end that never comes; parts that end meanwhile make room."""
    file = Stdf().mir().ptr(1, 1, "a", site=9)
    for number in range(20):
        file.pir().ptr(1, 1, "a").dtr("x" * 200).prr(f"SN-{number}")
    records = Records(io.BytesIO(file.mrr().bytes()), "a")
    parts = Parts(records)
    held = [parts._bytes for _part in parts]
    assert len(held) == 20
    assert held[0] + 210 * 19 >= held[-1], "only the texts that the open result keeps"


def test_texts_stand_at_the_root(tmp_path: Path) -> None:
    file = Stdf().mir().dtr("before").pir().dtr("hot socket")
    file.gdr(
        (1, b"\x07"), (10, b"\x02ab"), (7, file.pack("f", 0.5)), (0, b""), (13, b"\x0f"), (11, b"\x01\xff")
    )
    report = one(tmp_path, end(file))
    assert report.root.data["reportText"] == "hot socket\n7, ab, 0.5, 15, ff"


# ---------------------------------------------------------------------- parts that are not whole


def test_a_part_without_a_begin_is_a_part(tmp_path: Path) -> None:
    file = Stdf().mir().ptr(1, 1, "a").prr("A").ptr(1, 2, "a").prr("B").mrr()
    assert [(report.sn, len(report.root.steps)) for report in convert(tmp_path, file)] == [("A", 1), ("B", 1)]


def test_results_of_no_part_are_told(tmp_path: Path) -> None:
    file = Stdf().mir().ptr(1, 1, "a").pir().ptr(1, 2, "a").prr().ptr(1, 3, "a").mrr()
    report = one(tmp_path, file)
    assert len(report.root.steps) == 1
    assert report.warnings == ["2 results in the file belong to no part and were left out"]


def test_a_part_without_an_end_was_terminated(tmp_path: Path) -> None:
    file = Stdf().mir().pir(1).pir(2).ptr(1, 1, "a", site=2).prr("A").mrr()
    [whole] = convert(tmp_path, file)
    assert "part 2 of 2, head 1, site 2: it never ended and has no serial number" in whole.warnings[0]
    named = convert(tmp_path, file, serial_numbers=["{lot}-{index}"])
    assert [(report.sn, report.data["result"]) for report in named] == [("LOT-7-1", "P"), ("LOT-7-2", "T")]


def test_a_file_without_an_end_is_taken_only_if_wanted(tmp_path: Path) -> None:
    file = Stdf().mir().pir().ptr(1, 1, "a").prr("A").pir().ptr(1, 2, "a")
    refused(tmp_path, file, "without its last record")
    refused(tmp_path, file.bytes()[:-1], "inside of a record")
    wanted: dict[str, Any] = {"accept_incomplete": True, "serial_numbers": ["{lot}-{index}"]}
    assert [report.data["result"] for report in convert(tmp_path, file, **wanted)] == ["P", "T"]
    assert [len(report.root.steps) for report in convert(tmp_path, file.bytes()[:-1], **wanted)] == [1, 0]


def test_each_part_has_a_record_of_its_own_that_can_be_read_alone(tmp_path: Path) -> None:
    file = Stdf().mir().wir("W").pir(1).pir(2).ptr(1, 1, "a", site=2).ptr(1, 2, "a", site=1)
    file.prr("A", site=1).prr("B", site=2).pir(1).ptr(1, 2, "a", site=1).prr("A", site=1).mrr()
    reports = convert(tmp_path, file, attach_source=True)
    assert len({report.record for report in reports}) == 2, "equal parts have equal records"
    [attached] = reports[1].data["binaryData"]
    assert attached["name"] == "lot-part-2.stdf"
    assert reports[1].record is not None
    [alone] = convert(tmp_path, reports[1].record, accept_incomplete=True)
    assert (alone.sn, row(alone)["value"]) == ("B", 1)
    [report] = convert(tmp_path, stdf.sample(), "a.stdf", attach_source=True)
    assert report.data["binaryData"][0]["name"] == "a.stdf"


# ---------------------------------------------------------------------- damage


@pytest.mark.parametrize(
    ("kind", "sub", "payload", "words"),
    [
        (15, 10, b"\x01\0\0\0\x01\x01\0\xc0\0\0\0\0\xff", "PTR at byte .*: a text of 255 bytes"),
        (15, 10, b"\x01\0\0\0", "PTR at byte .* before its head"),
        (15, 15, b"\x01\0\0\0\x01\x01\0\xc0\0\0\xff\xff", "65535 results are announced"),
        (5, 20, b"\x01\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x09x", "PRR at byte .*: a text of 9"),
        (1, 50, b"\xff\x01\x01\0\0\0\0\0P\x20", "SBR at byte"),
        (50, 10, b"\x01\0\x63", "a field of type 99"),
        (5, 10, b"\x01", "PIR at byte"),
    ],
)
def test_a_damaged_record_is_named(tmp_path: Path, kind: int, sub: int, payload: bytes, words: str) -> None:
    refused(tmp_path, end(part().record(kind, sub, payload)), words)


@given(st.binary(max_size=300))
def test_any_bytes_behind_a_head_never_crash(data: bytes) -> None:
    glimpse = Glimpse("a.stdf", 6 + len(data), b"\x02\0\0\x0a\x02\x04" + data, data)
    assert StdfConverter().detect(glimpse) == 100
    StdfConverter().is_complete(glimpse)
    StdfConverter().detect(Glimpse("a.stdf", len(data), data, data))
    StdfConverter().is_complete(Glimpse("a.stdf", len(data), data, data))


# ---------------------------------------------------------------------- against another reader

PEER = Path(__file__).parents[2] / "benchmarks" / "stdf_peer.py"


def peer_records(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """What Semi-ATE-STDF reads, or a skip where it is not there."""
    python = os.environ.get("STATIONMASTER_PYWATS_PYTHON", "")
    if not python or not Path(python).exists():
        pytest.skip("Semi-ATE-STDF is not here: `make peer` installs it")
    done = subprocess.run([python, str(PEER), str(path)], capture_output=True, text=True, check=False)
    if "No module named 'Semi_ATE'" in done.stderr:
        pytest.skip("Semi-ATE-STDF is not in that Python: `make peer` installs it")
    assert done.returncode == 0, done.stderr
    return [(name, fields) for name, fields in map(json.loads, done.stdout.splitlines())]


@each_order
def test_another_reader_sees_the_same_values(tmp_path: Path, order: str) -> None:
    path = tmp_path / "a.stdf"
    path.write_bytes(stdf.sample(order))
    seen = peer_records(path)
    [report] = convert(tmp_path, stdf.sample(order))
    fields = dict(seen)
    assert fields["PRR"]["PART_ID"] == report.sn
    assert fields["MIR"]["LOT_ID"] == report.data["uut"]["batchSN"]
    theirs = [(one["TEST_TXT"], shortest(one["RESULT"]), shortest(one["LO_LIMIT"]), one["UNITS"])
              for name, one in seen if name == "PTR"]  # fmt: skip
    ours = [
        (step.name, row(report, at)["value"], row(report, at)["lowLimit"], row(report, at)["unit"])
        for at, step in enumerate(report.root.steps[:2])
    ]
    assert ours == theirs


@pytest.mark.parametrize(
    "name",
    ["makechip-stdf2xls4/d10_1.std", "itestinc-stdf2xls/x17y8.stdf", "itestinc-stdf2xls/spreadsheet14.stdf"],
)
def test_another_reader_sees_the_same_results_in_real_files(corpus: Path, name: str) -> None:
    path = corpus / "stdf" / name
    theirs: list[tuple[int, float, bool]] = [
        (one["TEST_NUM"], shortest(one["RESULT"]), one["TEST_FLG"][0] == "1")
        for kind, one in peer_records(path)
        if kind == "PTR" and one["TEST_FLG"][3] == "0" and one["TEST_FLG"][6] == "0"
    ]
    options = OPTIONS | {"part_number": "P-1", "serial_numbers": ["x-{index}"]}
    reports = convert_file(StdfConverter(), path, options=options)
    assert theirs
    seen: dict[tuple[int, float], bool] = {}
    for report in reports:
        for step in report.steps():
            for one in step.data.get("numericMeas") or ():
                number = int(step.data["reportText"].split(";")[0].removeprefix("Test "))
                seen.setdefault((number, one["value"]), step.status == "F")
    missing = [one for one in theirs if seen.get(one[:2]) is not one[2]]
    assert not missing
