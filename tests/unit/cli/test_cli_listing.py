"""The list of commands: each summary is whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes.typed import run
from stationmaster.cli.root import NOUNS


@pytest.mark.parametrize("noun", ["", *NOUNS])
def test_no_summary_is_cut(tmp_path: Path, noun: str) -> None:
    said = run({"STATIONMASTER_HOME": str(tmp_path)}, *([noun] if noun else []), "--help")
    commands = said.out.partition("Commands:\n")[2]
    assert commands
    assert "..." not in commands
    assert commands.endswith(".\n")


@pytest.mark.parametrize("words", [("doctor",), ("agent", "pause")])
def test_what_may_be_left_out_stands_in_one_pair_of_brackets(tmp_path: Path, words: tuple[str, ...]) -> None:
    said = run({"STATIONMASTER_HOME": str(tmp_path)}, *words, "--help")
    assert said.out.startswith(f"Usage: stationmaster {' '.join(words)} [OPTIONS] [INSTANCE]...\n")
