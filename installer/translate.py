"""Brings a translation of the tray up to date and compiles it: `python installer/translate.py de`.

Texts are read from the source: those of `tr` and `plural`, and what the settings say of themselves. What is
translated already is kept; what is new is marked as unfinished; what is gone is dropped.
"""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from stationmaster.config.form import schema_of
from stationmaster_tray.settings.row import title_of
from stationmaster_tray.text import CONTEXT
from stationmaster_tray.translation import FOLDER as COMPILED

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "tray" / "stationmaster_tray"
TRANSLATED = ROOT / "tray" / "translations"


@dataclass(frozen=True)
class Text:
    """A sentence of the source; `counted`: it has a form for each number."""

    words: str
    counted: bool = False
    file: str = ""
    line: int = 0


def texts() -> dict[str, Text]:
    """Every text, once, in the order of the source."""
    found: dict[str, Text] = {}
    for path in sorted(SOURCES.rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        for one in _calls(ast.parse(path.read_text(encoding="utf-8")), name):
            found.setdefault(one.words, one)
    for words in _of_settings():
        if words:
            found.setdefault(words, Text(words, file="docs/settings.md"))
    return found


def _calls(tree: ast.AST, file: str) -> Iterator[Text]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        place = {"tr": 0, "plural": 2}.get(node.func.id, -1)
        text = node.args[place] if 0 <= place < len(node.args) else None
        if isinstance(text, ast.Constant) and isinstance(text.value, str):
            yield Text(text.value, place == 2, file, text.lineno)


def _of_settings() -> Iterator[str]:
    """What the agent tells of its settings, which the page Settings shows."""
    for kind in ("instance", "agent"):
        for section in schema_of(kind).sections:
            yield section.doc
            yield title_of(section.key) if section.key else ""
            for one in section.settings:
                yield from (title_of(one.key), one.doc, one.unit)


def update(file: Path, language: str) -> None:
    """Write all texts into a .ts file, with what it has translated already."""
    old = ET.parse(file).getroot() if file.exists() else ET.Element("TS")  # noqa: S314 - our own file
    known = {
        (one.findtext("source"), one.get("numerus") == "yes"): one.find("translation")
        for one in old.iter("message")
    }
    root = ET.Element("TS", version="2.1", language=language, sourcelanguage="en")
    context = ET.SubElement(root, "context")
    ET.SubElement(context, "name").text = CONTEXT
    for one in texts().values():
        message = ET.SubElement(context, "message", {"numerus": "yes"} if one.counted else {})
        ET.SubElement(message, "location", filename=one.file, line=str(one.line))
        ET.SubElement(message, "source").text = one.words
        kept = known.get((one.words, one.counted))
        if kept is None:
            kept = ET.Element("translation", type="unfinished")
            if one.counted:
                ET.SubElement(kept, "numerusform")
        message.append(kept)
    ET.indent(root)
    file.parent.mkdir(parents=True, exist_ok=True)
    head = '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n'
    file.write_text(head + ET.tostring(root, encoding="unicode") + "\n", encoding="utf-8")


def compile_to(file: Path, compiled: Path) -> None:
    """Make the .qm of a .ts. What is unfinished is left out: it stays English."""
    tool = shutil.which("pyside6-lrelease", path=str(Path(sys.executable).parent))
    if tool is None:
        raise SystemExit("pyside6-lrelease is missing: make setup installs it.")
    subprocess.run([tool, "-silent", str(file), "-qm", str(compiled)], check=True)  # noqa: S603 - our own file


def main(languages: list[str]) -> None:
    """Update and compile these languages, such as `de` or `pt_BR`; all that there are by default."""
    there = [one.stem.removeprefix("stationmaster_") for one in sorted(TRANSLATED.glob("*.ts"))]
    for language in languages or there:
        file = TRANSLATED / f"stationmaster_{language}.ts"
        update(file, language)
        compile_to(file, COMPILED / f"{file.stem}.qm")
        print(file.relative_to(ROOT))  # noqa: T201 - the answer


if __name__ == "__main__":
    main(sys.argv[1:])
