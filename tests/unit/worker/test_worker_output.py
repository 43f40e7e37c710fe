from __future__ import annotations

from stationmaster.worker.output import TAIL_BYTES, Output


def test_a_flood_is_told_once_and_the_end_is_kept() -> None:
    floods: list[int] = []
    output = Output(10_000, lambda: floods.append(1))
    output.feed(b"a" * 10_000)
    assert not floods
    output.feed(b"b" * 5000)
    output.feed(b"last words")
    assert floods == [1]
    assert output.flooded
    assert output.tail == "b" * (TAIL_BYTES - 10) + "last words"


def test_reset_begins_a_new_count() -> None:
    floods: list[int] = []
    output = Output(10, lambda: floods.append(1))
    for _ in range(5):
        output.feed(b"12345678")
        output.reset()
    assert not floods
    assert output.tail == ""


def test_the_tail_is_text_that_can_be_shown() -> None:
    output = Output(1000, lambda: None)
    output.feed(b"one\r\n\x1b[31mtw\xffo\x00\x07\n\n")
    assert output.tail == "one\n[31mtw\N{REPLACEMENT CHARACTER}o"
