"""Copies of the last good settings, and files of older versions, on a real disk."""

from __future__ import annotations

import os
import stat
import tomllib
from datetime import UTC, datetime

import pytest
from tomlkit import TOMLDocument

from stationmaster.config import last_good, migration
from stationmaster.config.migration import Step
from stationmaster.config.store import ConfigStore
from stationmaster.errors import ConfigError
from stationmaster.home.paths import Home


def upload_renamed(document: TOMLDocument) -> TOMLDocument:
    """`slots` was the old name."""
    upload = document.get("upload", {})
    if "slots" in upload:
        upload["max_concurrent"] = upload.pop("slots")
    return document


@pytest.fixture
def second(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that writes version 2; call it after the files of version 1 were made."""
    monkeypatch.setattr(migration, "STEPS", (Step(instance=upload_renamed),))


def keep(store: ConfigStore) -> None:
    last_good.keep(store.home, store.load_all().texts)


# -------------------------------------------------------------------- last good
def test_what_was_right_stands_in_for_what_is_damaged(home: Home, store: ConfigStore) -> None:
    store.edit("line1", {"station.name": "FCT-04", "server.proxy": "http://me:PLANTED@proxy:1"})
    right = store.load("line1")
    keep(store)
    copy = home.last_good("line1")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    os.utime(copy, (1_000_000, 1_000_000))
    home.instance_file("line1").write_bytes(b"\0" * 100)
    keep(store)
    found = last_good.instance(home, "line1")
    assert found is not None
    assert found.config == right
    assert found.since == datetime.fromtimestamp(1_000_000, UTC)


def test_a_copy_that_is_the_same_is_not_written_again(home: Home, store: ConfigStore) -> None:
    keep(store)
    before = home.last_good("line1").stat()
    keep(store)
    assert home.last_good("line1").stat() == before


def test_the_agent_s_own_settings_have_a_copy_too(home: Home, store: ConfigStore) -> None:
    store.edit_agent({"conversions": 3})
    keep(store)
    home.agent_file.write_text("conversions = [")
    keep(store)
    found = last_good.agent(home)
    assert found is not None
    assert found.config.conversions == 3
    home.agent_file.unlink()
    keep(store)
    assert last_good.agent(home) is None, "who removed the file wants the defaults"


def test_a_file_that_is_removed_has_no_copy(home: Home, store: ConfigStore) -> None:
    keep(store)
    store.remove("line1")
    assert last_good.instance(home, "line1") is None
    store.add("line2", "https://x")
    keep(store)
    home.instance_file("line2").unlink()
    last_good.forget_others(home, store.names())
    assert not home.last_good("line2").exists()


def test_copies_stay_while_the_settings_are_out_of_reach(home: Home, store: ConfigStore) -> None:
    keep(store)
    home.instances.rename(home.instances.with_name("away"))
    last_good.forget_others(home, store.names())
    assert home.last_good("line1").exists()


def test_a_copy_that_cannot_be_used_is_none(home: Home, store: ConfigStore) -> None:
    keep(store)
    for content in (b"\xff\xfe", b"schema = [", b"", b"schema = 99\n"):
        home.last_good("line1").write_bytes(content)
        assert last_good.instance(home, "line1") is None
    assert last_good.instance(home, "con") is None


# -------------------------------------------------------------------- versions
def test_a_fresh_file_is_of_the_newest_version(home: Home, second: None) -> None:
    del second
    ConfigStore(home).add("line9", "https://x")
    assert tomllib.loads(home.instance_file("line9").read_text())["schema"] == 2


def test_an_old_file_is_written_anew_by_an_edit_and_kept_beside(
    home: Home, store: ConfigStore, request: pytest.FixtureRequest
) -> None:
    path = home.instance_file("line1")
    old = path.read_text().replace("[upload]", "[upload]\nslots = 7 # quick enough")
    path.write_text(old)
    path.chmod(0o640)
    request.getfixturevalue("second")
    assert store.load("line1").upload.max_concurrent == 7
    assert path.read_text() == old, "reading writes nothing"
    with pytest.raises(ConfigError):
        store.edit("line1", {"upload.mode": "wrong"})
    assert path.read_text() == old
    assert store.edit("line1", {"station.name": "F"}).upload.max_concurrent == 7
    kept = path.with_name("line1.toml.v1")
    assert kept.read_text() == old
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640
    assert tomllib.loads(path.read_text())["schema"] == 2
    assert "# The WATS server." in path.read_text()
    assert store.names() == ("line1",)


def test_all_old_files_are_brought_up_to_date_at_once_but_those_that_are_wrong(
    home: Home, store: ConfigStore, request: pytest.FixtureRequest
) -> None:
    store.add("wrong", "https://x")
    home.instance_file("wrong").write_text("schema = [")
    home.agent_file.write_text("# ours\nconversions = 2\n")
    request.getfixturevalue("second")
    assert store.bring_up_to_date() == (home.agent_file, home.instance_file("line1"))
    assert store.bring_up_to_date() == ()
    assert tomllib.loads(home.agent_file.read_text()) == {"schema": 2, "conversions": 2}
    assert "# ours" in home.agent_file.read_text()
    assert home.agent_file.with_name("agent.toml.v1").read_text() == "# ours\nconversions = 2\n"
    assert home.instance_file("wrong").read_text() == "schema = ["


def test_an_agent_file_that_is_made_by_an_edit_leaves_no_old_one(home: Home, second: None) -> None:
    del second
    ConfigStore(home).edit_agent({"conversions": 2})
    assert tomllib.loads(home.agent_file.read_text()) == {"schema": 2, "conversions": 2}
    assert sorted(one.name for one in home.config.iterdir() if one.suffix == ".v1") == []


# -------------------------------------------------------------------- ids
def test_an_id_that_others_have_is_refused(home: Home, store: ConfigStore) -> None:
    mine = store.load("line1").id
    with pytest.raises(ConfigError, match='"line1" has the id'):
        store.add("line2", "https://x", patch={"id": str(mine)})
    store.remove("line1")
    with pytest.raises(ConfigError, match="its reports would go out again"):
        store.add("line1", "https://x", patch={"id": "5f0c1c5e-8d2b-4c55-9a39-6a7d3cf3d1a2"})
    assert store.names() == ()
    assert store.add("line1", "https://x", patch={"id": str(mine)}).id == mine
    assert home.id_file("line1").read_text().strip() == str(mine)
