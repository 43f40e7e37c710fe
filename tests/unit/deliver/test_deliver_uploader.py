"""The upload loop on a scripted server: pause, drain, stop, a failing disk, a shared gate."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from fakes.clock import FakeClock, settle
from fakes.queue import FakeEntry, FakeQueue
from stationmaster.deliver.ahead import ACK_GROUP
from stationmaster.deliver.gate import Gate
from stationmaster.deliver.limiter import Limits
from stationmaster.deliver.uploader import Uploader
from stationmaster.errors import NeedsLoginError, TransientError
from stationmaster.model import EntryState, Link, ProblemCode
from stationmaster.wats.answer import Receipt

pytestmark = pytest.mark.usefixtures("no_lingering_tasks")

Answer = Callable[[str], Awaitable[None]]


async def yes(_: str) -> None:
    """Take the report."""


class FakeServer:
    """The client's side of a server: each report waits for `answer`."""

    def __init__(self) -> None:
        self.answer: Answer = yes
        self.ping_answer: Answer = yes
        self.clock_offset: float | None = None
        self.sent: list[str] = []
        self.pings = 0
        self.asked = 0

    async def submit(self, report_id: str, payload: bytes) -> Receipt:
        assert report_id.encode() in payload
        self.sent.append(report_id)
        await self.answer(report_id)
        return Receipt(status=200, body="{}", server_id=report_id)

    async def ping(self) -> None:
        self.pings += 1
        await self.ping_answer("")

    def credentials_changed(self) -> None:
        self.asked += 1


class Held:
    """An answer that waits until the test lets it go."""

    def __init__(self) -> None:
        self.waiting = 0
        self.open = asyncio.Event()

    async def __call__(self, _: str) -> None:
        self.waiting += 1
        try:
            await self.open.wait()
        finally:
            self.waiting -= 1


def down(text: str = "away") -> Answer:
    async def fail(_: str) -> None:
        raise TransientError(text, code=ProblemCode.SERVER_UNREACHABLE)

    return fail


def login() -> Answer:
    async def fail(_: str) -> None:
        raise NeedsLoginError("no", code=ProblemCode.LOGIN_REFUSED, next_step="token")

    return fail


class Bench:
    """An uploader on a fake queue and a scripted server."""

    def __init__(self, clock: FakeClock, limits: Limits | None = None, gate: Gate | None = None) -> None:
        self.clock = clock
        self.limits = limits or Limits(mode="fixed", max_concurrent=4)
        self.gate = gate or Gate(self.limits, clock, rng=random.Random(1))  # noqa: S311 - jitter that repeats
        self.queue = FakeQueue(clock)
        self.server = FakeServer()
        self.uploader = Uploader(
            self.queue, self.server, self.gate, clock, lambda: None, instance="a", limits=self.limits
        )
        self.queue.on_change = self.uploader.wake

    async def put(self, count: int) -> list[FakeEntry]:
        return [await self.queue.put() for _ in range(count)]

    def start(self, *, draining: bool = False) -> asyncio.Task[None]:
        return asyncio.create_task(self.uploader.run(draining=draining))

    def link(self) -> Link:
        return self.uploader.link

    def completed(self) -> int:
        return self.queue.states().count(EntryState.COMPLETED)


async def under_way(clock: FakeClock, count: int) -> tuple[Bench, Held, asyncio.Task[None]]:
    """`count` reports wait, and the server holds those that it got."""
    bench = Bench(clock)
    bench.server.answer = held = Held()
    await bench.put(count)
    task = bench.start()
    await settle()
    return bench, held, task


async def end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(("limit", "leased"), [(1, 2), (4, 8), (20, 40)])
async def test_a_thousand_queued_need_no_thousand_leases_and_no_thousand_tasks(
    clock: FakeClock, limit: int, leased: int
) -> None:
    bench = Bench(clock, Limits(mode="fixed", max_concurrent=limit))
    bench.server.answer = held = Held()
    await bench.put(1000)
    before = len(asyncio.all_tasks())
    task = bench.start()
    await settle()
    assert held.waiting == limit
    assert len(bench.queue.leased) <= leased
    assert len(asyncio.all_tasks()) - before <= 1 + limit + 3
    assert bench.uploader.status().in_flight == limit
    held.open.set()
    while not bench.queue.done():
        await settle()
    assert bench.queue.most_leased <= leased + ACK_GROUP
    assert len(bench.server.sent) == 1000
    assert bench.uploader.status().last_upload_at == clock.now()
    await end(task)


async def test_payload_bytes_bound_the_look_ahead(clock: FakeClock) -> None:
    bench = Bench(clock, Limits(mode="fixed", max_concurrent=20))
    bench.server.answer = held = Held()
    for _ in range(60):
        await bench.queue.put(size=3 * 1024 * 1024)
    task = bench.start()
    await settle()
    assert held.waiting == 20
    first = len(bench.queue.leased)
    held.open.set()
    bench.server.answer = stuck = Held()
    await settle()
    assert stuck.waiting > 0
    assert len(bench.queue.leased) <= first
    await end(task)


async def test_pause_stops_uploads_and_lets_others_at_the_queue(clock: FakeClock) -> None:
    bench, held, task = await under_way(clock, 100)
    bench.uploader.pause(clock.now() + timedelta(hours=1))
    await settle()
    assert len(bench.queue.leased) == 4, "what is under way finishes, what was leased ahead is returned"
    held.open.set()
    await settle()
    assert bench.completed() == 4
    await clock.advance(3599)
    assert bench.completed() == 4
    assert bench.server.pings >= 50, "the link is still looked after"
    assert bench.uploader.link is Link.ONLINE
    await clock.advance(2)
    await settle(200)
    assert bench.queue.done()
    await end(task)


async def test_resume_ends_a_pause_without_end(clock: FakeClock) -> None:
    bench = Bench(clock)
    bench.uploader.pause()
    await bench.put(3)
    task = bench.start()
    await clock.advance(86_400)
    assert bench.completed() == 0
    bench.uploader.resume()
    await settle()
    assert bench.completed() == 3
    await end(task)


async def test_a_pause_in_an_outage_sends_pings_only(clock: FakeClock) -> None:
    bench = Bench(clock)
    bench.server.answer = bench.server.ping_answer = down()
    await bench.put(3)
    task = bench.start()
    await settle()
    bench.uploader.pause()
    sent = len(bench.server.sent)
    await clock.advance(600)
    bench.server.answer = bench.server.ping_answer = yes
    await clock.advance(120)
    assert len(bench.server.sent) == sent
    assert bench.uploader.link is Link.ONLINE
    await end(task)


async def test_drain_ends_when_everything_is_sent(clock: FakeClock) -> None:
    bench = Bench(clock)
    await bench.put(50)
    await bench.start(draining=True)
    assert bench.completed() == 50
    assert bench.gate.in_flight == 0


async def test_an_empty_queue_is_drained_at_once(clock: FakeClock) -> None:
    bench = Bench(clock)
    await bench.start(draining=True)
    assert bench.server.sent == []


async def test_drain_of_a_running_uploader_waits_for_retries_but_not_for_parked_reports(
    clock: FakeClock,
) -> None:
    bench = Bench(clock)
    entries = await bench.put(10)
    failures = {entries[3].report_id: 1, entries[5].report_id: 1000}

    async def answer(report_id: str) -> None:
        if failures.get(report_id, 0) > 0:
            failures[report_id] -= 1
            raise TransientError("500", alone=True, code=ProblemCode.SERVER_BUSY)

    bench.server.answer = answer
    task = bench.start()
    await settle()
    bench.uploader.drain()
    for _ in range(100):
        if task.done():
            break
        await clock.advance(0.2)
    await task
    assert bench.completed() == 9
    assert entries[5].state is EntryState.QUEUED
    assert [one.code for one in bench.uploader.problems()] == [ProblemCode.REPORT_PARKED]


async def test_drain_waits_for_the_link(clock: FakeClock) -> None:
    bench = Bench(clock)
    bench.server.answer = login()
    await bench.put(2)
    task = bench.start(draining=True)
    await clock.advance(600)
    assert not task.done()
    bench.server.answer = yes
    await clock.advance(61)
    await task
    assert bench.completed() == 2


async def test_stop_lets_requests_under_way_finish(clock: FakeClock) -> None:
    bench, held, task = await under_way(clock, 20)
    bench.uploader.stop(10.0)
    await clock.advance(9)
    assert not task.done()
    held.open.set()
    await task
    assert bench.completed() == 4
    assert len(bench.server.sent) == 4
    assert bench.queue.leased == set()


async def test_stop_gives_up_when_the_budget_is_spent(clock: FakeClock) -> None:
    bench, held, task = await under_way(clock, 20)
    bench.uploader.stop(10.0)
    await clock.advance(10.1)
    await task
    assert held.waiting == 0
    assert bench.queue.leased == set()
    assert bench.queue.states() == [EntryState.QUEUED] * 20
    assert bench.gate.in_flight == 0


async def test_stop_before_run_and_run_again(clock: FakeClock) -> None:
    bench = Bench(clock)
    await bench.put(1)
    bench.uploader.stop()
    await bench.start()
    assert bench.completed() == 0
    await bench.start(draining=True)
    assert bench.completed() == 1


@pytest.mark.parametrize("rounds", [0, 1, 2, 3, 4, 5, 6, 8, 12])
async def test_cancelled_at_any_moment_it_returns_every_lease(clock: FakeClock, rounds: int) -> None:
    bench = Bench(clock)
    bench.server.answer = Held()
    await bench.put(20)
    task = bench.start()
    await settle(rounds)
    await end(task)
    assert bench.queue.leased == set()
    assert bench.gate.in_flight == 0
    assert bench.uploader.status().in_flight == 0


async def test_a_bug_in_a_request_ends_the_run_and_returns_the_leases(clock: FakeClock) -> None:
    bench = Bench(clock)

    async def bug(_: str) -> None:
        raise ZeroDivisionError

    bench.server.answer = bug
    await bench.put(5)
    with pytest.raises(ExceptionGroup):
        await bench.start()
    assert bench.queue.leased == set()
    bench.server.answer, bench.server.ping_answer = yes, bug
    other = Bench(clock)
    other.server.ping_answer = bug
    with pytest.raises(ExceptionGroup):
        await other.start()
    assert other.gate.in_flight == 0


async def test_a_bug_in_a_verdict_ends_the_run(clock: FakeClock) -> None:
    bench = Bench(clock)
    bench.queue.verdict_error = ZeroDivisionError()
    await bench.put(1)
    with pytest.raises(ExceptionGroup):
        await bench.start()


async def test_a_full_disk_slows_down_and_is_over_by_itself(clock: FakeClock) -> None:
    bench, held, task = await under_way(clock, 200)
    bench.queue.disk_full = True
    held.open.set()
    await settle()
    sent = len(bench.server.sent)
    assert sent <= 8
    await clock.advance(1800)
    assert len(bench.server.sent) - sent <= 4, "what cannot be acknowledged is not sent in vain"
    bench.queue.disk_full = False
    bench.queue.leased.clear()  # as the spool does once it could write the verdicts
    await clock.advance(61)
    await settle(1000)
    assert bench.queue.done()
    await end(task)


async def test_a_report_due_later_is_sent_when_its_time_comes(clock: FakeClock) -> None:
    bench = Bench(clock)
    entry = await bench.queue.put()
    entry.not_before = clock.now() + timedelta(seconds=45)
    task = bench.start()
    await clock.advance(44)
    assert bench.server.sent == []
    await clock.advance(2)
    assert bench.completed() == 1
    await end(task)


async def test_an_idle_link_is_pinged_and_an_outage_noticed(clock: FakeClock) -> None:
    bench = Bench(clock)
    task = bench.start()
    await settle()
    assert bench.uploader.link is Link.ONLINE
    await clock.advance(600)
    assert 10 <= bench.server.pings <= 11
    bench.server.ping_answer = down("gone")
    await clock.advance(61)
    assert bench.link() is Link.OFFLINE
    assert [one.text for one in bench.uploader.problems()] == ["gone"]
    bench.server.ping_answer = login()
    await clock.advance(10)
    assert bench.link() is Link.NEEDS_LOGIN
    (problem,) = bench.uploader.problems()
    assert problem.code is ProblemCode.LOGIN_REFUSED
    assert f"stationmaster instance edit {problem.instance} --token-stdin" in problem.next_step
    bench.server.ping_answer = yes
    await clock.advance(61)
    assert bench.link() is Link.ONLINE
    assert bench.uploader.problems() == ()
    await end(task)


async def test_two_instances_share_a_gate_and_a_canary(clock: FakeClock) -> None:
    gate = Gate(Limits(mode="fixed", max_concurrent=4), clock, rng=random.Random(1))  # noqa: S311 - jitter
    one, two = Bench(clock, gate=gate), Bench(clock, gate=gate)
    for bench in (one, two):
        bench.server.answer = bench.server.ping_answer = down()
        await bench.put(40)
    tasks = [one.start(), two.start()]
    await clock.advance(600)
    probes = one.server.pings + two.server.pings
    assert 600 / 8 <= probes <= 600 / 4 + 10
    for bench in (one, two):
        bench.server.answer = bench.server.ping_answer = yes
    await clock.advance(9)
    await settle(200)
    assert one.queue.done()
    assert two.queue.done()
    for task in tasks:
        await end(task)


async def test_neither_of_two_instances_starves_at_one_slot(clock: FakeClock) -> None:
    limits = Limits(mode="fixed", max_concurrent=1)
    gate = Gate(limits, clock)
    one, two = Bench(clock, limits, gate), Bench(clock, limits, gate)
    await one.put(300)
    await two.put(300)
    tasks = [one.start(), two.start()]
    while one.completed() + two.completed() < 200:
        await settle(1)
    assert abs(one.completed() - two.completed()) <= 20
    for task in tasks:
        await end(task)


async def test_a_new_token_may_come_with_a_new_gate(clock: FakeClock) -> None:
    bench = Bench(clock)
    bench.server.answer = login()
    await bench.put(3)
    task = bench.start()
    await settle()
    other = Gate(bench.limits, clock)
    bench.server.answer = yes
    bench.uploader.credentials_changed(other)
    await settle()
    assert bench.queue.done()
    assert other.successes == 3
    assert bench.gate.in_flight == other.in_flight == 0
    await end(task)


async def test_a_request_under_way_ends_at_the_gate_it_left(clock: FakeClock) -> None:
    bench, held, task = await under_way(clock, 3)
    other = Gate(bench.limits, clock)
    bench.uploader.credentials_changed(other)
    held.open.set()
    await settle()
    assert (bench.gate.successes, bench.gate.in_flight) == (3, 0)
    await bench.put(2)
    await settle()
    assert (other.successes, other.in_flight) == (2, 0)
    await end(task)


async def test_a_refusal_of_the_old_token_does_not_hold_the_new_one(clock: FakeClock) -> None:
    bench = Bench(clock)
    late = asyncio.Event()

    async def answer(_: str) -> None:
        if not late.is_set():
            await late.wait()
            raise NeedsLoginError("old", code=ProblemCode.LOGIN_REFUSED)

    bench.server.answer = answer
    await bench.put(2)
    task = bench.start()
    await settle()
    bench.uploader.credentials_changed()
    late.set()
    await clock.advance(0.2)
    assert bench.queue.done()
    assert bench.uploader.problems() == ()
    assert bench.queue.entries[1].attempts == 1
    await end(task)


async def test_the_token_is_asked_for_again_by_each_probe(clock: FakeClock) -> None:
    bench = Bench(clock)
    bench.server.answer = bench.server.ping_answer = login()
    await bench.put(1)
    task = bench.start()
    await clock.advance(300)
    assert bench.server.asked >= 4
    assert bench.uploader.link is Link.NEEDS_LOGIN
    await end(task)
