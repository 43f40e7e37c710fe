"""What the desktop opens, and what it says when it does not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fakes.opener import Opener
from stationmaster.errors import StationmasterError
from stationmaster_tray import opening
from stationmaster_tray.opening import opened


async def test_the_desktop_is_asked_for_the_path_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desktop = Opener(tmp_path / "desktop", monkeypatch)
    file = tmp_path / "100 % of $HOME; é.csv"
    file.touch()
    await opened(file)
    assert desktop.paths == [str(file)]


async def test_what_no_program_opens_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desktop = Opener(tmp_path / "desktop", monkeypatch)
    desktop.answers("exit 3")  # as its manual page has it: no tool was found
    with pytest.raises(StationmasterError, match="no program that opens"):
        await opened(tmp_path)
    with pytest.raises(StationmasterError, match="is not there"):
        await opened(tmp_path / "gone")
    assert desktop.paths == [str(tmp_path)]
    monkeypatch.setenv("PATH", str(tmp_path))  # a desktop without any such command
    with pytest.raises(StationmasterError, match="no program that opens"):
        await opened(tmp_path)


async def test_a_desktop_whose_command_stays_as_long_as_the_program_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "PATIENCE", 0.1)
    desktop = Opener(tmp_path / "desktop", monkeypatch)
    end = tmp_path / "end"
    desktop.answers(f"read -r _ < '{end}'")
    os.mkfifo(end)
    await opened(tmp_path)
    assert desktop.paths == [str(tmp_path)]
    end.write_text("\n")
