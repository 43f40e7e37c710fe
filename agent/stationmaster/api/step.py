"""Steps of a report: a thin, typed skin over the WSJF object, so that nothing in it can get lost.

A `Step` holds the JSON object itself in `data`; what we do not know stays there untouched.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Self

from stationmaster.api.additional import Value, additional_data
from stationmaster.api.limit import CompOp, Limits
from stationmaster.api.measurement import NAME_LENGTH, Series, numeric_row, short_name, string_row, whole_name
from stationmaster.api.status import Group, Status, worst
from stationmaster.api.text import printable


class Step:
    """One step; the setters return the step, so that they chain."""

    __slots__ = ("data",)

    def __init__(self, data: dict[str, Any]) -> None:
        """Wrap a WSJF step object; it is shared, not copied."""
        self.data = data

    @property
    def name(self) -> str:
        """The tester's own name of the step."""
        return str(self.data.get("name", ""))

    @property
    def step_type(self) -> str:
        """WSJF step type, known to us or not."""
        return str(self.data.get("stepType", ""))

    @property
    def status(self) -> str:
        """Status letter; "" where a sequence waits for `Report.finish`."""
        return str(self.data.get("status", ""))

    @property
    def steps(self) -> list[Step]:
        """Children, whatever the step type."""
        below = self.data.get("steps")
        return [Step(one) for one in below if isinstance(one, dict)] if isinstance(below, list) else []

    def walk(self) -> Iterator[Step]:
        """This step and all below it, in file order."""
        waiting = [self]
        while waiting:
            step = waiting.pop()
            yield step
            waiting.extend(reversed(step.steps))

    def details(
        self,
        *,
        text: str | None = None,
        error_code: int | None = None,
        error_message: str | None = None,
        total_time: float | None = None,
        start: datetime | None = None,
        caused_failure: bool | None = None,
        group: Group | None = None,
    ) -> Self:
        """Set what any step may carry; None leaves a field as it is. `total_time` in seconds."""
        fields = {
            "reportText": None if text is None else printable(text),
            "errorCode": error_code,
            "errorMessage": None if error_message is None else printable(error_message),
            "totTime": total_time,
            "start": start.isoformat() if start else None,
            "causedUUTFailure": caused_failure,
            "group": group.value if group else None,
        }
        self.data.update({key: value for key, value in fields.items() if value is not None})
        return self

    def chart(
        self,
        label: str,
        series: Iterable[Series],
        *,
        x_label: str = "X",
        x_unit: str = "",
        y_label: str = "Y",
        y_unit: str = "",
        chart_type: str = "Line",
    ) -> Self:
        """Attach a chart. `chart_type` is Line, LineLogX, LineLogY or LineLogXY."""
        self.data["chart"] = {
            "chartType": chart_type,
            "label": label,
            "xLabel": x_label,
            "xUnit": x_unit,
            "yLabel": y_label,
            "yUnit": y_unit,
            "series": [one.wire() for one in series],
        }
        return self

    def attach(
        self,
        name: str,
        content: bytes,
        *,
        content_type: str = "application/octet-stream",
        description: str | None = None,
    ) -> Self:
        """Attach a file; a step holds one. WSJF has no empty files: of one, only its name is kept."""
        if not content:
            return self.additional("Empty attachment", {"name": name})
        self.data["attachment"] = attached(name, content, content_type, description)
        return self

    def loop_summary(self, *, count: int, passed: int, failed: int) -> Self:
        """Make this the summary of a loop of `count` iterations, whose steps follow it."""
        self.data["loop"] = {
            "idx": None,
            "num": count,
            "endingIndex": count - 1,
            "passed": passed,
            "failed": failed,
        }
        return self

    def loop_index(self, index: int) -> Self:
        """Make this iteration `index` (from 0) of the loop whose summary stands before it."""
        self.data["loop"] = {"idx": index}
        return self

    def additional(self, name: str, values: Mapping[str, Value]) -> Self:
        """Add a named set of values as additional results."""
        self.data.setdefault("additionalResults", []).append(additional_data(name, values))
        return self


class Measured(Step):
    """A step of several named measurements; duplicate names become "name #2", "name #3".

    Without a status of its own the step has the worst of its measurements.
    """

    __slots__ = ("_given", "_names")

    def __init__(self, data: dict[str, Any], *, given: bool = False) -> None:
        """Wrap a step object; `given`: its status was stated and stays."""
        super().__init__(data)
        self._given = given
        self._names: dict[str, int] = {}

    def _add(self, key: str, name: str, measurement: dict[str, Any]) -> Self:
        unique = short = short_name(name)
        count = self._names.get(short, 0)
        while unique in self._names:
            count += 1
            suffix = f" #{count}"
            unique = short[: NAME_LENGTH - len(suffix)] + suffix
        self._names[short] = count or 1
        self._names[unique] = self._names.get(unique, 1)
        self.data[key].append({"name": unique, **measurement})
        if not self._given:
            self.data["status"] = worst((self.data["status"], measurement["status"]))
        whole = whole_name(name)
        if short != whole and whole:
            self.additional("Full name", {unique: whole})
        return self


class MultiNumeric(Measured):
    """ET_MNLT, WATS_XYGMNLT."""

    __slots__ = ()

    def add(
        self,
        name: str,
        value: float,
        *,
        unit: str = "",
        limits: Limits | None = None,
        status: Status | None = None,
    ) -> Self:
        """Add one numeric measurement."""
        return self._add("numericMeas", name, numeric_row(value, unit, limits, status))


class MultiBoolean(Measured):
    """ET_MPFT."""

    __slots__ = ()

    def add(self, name: str, status: Status) -> Self:
        """Add one pass/fail measurement."""
        return self._add("booleanMeas", name, {"status": status.value})


class MultiString(Measured):
    """ET_MSVT."""

    __slots__ = ()

    def add(
        self,
        name: str,
        value: str,
        *,
        limit: str | None = None,
        comp: CompOp | None = None,
        status: Status | None = None,
    ) -> Self:
        """Add one text measurement."""
        return self._add("stringMeas", name, string_row(value, limit, comp, status))


class Sequence(Step):
    """A step that holds steps. Without a status of its own it gets the worst of its children."""

    __slots__ = ()

    def sequence(
        self,
        name: str,
        *,
        status: Status | None = None,
        path: str = "",
        version: str = "",
        caller: str | None = None,
        module: str | None = None,
    ) -> Sequence:
        """Add a sequence call.

        Args:
            name: of the step and of the sequence.
            status: as the tester has it; None: the worst of the steps below.
            path: where the sequence's file lies; "": its name.
            version: its version; "": "1.0".
            caller: who calls it.
            module: what is called.
        """
        more = {key: value for key, value in (("caller", caller), ("module", module)) if value is not None}
        step = self._append("SequenceCall", name, status, seqCall=_call(name, path, version), **more)
        step["steps"] = []
        return Sequence(step)

    def numeric(
        self,
        name: str,
        value: float,
        *,
        unit: str = "",
        limits: Limits | None = None,
        status: Status | None = None,
    ) -> Step:
        """Add a numeric limit test (ET_NLT). Without `status` the limits decide."""
        row = numeric_row(value, unit, limits, status)
        return self._single("ET_NLT", "numericMeas", name, row)

    def multi_numeric(self, name: str, *, status: Status | None = None) -> MultiNumeric:
        """Add a multiple numeric limit test (ET_MNLT); fill it with `add`."""
        return MultiNumeric(self._multi("ET_MNLT", "numericMeas", name, status), given=status is not None)

    def passfail(self, name: str, status: Status) -> Step:
        """Add a pass/fail test (ET_PFT)."""
        return self._single("ET_PFT", "booleanMeas", name, {"status": status.value})

    def multi_passfail(self, name: str, *, status: Status | None = None) -> MultiBoolean:
        """Add a multiple pass/fail test (ET_MPFT); fill it with `add`."""
        return MultiBoolean(self._multi("ET_MPFT", "booleanMeas", name, status), given=status is not None)

    def string(
        self,
        name: str,
        value: str,
        *,
        limit: str | None = None,
        comp: CompOp | None = None,
        status: Status | None = None,
    ) -> Step:
        """Add a string value test (ET_SVT). With a limit the default operator is CASESENSIT."""
        row = string_row(value, limit, comp, status)
        return self._single("ET_SVT", "stringMeas", name, row)

    def multi_string(self, name: str, *, status: Status | None = None) -> MultiString:
        """Add a multiple string value test (ET_MSVT); fill it with `add`."""
        return MultiString(self._multi("ET_MSVT", "stringMeas", name, status), given=status is not None)

    def action(self, name: str, status: Status = Status.DONE) -> Step:
        """Add an action: a step that measures nothing."""
        return Step(self._append("Action", name, status))

    def generic(self, step_type: str, name: str, status: Status = Status.DONE) -> Sequence:
        """Add a step of any other type, "NI_Flow_If" or "DoWhile" for instance; it may hold steps."""
        return Sequence(self._append(step_type, name, status))

    def chart_step(self, name: str, status: Status = Status.DONE) -> Step:
        """Add a step of type Chart; give it its curves with `chart`."""
        return Step(self._append("Chart", name, status))

    def chart_multi_numeric(self, name: str, *, status: Status | None = None) -> MultiNumeric:
        """Add a chart with measurements (WATS_XYGMNLT); give it `chart`, fill it with `add`."""
        step = self._multi("WATS_XYGMNLT", "numericMeas", name, status)
        return MultiNumeric(step, given=status is not None)

    def executable(self, name: str, exit_code: float, status: Status = Status.DONE) -> Step:
        """Add a call of an external program (CallExecutable)."""
        return Step(self._append("CallExecutable", name, status, callExe={"exitCode": exit_code}))

    def message(self, name: str, *, response: str, button: int = 0, status: Status = Status.DONE) -> Step:
        """Add a message popup with the operator's answer."""
        popup = {"response": response, "button": button}
        return Step(self._append("MessagePopup", name, status, messagePopup=popup))

    def _append(self, step_type: str, name: str, status: Status | None, **fields: object) -> dict[str, Any]:
        short = short_name(name)
        step: dict[str, Any] = {"stepType": step_type, "name": short, "group": "M"}
        if status is not None:
            step["status"] = status.value
        step.update(fields)
        self.data.setdefault("steps", []).append(step)
        whole = whole_name(name)
        if short != whole and whole:
            Step(step).additional("Full name", {"name": whole})
        return step

    def _single(self, step_type: str, key: str, name: str, row: dict[str, Any]) -> Step:
        return Step(self._append(step_type, name, Status(row["status"]), **{key: [row]}))

    def _multi(self, step_type: str, key: str, name: str, status: Status | None) -> dict[str, Any]:
        return self._append(step_type, name, status or Status.PASSED, **{key: []})


def new_root(sequence: str, path: str, version: str) -> dict[str, Any]:
    """The root of a test: a sequence call without steps yet."""
    return {
        "stepType": "SequenceCall",
        "name": short_name(sequence),
        "group": "M",
        "seqCall": _call(sequence, path, version),
        "steps": [],
    }


def _call(name: str, path: str, version: str) -> dict[str, Any]:
    name, path, version = map(printable, (name, path or name, version or "1.0"))
    return {"path": path[:500], "name": name[:200], "version": version[:30]}


def attached(name: str, content: bytes, content_type: str, description: str | None) -> dict[str, Any]:
    """A file in WSJF form."""
    entry = {"name": name, "contentType": content_type, "data": base64.b64encode(content).decode("ascii")}
    return entry if description is None else entry | {"description": description}


def roll_up(step: dict[str, Any]) -> str:
    """Give sequences without a status the worst of their children; return this step's status."""
    below = [roll_up(child) for child in step.get("steps") or []]
    if not step.get("status"):
        step["status"] = worst(below)
    return str(step["status"])
