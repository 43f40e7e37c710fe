"""The settings files on a real disk, with real processes."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from uuid import UUID

import pytest

from stationmaster.config.lock import FileLock
from stationmaster.config.schema import After, AgentConfig, UploadMode, WatchFolder
from stationmaster.config.store import ConfigStore
from stationmaster.errors import ConfigError
from stationmaster.home.paths import Home

URL = "https://company.wats.com"


# -------------------------------------------------------------------- add
def test_a_fresh_instance_is_made_with_comments_and_an_id(home: Home) -> None:
    store = ConfigStore(home)
    config = store.add("line1", URL, [{"path": "/srv/a", "converters": ["wsjf"]}], {"upload.mode": "fixed"})
    assert config == store.load("line1")
    assert config.name == "line1"
    assert isinstance(config.id, UUID)
    assert config.upload.mode is UploadMode.FIXED
    assert [folder.path for folder in config.watch] == ["/srv/a"]
    assert config.id != store.add("line2", URL).id
    text = home.instance_file("line1").read_text()
    for section in ("server", "station", "upload", "convert", "retention", "secrets"):
        above = text[: text.index(f"[{section}]")].splitlines()[-1]
        assert above.startswith("# "), section
    assert all(
        place.is_dir() for place in (home.outbox("line1"), home.converters("line1"), home.errors("line1"))
    )


def test_an_instance_that_is_made_anew_over_its_data_goes_on_with_its_id(home: Home) -> None:
    store = ConfigStore(home)
    before = store.add("line1", URL).id
    store.remove("line1")
    assert store.add("line1", URL).id == before
    store.remove("line1")
    home.id_file("line1").write_text("nonsense")
    assert store.add("line1", URL).id != before


def test_a_fresh_file_is_for_its_owner_only(home: Home, store: ConfigStore) -> None:
    assert stat.S_IMODE(home.instance_file("line1").stat().st_mode) == 0o600
    assert store.names() == ("line1",)


def test_a_watch_folder_is_written_as_it_is_given(home: Home) -> None:
    given = {
        "path": Path("/srv/a"),
        "converters": ("wsjf",),
        "after": "archive",
        "options": {"wsjf": {"x": 1}},
    }
    folder = WatchFolder(path="/srv/a", converters=("wsjf",), after=After.ARCHIVE, options={"wsjf": {"x": 1}})
    assert ConfigStore(home).add("a", URL, [given]).watch == (folder,)
    table = tomllib.loads(home.instance_file("a").read_text())["watch"][0]
    assert set(table) == set(given)


@pytest.mark.parametrize("name", ["line1", "LINE1", "Line1"])
def test_a_taken_name_is_refused(store: ConfigStore, name: str) -> None:
    with pytest.raises(ConfigError, match="already"):
        store.add(name, URL)


@pytest.mark.parametrize(
    ("name", "url", "patch"),
    [
        ("../x", URL, {}),
        ("b", "nonsense", {}),
        ("b", 'https://x"\nid = "y', {}),
        ("b", URL, {"upload.mode": "x"}),
    ],
)
def test_a_wrong_setting_makes_no_instance(home: Home, name: str, url: str, patch: dict[str, object]) -> None:
    store = ConfigStore(home)
    with pytest.raises(ConfigError):
        store.add(name, url, patch=patch)
    assert store.names() == ()
    assert not list(home.data.glob("*"))


def test_a_value_that_is_no_setting_is_refused(store: ConfigStore) -> None:
    with pytest.raises(ConfigError, match="A value of type object cannot stand in a settings file"):
        store.edit("line1", {"station.name": object()})
    assert store.edit("line1", {"server.ca_file": Path("/etc/ca.pem")}).server.ca_file == "/etc/ca.pem"


# -------------------------------------------------------------------- read
def test_one_wrong_file_hides_no_other(home: Home, store: ConfigStore) -> None:
    store.add("line2", URL)
    home.instance_file("line2").write_text("[server\n")
    (home.instances / "nul.toml").write_text("")
    (home.instances / "latin.toml").write_bytes(b"\n# caf\xe9\n")
    (home.instances / "named.toml").write_text('name = "x"\n')
    (home.instances / "folder.toml").mkdir()
    (home.instances / "notes.txt").write_text("not ours")
    (home.instances / ".line1.toml.tmp").write_text("half")
    home.agent_file.write_text("conversions = -1\n")
    loaded = store.load_all()
    assert set(loaded.instances) == {"line1"}
    assert set(loaded.errors) == {"", "folder", "latin", "line2", "named", "nul"}
    assert loaded.agent == AgentConfig()
    assert "agent.toml, line 1: conversions must be a whole number from 0 to 256" in str(loaded.errors[""])
    assert "line2.toml is no TOML" in str(loaded.errors["line2"])
    assert "line 1" in str(loaded.errors["line2"])
    assert "latin.toml, line 2: this is not UTF-8" in str(loaded.errors["latin"])
    assert "Windows keeps this name" in str(loaded.errors["nul"])
    assert "station.name" in str(loaded.errors["named"])
    assert "cannot be read" in str(loaded.errors["folder"])


def test_no_files_mean_no_instances(home: Home) -> None:
    store = ConfigStore(home)
    loaded = store.load_all()
    assert (loaded.instances, loaded.errors, loaded.agent) == ({}, {}, AgentConfig())
    assert store.stamps() == {}


def test_an_unknown_name_gets_a_hint(store: ConfigStore) -> None:
    for call in (store.load, store.remove, lambda name: store.edit(name, {})):
        with pytest.raises(ConfigError, match=r'no instance "lien1".*Did you mean "line1"'):
            call("lien1")
    with pytest.raises(ConfigError, match="Stations: line1"):
        store.load("zzz")
    store.remove("line1")
    with pytest.raises(ConfigError, match="instance add"):
        store.load("line1")


def test_a_folder_that_is_none_is_told(home: Home) -> None:
    home.ensure()
    home.instances.rmdir()
    home.instances.write_text("")
    with pytest.raises(ConfigError, match="cannot be read"):
        ConfigStore(home).names()


def test_a_file_from_notepad_is_read(home: Home, store: ConfigStore) -> None:
    path = home.instance_file("line1")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert store.load("line1").server.url == URL
    assert store.edit("line1", {"station.name": "F"}).station.name == "F"
    assert b"\r\n[server]\r\n" in path.read_bytes()


def test_a_slip_in_a_key_to_remove_is_told_but_what_is_there_may_go(home: Home, store: ConfigStore) -> None:
    with pytest.raises(ConfigError, match="uplaod"):
        store.edit("line1", {"uplaod.mode": None})
    file = home.instance_file("line1")
    file.write_text(file.read_text() + "[uplaod]\nmode = 1\n")
    with pytest.raises(ConfigError):
        store.load("line1")
    assert store.edit("line1", {"uplaod": None}).name == "line1"


def test_stamps_tell_a_hand_edit(home: Home, store: ConfigStore) -> None:
    before = store.stamps()
    assert set(before) == {"line1"}
    path = home.instance_file("line1")
    text = path.read_text()
    path.write_text(text.replace("enabled = true", "enabled=false "))
    assert store.stamps()["line1"] != before["line1"]
    home.agent_file.write_text("")
    assert set(store.stamps()) == {"", "line1"}


# -------------------------------------------------------------------- edit
def test_an_edit_keeps_comments_and_is_checked(home: Home, store: ConfigStore) -> None:
    path = home.instance_file("line1")
    path.write_text(path.read_text().replace("enabled = true", "enabled = true  # since May"))
    path.chmod(0o640)
    config = store.edit("line1", {"enabled": False, "watch.0.settle": 2.5, "watch.0.include": ("*.a", "*.b")})
    assert (config.enabled, config.watch[0].settle, config.watch[0].include) == (False, 2.5, ("*.a", "*.b"))
    assert config == store.load("line1")
    assert "enabled = false  # since May" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    before = path.read_text()
    with pytest.raises(ConfigError, match=r"upload.max_concurrent must be"):
        store.edit("line1", {"upload.max_concurrent": 0})
    assert path.read_text() == before


def test_none_removes_a_setting_and_a_folder(store: ConfigStore) -> None:
    store.edit("line1", {"upload.mode": "fixed", "watch.1": {"path": "/b", "converters": ["wstf"]}})
    config = store.edit("line1", {"upload.mode": None, "watch.0": None})
    assert config.upload.mode is UploadMode.ADAPTIVE
    assert [folder.path for folder in config.watch] == ["/b"]


def test_the_id_survives_edits_and_cannot_be_removed(store: ConfigStore) -> None:
    identity = store.load("line1").id
    assert store.edit("line1", {"station.name": "F"}).id == identity
    with pytest.raises(ConfigError, match=r'"id" is missing'):
        store.edit("line1", {"id": None})


def test_the_agent_s_own_file_need_not_be_there(home: Home) -> None:
    store = ConfigStore(home)
    assert store.load_agent() == store.load_all().agent == AgentConfig()
    home.ensure()
    home.agent_file.write_text("conversions = 2\n")
    assert store.load_agent() == store.load_all().agent == AgentConfig(conversions=2)
    home.agent_file.write_text("\nconversions = -1\n")
    with pytest.raises(ConfigError, match="line 2: conversions must be"):
        store.load_agent()


def test_removing_an_instance_leaves_its_data(home: Home, store: ConfigStore) -> None:
    home.spool("line1").write_text("reports")
    store.remove("line1")
    assert store.names() == ()
    assert home.spool("line1").read_text() == "reports"


def test_a_linked_file_stays_a_link(home: Home, store: ConfigStore, tmp_path: Path) -> None:
    path, real = home.instance_file("line1"), tmp_path / "managed.toml"
    path.rename(real)
    path.symlink_to(real)
    store.edit("line1", {"station.name": "F"})
    assert path.is_symlink()
    assert 'name = "F"' in real.read_text()


def test_an_edit_waits_for_another_no_longer_than_told(home: Home, store: ConfigStore) -> None:
    with FileLock(home.lock), pytest.raises(ConfigError, match="Another process holds"):
        ConfigStore(home, wait=0.02).edit("line1", {"station.name": "F"})
    assert store.load("line1").station.name == ""


def test_what_an_editor_saved_meanwhile_is_kept(
    home: Home, store: ConfigStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, real, saves = home.instance_file("line1"), os.fsync, iter(["Hall 1", "Hall 2"])

    def fsync(descriptor: int) -> None:
        real(descriptor)
        place = next(saves, None)
        if place:  # an editor, which knows no lock, saves just before our replacement
            lines = [line for line in path.read_text().splitlines() if not line.startswith("location")]
            lines.insert(lines.index("[station]") + 1, f'location = "{place}"')
            path.write_text("\n".join(lines) + "\n")

    monkeypatch.setattr(os, "fsync", fsync)
    config = store.edit("line1", {"station.name": "F"})
    assert (config.station.name, config.station.location) == ("F", "Hall 2")


def test_a_file_that_never_rests_is_told(
    home: Home, store: ConfigStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, real = home.instance_file("line1"), os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        path.write_text(path.read_text() + "#\n")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(ConfigError, match="keeps changing"):
        store.edit("line1", {"station.name": "F"})
    assert not list(home.instances.glob(".*"))


def test_a_full_disk_leaves_the_old_file(
    home: Home, store: ConfigStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = home.instance_file("line1").read_text()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match="cannot be written: No space left"):
        store.edit("line1", {"station.name": "F"})
    assert home.instance_file("line1").read_text() == before
    assert not list(home.instances.glob(".*"))


# -------------------------------------------------------------------- processes
_EDITOR = """
import sys
from pathlib import Path
from stationmaster.home.paths import Home
from stationmaster.config.store import ConfigStore
store, who = ConfigStore(Home.find()), sys.argv[1]
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[2])):
    store.edit("line1", {f"watch.0.options.wsjf.{who}{number}": number})
    print(number, flush=True)
"""


def editor(home: Home, who: str, count: int) -> subprocess.Popen[str]:
    env = {**os.environ, "STATIONMASTER_HOME": str(home.config.parent)}
    command = [sys.executable, "-c", _EDITOR, who, str(count)]
    child = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def test_processes_that_edit_at_once_lose_no_edit(home: Home, store: ConfigStore) -> None:
    children = [editor(home, who, 12) for who in "abc"]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    for number in range(12):
        store.edit("line1", {f"watch.0.options.wsjf.me{number}": number})
    for child in children:
        child.communicate(timeout=60)
        assert child.returncode == 0
    expected = {f"{who}{number}": number for who in ("a", "b", "c", "me") for number in range(12)}
    assert store.load("line1").watch[0].options["wsjf"] == expected


def test_kill_9_leaves_the_old_or_the_new_file(home: Home, store: ConfigStore) -> None:
    for round_ in range(6):
        child = editor(home, f"k{round_}x", 100_000)
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write("go\n")
        child.stdin.flush()
        done = [int(child.stdout.readline()) for _ in range(1 + round_)]
        child.send_signal(signal.SIGKILL)
        done += [int(line) for line in child.communicate(timeout=60)[0].split()]
        found = store.load("line1").watch[0].options["wsjf"]
        mine = [name for name in found if name.startswith(f"k{round_}x")]
        assert len(mine) - len(done) in (0, 1), "an edit that was told done is on disk, and at most one more"
        assert store.edit("line1", {"station.name": str(round_)}).station.name == str(round_)
    assert [file.name for file in home.instances.iterdir()] == ["line1.toml"]


_STOP_AT = """
import os, signal, sys
from stationmaster.home.paths import Home
from stationmaster.config.store import ConfigStore
countdown = int(sys.argv[1])
def dying(real):
    def call(*args, **kwargs):
        global countdown
        countdown -= 1
        if countdown == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)
    return call
for name in ("open", "fsync", "replace", "fdopen", "unlink", "close", "stat"):
    setattr(os, name, dying(getattr(os, name)))
ConfigStore(Home.find()).edit("line1", {"station.name": "new", "station.location": "new"})
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
def test_a_kill_at_each_step_leaves_old_or_new(home: Home, store: ConfigStore) -> None:
    store.edit("line1", {"station.name": "old", "station.location": "old"})
    env = {**os.environ, "STATIONMASTER_HOME": str(home.config.parent)}
    seen = set()
    for step in range(1, 60):
        done = subprocess.run([sys.executable, "-c", _STOP_AT, str(step)], env=env, check=False, timeout=60)
        station = store.load("line1").station
        assert station.name == station.location
        seen.add((done.returncode, station.name))
        store.edit("line1", {"station.name": "old", "station.location": "old"})
        if done.returncode == 0:
            break
    assert seen == {(-signal.SIGKILL, "old"), (-signal.SIGKILL, "new"), (0, "new")}
    assert [file.name for file in home.instances.iterdir()] == ["line1.toml"]
