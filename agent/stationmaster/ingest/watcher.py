"""The watcher of one instance: all its folders, and the queue of files that may be claimed.

Durable it holds nothing: the folders are the truth, the ledger says what of them was taken.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from stationmaster.clock import Clock
from stationmaster.config.schema import NetworkChoice, WatchFolder
from stationmaster.errors import NeedsUserError
from stationmaster.home.file_system import read_mounts
from stationmaster.ingest.access import Access, FilesFactory, make_files
from stationmaster.ingest.claim import Claim, Ledger, Outcome
from stationmaster.ingest.files import held
from stationmaster.ingest.folder import FolderWatch
from stationmaster.ingest.left import Left, left_of
from stationmaster.ingest.outbox import DropFolder
from stationmaster.ingest.problem import Unreleased, problems_of
from stationmaster.ingest.release import Release, Released, Standing
from stationmaster.ingest.scan import Selection, Sieve
from stationmaster.ingest.sight import Setting
from stationmaster.ingest.territory import Territory, folder_key
from stationmaster.ingest.wakeup import WakeUp
from stationmaster.model import FolderStatus, Lane, Problem, ProblemCode

BATCH_SHARE = 8
"""Where both lanes wait, one claim in so many is batch work."""


class Watcher:
    """Hands out files that came to rest, each once.

    Lifecycle: `run` in the instance's TaskGroup; consumers call `claim`, deal with the file, and
    call `done` last, after the commit and the release. Not thread-safe: all in the loop.
    """

    def __init__(
        self,
        folders: Sequence[WatchFolder],
        ledger: Ledger,
        clock: Clock,
        *,
        instance: str = "",
        wakeup: WakeUp | None = None,
        skip: Iterable[Path] = (),
        make: FilesFactory = make_files,
        mounts: Callable[[], str] = read_mounts,
    ) -> None:
        """Nothing is looked at before `run`.

        Args:
            instance: name for Problems.
            wakeup: the agent's file system watch; None: scans only.
            skip: our own folders (archive, errors), never looked into where they lie in a watch folder.
        """
        self._instance = instance
        self._clock = clock
        self._ready = asyncio.Event()
        self._closing = False
        self._claims = 0
        self._unreleased: dict[str, dict[str, Unreleased]] = {}
        own = (*map(str, skip), *(str(Path(folder.move_to)) for folder in folders if folder.move_to))
        roots = [folder_key(folder) for folder in folders]
        selections = [selection_of(folder, own) for folder in folders]
        sieves = [Sieve(selection) for selection in selections]
        territory = Territory(roots, sieves)
        self._access: Callable[[str, Selection, NetworkChoice], Access] = partial(
            Access, clock=clock, make=make, mounts=mounts
        )
        self._folders = [
            FolderWatch(
                Setting(
                    instance=instance,
                    index=index,
                    folder=folder,
                    root=roots[index],
                    sieve=sieves[index],
                    access=self._access(roots[index], selections[index], folder.network),
                    ledger=ledger,
                    clock=clock,
                    territory=territory,
                    wakeup=wakeup,
                    on_ready=self._ready.set,
                )
            )
            for index, folder in enumerate(folders)
        ]
        self._order = deque(self._folders)

    async def run(self) -> None:
        """Watch all folders until cancelled."""
        async with asyncio.TaskGroup() as group:
            for folder in self._folders:
                group.create_task(folder.run(), name=f"watch {folder.root}")

    # ------------------------------------------------------------------ claims

    async def claim(self) -> Claim | None:
        """The next file that is ready; waits for one; None once `stop_claiming` was called.

        Live files go first, but one claim in eight is batch work. Folders take turns.
        """
        while not self._closing:
            claim = self._next()
            if claim is not None:
                self._claims += 1
                return claim
            self._ready.clear()
            await self._ready.wait()
        return None

    def done(self, claim: Claim, outcome: Outcome, *, resume: bytes | None = None) -> None:
        """Tell what became of a claim; what was not taken is offered again, later and later.

        Args:
            resume: how far a growing file was converted, as the ledger has it now.
        """
        for folder in self._folders:
            if folder.root == claim.key and folder.folder is claim.folder:
                folder.done(claim, outcome, resume)

    def stop_claiming(self) -> None:
        """Hand out nothing any more; scans go on until `run` is cancelled."""
        self._closing = True
        self._ready.set()

    def nudge(self) -> None:
        """Scan all folders now."""
        for folder in self._folders:
            folder.nudge()

    def hasten(self) -> None:
        """Scan all folders now, and offer at once what was not taken before."""
        for folder in self._folders:
            folder.hasten()

    def _next(self) -> Claim | None:
        batch_first = self._claims % BATCH_SHARE == BATCH_SHARE - 1
        first, second = (Lane.BATCH, Lane.LIVE) if batch_first else (Lane.LIVE, Lane.BATCH)
        return self._of(first) or self._of(second)

    def _of(self, lane: Lane) -> Claim | None:
        for _ in range(len(self._order)):
            folder = self._order[0]
            self._order.rotate(-1)
            claim = folder.claim(lane)
            if claim is not None:
                return claim
        return None

    # ------------------------------------------------------------------ release

    async def release(self, key: str, job: Release) -> Released:
        """Release a file after the commit: also one that an earlier run left unreleased.

        Args:
            key: `Claim.key`, or the ledger row's `folder`; it need not be watched any more.

        Raises:
            NeedsUserError: it cannot be done now; kept as a Problem until it can. Try again later.
            FolderHangsError: its folder does not answer. Try again later.
        """
        failed = self._unreleased.setdefault(key, {})
        try:
            released = await self._release(key, job)
        except OSError as error:
            reason = error.strerror or str(error)
            before = failed.get(str(job.path))
            failed[str(job.path)] = Unreleased(reason, before.since if before else self._clock.now())
            raise NeedsUserError(
                f"The file {job.path} cannot be released: {reason}.",
                code=ProblemCode.RELEASE_FAILED,
                next_step="Let the agent's account write there, and see that the disk has space.",
            ) from error
        failed.pop(str(job.path), None)
        return released

    async def _release(self, key: str, job: Release) -> Released:
        for folder in self._folders:
            if folder.root == key:
                return await folder.release(job)
        access, apart = self._access(key, Selection(), NetworkChoice.AUTO), None
        try:
            files = await access.files()
            if await held(files, job):
                return Released(standing=Standing.OPEN)
            apart = await access.apart(job.folder)
            return await (apart or files).release(job)
        finally:
            if apart is not None:
                await apart.aclose()
            await access.aclose()

    # ------------------------------------------------------------------ what is seen of it

    @property
    def idle(self) -> bool:
        """Every folder was looked at since the start or the last nudge, and nothing is on its way.

        Files that were offered in vain for a while don't count. Incomplete ones and those that grow do, until
        their folder's `incomplete_after` is over. What does not count is `left`.
        """
        return all(folder.idle for folder in self._folders)

    def left(self) -> tuple[Left, ...]:
        """What lies in the folders and is not taken, with the reason."""
        return tuple(left_of(self._folders))

    @property
    def claimable(self) -> bool:
        """`claim` would hand something out, or what it did is not dealt with."""
        return not self._closing and any(folder.claimable for folder in self._folders)

    def turns(self) -> dict[str, int]:
        """How often each folder had its turn; a folder that is not looked at any more has no more turns."""
        return {folder.root: folder.turns for folder in self._folders}

    @property
    def waiting(self) -> int:
        """Files that are seen but not taken yet."""
        return sum(folder.roster.waiting for folder in self._folders)

    def status(self) -> tuple[FolderStatus, ...]:
        """Each folder as the last scan saw it."""
        return tuple(
            FolderStatus(
                path=folder.root,
                converters=tuple(folder.folder.converters),
                reachable=folder.sight.trouble is None and folder.sight.scanned_at is not None,
                waiting=folder.roster.waiting,
                last_scan_at=folder.sight.scanned_at,
                own=isinstance(folder.folder, DropFolder),
            )
            for folder in self._folders
        )

    def problems(self) -> tuple[Problem, ...]:
        """Everything that is wrong with the folders now."""
        return tuple(problems_of(self._folders, self._unreleased, instance=self._instance))


def selection_of(folder: WatchFolder, own: tuple[str, ...]) -> Selection:
    """Which files of the folder count; `own` are folders that are never looked into."""
    return Selection(
        include=folder.include,
        exclude=folder.exclude,
        recursive=folder.recursive,
        skip=own,
        plain=isinstance(folder, DropFolder),
        marker=folder.marker,
    )
