"""TDMS: the mapping of properties, measurements with limits, charts that keep the peaks, spoilt files."""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Any

import pytest

from fakes import tdms
from fakes.optional import skip_without
from stationmaster.api import ConversionError, Glimpse, Report
from stationmaster.api.testing import assert_good, convert_file, options_of
from stationmaster.api.validate import validate
from stationmaster.converters.tdms import TdmsConverter

DATA = Path(__file__).parents[2] / "data" / "tdms"
OPTIONS: dict[str, Any] = {
    "process_code": 20,
    "serial_number_paths": ["DUT"],
    "part_number_paths": ["Product"],
    "result_paths": ["Verdict"],
    "measurements": [
        {"value": "Supply/Vcc", "unit": "V", "low": "Supply/Vcc low", "high": "Supply/Vcc high"}
    ],
}
HEADER = {"DUT": "SN-1", "Product": "BRD-7", "Verdict": "PASS"}


def convert(tmp_path: Path, content: bytes, **options: Any) -> Report:
    skip_without("tdms")
    path = tmp_path / "run_SN-7.tdms"
    path.write_bytes(content)
    [report] = convert_file(TdmsConverter(), path, options=OPTIONS | {"measurements": []} | options)
    assert not [issue for issue in validate(report) if issue.severity == "error"]
    return report


def series(report: Report, at: int = 0) -> tuple[list[float], list[float]]:
    chart = report.root.steps[-1].steps[at].data["chart"]
    [one] = chart["series"]
    x, y = ([float(value) for value in one[key].split(";")] for key in ("xdata", "ydata"))
    return x, y


# ---------------------------------------------------------------------- without npTDMS


def test_without_nptdms_the_error_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nptdms", None)
    with pytest.raises(ConversionError, match=r"not installed.*pip install 'stationmaster\[tdms\]'"):
        convert_file(TdmsConverter(), DATA / "sample.tdms", options=OPTIONS)


def test_detection() -> None:
    sure = TdmsConverter().detect
    assert sure(Glimpse.at(DATA / "sample.tdms")) == 100
    assert sure(Glimpse("a.tdms_index", 40, b"TDSh" + bytes(36), b"")) == 0
    assert sure(Glimpse("a.tdms", 0)) == 0


def test_segments_tell_whether_the_file_is_complete(tmp_path: Path) -> None:
    whole = (DATA / "sample.tdms").read_bytes()
    path = tmp_path / "a.tdms"
    for content, complete in [
        (whole, True),
        (whole * 2, True),
        (whole[:-1], False),
        (whole + whole[:20], False),
        (whole + whole[:100], False),
        (whole[:12] + b"\xff" * 8 + whole[20:], False),
        (b"", False),
    ]:
        path.write_bytes(content)
        assert TdmsConverter().is_complete(Glimpse.at(path)) is complete
    long = struct.pack("<4sIIQQ", b"TDSm", 0, 4713, 200_000, 0) + bytes(200_000)
    assert TdmsConverter().is_complete(Glimpse("a", len(long), long[:65536], b""))
    assert not TdmsConverter().is_complete(Glimpse("a", len(long) - 1, long[:65536], b""))
    huge = long + struct.pack("<4sIIQQ", b"TDSm", 0, 4713, 1, 0)
    assert TdmsConverter().is_complete(Glimpse("a", len(huge), huge[:65536], b"")), "nobody can see it here"
    path.write_bytes(whole[:-1])
    with pytest.raises(ConversionError, match="byte 0: the file ends inside of segment 1"):
        convert_file(TdmsConverter(), path, options=OPTIONS)


# ---------------------------------------------------------------------- the mapping


def test_the_sample(tmp_path: Path) -> None:
    report = convert(tmp_path, (DATA / "sample.tdms").read_bytes(), measurements=OPTIONS["measurements"])
    assert (report.sn, report.pn, report.data["result"]) == ("SN-1001", "BRD-7", "P")
    assert report.data["start"] == "2026-03-02T07:35:30+00:00"
    assert report.data["uut"]["user"] == "kim"
    assert report.data["miscInfos"] == [{"description": "Temperature", "text": "24.5"}]
    vcc, supply = report.root.steps
    assert vcc.data["numericMeas"] == [
        {"status": "P", "value": 5.01, "unit": "V", "compOp": "GELE", "lowLimit": 4.75, "highLimit": 5.25}
    ]
    [ripple] = supply.steps
    chart = ripple.data["chart"]
    assert (chart["xLabel"], chart["xUnit"], chart["yUnit"]) == ("Time", "s", "V")
    x, y = series(report)
    assert (len(x), x[:3], round(max(y), 3)) == (200, [0, 0.001, 0.002], 5.01)
    assert not report.warnings


def test_the_sample_stands_the_trial() -> None:
    skip_without("tdms")
    assert_good(TdmsConverter(), DATA / "sample.tdms", options=OPTIONS)


def test_nothing_is_guessed(tmp_path: Path) -> None:
    skip_without("tdms")
    path = tmp_path / "run.tdms"
    path.write_bytes(tdms.tdms({"DUT": "SN-1", "Pruefer": "kim"}, {"G": {"a": 1.0}}))

    def refused(words: str, **options: Any) -> None:
        with pytest.raises(ConversionError, match=words):
            convert_file(TdmsConverter(), path, options={"process_code": 1, "part_number": "P"} | options)

    refused("TDMS needs a mapping.*serial_number_paths.*DUT, Pruefer, G/a")
    refused("no serial number", serial_number_paths=["Serial"])
    refused("no verdict is in the file", serial_number_paths=["DUT"])
    measured = {"serial_number_paths": ["DUT"], "result": "D"}
    refused("no number at 'G/b'", measurements=[{"value": "G/b"}], **measured)
    refused("names as a limit", measurements=[{"value": "G/a", "low": "G/b"}], **measured)
    refused("no number at 'G/a'", measurements=[{"value": "G/a", "take": "mean"}], **measured)
    refused("'X' is no", serial_number_paths=["DUT"], result="X")
    with pytest.raises(ConversionError):
        options_of(TdmsConverter(), {"measurements": [{"value": "G/a", "limit": 3}]})


def test_the_verdict_is_the_file_s_else_that_of_the_limits(tmp_path: Path) -> None:
    skip_without("tdms")
    content = tdms.tdms(HEADER | {"Verdict": "Gut"}, {"G": {"a": 3.0}})
    words = {"result_words": {"gut": "P", "schlecht": "F"}}
    limit = {"measurements": [{"value": "G/a", "high": 2.5, "name": "A"}]}
    assert convert(tmp_path, content, **words, **limit).data["result"] == "P"
    judged = convert(tmp_path, content, result_paths=[], **limit)
    assert (judged.data["result"], judged.root.steps[0].name) == ("F", "A")
    assert any("names no verdict" in text for text in judged.warnings)
    assert convert(tmp_path, content, result_paths=[], result="D").data["result"] == "D"
    with pytest.raises(ConversionError, match="result_words"):
        convert(tmp_path, content)


def test_paths_name_file_group_and_channel_even_with_slashes_in_them(tmp_path: Path) -> None:
    skip_without("tdms")
    content = tdms.tdms(
        HEADER | {"a/b": 1.0},
        {"07/09 run": {"vcc": 5.0, "op": "lee"}},
        [("07/09 run", "c/d", [1.0, 2.0], {"gain": 2, "text": "7.5"})],
    )
    paths = ("a/b", "vcc", "07/09 run/vcc", "07/09 run/c/d/gain", "07/09 run/c/d/text")
    wanted = [{"value": path} for path in paths]
    report = convert(tmp_path, content, measurements=wanted, user_paths=["nobody", "op"])
    assert [step.data["numericMeas"][0]["value"] for step in report.root.steps[:5]] == [1, 5, 5, 2, 7.5]
    assert report.data["uut"]["user"] == "lee"
    optional = convert(tmp_path, content, measurements=[{"value": "gone", "optional": True}])
    assert any("'gone': the measurement was left out" in text for text in optional.warnings)


def test_statistics_of_channels(tmp_path: Path) -> None:
    skip_without("tdms")
    values = [3.0, 1.0, float("nan"), -4.0]
    content = tdms.tdms(
        HEADER, {}, [("G", "c", values, {"unit_string": "mA"}), ("G", "n", [float("nan")], {})]
    )
    takes = ("first", "last", "min", "max", "mean", "rms")
    report = convert(tmp_path, content, measurements=[{"value": "G/c", "take": take} for take in takes])
    found = [step.data["numericMeas"][0] for step in report.root.steps[:6]]
    assert [one["value"] for one in found] == [3, -4, -4, 3, 0, pytest.approx((26 / 3) ** 0.5)]
    assert {one["unit"] for one in found} == {"mA"}
    with pytest.raises(ConversionError, match="no number at 'G/n'"):
        convert(tmp_path, content, measurements=[{"value": "G/n", "take": "mean"}])


def test_a_statistic_that_no_number_can_say_is_refused(tmp_path: Path) -> None:
    skip_without("tdms")
    content = tdms.tdms(HEADER, channels=[("G", "x", [1e200, 1e200], {})])
    report = convert(tmp_path, content, measurements=[{"value": "G/x", "take": "mean"}])
    assert report.root.steps[0].data["numericMeas"][0]["value"] == 1e200
    with pytest.raises(ConversionError, match="no number at 'G/x'"):
        convert(tmp_path, content, measurements=[{"value": "G/x", "take": "rms"}])


def test_start_and_header_from_properties(tmp_path: Path) -> None:
    skip_without("tdms")
    content = tdms.tdms(HEADER | {"When": "2026-03-02 09:00:00+01:00", "Sec": 12.5, "Lot": "L1", "PC": "b-2"})
    paths = {
        "start_paths": ["When"],
        "seconds_paths": ["Sec"],
        "batch_paths": ["Lot"],
        "station_paths": ["PC"],
    }
    report = convert(tmp_path, content, **paths)
    assert report.data["start"] == "2026-03-02T09:00:00+01:00"
    assert (report.data["uut"]["execTime"], report.data["uut"]["batchSN"]) == (12.5, "L1")
    assert report.data["machineName"] == "b-2"
    with pytest.raises(ConversionError, match="no ISO date"):
        convert(tmp_path, content, start_paths=["Lot"])
    named = convert(tmp_path, content, serial_number_paths=[], serial_number_pattern="(?P<sn>SN-[0-9]+)")
    assert named.sn == "SN-7"


# ---------------------------------------------------------------------- channels


def test_long_channels_keep_their_peaks(tmp_path: Path) -> None:
    skip_without("tdms")
    values = [0.0] * 500_000
    values[123_457], values[300_001] = 9.0, -7.0
    report = convert(tmp_path, tdms.tdms(HEADER, {}, [("G", "c", values, {})]), chart_points=100)
    x, y = series(report)
    assert len(x) <= 100
    assert dict(zip(x, y, strict=True)) | {123_457: 9, 300_001: -7} == dict(zip(x, y, strict=True))
    assert x == sorted(x)


def test_channels_of_each_kind(tmp_path: Path) -> None:
    skip_without("tdms")
    import numpy as np  # noqa: PLC0415 - comes with npTDMS

    content = tdms.tdms(
        HEADER,
        {"G": {"note": "cold"}},
        [
            ("G", "int", np.array([1, 2, 3], dtype=np.int16), {"k": 1}),
            ("G", "text", ["a", "b"], {}),
            ("G", "many texts", [str(number) for number in range(30)], {}),
            ("G", "times", np.array([tdms.START], dtype="datetime64[us]"), {}),
            ("H", "c", np.array([1.0, np.inf, 2.0]), {}),
        ],
    )
    report = convert(tmp_path, content)
    first, second = report.root.steps
    assert "note: cold" in first.data["reportText"]
    whole, text, texts, times = first.steps
    assert "3 values\nk: 1" in whole.data["reportText"]
    assert series(report) == ([0, 2], [1, 2]), "infinite values are no points"
    assert (text.step_type, text.data["stringMeas"][0]["value"]) == ("ET_SVT", "a; b")
    assert texts.step_type == "Action"
    assert times.data["stringMeas"][0]["value"] == "2026-03-02T07:35:30+00:00"
    assert [text for text in report.warnings if "holds no numbers" in text] == [
        "channel 'many texts' holds no numbers: its 30 values were left out"
    ]
    assert [step.name for step in second.steps] == ["c"]
    assert second.steps[0].data["reportText"] == "3 values, 1 infinite"
    chosen = convert(tmp_path, content, charts=["G/i*", "H/*"], max_charts=1)
    assert [step.name for step in chosen.steps()][1:] == ["G", "int", "H"]
    assert any("more channels than max_charts: 1 were" in text for text in chosen.warnings)
    attached = convert(tmp_path, content, attach_source=True)
    assert attached.data["binaryData"][0]["name"] == "run_SN-7.tdms"


def test_an_infinite_value_is_beyond_every_limit(tmp_path: Path) -> None:
    skip_without("tdms")
    content = tdms.tdms({"DUT": "SN-1", "Product": "P"}, {}, [("G", "c", [1.0, float("inf"), 2.0], {})])
    rules = [{"value": "G/c", "take": take, "low": 0, "high": 5} for take in ("first", "last", "min", "max")]
    report = convert(tmp_path, content, measurements=rules)
    rows = [step.data["numericMeas"][0] for step in report.root.steps[:4]]
    assert [(row["value"], row["status"]) for row in rows] == [
        (1, "P"),
        (2, "P"),
        (1, "P"),
        ("Infinity", "F"),
    ]
    assert report.data["result"] == "F"
    with pytest.raises(ConversionError, match="no number at 'G/c'"):
        convert(tmp_path, content, measurements=[{"value": "G/c", "take": "mean", "high": 5}])


def test_values_that_are_not_a_number_are_told(tmp_path: Path) -> None:
    skip_without("tdms")
    content = tdms.tdms(HEADER, {}, [("G", "c", [1.0, float("nan")], {})])
    report = convert(tmp_path, content, measurements=[{"value": "G/c", "take": "last", "low": 2, "high": 1}])
    assert "channel 'G/c': last is without 1 values that are not a number" in report.warnings
    assert "G/c: the low limit 2 is above the high one 1" in report.warnings


def test_what_a_waveform_is_over(tmp_path: Path) -> None:
    skip_without("tdms")
    nan = float("nan")
    channels: list[tuple[str, str, list[float], dict[str, Any]]] = [
        ("G", "time", [1.0, 2.0], {"wf_increment": 0.5, "wf_start_offset": 3.0, "NI_UnitDescription": "mV"}),
        (
            "G",
            "spectrum",
            [1.0, 2.0],
            {"wf_increment": 10.0, "wf_xname": "Frequency", "wf_xunit_string": "Hz"},
        ),
        ("G", "way", [1.0, 2.0], {"wf_increment": 10.0, "wf_xunit_string": "mm"}),
        ("G", "none", [1.0, 2.0], {"wf_increment": 0.0, "wf_start_offset": 3.0}),
        ("G", "broken", [1.0, 2.0], {"wf_increment": nan}),
        ("G", "text", [1.0, 2.0], {"wf_increment": "0,25"}),
    ]
    [group] = convert(tmp_path, tdms.tdms(HEADER, {}, channels)).root.steps
    charts = [step.data["chart"] for step in group.steps]
    assert [(one["xLabel"], one["xUnit"], one["series"][0]["xdata"]) for one in charts] == [
        ("Time", "s", "3;3.5"),
        ("Frequency", "Hz", "0;10"),
        ("X", "mm", "0;10"),
        ("Index", "", "0;1"),
        ("Index", "", "0;1"),
        ("Time", "s", "0;0.25"),
    ]
    assert charts[0]["yUnit"] == "mV"


def test_groups_and_channels_with_slashes_keep_apart(tmp_path: Path) -> None:
    skip_without("tdms")
    channels: list[tuple[str, str, list[float], dict[str, Any]]]
    channels = [("A", "B/c", [1.0], {}), ("A", "d", [2.0], {}), ("A/B", "c", [3.0], {})]
    report = convert(tmp_path, tdms.tdms(HEADER, {"empty": {"note": "cold"}}, channels))
    assert [(one.name, [step.name for step in one.steps]) for one in report.root.steps] == [
        ("empty", []),
        ("A", ["B/c", "d"]),
        ("A/B", ["c"]),
    ]
    assert report.root.steps[0].data["reportText"] == "note: cold"
    values = [step.data["chart"]["series"][0]["ydata"] for step in report.steps() if "chart" in step.data]
    assert values == ["1", "2", "3"]


def test_texts_hold_numbers_and_dates_as_the_station_writes_them(tmp_path: Path) -> None:
    skip_without("tdms")
    content = tdms.tdms(HEADER | {"Vcc": "5,01", "Odd": "1_0", "When": "03/02/2026 08:15:30"})
    report = convert(
        tmp_path, content, measurements=[{"value": "Vcc"}], date_order="mdy", start_paths=["When"]
    )
    assert report.root.steps[0].data["numericMeas"][0]["value"] == 5.01
    assert report.data["start"][:19] == "2026-03-02T08:15:30"
    with pytest.raises(ConversionError, match="no number at 'Odd'"):
        convert(tmp_path, content, measurements=[{"value": "Odd"}])
    with pytest.raises(ConversionError, match="option date_order"):
        convert(tmp_path, content, start_paths=["When"])


def test_long_texts_are_told(tmp_path: Path) -> None:
    skip_without("tdms")
    report = convert(tmp_path, tdms.tdms(HEADER, {}, [("G", "log", ["x" * 600, "y" * 600], {})]))
    assert "channel 'log': its texts were cut to 1000 characters" in report.warnings


def test_raw_values_of_daqmx_are_read_with_and_without_a_scaling(tmp_path: Path) -> None:
    skip_without("tdms")
    header = {"DUT": "SN-1", "Product": "P"}
    rule = {"value": "G/C", "take": "max", "high": 3}
    report = convert(tmp_path, tdms.daqmx(header, [1, 2, 3, 4]), measurements=[rule])
    assert (series(report)[1], report.data["result"]) == ([1, 2, 3, 4], "F")
    assert "channel 'C' holds raw values: the file does not say how they are scaled" in report.warnings
    scaled = convert(tmp_path, tdms.daqmx(header, [1, 2, 3, 4], slope=0.5), measurements=[rule])
    assert (series(scaled)[1], scaled.data["result"]) == ([0.5, 1, 1.5, 2], "P")
    assert not any("raw values" in text for text in scaled.warnings)


# ---------------------------------------------------------------------- damage


def test_a_last_piece_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    """A segment that ends where it says, but within a chunk of its values."""
    content = bytearray(tdms.daqmx({"DUT": "SN-1", "Product": "P", "Verdict": "PASS"}, [1, 2, 3, 4]))
    del content[-2:]
    content[12:20] = struct.pack("<Q", len(content) - 28)
    with pytest.raises(ConversionError, match="the last values of 1 channels are cut short"):
        convert(tmp_path, bytes(content))
