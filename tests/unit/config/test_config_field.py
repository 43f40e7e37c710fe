"""The texts of `--set key=value`, and docs/settings.md."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stationmaster.config import reference
from stationmaster.config.field import join_key, parse_value, split_key, type_at, walk
from stationmaster.config.schema import AgentConfig, InstanceConfig
from stationmaster.errors import ConfigError

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("upload.mode", "fixed", "fixed"),
        ("upload.max_concurrent", " 3 ", 3),
        ("server.timeout", "12", 12.0),
        ("server.timeout", "12.5", 12.5),
        ("enabled", "no", False),
        ("enabled", "True", True),
        ("watch.0.recursive", "ON", True),
        ("watch.0.recursive", "0", False),
        ("station.name", "5", "5"),
        ("station.name", " spaced ", " spaced "),
        ("station.name", "", ""),
        ("watch.0.include", "*.json, *.xml", ("*.json", "*.xml")),
        ("watch.0.include", '["a,b", "c"]', ("a,b", "c")),
        ("watch.0.exclude", "", ()),
        ("watch.0.include.1", "*.x", "*.x"),
        ("paused_until", "", None),
        ("paused_until", "2026-01-31T18:00:00Z", datetime(2026, 1, 31, 18, tzinfo=UTC)),
        ("watch.0.options.wsjf.depth", "3", 3),
        ("watch.0.options.wsjf.name", "plain text", "plain text"),
        ("watch.0.options.wsjf", "{depth = 3}", {"depth": 3}),
        ('watch.0.options."my.one".deep', "true", True),
        ("watch.1", '{path = "/a", converters = ["x"]}', {"path": "/a", "converters": ["x"]}),
        ("id", "5f0c1c5e-8d2b-4c55-9a39-6a7d3cf3d1a2", "5f0c1c5e-8d2b-4c55-9a39-6a7d3cf3d1a2"),
    ],
)
def test_a_text_becomes_what_the_setting_holds(key: str, text: str, value: Any) -> None:
    found = parse_value(key, text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("key", "text", "says"),
    [
        (
            "upload.mode",
            "fixd",
            'upload.mode must be one of adaptive, fixed, not "fixd". Did you mean "fixed"?',
        ),
        ("upload.mode", "zzz", 'must be one of adaptive, fixed, not "zzz".'),
        ("upload.max_concurrent", "many", "must be a whole number from 1 to 256"),
        ("upload.max_concurrent", "0", "must be a whole number from 1 to 256"),
        ("enabled", "maybe", "enabled must be true or false"),
        ("watch.0.include", "[1]", "must be a list of texts"),
        ("watch.1", "nonsense", "must be a table"),
        ("server", "x", "must be a table"),
        ("upload.max_concurent", "3", 'Did you mean "upload.max_concurrent"?'),
        ("watch.first.path", "/a", 'There is no setting "watch.first".'),
        ("server.url.host", "x", 'There is no setting "server.url.host".'),
        ("name", "x", 'There is no setting "name".'),
        ("settel", "3", 'Did you mean "watch.N.settle"?'),
        ("upload..mode", "x", '"upload..mode" is no key'),
        ("", "x", '"" is no key'),
        ('a"b', "x", "is no key"),
        ("server.token", "PLANTED", "--token-stdin"),
    ],
)
def test_a_text_that_does_not_fit_is_refused(key: str, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_value(key, text)
    assert says in str(caught.value)
    assert "PLANTED" not in str(caught.value)


def test_keys_of_the_agent_s_own_file() -> None:
    assert parse_value("conversions", "2", AgentConfig) == 2
    with pytest.raises(ConfigError, match="no setting"):
        parse_value("upload.mode", "fixed", AgentConfig)


def test_keys_split_and_join() -> None:
    assert split_key('watch.0.options."my.one".x') == ("watch", "0", "options", "my.one", "x")
    assert join_key(("a", "my.one", "x")) == 'a."my.one".x'


def every_setting() -> list[tuple[type[InstanceConfig | AgentConfig], Any]]:
    return [
        (root, found) for root in (InstanceConfig, AgentConfig) for _, _, some in walk(root) for found in some
    ]


def test_every_setting_is_described_with_an_example_that_holds() -> None:
    settings = every_setting()
    assert len(settings) > 40
    for root, setting in settings:
        assert setting.description.endswith("."), setting.key
        assert setting.examples, setting.key
        key = setting.key.replace("N", "0")
        for text in (*setting.examples, setting.default):
            if text:
                value = tomllib.loads(f"value = {text}")["value"]
                shown = text if isinstance(value, list | dict) else str(value)
                assert parse_value(key, shown, root) is not None, setting.key
        type_at(split_key(key), root)


def test_the_page_is_what_the_schema_makes() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference.render(), (
        "run: python -m stationmaster.config.reference --write docs/settings.md"
    )


def test_the_page_names_every_setting_once() -> None:
    lines = reference.render().splitlines()
    for _, setting in every_setting():
        rows = [line for line in lines if line.startswith(f"| `{setting.key}` |")]
        assert len(rows) == (2 if setting.key == "schema" else 1), setting.key


def test_the_page_is_printed_written_and_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "settings.md"
    assert reference.main(["--check", str(page)]) == 1
    assert "--write" in capsys.readouterr().err
    assert reference.main(["--write", str(page)]) == 0
    assert reference.main(["--check", str(page)]) == 0
    assert reference.main([]) == 0
    assert capsys.readouterr().out == page.read_text(encoding="utf-8")
    page.write_text("old", encoding="utf-8")
    assert reference.main(["--check", str(page)]) == 1


@pytest.mark.parametrize(
    ("module", "not_needed"),
    [
        ("schema", {"tomlkit", "keyring", "asyncio", "aiohttp", "pydantic"}),
        ("store", {"tomlkit", "keyring", "asyncio", "aiohttp", "pydantic", "stationmaster.config.field"}),
        ("secrets", {"tomlkit", "keyring", "aiohttp", "pydantic"}),
    ],
)
def test_reading_settings_brings_nothing_heavy(module: str, not_needed: set[str]) -> None:
    code = f"import sys, stationmaster.config.{module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert not not_needed & set(done.stdout.split())
