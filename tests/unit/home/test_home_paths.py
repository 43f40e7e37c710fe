from __future__ import annotations

import os
import stat
import sys
import tempfile
from pathlib import Path

import pytest

from stationmaster.errors import ConfigError
from stationmaster.home import paths
from stationmaster.home.paths import Home, Scope, make_private

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX rights and sockets")


def at(folder: Path) -> Home:
    return Home.find(env={"STATIONMASTER_HOME": str(folder)})


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_one_variable_moves_everything(tmp_path: Path) -> None:
    home = at(tmp_path)
    assert (home.config, home.data, home.log, home.run) == tuple(
        tmp_path / x for x in ("config", "data", "log", "run")
    )
    assert home.agent_file == tmp_path / "config" / "agent.toml"
    assert home.instance_file("line1") == tmp_path / "config" / "instances" / "line1.toml"
    assert home.spool("line1") == tmp_path / "data" / "line1" / "spool.db"
    folders = [home.outbox("a"), home.converters("a"), home.errors("a"), home.archive("a")]
    assert [folder.name for folder in folders] == ["outbox", "converters", "errors", "archive"]
    assert all(folder.parent == home.instance_dir("a") for folder in folders)
    assert home.agent_lock.parent == home.data
    assert home.lock.parent == home.config


def test_a_relative_home_is_fixed_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    home = Home.find(env={"STATIONMASTER_HOME": "here"})
    monkeypatch.chdir("/")
    assert home.config == tmp_path / "here" / "config"


def test_scopes_lie_apart_and_no_two_folders_are_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    user, machine = Home.find(env={}), Home.find(Scope.MACHINE, env={})
    places = [place for home in (user, machine) for place in (home.config, home.data, home.log, home.run)]
    assert len(set(places)) == 8
    # an instance may have any name: none of its folders may be another folder of the home
    assert not any(
        place.parent == home.data for home in (user, machine) for place in (home.log, home.run, home.config)
    )
    assert user.config.is_relative_to(tmp_path)
    assert not machine.config.is_relative_to(tmp_path)
    assert user.key != machine.key


@pytest.mark.skipif(sys.platform != "linux", reason="the folders of Linux")
def test_the_folders_on_linux(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("CONFIG", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    user = Home.find(env={})
    assert user.config == tmp_path / "CONFIG" / "stationmaster"
    assert user.data == tmp_path / "DATA" / "stationmaster"
    assert user.run == tmp_path / "STATE" / "stationmaster" / "run"
    machine = Home.find(Scope.MACHINE, env={})
    assert [str(x) for x in (machine.config, machine.data, machine.log, machine.run)] == [
        "/etc/stationmaster", "/var/lib/stationmaster", "/var/log/stationmaster", "/run/stationmaster",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["../x", "", "a/b", "con"])
def test_no_name_leads_out_of_the_home(tmp_path: Path, name: str) -> None:
    home = at(tmp_path)
    for make in (home.instance_file, home.instance_dir, home.spool, home.outbox, home.token_file):
        with pytest.raises(ConfigError):
            make(name)


@posix_only
def test_ensure_makes_folders_for_the_owner_only(tmp_path: Path) -> None:
    home = at(tmp_path / "deep" / "home")
    previous = os.umask(0)
    try:
        home.ensure()
        home.ensure_instance("line1")
    finally:
        os.umask(previous)
    made = [
        home.config,
        home.instances,
        home.data,
        home.log,
        home.run,
        home.outbox("line1"),
        home.errors("line1"),
    ]
    assert [mode(folder) for folder in made] == [0o700] * 7
    assert mode(tmp_path / "deep") == 0o700
    home.ensure()  # again is fine


@posix_only
def test_ensure_leaves_existing_rights_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    at(tmp_path).ensure()
    assert mode(tmp_path) == 0o755


@posix_only
def test_ensure_refuses_a_home_on_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(f"30 22 0:26 / {tmp_path.resolve()} rw - nfs4 server:/export rw\n")
    monkeypatch.setattr("stationmaster.home.file_system._MOUNTINFO", table)
    with pytest.raises(ConfigError, match=r"network file system \(nfs4\).*local disk"):
        at(tmp_path / "home").ensure()
    assert not (tmp_path / "home").exists()


@posix_only
def test_without_a_mount_table_nothing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stationmaster.home.file_system._MOUNTINFO", tmp_path / "absent")
    at(tmp_path / "home").ensure()


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(ConfigError, match="cannot be made"):
        at(tmp_path / "home").ensure()


@posix_only
def test_a_short_home_has_its_socket_inside() -> None:
    home = Home.find(env={"STATIONMASTER_HOME": "/tmp/sm"})  # noqa: S108 - only a name
    assert home.socket == "/tmp/sm/run/agent.sock"  # noqa: S108 - only a name


@posix_only
def test_a_long_home_has_a_short_socket_of_its_own(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="sm-") as short:
        homes = [
            Home.find(env={"STATIONMASTER_HOME": str(tmp_path / ("ø" * 60) / x), "XDG_RUNTIME_DIR": short})
            for x in "ab"
        ]
        first, second = (home.socket for home in homes)
        assert len(os.fsencode(first)) <= 100
        assert Path(first).parent == Path(short) / "stationmaster"
        assert first != second
        homes[0].ensure()
        assert mode(Path(first).parent) == 0o700


@posix_only
@pytest.mark.parametrize("temp", ["/tmp", "/tmp/" + "x" * 90])  # noqa: S108 - only names
def test_without_a_runtime_folder_the_socket_is_still_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, temp: str
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", temp)
    env = {"STATIONMASTER_HOME": str(tmp_path / ("x" * 100)), "XDG_RUNTIME_DIR": "/nowhere"}
    socket = Home.find(env=env).socket
    assert len(os.fsencode(socket)) <= 100
    assert f"stationmaster-{os.getuid()}" in socket
    assert Home(Scope.USER, *(tmp_path / ("x" * 100) for _ in range(4))).socket.endswith(".sock")


@posix_only
def test_a_socket_folder_that_others_may_write_is_refused(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="sm-") as short:
        planted = Path(short) / "stationmaster"
        planted.mkdir()
        planted.chmod(0o777)
        env = {"STATIONMASTER_HOME": str(tmp_path / ("x" * 100)), "XDG_RUNTIME_DIR": short}
        with pytest.raises(ConfigError, match="may be written by, others"):
            Home.find(env=env).ensure()


@posix_only
def test_a_link_as_socket_folder_is_refused(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="sm-") as short:
        (Path(short) / "stationmaster").symlink_to(tmp_path)
        env = {"STATIONMASTER_HOME": str(tmp_path / ("x" * 100)), "XDG_RUNTIME_DIR": short}
        with pytest.raises(ConfigError, match="belongs to, or may be written by, others"):
            Home.find(env=env).ensure()


@posix_only
def test_machine_scope_lets_the_group_reach_the_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import grp  # noqa: PLC0415 - not on Windows

    group = grp.getgrgid(os.getgid()).gr_name
    monkeypatch.setattr(paths, "GROUP", group)
    home = Home.find(Scope.MACHINE, env={"STATIONMASTER_HOME": str(tmp_path)})
    home.ensure()
    assert mode(home.run) == 0o750
    assert home.run.stat().st_gid == os.getgid()
    assert mode(home.data) == 0o710
    monkeypatch.setattr(paths, "GROUP", "no-such-group-here")
    other = Home.find(Scope.MACHINE, env={"STATIONMASTER_HOME": str(tmp_path / "other")})
    other.ensure()
    assert mode(other.run) == 0o700


@posix_only
@pytest.mark.parametrize("name", ["config", "data", "log", "run", "config/instances"])
def test_a_home_that_others_may_write_is_refused(tmp_path: Path, name: str) -> None:
    home = Home.find(env={"STATIONMASTER_HOME": str(tmp_path)})
    home.ensure()
    (tmp_path / name).chmod(0o770)
    with pytest.raises(ConfigError, match=rf"{name} belongs to, or may be written by, others.*chmod 700"):
        home.ensure()


@posix_only
def test_a_home_may_be_a_link_to_a_folder_of_ours(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "config").symlink_to(tmp_path / "elsewhere")
    Home.find(env={"STATIONMASTER_HOME": str(tmp_path)}).ensure()


def test_make_private_names_the_cause(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"Not a directory|exists"):
        make_private(tmp_path / "file" / "x")
