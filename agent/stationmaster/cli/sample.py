"""Result files for the demo, as four kinds of test software write them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.sax.saxutils import quoteattr

from stationmaster.api import Failure, Report, Series, Status, between
from stationmaster.api.wsjf import encode

NEGATIVE = ("852ea178", "UNKNOWN_DUT", "multidim_testdata")
"""Files of the corpus that must not become reports; the demo leaves them out."""

PATTERNS = {
    "wsjf": "wsjf/**/*.json",
    "wstf": "wstf/**/*.txt",
    "openhtf": "openhtf/**/*.json",
    "junit": "junit/generated-pytest/board*.xml",
}

FORMATS = tuple(PATTERNS)


def samples(count: int = 6) -> Iterator[tuple[str, str, bytes]]:
    """`count` files of each format: (format, file name, content). Every third unit fails."""
    for number in range(1, count + 1):
        start = datetime(2026, 3, 2, 8, 0, tzinfo=UTC) + timedelta(minutes=7 * number)
        volts = 5.0 + 0.01 * number + (0.6 if number % 3 == 0 else 0.0)
        yield "wsjf", f"wsjf-{number:03}.json", _wsjf(number, start, volts)
        yield "wstf", f"wstf-{number:03}.txt", _wstf(number, start, volts)
        yield "openhtf", f"openhtf-{number:03}.json", _openhtf(number, start, volts)
        yield "junit", f"junit-{number:03}.xml", _junit(number, start, volts)


def real_files(corpus: Path) -> Iterator[tuple[str, str, bytes]]:
    """Real files of the four formats in `corpus`, in the same form."""
    for kind, pattern in PATTERNS.items():
        for path in sorted(corpus.glob(pattern)):
            if not any(word in path.name for word in NEGATIVE):
                yield kind, f"{path.parent.name}-{path.name}", path.read_bytes()


def _wsjf(number: int, start: datetime, volts: float) -> bytes:
    if number % 4 == 0:
        repair = Report.uur(
            sn=f"DEMO-W-{number:03}",
            pn="DEMO-100",
            rev="A",
            process_code=500,
            test_process_code=10,
            start=start,
        )
        repair.failure(Failure("Component", "Burned", component="U1", comment="replaced"))
        repair.data |= {"id": f"00000000-0000-4000-8000-{number:012}"}
        return encode(_placed(repair.finish()))
    report = Report.uut(
        sn=f"DEMO-W-{number:03}", pn="DEMO-100", rev="A", process_code=10, start=start, user="demo"
    )
    power = report.root.sequence("Power")
    power.numeric("VCC", volts, unit="V", limits=between(4.75, 5.25))
    rails = power.multi_numeric("Rails")
    rails.add("3V3", 3.31, unit="V", limits=between(3.2, 3.4)).add(
        "1V8", 1.79, unit="V", limits=between(1.7, 1.9)
    )
    report.root.passfail("LED", Status.PASSED)
    report.root.string("Firmware", "1.4.2", limit="1.4.2")
    ramp = [0.1 * i for i in range(50)]
    report.root.action("Ramp").chart(
        "Load step",
        [Series("VCC", ramp, [volts - 0.02 * (i % 7) for i in range(50)])],
        x_unit="s",
        y_unit="V",
    )
    report.misc("Fixture", "F-7").sub_unit("Display", pn="DISP-1", sn=f"D-{number:04}", rev="B")
    return encode(_placed(report.finish()))


def _placed(report: Report) -> Report:
    report.data |= {"machineName": "Demo station", "location": "Here", "purpose": "Demo"}
    return report


def _wstf(number: int, start: datetime, volts: float) -> bytes:
    word = "Passed" if volts <= 5.25 else "Failed"
    rows = [
        ["--Header-Start--"],
        ["SerialNumber", f"DEMO-T-{number:03}"],
        ["PartNumber", "DEMO-200"],
        ["Revision", "B"],
        ["OperationTypeName", "Function test"],
        ["UUTStatus", word],
        ["UTCStartDateTime", f"{start:%Y-%m-%dT%H:%M:%S}"],
        ["ExecutionTime", "12.5"],
        ["StationName", "Text station"],
        ["OperatorName", "demo"],
        ["--Step-Data-Start--"],
        ["StepType", "StepName", "Value", "LowLimit", "HighLimit", "CompOperator", "Unit", "StepStatus"],
        ["SequenceCall", "Power", "", "", "", "", "", word],
        ["NumericLimitTest", "VCC", f"{volts:.2f}", "4.75", "5.25", "GELE", "V", word],
        ["EndSequenceCall"],
        ["PassFailTest", "Button", "TRUE", "", "", "", "", "Passed"],
        ["--Step-Data-End--"],
        ["--UUT-End--"],
    ]
    return "\n".join("\t".join(row) for row in rows).encode() + b"\n"


def _openhtf(number: int, start: datetime, volts: float) -> bytes:
    at = int(start.timestamp() * 1000)
    good = volts <= 5.25
    outcome = "PASS" if good else "FAIL"
    measurement = {
        "name": "vcc",
        "outcome": outcome,
        "measured_value": volts,
        "units": {"name": "volt", "code": "VLT", "suffix": "V"},
        "validators": ["4.75 <= x <= 5.25"],
    }
    phase = {
        "name": "power_phase",
        "start_time_millis": at,
        "end_time_millis": at + 900,
        "outcome": outcome,
        "measurements": {"vcc": measurement},
        "attachments": {},
    }
    record = {
        "dut_id": f"DEMO-H-{number:03}",
        "station_id": "htf-station",
        "start_time_millis": at,
        "end_time_millis": at + 1500,
        "outcome": outcome,
        "outcome_details": [],
        "metadata": {"test_name": "demo", "part_number": "DEMO-300", "revision": "C"},
        "phases": [phase],
        "log_records": [],
    }
    return json.dumps(record, indent=1).encode()


def _junit(number: int, start: datetime, volts: float) -> bytes:
    serial = quoteattr(f"DEMO-J-{number:03}")
    failure = "" if volts <= 5.25 else '<failure message="5.25 V exceeded"/>'
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<testsuites><testsuite name="board" tests="2" time="3.1" '
        f'timestamp="{start.isoformat()}">\n<properties><property name="serial_number" value={serial}/>'
        f'<property name="part_number" value="DEMO-400"/></properties>\n'
        f'<testcase classname="board.Power" name="vcc" time="1.0">{failure}</testcase>\n'
        f'<testcase classname="board.Io" name="leds" time="2.1"/>\n</testsuite></testsuites>\n'
    ).encode()
