"""The agent's log: every line names its instance, or says that it is about none."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stationmaster.log import bound
from stationmaster.runtime.log import LOG_FILE, Record, Records, logging_to

_LOG = logging.getLogger("stationmaster.test")


def test_lines_go_to_the_file_with_their_instance(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with logging_to(tmp_path, level="info", console=False):
        bound(_LOG, "line1").info("took %s", "a.json")
        _LOG.warning("about nobody")
        _LOG.debug("not asked for")
    took, nobody = (tmp_path / LOG_FILE).read_text(encoding="utf-8").splitlines()
    assert took.endswith("INFO    line1 took a.json")
    assert nobody.endswith("WARNING - about nobody")
    assert capsys.readouterr().err == ""


def test_names_that_are_no_text_are_logged(tmp_path: Path) -> None:
    with logging_to(tmp_path, level="info", console=False):
        _LOG.info("took %s", "caf\udce9.json")
    assert "took caf" in (tmp_path / LOG_FILE).read_text(encoding="utf-8")


def test_with_a_person_looking_on_they_go_to_stderr_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with logging_to(tmp_path, level="debug", console=True):
        _LOG.debug("Größe")
    assert capsys.readouterr().err == (tmp_path / LOG_FILE).read_text(encoding="utf-8")


def test_afterwards_all_is_as_before(tmp_path: Path) -> None:
    root = logging.getLogger("stationmaster")
    before = (root.level, root.propagate, list(root.handlers))
    with logging_to(tmp_path, level="error", console=True):
        assert root.level == logging.ERROR
        assert not root.propagate
    assert (root.level, root.propagate, list(root.handlers)) == before


def test_what_was_logged_reads_back_with_its_tracebacks(tmp_path: Path) -> None:
    with logging_to(tmp_path, level="info", console=False):
        bound(_LOG, "line-").info("took %s", "a.json")
        try:
            raise ValueError("a\nb")
        except ValueError:
            _LOG.exception("it broke")
        _LOG.warning("last")
    lines = (tmp_path / LOG_FILE).read_text(encoding="utf-8").splitlines()
    records = Records()
    took, broke = records.feed(lines)
    (last,) = records.flush()
    assert [one.level for one in (took, broke, last)] == ["info", "error", "warning"]
    assert [one.instance for one in (took, broke, last)] == ["line-", "", ""]
    assert (took.text, last.text) == ("took a.json", "last")
    assert broke.text.startswith("it broke\nTraceback")
    assert broke.text.endswith("ValueError: a\nb")
    assert took.time is not None
    assert took.time.tzinfo is UTC
    assert abs(datetime.now(UTC) - took.time) < timedelta(hours=1)
    assert list(records.flush()) == []


def test_a_line_that_begins_no_record_is_kept_as_it_is() -> None:
    records = Records()
    assert list(records.feed(["the end of a traceback", "2026-99-99 12:00:00,000 INFO    - odd"])) == [
        Record(text="the end of a traceback")
    ]
    assert list(records.flush()) == [Record(level="info", text="odd")]
