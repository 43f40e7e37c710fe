"""Disks of the spool and of archives: they have room, and flush in time."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from stationmaster.archive.place import roots
from stationmaster.blocking import THREAD, CallHangsError
from stationmaster.clock import Clock
from stationmaster.config.schema import InstanceConfig
from stationmaster.diagnostics.check import bad, good, of_problem, warned
from stationmaster.diagnostics.disk_trial import Disk, first_there, try_disk
from stationmaster.file_name import to_wire
from stationmaster.home.file_system import read_mounts
from stationmaster.home.paths import Home
from stationmaster.ingest.files import FolderHangsError
from stationmaster.ingest.mount import is_network
from stationmaster.model import Check, Hop
from stationmaster.spool.problem import unwritable
from stationmaster.spool.schema import spool_error
from stationmaster.worker.error import ChildError, ChildHandlerError
from stationmaster.worker.process import ChildProcess

LITTLE = 512 * 1024 * 1024
"""Bytes; with less free space a person should know."""

SLOW = 0.1
"""Seconds; a disk whose flush takes longer keeps few reports a second."""

DEADLINE = 20.0


async def spool_disk_check(home: Home, name: str, *, clock: Clock) -> Check:
    """The disk that the spool lies on."""
    folder = home.instance_dir(name)

    def trouble(error: OSError) -> Check:
        found = spool_error(error, home.spool(name))
        problem = unwritable(name, found.text, full=found.disk_full, now=clock.now())
        return of_problem(problem, Hop.DISK)

    step = "Expect few reports a second. Put the home on a faster disk, or find what keeps this one busy."
    return await _disk_check(Hop.DISK, folder, name, clock=clock, child=False, slow=step, trouble=trouble)


async def archive_checks(home: Home, config: InstanceConfig, *, clock: Clock) -> list[Check]:
    """The disks to which files go once they were taken; the instance's own archive takes submitted ones."""
    name, found, mounts = config.name, [], read_mounts()
    for folder in roots(home.archive(name), config.watch):
        network = is_network(folder, mounts=mounts)
        if not network and await _on_one_disk(folder, home.instance_dir(name)):
            text = f"{folder} lies on the disk of the spool."
            found.append(good(Hop.ARCHIVE, text, instance=name, subject=str(folder)))
        else:
            found.append(await _archive_check(folder, name, clock=clock, child=network))
    return found


async def _archive_check(folder: Path, name: str, *, clock: Clock, child: bool) -> Check:
    def trouble(error: OSError) -> Check:
        text = f"Nothing can be written to the archive {folder}: {error.strerror or error}."
        step = "Let the agent's account write there, and see that the disk has space."
        return bad(Hop.ARCHIVE, text, step, instance=name, subject=str(folder))

    slow = "Files are archived slowly. Archive to a faster disk, or find what keeps this one busy."
    return await _disk_check(Hop.ARCHIVE, folder, name, clock=clock, child=child, slow=slow, trouble=trouble)


async def _on_one_disk(one: Path, other: Path) -> bool:
    try:
        first, second = await THREAD.call(lambda: (_device(one), _device(other)), deadline=DEADLINE)
    except (CallHangsError, OSError):
        return False  # a look at the disk itself tells why
    return first == second


def _device(folder: Path) -> int:
    return first_there(folder).stat().st_dev


async def _disk_check(
    hop: Hop,
    folder: Path,
    name: str,
    *,
    clock: Clock,
    child: bool,
    slow: str,
    trouble: Callable[[OSError], Check],
) -> Check:
    """Room and speed.

    Args:
        child: it may hang: look in a child.
        slow: what to do where a flush takes long.
        trouble: says what is wrong where nothing can be written.
    """
    began, subject = clock.monotonic(), str(folder)
    try:
        disk = await look_at_disk(folder, child=child)
    except FolderHangsError:
        text = f"The disk of {folder} does not answer within {DEADLINE:g} s."
        return bad(hop, text, "Check that disk; see the system's log.", instance=name, subject=subject)
    except OSError as error:
        return trouble(error)
    if disk.free < LITTLE:
        text = f"Only {disk.free // 1024**2} MB are free on the disk of {folder}."
        step = "Make room on the disk before it is full."
        return warned(hop, text, step, instance=name, subject=subject)
    if disk.flush > SLOW:
        text = f"The disk of {folder} takes {disk.flush * 1000:.0f} ms to flush what was written."
        return warned(hop, text, slow, instance=name, subject=subject)
    return good(
        hop,
        f"{disk.free / 1024**3:.1f} GB are free; a flush takes {disk.flush * 1000:.1f} ms.",
        instance=name,
        subject=subject,
        seconds=clock.monotonic() - began,
        details={"free": str(disk.free), "total": str(disk.total), "flush": f"{disk.flush:.6f}"},
    )


async def look_at_disk(folder: Path, *, child: bool) -> Disk:
    """Write a little to the disk that `folder` lies on, or will lie on.

    Raises:
        OSError: it cannot be written there, or the disk is full.
        FolderHangsError: there was no answer in time.
    """
    hangs = f"The folder {folder} does not answer."
    if not child:
        try:
            return await THREAD.call(lambda: try_disk(folder), deadline=DEADLINE)
        except CallHangsError:
            raise FolderHangsError(hangs) from None
    process = ChildProcess("stationmaster.diagnostics.disk_trial")
    try:
        await process.start()
        answer = await process.request({"op": "disk", "folder": to_wire(folder)}, DEADLINE)
    except ChildHandlerError as error:
        number = errno.EIO if error.errno is None else error.errno
        raise OSError(number, os.strerror(number), str(folder)) from error
    except ChildError as error:
        raise FolderHangsError(hangs) from error
    finally:
        await process.aclose()
    return msgspec.convert(answer["disk"], Disk)
