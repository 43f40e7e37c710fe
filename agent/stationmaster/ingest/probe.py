"""May we write there? Found out by doing it: rights, quotas and read-only disks tell only then.

Done in the agent's thread for local folders, in a killable child where a folder may hang.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

from stationmaster.blocking import THREAD, CallHangsError
from stationmaster.file_name import from_wire, to_wire
from stationmaster.ingest.files import DEADLINE, FolderHangsError
from stationmaster.ingest.scan import OWN_PREFIX
from stationmaster.sentence import closed
from stationmaster.worker.child import serve
from stationmaster.worker.error import ChildError, ChildHandlerError
from stationmaster.worker.process import ChildProcess


async def try_write(folder: Path, *, child: bool) -> None:
    """Make a file in `folder`, or in the first folder above it that is there, and remove it.

    Raises:
        OSError: it may not be written there.
        FolderHangsError: there was no answer in time.
    """
    if not child:
        try:
            return await THREAD.call(lambda: write_and_remove(folder), deadline=DEADLINE)
        except CallHangsError:
            raise FolderHangsError(f"The folder {folder} does not answer.") from None
    process = ChildProcess("stationmaster.ingest.probe")
    try:
        await process.start()
        await process.request({"op": "write", "folder": to_wire(folder)}, DEADLINE)
    except ChildHandlerError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(folder)) from error
    except ChildError as error:
        raise FolderHangsError(closed(f"The folder {folder} does not answer: {error}")) from error
    finally:
        await process.aclose()


def write_and_remove(folder: Path) -> None:
    """The blocking part. The name is one that no scan takes."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    trial = folder / f"{OWN_PREFIX}probe-{secrets.token_hex(4)}"
    with trial.open("xb"):
        pass
    trial.unlink()


def _write(message: dict[str, Any]) -> dict[str, Any]:
    write_and_remove(Path(from_wire(message["folder"])))
    return {}


def main() -> None:
    """Write for an agent until it is gone."""
    serve({"write": _write})


if __name__ == "__main__":
    main()
