"""`instance export` and `instance import`: the settings of an instance go to another PC."""

from __future__ import annotations

from pathlib import Path

import msgspec

from fakes.hosted import Hosted
from fakes.oracle import Oracle
from fakes.typed import Typist
from stationmaster.config.schema import InstanceConfig

PLANTED = "cGxhbnRlZDp0b2tlbg=="
AWAY = "https://127.0.0.1:9"
SETTINGS = (
    *("--set", "secrets.store=file", "--set", "station.location=Hall 2", "--set", "enabled=false"),
    *("--set", "paused_until=2999-01-01T00:00:00Z", "--set", "server.timeout=12.5"),
    *("--set", "watch.0.include=*.json,*.js", "--set", "watch.0.options={wsjf={zone='UTC'}}"),
)


def without_id(config: InstanceConfig) -> InstanceConfig:
    return msgspec.structs.replace(config, id=msgspec.UNSET)


async def made(typist: Typist, *more: str) -> InstanceConfig:
    watch = ("--watch", str(typist.hosted.root), "--converter", "wsjf")
    done = await typist.type(
        *("instance", "add", "line2", "--server", AWAY, *watch, *SETTINGS, *more, "--token-stdin"),
        given=PLANTED,
    )
    assert done.code == 0, done
    return typist.hosted.store.load("line2")


def elsewhere(root: Path) -> Typist:
    """A keyboard of another PC."""
    (root / "other").mkdir()
    return Typist(Hosted(root / "other"))


async def test_an_instance_is_the_same_on_another_pc_but_for_its_id(alone: Typist, tmp_path: Path) -> None:
    here = await made(alone)
    file = tmp_path / "line2.toml"
    done = await alone.type("instance", "export", "line2", "--output", str(file))
    assert (done.code, done.out) == (0, "")
    assert file.stat().st_mode & 0o777 == 0o600
    assert (await alone.type("instance", "export", "line2")).out == file.read_text()
    assert PLANTED not in file.read_text()
    assert str(here.id) not in file.read_text()
    with elsewhere(tmp_path) as other:
        imported = await other.type("instance", "import", str(file), "--token-stdin", given=PLANTED)
        assert imported.code == 0, imported
        there = other.hosted.store.load("line2")
        assert without_id(there) == without_id(here)
        assert there.id != here.id
        assert other.hosted.home.token_file("line2").read_text() == f"{PLANTED}\n"
        again = await other.type("instance", "import", str(file))
        assert again.code == 2
        assert "already" in again.talk
        renamed = await other.type("instance", "import", str(file), "--name", "line3")
        assert "instance edit line3 --token-stdin" in renamed.talk
        assert other.hosted.store.names() == ("line2", "line3")


async def test_the_id_goes_along_only_where_it_is_asked_for(alone: Typist, tmp_path: Path) -> None:
    here = await made(alone)
    file = tmp_path / "line2.toml"
    await alone.type("instance", "export", "line2", "--output", str(file), "--with-id")
    twice = await alone.type("instance", "import", str(file), "--name", "line9")
    assert twice.code == 2
    assert '"line2" has the id' in twice.talk
    with elsewhere(tmp_path) as other:
        assert (await other.type("instance", "import", str(file))).code == 0
        assert other.hosted.store.load("line2") == here


async def test_an_export_is_a_provisioning_file_that_changes_nothing_here(
    alone: Typist, tmp_path: Path
) -> None:
    await made(alone, "--set", "server.proxy=http://me:PLANTED@proxy:3128")
    file = tmp_path / "line2.toml"
    done = await alone.type("instance", "export", "line2", "--output", str(file))
    assert "server.proxy is left out" in done.talk
    assert "PLANTED" not in file.read_text() + done.talk
    again = await alone.type("provision", str(file))
    assert "line2: unchanged" in again.out
    assert "Nothing to change." in again.talk


async def test_what_is_no_single_instance_is_not_imported(alone: Typist, tmp_path: Path) -> None:
    await made(alone)
    text = (await alone.type("instance", "export", "line2")).out
    file = tmp_path / "all.toml"
    file.write_text(text + text[text.index("[instances") :].replace("line2", "line3"))
    done = await alone.type("instance", "import", str(file))
    assert done.code == 2
    assert "holds 2 instances" in done.talk
    assert f"stationmaster provision {file}" in done.talk
    file.write_text('[agent]\nlog_level = "info"\n')
    assert (
        "no instances and settings of the agent" in (await alone.type("instance", "import", str(file))).talk
    )
    assert (await alone.type("instance", "import", str(tmp_path / "none"))).code == 2
    assert (await alone.type("instance", "export", "nobody")).code == 2


async def test_an_import_with_an_agent_starts_at_once(typist: Typist, oracle: Oracle, tmp_path: Path) -> None:
    text = (await typist.type("instance", "export", "line1")).out
    file = tmp_path / "line1.toml"
    file.write_text(text.replace("in-line1", "in-line5"))
    typist.hosted.folder("line5")
    done = await typist.type(
        "instance", "import", str(file), "--name", "line5", "--token-stdin", given=PLANTED
    )
    assert done.code == 0
    await typist.hosted.running("line5")
    typist.hosted.drop(typist.hosted.folder("line5"))
    await typist.hosted.until(lambda: typist.hosted.completed("line5") == 1)
    assert oracle.seen[-1].authorization == f"Basic {PLANTED}"
