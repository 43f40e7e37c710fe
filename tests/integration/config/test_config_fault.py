"""What is wrong with an edit that nobody made yet."""

from __future__ import annotations

from typing import Any

import pytest

from stationmaster.config.store import ConfigStore
from stationmaster.errors import ConfigError
from stationmaster.home.paths import Home


@pytest.fixture
def store(home: Home) -> ConfigStore:
    """One instance with one folder."""
    made = ConfigStore(home)
    made.add("line1", "https://company.wats.com", [{"path": "/srv/a", "converters": ["wsjf"]}])
    return made


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ({}, {}),
        ({"watch.1": {"path": "/srv/b", "converters": ["wstf"]}, "watch.0.settle": None}, {}),
        ({"watch": []}, {}),
        ({"upload.mode": "fixd"}, {"upload.mode": "must be one of adaptive, fixed, not"}),
        ({"server.timout": 3}, {"server.timout": 'There is no setting "server.timout".'}),
        ({"watch.0.after": "move"}, {"watch.0.move_to": "must name a folder"}),
        ({"watch": [{"path": "/srv/b"}]}, {"watch.0.converters": "The setting"}),
        ({"watch.7.path": "/x"}, {"watch.7.path": "names no item of watch"}),
        ({"..": 1}, {"..": "is no key"}),
        ({"server": None}, {"server": "is missing"}),
        ({"schema": 99}, {"schema": "newer version"}),
        ({"name": "x"}, {"name": "the file's own name"}),
        ({"server.proxy": "http://***@proxy:3128"}, {"server.proxy": "holds ***"}),
        (
            {"upload.mode": 1, "upload.max_concurrent": 0, "server.timout": 3,
             "station.time_zone": "Europe/Olso", "watch.0.settle": 3.0, "watch.1.path": "/srv/b"},
            {"upload.mode": "must be one of", "upload.max_concurrent": "from 1 to 256, not 0",
             "server.timout": "", "station.time_zone": "IANA", "watch.1.converters": "is missing"},
        ),
        (  # without item 1 there cannot be an item 2: it is looked at once item 1 is right
            {"watch.1": {"path": "b", "converters": ["wsjf"]},
             "watch.2": {"path": "c", "converters": ["wsjf"]}, "convert.timeout": 0},
            {"watch.1.path": "full path", "convert.timeout": "from 1"},
        ),
    ],
)  # fmt: skip
def test_each_fault_is_told_once(store: ConfigStore, patch: dict[str, Any], expected: dict[str, str]) -> None:
    text = store.home.instance_file("line1").read_text()
    found = {one.key: one for one in store.faults("line1", patch)}
    assert found.keys() == expected.keys()
    for key, words in expected.items():
        assert words in found[key].text
        assert str(store.home.config) not in found[key].text
    assert store.home.instance_file("line1").read_text() == text
    if expected:
        with pytest.raises(ConfigError):
            store.edit("line1", patch)
    else:
        store.edit("line1", patch)


def test_an_edit_that_puts_a_wrong_file_right_has_no_fault(store: ConfigStore) -> None:
    path = store.home.instance_file("line1")
    path.write_text(path.read_text() + '[upload]\nmode = "fixd"\n'
                    if "[upload]" not in path.read_text()
                    else path.read_text().replace("[upload]", '[upload]\nmode = "fixd"'))  # fmt: skip
    assert [one.key for one in store.faults("line1", {})] == ["upload.mode"]
    assert store.faults("line1", {"upload.mode": "fixed"}) == ()
    assert store.preview("line1", {"upload.mode": "fixed"}) == store.edit("line1", {"upload.mode": "fixed"})


def test_the_agent_has_settings_too_and_an_instance_that_is_none_is_no_fault(store: ConfigStore) -> None:
    found = store.faults("", {"conversions": -1, "metrics.host": "0.0.0.0"})  # noqa: S104 - to be refused
    assert [one.key for one in found] == ["conversions", "metrics.host"]
    assert not store.home.agent_file.exists()
    with pytest.raises(ConfigError, match="no instance"):
        store.faults("line9", {})
