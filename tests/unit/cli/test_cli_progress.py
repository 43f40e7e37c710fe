"""Progress is for a person at a terminal, and for nobody else."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stationmaster.cli.progress import progress
from stationmaster.runtime.log import logging_to

if sys.platform == "win32":
    pytest.skip("a terminal is made with a Unix call", allow_module_level=True)


class Screen:
    """What came on the terminal."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def text(self) -> str:
        found = b""
        while True:
            try:
                found += os.read(self._descriptor, 65536)
            except BlockingIOError:
                return found.decode()


@contextmanager
def screen() -> Iterator[Screen]:
    """A terminal in place of stderr."""
    mine, theirs = os.openpty()
    os.set_blocking(mine, False)
    with (
        pytest.MonkeyPatch.context() as patch,
        os.fdopen(mine, "rb", buffering=0),
        os.fdopen(theirs, "w", encoding="utf-8") as stderr,
    ):
        patch.setattr(sys, "stderr", stderr)
        patch.setenv("TERM", "xterm")
        patch.setenv("COLUMNS", "100")
        yield Screen(mine)


def test_a_terminal_shows_how_far_the_work_is() -> None:
    with screen() as seen:
        with progress("Exporting") as bar:
            assert "Exporting" in seen.text()
            bar.update(3, 7)
        assert "3/7" in seen.text()


def test_what_is_left_counts_against_the_most_that_ever_was() -> None:
    with screen() as seen:
        with progress("Draining") as bar:
            for left in (0, 4, 9, 2):
                bar.left(left)
        assert "7/9" in seen.text()


def test_the_log_goes_on_above_the_bar(tmp_path: Path) -> None:
    log = logging.getLogger("stationmaster.test")
    with screen() as seen, logging_to(tmp_path, level="info", console=True):
        with progress("Delivering"):
            log.warning("about [something]")
        log.warning("afterwards")
        shown = seen.text()
    assert "WARNING - about [something]" in shown
    assert "WARNING - afterwards" in shown


def test_who_reads_json_sees_no_bar() -> None:
    with screen() as seen:
        with progress("Exporting", quiet=True) as bar:
            bar.update(1, 2)
        assert seen.text() == ""


def test_a_pipe_gets_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("Exporting") as bar:
        bar.update(1, 2)
        bar.left(3)
    assert capsys.readouterr() == ("", "")
