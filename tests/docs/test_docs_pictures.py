"""The page of pictures shows just what there is: every picture of the gallery, in light and dark."""

from __future__ import annotations

import pytest

from docs.page import links
from screenshots.gallery import PAGE, PICTURES, SCHEMES, SHOTS, Shot, page

MOST = 4_100_000
"""Bytes of all pictures: the documentation travels with the program."""


def test_the_page_is_what_the_command_writes() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "make screenshots"


def test_there_is_each_picture_and_no_other() -> None:
    wanted = {f"{shot.name}-{scheme}.png" for shot in SHOTS for scheme in SCHEMES}
    assert {file.name for file in PICTURES.iterdir()} == wanted


def test_each_picture_is_on_the_page_once() -> None:
    shown = [target for _, target in links(PAGE) if target.endswith(".png")]
    assert len(shown) == len(set(shown)) == len(SCHEMES) * len(SHOTS)


@pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.name)
def test_each_picture_has_its_words(shot: Shot) -> None:
    assert shot.what

    assert shot.says.endswith(".")


def test_the_pictures_are_small() -> None:
    assert sum(file.stat().st_size for file in PICTURES.iterdir()) <= MOST
