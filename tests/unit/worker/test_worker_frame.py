from __future__ import annotations

import pytest

from stationmaster.worker.frame import FRAME_LIMIT, FrameError, FrameReader, pack


def test_messages_survive_any_cut() -> None:
    stream = pack({"a": 1}) + pack({"b": "ü"}) + pack({})
    for step in (1, 2, 3, 7, len(stream)):
        reader = FrameReader()
        found = [m for at in range(0, len(stream), step) for m in reader.feed(stream[at : at + step])]
        assert found == [{"a": 1}, {"b": "ü"}, {}]


def test_text_that_cannot_be_sent_is_sent_as_people_see_it() -> None:
    """A plug-in's exception may say anything; a worker must not end for it."""
    message = {"caf\udce9": ["caf\udce9.json", ("half \ud83d", 1)], "b": {"c": None, "d": "\N{BULLET}"}}

    assert list(FrameReader().feed(pack(message))) == [
        {r"caf\xe9": [r"caf\xe9.json", [r"half \ud83d", 1]], "b": {"c": None, "d": "\N{BULLET}"}}
    ]


def test_a_message_that_is_too_large_is_not_sent() -> None:
    with pytest.raises(FrameError, match="larger"):
        pack({"a": "x" * FRAME_LIMIT})


@pytest.mark.parametrize("stream", [b"\xff\xff\xff\xff", b"\0\0\0\2[]", b"\0\0\0\1{", b"\0\0\0\0"])
def test_what_is_no_message_is_refused(stream: bytes) -> None:
    with pytest.raises(FrameError):
        list(FrameReader().feed(stream))
