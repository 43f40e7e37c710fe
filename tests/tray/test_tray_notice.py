"""Which notifications are shown, and which are not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from stationmaster.model import (
    AgentStatus,
    InstanceStatus,
    Lifecycle,
    Link,
    Problem,
    ProblemCode,
    Severity,
    UploadStatus,
)
from stationmaster_tray.notice import LONG_OFFLINE, Notice, Told, decide
from stationmaster_tray.seen import Contact, Seen

NOW = datetime(2026, 3, 2, 14, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def problem(
    code: ProblemCode = ProblemCode.LOGIN_REFUSED, *, instance: str = "line1", **more: Any
) -> Problem:
    usual: dict[str, Any] = {"severity": Severity.ERROR, "since": NOW - MINUTE, "title": "Token expired"}
    return Problem(
        code=code, instance=instance, text="It says 401.", next_step="Set a new one.", **{**usual, **more}
    )


def seen(*problems: Problem, **more: Any) -> Seen:
    upload = UploadStatus(mode="fixed", limit=5, in_flight=0)
    instances = tuple(
        InstanceStatus(
            name=name,
            lifecycle=Lifecycle.RUNNING,
            link=Link.ONLINE,
            server="https://wats",
            station="",
            upload=upload,
        )
        for name in ("line1", "line2", "line3")
    )
    status = AgentStatus(
        revision=1, version="1", pid=1, started_at=NOW, home="/h", instances=instances, problems=problems
    )
    return Seen(contact=Contact.ATTACHED, status=status, since=NOW, **more)


def away(contact: Contact, *, minutes: float = 2, text: str = "It ended.") -> Seen:
    return Seen(contact=contact, text=text, next_step="Look.", since=NOW - minutes * MINUTE)


class Story:
    """What happens one after the other; each step gives what is shown."""

    def __init__(self) -> None:
        self.told = Told()

    def step(self, now: datetime, what: Seen, *, quiet_until: datetime | None = None) -> list[str]:
        self.told, shown = decide(self.told, what, now, quiet_until=quiet_until)
        self.shown: tuple[Notice, ...] = shown
        return [notice.title for notice in shown]


def test_a_cause_is_told_once_until_it_clears_and_its_recovery_too() -> None:
    story = Story()
    assert story.step(NOW, seen(problem())) == ["line1: Token expired"]
    assert story.shown[0].text == "It says 401. Set a new one."
    assert [notice.urgent for notice in story.shown] == [True]
    assert story.step(NOW + MINUTE, seen(problem())) == []
    assert story.step(NOW + 2 * MINUTE, seen()) == ["Solved: Token expired"]
    assert [notice.urgent for notice in story.shown] == [False]
    assert story.step(NOW + 3 * MINUTE, seen()) == []
    assert story.step(NOW + 4 * MINUTE, seen(problem())) == ["line1: Token expired"]


def test_success_and_consequences_and_news_are_not_told() -> None:
    story = Story()
    consequence = problem(depends_on="keyring-unavailable")
    news = problem(ProblemCode.DETECTION_TIE, severity=Severity.INFO)
    assert story.step(NOW, seen()) == []
    assert story.step(NOW, seen(consequence, news)) == []
    assert story.step(NOW, seen()) == [], "the end of what was never told"


def test_a_cause_must_last_before_it_is_told() -> None:
    story = Story()
    short = problem(time_to_visible=600.0)
    assert story.step(NOW, seen(short)) == []
    assert story.step(NOW + 9 * MINUTE, seen(short)) == ["line1: Token expired"]
    offline = problem(ProblemCode.SERVER_UNREACHABLE, title="Server unreachable")
    story = Story()
    assert story.step(NOW, seen(offline)) == []
    assert story.step(NOW + LONG_OFFLINE, seen(offline)) == ["line1: Server unreachable"]


def test_what_comes_to_several_stations_at_once_is_one_notice() -> None:
    story = Story()
    two = (problem(), problem(instance="line2"))
    assert story.step(NOW, seen(*two)) == ["2 stations: Token expired"]
    assert story.step(NOW, seen(*two, problem(instance="line3"))) == ["line3: Token expired"]
    assert story.step(NOW, seen()) == ["Solved: Token expired"]


def test_files_in_error_lead_to_the_queue() -> None:
    story = Story()
    story.step(NOW, seen(problem(ProblemCode.ENTRIES_IN_ERROR, title="2 files")))
    assert story.shown[0].page == "queue"


def test_nothing_is_shown_in_a_quiet_time_and_what_lasts_is_told_after_it() -> None:
    story = Story()
    quiet = NOW + MINUTE
    assert story.step(NOW, seen(problem()), quiet_until=quiet) == []
    assert story.step(NOW + MINUTE, seen(problem()), quiet_until=quiet) == ["line1: Token expired"]
    assert story.step(NOW + 2 * MINUTE, seen(), quiet_until=NOW + 9 * MINUTE) == []
    assert story.step(NOW + 9 * MINUTE, seen(), quiet_until=NOW + 9 * MINUTE) == [], "over in the quiet time"


def test_an_agent_that_does_not_come_back_is_told_one_that_was_stopped_is_not() -> None:
    story = Story()
    assert story.step(NOW, away(Contact.GONE)) == []
    assert story.step(NOW, away(Contact.STARTING, minutes=0.1)) == []
    assert story.step(NOW, away(Contact.STARTING)) == ["The agent does not run"]
    assert story.shown[0].text == "It ended. Look."
    assert story.step(NOW, away(Contact.STARTING)) == []
    assert story.step(NOW, seen()) == ["Solved: The agent does not run"]
    assert story.step(NOW, away(Contact.REFUSED, text="It speaks protocol 2.")) == ["The agent does not run"]


def test_a_restart_is_told_once() -> None:
    story = Story()
    assert story.step(NOW, seen(restarted_at=NOW)) == ["The agent was started again"]
    assert story.step(NOW, seen(restarted_at=NOW)) == []
    assert story.step(NOW, seen(restarted_at=NOW + MINUTE)) == ["The agent was started again"]


def test_problems_are_neither_over_nor_new_while_there_is_no_agent() -> None:
    story = Story()
    story.step(NOW, seen(problem()))
    assert story.step(NOW, away(Contact.STARTING, minutes=0.1)) == []
    assert story.step(NOW, seen(problem())) == []
