"""A JSON document as a tree: nothing of it is made before somebody looks there."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QModelIndex, Qt

from stationmaster_tray.widgets.json_tree import JsonTree, JsonView, in_words

pytestmark = pytest.mark.usefixtures("app")

REPORT = {
    "sn": "SN1",
    "root": {"name": "Main", "status": "P", "steps": [{"name": "Vcc", "status": "F"}, {"name": "Leds"}]},
    "empty": {},
    "none": None,
}


def rows(tree: JsonTree, parent: QModelIndex) -> dict[str, QModelIndex]:
    """Children by name."""
    found = [tree.index(row, 0, parent) for row in range(tree.rowCount(parent))]
    return {str(one.data()): one for one in found}


def test_objects_and_lists_open_into_their_parts() -> None:
    tree = JsonTree(REPORT)
    top = rows(tree, QModelIndex())
    assert list(top) == ["sn", "root", "empty", "none"]
    steps = rows(tree, rows(tree, top["root"])["steps"])
    assert list(steps) == ["1", "2"]
    assert list(rows(tree, steps["1"])) == ["name", "status"]
    assert tree.rowCount(top["empty"]) == tree.rowCount(top["sn"]) == 0


def test_a_closed_part_tells_what_it_is() -> None:
    tree = JsonTree(REPORT)
    top = rows(tree, QModelIndex())
    assert top["root"].siblingAtColumn(1).data() == "Main, P"
    assert rows(tree, top["root"])["steps"].siblingAtColumn(1).data() == "2 items"
    assert top["sn"].siblingAtColumn(1).data() == "SN1"


def test_columns_have_titles_and_only_text() -> None:
    tree = JsonTree(REPORT)
    assert [tree.headerData(column, Qt.Orientation.Horizontal) for column in range(2)] == ["Name", "Value"]
    assert tree.headerData(0, Qt.Orientation.Vertical) is None
    assert tree.index(0, 0).data(Qt.ItemDataRole.DecorationRole) is None
    assert not tree.index(99, 0).isValid()
    assert not tree.index(0, 2).isValid()
    assert tree.columnCount() == 2
    assert tree.rowCount(tree.index(1, 1)) == 0


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("text", "text"),
        (1.5, "1.5"),
        (True, "yes"),
        (False, "no"),
        (None, "none"),
        ([], "0 items"),
        ([1], "1 item"),
        ({}, ""),
        ({"value": 3, "other": 4}, "3"),
        ({"description": "Amps", "value": 2, "name": "I"}, "I, Amps"),
    ],
)
def test_values_are_told_in_one_cell(value: Any, words: str) -> None:
    assert in_words(value) == words


def test_an_attachment_fills_no_cell() -> None:
    told = in_words("A" * 5_000_000)
    assert len(told) < 600
    assert "characters" in told


def test_the_first_level_is_open_unless_it_is_long() -> None:
    view = JsonView({"few": {"a": 1}, "many": list(range(1000))})
    few, many = (view.model().index(row, 0) for row in range(2))
    assert view.isExpanded(few)
    assert not view.isExpanded(many)
    assert view.accessibleName()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(document=st.dictionaries(st.text(max_size=5), JSON, max_size=5))
def test_every_part_knows_where_it_stands(document: Any) -> None:
    tree = JsonTree(document)

    def count(parent: QModelIndex) -> int:
        total = 0
        for row in range(tree.rowCount(parent)):
            index = tree.index(row, 0, parent)
            assert tree.parent(index) == parent
            assert index.row() == row
            total += 1 + count(index)
        return total

    def parts(value: Any) -> int:
        inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
        return sum(1 + parts(one) for one in inner)

    assert count(QModelIndex()) == parts(document)
