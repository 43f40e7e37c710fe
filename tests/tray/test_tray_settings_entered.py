"""What of a settings form goes to the agent, and what meets a change elsewhere: without widgets."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from stationmaster.control.trial_protocol import SettingForm, SettingSection, SettingsSchema
from stationmaster_tray.settings.entered import (
    Entered,
    Row,
    entered_of,
    merge,
    new_row,
    patch_of,
    place_of,
)
from stationmaster_tray.settings.toml_text import table_of, table_text


def form(key: str, kind: str = "text", *, default: Any = "", required: bool = False) -> SettingForm:
    return SettingForm(key=key, kind=kind, default=default, required=required)


WATCH = (
    form("watch.N.path", required=True, default=None),
    form("watch.N.settle", "duration", default=1.0),
    form("watch.N.options", "table", default={}),
)
SCHEMA = SettingsSchema(
    kind="instance",
    sections=(
        SettingSection(key="", settings=(form("enabled", "bool", default=True),)),
        SettingSection(key="server", settings=(form("server.timeout", "duration", default=30.0),)),
        SettingSection(key="watch.N", repeated=True, settings=WATCH),
    ),
)


def settings(*folders: str, timeout: float = 30.0, settle: float = 1.0) -> Entered:
    watch = [{"path": path, "settle": settle, "options": {}} for path in folders]
    values = {"enabled": True, "server": {"timeout": timeout}, "watch": watch}
    return entered_of(SCHEMA, values)


def changed(entered: Entered, **values: Any) -> Entered:
    plain = {key.replace("__", "."): value for key, value in values.items()}
    return msgspec.structs.replace(entered, values={**entered.values, **plain})


def listed(entered: Entered, *rows: Row) -> Entered:
    return msgspec.structs.replace(entered, lists={"watch": rows})


def edited(row: Row, **values: Any) -> Row:
    return msgspec.structs.replace(row, values={**row.values, **values})


# -------------------------------------------------------------------- the patch
def test_only_what_changed_goes_into_the_patch() -> None:
    base = settings("/a", "/b")
    assert patch_of(SCHEMA, base, base) == {}
    a, b = base.lists["watch"]
    now = changed(listed(base, a, edited(b, settle=5)), server__timeout=60)
    assert patch_of(SCHEMA, base, now) == {"server.timeout": 60, "watch.1.settle": 5}


def test_a_value_back_at_its_default_is_removed_from_the_file() -> None:
    base = settings(timeout=99.0)
    assert patch_of(SCHEMA, base, changed(base, server__timeout=30)) == {"server.timeout": None}


def test_items_are_changed_then_replaced_then_removed_from_the_end_on() -> None:
    base = settings("/a", "/b", "/c", "/d")
    _, b, _, d = base.lists["watch"]
    now = listed(base, edited(b, settle=3), d)
    assert list(patch_of(SCHEMA, base, now).items()) == [
        ("watch.1.settle", 3),
        ("watch.2", None),
        ("watch.0", None),
    ]
    new = edited(new_row(WATCH), path="/e", settle=2)
    now = listed(base, edited(b, settle=3), d, new)
    assert list(patch_of(SCHEMA, base, now).items()) == [
        ("watch.1.settle", 3),
        ("watch.0", {"path": "/e", "settle": 2}),
        ("watch.2", None),
    ]


def test_more_new_items_than_removed_ones_go_to_the_end() -> None:
    base = settings("/a", "/b")
    e, f = edited(new_row(WATCH), path="/e"), edited(new_row(WATCH), path="/f")
    now = listed(base, base.lists["watch"][1], e, f)
    assert patch_of(SCHEMA, base, now) == {"watch.0": {"path": "/e"}, "watch.2": {"path": "/f"}}


@pytest.mark.parametrize("kept", [(0, 1, 2), (0, 2), (1,), ()])
@pytest.mark.parametrize("new", [0, 1, 2, 4])
def test_the_place_of_a_fault_is_found_in_the_form(kept: tuple[int, ...], new: int) -> None:
    base = settings("/a", "/b", "/c")
    added = [edited(new_row(WATCH), path=f"/new{number}") for number in range(new)]
    now = listed(base, *(base.lists["watch"][number] for number in kept), *added)
    patch = patch_of(SCHEMA, base, now)
    file: list[dict[str, Any] | None] = [dict(row.values) for row in base.lists["watch"]]
    for key, value in patch.items():  # as the agent does
        number = int(key.split(".")[1])
        if value is None:
            del file[number]
        elif number < len(file):
            file[number] = value
        else:
            file.append(value)
    assert len(file) == len(now.lists["watch"])
    for number, item in enumerate(file):
        assert item is not None
        name, place, setting = place_of(f"watch.{number}.path", base, now)
        assert (name, setting) == ("watch", "path")
        assert now.lists[name][place].values["path"] == item["path"]
    assert place_of("watch.9.path", base, now)[1] == -1
    assert place_of("server.timeout", base, now) == ("", 0, "server.timeout")


# -------------------------------------------------------------------- changed elsewhere
def test_what_was_changed_elsewhere_only_is_taken_over() -> None:
    base = settings("/a")
    merged = merge(base, settings("/a", "/b", timeout=9.0), base)
    assert merged.now == settings("/a", "/b", timeout=9.0)
    assert merged.conflicts == {}


def test_what_was_entered_here_only_stays() -> None:
    base = settings("/a")
    now = changed(base, server__timeout=60)
    merged = merge(base, base, now)
    assert (merged.now, merged.conflicts) == (now, {})


def test_two_changes_of_one_setting_are_a_conflict_and_nothing_is_overwritten() -> None:
    base = settings("/a")
    (a,) = base.lists["watch"]
    now = changed(listed(base, edited(a, settle=3)), server__timeout=60)
    merged = merge(base, settings("/a", timeout=9.0, settle=7.0), now)
    assert merged.conflicts == {"server.timeout": 9.0, "watch.0.settle": 7.0}
    assert merged.now == now


def test_the_same_change_on_both_sides_is_none() -> None:
    base = settings()
    merged = merge(base, settings(timeout=60.0), changed(base, server__timeout=60))
    assert merged.conflicts == {}


def test_a_list_with_other_items_is_a_conflict_as_a_whole() -> None:
    base = settings("/a", "/b")
    a, b = base.lists["watch"]
    fresh = settings("/b")
    merged = merge(base, fresh, listed(base, edited(a, settle=3), b))
    assert merged.conflicts == {"watch": fresh.lists["watch"]}


def test_what_was_entered_belongs_to_its_folder_whatever_number_that_has_now() -> None:
    """Somebody removed /a, so /b moved up to its number, and here /a was changed."""
    base = settings("/a", "/b")
    a, b = base.lists["watch"]
    fresh = settings("/b")
    now = merge(base, fresh, listed(base, edited(a, settle=3), b)).now
    assert patch_of(SCHEMA, fresh, now) == {"watch.1": {"path": "/a", "settle": 3}}
    fresh = settings("/c", "/a", "/b")
    now = merge(base, fresh, listed(base, edited(a, settle=3), b)).now
    assert patch_of(SCHEMA, fresh, now) == {"watch.1.settle": 3, "watch.0": None}


def test_a_new_item_survives_a_change_of_another_one_elsewhere() -> None:
    base = settings("/a")
    new = edited(new_row(WATCH), path="/e")
    merged = merge(base, settings("/a", settle=7.0), listed(base, *base.lists["watch"], new))
    assert [row.values["path"] for row in merged.now.lists["watch"]] == ["/a", "/e"]
    assert merged.now.lists["watch"][0].values["settle"] == 7.0
    assert merged.conflicts == {}


# -------------------------------------------------------------------- tables as text
@pytest.mark.parametrize(
    "table",
    [
        {},
        {"wstf": {"process_code": 10, "decimal": ",", "flag": True}},
        {"a b": {"list": ["x", 1.5], "deep": {"er": {"one": 'quote " and \\'}}}, "empty": {}},
        {"names": {"æøå": "日本"}},
        {"rows": [{"a": 1}, {"b": "two"}]},
    ],
)
def test_a_table_reads_back_from_its_lines(table: dict[str, Any]) -> None:
    assert table_of(table_text(table)) == table


def test_lines_that_are_no_toml_say_where() -> None:
    with pytest.raises(ValueError, match="line 2"):
        table_of("a = 1\nb = \n")
