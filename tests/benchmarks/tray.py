"""The window with 100,000 entries in its list: how long it stands still while that is read and scrolled.

A real agent with so many reports in its queue, and the page "Queue & Errors" drawn without a screen.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PySide6.QtWidgets import QApplication

from benchmarks import row as rows
from fakes.gaps import Gaps
from fakes.long_list import page_with, read_to_the_end, scroll_through
from stationmaster_tray import loop, theme

MANY = 100_000


async def measure() -> int:
    """Measure and print; the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        async with page_with(Path(folder), MANY, "waiting") as page:
            with Gaps() as reading:
                await read_to_the_end(page, MANY)
            with Gaps() as scrolling:
                await scroll_through(page)
    good = (
        rows.TRAY_READ.tell(reading.longest),
        rows.TRAY_SCROLL_MOST.tell(scrolling.share(0.99)),
        rows.TRAY_SCROLL.tell(scrolling.longest),
        rows.TRAY_BUSY.tell(max(*reading.busy, *scrolling.busy)),
    )
    return 0 if all(good) else 1


def main() -> int:
    """Run it on the loop that Qt and asyncio share."""
    app = QApplication(["benchmark"])
    theme.apply(app)
    return loop.run(app, measure)


if __name__ == "__main__":
    sys.exit(main())
