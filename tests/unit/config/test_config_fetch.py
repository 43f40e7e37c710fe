"""Settings of scheduled sources, and of folders that are one source."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from stationmaster.config.option import resolved
from stationmaster.config.rule import parse
from stationmaster.config.schema import InstanceConfig
from stationmaster.errors import ConfigError
from stationmaster.secrecy import hidden

BASE = {"id": str(UUID(int=1)), "server": {"url": "https://a.example"}}
SOURCE: dict[str, Any] = {"name": "db", "converter": "rows"}
FOLDER: dict[str, Any] = {"path": "/srv/a", "converters": ["rack"], "marker": "done.txt"}


def read(**values: Any) -> InstanceConfig:
    return parse({**BASE, **values}, InstanceConfig, file="a.toml")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"name": "Db"}, "letters"),
        ({"name": "../db"}, "letters"),
        ({"at": ["6:00"]}, "at"),
        ({"at": ["24:00"]}, "at"),
        ({"every": 0}, "every"),
        ({"options": {"password": "secret"}}, "plain text"),
        ({"options": {"ApiKey": "secret"}}, "plain text"),
        ({"options": {"dsn": "Server=db;Uid=joe;Pwd=hunter2"}}, "plain text"),
        ({"options": {"address": "sftp://joe:hunter2@db/results"}}, "plain text"),
    ],
)
def test_a_wrong_source_is_refused(source: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        read(fetch=[{**SOURCE, **source}])


def test_two_sources_have_two_names() -> None:
    with pytest.raises(ConfigError, match=r"fetch\.1\.name must not be that of another source"):
        read(fetch=[SOURCE, SOURCE])


def test_secrets_lie_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("from a file\n")
    options = {
        "user": "kim",
        "password": {"env": "LAB_PASSWORD"},
        "token": {"file": str(tmp_path / "secret")},
    }
    (source,) = read(fetch=[{**SOURCE, "options": options}]).fetch
    monkeypatch.setenv("LAB_PASSWORD", "from outside")
    assert resolved(source.options) == {"user": "kim", "password": "from outside", "token": "from a file"}
    monkeypatch.delenv("LAB_PASSWORD")
    with pytest.raises(ConfigError, match="LAB_PASSWORD, which is not set"):
        resolved(source.options)
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        resolved({"token": {"file": str(tmp_path / "nowhere")}})


@pytest.mark.parametrize("marker", ["a/b", ".done", "a\\b"])
def test_a_marker_is_a_file_directly_in_the_folder(marker: str) -> None:
    with pytest.raises(ConfigError, match="marker"):
        read(watch=[{**FOLDER, "marker": marker}])


def test_folders_do_not_move_into_the_folder_they_are_taken_from() -> None:
    with pytest.raises(ConfigError, match="outside the watched folder"):
        read(watch=[{**FOLDER, "after": "move", "move_to": "/srv/a/done"}])


def test_what_lies_elsewhere_is_shown_in_no_line_from_then_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "password").write_text("planted-in-a-file\n")
    monkeypatch.setenv("DSN_OF_A_TEST", "Uid=joe;Pwd=planted-in-a-variable")
    given = {"a": {"file": str(tmp_path / "password")}, "b": {"env": "DSN_OF_A_TEST"}, "c": "open"}
    values = resolved(given)
    said = hidden(f"the driver says: {values['a']} is wrong, {values['b']} too, {values['c']}")
    assert "planted" not in said
    assert "open" in said
