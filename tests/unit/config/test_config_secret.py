"""A secret shows itself to nobody."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback

import msgspec
import pytest

from stationmaster.config.secrets import Secret, variable
from stationmaster.errors import ConfigError

PLANTED = "cGxhbnRlZDp0b2tlbg=="


def test_no_text_shows_it(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(PLANTED)
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").warning("%s %r", secret, {"token": secret})
    texts = [
        str(secret),
        repr(secret),
        f"{secret}",
        f"{secret:>10}",
        f"{secret!r}",
        f"{[secret]}",
        caplog.text,
    ]
    texts += ["%s" % secret, str(ValueError(secret)), str(vars(type(secret)))]  # noqa: UP031 - % is what is tested
    assert not [text for text in texts if PLANTED in text]
    assert secret.reveal() == PLANTED


def test_no_encoder_takes_it() -> None:
    secret = Secret(PLANTED)
    for encode in (pickle.dumps, json.dumps, msgspec.json.encode, msgspec.to_builtins, hash):
        with pytest.raises(TypeError) as caught:
            encode(secret)
        assert PLANTED not in str(caught.value)


def test_copies_and_comparison() -> None:
    secret = Secret(PLANTED)
    assert copy.copy(secret) is secret
    assert copy.deepcopy([secret])[0] is secret
    assert secret == Secret(PLANTED)
    assert secret != Secret("other")
    assert secret != PLANTED


def test_what_a_person_gives_is_taken_without_the_space_around_it() -> None:
    assert Secret.parse(f"\ufeff  {PLANTED}\r\n").reveal() == PLANTED


@pytest.mark.parametrize(
    "text", ["", "  \n", f"{PLANTED}\nX: y", f"{PLANTED} x", f"{PLANTED}\0", f"é{PLANTED}", PLANTED * 60]
)
def test_what_no_header_can_carry_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Secret.parse(text)
    shown = "".join(traceback.format_exception(caught.value))
    assert PLANTED not in shown
    assert PLANTED[:6] not in str(caught.value)


def test_the_variable_s_name() -> None:
    assert variable("line-1.b") == "STATIONMASTER_TOKEN_LINE_1_B"
