"""Trouble that lasts is logged when it begins and when it ends."""

from __future__ import annotations

import logging

import pytest

from stationmaster.log import Lasting, bound


def test_only_the_beginning_and_the_end_are_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    lasting = Lasting(bound(logging.getLogger("stationmaster.test"), "line1"))
    lasting.over("disk", "never told: there was none")
    for number in range(3):
        lasting.met("disk", f"full {number}")
        lasting.met("share", f"gone {number}")
    lasting.over("disk", "room again")
    lasting.over("disk", "not told twice")
    lasting.met("disk", "full again")
    assert [(one.levelname, one.getMessage()) for one in caplog.records] == [
        ("WARNING", "full 0"),
        ("WARNING", "gone 0"),
        ("INFO", "room again"),
        ("WARNING", "full again"),
    ]
