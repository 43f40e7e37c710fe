"""The model of a list: it grows, and any part of it can be read anew without the rest noticing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt

from stationmaster.model import Entry, EntryState
from stationmaster_tray.entries.table import EntryTable
from stationmaster_tray.entries.wording import columns

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("app")


def entry(number: int, *, instance: str = "line1", attempts: int = 0) -> Entry:
    return Entry(
        id=number, instance=instance, report_id=f"r-{number}", state=EntryState.QUEUED, attempts=attempts,
        serial_number=f"SN{number}", created_at=NOW + timedelta(seconds=number), updated_at=NOW,
    )  # fmt: skip


def table(*numbers: int, more: bool = False) -> EntryTable:
    made = EntryTable(columns(lambda: NOW))
    made.append([entry(number) for number in numbers], more=more)
    return made


def numbers(model: EntryTable) -> list[int]:
    return [model.entry(row).id for row in range(model.rowCount())]


def test_more_is_asked_for_once_until_it_is_here() -> None:
    model, asked = table(5, 4, more=True), []
    model.more_wanted.connect(lambda: asked.append(True))
    model.fetchMore(QModelIndex())
    model.fetchMore(QModelIndex())
    assert len(asked) == 1
    model.append([entry(4), entry(3)], more=False)
    assert numbers(model) == [5, 4, 3]
    assert not model.canFetchMore(QModelIndex())
    model.may_have_more()
    assert model.canFetchMore(QModelIndex())


def test_cells_have_texts_and_titles() -> None:
    model = table(5)
    assert model.index(0, 1).data() == "SN5"
    assert model.headerData(1, Qt.Orientation.Horizontal) == "Serial number"
    assert model.headerData(0, Qt.Orientation.Vertical) is None
    assert model.index(0, 1).data(Qt.ItemDataRole.ToolTipRole) is None
    assert model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert model.rowCount(model.index(0, 0)) == model.columnCount(model.index(0, 0)) == 0


def test_a_part_is_read_anew_and_what_stays_keeps_its_place() -> None:
    model = table(*range(20, 0, -1))
    kept = QPersistentModelIndex(model.index(12, 0))  # entry 8
    model.replace(10, [entry(10), entry(8, attempts=3), entry(7)], {"line1": 5})
    assert numbers(model) == [*range(20, 10, -1), 10, 8, 7, 5, 4, 3, 2, 1]
    assert kept.row() == 11
    assert model.entry(11).attempts == 3


def test_an_entry_is_in_the_list_once_wherever_it_comes_from() -> None:
    model = table(5, 4, 3)
    model.replace(1, [entry(5), entry(4)], {"line1": 0})
    assert numbers(model) == [5, 4]


def test_entries_of_an_instance_that_is_gone_go() -> None:
    model = EntryTable(columns(lambda: NOW))
    model.append([entry(2), entry(9, instance="old"), entry(1)], more=False)
    model.replace(0, [entry(2), entry(1)], {"line1": 0})
    assert numbers(model) == [2, 1]


def test_a_clock_that_was_set_changes_the_order_and_loses_nothing() -> None:
    model = EntryTable(columns(lambda: NOW))
    model.append([entry(2), entry(9, instance="line2"), entry(1)], more=False)
    other = [entry(9, instance="line2"), entry(2), entry(1)]
    model.replace(0, other, {"line1": 0, "line2": 0})
    assert [model.entry(row) for row in range(3)] == other


def test_entries_can_be_taken_out() -> None:
    model = table(*range(10, 0, -1))
    model.drop([("line1", 10), ("line1", 6), ("line1", 5), ("line1", 1), ("line1", 99)])
    assert numbers(model) == [9, 8, 7, 4, 3, 2]
    assert model.row_of(("line1", 7)) == 2
    assert model.row_of(("line1", 6)) == -1
    assert model.lowest_above(2) == {"line1": 8}


@given(
    old=st.sets(st.integers(1, 30)),
    new=st.sets(st.integers(1, 30)),
    start=st.integers(0, 30),
    reach=st.integers(0, 30),
)
def test_whatever_changed_the_part_that_was_read_is_right_afterwards(
    old: set[int], new: set[int], start: int, reach: int
) -> None:
    model = table(*sorted(old, reverse=True))
    start = min(start, model.rowCount())
    above = model.lowest_above(start).get("line1", 31)
    floor = min(reach, above - 1)
    watched = {
        number: QPersistentModelIndex(model.index(row, 0)) for row, number in enumerate(numbers(model))
    }
    fresh = [entry(number) for number in sorted(new, reverse=True) if floor < number < above]
    model.replace(start, fresh, {"line1": floor})
    kept = {number for number in old if number >= above or number <= floor}
    right = kept | {number for number in new if floor < number < above}
    assert numbers(model) == sorted(right, reverse=True)
    for number, index in watched.items():
        assert index.isValid() == (number in right)
        if index.isValid():
            assert model.entry(index.row()).id == number


def test_a_list_of_a_hundred_thousand_is_nothing_for_the_search_for_garbage() -> None:
    assert Entry.__struct_config__.gc is False
