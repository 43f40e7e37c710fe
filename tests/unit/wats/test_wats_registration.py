"""Registered clients: passcodes, tokens, and the body of an update."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from stationmaster.errors import (
    NeedsLoginError,
    NeedsUserError,
    RejectedError,
    StationmasterError,
    TransientError,
)
from stationmaster.model import ProblemCode
from stationmaster.wats.answer import Answer
from stationmaster.wats.registration import (
    ClientState,
    Computer,
    ConverterState,
    Disk,
    belongs_to,
    read_passcode,
    token_of,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SECRET = "cmVnaXN0ZXI6cGxhbnRlZC1zZWNyZXQ="  # base64 of "register:planted-secret"


def read(status: int, body: bytes, *, complete: bool = True) -> str:
    return read_passcode(Answer(status, {}, body, complete, SECRET), "PC-line1", now=NOW)


@pytest.mark.parametrize("body", [b'"pass-1:2"', b"pass-1:2", b' "pass-1:2"\r\n', b'"pass\\u002d1:2"'])
def test_a_passcode_is_read_with_quotes_or_without(body: bytes) -> None:
    assert read(200, body) == "pass-1:2"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'""',
        b"null",
        b"{}",
        b"[1]",
        b"<html>",
        b"two words",
        b'"two words"',
        b'"open',
        b"\xff",
        b"x" * 600,
    ],
)
def test_what_is_no_passcode_is_none(body: bytes) -> None:
    with pytest.raises(TransientError) as caught:
        read(200, body)
    assert caught.value.code == ProblemCode.SERVER_ANSWER_FOREIGN


def test_half_a_passcode_is_none() -> None:
    with pytest.raises(TransientError):
        read(200, b"pass", complete=False)


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (401, NeedsLoginError, "does not accept the register token"),
        (403, NeedsLoginError, "does not let this token register clients"),
        (404, NeedsUserError, "does not register clients"),
        (405, NeedsUserError, "does not register clients"),
        (409, RejectedError, '"PC-line1" belongs to another type of client'),
        (500, TransientError, "500"),
        (302, TransientError, "redirects"),
    ],
)
def test_a_refusal_is_told_in_words_with_a_next_step(
    status: int, kind: type[StationmasterError], words: str
) -> None:
    with pytest.raises(kind) as caught:
        read(status, f'{{"message": "no, {SECRET}, planted-secret"}}'.encode())
    assert words in caught.value.text
    assert "planted-secret" not in str(caught.value)
    assert SECRET not in str(caught.value)
    if status < 500:
        assert caught.value.next_step


def test_a_token_tells_whose_it_is() -> None:
    token = token_of("PC-Prüfung", "a:b")
    assert token.isascii()
    assert belongs_to(token, "PC-Prüfung")
    assert not belongs_to(token, "PC")
    assert not belongs_to(SECRET, "PC-Prüfung")
    assert not belongs_to("no token", "")


def test_the_body_of_an_update_has_the_names_that_the_server_knows() -> None:
    state = ClientState(
        name="FCT-04",
        location="Hall 2",
        purpose="Production",
        version="1.2",
        status="Online",
        pending_total=3,
        computer=Computer(os_version="An OS", disks=(Disk(name="/", total_size=10),)),
        converters=(
            ConverterState(
                name="wsjf",
                state="Running",
                version="1",
                total=2,
                error=1,
                kind="Wsjf",
                filter="*",
                path="/in",
                post_process_action="Keep",
            ),
        ),
    )
    body = msgspec.json.decode(msgspec.json.encode(state))
    assert list(body) == [
        *("name", "location", "purpose", "version", "status", "pendingTotal", "computer", "converters"),
    ]
    assert list(body["computer"]) == [
        *("osVersion", "pythonVersion", "osArchitecture", "computerName", "domain"),
        *("totalPhysicalMemory", "disks"),
    ]
    assert list(body["computer"]["disks"][0]) == [
        *("name", "driveType", "systemDrive", "volumeLabel", "driveFormat", "totalSize"),
        *("availableFreeSpace", "totalFreeSpace"),
    ]
    assert list(body["converters"][0]) == [
        *("name", "state", "version", "total", "error", "class", "filter", "path", "postProcessAction"),
    ]
