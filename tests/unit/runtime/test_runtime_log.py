"""The agent's log: every line names its instance, or says that it is about none."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from stationmaster.log import bound
from stationmaster.runtime.log import LOG_FILE, logging_to

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
