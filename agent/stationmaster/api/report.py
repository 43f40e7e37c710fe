"""The report builder: UUT (test) and UUR (repair) reports over their own WSJF object.

`Report.data` *is* the WSJF object; builder methods write into it, unknown fields stay untouched. Field
names and sizes: docs/reference/wsjf.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self

from stationmaster.api.additional import Value, additional_data
from stationmaster.api.failure import Failure
from stationmaster.api.status import Status, worst
from stationmaster.api.step import Sequence, Step, attached, new_root, roll_up
from stationmaster.api.text import printable


class ReportType(StrEnum):
    """`type` on the wire."""

    UUT = "T"
    UUR = "R"


class Result(StrEnum):
    """Overall result of a report."""

    PASSED = "P"
    FAILED = "F"
    DONE = "D"
    ERROR = "E"
    TERMINATED = "T"


class Report:
    """One WATS report.

    Attributes:
        data: the WSJF object.
        record: the bytes of this unit's own record in the source file; the report id is derived from
            them when the source names none. None: the whole file is one record.
        timed: False when the record carries no time of its own (the file's mtime then counts too).
        warnings: what a person should know of the conversion; shown by the dry run and in the log.
    """

    __slots__ = ("_built", "data", "record", "timed", "warnings")

    def __init__(self, data: dict[str, Any]) -> None:
        """Wrap a WSJF object; it is shared, not copied."""
        self.data = data
        self.record: bytes | None = None
        self.timed = True
        self.warnings: list[str] = []
        self._built = False

    @classmethod
    def uut(
        cls,
        *,
        sn: str,
        pn: str,
        rev: str,
        process_code: int,
        start: datetime | None,
        result: Result | None = None,
        user: str = "",
        execution_time: float | None = None,
        sequence: str = "MainSequence",
        sequence_path: str = "",
        sequence_version: str = "",
    ) -> Report:
        """Begin a test report.

        Args:
            sn: serial number, 1 to 100 characters, as `pn` and `rev`.
            pn: part number.
            rev: revision.
            process_code: code of the test operation.
            start: aware datetime; None: unknown, the host takes the file's mtime and warns.
            result: the tester's verdict; None: the worst status of the steps.
            user: operator.
            execution_time: seconds.
            sequence: name of the test program.
            sequence_path: where that lies; "": its name.
            sequence_version: its version; "": "1.0".
        """
        report = cls(_header(ReportType.UUT, sn, pn, rev, process_code, start, result))
        info: dict[str, Any] = {"user": user}
        if execution_time is not None:
            info["execTime"] = execution_time
        report.data["uut"] = info
        report.data["root"] = new_root(sequence, sequence_path, sequence_version)
        report.timed = start is not None
        report._built = True
        return report

    @classmethod
    def uur(
        cls,
        *,
        sn: str,
        pn: str,
        rev: str,
        process_code: int,
        test_process_code: int,
        start: datetime | None,
        user: str = "",
        comment: str | None = None,
        execution_time: float | None = None,
        uut_id: str | None = None,
        confirmed_at: datetime | None = None,
        finalized_at: datetime | None = None,
    ) -> Report:
        """Begin a repair report.

        Args:
            sn: serial number, 1 to 100 characters, as `pn` and `rev`.
            pn: part number.
            rev: revision.
            process_code: code of the repair operation.
            test_process_code: code of the test that failed.
            start: aware datetime; None: unknown, the host takes the file's mtime and warns.
            user: who repaired it.
            comment: what there is to say of the repair.
            execution_time: seconds.
            uut_id: id of the UUT report that led here.
            confirmed_at: aware datetime at which the failure was confirmed.
            finalized_at: aware datetime at which the repair was done.
        """
        report = cls(_header(ReportType.UUR, sn, pn, rev, process_code, start, Result.PASSED))
        fields = {
            "user": user,
            "comment": comment,
            "execTime": execution_time,
            "processCode": test_process_code,
            "refUUT": uut_id,
            "confirmDate": _stamp(confirmed_at),
            "finalizeDate": _stamp(finalized_at),
            "active": True,
        }
        report.data["uur"] = {key: value for key, value in fields.items() if value is not None}
        report.data["subUnits"] = [
            {"idx": 0, "partType": "Main", "pn": pn, "rev": rev, "sn": sn, "failures": []}
        ]
        report.timed = start is not None
        report._built = True
        return report

    # ---------------------------------------------------------------- what it says
    @property
    def built(self) -> bool:
        """True: made with this builder. False: a WSJF object of somebody else's, passed on as it is."""
        return self._built

    @property
    def type(self) -> ReportType:
        """UUT or UUR."""
        return ReportType(self.data.get("type", "T"))

    @property
    def id(self) -> str:
        """The report id the source gave, or ""."""
        return str(self.data.get("id") or "")

    @property
    def sn(self) -> str:
        """Serial number."""
        return str(self.data.get("sn") or "")

    @property
    def pn(self) -> str:
        """Part number."""
        return str(self.data.get("pn") or "")

    @property
    def root(self) -> Sequence:
        """The root sequence of a UUT report.

        Raises:
            KeyError: on a UUR report, which has no steps.
        """
        return Sequence(self.data["root"])

    def steps(self) -> Iterator[Step]:
        """All steps below and including the root, then those of sub-units; none for a UUR report."""
        for root in self.roots():
            yield from root.walk()

    def roots(self) -> list[Step]:
        """The root of the test, then those of sub-units; none for a UUR report."""
        units = self.data.get("subUnits")
        holders = [self.data, *(units if isinstance(units, list) else [])]
        roots = [one.get("root") for one in holders if isinstance(one, dict)]
        return [Step(root) for root in roots if isinstance(root, dict)]

    # ---------------------------------------------------------------- header parts
    def info(self, **fields: str | float | bool | None) -> Self:
        """Set fields of the `uut` or `uur` object by wire name; None leaves a field out.

        `report.info(comment="...", batchSN="B-1", fixtureId="FX-1", errorCode=12)`
        """
        part = self.data.setdefault("uut" if self.type is ReportType.UUT else "uur", {})
        part.update({key: value for key, value in fields.items() if value is not None})
        return self

    def station(self, name: str) -> Self:
        """Name the station as the source has it; else the instance's own name is filled in."""
        if name:
            self.data["machineName"] = name
        return self

    def misc(self, description: str, text: str) -> Self:
        """Add a misc info; both sides up to 100 characters, longer text is cut with a warning."""
        description, text = printable(description), printable(text)
        if len(text) > 100 or len(description) > 100:
            self.warn(f"misc info {description[:40]!r} was cut to 100 characters")
        entry = {"description": description[:100], "text": text[:100]}
        self._rows("miscInfos").append(entry)
        return self

    def sub_unit(self, part_type: str, *, pn: str, sn: str, rev: str = "") -> Self:
        """Add a sub-unit of a UUT report."""
        unit = {"partType": part_type, "pn": pn, "rev": rev, "sn": sn}
        self._rows("subUnits").append(unit)
        return self

    def tested_unit(
        self,
        part_type: str,
        *,
        pn: str,
        sn: str,
        rev: str = "",
        sequence: str = "MainSequence",
        sequence_path: str = "",
        sequence_version: str = "",
    ) -> Sequence:
        """Add a sub-unit of a UUT report that has steps of its own; returns the root of them."""
        root = new_root(sequence, sequence_path, sequence_version)
        unit = {"partType": part_type, "pn": pn, "rev": rev, "sn": sn, "root": root}
        self._rows("subUnits").append(unit)
        return Sequence(root)

    def replaced_unit(
        self,
        part_type: str,
        *,
        pn: str,
        sn: str = "",
        rev: str = "",
        parent: int = 0,
        position: int | None = None,
        replaces: int | None = None,
    ) -> int:
        """Add a unit to a UUR report's hierarchy; returns its index for `failure`."""
        units = self.data["subUnits"]
        index = len(units)
        unit = {"idx": index, "parentIdx": parent, "partType": part_type, "pn": pn, "rev": rev}
        unit |= {"sn": sn, "position": position, "replacedIdx": replaces, "failures": []}
        units.append({key: value for key, value in unit.items() if value is not None})
        return index

    def failure(self, failure: Failure, *, unit: int = 0) -> Self:
        """Add a failure to a UUR report's unit (0 is the unit itself)."""
        self.data["subUnits"][unit].setdefault("failures", []).append(failure.wire())
        return self

    def asset(
        self,
        sn: str,
        *,
        asset_type: str | None = None,
        part_number: str | None = None,
        usage_count: int | None = None,
        calibration_date: datetime | None = None,
        calibration_due: datetime | None = None,
    ) -> Self:
        """Add an asset (fixture, instrument) that was used; the times are aware."""
        fields = {
            "sn": sn,
            "assetType": asset_type,
            "partNumber": part_number,
            "usageCount": usage_count,
            "calibrationDate": _stamp(calibration_date),
            "calibrationDue": _stamp(calibration_due),
        }
        self._rows("assets").append({key: value for key, value in fields.items() if value is not None})
        return self

    def additional(self, name: str, values: Mapping[str, Value]) -> Self:
        """Add a named set of values to the report."""
        self._rows("additionalData").append(additional_data(name, values))
        return self

    def attach(
        self,
        name: str,
        content: bytes,
        *,
        content_type: str = "application/octet-stream",
        description: str | None = None,
        fail_idx: int | None = None,
    ) -> Self:
        """Attach a file to the report as a whole. WSJF has no empty files: those are left out and told.

        Args:
            name: of the file.
            content: its bytes.
            content_type: its MIME type.
            description: what there is to see, up to 500 characters.
            fail_idx: in a UUR report, the number of the failure that it shows, from 0.
        """
        if not content:
            return self.warn(f"the attachment {name!r} is empty and was left out")
        entry = attached(name, content, content_type, description)
        if fail_idx is not None:
            entry["failIdx"] = fail_idx
        self._rows("binaryData").append(entry)
        return self

    def _rows(self, key: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] | None = self.data.get(key)  # null in reports of others
        if rows is None:
            rows = self.data[key] = []
        return rows

    def warn(self, text: str) -> Self:
        """Tell the person who looks at this conversion something."""
        self.warnings.append(text)
        return self

    # ---------------------------------------------------------------- completion by the host
    def finish(self) -> Self:
        """Roll statuses up, number the steps, name the culprit. Idempotent.

        Only a report that was built here is touched; one that was decoded keeps what its source said.
        """
        if not self._built:
            return self
        if self.type is ReportType.UUT:
            statuses = [roll_up(root.data) for root in self.roots()]
            for number, step in enumerate(self.steps(), start=1):
                step.data["id"] = number
            if not self.data.get("result"):
                self.data["result"] = statuses[0] if len(statuses) == 1 else worst(statuses)
            if self.data["result"] in {"F", "E", "T"}:
                _name_culprit(self.steps())
        return self


def _name_culprit(steps: Iterable[Step]) -> None:
    everything = list(steps)
    if any(step.data.get("causedUUTFailure") for step in everything):
        return
    bad = {Status.FAILED.value, Status.ERROR.value, Status.TERMINATED.value}
    for step in everything:
        if step.status in bad and not any(child.status in bad for child in step.steps):
            step.data["causedUUTFailure"] = True
            return


def _stamp(moment: datetime | None) -> str | None:
    if moment is not None and moment.tzinfo is None:
        raise ValueError("a time must be an aware datetime: give it its time zone")
    return moment.astimezone(UTC).isoformat() if moment else None


def _header(
    kind: ReportType,
    sn: str,
    pn: str,
    rev: str,
    process_code: int,
    start: datetime | None,
    result: Result | None,
) -> dict[str, Any]:
    if start is not None and start.tzinfo is None:
        raise ValueError("start must be an aware datetime: give it the station's time zone")
    header: dict[str, Any] = {
        "type": kind.value,
        "pn": pn.strip(),
        "sn": sn.strip(),
        "rev": rev.strip(),
        "processCode": process_code,
    }
    if result is not None:
        header["result"] = result.value
    if start is not None:
        header["start"] = start.isoformat()
    return header
