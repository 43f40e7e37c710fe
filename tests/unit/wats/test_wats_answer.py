"""Reading answers: what counts as delivered, and what each status means."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stationmaster.errors import (
    NeedsLoginError,
    NeedsUserError,
    RejectedError,
    StationmasterError,
    TransientError,
)
from stationmaster.model import ProblemCode
from stationmaster.wats.answer import (
    RETRY_AFTER_LIMIT,
    Answer,
    Receipt,
    excerpt,
    read_ids,
    read_receipt,
    read_version,
    retry_after,
)

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
ID = "0a6bbf4e-3f4c-4a55-8b57-1f9a1d6f2b10"
SECRET = "bmFtZTpzZWNyZXQ="


def answer(status: int, body: bytes | str = b"", **headers: str) -> Answer:
    data = body.encode() if isinstance(body, str) else body
    return Answer(
        status, {key.replace("_", "-"): value for key, value in headers.items()}, data, secret=SECRET
    )


def read(status: int, body: bytes | str = b"", **headers: str) -> Receipt:
    return read_receipt(answer(status, body, **headers), ID, now=NOW)


def failure(status: int, body: bytes | str = b"", **headers: str) -> StationmasterError:
    with pytest.raises(StationmasterError) as caught:
        read(status, body, **headers)
    return caught.value


@pytest.mark.parametrize(
    "body",
    [
        f'{{"ID":"{ID}","uuid":"{ID}","Report_ID":7}}',
        f'{{"ID":"{ID.upper()}"}}',
        f'{{"id":"{{{ID}}}"}}',
        f'{{"uuid":"{ID}"}}',
        f'[{{"ID":"{ID}"}}]',
    ],
)
@pytest.mark.parametrize("status", [200, 201, 202])
def test_an_answer_that_names_our_id_is_a_receipt(status: int, body: str) -> None:
    receipt = read(status, body)
    assert receipt.status == status
    assert receipt.server_id.strip("{}").lower() == ID
    assert msgspec.json.decode(receipt.text())["body"] == body


def test_the_servers_own_id_is_kept() -> None:
    server_id = "11111111-2222-4333-8444-555555555555"
    assert read(200, f'{{"ID":"{ID}","uuid":"{server_id}"}}').server_id == server_id


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"Report_ID":7}',
        '{"ID":null}',
        '{"ID":""}',
        '"ok"',
        "7",
        f'{{"ID":"{ID}"',
        f"[{ID}]",
        "[" * 60_000,
        '{"a":' * 10_000,
        b'{"ID":"\xff"}',
    ],
)
def test_a_success_without_our_id_is_no_receipt(body: str | bytes) -> None:
    error = failure(200, body)
    assert isinstance(error, TransientError)
    assert (error.code, error.alone) == (ProblemCode.SERVER_ANSWER_FOREIGN, True)


def test_a_cut_answer_is_no_receipt() -> None:
    whole = Answer(200, {}, f'{{"ID":"{ID}"}}'.encode(), complete=False)
    with pytest.raises(TransientError):
        read_receipt(whole, ID, now=NOW)


def test_the_id_that_comes_first_decides() -> None:
    error = failure(200, f'{{"ID":"{UUID(int=1)}","uuid":"{ID}"}}')
    assert isinstance(error, TransientError)
    assert str(UUID(int=1)) in error.text


@given(st.binary(max_size=200), st.integers(100, 599))
def test_no_answer_but_one_with_our_id_is_a_receipt(body: bytes, status: int) -> None:
    with pytest.raises(StationmasterError):
        read_receipt(Answer(status, {}, body), ID, now=NOW)


@pytest.mark.parametrize("status", [100, 300, 301, 302, 303, 304, 307, 308])
def test_a_redirect_is_trouble_of_the_link_and_names_the_host_only(status: int) -> None:
    error = failure(status, "", Location=f"https://portal.example/login?token={SECRET}")
    assert isinstance(error, TransientError)
    assert (error.code, error.alone, error.overload) == (ProblemCode.SERVER_REDIRECTS, False, False)
    assert "portal.example" in error.text
    assert "login?" not in error.text


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, ProblemCode.LOGIN_REFUSED),
        (403, ProblemCode.PERMISSION_REFUSED),
        (407, ProblemCode.PROXY_LOGIN),
        (404, ProblemCode.ROUTE_MISSING),
    ],
)
def test_what_needs_a_person(status: int, code: ProblemCode) -> None:
    error = failure(status, "why")
    assert isinstance(error, NeedsUserError)
    assert isinstance(error, NeedsLoginError) == (status != 404)
    assert error.code == code
    assert str(status) in error.text
    assert error.next_step


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_what_is_refused_for_good(status: int) -> None:
    error = failure(status, "root -> step X: bad\nloop Y: bad")
    assert isinstance(error, RejectedError)
    assert str(status) in error.text
    assert status == 413 or "loop Y: bad" in error.text


@pytest.mark.parametrize("status", [408, 425, 429, 500, 501, 502, 503, 504, 599])
def test_what_is_tried_again_for_ever(status: int) -> None:
    error = failure(status, "", Retry_After="7")
    assert isinstance(error, TransientError)
    assert error.retry_after == 7.0
    assert error.overload == (status in {429, 503})
    assert error.alone != error.overload
    assert error.code == ProblemCode.SERVER_BUSY


@pytest.mark.parametrize("status", [402, 405, 406, 409, 410, 418, 431, 451])
def test_any_other_4xx_holds_that_report_alone(status: int) -> None:
    error = failure(status, "why")
    assert isinstance(error, TransientError)
    assert error.alone


@pytest.mark.parametrize("status", [400, 415, 422])
def test_a_page_from_something_in_between_costs_no_report(status: int) -> None:
    error = failure(status, "<!doctype html>", Content_Type="text/html; charset=utf-8")
    assert isinstance(error, TransientError)
    assert error.alone


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("plain words", "plain words"),
        ('"quoted words"', "quoted words"),
        ('{"Message": "from IIS"}', "from IIS"),
        ('{"title": "T", "detail": "D"}', "D"),
        ('{"errors": {"sn": ["missing"]}}', '{"sn":["missing"]}'),
        ('{"other": 1}', '{"other": 1}'),
        ("", "no reason given"),
        ("<p>page</p>", "an HTML page"),
    ],
)
def test_the_servers_own_words(body: str, reason: str) -> None:
    assert reason in failure(500, body).text


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, f"bad token {SECRET}"),
        (401, f'"{SECRET}"'),
        (403, f'{{"message": "token {SECRET}"}}'),
        (500, f"Authorization: Basic {SECRET}"),
        (410, SECRET),
    ],
)
def test_an_echoed_token_is_cut_out(status: int, body: str) -> None:
    assert SECRET not in str(failure(status, body))


def test_a_token_at_the_cut_leaves_no_fragment() -> None:
    for filler in range(2048 - len(SECRET), 2049):
        assert SECRET[:6] not in failure(500, "x" * filler + SECRET).text


@pytest.mark.parametrize("form", ["ab/cd+ef==", r"ab\/cd+ef==", "ab%2Fcd%2Bef%3D%3D", "ab/cd%2Bef%3D%3D"])
def test_a_token_echoed_with_escapes_is_cut_out(form: str) -> None:
    echo = Answer(500, {}, f"you sent {form}".encode(), secret="ab/cd+ef==")
    with pytest.raises(TransientError) as caught:
        read_receipt(echo, ID, now=NOW)
    assert "you sent ***." in caught.value.text


def test_the_password_inside_an_echoed_token_is_cut_out() -> None:
    assert failure(401, "user name: password secret is wrong").text.endswith("password *** is wrong.")


def test_an_answer_never_shows_its_token() -> None:
    assert SECRET not in repr(answer(200, SECRET))


def test_the_servers_words_steer_no_terminal() -> None:
    text = failure(400, "\x1b[2J\x1b]0;gone\x07 wrong\x00").text
    assert "wrong" in text
    assert text.isprintable()


@pytest.mark.parametrize("place", ["http://[foo", "//", "\x1b[2J", "http://\x1b[31m/"])
def test_a_redirect_to_no_address(place: str) -> None:
    error = failure(302, Location=place)
    assert isinstance(error, TransientError)
    assert error.code == ProblemCode.SERVER_REDIRECTS
    assert error.text.isprintable()


def test_an_echoed_token_is_cut_out_of_the_receipt() -> None:
    receipt = read(200, f'{{"ID":"{ID}","echo":"{SECRET}"}}')
    assert SECRET not in receipt.text()


@given(st.binary(max_size=5000))
def test_an_excerpt_is_bounded_in_bytes(body: bytes) -> None:
    assert len(excerpt(Answer(200, {}, body)).encode()) <= 2048


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "-5"}, 0.0),
        ({"Retry-After": " 2.5 "}, 2.5),
        ({"Retry-After": "1e99"}, RETRY_AFTER_LIMIT),
        ({"Retry-After": "Thu, 01 Jan 2026 12:00:20 GMT"}, 20.0),
        ({"Retry-After": "Thu, 01 Jan 2026 11:00:00 GMT"}, 0.0),
        # The server's clock is an hour ahead of ours: its own Date is what its Retry-After means.
        ({"Retry-After": "Thu, 01 Jan 2026 13:00:20 GMT", "Date": "Thu, 01 Jan 2026 13:00:00 GMT"}, 20.0),
        ({"Retry-After": "Thu, 01 Jan 2026 12:00:20 GMT", "Date": "nonsense"}, 20.0),
        ({"Retry-After": "Thu, 32 Jan 2026 12:00:20 GMT"}, None),
        ({"Retry-After": "Thu, 01 Jan 2026 12:00:20"}, 20.0),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 -0100"}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, now=NOW) == seconds


def test_the_version_is_a_json_string() -> None:
    assert read_version(answer(200, '"2026.1.5.324"'), now=NOW) == "2026.1.5.324"


@pytest.mark.parametrize("body", ["", "2026", '""', "<html>", '{"version": "2026"}', "[" * 60_000])
def test_anything_else_is_no_wats_server(body: str) -> None:
    with pytest.raises(TransientError) as caught:
        read_version(answer(200, body), now=NOW)
    assert caught.value.code == ProblemCode.SERVER_ANSWER_FOREIGN


def test_a_list_of_headers_names_its_reports() -> None:
    body = '[{"uuid": "AB-1"}, {"uuid": "ab-2", "run": 1}]'
    assert read_ids(answer(200, body), now=NOW) == ["ab-1", "ab-2"]
    assert read_ids(answer(200, "[]"), now=NOW) == []


@pytest.mark.parametrize("body", ["", "{}", "[1]", "[{}]", '[{"uuid": 7}]', '[{"uuid": ""}]', "<html>"])
def test_anything_else_is_no_list_of_headers(body: str) -> None:
    with pytest.raises(TransientError) as caught:
        read_ids(answer(200, body), now=NOW)
    assert caught.value.code == ProblemCode.SERVER_ANSWER_FOREIGN


def test_a_list_that_the_server_refuses_tells_why() -> None:
    with pytest.raises(TransientError, match="The server answered 400: no"):
        read_ids(answer(400, "no"), now=NOW)


@pytest.mark.parametrize("status", [400, 405, 409, 413])
def test_a_ping_is_never_rejected(status: int) -> None:
    with pytest.raises(TransientError):
        read_version(answer(status, "no"), now=NOW)
