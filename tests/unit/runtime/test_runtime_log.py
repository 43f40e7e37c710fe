"""The agent's log: JSON lines in the file, each with its instance and entry; readable text on stderr."""

from __future__ import annotations

import errno
import json
import logging
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stationmaster.config.secrets import Secret
from stationmaster.diagnostics.log_record import LOG_FILE, Record, Records
from stationmaster.log import bound
from stationmaster.runtime.log import Levels, logging_to
from stationmaster.runtime.log_file import TEXT_LIMIT, LogFile

_LOG = logging.getLogger("stationmaster.test")


def lines(folder: Path) -> list[dict[str, Any]]:
    """The file's lines; each must be one JSON object."""
    return [json.loads(line) for line in (folder / LOG_FILE).read_text(encoding="utf-8").splitlines()]


def test_a_line_says_when_who_what_and_about_which_instance_and_entry(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with logging_to(tmp_path, level="info", console=False):
        bound(_LOG, "line1", entry=7).info("took %s", "a.json", extra={"size": 12, "kind": Path("x")})
        _LOG.warning("about nobody")
        _LOG.debug("not asked for")
    took, nobody = lines(tmp_path)
    moment = datetime.fromisoformat(took.pop("time"))
    assert moment.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - moment) < timedelta(hours=1)
    assert took == {
        "level": "info",
        "logger": "stationmaster.test",
        "instance": "line1",
        "entry": 7,
        "message": "took a.json",
        "size": 12,
        "kind": "x",
    }
    assert (nobody["level"], nobody["message"]) == ("warning", "about nobody")
    assert "instance" not in nobody
    assert "entry" not in nobody
    assert capsys.readouterr().err == ""


def test_names_that_are_no_text_are_logged(tmp_path: Path) -> None:
    with logging_to(tmp_path, level="info", console=False):
        _LOG.info("took %s", "caf\udce9.json")
        _LOG.info("wrong %d", "no number")
    took, wrong = lines(tmp_path)
    assert took["message"] == "took caf\\xe9.json"
    assert "wrong %d" in wrong["message"]


def test_with_a_person_looking_on_text_goes_to_stderr_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with logging_to(tmp_path, level="debug", console=True):
        bound(_LOG, "line1", entry=3).debug("Größe")
        _LOG.info("of nobody")
    one, two = capsys.readouterr().err.splitlines()
    assert one.endswith("DEBUG   line1 [3] Größe")
    assert two.endswith("INFO    - of nobody")
    assert [line["message"] for line in lines(tmp_path)] == ["Größe", "of nobody"]


def test_afterwards_all_is_as_before(tmp_path: Path) -> None:
    root = logging.getLogger("stationmaster")
    before = (root.level, root.propagate, list(root.handlers))
    with logging_to(tmp_path, level="error", console=True):
        assert root.level == logging.ERROR
        assert not root.propagate
    assert (root.level, root.propagate, list(root.handlers)) == before


def test_what_was_logged_reads_back_with_its_tracebacks(tmp_path: Path) -> None:
    with logging_to(tmp_path, level="info", console=False):
        bound(_LOG, "line-", entry=4).info("took %s", "a.json", extra={"size": 1})
        try:
            raise ValueError("a\nb")
        except ValueError:
            _LOG.exception("it broke")
    took, broke = Records().feed((tmp_path / LOG_FILE).read_text(encoding="utf-8").splitlines())
    assert (took.level, took.logger, took.instance, took.entry) == ("info", "stationmaster.test", "line-", 4)
    assert (took.text, took.extra) == ("took a.json", {"size": 1})
    assert broke.text == "it broke"
    assert broke.exception.startswith("Traceback")
    assert broke.exception.endswith("ValueError: a\nb")
    assert took.time is not None
    assert abs(datetime.now(UTC) - took.time) < timedelta(hours=1)


OLD = [
    "the end of a traceback",
    "2026-03-02 12:00:00,123 INFO    line1 took a.json",
    "2026-03-02 12:00:01,000 ERROR   - it broke",
    "Traceback",
    "  because",
    "2026-99-99 12:00:00,000 INFO    - odd",
]
NEW = '{"time":"2026-03-02T12:00:02Z","level":"info","logger":"stationmaster.x","message":"new"}'


def test_lines_of_an_earlier_version_in_the_same_file_are_read_too() -> None:
    records = Records()
    found = [*records.feed([*OLD, NEW, "{no json"]), *records.flush()]
    assert [one.text for one in found] == [
        "the end of a traceback",
        "took a.json",
        "it broke\nTraceback\n  because",
        "odd",
        "new",
        "{no json",
    ]
    assert [one.instance for one in found[:3]] == ["", "line1", ""]
    assert found[1].time is not None
    assert found[3].time is None
    assert found[0] == Record(text="the end of a traceback")
    assert list(records.flush()) == []


def test_a_secret_that_the_process_held_stands_in_no_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token = "bGluZS10b2tlbjpwbGFudGVkLXBhc3N3b3JkLTc3Lw=="  # "line-token:planted-password-77/"
    secret = Secret(token)
    with logging_to(tmp_path, level="info", console=True):
        _LOG.warning("the server said %s", {"echo": secret.reveal()}, extra={"header": f"Basic {token}"})
        try:
            raise ValueError("planted-password-77/")
        except ValueError:
            _LOG.exception("and %s", "planted-password-77%2F")
        _LOG.warning("%s", token.replace("=", "%3D"))
    written = (tmp_path / LOG_FILE).read_text() + capsys.readouterr().err
    assert "planted-password" not in written
    assert token[:20] not in written
    assert written.count("***") >= 4


def test_a_long_text_is_cut(tmp_path: Path) -> None:
    with logging_to(tmp_path, level="info", console=False):
        _LOG.info("%s", "x" * (TEXT_LIMIT + 5))
    assert lines(tmp_path)[0]["message"].endswith("x ... (5 letters more)")


def test_the_file_is_rotated_and_no_line_is_lost(tmp_path: Path) -> None:
    handler = LogFile(tmp_path, size=1000, older=3)
    for number in range(40):
        handler.handle(logging.LogRecord("stationmaster.x", logging.INFO, "", 0, f"line {number}", (), None))
    handler.close()
    names = [LOG_FILE, *(f"{LOG_FILE}.{number}" for number in range(1, 4))]
    texts = [(tmp_path / name).read_text() for name in reversed(names)]
    assert not (tmp_path / f"{LOG_FILE}.4").exists()
    assert max(map(len, texts)) <= 1000
    told = [json.loads(line)["message"] for line in "".join(texts).splitlines()]
    assert told == [f"line {number}" for number in range(40 - len(told), 40)]


def test_a_disk_that_takes_nothing_makes_no_storm_and_is_told_later(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full for a while; a line that was cut off there does not spoil the next."""
    real = os.write
    moment = [1000.0]
    monkeypatch.setattr("stationmaster.runtime.log_file.time.monotonic", lambda: moment[0])
    with logging_to(tmp_path, level="info", console=False):
        _LOG.info("before")
        cut = [True]

        def torn(file: int, content: bytes) -> int:
            if cut:
                cut.clear()
                return real(file, content[:20])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr("stationmaster.runtime.log_file.os.write", torn)
        for number in range(50):
            _LOG.info("lost %d", number)
        monkeypatch.setattr("stationmaster.runtime.log_file.os.write", real)
        moment[0] += 60
        _LOG.info("after")
    records = Records()
    text = (tmp_path / LOG_FILE).read_text().splitlines()
    told = [one.text for one in (*records.feed(text), *records.flush()) if one.time]
    assert told == ["before", "50 log lines could not be written: No space left on device", "after"]
    assert capsys.readouterr() == ("", "")


def test_the_levels_of_parts_come_and_go() -> None:
    deliver, root = logging.getLogger("stationmaster.deliver.link"), logging.getLogger("stationmaster")
    before = root.level
    levels = Levels()
    try:
        levels.take_up("warning", {"deliver": "debug"})
        assert deliver.isEnabledFor(logging.DEBUG)
        assert not logging.getLogger("stationmaster.spool").isEnabledFor(logging.INFO)
        levels.take_up("info", {})
        assert not deliver.isEnabledFor(logging.DEBUG)
        assert deliver.isEnabledFor(logging.INFO)
    finally:
        root.setLevel(before)
