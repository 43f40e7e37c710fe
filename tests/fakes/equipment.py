"""Result files as test equipment writes them, with the report ids that must come of them.

The ids are worked out here on our own, from the bytes that are written, by the recipe that
`stationmaster.api.identity` documents; no product code is asked.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5
from xml.sax.saxutils import quoteattr

FORMATS = ("wsjf", "wstf", "openhtf", "junit")
OPTIONS = {"process_code": 10, "part_number": "P-1"}
ENDINGS = {"wsjf": "json", "wstf": "txt", "openhtf": "json", "junit": "xml"}
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Unit:
    """One tested unit of a file.

    Attributes:
        record: the bytes that its report id comes from; b"" where the file names the id.
        report_id: the id that the file names.
    """

    sn: str
    record: bytes = b""
    report_id: str = ""


@dataclass(frozen=True)
class Made:
    """A result file that is not written yet."""

    kind: str
    content: bytes
    units: tuple[Unit, ...]

    def ids(self, instance: UUID) -> dict[str, str]:
        """Serial number by report id, for the instance that takes the file."""
        ordinals: Counter[bytes] = Counter()
        found: dict[str, str] = {}
        for unit in self.units:
            name = unit.report_id or derived_id(instance, self.kind, unit.record, ordinals[unit.record])
            ordinals[unit.record] += 1
            found[name] = unit.sn
        return found

    def __add__(self, other: Made) -> Made:
        """The same file with more units appended (WSTF)."""
        return Made(self.kind, self.content + other.content, self.units + other.units)


def derived_id(instance: UUID, converter: str, record: bytes, ordinal: int) -> str:
    """UUIDv5 over four length-prefixed fields; the fourth is empty: our files carry their time."""
    fields = [converter.encode(), hashlib.sha256(record).digest(), b"%d" % ordinal, b""]
    joined = b"".join(len(field).to_bytes(8, "big") + field for field in fields)
    return str(uuid5(instance, hashlib.sha256(joined).hexdigest()))


class Equipment:
    """Makes files; the serial numbers of one never repeat."""

    def __init__(self, prefix: str = "S", *, seed: int = 1) -> None:
        self._prefix = prefix
        self._numbers = itertools.count(1)
        self.rng = random.Random(seed)  # noqa: S311 - files that repeat

    def serial(self) -> str:
        """A new one."""
        return f"{self._prefix}{next(self._numbers):05}"

    def make(self, kind: str, *, units: int = 1) -> Made:
        """A file of this format; only WSTF holds several units."""
        if kind == "wstf":
            return wstf([self.serial() for _ in range(units)])
        return {"wsjf": self.wsjf, "openhtf": self._openhtf, "junit": self.junit}[kind]()

    def any(self) -> Made:
        """A file of any format, WSTF with one to five units."""
        return self.make(self.rng.choice(FORMATS), units=self.rng.randint(1, 5))

    def wsjf(self, *, report_id: str = "", sn: str = "") -> Made:
        """A WSJF report; the file names its id."""
        sn = sn or self.serial()
        report_id = report_id or str(UUID(int=self.rng.getrandbits(128), version=4))
        step = {"stepType": "ET_PFT", "name": "LED", "status": "P", "booleanMeas": [{"status": "P"}]}
        call = {"path": "m.seq", "name": "m.seq", "version": "1"}
        root = {"stepType": "SequenceCall", "name": "Main", "status": "P", "seqCall": call, "steps": [step]}
        report = {
            "type": "T",
            "id": report_id,
            "pn": "P-1",
            "sn": sn,
            "rev": "A",
            "processCode": 10,
            "result": "P",
            "machineName": "ST",
            "location": "Lab",
            "purpose": "Test",
            "start": START.isoformat(),
            "uut": {"user": "op", "execTime": 1.5},
            "root": root,
        }
        return Made("wsjf", json.dumps(report).encode(), (Unit(sn, report_id=report_id),))

    def _openhtf(self) -> Made:
        sn, at = self.serial(), int(START.timestamp() * 1000)
        value = {"name": "vcc", "outcome": "PASS", "measured_value": 5.0, "validators": ["4 <= x <= 6"]}
        phase = {
            "name": "power",
            "start_time_millis": at,
            "end_time_millis": at + 9,
            "outcome": "PASS",
            "measurements": {"vcc": value},
            "attachments": {},
        }
        record = {
            "dut_id": sn,
            "station_id": "htf",
            "start_time_millis": at,
            "end_time_millis": at + 15,
            "outcome": "PASS",
            "outcome_details": [],
            "log_records": [],
            "phases": [phase],
            "metadata": {"test_name": "t", "part_number": "P-1"},
        }
        content = json.dumps(record, indent=1).encode()
        return Made("openhtf", content, (Unit(sn, content),))

    def junit(self, cases: Sequence[str] = ("vcc", "leds")) -> Made:
        """A JUnit file."""
        sn = self.serial()
        tests = "".join(f'<testcase classname="board" name={quoteattr(case)} time="1.0"/>' for case in cases)
        content = (
            f'<testsuites><testsuite name="board" tests="{len(cases)}" time="3.1" '
            f'timestamp="{START.isoformat()}">\n<properties>'
            f'<property name="serial_number" value={quoteattr(sn)}/></properties>\n'
            f"{tests}</testsuite></testsuites>\n"
        ).encode()
        return Made("junit", content, (Unit(sn, content),))


def wstf(serials: Sequence[str]) -> Made:
    """A WSTF file with these units; its record is the block between its markers, both included."""
    blocks = [_block(sn, number) for number, sn in enumerate(serials)]
    units = tuple(Unit(sn, block.rstrip()) for sn, block in zip(serials, blocks, strict=True))
    return Made("wstf", b"".join(blocks), units)


def _block(sn: str, number: int) -> bytes:
    rows = [
        ["--Header-Start--"],
        ["SerialNumber", sn],
        ["PartNumber", "P-1"],
        ["OperationTypeName", "Function test"],
        ["UUTStatus", "Passed"],
        ["UTCStartDateTime", f"{START + timedelta(minutes=number):%Y-%m-%dT%H:%M:%S}"],
        ["--Step-Data-Start--"],
        ["StepType", "StepName", "Value", "LowLimit", "HighLimit", "CompOperator", "Unit", "StepStatus"],
        ["NumericLimitTest", "VCC", "5.01", "4.75", "5.25", "GELE", "V", "Passed"],
        ["--Step-Data-End--"],
        ["--UUT-End--"],
    ]
    return "\n".join("\t".join(row) for row in rows).encode() + b"\n"
