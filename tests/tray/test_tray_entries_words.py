"""Entries in words and for other programs, and what a page's argument means: without any window."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from PySide6.QtCore import QLocale

from stationmaster.model import (
    AgentStatus,
    Counts,
    Entry,
    EntryKind,
    EntryState,
    Event,
    InstanceStatus,
    Lifecycle,
    Link,
    UploadStatus,
)
from stationmaster_tray.entries import export, wording
from stationmaster_tray.entries.choice import Choice, Shown, wanted
from stationmaster_tray.entries.export import Form
from stationmaster_tray.text import day

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
COLUMNS = wording.columns(lambda: NOW)


def entry(**values: object) -> Entry:
    usual: dict[str, object] = {
        "id": 7, "instance": "line1", "report_id": "r-7", "state": EntryState.ERROR, "serial_number": "SN1",
        "part_number": "P-1", "result": "F", "source": "/in/a.json", "place": "/in/a.json", "attempts": 2,
        "reason": "The server refused it: <no such process>.", "size": 2048,
        "created_at": NOW, "updated_at": NOW,
    }  # fmt: skip
    return msgspec.convert({**usual, **values}, Entry)


def instance(name: str, **counts: int) -> InstanceStatus:
    upload = UploadStatus(mode="adaptive", limit=1, in_flight=0)
    return InstanceStatus(
        name=name, lifecycle=Lifecycle.RUNNING, link=Link.ONLINE, server="http://s", station="ST",
        counts=Counts(**counts), upload=upload,
    )  # fmt: skip


STATUS = AgentStatus(
    revision=1, version="1", pid=1, started_at=NOW, home="/home",
    instances=(instance("line1", error=2, queued=3, processing=1), instance("line2", error=1, completed=9)),
)  # fmt: skip


@pytest.mark.parametrize(
    ("argument", "choice"),
    [
        (None, None),
        ("", None),
        (3, None),
        ("line1", Choice(shown=Shown.ERRORS, instance="line1")),
        ({}, Choice()),
        ({"state": "waiting", "instance": "line2"}, Choice(shown=Shown.WAITING, instance="line2")),
        ({"state": Shown.ALL, "text": "SN1", "entry": 4}, Choice(shown=Shown.ALL, text="SN1", entry=4)),
        ({"state": "a word of a later version", "instance": None}, Choice(shown=Shown.ALL)),
        ({"entry": "no number"}, Choice()),
    ],
)
def test_a_pages_argument_says_what_to_show(argument: object, choice: Choice | None) -> None:
    assert wanted(argument) == choice


@pytest.mark.parametrize(
    ("shown", "one", "both"),
    [
        (Shown.ERRORS, 2, 3),
        (Shown.WAITING, 4, 4),
        (Shown.DELIVERED, 0, 9),
        (Shown.DISMISSED, 0, 0),
        (Shown.ALL, 6, 16),
    ],
)
def test_what_is_being_sent_counts_as_waiting(shown: Shown, one: int, both: int) -> None:
    assert Choice(shown=shown, instance="line1").count(STATUS) == one
    assert Choice(shown=shown).count(STATUS) == both
    assert Choice(shown=shown, instance="gone").count(STATUS) == 0
    assert Choice(shown=shown).count(None) == 0


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"state": "error"}, "error"),
        ({"state": "queued"}, "waiting"),
        ({"state": "queued", "not_before": NOW - timedelta(hours=1)}, "waiting"),
        ({"state": "processing"}, "sending"),
        ({"state": "completed"}, "delivered"),
        ({"state": "completed", "kind": EntryKind.SOURCE}, "converted"),
        ({"state": "dismissed"}, "dismissed"),
    ],
)
def test_each_state_has_its_word(values: dict[str, object], words: str) -> None:
    assert wording.state(entry(**values), NOW) == words


def test_what_waits_for_its_next_try_says_when() -> None:
    waits = entry(state="queued", not_before=NOW + timedelta(hours=1))
    assert wording.state(waits, NOW).startswith("waiting, next try ")


@pytest.mark.parametrize(
    ("path", "name"),
    [("/in/a.json", "a.json"), ("C:\\in\\b.json", "b.json"), ("", ""), ("c.json", "c.json")],
)
def test_a_file_is_called_by_its_name(path: str, name: str) -> None:
    assert wording.file_name(entry(source=path)) == name


def test_an_entry_without_a_serial_number_is_called_by_its_file_or_number() -> None:
    assert wording.heading(entry()) == "SN1"
    assert wording.heading(entry(serial_number="")) == "a.json"
    assert wording.heading(entry(serial_number="", source="")) == "Entry 7"


def test_a_long_reason_stands_in_one_line_of_the_list_and_in_full_beside_it() -> None:
    reason = next(column for column in COLUMNS if column.id == "reason")
    failed = entry(reason="First.\nSecond.  " + "x" * 1000)
    assert reason.text(failed).startswith("First. Second. x")
    assert len(reason.text(failed)) <= 300
    assert reason.whole(failed) == failed.reason


def test_the_details_tell_all_and_take_no_markup_from_files() -> None:
    events = [
        Event(at=NOW, what="queued", detail="a <b>warning</b>"),
        Event(at=NOW, what="retry", detail="refused", by="ann"),
        Event(at=NOW, what="a later version's word"),
    ]
    told = entry(receipt='{"id": 5}', not_before=NOW, dismissed_by="bob", converter="wsjf", revision=2)
    html = wording.details_html(told, events, NOW, quiet="#111", call="#222")
    text = wording.details_text(told, events, NOW)
    for part in (
        "/in/a.json",
        "wsjf",
        "bob",
        "tried without success by ann",
        "a later version",
        '"id": 5',
        "r-7",
    ):
        assert part in text
        assert part.replace('"', "&quot;").replace("'", "&#x27;") in html
    assert "&lt;no such process&gt;" in html
    assert "<b>warning" not in html


def test_a_file_that_was_deleted_and_a_report_that_was_superseded_say_so() -> None:
    text = wording.details_text(entry(place="", superseded=True, revision=1), [], NOW)
    assert "deleted after it was taken" in text
    assert "a later one took its place" in text
    assert "Report" not in wording.details_text(entry(report_id="", kind=EntryKind.SOURCE), [], NOW)


def test_a_history_without_end_shows_its_newest_part() -> None:
    events = [Event(at=NOW, what="retry", detail=f"try {number}") for number in range(1000)]
    html = wording.details_html(entry(receipt="no json " * 5000), events, NOW, quiet="#111", call="#222")
    assert "800 earlier events" in html
    assert "try 999" in html
    assert "try 799<" not in html
    assert len(html) < 100_000


def exported(form: Form, entries: list[Entry]) -> str:
    parts = [export.head(form, COLUMNS)]
    for place, one in enumerate(entries):
        parts.append(export.body(form, COLUMNS, [one], first=place == 0))
    return "".join((*parts, export.foot(form)))


def test_csv_holds_every_field_and_runs_nothing_in_a_spreadsheet() -> None:
    evil = entry(serial_number='=cmd("x")', reason='a "quoted",\nlong reason', process_code=10)
    (row,) = csv.DictReader(io.StringIO(exported(Form.CSV, [evil])))
    assert row["serial_number"] == '\'=cmd("x")'
    assert row["reason"] == evil.reason
    assert row["process_code"] == "10"
    assert datetime.fromisoformat(row["created_at"]) == NOW


@pytest.mark.parametrize("count", [0, 1, 3])
def test_json_is_what_the_command_line_gives(count: int) -> None:
    entries = [entry(id=number) for number in range(count)]
    found = json.loads(exported(Form.JSON, entries))
    assert msgspec.convert(found, list[Entry]) == entries


def test_text_has_a_line_for_each_entry_below_the_titles() -> None:
    lines = exported(Form.TEXT, [entry(), entry(serial_number="SN2")]).splitlines()
    assert lines[0].split("\t")[1] == "Serial number"
    assert [line.split("\t")[1] for line in lines[1:]] == ["SN1", "SN2"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [("C", "2026-03-02"), ("en_US", "3/2/26"), ("de_DE", "02.03.26"), ("nb_NO", "02.03.2026")],
)
def test_a_day_is_written_as_the_locale_does_and_never_without_separators(name: str, shown: str) -> None:
    usual = QLocale()
    QLocale.setDefault(QLocale(name))
    try:
        assert day(datetime(2026, 3, 2, 12, tzinfo=UTC)) == shown
    finally:
        QLocale.setDefault(usual)
