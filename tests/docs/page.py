"""Reads the pages of the documentation: blocks with their marks, headings, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")])

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\S*)\s*$")
_MARK = re.compile(r"^<!-- test: (.*) -->$")
_HEADING = re.compile(r"^#{1,6} +(.*?)\s*$")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Step:
    """One command of a console block, and the output that the page shows."""

    command: str
    output: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        line: of its first line of text. marks: what the comment before it asks for, word -> rest.
    """

    page: Path
    line: int
    language: str
    text: str
    marks: dict[str, str]

    def __str__(self) -> str:
        return f"{name(self.page)}:{self.line}"

    @property
    def steps(self) -> list[Step]:
        """The commands of a console block."""
        found: list[Step] = []
        command, output = "", list[str]()
        open_line = False
        for line in self.text.splitlines():
            if open_line:
                command += line.strip()
            elif line.startswith("$ "):
                if command:
                    found.append(Step(command, tuple(output)))
                command, output = line[2:], []
            else:
                output.append(line)
                continue
            open_line = command.endswith("\\")
            command = command.removesuffix("\\")
        if command:
            found.append(Step(command, tuple(output)))
        return found


def name(page: Path) -> str:
    """The page's path below the repository."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page."""
    marks: dict[str, str] = {}
    inside: re.Match[str] | None = None
    first, lines = 0, list[str]()
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        fence = _FENCE.match(line)
        if inside is not None:
            if fence and not fence["language"]:
                text = "".join(f"{one}\n" for one in lines)
                yield Block(page, first, inside["language"], text, marks)
                inside, marks = None, {}
            else:
                lines.append(line.removeprefix(inside["indent"]))
        elif fence:
            inside, first, lines = fence, number + 1, []
        elif mark := _MARK.match(line):
            words = [one.strip().partition(" ") for one in mark[1].split(";")]
            marks = {word: rest.strip() for word, _, rest in words}


def prose(page: Path) -> Iterator[tuple[int, str]]:
    """The numbered lines of a page outside of blocks."""
    inside = False
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        if _FENCE.match(line):
            inside = not inside
        elif not inside:
            yield number, line


def headings(page: Path) -> list[str]:
    """The texts of the headings."""
    return [found[1] for _, line in prose(page) if (found := _HEADING.match(line))]


def anchors(page: Path) -> set[str]:
    """What a link into the page may name, as Git hosts make them of headings."""
    found: set[str] = set()
    for heading in headings(page):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        free = next(one for one in (slug, *(f"{slug}-{n}" for n in range(1, 99))) if one not in found)
        found.add(free)
    return found


def links(page: Path) -> Iterator[tuple[int, str]]:
    """The targets of links and pictures, with their lines."""
    for number, line in prose(page):
        for target in _LINK.findall(line):
            yield number, target


def section(page: Path, heading: str) -> str:
    """The text below the heading that starts so, up to the next one."""
    lines = [line for _, line in prose(page)]
    starts = [at for at, line in enumerate(lines) if _HEADING.match(line)]
    at = next((one for one in starts if lines[one].lstrip("# ").startswith(heading)), None)
    if at is None:
        return ""
    end = next((one for one in starts if one > at), len(lines))
    return "\n".join(lines[at:end])
