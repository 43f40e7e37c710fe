"""A program that does what the agent does to disks until the power goes, and tells what was promised to it.

``python power_cut_worker.py LIFE STATE FILES SETTINGS SEED [ONE]``: works on the three disks' folders of a
life. Prints a word and a name, each only after the call returned: ``made`` (a source file, flushed), ``put``,
``released``, ``acked``, ``edited`` and ``left``. ``trying`` and ``editing`` come before. With ONE it makes
that one call of `Once` and cuts the power of its disks itself, in the same instant.
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import random
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

from fakes.loop_disk import Switch
from fakes.spooled import meta_of, payload_of, source_of, write_results
from stationmaster.clock import Clock
from stationmaster.config.store import ConfigStore
from stationmaster.home.paths import Home, Scope
from stationmaster.ingest.place import flush_folder
from stationmaster.ingest.release import Release, Standing, Way, release
from stationmaster.spool import Lease, Spool, Storage
from stationmaster.submit import leave

INSTANCE = "line"
SERVER = "http://localhost:8080"
WAYS = {"keep": Way.KEEP, "move": Way.MOVE, "archive": Way.MOVE, "delete": Way.DELETE}
TIME_LIMIT = 300.0
"""Seconds after which a worker that hangs ends and shows where. It lives for a few."""

LEFT_BYTES = 9000
"""Of a report in the outbox: more than one block of the disk."""


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


def content_of(name: str) -> bytes:
    """A source file's content."""
    return f"This is {name}.\n".encode() * 200


def text_of(number: int) -> str:
    """A value for a setting, long enough to be torn."""
    return f"place {number} " + "x" * 80


def say(text: str) -> None:
    """Tell the test, unbuffered, with the moment: what was said before the cut counts."""
    sys.stdout.write(f"{time.monotonic_ns()} {text}\n")
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


def release_of(places: Places, path: Path, size: int, mtime_ns: int, after: str) -> Release:
    """What is to be done with a source file that is in the spool."""
    return Release(path=path, size=size, mtime_ns=mtime_ns, way=WAYS[after], folder=places.target(after))


async def resume(spool: Spool, places: Places) -> AsyncIterator[str]:
    """Finish the releases that darkness interrupted, as the agent does when it starts; the files' names."""
    for row in await spool.unreleased():
        job = release_of(places, row.path, row.size, row.mtime_ns, row.after)
        done = await asyncio.to_thread(release, job)
        if done.standing is Standing.DONE:
            yield row.path.name
        await spool.released(row.source_id, done.place)


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
        after = list(WAYS)[number % 4]
        name = f"{self._seed}.{number}.{after}"
        reports = [f"{name}.{n}" for n in range(self._chance.randint(1, 4))]
        path = places.watch / name
        say(f"trying {name}:{' '.join(reports)}")
        if self._chance.random() < 0.7:
            make(path, content_of(name), durable=True)
            say(f"made {name}")
        else:
            make(path, content_of(name), durable=False)
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
        job = release_of(places, path, seen.st_size, seen.st_mtime_ns, after)
        done = await asyncio.to_thread(release, job)
        say(f"released {name}")
        await spool.released(taken.source_id, done.place)

    async def files(self) -> None:
        """What was begun before, then three at a time, for ever."""
        async for name in resume(self._spool, self._places):
            say(f"released {name}")
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
            await asyncio.to_thread(
                leave, self._places.outbox, f"{number}.queued", payload_of(number, LEFT_BYTES)
            )
            say(f"left {number}")


class Once:
    """One durable call by itself; each method makes ready what the call needs, then returns with it."""

    def __init__(self, places: Places, spool: Spool) -> None:
        """Do nothing yet."""
        self._places = places
        self._spool = spool

    async def take(self) -> None:
        results = self._places.watch / "results"
        metas = write_results(results, ["one", "two"])
        await self._spool.take(source_of("/in/file"), metas, results)

    async def submit(self) -> None:
        await self._spool.submit(payload_of("one"), meta_of("one"))

    async def fail(self) -> None:
        await self._spool.fail(source_of("/in/file"), "It is broken.")

    async def ack(self) -> None:
        await (await self._leased()).ack("ok")

    async def reject(self) -> None:
        await (await self._leased()).reject("No.")

    async def add(self) -> None:
        """The settings of a new instance; another one's is there already."""
        ConfigStore(self._places.home).add("new", SERVER, patch={"station.location": text_of(1)})

    async def edit(self) -> None:
        ConfigStore(self._places.home).edit(INSTANCE, {"station.location": text_of(1)})

    async def leave(self) -> None:
        leave(self._places.outbox, "1.queued", payload_of(1, LEFT_BYTES))

    async def keep(self) -> None:
        self._release("keep")

    async def move(self) -> None:
        self._release("move")

    async def archive(self) -> None:
        self._release("archive")

    async def delete(self) -> None:
        self._release("delete")

    async def _leased(self) -> Lease:
        await self.submit()
        (lease,) = await self._spool.lease(1)
        return lease

    def _release(self, after: str) -> None:
        path = self._places.watch / "file"
        make(path, content_of("file"), durable=True)
        seen = path.stat()
        release(release_of(self._places, path, seen.st_size, seen.st_mtime_ns, after))


async def work(spool: Spool, places: Places, seed: str) -> None:
    """Everything at once until the power goes; the first call that a dead disk refuses ends it."""
    worker = Worker(places, spool, seed)
    async with asyncio.TaskGroup() as group:
        for job in (worker.files, worker.deliver, worker.settings):
            group.create_task(job())


async def once(spool: Spool, places: Places, what: str, disks: list[Path]) -> None:
    """One durable call, then darkness: no later flush helps it."""
    switches = [Switch(disk) for disk in disks]
    await getattr(Once(places, spool), what)()
    for switch in switches:
        switch.cut()
    say("dark")
    os._exit(0)  # nothing may tidy up


async def main(life: str, *given: str) -> None:
    """See the module."""
    faulthandler.dump_traceback_later(TIME_LIMIT, exit=True)
    disks = [Path(folder) for folder in given[:3]]
    places = Places(life, *disks)
    places.watch.mkdir(parents=True, exist_ok=True)
    store = ConfigStore(places.home)
    if not store.names():
        store.add(INSTANCE, SERVER, [{"path": str(places.watch), "converters": ["wsjf"]}])
    say(f"added {INSTANCE}")
    async with Storage() as storage:
        spool = await Spool.open(places.spool, instance=INSTANCE, storage=storage, clock=Clock())
        say(f"opened {INSTANCE}")
        seed, what = given[3], given[4:]
        if what:
            await once(spool, places, what[0], disks)
        else:
            await work(spool, places, seed)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
