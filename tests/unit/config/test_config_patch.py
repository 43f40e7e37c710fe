"""Edits keep what people wrote."""

from __future__ import annotations

import copy
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stationmaster.config.patch import apply
from stationmaster.errors import ConfigError

TEXT = """\
# head
schema = 1 # one

# about the server
[server]   # here
url = "https://x" # keep
  timeout = 30.0

# about uploads
[upload]
# a note of mine

# about folders
[[watch]]
path = "/a" # first
include = [
    "*.json", # json
    "*.xml",
]

[watch.options.wsjf]
depth = 3

[[watch]]
path = "/b"
options = { wstf = { a = 1 } }
# the end
"""
NOTES = ["# head", "# one", "# about the server", "# here", "# keep", "# about uploads", "# a note of mine"]
NOTES += ["# about folders", "# first", "# the end"]


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("schema", 2, "schema = 2 # one"),
        ("server.url", "https://y", 'url = "https://y" # keep'),
        ("server.timeout", 5.0, "  timeout = 5.0"),
        ("watch.0.path", "/c", 'path = "/c" # first'),
        ("upload.mode", "fixed", '[upload]\n# a note of mine\nmode = "fixed"\n\n# about folders'),
        ("enabled", False, "schema = 1 # one\nenabled = false\n\n# about the server"),
        ("station.name", "F", '[station]\nname = "F"'),
        ("watch.1.options.wstf.b", 2, "options = { wstf = { a = 1, b = 2} }\n# the end"),
    ],
)
def test_an_edit_stands_where_it_belongs(key: str, value: Any, expected: str) -> None:
    result = apply(TEXT, {key: value})
    assert expected in result
    assert [note for note in NOTES if note not in result] == []


def test_line_ends_stay() -> None:
    text = TEXT.replace("\n", "\r\n")
    result = apply(text, {"server.timeout": 5.0})
    assert result == text.replace("timeout = 30.0", "timeout = 5.0")


def test_nothing_to_do_changes_nothing() -> None:
    assert apply(TEXT, {}) == TEXT
    assert (
        apply(
            TEXT, {"upload.mode": None, "a.b.c": None, "watch.7": None, "watch.x.y": None, "schema.x": None}
        )
        == TEXT
    )


def test_an_empty_file_takes_settings() -> None:
    assert apply("", {"log_level": "debug"}) == 'log_level = "debug"\n'
    assert apply("", {}) == ""


def test_lists_in_front_of_the_first_table_are_no_tables() -> None:
    text = 'a = [\n[1],\n]\nb = """\n[x]\n"""\n[t]\nc = 1\n'
    assert tomllib.loads(apply(text, {"d": 2})) == {"a": [[1]], "b": "[x]\n", "t": {"c": 1}, "d": 2}


def test_a_new_folder_stands_behind_the_others_after_a_blank_line() -> None:
    result = apply(
        TEXT, {"watch.2": {"path": "/c", "options": {"wsjf": {"x": None, "y": 1}}}, "watch.2.settle": 2.0}
    )
    assert "# the end\n\n[[watch]]" in result
    assert tomllib.loads(result)["watch"][2] == {"path": "/c", "options": {"wsjf": {"y": 1}}, "settle": 2.0}


def test_a_first_folder_may_begin_with_any_setting() -> None:
    assert tomllib.loads(apply("a = 1\n", {"watch.0.path": "/a", "watch.1.path": "/b"})) == {
        "a": 1,
        "watch": [{"path": "/a"}, {"path": "/b"}],
    }


def test_items_of_lists_and_inline_tables() -> None:
    inline = 'watch = [{ path = "/a" }]\n'
    assert tomllib.loads(
        apply(inline, {"watch.1.path": "/b", "watch.0.include": ["x"], "watch.0.include.1": "y"})
    ) == {"watch": [{"path": "/a", "include": ["x", "y"]}, {"path": "/b"}]}
    assert tomllib.loads(apply(TEXT, {"watch.0.include.0": None}))["watch"][0]["include"] == ["*.xml"]
    assert tomllib.loads(apply(TEXT, {"watch.1.options.wsjf": {"q": 1}}))["watch"][1]["options"]["wsjf"] == {
        "q": 1
    }
    assert tomllib.loads(apply(TEXT, {"watch.1.options.junit.x": 1}))["watch"][1]["options"]["junit"] == {
        "x": 1
    }
    assert tomllib.loads(apply(TEXT, {"watch": []}))["watch"] == []


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("watch.5.path", "names no item of watch. Give a number from 0 to 1, or 2 to add one."),
        ("watch.x.path", "names no item of watch"),
        ("watch.-1.path", "names no item of watch"),
        ("schema.deep", 'there is no setting "schema.deep"'),
        ("schema.deep.er", 'there is no setting "schema.deep.er"'),
    ],
)  # fmt: skip
def test_a_key_that_leads_nowhere_is_told(key: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        apply(TEXT, {key: 1}, file="line1.toml")
    assert str(caught.value).startswith("line1.toml: ")
    assert says in str(caught.value)


def test_an_empty_list_says_how_to_begin() -> None:
    with pytest.raises(ConfigError, match="Give 0 to add one"):
        apply("a = []\n", {"a.1": 1})


def test_a_broken_file_is_not_edited() -> None:
    with pytest.raises(ConfigError, match="no TOML"):
        apply("a = [", {"b": 1}, file="line1.toml")


KEYS = [
    "schema",
    "enabled",
    "paused",
    "server.url",
    "server.timeout",
    "server.proxy",
    "upload.mode",
    "station.name",
]
KEYS += ["watch.0.path", "watch.0.settle", "watch.1.path", "watch.1.lane", "watch.0.options.wsjf.depth"]
KEYS += ["watch.1.options.wstf.b", "convert.timeout"]
VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.text(max_size=8)
    | st.lists(st.text(max_size=3), max_size=3)
)


def expected(raw: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """The same edit on plain values."""
    result = copy.deepcopy(raw)
    for key, value in patch.items():
        *above, last = key.split(".")
        place: Any = result
        for part in above:
            if isinstance(place, list):
                place = place[int(part)]
            elif value is None and part not in place:
                break
            else:
                place = place.setdefault(part, {})
        else:
            if value is None:
                place.pop(last, None)
            else:
                place[last] = value
    return result


@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=8))
def test_any_edit_means_what_it_says_and_loses_no_comment(patch: dict[str, Any]) -> None:
    result = apply(TEXT, patch)
    assert tomllib.loads(result) == expected(tomllib.loads(TEXT), patch)
    # A comment behind a removed setting goes with it.
    assert [note for note in NOTES if note not in result and note not in ("# one", "# keep", "# first")] == []


LISTS = """\
schema = 1

[server]
url = "https://x"

[[watch]]
path = "/a" # first

[[watch]]
path = "/b"

[upload]
mode = "fixed"
"""


@pytest.mark.parametrize(
    ("patch", "watch", "fetch"),
    [
        ({"watch.2": {"path": "/c", "options": {"wsjf": {"a": 1}}}},
         [{"path": "/a"}, {"path": "/b"}, {"path": "/c", "options": {"wsjf": {"a": 1}}}], None),
        ({"watch.0.options.wsjf.part_numbers": {"t": "P"}},
         [{"path": "/a", "options": {"wsjf": {"part_numbers": {"t": "P"}}}}, {"path": "/b"}], None),
        ({"watch.0": None}, [{"path": "/b"}], None),
        ({"watch.1": None, "watch.0": None}, None, None),
        ({"watch.0": None, "watch.1": {"path": "/c"}}, [{"path": "/b"}, {"path": "/c"}], None),
        ({"watch": [{"path": "/c", "options": {"wsjf": {"a": 1}}}]},
         [{"path": "/c", "options": {"wsjf": {"a": 1}}}], None),
        ({"watch": []}, [], None),
        ({"watch": None}, None, None),
        ({"fetch.0.name": "db", "fetch.0.options.password.env": "X"},
         [{"path": "/a"}, {"path": "/b"}], [{"name": "db", "options": {"password": {"env": "X"}}}]),
        ({"fetch": [{"name": "db"}]}, [{"path": "/a"}, {"path": "/b"}], [{"name": "db"}]),
    ],
)  # fmt: skip
def test_items_of_lists_come_change_and_go(patch: dict[str, Any], watch: object, fetch: object) -> None:
    values = tomllib.loads(apply(LISTS, patch))
    assert values.get("watch") == watch
    assert values.get("fetch") == fetch
    assert values["server"] == {"url": "https://x"}
    assert values["upload"] == {"mode": "fixed"}


def test_all_folders_may_go_and_others_come() -> None:
    one = apply(LISTS, {"watch.1": None, "watch.0": None})
    assert "watch" not in one
    assert tomllib.loads(apply(one, {"watch.0.path": "/c"}))["watch"] == [{"path": "/c"}]
    none = apply(LISTS, {"watch": []})
    assert tomllib.loads(apply(none, {"watch.0.path": "/c"}))["watch"] == [{"path": "/c"}]
