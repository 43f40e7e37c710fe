"""Settings files of an older version: brought up to date in memory, comments and all, by a chain of steps."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from tomlkit import TOMLDocument

from stationmaster.config import migration
from stationmaster.config.content import parse_agent, parse_instance
from stationmaster.config.migration import Step
from stationmaster.config.schema import AgentConfig, InstanceConfig
from stationmaster.errors import ConfigError

OLD = """\
# of the first version
schema = 1
id = "5f0c1c5e-8d2b-4c55-9a39-6a7d3cf3d1a2" # never change it

[server]
url = "https://company.wats.com"

[sending] # as it was called once
slots = 7 # quick enough
"""


def renamed(document: TOMLDocument) -> TOMLDocument:
    """[sending] is [upload] now."""
    if "sending" in document:
        document["upload"] = document.pop("sending")
    return document


def more_words(document: TOMLDocument) -> TOMLDocument:
    """`slots` is `max_concurrent` now."""
    upload = document.get("upload", {})
    if "slots" in upload:
        upload["max_concurrent"] = upload.pop("slots")
    return document


def loud(document: TOMLDocument) -> TOMLDocument:
    """`verbose` is a level now."""
    if document.pop("verbose", None):
        document["log_level"] = "debug"
    return document


@pytest.fixture
def third(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that writes version 3."""
    steps = (Step(instance=renamed), Step(instance=more_words, agent=loud))
    monkeypatch.setattr(migration, "STEPS", steps)


def test_the_first_version_is_ours_and_its_files_are_left_alone() -> None:
    assert migration.version() == 1
    text = OLD[: OLD.index("[sending]")]
    for kind in (InstanceConfig, AgentConfig):
        assert migration.up_to_date(text, kind, file="x.toml") == text


@pytest.mark.usefixtures("third")
def test_an_old_file_means_now_what_it_meant_then_and_keeps_its_comments() -> None:
    config = parse_instance(OLD, Path("line1.toml"), "line1")
    assert config.schema == 3
    assert config.upload.max_concurrent == 7
    text = migration.up_to_date(OLD, InstanceConfig, file="line1.toml")
    for comment in ("# of the first version", "# never change it"):
        assert comment in text
    assert tomllib.loads(text)["schema"] == 3
    assert migration.up_to_date(text, InstanceConfig, file="line1.toml") == text


@pytest.mark.usefixtures("third")
def test_a_file_begins_in_the_middle_of_the_chain_where_its_version_says_so() -> None:
    second = OLD.replace("schema = 1", "schema = 2").replace("[sending]", "[upload]")
    assert parse_instance(second, Path("line1.toml"), "line1").upload.max_concurrent == 7


@pytest.mark.usefixtures("third")
def test_a_file_without_a_version_is_of_the_first() -> None:
    assert parse_agent("verbose = true # for a while\n", Path("agent.toml")).log_level == "debug"
    text = migration.up_to_date("conversions = 2 # cores\n\n", AgentConfig, file="agent.toml")
    assert tomllib.loads(text) == {"conversions": 2, "schema": 3}
    assert "# cores" in text


@pytest.mark.usefixtures("third")
def test_errors_of_an_old_file_name_no_line_of_another_text() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_instance(OLD.replace("7", "0"), Path("line1.toml"), "line1")
    assert str(caught.value).startswith("line1.toml: upload.max_concurrent must be a whole number")


@pytest.mark.usefixtures("third")
@pytest.mark.parametrize("version", ['"x"', "true", "0", "-1", "[]"])
def test_what_is_no_version_is_told_as_such(version: str) -> None:
    with pytest.raises(ConfigError, match="schema must be a whole number, at least 1"):
        parse_instance(OLD.replace("schema = 1", f"schema = {version}"), Path("line1.toml"), "line1")


@pytest.mark.usefixtures("third")
def test_a_newer_file_is_refused_with_what_to_do() -> None:
    with pytest.raises(ConfigError, match="schema = 4 was written by a newer version; this one knows 3"):
        parse_instance(OLD.replace("schema = 1", "schema = 4"), Path("line1.toml"), "line1")


def test_a_step_that_cannot_deal_with_a_file_says_which_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def wants_more(document: TOMLDocument) -> TOMLDocument:
        document["nothing"]["more"] = 1
        return document

    monkeypatch.setattr(migration, "STEPS", (Step(instance=wants_more),))
    with pytest.raises(ConfigError, match=r"line1.toml cannot be brought from version 1 to 2"):
        parse_instance(OLD, Path("line1.toml"), "line1")
