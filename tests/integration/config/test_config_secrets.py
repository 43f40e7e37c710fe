"""Tokens: every store for real, and a planted token that must turn up nowhere else."""

from __future__ import annotations

import os
import stat
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from stationmaster.config.secrets import Secret, SecretStore
from stationmaster.config.store import ConfigStore
from stationmaster.errors import ConfigError, NeedsUserError
from stationmaster.home.paths import Home

PLANTED = "cGxhbnRlZDp0b2tlbg=="
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX rights")


def use(store: ConfigStore, place: str) -> None:
    store.edit("line1", {"secrets.store": place})


def files_with_token(*folders: Path) -> list[Path]:
    found = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    return [file for file in found if PLANTED.encode() in file.read_bytes()]


# -------------------------------------------------------------------- environment and credential
async def test_the_environment(home: Home, store: ConfigStore) -> None:
    env = {"STATIONMASTER_TOKEN_LINE1": f" {PLANTED}\n"}
    secrets = SecretStore(home, store.load, env=env)
    assert await secrets.get("line1") == Secret(PLANTED)
    with pytest.raises(ConfigError, match="environment variable STATIONMASTER_TOKEN_LINE1"):
        await secrets.set("line1", Secret("other"))
    use(store, "environment")
    assert await SecretStore(home, store.load, env=env).get("line1") == Secret(PLANTED)
    empty = SecretStore(home, store.load, env={"STATIONMASTER_TOKEN_LINE1": ""})
    assert await empty.get("line1") is None
    assert "environment variable" in empty.missing("line1").text
    with pytest.raises(ConfigError, match="environment variable"):
        await empty.set("line1", Secret(PLANTED))
    await empty.delete("line1")


async def test_a_systemd_credential_goes_before_the_environment(
    home: Home, store: ConfigStore, tmp_path: Path
) -> None:
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "stationmaster-line1").write_text(f"{PLANTED}\n")
    env = {"CREDENTIALS_DIRECTORY": str(folder), "STATIONMASTER_TOKEN_LINE1": "other"}
    for place in ("auto", "credential"):
        use(store, place)
        secrets = SecretStore(home, store.load, env=env)
        assert await secrets.get("line1") == Secret(PLANTED)
        with pytest.raises(ConfigError, match="systemd credential stationmaster-line1"):
            await secrets.set("line1", Secret("other"))
    (folder / "stationmaster-line1").unlink()
    assert await SecretStore(home, store.load, env=env).get("line1") is None, (
        "credential means credential only"
    )
    assert "systemd credential" in SecretStore(home, store.load, env={}).missing("line1").text
    use(store, "auto")
    assert await SecretStore(home, store.load, env=env).get("line1") == Secret("other")
    (folder / "stationmaster-line1").mkdir()
    with pytest.raises(NeedsUserError, match="cannot be read"):
        await SecretStore(home, store.load, env=env).get("line1")


@pytest.mark.parametrize("place", ["environment", "credential"])
async def test_a_malformed_token_is_refused_without_showing_it(
    home: Home, store: ConfigStore, tmp_path: Path, place: str
) -> None:
    use(store, place)
    (tmp_path / "stationmaster-line1").write_text(f"{PLANTED} and more")
    env = {"CREDENTIALS_DIRECTORY": str(tmp_path), "STATIONMASTER_TOKEN_LINE1": f"{PLANTED} and more"}
    with pytest.raises(NeedsUserError, match="This is no token") as caught:
        await SecretStore(home, store.load, env=env).get("line1")
    assert PLANTED not in "".join(traceback.format_exception(caught.value))


# -------------------------------------------------------------------- the file
@posix_only
async def test_a_file_keeps_the_token_where_it_was_asked_for(
    home: Home, store: ConfigStore, secrets: SecretStore
) -> None:
    use(store, "file")
    assert await secrets.get("line1") is None
    assert f"the file {home.token_file('line1')}" in secrets.missing("line1").text
    await secrets.set("line1", Secret("first"))
    await secrets.set("line1", Secret(PLANTED))
    path = home.token_file("line1")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert files_with_token(home.config.parent) == [path]
    assert await secrets.get("line1") == Secret(PLANTED)
    await secrets.delete("line1")
    await secrets.delete("line1")
    assert not path.exists()
    assert await secrets.get("line1") is None


@posix_only
async def test_a_file_is_not_looked_at_unless_it_was_asked_for(home: Home, store: ConfigStore) -> None:
    home.token_file("line1").write_text(PLANTED)
    home.token_file("line1").chmod(0o600)
    use(store, "environment")
    assert await SecretStore(home, store.load, env={}).get("line1") is None


@posix_only
@pytest.mark.parametrize("rights", [0o640, 0o604, 0o666])
async def test_a_file_that_others_may_read_is_refused_then_mended_by_a_new_token(
    home: Home, store: ConfigStore, secrets: SecretStore, rights: int
) -> None:
    use(store, "file")
    path = home.token_file("line1")
    path.write_text(PLANTED)
    path.chmod(rights)
    with pytest.raises(NeedsUserError, match="may be read by others") as caught:
        await secrets.get("line1")
    assert PLANTED not in str(caught.value)
    await secrets.set("line1", Secret("new"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@posix_only
async def test_a_file_that_cannot_be_read_is_told(
    home: Home, store: ConfigStore, secrets: SecretStore
) -> None:
    use(store, "file")
    path = home.token_file("line1")
    path.symlink_to("/etc/hostname")
    with pytest.raises(NeedsUserError, match="cannot be read"):
        await secrets.get("line1")
    path.unlink()
    path.write_bytes(b"\xff\xfe" + PLANTED.encode())
    path.chmod(0o600)
    with pytest.raises(NeedsUserError, match="is damaged") as caught:
        await secrets.get("line1")
    assert PLANTED not in "".join(traceback.format_exception(caught.value))


@posix_only
async def test_a_full_disk_shows_no_token(
    home: Home, store: ConfigStore, secrets: SecretStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(store, "file")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match="cannot be written") as caught:
        await secrets.set("line1", Secret(PLANTED))
    assert PLANTED not in "".join(traceback.format_exception(caught.value))
    assert files_with_token(home.config.parent) == []
    assert await secrets.get("line1") is None


# -------------------------------------------------------------------- all
@pytest.mark.parametrize("place", ["auto", "keyring", "file", "environment", "credential"])
async def test_a_missing_token_has_one_code_and_a_next_step(
    home: Home, store: ConfigStore, backend: Callable[[str], None], place: str
) -> None:
    backend("class Keyring(Quiet):\n    def get_password(self, s, u): return None\n")
    use(store, place)
    secrets = SecretStore(home, store.load, env={})
    assert await secrets.get("line1") is None
    error = secrets.missing("line1")
    assert 'no token for instance "line1"' in error.text
    assert error.code == "token-missing"
    assert error.next_step


async def test_settings_changed_by_hand_count_at_once(home: Home, store: ConfigStore) -> None:
    secrets = SecretStore(home, store.load, env={"STATIONMASTER_TOKEN_LINE1": PLANTED})
    use(store, "environment")
    assert await secrets.get("line1") == Secret(PLANTED)
    use(store, "file")
    assert await secrets.get("line1") is None


async def test_no_name_leads_out(secrets: SecretStore) -> None:
    with pytest.raises(ConfigError):
        await secrets.get("../line1")
