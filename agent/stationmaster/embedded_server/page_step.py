"""The tree of steps as nested <details>, measurements in columns."""

from __future__ import annotations

import json
from typing import Any

from stationmaster.embedded_server.attachment import Attachment
from stationmaster.embedded_server.header import mapping, mappings
from stationmaster.embedded_server.markup import Content, Markup, element, join
from stationmaster.embedded_server.page_chart import step_chart
from stationmaster.embedded_server.page_frame import mark, seconds, size, word
from stationmaster.embedded_server.page_value import number, numeric_limit, step_type, string_limit

MAX_STEPS = 5000
OPEN_STEPS = 400
"""A tree with no more steps is shown unfolded; of a larger one only the first levels and what failed."""
_BAD = {"F", "E", "T"}


class StepTree:
    """Draws one report's steps; the validation bounds how deep they go.

    Args:
        report_id: for the links to attachments.
        attachments: by step id and name, as they stand in the report.
    """

    def __init__(self, report_id: str, attachments: list[Attachment], *, count: int) -> None:
        self._report_id = report_id
        self._of_steps = iter([one for one in attachments if one.from_step])
        self._unfold = count <= OPEN_STEPS
        self._drawn = 0

    def draw(self, root: dict[str, Any]) -> Markup:
        """The whole tree."""
        return element("div", self._step(root, 1), class_="tree")

    def _step(self, step: dict[str, Any], depth: int) -> Markup:
        self._drawn += 1
        status = word(step.get("status"))
        children = mappings(step.get("steps"))
        row = _row(step, status)
        # in file order, as the list of attachments has them: also for steps that are not drawn
        extras = self._extras(step)
        if not children:
            return element("div", row, extras, class_="step", id=_anchor(step))
        summary = element("summary", row)
        below = element("div", extras, self._children(children, depth), class_="below")
        unfolded = self._unfold or depth <= 2 or step.get("status") in _BAD
        return element("details", summary, below, class_="step", open=unfolded, id=_anchor(step))

    def _children(self, children: list[dict[str, Any]], depth: int) -> Markup:
        parts: list[Markup] = []
        for child in children:
            if self._drawn >= MAX_STEPS:
                parts.append(_more(f"Only the first {MAX_STEPS:,} steps are shown."))
                break
            parts.append(self._step(child, depth + 1))
        return join(*parts)

    def _extras(self, step: dict[str, Any]) -> Markup | None:
        parts: list[Content] = [_measurements(step), *_notes(step), step_chart(step)]
        held = mapping(step.get("attachment"))
        if isinstance(held.get("data"), str):
            parts.append(attachment_link(self._report_id, next(self._of_steps)))
        parts += [additional(one) for one in mappings(step.get("additionalResults"))]
        present = [part for part in parts if part]
        return element("div", *present, class_="extras") if present else None


def _anchor(step: dict[str, Any]) -> str | None:
    number_ = step.get("id")
    return f"step-{number_}" if isinstance(number_, int | str) else None


def _more(text: str) -> Markup:
    return element("p", text, " Download the report to see all of it.", class_="notice")


def _row(step: dict[str, Any], status: str) -> Markup:
    single = _single(step)
    culprit = element("span", "caused the failure", class_="chip alert") if _caused(step) else None
    group = {"S": "setup", "C": "cleanup"}.get(str(step.get("group")))
    return element(
        "span",
        mark(status),
        element(
            "span",
            element("span", str(step.get("name") or "(no name)"), class_="title"),
            element("span", step_type(step.get("stepType")), class_="type"),
            element("span", group, class_="chip") if group else None,
            _loop(step),
            culprit,
            class_="name",
        ),
        single or element("span", class_="value"),
        element("span", seconds(step.get("totTime") or None), class_="time"),
        class_="row bad" if step.get("status") in _BAD else "row",
    )


def _caused(step: dict[str, Any]) -> bool:
    return step.get("causedUUTFailure") is True


def _loop(step: dict[str, Any]) -> Markup | None:
    loop = mapping(step.get("loop"))
    if not loop:
        return None
    if loop.get("idx") is not None:
        return element("span", f"pass {number(loop['idx'])}", class_="chip")
    parts = [f"loop of {number(loop.get('num'))}"]
    parts += [f"{number(loop[key])} {key}" for key in ("passed", "failed") if loop.get(key) is not None]
    return element("span", ", ".join(parts), class_="chip")


def _rows(step: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    kinds = ("numericMeas", "booleanMeas", "stringMeas")
    return [(kind, row) for kind in kinds for row in mappings(step.get(kind))]


def _single(step: dict[str, Any]) -> Markup | None:
    """Value and limit of a lone measurement, which stand in the step's own row."""
    rows = _rows(step)
    return _cells(*rows[0]) if len(rows) == 1 and not rows[0][1].get("name") else None


def _cells(kind: str, row: dict[str, Any]) -> Markup:
    if kind == "numericMeas":
        unit = str(row.get("unit") or "")
        value: list[Content] = [number(row.get("value")), element("span", f" {unit}", class_="unit")]
        limit = numeric_limit(row)
    elif kind == "stringMeas":
        value, limit = [str(row.get("value") if row.get("value") is not None else "")], string_limit(row)
    else:
        value, limit = [], ""
    return join(element("span", *value, class_="value"), element("span", limit, class_="limit"))


def _measurements(step: dict[str, Any]) -> Markup | None:
    rows = _rows(step)
    if not rows or _single(step):
        return None
    shown = [
        element(
            "span",
            mark(word(row.get("status"))),
            element("span", str(row.get("name") or ""), class_="name"),
            _cells(kind, row),
            class_="row bad" if row.get("status") in _BAD else "row",
        )
        for kind, row in rows
    ]
    return element("div", *shown, class_="measurements")


def _notes(step: dict[str, Any]) -> list[Content]:
    """What the step says besides numbers."""
    notes: list[Content] = []
    error = " ".join(
        str(step[key]) for key in ("errorCode", "errorMessage") if step.get(key) not in (None, "", 0)
    )
    if error:
        notes.append(_note("Error", error, class_="alert"))
    if step.get("reportText"):
        notes.append(_note("Text", str(step["reportText"])))
    popup = mapping(step.get("messagePopup"))
    if popup:
        notes.append(_note("Answer", f"{popup.get('response') or ''} (button {number(popup.get('button'))})"))
    called = mapping(step.get("callExe"))
    if called:
        notes.append(_note("Exit code", number(called.get("exitCode"))))
    call = mapping(step.get("seqCall"))
    if call:
        text = " ".join(str(call[key]) for key in ("path", "version") if call.get(key))
        notes.append(_note("File", text) if text else None)
    return notes


def _note(name: str, text: str, *, class_: str = "") -> Markup:
    return element("p", element("b", f"{name} "), text, class_=f"note {class_}".strip())


def attachment_link(report_id: str, one: Attachment) -> Markup:
    """A link that downloads an attachment."""
    link = element("a", one.name, href=f"/report/{report_id}/attachment/{one.id}", download=True)
    return element(
        "p",
        element("b", "File "),
        link,
        element("span", f" {size(one.size)}", class_="muted"),
        class_="note",
    )


def additional(data: dict[str, Any]) -> Markup:
    """A set of additional data: simple values by name, the rest as JSON."""
    entries: list[Markup] = []
    for prop in mappings(data.get("props")):
        plain = prop.get("value") if not prop.get("props") and not prop.get("array") else None
        text = (
            str(plain) if plain is not None else json.dumps(prop.get("props") or prop.get("array"), indent=1)
        )
        content = text if plain is not None else element("pre", text)
        entries += [element("dt", str(prop.get("name") or "")), element("dd", content)]
    title = element("summary", f"Additional data: {data.get('name') or ''}")
    return element("details", title, element("dl", *entries, class_="facts"), class_="additional")
