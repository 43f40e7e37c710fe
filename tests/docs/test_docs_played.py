"""The pages are played: snippets run, marked commands are typed, with the outcome that the page shows."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from docs.page import PAGES, ROOT, Step, blocks, name
from docs.terminal import LIMIT, Terminal
from fakes.optional import skip_without
from stationmaster.convert.built_in import BUILT_INS

README = ROOT / "README.md"
PLAYED = [
    page
    for page in PAGES
    if page != README and any(one.marks or one.language == "python" for one in blocks(page))
]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the pages show commands of a Unix shell")


@pytest.mark.parametrize("page", PLAYED, ids=name)
def test_what_a_page_says_works(page: Path, tmp_path: Path) -> None:
    skip_without(page.stem)
    with Terminal(tmp_path) as terminal:
        assert terminal.play(page)


def test_the_first_report_arrives_as_the_readme_says(tmp_path: Path) -> None:
    with Terminal(tmp_path) as terminal:
        assert terminal.play(README) >= 8
        with urlopen(f"http://127.0.0.1:{terminal.port}/", timeout=LIMIT) as page:
            assert "SN-1001" in page.read().decode()


def test_the_player_sees_what_does_not_work(tmp_path: Path) -> None:
    with Terminal(tmp_path) as terminal:
        assert "ended with 3" in terminal.type(Step("exit 3", ()))
        assert "did not say 'two'" in terminal.type(Step("echo one", ("two",)))
        assert not terminal.type(Step("echo one; echo two", ("one", "two")))


def test_the_sample_of_each_converter_is_tried() -> None:
    assert {f"docs/converters/{one}.md" for one in BUILT_INS} <= {name(one) for one in PLAYED}


def test_pages_with_snippets_are_played() -> None:
    assert {"docs/submitting.md", "docs/writing-a-converter.md", "docs/control-api.md"} <= {
        name(one) for one in PLAYED
    }
