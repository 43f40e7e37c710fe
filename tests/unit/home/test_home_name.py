from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stationmaster.errors import ConfigError
from stationmaster.home.name import check_name, same_place, variable_part


@pytest.mark.parametrize("name", ["a", "line1", "Line-1.b_2", "_x", "x" * 40, "console", "com10", "nul-1"])
def test_good_names_pass(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../x",
        "a/b",
        "a\\b",
        "a.",
        ".a",
        "-a",
        "a b",
        "a\n",
        "a\0",
        "x" * 41,
        "é",
        "a:b",
        "~",
        "a*",
    ],
)
def test_names_that_trick_paths_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="cannot name a station"):
        check_name(name)


@pytest.mark.parametrize(
    "name", ["CON", "con", "nul", "Aux", "prn", "com1", "LPT9", "com0", "nul.txt", "con.a.b"]
)
def test_device_names_of_windows_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="Windows keeps this name"):
        check_name(name)


def test_the_error_shows_no_control_characters_and_no_novel() -> None:
    with pytest.raises(ConfigError) as caught:
        check_name("\x1b[31m" + "x" * 500)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 300


@given(st.text(max_size=45))
def test_a_passed_name_is_one_path_part(name: str) -> None:
    try:
        check_name(name)
    except ConfigError:
        return
    assert 1 <= len(name) <= 40
    assert not set(name) & set('/\\:*?"<>| \0')
    assert name.strip(".") != ""
    assert not name.endswith(".")


def test_names_that_meet_in_one_file_or_variable_are_the_same_place() -> None:
    assert same_place("Line1", "line1")
    assert same_place("a-b", "a.b")
    assert not same_place("a-b", "ab")
    assert variable_part("line-1.x") == "LINE_1_X"
