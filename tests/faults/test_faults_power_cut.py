"""The power goes: what a call promised is on the disk, and what was half done is the old or the new.

The disks are real file systems that are shut down without a flush (`fakes.loop_disk`). First each durable
call by itself, with the power cut the moment it returns, so that no later flush hides one that is missing;
then a whole station at work, cut at random moments.

One flush of ext4's journal makes all earlier names durable: a flush that only other file systems need (of a
new folder's parent, say) is not missed here.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fakes.loop_disk import LoopDisk
from fakes.spooled import payload_of, report_id
from faults.power_cut_worker import INSTANCE, LEFT_BYTES, WAYS, Places, content_of, resume, text_of
from stationmaster.clock import Clock
from stationmaster.config.store import ConfigStore
from stationmaster.ingest.scan import OWN_PREFIX
from stationmaster.model import Entry, EntryKind, EntryState
from stationmaster.spool import LedgerState, Spool, Storage

WORKER = Path(__file__).with_name("power_cut_worker.py")
MOST_LINES = 250
"""A life of the station ends when it has told so much, at most."""

DISKS = ("state", "files", "settings")
RESTS_ON = {
    "made": ("files",),
    "put": ("state",),
    "acked": ("state",),
    "left": ("state",),
    "edited": ("settings",),
    "released": ("files", "settings"),
}
"""The disks that a promise rests on."""


@dataclass
class Disks:
    """Three disks of one machine: they lose their power together."""

    root: Path
    disks: list[LoopDisk]

    def places(self, life: str) -> Places:
        """Where the station of that life lies."""
        return Places(life, *(disk.folder for disk in self.disks))

    def cut(self, chance: random.Random) -> dict[str, int]:
        """Cut the power of all, in any order; when each cut began, in ns of the monotonic clock."""
        began = {}
        for disk in chance.sample(self.disks, len(self.disks)):
            began[disk.folder.name] = time.monotonic_ns()
            disk.cut()
        return began

    @contextmanager
    def worker(self, life: str, *words: str) -> Iterator[subprocess.Popen[str]]:
        """A worker on these disks. Afterwards it is dead and their power is on, whatever happened."""
        folders = [str(disk.folder) for disk in self.disks]
        environment = {**os.environ, "PYTHONPATH": str(WORKER.parents[1])}
        command = [sys.executable, str(WORKER), life, *folders, *words]
        try:
            with (
                self.talk.open("w") as talk,
                subprocess.Popen(
                    command,
                    stdout=subprocess.PIPE,
                    stderr=talk,
                    text=True,
                    env=environment,
                    start_new_session=True,  # a Ctrl+C is for the test, which cleans up
                ) as process,
            ):
                try:
                    yield process
                finally:
                    process.kill()
        finally:
            for disk in self.disks:
                disk.restore()

    @property
    def talk(self) -> Path:
        """What the worker says on stderr."""
        return self.root / "talk"


@pytest.fixture(scope="module")
def disks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disks]:
    """The disks. Every test has a life of its own on them, and leaves them with their power on."""
    if reason := LoopDisk.why_not():
        pytest.skip(reason)
    root = tmp_path_factory.mktemp("disks")
    with ExitStack() as stack:
        try:
            made = [stack.enter_context(LoopDisk(root / f"{name}.img", root / name)) for name in DISKS]
        except subprocess.CalledProcessError as error:
            notes = " ".join(getattr(error, "__notes__", []))
            pytest.skip(f"a power cut needs disks, but {error.cmd[0]} is refused here: {notes}")
        yield Disks(root, made)


# -------------------------------------------------------------------- one call, then darkness
@dataclass(frozen=True)
class Promise:
    """An entry that must be in the spool: nothing more, nothing less."""

    state: EntryState
    report: str = "one"
    kind: EntryKind = EntryKind.REPORT
    says: str = ""


PROMISED = {
    "take": [Promise(EntryState.QUEUED), Promise(EntryState.QUEUED, "two")],
    "submit": [Promise(EntryState.QUEUED)],
    "fail": [Promise(EntryState.ERROR, "", EntryKind.SOURCE, says="It is broken.")],
    "ack": [Promise(EntryState.COMPLETED, says="ok")],
    "reject": [Promise(EntryState.ERROR, says="No.")],
}


@pytest.mark.parametrize("call", PROMISED)
async def test_what_a_call_of_the_spool_promised_is_there_when_the_power_is_back(
    disks: Disks, call: str
) -> None:
    places = _dark_after(disks, call)
    async with _opened(places) as spool:
        promised = PROMISED[call]
        entries = (await spool.entries())[::-1]
        assert [_seen(entry) for entry in entries] == promised
        for entry in entries:
            if entry.kind is EntryKind.REPORT:
                (name,) = (one.report for one in promised if report_id(one.report) == entry.report_id)
                assert await spool.payload(entry.id) == payload_of(name)
        row = await spool.source("/in", Path("/in/file"))
        known = {"take": LedgerState.TAKEN, "fail": LedgerState.ERROR}.get(call)
        assert (row and row.state) == known


def _seen(entry: Entry) -> Promise:
    names = {report_id(name): name for name in ("one", "two")}
    return Promise(
        entry.state, names.get(entry.report_id, ""), entry.kind, says=entry.receipt or entry.reason
    )


@pytest.mark.parametrize("after", WAYS)
def test_a_released_file_is_where_it_belongs_when_the_power_is_back(disks: Disks, after: str) -> None:
    places = _dark_after(disks, after)
    content = {"file": content_of("file")}
    assert _files(places.watch) == (content if after == "keep" else {})
    for folder in (places.near, places.far):
        moved_here = after in {"move", "archive"} and places.target(after).is_relative_to(folder)
        assert _files(folder) == (content if moved_here else {})


@pytest.mark.parametrize(("call", "instance"), [("edit", INSTANCE), ("add", "new")])
def test_settings_that_were_written_are_there_when_the_power_is_back(
    disks: Disks, call: str, instance: str
) -> None:
    store = ConfigStore(_dark_after(disks, call).home)
    assert store.load(instance).station.location == text_of(1)


def test_a_report_left_in_the_outbox_is_there_when_the_power_is_back(disks: Disks) -> None:
    assert _files(_dark_after(disks, "leave").outbox) == {"1.queued": payload_of(1, LEFT_BYTES)}


def _dark_after(disks: Disks, call: str) -> Places:
    """Make one call, cut the power the moment it returned, and switch it on again."""
    life = f"once-{call}"
    with disks.worker(life, "once", call) as worker:
        said = worker.communicate()[0]
    assert " dark\n" in said, disks.talk.read_text()
    return disks.places(life)


# -------------------------------------------------------------------- a station at work
async def test_a_station_whose_power_goes_at_random_moments_loses_nothing(disks: Disks) -> None:
    await _lives(disks, rounds=5, seed=5)


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(4))
async def test_a_station_whose_power_goes_fifty_times_loses_nothing(disks: Disks, seed: int) -> None:
    await _lives(disks, rounds=50, seed=seed)


async def _lives(disks: Disks, *, rounds: int, seed: int) -> None:
    """Cut the power again and again over the same spool, then draw up the account."""
    life = f"lives-{rounds}-{seed}"
    chance = random.Random(seed)  # noqa: S311 - moments that repeat
    told, places = Told(), disks.places(life)
    for number in range(rounds):
        _work_until_dark(disks, life, f"{seed}.{number}", told, chance)
        assert [*_outbox_faults(places, told), *_settings_faults(places, told)] == []
    async with _opened(places) as spool:
        assert await _report_faults(spool, told) == []
        assert _source_faults(places, told, await _by_source(spool)) == []
        told.released.update([name async for name in resume(spool, places)])
        taken = await _by_source(spool)
        assert _source_faults(places, told, taken) == []
        # nothing waits for its release any more
        assert told.made & taken.keys() <= told.released | told.perhaps
    assert all([told.made, told.put, told.released, told.acked, told.edited, told.ever_left])


@dataclass
class Told:
    """What the worker was promised, in all its lives.

    Attributes:
        trying: the reports of each source file that a tester began to write.
        left: reports in the outbox since it was emptied.
        perhaps: files whose release was told while the power went.
        edited: the last edit of the settings, and those that may have replaced it.
    """

    trying: dict[str, list[str]] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    put: set[str] = field(default_factory=set)
    released: set[str] = field(default_factory=set)
    acked: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    perhaps: set[str] = field(default_factory=set)
    ever_left: int = 0
    edited: set[str] = field(default_factory=set)

    def hear(self, line: str, dark: Mapping[str, int] | None = None) -> None:
        """Enter what a line tells.

        A promise counts that was told before the cut of its disk began. While ext4 shuts down, a flush under
        way may return as if it had worked: it finds the transaction that it waits for neither running nor
        committing any more. A real power cut leaves nobody to tell of it.

        Args:
            line: a moment, a word and a name.
            dark: when the cut of each disk began, as far as it has.
        """
        moment, word, name = line.strip().split(" ", 2)
        if dark and any(int(moment) >= dark[disk] for disk in RESTS_ON.get(word, ())):
            if word == "released":
                self.perhaps.add(name)
            return
        match word:
            case "trying":
                source, _, reports = name.partition(":")
                self.trying[source] = reports.split()
            case "made" | "put" | "released" | "acked" | "left":
                getattr(self, word).add(name)
                self.ever_left += word == "left"
            case "added" if not self.edited:
                self.edited = {""}
            case "editing":
                self.edited.add(text_of(int(name)))
            case "edited":
                self.edited = {text_of(int(name))}


def _work_until_dark(disks: Disks, life: str, seed: str, told: Told, chance: random.Random) -> None:
    """Let a worker work until it told so much and a little longer; then the power goes, and comes back."""
    with disks.worker(life, seed) as worker:
        assert worker.stdout is not None
        for _ in range(chance.randint(1, MOST_LINES)):
            line = worker.stdout.readline()
            assert line, disks.talk.read_text()
            told.hear(line)
        time.sleep(chance.uniform(0, 0.02))  # the moment is anywhere, not just after a line
        assert worker.poll() is None, disks.talk.read_text()
        dark = disks.cut(chance)
        worker.kill()
        for line in worker.stdout:
            told.hear(line, dark)


# -------------------------------------------------------------------- the account
async def _report_faults(spool: Spool, told: Told) -> list[str]:
    """Reports that are lost, changed, doubled, invented, or queued again though they were acknowledged."""
    names = {report_id(name): name for reports in told.trying.values() for name in reports}
    entries = await spool.entries(limit=1_000_000)
    states = {entry.report_id: entry.state for entry in entries}
    wrong = [f"{name} is lost" for name in told.put if report_id(name) not in states]
    wrong += [f"{names[one]} was acknowledged" for one in told.acked if states.get(one) != "completed"]
    counted = Counter(entry.report_id for entry in entries)
    wrong += [f"{one} is there {count} times" for one, count in counted.items() if count > 1]
    for entry in entries:
        name = names.get(entry.report_id)
        if name is None:
            wrong.append(f"{entry.report_id} is invented")
        elif await spool.payload(entry.id) != payload_of(name):
            wrong.append(f"{name} has another payload")
    return wrong


async def _by_source(spool: Spool) -> dict[str, list[str]]:
    """The ids of the reports in the spool by the name of their source file."""
    found: dict[str, list[str]] = {}
    for entry in await spool.entries(limit=1_000_000):
        found.setdefault(Path(entry.source).name, []).append(entry.report_id)
    return found


def _source_faults(places: Places, told: Told, taken: dict[str, list[str]]) -> list[str]:
    """Source files that are neither in place nor in the spool, or not where their release brought them.

    A file that its tester did not flush may be gone, or lie there torn, which makes it another one.
    """
    here, wrong = _files(places.watch), []
    hidden = {content for name, content in here.items() if name.startswith(OWN_PREFIX)}
    for name, reports in told.trying.items():
        after, content, flushed = name.rpartition(".")[2], content_of(name), name in told.made
        gone_on = content if after in WAYS and _read(places.target(after) / name) == content else None
        spooled = sorted(map(report_id, reports)) == sorted(taken.get(name, []))
        if name in taken and not spooled:
            wrong.append(f"{name} is spooled by half")
        if name in told.released:
            if after != "keep" and (here.get(name) == content or content in hidden):
                wrong.append(f"{name} was released, and lies there again")
            at_place = {"keep": here.get(name) == content, "delete": True}.get(after, gone_on is not None)
            if flushed and not at_place:
                wrong.append(f"{name} was released, and is not in its place")
        elif flushed and here.get(name) != content:
            on_its_way = content in hidden or gone_on is not None or after == "delete"
            if not (spooled and on_its_way):
                wrong.append(f"{name} is neither in place nor in the spool")
    return wrong


def _settings_faults(places: Places, told: Told) -> Iterable[str]:
    """The settings are those of the last edit that was told, or of one that was under way since."""
    if not told.edited:
        return
    config = ConfigStore(places.home).load(INSTANCE)
    if config.station.location not in told.edited:
        yield f"the settings hold {config.station.location!r} instead of {sorted(told.edited)}"
    if [watch.path for watch in config.watch] != [str(places.watch)]:
        yield "the settings lost a watch folder"


def _outbox_faults(places: Places, told: Told) -> Iterable[str]:
    """Every report in the outbox is whole, none that was told is missing. Empties it, as an agent does."""
    found = {name: content for name, content in _files(places.outbox).items() if name.endswith(".queued")}
    for name in told.left:
        if f"{name}.queued" not in found:
            yield f"{name} is not in the outbox"
    for name, content in found.items():
        if content != payload_of(name.removesuffix(".queued"), LEFT_BYTES):
            yield f"{name} is not whole"
        (places.outbox / name).unlink()
    told.left.clear()


@asynccontextmanager
async def _opened(places: Places) -> AsyncIterator[Spool]:
    """The spool, opened anew, as sound as it was."""
    async with (
        Storage() as storage,
        await Spool.open(places.spool, instance=INSTANCE, storage=storage, clock=Clock()) as spool,
    ):
        health = await spool.health()
        assert (health.unclean, health.damage, health.salvage) == (True, "", None)
        assert await spool.verify() == ""
        yield spool


def _files(folder: Path) -> dict[str, bytes]:
    """All files below a folder, by name, with their content."""
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
