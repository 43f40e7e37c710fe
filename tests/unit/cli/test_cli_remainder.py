"""What `agent run --once` says that it leaves."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from stationmaster.cli.remainder import MOST, what_is_left
from stationmaster.ingest.left import Left
from stationmaster.model import (
    AgentStatus,
    Counts,
    FetchStatus,
    InstanceStatus,
    Lifecycle,
    Link,
    Problem,
    ProblemCode,
    Severity,
    UploadStatus,
)

NOW = datetime(2026, 3, 2, 8, 15, tzinfo=UTC)


def snapshot(*problems: Problem, **values: object) -> AgentStatus:
    one = InstanceStatus(
        name="line1",
        lifecycle=Lifecycle.RUNNING,
        link=Link.ONLINE,
        server="https://x",
        station="S",
        counts=Counts(),
        converting=0,
        upload=UploadStatus(mode="auto", limit=1, in_flight=0),
    )
    return AgentStatus(
        version="1",
        home="/home",
        pid=1,
        revision=1,
        started_at=NOW,
        instances=(msgspec.structs.replace(one, **values),),
        problems=problems,
    )


def test_where_nothing_is_left_nothing_is_said() -> None:
    assert not list(what_is_left(snapshot(), {"line1": ()}))


def test_each_thing_that_is_left_has_its_line() -> None:
    source = FetchStatus(name="db", converter="rows", error="It is not there.")
    counts = Counts(queued=1, processing=1, error=3)
    status = snapshot(counts=counts, fetches=(source,), paused_until=NOW)
    assert list(what_is_left(status, {"line1": [Left("/in/a.csv", "is still being written")]})) == [
        "line1: left: /in/a.csv is still being written.",
        "line1: not fetched: source db. It is not there.",
        "line1: not delivered: 2 reports; uploads are paused until 2026-03-02 08:15 UTC.",
        "line1: in the error list: 3. See: stationmaster queue list --instance line1 --state error",
    ]


def test_many_files_are_counted() -> None:
    lines = list(what_is_left(snapshot(), {"line1": [Left(f"/in/{n}", "waits") for n in range(MOST + 5)]}))
    assert len(lines) == MOST + 1
    assert lines[-1] == "line1: left: 5 more files or folders."


def test_a_problem_that_needs_a_person_is_said_with_what_to_do() -> None:
    problem = Problem(
        code=ProblemCode.FOLDER_MISSING,
        severity=Severity.ERROR,
        title="T",
        text="It is missing.",
        next_step="Make it.",
        instance="line1",
        since=NOW,
    )
    info = msgspec.structs.replace(problem, severity=Severity.INFO)
    agents = msgspec.structs.replace(problem, instance="")
    lines = list(what_is_left(snapshot(problem, info, agents), {}))
    assert lines == ["line1: It is missing. Make it.", "It is missing. Make it."]
