"""Every link leads somewhere, and pages keep to the form."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.page import DOCS, PAGES, ROOT, anchors, links, name, prose

WIDTH = 110
_FOREIGN = re.compile(
    r"pypi\.|pythonhosted|index-url|/work/|\.\./shared|/shared/|npmjs|debian\.org", re.IGNORECASE
)
_GENERATED = {DOCS / "settings.md", DOCS / "reference" / "converter-api.md"}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_resolve(page: Path) -> None:
    broken = []
    for line, target in links(page):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(f"{name(page)}:{line}: {target}")
    assert not broken


def test_every_page_is_reachable_from_the_readme() -> None:
    seen, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen:
            continue
        seen.add(page)
        targets = (target.partition("#")[0] for _, target in links(page))
        waiting += [
            (page.parent / path).resolve() for path in targets if path.endswith(".md") and ":" not in path
        ]
    assert set(PAGES) <= seen


@pytest.mark.parametrize(
    "page", [one for one in PAGES if one not in _GENERATED and "adr" not in one.parts], ids=name
)
def test_lines_are_short(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    long = [line for line in text.splitlines() if len(line) > WIDTH and not line.lstrip().startswith("|")]
    assert not long


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_foreign_places_are_named(page: Path) -> None:
    assert not [line for line in page.read_text(encoding="utf-8").splitlines() if _FOREIGN.search(line)]


def test_every_picture_is_used() -> None:
    used = {(page.parent / target).resolve() for page in PAGES for _, target in links(page)}
    pictures = {one for one in (DOCS / "pictures").rglob("*.*") if one.name != "favicon.svg"}
    assert pictures <= used


def test_prose_leaves_blocks_out() -> None:
    assert not [line for _, line in prose(ROOT / "README.md") if line.startswith("$ ")]
