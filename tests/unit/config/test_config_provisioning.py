"""What a provisioning file may say, what it means, and the sentences for what it may not."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Any

import pytest
from tomlkit import TOMLDocument

from stationmaster.config import migration
from stationmaster.config.difference import flat, patch_towards
from stationmaster.config.migration import Step
from stationmaster.config.provisioning import Provisioning, read
from stationmaster.config.schema import UploadMode
from stationmaster.config.store import ConfigStore
from stationmaster.errors import ConfigError
from stationmaster.home.paths import Home

ID = "5f0c1c5e-8d2b-4c55-9a39-6a7d3cf3d1a2"
TEXT = """\
schema = 1

[agent]
log_level = "debug"

[defaults.server]
url = "https://company.wats.com"
timeout = 20.0

[defaults.station]
name = "FCT-{host}"
location = "Hall 2"

[defaults.secrets]
store = "file"
token_variable = "WATS_TOKEN"

[[defaults.watch]]
path = "/srv/results"
converters = ["wsjf"]

[instances.line1]

[instances.line2]
id = "5f0c1c5e-8d2b-4c55-9a39-6a7d3cf3d1a2"
[instances.line2.server]
timeout = 60.0
[instances.line2.secrets]
token_variable = "OTHER"
[[instances.line2.watch]]
path = "/srv/line2"
converters = ["wstf", "junit"]
"""


def parsed(text: str = TEXT) -> Provisioning:
    return read(text, file="all.toml")


def refusal(old: str, new: str) -> str:
    assert old in TEXT
    with pytest.raises(ConfigError) as caught:
        parsed(TEXT.replace(old, new, 1))
    return str(caught.value)


def test_what_all_share_is_completed_by_what_one_says() -> None:
    found = parsed()
    assert found.agent_config.log_level == "debug"
    assert list(found.instances) == ["line1", "line2"]
    first, second = found.instances.values()
    assert (first.config.server.timeout, second.config.server.timeout) == (20.0, 60.0)
    assert (first.config.station.location, second.config.station.location) == ("Hall 2", "Hall 2")
    assert [folder.path for folder in first.config.watch] == ["/srv/results"]
    assert [folder.path for folder in second.config.watch] == ["/srv/line2"], (
        "a list takes the place of another"
    )
    assert (first.token_variable, second.token_variable) == ("WATS_TOKEN", "OTHER")
    assert first.id is None
    assert str(second.id) == ID
    assert first.config.name == "line1"
    assert set(flat(first.settings)) == {
        *("server.url", "server.timeout", "station.name", "station.location", "secrets.store", "watch"),
    }


def test_the_station_may_be_called_as_the_computer() -> None:
    assert parsed().instances["line1"].config.station.name == f"FCT-{socket.gethostname()}"


def test_a_file_of_one_part_is_one_too() -> None:
    assert parsed("").instances == {}
    assert parsed('[agent]\nlog_level = "error"\n').agent == {"log_level": "error"}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[agent]", "[agnet]", 'all.toml, line 3: a provisioning file has no "agnet". Did you mean "agent"?'),
        ("[agent]", "[server]", "What belongs to a station stands in [defaults] or [instances.NAME]."),
        ('"debug"', '"loud"', "all.toml, line 4, agent: log_level must be one of debug, info"),
        ("timeout = 20.0", "timeuot = 20.0", 'line 8, instance "line1": there is no setting "server.time'),
        ("timeout = 60.0", "timeout = 0", 'line 27, instance "line2": server.timeout must be a number'),
        ("[instances.line1]\n", "", ""),
        ('["wstf", "junit"]', "[]", 'all.toml, line 32, instance "line2": watch.0.converters must be a list'),
        ("{host}", "{hots}", "station.name knows one placeholder, {host}"),
        (ID, "me", 'all.toml, line 25, instance "line2": id must be a UUID, not "me"'),
        ("instances.line1]", "instances.con]", "Windows keeps this name for a device"),
        ("instances.line1]", "instances.LINE2]", 'is too much like "LINE2"'),
        ("schema = 1", "schema = 2", "written by a newer version"),
        ("[instances.line1]", "[instances.line1]\nschema = 1", "The version stands at the top of the file"),
        ("[instances.line1]", '[instances.line1]\nname = "x"', "The name is the section's"),
        ("[instances.line1]", f'[instances.line1]\nid = "{ID}"', 'is the id of "line1", too'),
        ("[defaults.server]", f'[defaults]\nid = "{ID}"\n[defaults.server]', '"defaults.id" must not be'),
        ("schema = 1", "schema = 1\ndefaults = 3", "no TOML"),
        ("timeout = 20.0", "timeout = = 20.0", "all.toml is no TOML"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_line_and_instance(old: str, new: str, says: str) -> None:
    if says:
        assert says in refusal(old, new)
    else:
        assert list(parsed(TEXT.replace(old, new, 1)).instances) == ["line2"]


def test_all_mistakes_are_told_together() -> None:
    text = TEXT.replace('"debug"', '"loud"').replace("timeout = 20.0", "timeuot = 20.0")
    text = text.replace("timeout = 60.0", "timeout = 0").replace('["wstf", "junit"]', "[]").replace(ID, "me")
    with pytest.raises(ConfigError) as caught:
        parsed(text + '[instances.line2.upload]\nmode = "fixd"\n[agnet]\nx = 1\n')
    told = caught.value.text.splitlines()
    assert told[0] == "all.toml has 7 mistakes:"
    keys = ("agnet", "log_level", "server.timeuot", "server.timeout must", "watch.0.converters", " id must")
    for words in (*keys, 'Did you mean "fixed"?'):
        assert sum(words in line for line in told[1:]) == 1, (words, told)
    assert all(re.match(r"  \d\. all\.toml, line \d+", line) for line in told[1:])


def test_a_mistake_in_shared_settings_is_told_once_and_rules_with_types() -> None:
    text = TEXT.replace('"Hall 2"', "2").replace("/srv/line2", "line2") + "[instances.line3]\n"
    with pytest.raises(ConfigError) as caught:
        parsed(text)
    assert caught.value.text.startswith("all.toml has 2 mistakes:")
    assert caught.value.text.count("station.location") == 1
    assert 'instance "line2": watch.0.path' in caught.value.text


def test_what_is_wrong_in_shared_settings_is_said_where_no_instance_uses_them() -> None:
    text = TEXT[: TEXT.index("[instances")].replace('"file"', '"flie"')
    with pytest.raises(ConfigError, match=r'line 15, defaults: secrets.store .* Did you mean "file"'):
        parsed(text)


@pytest.mark.parametrize("text", ["instances = 3\n", "agent = [1]\n", "[instances]\nline1 = 3\n"])
def test_a_section_that_is_none_is_told(text: str) -> None:
    with pytest.raises(ConfigError, match="must be a table"):
        parsed(text)


@pytest.mark.parametrize(
    "line",
    [
        '[instances.line1]\ntoken = "PLANTED"',
        '[instances.line1.secrets]\ntoken = "PLANTED"',
        '[instances.line1.server]\napi_Password = "PLANTED"',
        '[defaults.secrets]\ntoken_variable = "PLANTED=="',
        "[defaults.secrets]\ntoken_variable = 3",
        'secret = "PLANTED"',
        'secrets = "PLANTED"',
        '[secrets]\nline1 = "PLANTED"\ntoken = "PLANTED"',
        '[[instances.line1.watch]]\npath = "/a"\ntoken = "PLANTED"',
        '[defaults.server]\nurl = "https://PLANTED@x"',
    ],
)
def test_a_token_in_the_file_is_refused_and_never_shown(line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parsed(line)
    assert "PLANTED" not in str(caught.value)
    assert "token" in str(caught.value) or "environment variable" in str(caught.value)


def test_options_of_a_converter_are_its_own_matter() -> None:
    found = parsed(TEXT + "[instances.line2.watch.options.wstf]\ntoken_column = 3\n")
    assert found.instances["line2"].config.watch[0].options == {"wstf": {"token_column": 3}}


def test_a_file_of_an_older_version_means_what_it_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    def instance(document: TOMLDocument) -> TOMLDocument:
        upload = document.get("upload", {})
        if "way" in upload:
            upload["mode"] = upload.pop("way")
        return document

    def agent(document: TOMLDocument) -> TOMLDocument:
        if document.pop("quiet", None):
            document["log_level"] = "error"
        return document

    monkeypatch.setattr(migration, "STEPS", (Step(instance=instance, agent=agent),))
    text = TEXT.replace('log_level = "debug"', "quiet = true")
    found = parsed(text.replace("[defaults.station]", '[defaults.upload]\nway = "fixed"\n[defaults.station]'))
    assert found.agent == {"log_level": "error"}
    assert found.instances["line1"].config.upload.mode is UploadMode.FIXED
    assert found.instances["line1"].settings["upload"] == {"mode": "fixed"}


# -------------------------------------------------------------------- the difference
PLACES: dict[str, dict[str, Any]] = {
    "a": {"path": "/a", "converters": ["wsjf"], "settle": 5.0},
    "b": {"path": "/b", "converters": ["wstf"]},
}
PLACES |= {"c": {"path": "/c", "converters": ["wsjf"]}, "A": {"path": "/a", "converters": ["junit"]}}


@pytest.mark.parametrize(
    ("before", "after", "keys"),
    [
        ("ab", "ab", []),
        ("ab", "abc", ["watch.2"]),
        ("ab", "a", ["watch.1"]),
        ("abc", "b", ["watch.2", "watch.0"]),
        ("abc", "ac", ["watch.1"]),
        ("ab", "Ab", ["watch.0.converters", "watch.0.settle"]),
        ("a", "ba", ["watch.0", "watch.1"]),
        ("ab", "ba", ["watch.0", "watch.1"]),
        ("aA", "a", ["watch.1"]),
        ("", "ab", ["watch.0", "watch.1"]),
        ("ab", "", ["watch.1", "watch.0"]),
    ],
)
def test_watch_folders_change_as_little_as_can_be(
    tmp_path: Path, before: str, after: str, keys: list[str]
) -> None:
    store = ConfigStore(Home.find(env={"STATIONMASTER_HOME": str(tmp_path)}))
    current = store.add("x", "https://x", [PLACES[name] for name in before])
    wanted = store.add("y", "https://x", [PLACES[name] for name in after])
    named = {"watch": [PLACES[name] for name in after]}
    patch = patch_towards(current, wanted, named)
    assert list(patch) == keys
    assert store.edit("x", patch).watch == wanted.watch
    assert patch_towards(store.load("x"), wanted, named) == {}
