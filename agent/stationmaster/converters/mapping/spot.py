"""Where a key stands in the text of a mapping: line and column, both from 1."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

Spot = tuple[int, int]
NOWHERE: Final[Spot] = (0, 0)

_WORD: Final = re.compile(r"\[(\d+)\]|\[\.\.\.\]|([^.\[\]]+)")
_HEAD: Final = re.compile(r"\s*(\[\[?)\s*([^\[\]#]+?)\s*\]")
_KEY: Final = re.compile(r"""\s*([\w\-."' ]+?)\s*=""")

Path = tuple[str | int, ...]


def spot_of(text: str, path: str) -> Spot:
    """Where a key, or else the last one above it that is there, stands; `NOWHERE` for none.

    Args:
        text: the TOML.
        path: `step[1].limits.pattern`; tables in lists are counted from 0.
    """
    wanted: Path = tuple(int(number) if number else word for number, word in _WORD.findall(path))
    found = _nearest(text, wanted)
    if wanted[:1] == ("step",) and found[0] < len(wanted):
        # `rows` says it of all steps
        common = _nearest(text, ("rows", *wanted[2:]))
        if common[0] == len(wanted) - 1 > 1:
            found = common
    return found[1]


def spot_of_name(text: str, name: str) -> Spot:
    """Where a name first stands as a key, wherever that is."""
    wanted = re.compile(rf"(?:^|[\s.{{,\[])({re.escape(name)})\s*[=\].]")
    for number, line in enumerate(text.splitlines(), 1):
        if match := wanted.search(line):
            return number, match.start(1) + 1
    return NOWHERE


def _nearest(text: str, wanted: Path) -> tuple[int, Spot]:
    """How much of the path stands there, and where the last word of that does."""
    best, spot = 0, NOWHERE
    for path, number, line, at in _keys(text):
        if len(path) > best and wanted[: len(path)] == path:
            best, spot = len(path), (number, at + 1)
            end = at
            for word in wanted[best:]:  # within { ... } of the same line
                inside = re.compile(rf"""(?<![\w\-])["']?{re.escape(str(word))}["']?\s*=""").search(line, end)
                if inside is None:
                    break
                best, end, spot = best + 1, inside.end(), (number, inside.start() + 1)
    return best, spot


def _keys(text: str) -> Iterator[tuple[Path, int, str, int]]:
    """Every head of a table and every key at the begin of a line, with where it stands."""
    table: Path = ()
    counts: Counter[str] = Counter()
    for number, line in enumerate(text.splitlines(), 1):
        if head := _HEAD.match(line):
            table = _table(head[2], counts, is_list=head[1] == "[[")
            yield table, number, line, head.start(1)
        elif key := _KEY.match(line):
            yield (*table, *_words(key[1])), number, line, key.start(1)


def _table(name: str, counts: Counter[str], *, is_list: bool) -> Path:
    counts[name] += is_list
    path: list[str | int] = []
    words = _words(name)
    for place, word in enumerate(words, 1):
        path.append(word)
        if count := counts[".".join(words[:place])]:
            path.append(count - 1)
    return tuple(path)


def _words(key: str) -> list[str]:
    return [word.strip().strip("\"'") for word in key.split(".")]
