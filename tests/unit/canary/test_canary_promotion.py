"""What a promotion changes, and the commands that take it back."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fakes.rig import rig
from fakes.typed import run
from stationmaster.canary import Canary, Ended
from stationmaster.config.store import ConfigStore
from stationmaster.convert.dry_run import list_converters
from stationmaster.convert.job import ConverterInfo
from stationmaster.errors import ConfigError
from stationmaster.home.paths import Home
from stationmaster.runtime.canary_store import CanaryStore
from stationmaster.runtime.promotion import Promotion, plan

MAPPING = Path(__file__).parents[2] / "data" / "mapping" / "fct.toml"
NEW = "name = 'rig'\nversion = '2'\n"


class Rack:
    """An instance with settings and files, and a canary of it."""

    def __init__(self, root: Path) -> None:
        self.home = Home.find(env={"STATIONMASTER_HOME": str(root / "home")})
        self.store = ConfigStore(self.home)
        watch: list[dict[str, Any]] = [
            {
                "path": str(root / "a"),
                "converters": ["rig", "wsjf"],
                "options": {"rig": {"part_number": "P"}},
            },
            {"path": str(root / "b"), "converters": ["rig"]},
            {"path": str(root / "c"), "converters": ["wsjf"]},
        ]
        self.store.add("line1", "http://127.0.0.1:9", watch)
        self.place = self.home.converters("line1")

    def live(self, file: str, name: str = "rig", text: str = "old\n") -> ConverterInfo:
        """A converter of the instance's folder."""
        (self.place / file).write_text(text)
        return info(name, "file", f"{self.place / file}:Rig", code="code 0123456789ab")

    def canary(self, *, file: str = "rig.py", text: str = NEW, **more: Any) -> Canary:
        """One whose code lies in its folder."""
        if file:
            store = CanaryStore(self.home, "line1")
            store.install(text.encode(), file, ())
            store.take_new()
        canary = {
            "id": "1",
            "started_at": datetime.now(UTC),
            "converter": "rig",
            "version": "2",
            "beside": "rig",
            "files": 1,
            "file": file,
            "code": f"code {digest(text)}",
        }
        return msgspec.convert({**canary, **more}, Canary)

    def plan(self, infos: list[ConverterInfo], **more: Any) -> Promotion:
        known: Mapping[str, ConverterInfo] = {one.name: one for one in infos}
        return plan(self.home, self.store.load("line1"), self.canary(**more), known)

    async def replan(self, canary: Canary) -> Promotion:
        """With what really lies in the folder."""
        infos, failures = await list_converters(self.place)
        known = {one.name: one for one in infos}
        return plan(self.home, self.store.load("line1"), canary, known, failures)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def info(name: str, origin: str, target: str, code: str = "") -> ConverterInfo:
    return ConverterInfo(name=name, version="1", origin=origin, target=target, code=code)


@pytest.fixture
def rack(tmp_path: Path) -> Rack:
    return Rack(tmp_path)


def test_a_file_of_another_name_takes_the_place_of_the_live_one(rack: Rack) -> None:
    done = rack.plan([rack.live("bench.py")], file="rig.py")
    kept = rack.home.replaced("line1") / digest("old\n") / "bench.py"
    assert (done.patch, done.back) == (
        {},
        [f"stationmaster converter install {kept} --instance line1 --replace"],
    )
    for _ in range(2):  # a kill in between: it is done again
        done.lay_down(rack.home)
        assert sorted(one.name for one in rack.place.iterdir()) == ["bench.py"]
        assert (rack.place / "bench.py").read_text() == NEW
    with pytest.raises(ConfigError, match="live converter already"):
        rack.plan([rack.live("bench.py", text=NEW)])


def test_a_mapping_gives_way_to_a_module(rack: Rack) -> None:
    done = rack.plan([rack.live("rig.toml")])
    done.lay_down(rack.home)
    assert sorted(one.name for one in rack.place.iterdir()) == ["rig.py"]
    kept = rack.home.replaced("line1") / digest("old\n") / "rig.toml"
    assert kept.read_text() == "old\n"
    assert done.back == [  # in this order: there is one of that name at any time
        f"stationmaster converter install {kept} --instance line1 --replace",
        f"rm {rack.place / 'rig.py'}",
    ]


@pytest.mark.parametrize("new", ["fct.toml", "fct.py"])
async def test_a_kill_between_two_files_is_mended_by_the_next_promotion(
    rack: Rack, tmp_path: Path, new: str
) -> None:
    module, mapping = rig(tmp_path, "2", name="fct").read_text(), MAPPING.read_text()
    text, old, former = (mapping, "fct.py", module) if new == "fct.toml" else (module, "fct.toml", mapping)
    (rack.place / old).write_text(former)
    canary = rack.canary(file=new, text=text, converter="fct", beside="fct")
    first = await rack.replan(canary)
    (rack.place / new).write_text(text)  # killed: both lie there
    begun = msgspec.structs.replace(canary, ended=Ended.STOPPED, back=first.all_back(canary))
    again = await rack.replan(begun)
    again.lay_down(rack.home)
    assert [one.name for one in rack.place.iterdir()] == [new]
    assert (rack.home.replaced("line1") / digest(former) / old).read_text() == former
    assert again.all_back(begun) == begun.back


async def test_what_a_begun_promotion_did_is_taken_back_by_the_one_that_ends_it(
    rack: Rack, tmp_path: Path
) -> None:
    rack.store.edit("line1", {"watch.0.converters": ["rig"], "watch.0.options": None})
    rig(rack.place, "1")
    rig(rack.place, "1", name="rig-two", file="two.py")
    text = rig(tmp_path, "2", name="rig-two").read_text()
    canary = rack.canary(file="two.py", text=text, converter="rig-two")
    first = await rack.replan(canary)
    first.lay_down(rack.home)  # killed before the settings
    begun = msgspec.structs.replace(canary, ended=Ended.STOPPED, back=first.all_back(canary))
    second = await rack.replan(begun)
    assert (second.write, second.all_back(begun)) == (None, begun.back)
    rack.store.edit("line1", second.patch)  # killed before that was noted
    third = await rack.replan(begun)
    assert (third.write, third.patch, third.all_back(begun)) == (None, {}, begun.back)
    promoted = msgspec.structs.replace(begun, ended=Ended.PROMOTED)
    with pytest.raises(ConfigError, match="rig-two is the live converter already"):
        await rack.replan(promoted)


def test_files_are_put_back_as_they_were(rack: Rack) -> None:
    done = rack.plan([rack.live("rig.toml")])
    done.lay_down(rack.home)
    done.take_up(rack.home)
    assert [one.name for one in rack.place.iterdir()] == ["rig.toml"]
    assert (rack.place / "rig.toml").read_text() == "old\n"


def test_a_built_in_one_is_covered_and_comes_back_when_the_file_goes(rack: Rack) -> None:
    done = rack.plan([info("rig", "built-in", "stationmaster.converters.rig:Rig")])
    done.lay_down(rack.home)
    assert (rack.place / "rig.py").read_text() == NEW
    assert done.back == [f"rm {rack.place / 'rig.py'}"]


def test_another_name_takes_the_settings_over_where_files_were_seen(rack: Rack, tmp_path: Path) -> None:
    before = rack.store.load("line1")
    infos = [rack.live("rig.py"), info("rig-two", "entry point", "rigs:RigTwo")]
    more: dict[str, Any] = {"converter": "rig-two", "file": ""}
    done = rack.plan(infos, **more)
    assert done.write is None
    config = rack.store.edit("line1", done.patch)
    assert [one.converters for one in config.watch] == [("rig-two", "wsjf"), ("rig-two",), ("wsjf",)]
    assert config.watch[0].options == {"rig-two": {"part_number": "P"}}
    [back] = done.back
    assert back.startswith("stationmaster instance edit line1 --set watch.0.converters=rig,wsjf ")
    assert run({"STATIONMASTER_HOME": str(tmp_path / "home")}, *shlex.split(back)[1:]).code == 0
    assert rack.store.load("line1").watch == before.watch
    rack.store.edit("line1", done.patch)
    with pytest.raises(ConfigError, match="rig-two is the live converter already"):
        rack.plan(infos, **more)
    seen = rack.store.load("line1").watch[2].path
    none = {f"watch.{number}.converters": ["wsjf"] for number in (0, 1)}
    rack.store.edit("line1", {**none, "watch.0.options": None})
    with pytest.raises(ConfigError, match="No watch folder and no source"):
        rack.plan(infos, **more, sources=[seen])


def test_folders_that_it_did_not_see_keep_what_they_have(rack: Rack) -> None:
    seen = rack.store.load("line1").watch[1].path
    infos = [rack.live("rig.py"), info("rig-two", "entry point", "rigs:RigTwo")]
    done = rack.plan(infos, converter="rig-two", file="", sources=[seen])
    assert done.patch == {"watch.1.converters": ["rig-two"]}


@pytest.mark.parametrize("sources", [[], ["db"]])
def test_a_source_that_converts_with_it_is_changed_too(rack: Rack, sources: list[str]) -> None:
    source = {"name": "db", "converter": "rows", "convert_with": "rig", "every": 60.0}
    rack.store.edit("line1", {"fetch.0": source})
    infos = [rack.live("rig.py"), info("rig-two", "entry point", "rigs:RigTwo")]
    done = rack.plan(infos, converter="rig-two", file="", sources=sources)
    assert done.patch["fetch.0.convert_with"] == "rig-two"
    assert len(done.patch) == (1 if sources else 5)
    assert "--set fetch.0.convert_with=rig" in done.back[0]


def test_what_would_lose_or_double_something_is_refused(rack: Rack) -> None:
    two = [rack.live("rig.py"), rack.live("rig.py", "saw")]
    with pytest.raises(ConfigError, match="holds saw too"):
        rack.plan(two)
    with pytest.raises(ConfigError, match="Files of rig grow"):
        rack.plan([rack.live("rig.py")], converter="rig-two", file="two.py", grows=True)
    rack.live("two.py", "other")
    with pytest.raises(ConfigError, match=r"two\.py is there already"):
        rack.plan([rack.live("rig.py")], converter="rig-two", file="two.py")
    with pytest.raises(
        ConfigError, match=r"two\.py is there already"
    ):  # also where it would give way to another
        rack.plan([rack.live("rig.toml"), rack.live("two.py", "other")], file="two.py")
    with pytest.raises(ConfigError, match="is not what was compared"):
        rack.plan([rack.live("rig.py")], code="code ffffffffffff")
