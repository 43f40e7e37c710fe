"""PURE: entries in words: the cells of a list, and all that is known of one."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import PurePath, PureWindowsPath

import msgspec
from PySide6.QtCore import QLocale, QTime

from stationmaster.model import Entry, EntryKind, EntryState, Event
from stationmaster_tray.in_window import in_window
from stationmaster_tray.text import clock, day, number, result, size, tr

_EVENTS_MAX = 200
"""Events that are shown, the newest; an entry that waited for weeks has thousands."""
_RECEIPT_MAX = 20_000
"""Characters of a receipt that are shown."""


_PRE = "white-space: pre-wrap; font-family: monospace"


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A column of a list.

    Attributes:
        width: in characters, before somebody chose another one.
        text: the cell.
        whole: what the cell has no room for.
    """

    id: str
    title: str
    width: int
    text: Callable[[Entry], str]
    whole: Callable[[Entry], str] = lambda _entry: ""


def columns(now: Callable[[], datetime]) -> tuple[Column, ...]:
    """The columns of a list of entries."""
    return (
        Column(
            id="time",
            title=tr("Taken"),
            width=15,
            text=lambda one: clock(one.created_at, now()),
            whole=lambda one: moment(one.created_at),
        ),
        Column(id="serial", title=tr("Serial number"), width=18, text=lambda one: one.serial_number),
        Column(id="part", title=tr("Part number"), width=15, text=lambda one: one.part_number),
        Column(id="result", title=tr("Result"), width=9, text=verdict),
        Column(id="state", title=tr("State"), width=20, text=lambda one: state(one, now())),
        Column(
            id="reason", title=tr("Reason"), width=46, text=lambda one: first_line(in_window(one.reason)),
            whole=lambda one: in_window(one.reason),
        ),
        Column(id="file", title=tr("File"), width=20, text=file_name, whole=lambda one: one.source),
        Column(id="instance", title=tr("Station"), width=12, text=lambda one: one.instance),
    )  # fmt: skip


def state(entry: Entry, now: datetime) -> str:
    """Where it stands."""
    if entry.state is EntryState.QUEUED and entry.not_before is not None and entry.not_before > now:
        return tr("waiting, next try {time}", time=clock(entry.not_before, now))
    if entry.state is EntryState.COMPLETED and entry.kind is EntryKind.SOURCE:
        return tr("converted")
    return {
        EntryState.QUEUED: tr("waiting"),
        EntryState.PROCESSING: tr("sending"),
        EntryState.COMPLETED: tr("delivered"),
        EntryState.ERROR: tr("error"),
        EntryState.DISMISSED: tr("dismissed"),
    }[entry.state]


def verdict(entry: Entry) -> str:
    """The report's result; "" where there is no report."""
    return result(entry.result) if entry.result else ""


def file_name(entry: Entry) -> str:
    """The file's name without its folder."""
    return name_of(entry.source)


def name_of(path: str) -> str:
    """The last part of a path of this or another system."""
    return PureWindowsPath(path).name if "\\" in path else PurePath(path).name


def first_line(text: str) -> str:
    """What fits into a cell: the rest stands in the details."""
    return " ".join(text[:300].split())


def moment(at: datetime) -> str:
    """A moment in local time, to the second."""
    local = at.astimezone()
    time = QLocale().toString(QTime(local.hour, local.minute, local.second), "HH:mm:ss")
    return tr("{day} {time}", day=day(local), time=time)


def heading(entry: Entry) -> str:
    """What it is called."""
    if entry.serial_number:
        return entry.serial_number
    return file_name(entry) or tr("Entry {number}", number=entry.id)


def facts(entry: Entry, now: datetime) -> tuple[tuple[str, str], ...]:
    """What is known of it, as (name, value); values that are empty are left out."""
    lines = (
        (tr("State"), state(entry, now)),
        (tr("Result"), verdict(entry)),
        (tr("Part number"), entry.part_number),
        (tr("Station"), entry.instance),
        (tr("Source file"), entry.source),
        (tr("File is now at"), place(entry)),
        (tr("Converter"), entry.converter),
        (tr("Attempts"), number(entry.attempts) if entry.attempts else ""),
        (tr("Next try"), moment(entry.not_before) if entry.not_before else ""),
        (tr("Taken"), moment(entry.created_at)),
        (tr("Last change"), moment(entry.updated_at)),
        (tr("Dismissed by"), entry.dismissed_by),
        (tr("Report"), report(entry)),
        (tr("Number"), str(entry.id)),
    )
    return tuple((name, value) for name, value in lines if value)


def place(entry: Entry) -> str:
    """Where its file is now, in words."""
    if entry.place or not entry.source:
        return entry.place
    return tr("deleted after it was taken")


def report(entry: Entry) -> str:
    """Which report it is."""
    if not entry.report_id:
        return ""
    values = {"id": entry.report_id, "size": size(entry.size), "revision": entry.revision}
    if entry.superseded:
        return tr("{id}, {size}, revision {revision}: a later one took its place", **values)
    if entry.revision > 1:
        return tr("{id}, {size}, revision {revision}", **values)
    return tr("{id}, {size}", **values)


def happened(event: Event) -> str:
    """What an event was."""
    known = {
        "queued": tr("taken and queued"),
        "retry": tr("tried without success"),
        "completed": tr("delivered"),
        "converted": tr("converted"),
        "failed": tr("could not be converted"),
        "error": tr("put into the error list"),
        "dismissed": tr("dismissed"),
        "superseded": tr("a later revision took its place"),
        "revision": tr("is a later revision"),
        "requeued": tr("queued again"),
        "replaced": tr("the file at its place was converted"),
    }
    text = known.get(event.what, event.what)
    return tr("{text} by {who}", text=text, who=event.by) if event.by else text


def receipt(entry: Entry) -> str:
    """The server's answer, laid out."""
    try:
        text = json.dumps(json.loads(entry.receipt), indent=2, ensure_ascii=False)
    except ValueError:
        text = entry.receipt
    return text if len(text) <= _RECEIPT_MAX else text[:_RECEIPT_MAX] + "…"


def details_text(entry: Entry, events: Sequence[Event], now: datetime) -> str:
    """All of it as plain text, to send to somebody."""
    lines = [heading(entry), ""]
    if entry.reason:
        lines += [tr("Reason: {text}", text=entry.reason), ""]
    lines += [f"{name}: {value}" for name, value in facts(entry, now)]
    if events:
        lines += ["", tr("History:")]
        lines += [_line(event) for event in events[-_EVENTS_MAX:]]
    if entry.receipt:
        lines += ["", tr("Receipt of the server:"), receipt(entry)]
    return "\n".join(lines) + "\n"


def details_html(entry: Entry, events: Sequence[Event], now: datetime, *, quiet: str, call: str) -> str:
    """The same for the window.

    Args:
        quiet: colour of what matters less.
        call: colour of what needs a person; the word stands there too.
    """
    parts = []
    if entry.reason:
        colour = call if entry.state is EntryState.ERROR else quiet
        parts.append(
            f'<p style="color:{colour}; margin-left:2px"><b>{_safe(in_window(entry.reason))}</b></p>'
        )
    rows = "".join(
        f'<tr><td style="color:{quiet}">{_safe(name)}&nbsp;&nbsp;</td><td>{_safe(value)}</td></tr>'
        for name, value in facts(entry, now)
    )
    parts.append(f"<table cellpadding='2'>{rows}</table>")
    if events:
        parts.append(f"<h4>{_safe(tr('History'))}</h4>{_history(events, quiet)}")
    if entry.receipt:
        title = _safe(tr("Receipt of the server"))
        parts.append(f"<h4>{title}</h4><div style='{_PRE}'>{_safe(receipt(entry))}</div>")
    return "".join(parts)


def _history(events: Sequence[Event], quiet: str) -> str:
    left = len(events) - _EVENTS_MAX
    earlier = f"<p>{_safe(tr('{count} earlier events', count=number(left)))}</p>" if left > 0 else ""
    rows = "".join(
        f'<tr><td style="color:{quiet}">{_safe(moment(event.at))}&nbsp;&nbsp;</td>'
        f"<td>{_safe(happened(event))}{_detail(event, quiet)}</td></tr>"
        for event in events[-_EVENTS_MAX:]
    )
    return f"{earlier}<table cellpadding='2'>{rows}</table>"


def _detail(event: Event, quiet: str) -> str:
    """What the event says of itself; a receipt stands below already."""
    if not event.detail or event.what == "completed":
        return ""
    return f'<br><span style="color:{quiet}">{_safe(event.detail)}</span>'


def _line(event: Event) -> str:
    text = f"{moment(event.at)}  {happened(event)}"
    return f"{text}: {event.detail}" if event.detail and event.what != "completed" else text


def _safe(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")
