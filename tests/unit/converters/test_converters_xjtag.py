"""XJTAG: archives of runs, verdicts, output as text and as measurements, spoilt files."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from stationmaster.api import ConversionError, ConverterOptions, Glimpse, Report, Step
from stationmaster.api.testing import convert_file, source_of
from stationmaster.api.validate import validate
from stationmaster.converters.xjtag import XjtagConverter

DATA = Path(__file__).parents[2] / "data" / "xjtag"
OPTIONS: dict[str, Any] = {"part_number": "BRD-7", "process_code": 20}
RAILS = r"(?P<name>\w+) = (?P<value>\S+) (?P<unit>m?V)"


def run(serial: str = "SN-X9", **changes: str) -> bytes:
    """The XML of a small run."""
    word = changes.get("result", "Passed")
    inner = changes.get("inner", f'<testfunction name="f"><result value="{word}" /></testfunction>')
    when = changes.get("start", "2026-03-04T11:00:00.0000000Z")
    return (
        f'<testrun datetime="{when}"><testgroup name="g">{inner}</testgroup><testruninfo>'
        f"<serial>{serial}</serial><result>{word}</result></testruninfo></testrun>"
    ).encode()


def archive(members: dict[str, bytes], count: int | None = None) -> bytes:
    """An archive of these members, not packed and without times: always the same bytes."""
    runs = sum(name.startswith("Run ") and name.endswith(".xml") for name in members)
    info = (
        f"<LogFileInfo><TestRunCount>{runs if count is None else count}</TestRunCount>"
        f"<ProjectPath>C:\\boards\\gateway.xjp</ProjectPath></LogFileInfo>"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in (members | {"Info.xml": info.encode()}).items():
            file.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def sample_archive() -> bytes:
    """What `tests/data/xjtag/three_runs.xjlog` holds."""
    data_link = (
        '<testfunction name="f"><plain-text>see 4711_1</plain-text><result value="Failed" /></testfunction>'
    )
    return archive(
        {
            "Run 10.xml": run("SN-X12", start="2026-03-04T11:05:00.0000000Z"),
            "Run 1.xml": run("SN-X10", result="Failed", inner=data_link),
            "Run 1.checksum": b"\x00" * 20,
            "4711_1": b"connection test data",
            "Run 2.xml": run("SN-X11", start="2026-03-04T10:00:00.0000000Z"),
        }
    )


def convert(name: str, **options: Any) -> Report:
    [report] = convert_file(XjtagConverter(), DATA / name, options=OPTIONS | options)
    return report


def written(tmp_path: Path, content: bytes, **options: Any) -> list[Report]:
    path = tmp_path / "written.xjlog"
    path.write_bytes(content)
    return convert_file(XjtagConverter(), path, options=OPTIONS | options)


def by_name(report: Report) -> dict[str, Step]:
    return {step.name: step for step in report.steps()}


def test_header_of_a_run() -> None:
    report = convert("every_kind.xml")
    assert (report.sn, report.pn, report.data["rev"], report.data["result"]) == ("SN-X1", "BRD-7", "A", "F")
    assert datetime.fromisoformat(report.data["start"]).isoformat() == "2026-03-04T09:15:30.123456+00:00"
    assert report.data["uut"] == {"user": "kim", "execTime": 2.25}
    assert report.data["miscInfos"] == [
        {"description": "XJTAG version", "text": "4.2.1.0"},
        {"description": "XJLink", "text": "XJLink2"},
        {"description": "XJLink serial number", "text": "4711"},
    ]
    assert report.root.data["seqCall"]["name"] == "Gateway BRD-7 rev C"
    assert report.root.data["reportText"] == "Nand.Erase skipped"
    assert report.warnings == []
    assert validate(report) == []


def test_groups_functions_and_their_texts() -> None:
    report = convert("every_kind.xml")
    steps = by_name(report)
    assert [(step.name, step.step_type, step.status) for step in report.root.steps] == [
        ("Chain", "SequenceCall", "P"),
        ("Connections", "SequenceCall", "F"),
        ("Supplies", "SequenceCall", "F"),
        ("Memory", "SequenceCall", "S"),
    ]
    chain = steps["CheckChain"].data
    assert (chain["reportText"], chain["totTime"]) == ("Looking at the chain.\n  indented line", 0.25)
    conntest = steps["CONNTEST"].data
    assert conntest["booleanMeas"] == [{"status": "F"}]
    assert conntest["errorMessage"] == "Net CLK_25M is stuck at 1."
    assert conntest["causedUUTFailure"] is True
    assert conntest["reportText"].splitlines() == [
        "CONNTEST failed",
        "Net CLK_25M is stuck at 1.",
        "Nets D4 and D5 are shorted.",
        "Nets: CLK_25M",
        "Pins: MAIN:U7.A4",
        "Devices: MAIN:R31",
    ]
    assert steps["Load"].data["errorMessage"] == "Load did not switch on\nand more"
    assert steps["Nand.Erase"].status == "S"


def test_numbers_in_the_output_become_measurements_by_rule() -> None:
    report = convert("every_kind.xml", measurements=[RAILS])
    steps = by_name(report)
    assert steps["Rails Core"].data["numericMeas"] == [
        {"status": "P", "value": 1203, "unit": "mV", "compOp": "LOG"}
    ]
    assert steps["Rails IO"].data["numericMeas"][0]["value"] == 3.31
    assert "Rails Aux" not in steps
    [warning] = report.warnings
    assert "found no value: 'none' is no number" in warning


def test_the_project_s_description_names_the_part() -> None:
    pattern = r"(?P<pn>BRD-\d+) rev (?P<rev>\w)"
    report = convert("every_kind.xml", part_number="", part_number_pattern=pattern)
    assert (report.pn, report.data["rev"]) == ("BRD-7", "C")
    table = {"gateway brd-7 REV c": "BRD-8"}
    assert convert("every_kind.xml", part_number="", part_numbers=table).pn == "BRD-8"


def test_an_old_writer_s_run() -> None:
    report = convert("old_writer.xml")
    assert (report.sn, report.data["result"]) == ("SN-X2", "T")
    assert [step.status for step in report.root.steps] == ["P", "E"]
    assert by_name(report)["ReadSerial"].data["reportText"] == (
        "ReadSerial passed\nSerial number set to SN-X2 by the test system"
    )
    [warning] = report.warnings
    assert "<testfunction> has no result" in warning


def test_without_a_verdict_the_steps_decide(tmp_path: Path) -> None:
    bare = run().replace(b"<result>Passed</result>", b"").replace(b'"Passed"', b'"Failed"')
    [report] = written(tmp_path, bare)
    assert report.data["result"] == "F"


def test_an_archive_gives_a_report_a_run_by_number(tmp_path: Path) -> None:
    assert (DATA / "three_runs.xjlog").read_bytes() == sample_archive()
    reports = written(tmp_path, sample_archive())
    assert [(one.sn, one.data["result"]) for one in reports] == [
        ("SN-X10", "F"),
        ("SN-X11", "P"),
        ("SN-X12", "P"),
    ]
    assert reports[1].record == run("SN-X11", start="2026-03-04T10:00:00.0000000Z")
    assert reports[0].root.data["seqCall"]["path"] == "C:\\boards\\gateway.xjp"


def test_the_run_and_its_data_can_be_attached(tmp_path: Path) -> None:
    reports = written(tmp_path, sample_archive(), attach_source=True, attach_connection_data=True)
    names = [[entry["name"] for entry in one.data["binaryData"]] for one in reports]
    assert names == [["Run 1.xml", "4711_1"], ["Run 2.xml"], ["Run 10.xml"]]
    alone = convert("every_kind.xml", attach_source=True)
    assert [entry["name"] for entry in alone.data["binaryData"]] == ["every_kind.xml"]


def test_the_next_step_is_said_once(tmp_path: Path) -> None:
    with pytest.raises(ConversionError) as caught:
        written(tmp_path, archive({"Run 1.xml": b"<testrun>"}))
    assert caught.value.next_step
    assert str(caught.value).count(caught.value.next_step) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (archive({"Run 1.xml": run()}, count=2), "speaks of 2 runs and holds 1"),
        (archive({"readme.txt": b"x"}), "holds no runs"),
        (archive({"Run 1.xml": b"<testrun>"}), "Run 1.xml: .*not well-formed"),
        (archive({"Run 1.xml": run(result="Perhaps")}), "Run 1.xml: line 1 <result>: 'Perhaps'"),
        (archive({"Run 1.xml": run(serial="")}), "no serial number"),
        (archive({"Run 1.xml": run(start="yesterday")}), "'yesterday' is no ISO"),
        (archive({"Run 1.xml": run()})[:-30], "no whole zip archive"),
        (archive({"Run 1.xml": run()}).replace(b"SN-X9", b"SN-X8"), "is damaged"),
        (run(inner="<testfunction><result value='Passed'/><time-taken>-5</time-taken></testfunction>"), "ms"),
        (run(inner="<testfunction><result value='Passed'/><time-taken>x</time-taken></testfunction>"), "'x'"),
        (b"<other/>", "no run of XJTAG"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(ConversionError, match=reason):
        written(tmp_path, content)


def test_an_archive_without_info_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("Run 1.xml", run())
    with pytest.raises(ConversionError, match=r"no Info\.xml"):
        written(tmp_path, buffer.getvalue())
    path = tmp_path / "written.xjlog"
    assert XjtagConverter().detect(Glimpse.at(path)) == 80


def test_a_member_of_boundless_size_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("Info.xml", "<LogFileInfo><TestRunCount>1</TestRunCount></LogFileInfo>")
        with file.open("Run 1.xml", "w") as member:
            for _ in range(65):
                member.write(b" " * 1024 * 1024)
    with pytest.raises(ConversionError, match="is larger than"):
        written(tmp_path, buffer.getvalue())


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"part_number_pattern": "("}, "part_number_pattern is no regular expression"),
        ({"measurements": ["("]}, "measurements is no regular expression"),
        ({"measurements": ["x"]}, "has no groups"),
    ],
)
def test_wrong_options_are_named(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConversionError, match=reason):
        convert("every_kind.xml", **options)


@pytest.mark.parametrize(
    ("name", "confidence", "complete"),
    [
        ("every_kind.xml", 80, True),
        ("old_writer.xml", 80, True),
        ("half_written.xml", 80, False),
        ("three_runs.xjlog", 95, True),
    ],
)
def test_detection_and_completeness(name: str, confidence: int, complete: bool) -> None:  # noqa: FBT001 - a table
    glimpse = Glimpse.at(DATA / name)
    assert XjtagConverter().detect(glimpse) == confidence
    assert XjtagConverter().is_complete(glimpse) is complete


@pytest.mark.parametrize(
    ("content", "confidence"),
    [
        (archive({"xl/workbook.xml": b"<workbook/>", "Info.txt": b""}), 0),
        (b"<testrun datetime='2026-01-01'/>", 40),
        (b"<testrun/>", 0),
        (b"PK\x03\x04", 0),
        (b"", 0),
    ],
)
def test_files_of_others(tmp_path: Path, content: bytes, confidence: int) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    assert XjtagConverter().detect(Glimpse.at(path)) == confidence


def test_common_options_are_enough() -> None:
    options = ConverterOptions(part_number="P", process_code=1)
    [report] = XjtagConverter().convert(source_of(DATA / "every_kind.xml"), options, None)
    assert isinstance(report, Report)


# ---------------------------------------------------------------- real files
def test_every_function_of_the_real_files(corpus: Path) -> None:
    """Each function, read by a few lines of its own, is the step at its place."""
    folder = corpus / "xjtag" / "Virinco"
    words = {"Passed": "P", "Failed": "F", "Skipped": "S"}
    seen = 0
    for path in sorted(folder.glob("*.xjlog")):
        reports = convert_file(XjtagConverter(), path, options=OPTIONS)
        with zipfile.ZipFile(path) as file:
            runs = [file.read(f"Run {number}.xml") for number in range(1, len(reports) + 1)]
        for content, report in zip(runs, reports, strict=True):
            functions = list(ET.fromstring(content).iter("testfunction"))  # noqa: S314 - a file of the corpus
            steps = [step for step in report.steps() if step.step_type == "ET_PFT"]
            assert report.data["result"] in {"P", "F"}
            for function, step in zip(functions, steps, strict=True):
                result = function.find("result")
                assert result is not None
                assert (step.name, step.status) == (function.attrib["name"], words[result.attrib["value"]])
                millis = function.findtext("time-taken")
                assert step.data.get("totTime") == (None if millis is None else int(millis) / 1000)
                seen += 1
    assert seen == 19 + 35 + 35 + 24 + 3 + 14 + 14


def test_archive_and_bare_run_say_the_same(corpus: Path) -> None:
    folder = corpus / "xjtag" / "Virinco"
    found = []
    for name in ("567567_14_29_24_17_06_2020_Pass.xjlog", "567567_14_29_24_17_06_2020_Pass.xml"):
        [report] = convert_file(XjtagConverter(), folder / name, options=OPTIONS)
        found.append([(step.name, step.status, step.data.get("totTime")) for step in report.steps()])
    assert found[0] == found[1]
