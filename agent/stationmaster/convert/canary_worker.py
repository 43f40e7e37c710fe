"""The module that a canary's conversions run in: a worker, nicer than the live ones, with less disk.

`python -m stationmaster.convert.canary_worker`.
"""

from __future__ import annotations

import os
import sys

from stationmaster.convert import worker

NICER = 10
"""On top of what every child is; Windows gives all workers a low priority already."""
MOST_WRITTEN = 256 * 1024 * 1024
"""Bytes of one file that it may write: the disk is the spool's."""


def main() -> None:
    """Serve the pool until it closes the channel."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - POSIX only

        os.nice(NICER)
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        most = MOST_WRITTEN if hard == resource.RLIM_INFINITY else min(MOST_WRITTEN, hard)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    worker.main()


if __name__ == "__main__":
    main()
