"""Code stays readable: short modules, short functions, and a reason wherever a check is silenced."""

from __future__ import annotations

import ast
import re
import tokenize
from pathlib import Path

import pytest

import stationmaster

ROOT = Path(stationmaster.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
MODULE_LINES = 400
FUNCTION_LINES = 60

SILENCED = re.compile(r"#\s*(noqa|type:\s*ignore|pragma:\s*no cover|ruff:)")
REASON = r"(?: - |\s+# )[\w`].+"
SAID = {
    "noqa": re.compile(rf"# noqa: [A-Z]+\d+(?:, [A-Z]+\d+)*{REASON}"),
    "type": re.compile(rf"# type: ignore\[[a-z-]+(?:,[a-z-]+)*\](?:{REASON}|\s+# noqa: .+{REASON})"),
    "pragma": re.compile(rf"# pragma: no cover{REASON}"),
}


def comments(path: Path) -> list[str]:
    with path.open("rb") as file:
        return [token.string for token in tokenize.tokenize(file.readline) if token.type == tokenize.COMMENT]


def silent(comment: str) -> bool:
    """It silences a check and does not say why."""
    found = SILENCED.search(comment)
    if found is None:
        return False
    said = SAID.get(found[1].split(":")[0])
    return said is None or said.search(comment) is None


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_short_and_silences_nothing_without_a_reason(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    functions = [
        (node.name, (node.end_lineno or 0) - node.lineno + 1)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert len(text.splitlines()) <= MODULE_LINES
    assert not [(name, lines) for name, lines in functions if lines > FUNCTION_LINES]
    assert not [comment for comment in comments(path) if silent(comment)]


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# noqa: S101 - for mypy", False),
        ("# noqa: PTH100, PTH111 - pathlib keeps dots", False),
        ("# type: ignore[misc]  # the stubs lack it", False),
        ("# type: ignore[attr-defined] # noqa: SLF001 - no public handle", False),
        ("# a plain comment", False),
        ("# noqa", True),
        ("# noqa: S101", True),
        ("# noqa: S101 -", True),
        ("# type: ignore", True),
        ("# type: ignore[misc]", True),
        ("# type: ignore[misc]  #", True),
        ("# pragma: no cover", True),
        ("# ruff: noqa: S101 - the whole module", True),
    ],
)
def test_a_reason_is_told_from_none(comment: str, *, expected: bool) -> None:
    assert silent(comment) is expected
