"""A state machine: whatever is done in whatever order, the spool agrees with a model of a few dicts."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fakes.clock import FakeClock
from fakes.spooled import meta_of, report_id, source_of, write_results
from stationmaster.model import EntryState
from stationmaster.spool import Lease, Spool, Storage
from stationmaster.spool.retention import sweep

T = TypeVar("T")

NAMES = st.integers(min_value=0, max_value=5)
CONTENTS = st.binary(min_size=1, max_size=3)


@dataclass
class Row:
    """What the model knows of an entry."""

    name: int
    content: bytes
    state: EntryState = EntryState.QUEUED
    attempts: int = 0
    receipt: str = ""
    superseded: bool = False
    not_before: float = 0.0
    revision: int = 1

    def judge(self, verdict: str, now: float) -> None:
        """A lease of it ended."""
        if verdict == "ack":
            self.attempts += self.state is not EntryState.COMPLETED
            self.state, self.receipt, self.not_before = EntryState.COMPLETED, "ok", 0.0
            return
        if self.state is not EntryState.QUEUED or verdict == "release":
            return
        self.attempts += verdict != "hold"
        self.not_before = now + 10 if verdict == "retry" else 0.0
        if verdict == "reject":
            self.state = EntryState.ERROR


@dataclass(frozen=True, kw_only=True)
class Forget:
    """Retention settings that keep nothing that is done."""

    payload_days: float = 0.0
    payload_mb: int = 0
    completed_days: float = 0.0
    completed_count: int = 0


@dataclass
class Model:
    """The queue as it should be."""

    rows: dict[int, Row] = field(default_factory=dict)

    def latest(self, name: int) -> int | None:
        """The newest revision of a report."""
        return max((i for i, row in self.rows.items() if row.name == name), default=None)

    def put(self, entry_id: int, name: int, content: bytes) -> None:
        """A report came in as entry `entry_id`."""
        if entry_id in self.rows:
            assert (self.rows[entry_id].name, self.rows[entry_id].content) == (name, content)
            return
        revision = 1
        previous = self.latest(name)
        if previous is not None:
            old = self.rows[previous]
            revision = old.revision + 1
            old.superseded = True
            if old.state in {EntryState.QUEUED, EntryState.ERROR}:
                old.state = EntryState.DISMISSED
        self.rows[entry_id] = Row(name, content, revision=revision)


class SpoolMachine(RuleBasedStateMachine):
    """Drives one real spool on a real file."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = FakeClock()
        self.storage = Storage()
        self.model = Model()
        self.leases: dict[int, Lease] = {}
        self.delivered: Counter[tuple[int, int]] = Counter()
        self.open()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def open(self) -> None:
        self.spool = self.run(
            Spool.open(self.folder / "spool.db", instance="i", storage=self.storage, clock=self.clock)
        )

    @rule(name=NAMES, content=CONTENTS)
    def submit(self, name: int, content: bytes) -> None:
        before = set(self.model.rows)
        entry_id = self.run(self.spool.submit(content, meta_of(name, content)))
        known = {(row.name, row.content): i for i, row in self.model.rows.items()}
        assert known.get((name, content), entry_id) == entry_id
        assert entry_id in before or entry_id > max(before, default=0)
        self.model.put(entry_id, name, content)

    @rule(reports=st.lists(st.tuples(NAMES, CONTENTS), max_size=4), path=st.integers(0, 2))
    def take(self, reports: list[tuple[int, bytes]], path: int) -> None:
        results = self.folder / "results"
        metas = write_results(results, [n for n, _ in reports], payloads=[c for _, c in reports])
        self.run(self.spool.take(source_of(f"/in/{path}"), metas, results))
        for entry in sorted(self.run(self.spool.entries(limit=len(reports) + 1)), key=lambda e: e.id):
            if entry.id not in self.model.rows:
                content = self.run(self.spool.payload(entry.id))
                assert content is not None
                name = next(n for n in range(6) if report_id(n) == entry.report_id)
                assert (name, content) in reports
                self.model.put(entry.id, name, content)
        known = {(row.name, row.content) for row in self.model.rows.values()}
        assert set(reports) <= known

    @rule(limit=st.integers(1, 4))
    def lease(self, limit: int) -> None:
        busy = {lease.report_id for lease in self.leases.values()}
        now = self.clock.monotonic()
        due = [
            i
            for i, row in sorted(self.model.rows.items())
            if row.state is EntryState.QUEUED
            and i not in self.leases
            and report_id(row.name) not in busy
            and row.not_before <= now
        ]
        leases = self.run(self.spool.lease(limit))
        assert [lease.entry_id for lease in leases] == due[:limit]
        for lease in leases:
            row = self.model.rows[lease.entry_id]
            assert (lease.payload, lease.attempts, lease.revision) == (
                row.content,
                row.attempts,
                row.revision,
            )
            self.leases[lease.entry_id] = lease

    @precondition(lambda self: self.leases)
    @rule(pick=st.randoms(), verdict=st.sampled_from(["ack", "retry", "hold", "reject", "release"]))
    def judge(self, pick: Any, verdict: str) -> None:
        lease = self.leases.pop(pick.choice(sorted(self.leases)))
        self.run(give(lease, verdict, self.clock))
        if lease.entry_id in self.model.rows:
            self.model.rows[lease.entry_id].judge(verdict, self.clock.monotonic())

    @precondition(lambda self: self.model.rows)
    @rule(pick=st.randoms())
    def dismiss(self, pick: Any) -> None:
        entry_id = pick.choice(sorted(self.model.rows))
        row = self.model.rows[entry_id]
        can = row.state in {EntryState.QUEUED, EntryState.ERROR}
        assert self.run(self.spool.dismiss([entry_id], "me")) == can
        if can:
            row.state, row.not_before = EntryState.DISMISSED, 0.0

    @precondition(lambda self: self.model.rows)
    @rule(pick=st.randoms())
    def requeue(self, pick: Any) -> None:
        entry_id = pick.choice(sorted(self.model.rows))
        row = self.model.rows[entry_id]
        can = row.state in {EntryState.ERROR, EntryState.DISMISSED} and not row.superseded
        assert self.run(self.spool.requeue([entry_id], "me")) == can
        if can:
            row.state, row.not_before = EntryState.QUEUED, 0.0

    @rule()
    def time_passes(self) -> None:
        self.run(self.clock.advance(11))

    @rule(clean=st.booleans())
    def restart(self, clean: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        if clean:
            self.run(self.spool.aclose())
            self.leases.clear()
            self.open()
            return
        # A kill: the files as they are on disk now are all that is left.
        image = self.folder / "image"
        image.mkdir()
        for file in self.folder.glob("spool.db*"):
            shutil.copy(file, image / file.name)
        self.run(self.spool.aclose())
        for file in [*self.folder.glob("spool.db*"), *image.iterdir()]:
            if file.parent == image:
                file.rename(self.folder / file.name)
            else:
                file.unlink()
        image.rmdir()
        self.leases.clear()
        self.open()
        assert self.run(self.spool.health()).unclean

    @rule()
    def forget(self) -> None:
        self.run(self.clock.advance(1))
        self.run(sweep(self.spool, Forget(), self.clock))
        done = {EntryState.COMPLETED, EntryState.DISMISSED}
        self.model.rows = {i: row for i, row in self.model.rows.items() if row.state not in done}

    @invariant()
    def counts_agree(self) -> None:
        states = Counter(row.state for row in self.model.rows.values())
        in_flight = sum(
            i in self.model.rows and self.model.rows[i].state is EntryState.QUEUED for i in self.leases
        )
        counts = self.spool.counts
        assert counts.processing == in_flight
        assert counts.queued == states[EntryState.QUEUED] - in_flight
        assert counts.completed == states[EntryState.COMPLETED]
        assert counts.error == states[EntryState.ERROR]
        assert counts.dismissed == states[EntryState.DISMISSED]

    @invariant()
    def entries_agree(self) -> None:
        entries = self.run(self.spool.entries(limit=1000))
        assert [entry.id for entry in entries] == sorted(self.model.rows, reverse=True)
        for entry in entries:
            row = self.model.rows[entry.id]
            queued = row.state is EntryState.QUEUED and entry.id in self.leases
            assert entry.state is (EntryState.PROCESSING if queued else row.state)
            assert (entry.attempts, entry.receipt, entry.superseded) == (
                row.attempts,
                row.receipt,
                row.superseded,
            )

    def teardown(self) -> None:
        self.run(self.spool.aclose())
        self.run(self.storage.aclose())
        self.loop.close()
        shutil.rmtree(self.folder)


async def give(lease: Lease, verdict: str, clock: FakeClock) -> None:
    """End a lease."""
    match verdict:
        case "ack":
            await lease.ack("ok")
        case "retry":
            await lease.retry(clock.now() + timedelta(seconds=10), "later")
        case "hold":
            await lease.hold("held")
        case "reject":
            await lease.reject("bad")
        case _:
            await lease.release()


TestSpoolMachine = SpoolMachine.TestCase
TestSpoolMachine.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
