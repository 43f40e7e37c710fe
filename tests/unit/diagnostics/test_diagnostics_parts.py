"""Small parts of the doctor and of the words that it shares with the agent."""

from __future__ import annotations

import errno
import time
from functools import partial

import pytest

from stationmaster.deliver.link import clock_text
from stationmaster.ingest.drive import DRIVE_STEP, missing_drive
from stationmaster.ingest.trouble import Trouble
from stationmaster.wats.failure import host_and_port
from stationmaster.wats.resolver import Resolver


def test_a_drive_that_a_service_does_not_have_is_named() -> None:
    asked: list[str] = []

    def drive_type(root: str) -> int:
        asked.append(root)
        return 1 if root == "Z:\\" else 3

    assert missing_drive("Z:\\results", drive_type=drive_type) == "Z:"
    assert missing_drive("C:\\results", drive_type=drive_type) == ""
    assert missing_drive("\\\\server\\share", drive_type=drive_type) == ""
    assert asked == ["Z:\\", "C:\\"]
    missing = partial(missing_drive, drive_type=drive_type)
    found = Trouble.of(FileNotFoundError(errno.ENOENT, "no"), "Z:\\results", missing=missing)
    assert found.text == "The watch folder Z:\\results is not there: this account has no drive Z:."
    assert found.next_step == DRIVE_STEP


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://company.wats.com/api", "company.wats.com:443"),
        ("http://user:word@proxy:3128", "proxy:3128"),
        ("http://[::1]", "[::1]:80"),
    ],
)
def test_an_address_in_a_text_has_its_port_and_no_password(url: str, place: str) -> None:
    assert host_and_port(url) == place


def test_clocks_may_differ_a_little() -> None:
    assert clock_text(300.0) == ""
    assert clock_text(-301.0) == "The station's clock is 5 minutes ahead of the server's."


async def test_a_name_server_that_hangs_is_told_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_args, **_kinds: time.sleep(0.5))
    with pytest.raises(OSError, match=r"no answer within 0\.01 s"):
        await Resolver(0.01).resolve("wats.example", 443)
