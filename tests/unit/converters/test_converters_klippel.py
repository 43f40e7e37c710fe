"""Klippel QC: log, verdict codes, start time, tasks of a folder, spoilt files."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from stationmaster.api import ConversionError, ConverterOptions, Glimpse, Report, Step
from stationmaster.api.testing import convert_file, source_of
from stationmaster.api.validate import validate
from stationmaster.converters.klippel import KlippelConverter

DATA = Path(__file__).parents[2] / "data" / "klippel"
OPTIONS: dict[str, Any] = {"part_number": "BRD-7", "process_code": 20}


def convert(name: str, **options: Any) -> Report:
    [report] = convert_file(KlippelConverter(), DATA / name, options=OPTIONS | options)
    return report


def changed(tmp_path: Path, old: str, new: str, **options: Any) -> Report:
    """A log in which `old` is `new`."""
    text = (DATA / "every_list.txt").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "log.txt"
    path.write_text(text.replace(old, new), encoding="utf-8")
    [report] = convert_file(KlippelConverter(), path, options=OPTIONS | options)
    return report


def by_name(report: Report) -> dict[str, Step]:
    return {step.name: step for step in report.steps()}


def test_a_log_alone_gives_header_and_verdicts() -> None:
    report = convert("every_list.txt")
    assert (report.sn, report.data["result"], report.data["start"]) == (
        "SN-K3",
        "P",
        "2026-07-26T23:59:59.007000-05:00",
    )
    assert report.data["uut"] == {"user": "win:kim", "errorMessage": "Microphone is missing"}
    assert report.data["machineName"] == "TEST"
    assert report.root.data["seqCall"] == {
        "path": "C:\\QC\\BRD-7\\woofer.kdbx",
        "name": "woofer.kdbx",
        "version": "1.0",
    }
    assert report.root.data["reportText"] == "Verdict: Warning"
    assert [(step.name, step.status, step.data.get("reportText")) for step in report.root.steps] == [
        ("a", "P", None),
        ("b", "P", None),
        ("c", "P", "Warning"),
        ("d", "S", "Void"),
        ("e", "E", "Noise"),
        ("f", "E", "Invalid"),
    ]
    assert report.warnings == []
    assert validate(report) == []


def test_a_folder_gives_values_and_curves_too() -> None:
    report = convert("sample", units={"re": "Ohm", "imp": "Ohm"})
    assert (report.sn, report.data["machineName"]) == ("SN-1001", "EOL-4")
    assert report.data["start"] == "2026-03-04T09:15:30.250000+01:00"
    assert [(step.name, step.step_type, step.status) for step in report.root.steps] == [
        ("Impedance", "SequenceCall", "P"),
        ("Sound Pressure", "SequenceCall", "P"),
        ("pol", "ET_PFT", "P"),
    ]
    steps = by_name(report)
    assert steps["re"].data["numericMeas"] == [
        {"status": "P", "value": 3.2, "unit": "Ohm", "compOp": "GELE", "lowLimit": 2.9, "highLimit": 3.6}
    ]
    assert (
        steps["level"].data["numericMeas"][0] | {"compOp": "GE", "lowLimit": 90.0}
        == (steps["level"].data["numericMeas"][0])
    )
    assert (steps["fs"].status, steps["fs"].data["reportText"]) == ("S", "No value")
    chart = steps["imp"].data["chart"]
    assert (chart["chartType"], chart["xLabel"], chart["xUnit"], chart["yUnit"]) == (
        "LineLogX",
        "Frequency",
        "Hz",
        "Ohm",
    )
    assert [(one["name"], one["xdata"], one["ydata"]) for one in chart["series"]] == [
        ("imp", "50;100", "5.25;4.5"),
        ("max", "20;50;100", "9;9.5;8"),
        ("min", "20;50", "3;3.5"),
    ]
    assert report.record == (DATA / "sample" / "DUT SN-1001.txt").read_bytes()
    assert report.warnings == []


def test_values_without_number_verdict_or_order() -> None:
    report = convert("flat")
    steps = by_name(report)
    assert (steps["re"].step_type, steps["re"].status) == ("ET_PFT", "F")
    assert steps["re"].data["reportText"] == "No value\nLimits: GELE 2.9 3.6"
    assert steps["qts"].data["numericMeas"][0]["status"] == "F"
    assert (steps["le"].data["numericMeas"][0]["compOp"], steps["le"].status) == ("LOG", "P")
    assert (steps["level"].status, steps["level"].data["numericMeas"][0]["lowLimit"]) == ("P", 95)
    assert (steps["rbz"].status, len(steps["rbz"].data["chart"]["series"])) == ("F", 2)
    assert (steps["thd"].status, steps["thd"].data["reportText"]) == ("S", "Void")
    assert sorted(report.warnings) == [
        "level: min is above max, both were kept",
        "qts stands in no list of results: its limits gave its status",
    ]


@pytest.mark.parametrize(("value", "status"), [("-", "E"), ("9.99E+37", "E"), ("", "S")])
def test_a_value_that_is_none_beside_limits_and_in_no_list(tmp_path: Path, value: str, status: str) -> None:
    folder = tmp_path / "Log"
    shutil.copytree(DATA / "flat", folder)
    [values] = folder.rglob("Impedance-values.txt")
    text = values.read_text(encoding="utf-8")
    assert "qts\t0.71\t" in text
    values.write_text(text.replace("qts\t0.71\t", f"qts\t{value}\t"), encoding="utf-8")
    [report] = convert_file(KlippelConverter(), folder, options=OPTIONS)
    qts = by_name(report)["qts"]
    assert (qts.step_type, qts.status) == ("ET_PFT", status)
    assert qts.data["reportText"] == "No value\nLimits: GELE 0.4 0.5"


def test_a_folder_of_several_units(tmp_path: Path) -> None:
    folder = tmp_path / "Log"
    shutil.copytree(DATA / "sample", folder)
    shutil.copy(DATA / "noise.txt", folder / "DUT SN-K4.txt")
    first, second = convert_file(KlippelConverter(), folder, options=OPTIONS | {"attach_source": True})
    assert (first.sn, second.sn, second.data["result"]) == ("SN-1001", "SN-K4", "E")
    assert [step.name for step in second.root.steps] == ["level"]
    assert [entry["name"] for entry in first.data["binaryData"]] == [
        "DUT SN-1001.txt",
        "Impedance-imp.txt",
        "Impedance-values.txt",
        "Sound Pressure-values.txt",
    ]
    assert len(second.data["binaryData"]) == 1


@pytest.mark.parametrize(
    ("code", "result", "text"),
    [
        ("1", "P", None),
        ("0", "F", None),
        ("3", "E", "Verdict: Noise"),
        ("4", "E", "Verdict: Invalid"),
        ("-1", "T", "Verdict: Void: no result"),
    ],
)
def test_the_codes_of_the_verdict(tmp_path: Path, code: str, result: str, text: str | None) -> None:
    report = changed(tmp_path, "Verdict=2", f"Verdict={code}")
    assert (report.data["result"], report.root.data.get("reportText")) == (result, text)


def test_a_warning_can_fail() -> None:
    report = convert("every_list.txt", warning_result="F")
    assert (report.data["result"], by_name(report)["c"].status) == ("F", "F")


def test_options_of_the_header(tmp_path: Path) -> None:
    report = convert("every_list.txt", part_number="", part_number_pattern=r"QC\\(?P<pn>[^\\]+)")
    assert report.pn == "BRD-7"
    assert convert("every_list.txt", part_number="", part_numbers={"WOOFER.kdbx": "W-1"}).pn == "W-1"
    with pytest.raises(ConversionError, match="part_number_pattern is no regular expression"):
        convert("every_list.txt", part_number_pattern="(")
    unusual = changed(tmp_path, "Cfg_LimitsAvail=T", "Cfg_LimitsAvail=F")
    assert unusual.root.data["reportText"] == "Verdict: Warning\nNot all limits were there"
    attached = convert("every_list.txt", attach_source=True)
    assert [entry["name"] for entry in attached.data["binaryData"]] == ["every_list.txt"]


def test_a_name_in_two_lists_and_a_key_twice(tmp_path: Path) -> None:
    report = changed(tmp_path, "Results_Fail=", "Results_Fail=a\nCfg_Speaker=sp2\nResults_Fail=a")
    assert by_name(report)["a"].status == "F"
    assert sorted(report.warnings) == [
        "a stands in two lists of results, the worse was taken",
        "line 19: Cfg_Speaker is there twice, the later one was taken",
    ]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("Verdict=2", "Verdict=9", r"line 14 Ctrl_OverallVerdict: '9' is no verdict"),
        ("2026-7-30", "2026-13-30", r"line 4 Cfg_DutStartTime: '2026-13-30.* is no start time"),
        ("-7--300-", "-7-2000-", "is no start time"),
        ("2026-7-30", "2026-99999999999-30", "is no start time"),
        ("Cfg_DutStartTime=2026", "Cfg_DutStartTime=26", "is no start time"),
        ("Cfg_SerialNumber=SN-K3", "Cfg_SerialNumber=", "line 9 Cfg_SerialNumber: no serial number"),
        ("Cfg_Speaker=", "Cfg_Speaker ", "line 10: 'Cfg_Speaker sp1' is neither"),
        ("Ctrl_OverallVerdict", "Verdict", "no log of Klippel QC"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, reason: str) -> None:
    with pytest.raises(ConversionError, match=reason):
        changed(tmp_path, old, new)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("Impedance-imp.txt", "frq\timp\n1\tx\n", r"Impedance-imp\.txt line 2 column imp: 'x' is no number"),
        ("Impedance-imp.txt", "frq\timp\n1\t2\t3\n", "the row has 3 cells, the table 2 columns"),
        ("Impedance-imp.txt", "", "a header line"),
    ],
)
def test_what_is_wrong_in_a_folder_is_named(tmp_path: Path, name: str, content: str, reason: str) -> None:
    folder = tmp_path / "unit"
    shutil.copytree(DATA / "sample", folder)
    (folder / "DUT SN-1001" / name).write_text(content, encoding="utf-8")
    with pytest.raises(ConversionError, match=reason):
        convert_file(KlippelConverter(), folder, options=OPTIONS)
    (folder / "DUT SN-1001.txt").unlink()
    with pytest.raises(ConversionError, match="holds no log"):
        convert_file(KlippelConverter(), folder, options=OPTIONS)


def test_a_comma_can_be_the_decimal_mark(tmp_path: Path) -> None:
    folder = tmp_path / "unit"
    shutil.copytree(DATA / "sample", folder)
    values = folder / "DUT SN-1001" / "Impedance-values.txt"
    values.write_text(values.read_text(encoding="utf-8").replace(".", ","), encoding="utf-8")
    [report] = convert_file(KlippelConverter(), folder, options=OPTIONS | {"decimal": "auto"})
    assert by_name(report)["re"].data["numericMeas"][0]["value"] == 3.2


@pytest.mark.parametrize(
    ("name", "confidence", "complete"),
    [
        ("every_list.txt", 85, True),
        ("half_written.txt", 85, False),
        ("flat/Sound Pressure-rbz.txt", 0, False),
        ("flat/Impedance-values.txt", 0, False),
    ],
)
def test_detection_and_completeness(name: str, confidence: int, complete: bool) -> None:  # noqa: FBT001 - a table
    glimpse = Glimpse.at(DATA / name)
    assert KlippelConverter().detect(glimpse) == confidence
    assert KlippelConverter().is_complete(glimpse) is complete


def test_folders_are_detected_by_their_files(tmp_path: Path) -> None:
    assert KlippelConverter().detect(Glimpse.at_folder(DATA / "sample")) == 60
    assert KlippelConverter().detect(Glimpse.at_folder(tmp_path)) == 0
    assert KlippelConverter().is_complete(Glimpse.at_folder(DATA / "sample"))


def test_common_options_are_enough() -> None:
    options = ConverterOptions(part_number="P", process_code=1)
    [report] = KlippelConverter().convert(source_of(DATA / "every_list.txt"), options, None)
    assert isinstance(report, Report)


# ---------------------------------------------------------------- real files
def test_a_real_folder(corpus: Path) -> None:
    """The counts: two curves of three columns, two of two, three rows of values, eight results in all."""
    [report] = convert_file(KlippelConverter(), corpus / "klippel" / "Virinco", options=OPTIONS)
    steps = by_name(report)
    assert (report.sn, report.data["result"]) == ("xyz115", "F")
    assert {name: steps[name].status for name in ("imp", "re", "fs", "qts")} == {
        "imp": "F",
        "re": "F",
        "fs": "F",
        "qts": "S",
    }
    assert {steps[name].status for name in ("resp", "level", "pol", "thd", "rbz")} == {"P"}
    assert steps["re"].data["reportText"] == "No value\nLimits: GELE 2.8764 3.5156"
    level = steps["level"].data["numericMeas"][0]
    assert (level["value"], level["lowLimit"], level["highLimit"]) == (95.203, 91.337, 97.337)
    curves = {name: steps[name].data["chart"]["series"] for name in ("imp", "resp", "thd", "rbz")}
    assert {name: len(series) for name, series in curves.items()} == {"imp": 3, "resp": 3, "thd": 2, "rbz": 2}
    assert curves["imp"][0]["ydata"].split(";")[0] == "1.7263"
    assert len(curves["imp"][0]["xdata"].split(";")) == 129
    assert curves["thd"][0]["xdata"].split(";")[0] == "230"
