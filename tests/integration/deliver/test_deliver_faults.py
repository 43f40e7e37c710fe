"""Each misbehaviour of a server: the entry's state, the Problem, the outcome, and the recovery."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest

from fakes.delivery import TOKEN, Rig
from fakes.oracle import FOREIGN, committed
from fakes.oracle_script import Act, Behaviour, Rule, Script, status
from stationmaster.deliver.limiter import Limits
from stationmaster.model import EntryState, Link, ProblemCode, Severity


def act(kind: Act, *, commit: bool | None = None) -> Behaviour:
    return Behaviour(act=kind, commit=commit)


HOLDS = [
    pytest.param(
        status(401, "Bad token"),
        ProblemCode.LOGIN_REFUSED,
        Link.NEEDS_LOGIN,
        "Bad token",
        "valid one",
        id="401",
    ),
    pytest.param(
        status(403, "No right"),
        ProblemCode.PERMISSION_REFUSED,
        Link.NEEDS_LOGIN,
        "No right",
        "right",
        id="403",
    ),
    pytest.param(status(407), ProblemCode.PROXY_LOGIN, Link.NEEDS_LOGIN, "proxy", "user name", id="407"),
    pytest.param(status(404, "Nope"), ProblemCode.ROUTE_MISSING, Link.OFFLINE, "route", "address", id="404"),
]


@pytest.mark.parametrize(("behaviour", "code", "link", "text", "step"), HOLDS)
async def test_an_answer_that_needs_a_person_holds_the_link(
    tmp_path: Path, behaviour: Behaviour, code: ProblemCode, link: Link, text: str, step: str
) -> None:
    async with Rig(tmp_path, [Rule(behaviour=behaviour)]) as rig:
        entry = await rig.queue.put()
        await rig.until(lambda: rig.problem(code) is not None)
        problem = rig.problem(code)
        assert problem is not None
        assert text in problem.text
        assert step in problem.next_step
        assert rig.link() is link
        assert (entry.state, entry.attempts) == (EntryState.QUEUED, 0)
        assert entry.reason == problem.text
        # Held for an hour it probes gently: a ping and one canary a minute at most, after the first few.
        for _ in range(720):
            await rig.until(lambda: rig.uploader.status().in_flight == 0)
            await rig.clock.advance(5)
        assert 30 <= len(rig.oracle.submits()) <= 70
        assert entry.attempts == 0
        rig.oracle.script = Script()
        await rig.until(rig.queue.done, step=5)
        assert entry.state is EntryState.COMPLETED
        assert rig.uploader.problems() == ()
        assert rig.link() is Link.ONLINE


async def test_a_new_token_is_tried_at_once(tmp_path: Path) -> None:
    async with Rig(tmp_path, required_token="bmV3OnRva2Vu") as rig:
        entry = await rig.queue.put()
        await rig.until(lambda: rig.uploader.link is Link.NEEDS_LOGIN)
        rig.token = "bmV3OnRva2Vu"
        rig.uploader.credentials_changed()
        await rig.until(rig.queue.done)  # the clock stands still: no probe was due
        assert entry.state is EntryState.COMPLETED
        assert rig.uploader.problems() == ()
        assert {seen.authorization for seen in rig.oracle.seen} == {f"Basic {TOKEN}", "Basic bmV3OnRva2Vu"}


async def test_a_token_that_is_missing_holds_the_link(tmp_path: Path) -> None:
    async with Rig(tmp_path) as rig:
        rig.token = None
        rig.client.credentials_changed()
        entry = await rig.queue.put()
        await rig.until(lambda: rig.problem(ProblemCode.TOKEN_MISSING) is not None)
        assert rig.link() is Link.NEEDS_LOGIN
        assert entry.attempts == 0
        rig.token = TOKEN  # entered by hand, nobody told the agent
        await rig.until(rig.queue.done, step=5)
        assert rig.uploader.problems() == ()


LINK_TROUBLE = [
    pytest.param(act(Act.REDIRECT), ProblemCode.SERVER_REDIRECTS, "portal.example", "address", id="302"),
    pytest.param(act(Act.HTML), ProblemCode.SERVER_ANSWER_FOREIGN, "HTML", "proxy", id="html"),
]


@pytest.mark.parametrize(("behaviour", "code", "text", "step"), LINK_TROUBLE)
async def test_trouble_of_the_link_waits_and_burns_no_attempt(
    tmp_path: Path, behaviour: Behaviour, code: ProblemCode, text: str, step: str
) -> None:
    async with Rig(tmp_path, [Rule(behaviour=behaviour, route="any")]) as rig:
        entry = await rig.queue.put()
        await rig.until(lambda: rig.problem(code) is not None)
        problem = rig.problem(code)
        assert problem is not None
        assert text in problem.text
        assert step in problem.next_step
        assert rig.link() is Link.OFFLINE
        assert (entry.state, entry.attempts, entry.reason) == (EntryState.QUEUED, 0, problem.text)
        rig.oracle.script = Script()
        await rig.until(rig.queue.done, step=1)
        assert rig.uploader.problems() == ()
        assert rig.link() is Link.ONLINE


RETRIED = [
    pytest.param(status(500, "Oops"), ProblemCode.SERVER_BUSY, "500: Oops", 1, id="500"),
    pytest.param(act(Act.RESET), ProblemCode.SERVER_UNREACHABLE, "broke", 1, id="reset"),
    pytest.param(
        act(Act.COMMIT_THEN_DROP), ProblemCode.SERVER_UNREACHABLE, "broke", 2, id="commit-then-drop"
    ),
    pytest.param(act(Act.TRUNCATED), ProblemCode.SERVER_UNREACHABLE, "broke", 2, id="truncated"),
    pytest.param(act(Act.HANG), ProblemCode.SERVER_UNREACHABLE, "no answer within 1 s", 1, id="hang"),
    pytest.param(
        Behaviour(act=Act.LATE, seconds=5.0), ProblemCode.SERVER_UNREACHABLE, "no answer", 2, id="late-200"
    ),
    pytest.param(act(Act.FOREIGN_ID), ProblemCode.SERVER_ANSWER_FOREIGN, FOREIGN, 2, id="foreign-id"),
    pytest.param(
        Behaviour(act=Act.STATUS, status=200, text="{}"),
        ProblemCode.SERVER_ANSWER_FOREIGN,
        "not a WATS",
        1,
        id="{}",
    ),
    pytest.param(status(410, "Gone"), ProblemCode.SERVER_ANSWER_FOREIGN, "410: Gone", 1, id="410"),
    pytest.param(
        Behaviour(act=Act.STATUS, status=400, text="<html>", headers={"Content-Type": "text/html"}),
        ProblemCode.SERVER_ANSWER_FOREIGN,
        "HTML",
        1,
        id="html-400",
    ),
]


@pytest.mark.parametrize(("behaviour", "code", "text", "commits"), RETRIED)
async def test_a_passing_fault_is_retried_with_the_same_id(
    tmp_path: Path, behaviour: Behaviour, code: ProblemCode, text: str, commits: int
) -> None:
    timeout = 1.0 if behaviour.act in {Act.HANG, Act.LATE} else 30.0
    async with Rig(tmp_path, [Rule(behaviour=behaviour, times=1)], timeout=timeout) as rig:
        entry = await rig.queue.put()
        await rig.until(lambda: rig.problem(code) is not None)
        problem = rig.problem(code)
        assert problem is not None
        assert text in problem.text
        assert problem.next_step
        assert (entry.state, entry.attempts, entry.reason) == (EntryState.QUEUED, 1, problem.text)
        assert entry.not_before is not None
        assert entry.not_before <= rig.clock.now() + timedelta(seconds=1)
        await rig.until(rig.queue.done, step=0.2)
        assert (entry.state, entry.attempts) == (EntryState.COMPLETED, 2)
        assert rig.uploader.problems() == ()
        stored = committed(tmp_path)
        assert list(stored) == [entry.report_id]
        assert len(stored[entry.report_id]) == commits
        assert len(set(stored[entry.report_id])) == 1


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        pytest.param(status(400, "root -> step X: Status cannot be different."), "step X", id="400"),
        pytest.param(status(413, "<html>Too large</html>", Content_Type="text/html"), "too large", id="413"),
        pytest.param(status(415), "415", id="415"),
        pytest.param(status(422, '{"message": "sn is missing"}'), "sn is missing", id="422"),
    ],
)
async def test_a_refused_report_goes_to_the_error_list_and_the_queue_moves_on(
    tmp_path: Path, behaviour: Behaviour, reason: str
) -> None:
    async with Rig(tmp_path, [Rule(behaviour=behaviour, contains="BAD")]) as rig:
        bad = await rig.queue.put("BAD")
        good = [await rig.queue.put() for _ in range(5)]
        await rig.until(rig.queue.done)
        assert (bad.state, bad.attempts) == (EntryState.ERROR, 1)
        assert reason in bad.reason
        assert {entry.state for entry in good} == {EntryState.COMPLETED}
        assert rig.seen == []
        assert rig.link() is Link.ONLINE


@pytest.mark.parametrize("stored", ["same", "other"])
async def test_a_conflict_is_read_back(tmp_path: Path, stored: str) -> None:
    async with Rig(tmp_path, [Rule(behaviour=act(Act.CONFLICT))]) as rig:
        entry = await rig.queue.put()
        text = entry.payload.decode()
        rig.oracle.stored[entry.report_id] = text if stored == "same" else text.replace("SN1", "SN2")
        await rig.until(rig.queue.done)
        reads = [seen.path for seen in rig.oracle.seen if seen.route == "read"]
        assert len(reads) == 1
        assert "detailLevel=7" in reads[0]
        if stored == "same":
            assert entry.state is EntryState.COMPLETED
            assert '"status":409' in entry.receipt
        else:
            assert entry.state is EntryState.ERROR
            assert "409" in entry.reason
        assert rig.seen == []


@pytest.mark.parametrize(
    "behaviour",
    [
        status(500),
        status(404),
        status(200),
        status(200, "<html>Log in</html>"),
        status(200, '{"id": "'),
        status(200, "[]"),
    ],
)
async def test_a_conflict_whose_read_back_fails_is_retried(tmp_path: Path, behaviour: Behaviour) -> None:
    """A login page, half an answer, or none (yet) says nothing of what the server holds."""
    rules = [Rule(behaviour=act(Act.CONFLICT)), Rule(behaviour=behaviour, route="read", times=1)]
    async with Rig(tmp_path, rules) as rig:
        entry = await rig.queue.put()
        rig.oracle.stored[entry.report_id] = entry.payload.decode()
        await rig.until(rig.queue.done, step=0.2)
        assert (entry.state, entry.attempts) == (EntryState.COMPLETED, 2)


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_retry_after_shuts_the_gate_for_everybody(tmp_path: Path, form: str) -> None:
    after = "30" if form == "seconds" else "Thu, 01 Jan 2026 00:00:30 GMT"
    rules = [Rule(behaviour=status(429, "Slow down", Retry_After=after), times=1)]
    async with Rig(tmp_path, rules, limits=Limits(mode="fixed", max_concurrent=1)) as rig:
        rig.oracle.date = "Thu, 01 Jan 2026 00:00:00 GMT"
        entries = [await rig.queue.put() for _ in range(5)]
        await rig.until(lambda: rig.problem(ProblemCode.SERVER_BUSY) is not None)
        problem = rig.problem(ProblemCode.SERVER_BUSY)
        assert problem is not None
        assert "429: Slow down" in problem.text
        assert problem.next_step
        blocked = rig.uploader.status().blocked_until
        assert blocked is not None
        assert 30 <= (blocked - rig.clock.now()).total_seconds() <= 36
        assert rig.link() is not Link.NEEDS_LOGIN
        await rig.clock.advance(29.9)
        assert len(rig.oracle.submits()) == 1
        assert entries[0].attempts == 0
        await rig.until(rig.queue.done, step=0.5)
        assert {entry.state for entry in entries} == {EntryState.COMPLETED}
        assert rig.uploader.problems() == ()


async def test_the_server_is_away_for_an_hour(tmp_path: Path) -> None:
    async with Rig(tmp_path, limits=Limits()) as rig:
        await rig.until(lambda: rig.uploader.link is Link.ONLINE)
        await rig.oracle.stop()
        entries = [await rig.queue.put() for _ in range(50)]
        await rig.until(lambda: rig.problem(ProblemCode.SERVER_UNREACHABLE) is not None)
        for _ in range(3600 // 4):
            await rig.until(lambda: rig.uploader.status().in_flight == 0)
            await rig.clock.advance(4)
        problem = rig.problem(ProblemCode.SERVER_UNREACHABLE)
        assert problem is not None
        assert "refuses the connection" in problem.text
        assert "network" in problem.next_step
        assert rig.clock.now() - problem.since > timedelta(minutes=59)
        assert rig.link() is Link.OFFLINE
        assert {entry.state for entry in entries} == {EntryState.QUEUED}
        assert max(entry.attempts for entry in entries) == 0
        assert rig.queue.leased == set()
        away = rig.clock.monotonic()
        await rig.oracle.start()
        await rig.until(rig.queue.done, step=0.5)
        assert rig.clock.monotonic() - away <= 10
        assert rig.uploader.problems() == ()
        assert {key: len(value) for key, value in committed(tmp_path).items()} == {
            entry.report_id: 1 for entry in entries
        }


async def test_one_poison_report_never_stops_the_others(tmp_path: Path) -> None:
    async with Rig(tmp_path, [Rule(behaviour=status(500, "NullReference"), contains="POISON")]) as rig:
        poison = await rig.queue.put("POISON")
        good = [await rig.queue.put() for _ in range(20)]
        await rig.until(lambda: rig.problem(ProblemCode.REPORT_PARKED) is not None, step=0.2)
        assert {entry.state for entry in good} == {EntryState.COMPLETED}
        problem = rig.problem(ProblemCode.REPORT_PARKED)
        assert problem is not None
        assert "POISON" in problem.text
        assert "NullReference" in problem.text
        assert "dismiss" in problem.next_step
        assert rig.link() is Link.ONLINE
        assert [one.code for one in rig.uploader.problems()] == [ProblemCode.REPORT_PARKED]
        before = len(rig.oracle.submits())
        for _ in range(360):  # an hour with fresh work every ten seconds
            await rig.queue.put()
            await rig.until(lambda: rig.uploader.status().in_flight == 0)
            await rig.clock.advance(10)
        assert (poison.state, poison.attempts >= 5) == (EntryState.QUEUED, True)
        assert len(rig.oracle.submits()) - before <= 360 + 20
        rig.oracle.script = Script()
        await rig.until(rig.queue.done, step=60)
        assert poison.state is EntryState.COMPLETED
        assert rig.uploader.problems() == ()


async def test_a_report_that_something_in_between_refuses_is_parked_not_the_link(tmp_path: Path) -> None:
    async with Rig(tmp_path, [Rule(behaviour=status(403, "Blocked by firewall"), contains="<script")]) as rig:
        bad = await rig.queue.put("<script")
        good = [await rig.queue.put() for _ in range(5)]
        await rig.until(lambda: rig.problem(ProblemCode.REPORT_PARKED) is not None, step=1)
        await rig.until(lambda: {entry.state for entry in good} == {EntryState.COMPLETED})
        assert bad.state is EntryState.QUEUED
        assert rig.link() is Link.ONLINE
        bad.state = EntryState.DISMISSED
        await rig.until(lambda: rig.uploader.problems() == (), step=30)


async def test_a_server_that_fails_on_everything_is_left_in_peace(tmp_path: Path) -> None:
    async with Rig(tmp_path, [Rule(behaviour=status(500, "Down for repair"))], limits=Limits()) as rig:
        entries = [await rig.queue.put() for _ in range(300)]
        await rig.until(lambda: rig.uploader.link is Link.OFFLINE, step=0.1)
        for _ in range(600):
            await rig.until(lambda: rig.uploader.status().in_flight == 0)
            await rig.clock.advance(1)
        assert len(rig.oracle.submits()) < 8 + 600 / 4 + 20
        assert rig.problem(ProblemCode.SERVER_BUSY) is not None
        assert rig.problem(ProblemCode.REPORT_PARKED) is None
        rig.oracle.script = Script()
        await rig.until(rig.queue.done, step=2)
        assert {entry.state for entry in entries} == {EntryState.COMPLETED}
        assert rig.uploader.problems() == ()


async def test_a_report_from_the_future_is_delivered_unchanged_and_told_for_an_hour(tmp_path: Path) -> None:
    async with Rig(tmp_path) as rig:
        entry = await rig.queue.put("EARLY", start="2026-01-01T03:00:00+00:00", source="/in/early.json")
        await rig.until(rig.queue.done)
        assert entry.state is EntryState.COMPLETED
        assert committed(tmp_path) == {entry.report_id: [hashlib.sha256(entry.payload).hexdigest()]}
        assert b'"2026-01-01T03:00:00+00:00"' in entry.payload
        problem = rig.problem(ProblemCode.REPORT_IN_FUTURE)
        assert problem is not None
        for words in ("A report is dated 3 hours in the future", "unit EARLY", "/in/early.json", "03:00:00"):
            assert words in problem.text
        assert "clock and time zone" in problem.next_step
        assert problem.severity is Severity.WARNING
        assert rig.link() is Link.ONLINE
        # a right one ends nothing: a folder may hold the files of several testers
        await rig.queue.put()
        await rig.until(rig.queue.done)
        await rig.clock.advance(3500)
        assert rig.problem(ProblemCode.REPORT_IN_FUTURE) is not None
        await rig.until(lambda: rig.uploader.problems() == (), step=20)
        assert len(committed(tmp_path)) == 2


async def test_each_further_report_from_the_future_is_counted(tmp_path: Path) -> None:
    async with Rig(tmp_path) as rig:
        for start in ("2026-01-01T00:30:00+00:00", "2026-01-01T12:00:00+02:00", "2026-02-01T00:00:00Z"):
            await rig.queue.put(start=start)
            await rig.until(rig.queue.done)
            await rig.clock.advance(600)
        problem = rig.problem(ProblemCode.REPORT_IN_FUTURE)
        assert problem is not None
        assert (
            "3 reports are dated in the future, the last by 31 days: unit SN3, start 2026-02" in problem.text
        )
        assert problem.since == rig.clock.now() - timedelta(seconds=1800)


@pytest.mark.parametrize(
    ("start", "server", "told"),
    [
        ("2026-01-01T00:05:00Z", "00:00:00", False),  # clocks differ a little
        ("2026-01-01T00:05:01Z", "00:00:00", True),
        ("2026-01-01T02:00:00+02:00", "00:00:00", False),
        ("2026-01-01T00:30:00Z", "00:30:00", False),  # by the server's clock it is right: ours is late
        ("2026-01-01T00:30:00Z", "00:10:00", True),
        ("no time", "00:00:00", False),
    ],
)
async def test_the_servers_clock_says_what_is_the_future(
    tmp_path: Path, start: str, server: str, *, told: bool
) -> None:
    async with Rig(tmp_path) as rig:
        rig.oracle.date = f"Thu, 01 Jan 2026 {server} GMT"
        await rig.queue.put(start=start)
        await rig.until(rig.queue.done)
        assert (rig.problem(ProblemCode.REPORT_IN_FUTURE) is not None) is told


async def test_a_clock_that_is_off_is_a_problem_until_it_is_set(tmp_path: Path) -> None:
    async with Rig(tmp_path) as rig:
        rig.oracle.date = "Thu, 01 Jan 2026 00:06:00 GMT"
        await rig.queue.put()
        await rig.until(lambda: rig.problem(ProblemCode.CLOCK_OFFSET) is not None)
        problem = rig.problem(ProblemCode.CLOCK_OFFSET)
        assert problem is not None
        assert "6 minutes behind" in problem.text
        assert rig.client.clock_offset == 360.0
        rig.oracle.date = "Thu, 01 Jan 2026 00:00:02 GMT"
        await rig.queue.put()
        await rig.until(lambda: rig.uploader.problems() == ())
