"""What TestStand says of the unit: its container UUT, with the fields that the WATS add-on puts there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from stationmaster.api import Report
from stationmaster.api.additional import Property, Value
from stationmaster.api.number import parse_number
from stationmaster.api.text import clip, one_line


@dataclass(frozen=True, slots=True)
class Unit:
    """The container as a mapping; fields that are not there are empty."""

    values: Mapping[str, Value] = field(default_factory=dict)

    def text(self, *names: str) -> str:
        """The first of these that is not empty, as text."""
        for name in names:
            if found := text_of(self.values.get(name, "")).strip():
                return found
        return ""

    def whole(self, name: str) -> int | None:
        """A whole number; None where there is none."""
        return whole_of(self.values.get(name, ""))

    @property
    def process(self) -> str:
        """The operation: its code, else its name."""
        code = self.whole("UUTOperationType")
        if code is not None and code > 0:
            return str(code)
        details = self.values.get("UUTOperationTypeDetails")
        inner = Unit(details) if isinstance(details, Mapping) else Unit()
        number = inner.whole("OpTypeCodeInt")
        return str(number) if number else inner.text("OpTypeCodeString", "OpTypeName")

    def rows(self, name: str) -> Iterator[Unit]:
        """The elements of an array in `MiscUUTResult`."""
        held = self.values.get("MiscUUTResult")
        rows = held.get(name) if isinstance(held, Mapping) else None
        inside = list(rows.values()) if isinstance(rows, Mapping) else rows
        for row in inside if isinstance(inside, Sequence) and not isinstance(inside, str) else ():
            if isinstance(row, Mapping):
                yield Unit(row)


def text_of(value: Value) -> str:
    """A plain value as text; "" for what has parts."""
    inner = value.value if isinstance(value, Property) else value
    return str(inner) if isinstance(inner, str | int | float) else ""


def whole_of(value: Value) -> int | None:
    """A value as a whole number; None where it is none."""
    try:
        number = parse_number(text_of(value))
    except ValueError:
        return None
    return int(number) if number is not None and abs(number) < 2**31 else None


def add_unit(report: Report, unit: Unit) -> None:
    """Put what the container says beside the header fields into the report."""
    socket = unit.whole("TestSocketIndex")
    report.info(
        batchSN=one_line(unit.text("BatchSerialNumber"), 100) or None,
        fixtureId=one_line(unit.text("UUT_Fixture_ID"), 100) or None,
        testSocketIndex=socket if socket is not None and socket >= 0 else None,
        comment=clip(unit.text("Comment"), 5000) or None,
    )
    for row in unit.rows("UUT_Part_Info"):
        part = [row.text(key) for key in ("Part_Type", "Part_Number", "Part_Serial_Number")]
        if not any(part):
            continue
        kind, pn, sn = part
        if not pn or not sn:
            report.warn(f"the part {kind[:50]!r} names no part or serial number: it has - there")
        rev = one_line(row.text("Part_Revision_Number"), 100)
        report.sub_unit(
            one_line(kind, 50) or "Unknown", pn=one_line(pn, 100) or "-", sn=one_line(sn, 100) or "-", rev=rev
        )
    for row in unit.rows("Misc_UUT_Info"):
        name, text = row.text("Description"), row.text("Data_String")
        if name or text:
            report.misc(one_line(name, 100) or "-", one_line(text or row.text("Data_Numeric"), 101))
