"""The documentation's site builds without a warning, holds every page, and needs no network."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from docs.page import DOCS, PAGES, ROOT

_MARKDOWN_BESIDE = {"README.md": "getting-started.html"}
_LOADED = re.compile(r'(?:<script[^>]+src|<link[^>]+href|<img[^>]+src)="?(https?:)?//')


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return folder


def test_every_page_is_in_the_site(site: Path) -> None:
    wanted = [page.relative_to(DOCS).with_suffix(".html") for page in PAGES if page.is_relative_to(DOCS)]
    assert wanted
    wanted += [Path(name) for name in _MARKDOWN_BESIDE.values()]
    assert not [page for page in wanted if not (site / page).is_file()]


def test_the_first_steps_of_the_readme_are_a_page(site: Path) -> None:
    text = (site / "getting-started.html").read_text(encoding="utf-8")
    assert 'id="your-first-report-in-five-minutes"' in text
    assert 'href="secrets.html"' in text
    assert 'src="pictures/tray/overview-light.png"' in text


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) >= len(PAGES)
    assert not [page for page in pages if _LOADED.search(page.read_text(encoding="utf-8"))]
    assert not [sheet for sheet in site.rglob("*.css") if "url(http" in sheet.read_text(encoding="utf-8")]


def test_search_works_from_a_folder(site: Path, tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium here: the search is tried where there is one")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-quic"]
    flags += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    flags += [f"--user-data-dir={tmp_path}", "--virtual-time-budget=20000", "--dump-dom"]
    address = (site / "reference" / "wsjf.html").as_uri() + "?q=keyring"
    shown = subprocess.run(
        [browser, *flags, address],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert "matching documents" in shown.stdout
    assert "secrets.html?h=keyring" in shown.stdout
