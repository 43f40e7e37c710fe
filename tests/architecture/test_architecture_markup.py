"""The tray hands text of others to Qt only where it is taken as it stands, never as markup."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import stationmaster_tray

ROOT = Path(stationmaster_tray.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
TIP_OF_CALL = {"setToolTip": 0, "showText": 1, "showMessage": 1}
"""Where a call takes its tool tip, or the text of a notification."""
SAFE = {"tip", "unmarked"}


def wrong_tips(text: str) -> list[int]:
    """Lines that give Qt a tool tip which is neither escaped nor a sentence of ours."""
    tree = ast.parse(text)
    lines = [
        call.lineno
        for call in _calls(tree)
        if (place := TIP_OF_CALL.get(_name(call))) is not None and not _is_safe(call.args[place])
    ]
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            asked = any(
                isinstance(one, ast.Attribute) and one.attr == "ToolTipRole" for one in ast.walk(function)
            )
            if asked and not any(_name(call) == "tip" for call in _calls(function)):
                lines.append(function.lineno)
    return lines


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (one for one in ast.walk(tree) if isinstance(one, ast.Call))


def _name(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _is_safe(given: ast.expr) -> bool:
    if isinstance(given, ast.Constant):
        return True
    if not isinstance(given, ast.Call):
        return False
    ours = _name(given) in {"tr", "plural"} and not given.keywords
    return ours or _name(given) in SAFE


def wrong_boxes(text: str) -> list[int]:
    """Lines that make a message box or a label with text which Qt would look through for tags."""
    return [
        call.lineno
        for call in _calls(ast.parse(text))
        if _name(call) == "QMessageBox"
        or (_name(call) == "QLabel" and len(call.args) > 1 and not _is_safe(call.args[0]))
        or (isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "QMessageBox")
    ]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_text_is_shown_as_it_stands(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not wrong_tips(text)
    assert not wrong_boxes(text) or path.name == "message.py"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one.setToolTip(tr('F3'))", False),
        ("one.setToolTip(tip(name))", False),
        ("one.setToolTip(plural(count, 'a', 'b'))", False),
        ("one.setToolTip(name)", True),
        ("one.setToolTip(tr('{name}', name=name))", True),
        ("QToolTip.showText(at, name, self)", True),
        ("def data(role):\n if role == Qt.ItemDataRole.ToolTipRole:\n  return cell", True),
        ("def data(role):\n if role == Qt.ItemDataRole.ToolTipRole:\n  return tip(cell)", False),
    ],
)
def test_a_tool_tip_of_others_is_found(text: str, *, expected: bool) -> None:
    assert bool(wrong_tips(text)) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("QMessageBox(self)", True),
        ("QMessageBox.warning(self, title, name)", True),
        ("QLabel(name, self)", True),
        ("QLabel(tr('Name'), self)", False),
        ("QLabel(self)", False),
        ("message(QMessageBox.Icon.Warning, title, name)", False),
    ],
)
def test_a_box_with_words_of_others_is_found(text: str, *, expected: bool) -> None:
    assert bool(wrong_boxes(text)) is expected
