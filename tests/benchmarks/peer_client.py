"""Drains a folder with the published client's own queue: runs under the interpreter that has `pywats-api`.

`python peer_client.py URL FOLDER COUNT`: FOLDER holds so many `*.queued` reports. Prints seconds and CPU
seconds as JSON; leaves with 3 and a sentence where the client cannot be loaded.

Two things are done for the client, so that its queue works at all and is measured at its best: the call
that its queue makes but its library lacks (`submit_raw`) is supplied, and its throttle of 500 requests a
minute is off. The queue's module is loaded by itself: its package imports a GUI.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

PACKAGE = "pywats_client"
MODULE = "service/async_pending_queue.py"
POLL = 0.005
UNUSABLE = 3


def queue_module() -> Any:
    """The module of the client's queue, without its package.

    Raises:
        ImportError: the client, or something it needs, is not installed.
    """
    package = find_spec(PACKAGE)
    if package is None or package.origin is None:
        raise ImportError(f"No module named {PACKAGE!r}")
    path = Path(package.origin).parent / MODULE
    spec = spec_from_file_location("peer_queue", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded")
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


async def drain(api: Any, queue: Any, count: int) -> tuple[float, float]:
    """Let the queue run until it has delivered everything; seconds and CPU seconds."""
    start, cpu = time.perf_counter(), time.process_time()
    running = asyncio.ensure_future(queue.run())
    # Its own counter tells: reading the folder, as its public `stats` does, would be charged to the queue.
    while queue._stats["successful"] < count and not running.done():  # noqa: ASYNC110 - it offers no event
        await asyncio.sleep(POLL)
    figures = time.perf_counter() - start, time.process_time() - cpu
    running.cancel()
    await asyncio.wait([running])
    await queue.stop()
    await api.close()
    return figures


async def main(url: str, folder: Path, count: int) -> int:
    """Drain and print; the exit code."""
    try:
        pywats = import_module("pywats")
        module = queue_module()
    except ImportError as error:
        print(f"the published client cannot be loaded by {sys.executable}: {error}")
        return UNUSABLE
    api: Any = pywats.AsyncWATS(base_url=url, token="bmFtZTpzZWNyZXQ=", enable_throttling=False)
    api.report.submit_raw = api.report.submit_report
    await api._http_client.get("/api/App/Version", cache=False)  # connected, as the others are
    queue: Any = module.AsyncPendingQueue(api, folder)
    seconds, cpu = await drain(api, queue, count)
    print(json.dumps({"seconds": seconds, "cpu": cpu}))
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))))
