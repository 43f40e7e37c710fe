"""Sentences that are put together: one full stop, one space, whatever others said."""

from __future__ import annotations

import pytest

from stationmaster.errors import ConfigError, ConversionError
from stationmaster.sentence import an, closed, joined


@pytest.mark.parametrize(
    ("text", "ended"),
    [
        ("disk is full", "disk is full."),
        ("Disk is full.", "Disk is full."),
        ("The server said: busy..", "The server said: busy."),
        ("and so on...", "and so on..."),
        ("why?", "why?"),
        ('It said "no."', 'It said "no."'),
        ("It failed (twice.)", "It failed (twice.)"),
        ("line 3 \n", "line 3."),
        ("", ""),
    ],
)
def test_a_sentence_ends_once(text: str, ended: str) -> None:
    assert closed(text) == ended


def test_sentences_stand_apart_and_a_command_at_the_end_is_left_alone() -> None:
    assert joined("no such table", "Files wait.") == "no such table. Files wait."
    assert joined("no such table.", "", "Files wait..") == "no such table. Files wait."
    assert joined("It is gone", "Start it: stationmaster agent run") == (
        "It is gone. Start it: stationmaster agent run"
    )
    assert joined("", "") == ""


def test_an_error_and_its_next_step_are_two_sentences() -> None:
    assert str(ConversionError("no row", next_step="Mend the file.")) == "no row. Mend the file."
    assert str(ConversionError("no row", place="line 3")) == "line 3: no row"
    assert str(ConfigError("It is wrong.", next_step="Mend it.")) == "It is wrong. Mend it."


@pytest.mark.parametrize(
    ("noun", "said"),
    [
        ("int", "an int"),
        ("str", "a str"),
        ("xml", "an xml"),
        ("csv", "a csv"),
        ("XML", "an XML"),
        ("error", "an error"),
        ("DUT", "a DUT"),
    ],
)
def test_a_noun_has_its_article(noun: str, said: str) -> None:
    assert an(noun) == said
