"""Whose fault is it that a file is not read: the converter's, or the share's that it lies on?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from stationmaster.convert.job import NotYet
from stationmaster.file_name import to_wire
from stationmaster.worker.error import ChildError, ChildHandlerError, ChildTimeoutError
from stationmaster.worker.process import ChildProcess

SHARE_TIMEOUT = 5.0
"""Seconds in which a share that is well lets both ends of a file be read."""


async def hangs(error: ChildError, path: Path, spare: Callable[[], ChildProcess]) -> NotYet | None:
    """The verdict where a worker was not done in time because the file cannot be read now, else None.

    Args:
        error: how the worker's work ended.
        spare: makes another process, to find out whether the file can be read at all.
    """
    if not isinstance(error, ChildTimeoutError) or await _answers(path, spare):
        return None
    return NotYet(reason="busy", text=f"{path} cannot be read: its folder does not answer.")


async def _answers(path: Path, spare: Callable[[], ChildProcess]) -> bool:
    child = spare()
    try:
        await child.start()
        await child.request({"op": "readable", "path": to_wire(path)}, SHARE_TIMEOUT)
    except ChildHandlerError:
        return True
    except ChildError:
        return False
    finally:
        await child.aclose()
    return True
