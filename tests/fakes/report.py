"""Reports that use everything the builder offers."""

from __future__ import annotations

from datetime import UTC, datetime

from stationmaster.api import (
    CompOp,
    Failure,
    Group,
    Limits,
    Property,
    Report,
    Series,
    Status,
    at_least,
    between,
)

START = datetime(2026, 1, 30, 21, 1, 41, 470735, tzinfo=UTC)


def minimal_report() -> Report:
    """One step that passes."""
    report = Report.uut(sn="SN-0001", pn="PCBA-001", rev="A", process_code=10, start=START)
    report.root.numeric("VCC", 5.01, unit="V", limits=between(4.5, 5.5))
    return report


def rich_report() -> Report:
    """A test report with every kind of step and part."""
    report = Report.uut(
        sn="SN-0325",
        pn="PCBA-001",
        rev="B",
        process_code=10,
        start=START,
        user="operator1",
        execution_time=123.67,
        sequence="MainSequence",
        sequence_path="C:/seq/main.seq",
        sequence_version="1.0.0",
    )
    report.info(comment="as built", fixtureId="FX-1", testSocketIndex=0, batchSN="B-1", errorCode=999)
    report.station("STATION-01").misc("Firmware", "1.2.3")
    report.sub_unit("PCBA", pn="SUB-1", sn="SUBSN-1", rev="R2")
    unit = report.tested_unit("Module", pn="SUB-2", sn="SUBSN-2", sequence="Module.seq", sequence_version="3")
    unit.sequence("Supply").numeric("VDD", 1.8, unit="V", limits=between(1.7, 1.9))
    report.asset("FIX-001").asset(
        "DMM-001",
        asset_type="Multimeter",
        part_number="DMM-7",
        usage_count=1,
        calibration_date=START,
        calibration_due=START,
    )
    report.additional("station", {"temp": 23.5, "cooled": True, "room": "Lab"})
    report.additional(
        "deep",
        {
            "gain": Property(1.25, flags=8, comment="measured", num_format="%.3f"),
            "nothing": Property(None, "Number"),
            "supply": {"name": "PSU", "range": {"low": 0, "high": 30}},
            "row": [1.5, 2.5],
            "table": [[1, 2], [3, 4]],
            "none": [],
            "channels": [{"name": "A"}, {"name": "B"}],
        },
    )
    report.attach("log.txt", b"hello", content_type="text/plain", description="what the tester said")
    _measurements(report)
    _others(report)
    _loops(report)
    return report


def _measurements(report: Report) -> None:
    part = report.root.sequence(
        "Measurements", path="C:/seq/num.seq", version="2.0", caller="MainSequence", module="num"
    )
    part.numeric("Single", 500.0, unit="V", limits=between(501, 502)).details(
        text="note", error_code=12, error_message="too high", total_time=0.5, start=START
    )
    part.numeric("NaN", float("nan"), unit="V")
    part.multi_numeric("Multi").add("a", 1, unit="A").add("b", 2.5, unit="A", limits=at_least(1))
    part.passfail("LED", Status.PASSED)
    part.multi_passfail("LEDs").add("red", Status.PASSED).add("green", Status.PASSED)
    part.string("FW", "1.2.3", limit="1.2.3", comp=CompOp.IGNORECASE)
    part.multi_string("Texts").add("x", "X").add("y", "Y", limit="Y")


def _others(report: Report) -> None:
    root = report.root
    root.action("Init").details(group=Group.SETUP).additional("r", {"n": 1})
    curve = Series("Current", [0, 1, 2.5], [60.72, 61.886, 62.6])
    root.chart_step("Waveform").chart("Current", [curve], x_label="t", x_unit="s", y_label="I", y_unit="A")
    graph = root.chart_multi_numeric("Graph").add("Max", 62.6, unit="A", limits=between(60, 70)).add("Min", 0)
    graph.chart("Current", [curve], chart_type="LineLogX")
    root.executable("exe", 0.0)
    root.message("popup", response="OK")
    root.generic("NI_Flow_If", "If")
    root.generic("MyStepType", "Own").attach("step.bin", b"\x00\x01", description="raw")
    root.passfail("Skipped", Status.SKIPPED)


def _loops(report: Report) -> None:
    limits = Limits(CompOp.LE, 300)
    root = report.root
    root.numeric("Looped", 2, limits=limits).loop_summary(count=2, passed=2, failed=0)
    root.numeric("Looped", 1, limits=limits).loop_index(0)
    root.numeric("Looped", 2, limits=limits).loop_index(1)


def repair_report() -> Report:
    """A UUR report with a replaced part."""
    report = Report.uur(
        sn="SN-0325",
        pn="PCBA-001",
        rev="B",
        process_code=500,
        test_process_code=10,
        start=START,
        user="repairer",
        comment="mended",
        execution_time=60.0,
        uut_id="873d67f8-7669-4f4b-a627-e598e444d323",
        confirmed_at=START,
        finalized_at=START,
    )
    old = report.replaced_unit("PCBA", pn="SUB-1", sn="SUBSN-1", rev="R2", position=1)
    new = report.replaced_unit("PCBA", pn="SUB-1", sn="SUBSN-2", rev="R2", position=1, replaces=old)
    report.failure(
        Failure(
            "Component",
            "Burned",
            comment="hot",
            component="U1",
            function_block="PSU",
            step_id=3,
            step_name="Single",
            article_number="CAP-100",
            article_revision="1",
            article_vendor="ACME",
            article_description="100uF",
        ),
        unit=old,
    ).failure(Failure("Solder", "Cold joint"))
    report.info(processName="ICT").misc("RMA", "4711").asset("IRON-1", asset_type="Soldering iron")
    report.attach("photo.jpg", b"\xff\xd8", content_type="image/jpeg", description="the joint", fail_idx=1)
    report.additional("rework", {"celsius": [350, 360]})
    assert new == 2
    return report


def completed(report: Report) -> Report:
    """With what the host would add."""
    report.data["id"] = "7f1c2f0e-5c7e-4b37-9d0a-2a4c7a0f6b11"
    report.data.setdefault("machineName", "STATION-01")
    report.data |= {"location": "Lab", "purpose": "Development"}
    return report.finish()
