"""A program that does what the agent does to disks until the power goes, and tells what was promised to it.

``python power_cut_worker.py LIFE STATE FILES HOME SEED [ONE]``: works on the three disks' folders of a life.
Prints ``made``, ``put``, ``released``, ``acked``, ``editing``, ``edited`` and ``left``, each with a name and
only after the call returned (``editing``: before). With ONE it does that one thing and cuts the power of
the spool's disk itself, in the same instant.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from fakes.loop_disk import Switch
from fakes.spooled import meta_of, payload_of, report_id, source_of, write_results
from stationmaster.clock import Clock
from stationmaster.config.store import ConfigStore
from stationmaster.home.paths import Home, Scope
from stationmaster.ingest.place import flush_folder
from stationmaster.ingest.release import Release, Way, release
from stationmaster.spool import Spool, Storage
from stationmaster.submit import leave

INSTANCE = "line"
WAYS = {"keep": Way.KEEP, "move": Way.MOVE, "archive": Way.MOVE, "delete": Way.DELETE}


class Places:
    """Where one life of a station lies: state (spool, outbox), watched files, and settings, a disk each."""

    def __init__(self, life: str, state: Path, files: Path, settings: Path) -> None:
        """Make nothing."""
        self.watch = files / life / "watch"
        self.near = files / life / "done"
        self.far = settings / life / "archive"
        run = settings / life / "run"
        self.home = Home(
            Scope.USER, settings / life / "config", state / life, settings / life / "log", run, run
        )

    @property
    def spool(self) -> Path:
        """The spool's database."""
        return self.home.spool(INSTANCE)

    @property
    def outbox(self) -> Path:
        """The outbox."""
        return self.home.outbox(INSTANCE)

    def target(self, after: str) -> Path:
        """Where `move` (another disk) and `archive` (the same disk) bring a file."""
        return self.far if after == "move" else self.near / "2026-01-01"


def content_of(name: str, reports: list[str]) -> bytes:
    """A source file's content."""
    return f"{name}: {' '.join(reports)}\n".encode() * 50


def text_of(number: int) -> str:
    """A value for a setting, long enough to be torn."""
    return f"place {number} " + "x" * 80


def say(text: str) -> None:
    """Tell the test, unbuffered: what was said before the cut counts."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def make(path: Path, content: bytes, *, durable: bool) -> None:
    """What a tester does; many flush nothing."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        if durable:
            os.fsync(file.fileno())
    if durable:
        flush_folder(path.parent)


class Worker:
    """One run of the station."""

    def __init__(self, places: Places, spool: Spool, seed: str) -> None:
        """Start nothing yet."""
        self._places = places
        self._spool = spool
        self._seed = seed
        self._chance = random.Random(seed)  # noqa: S311 - not a secret

    async def file(self, number: int) -> None:
        """One source file from the tester to its release."""
        places, spool = self._places, self._spool
        after = ("keep", "move", "archive", "delete")[number % 4]
        durable = self._chance.random() < 0.7
        name = f"{self._seed}.{number}.{after}"
        reports = [f"{name}.{n}" for n in range(self._chance.randint(1, 4))]
        path = places.watch / name
        make(path, content_of(name, reports), durable=durable)
        if durable:
            say(f"made {name}:{' '.join(reports)}")
        seen = path.stat()
        results = places.watch / f".{name}.results"
        metas = write_results(results, reports)
        source = source_of(
            path,
            digest=name,
            size=seen.st_size,
            mtime_ns=seen.st_mtime_ns,
            folder=str(places.watch),
            after=after,
        )
        taken = await spool.take(source, metas, results)
        for report in reports:
            say(f"put {report}")
        results.unlink()
        job = Release(
            path=path,
            size=seen.st_size,
            mtime_ns=seen.st_mtime_ns,
            way=WAYS[after],
            folder=places.target(after),
        )
        done = await asyncio.to_thread(release, job)
        say(f"released {name}:{' '.join(reports)}")
        await spool.released(taken.source_id, done.place)

    async def files(self) -> None:
        """Three at a time, for ever."""
        for number in range(0, 1_000_000, 3):
            async with asyncio.TaskGroup() as group:
                for n in range(3):
                    group.create_task(self.file(number + n))

    async def deliver(self) -> None:
        """Acknowledge less than comes."""
        while True:
            leases = await self._spool.lease(3)
            verdicts = [lease.ack("ok") for lease in leases]
            for lease, verdict in zip(leases, verdicts, strict=True):
                await verdict
                say(f"acked {lease.report_id}")
            await asyncio.sleep(0.004)

    async def settings(self) -> None:
        """Edit the settings, leave reports in the outbox, for ever."""
        store = ConfigStore(self._places.home)
        first = int(self._seed.partition(".")[2]) * 1_000_000
        for number in range(first, first + 1_000_000):
            say(f"editing {number}")
            await asyncio.to_thread(store.edit, INSTANCE, {"station.location": text_of(number)})
            say(f"edited {number}")
            name = f"{number}"
            await asyncio.to_thread(leave, self._places.outbox, f"{name}.queued", payload_of(name, 9000))
            say(f"left {name}")


async def work(spool: Spool, places: Places, seed: str) -> None:
    """Everything at once until the power goes; the first call that a dead disk refuses ends it."""
    worker = Worker(places, spool, seed)
    async with asyncio.TaskGroup() as group:
        for job in (worker.files, worker.deliver, worker.settings):
            group.create_task(job())


async def once(spool: Spool, places: Places, seed: str, *, what: str) -> None:
    """One durable thing, then darkness: no later flush helps it."""
    del seed
    switch = Switch(places.spool.parent)
    works: dict[str, Callable[[], Awaitable[object]]] = {
        "take": partial(_take, spool, places),
        "submit": partial(spool.submit, payload_of("s"), meta_of("s")),
        "fail": partial(spool.fail, source_of("/in/f"), "It is broken."),
    }
    if what in works:
        await works[what]()
    else:
        await spool.submit(payload_of("s"), meta_of("s"))
        (lease,) = await spool.lease(1)
        await {"ack": partial(lease.ack, "ok"), "reject": partial(lease.reject, "No.")}[what]()
    switch.cut()
    say("dark")
    os._exit(0)  # nothing may tidy up


async def _take(spool: Spool, places: Places) -> None:
    results = places.watch / "results"
    await spool.take(source_of("/in/t"), write_results(results, ["t.0", "t.1"]), results)


async def main(arguments: list[str]) -> None:
    """See the module."""
    life, state, files, settings, seed = arguments[:5]
    places = Places(life, Path(state), Path(files), Path(settings))
    places.watch.mkdir(parents=True, exist_ok=True)
    store = ConfigStore(places.home)
    if not store.names():
        store.add(INSTANCE, "http://localhost:8080", [{"path": str(places.watch), "converters": ["wsjf"]}])
    say(f"added {report_id(life)}")
    job = partial(once, what=arguments[5]) if arguments[5:] else work
    async with Storage() as storage:
        spool = await Spool.open(places.spool, instance=INSTANCE, storage=storage, clock=Clock())
        say("opened spool")
        await job(spool, places, seed)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
