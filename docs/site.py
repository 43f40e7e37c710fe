"""The site's hook: the pages that lie beside `docs`, README foremost, become pages of it."""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
BESIDE = {
    "README.md": "getting-started.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "LICENSE": "license.txt",
}
_LINK = re.compile(r"(?<=\]\()([^)\s]+)(?=\))")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages beside `docs`, their links turned to where they lie now."""
    for name, page in BESIDE.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=_LINK.sub(_from_root, text)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links that lead out of `docs` to the pages made of what is there."""
    del config, files
    up = "../" * page.file.src_uri.count("/")

    def turned(found: re.Match[str]) -> str:
        path, mark, anchor = found[1].partition("#")
        name = path.removeprefix("../" + up)
        return f"{up}{BESIDE[name]}{mark}{anchor}" if name != path and name in BESIDE else found[1]

    return _LINK.sub(turned, markdown)


def _from_root(found: re.Match[str]) -> str:
    path, mark, anchor = found[1].partition("#")
    return BESIDE.get(path, path.removeprefix("docs/")) + mark + anchor
