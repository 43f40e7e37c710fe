"""`converter new`, for each kind: what it makes is clean, passes its test, converts, feeds a real agent."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from fakes.converting import PLUGINS
from fakes.hosted import TOKEN, Hosted
from fakes.typed import Typist
from stationmaster.config.secrets import Secret, SecretStore
from stationmaster.convert.scaffold import Kind, Scaffold
from stationmaster.embedded_server import EmbeddedServer, ServerSettings
from stationmaster.model import EntryState

ROOT = Path(__file__).parents[3]
KINDS = [
    ("csv", (), 2),
    ("text", (), 1),
    ("xml", (), 1),
    ("json", (), 1),
    ("csv", ("--growing",), 2),
    ("text", ("--growing",), 2),
]
"""Kind, further options, units in the sample."""

each_kind = pytest.mark.parametrize(
    ("kind", "more", "units"), KINDS, ids=[f"{kind}{''.join(more)}" for kind, more, _ in KINDS]
)
needs_ruff = pytest.mark.skipif(
    shutil.which("ruff", path=str(Path(sys.executable).parent)) is None, reason="no ruff"
)


def run(folder: Path, *words: str) -> str:
    """Run a Python module in a fresh process, as an author does; what it said."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "STATIONMASTER"))}
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@each_kind
async def test_what_it_makes_is_green_from_the_start(
    alone: Typist, tmp_path: Path, kind: str, more: Sequence[str], units: int
) -> None:
    place = tmp_path / "new"
    said = await alone.type("converter", "new", "bench-3", "--kind", kind, *more, "--dir", str(place))
    assert said.code == 0, said.talk
    assert sorted(said.out.splitlines()) == sorted(map(str, place.iterdir()))
    assert "1. Run its test:" in said.talk
    assert f"stationmaster converter check bench-3 {place}" in said.talk
    sample = next(place.glob("bench_3_sample.*"))

    assert "passed" in run(place, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_bench_3.py")

    tried = await alone.type("converter", "test", str(sample), "--dir", str(place), "--json")
    assert tried.code == 0, tried.talk
    assert (tried.data["converter"], tried.data["count"], tried.data["ok"]) == ("bench-3", units, True)
    assert tried.data["confidences"]["bench-3"] == 95

    checked = await alone.begin("converter", "check", "bench-3", str(sample), "--dir", str(place), "--json")
    assert checked.code == 0, checked.out
    wrong = [one for one in checked.data["findings"] if one["severity"] != "note"]
    assert wrong == []
    listed = (await alone.type("converter", "list", "--dir", str(place), "--json")).data
    assert listed["failures"] == [], "a test beside its converter is no converter"


@needs_ruff
def test_what_it_makes_is_clean(tmp_path: Path) -> None:
    """For ruff with every rule that we have, and for mypy in its strict form."""
    for kind, more, _ in KINDS:
        folder = tmp_path / f"{kind}{len(more)}"
        Scaffold(f"{kind}{len(more)}-bench", Kind(kind), bool(more)).write(folder, {})
        rules = ("--config", str(ROOT / "pyproject.toml"), "--no-cache")
        # a test says assert; where imports stand depends on where the author's own project begins
        run(folder, "-m", "ruff", "check", *rules, "--ignore", "S101,INP001,D103,I001", ".")
        run(folder, "-m", "ruff", "check", "--isolated", "--select", "I", "--no-cache", ".")
        run(folder, "-m", "ruff", "format", "--check", *rules, ".")
        modules = [str(path) for path in folder.glob("*_bench.py") if not path.name.startswith("test_")]
        run(
            folder,
            "-m",
            "mypy",
            "--strict",
            "--config-file",
            os.devnull,
            "--cache-dir",
            str(tmp_path / "types"),
            *modules,
        )


@each_kind
async def test_an_agent_converts_a_dropped_sample(
    tmp_path: Path, kind: str, more: Sequence[str], units: int
) -> None:
    settings = ServerSettings(database=tmp_path / "server.db", port=0)
    hosted = Hosted(tmp_path)
    async with EmbeddedServer(settings) as server:
        hosted.home.ensure()
        folder = hosted.folder("line1")
        hosted.store.add("line1", server.url, [hosted.watch(folder)], {"secrets.store": "file"})
        await SecretStore(hosted.home, hosted.store.load).set("line1", Secret(TOKEN))
        async with hosted:
            await hosted.running("line1")
            with Typist(hosted) as keyboard:
                async with keyboard.agent():
                    new = ("converter", "new", "bench-3", "--kind", kind, *more, "--instance", "line1")
                    said = await keyboard.type(*new)
                    assert said.code == 0, said.talk
                    use = "stationmaster instance edit line1 --set watch.0.converters=bench-3"
                    assert use in said.talk
                    assert (await keyboard.type(*use.split()[1:])).code == 0
                    sample = next(hosted.home.converters("line1").glob("bench_3_sample.*"))
                    part = folder / ".part"
                    shutil.copyfile(sample, part)
                    part.rename(folder / sample.name)
                    await hosted.until(lambda: hosted.completed("line1") == units, what="the reports")
                    entries = await hosted.entries("line1", EntryState.COMPLETED)
                    assert {one.converter for one in entries} == {"bench-3"}
                    assert {one.serial_number for one in entries} == {"SN-1001", "SN-1002"} - (
                        {"SN-1002"} if units == 1 else set()
                    )
                    told = [one.code for one in hosted.agent.status().problems]
                    assert not [code for code in told if code.startswith("converter")]


async def test_refusals_have_a_sentence_and_a_way_out(alone: Typist, tmp_path: Path) -> None:
    place = tmp_path / "new"
    bad = await alone.type("converter", "new", "Bench CSV", "--dir", str(place))
    assert (bad.code, bad.out) == (2, "")
    assert "For instance: bench-csv" in bad.talk
    assert not place.exists()
    assert (await alone.type("converter", "new", "bench", "--dir", str(place))).code == 0
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    again = await alone.type("converter", "new", "bench", "--dir", str(place))
    assert again.code == 2
    assert "there is a converter of this name already" in again.talk
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before
    grows = await alone.type("converter", "new", "bench", "--kind", "xml", "--growing")
    assert grows.code == 2
    assert "it cannot grow unit by unit" in grows.talk
    nowhere = await alone.type("converter", "new", "bench", "--instance", "line9")
    assert nowhere.code == 2
    assert 'There is no instance "line9"' in nowhere.talk
    both = await alone.type("converter", "new", "bench", "--instance", "line9", "--dir", str(place))
    assert "do not go together" in both.talk


async def test_install_puts_a_converter_into_an_instance(alone: Typist, tmp_path: Path) -> None:
    alone.hosted.store.add("line1", "http://127.0.0.1:9", [alone.hosted.watch(tmp_path / "in")])
    place = tmp_path / "new"
    assert (await alone.type("converter", "new", "bench", "--dir", str(place))).code == 0
    install = ("converter", "install", str(place / "bench.py"), "--instance", "line1")
    said = await alone.type(*install)
    assert said.code == 0, said.talk
    assert "Installed bench version 1 in line1." in said.talk
    assert "instance edit line1 --set watch.0.converters=bench" in said.talk
    there = alone.hosted.home.converters("line1") / "bench.py"
    assert there.read_text() == (place / "bench.py").read_text()
    assert "There already" in (await alone.type(*install)).talk

    text = (
        (place / "bench.py")
        .read_text()
        .replace('version: ClassVar[str] = "1"', 'version: ClassVar[str] = "2"')
    )
    (place / "bench.py").write_text(text)
    refused = await alone.type(*install)
    assert refused.code == 2
    assert "Add --replace" in refused.talk
    assert "Installed bench version 2" in (await alone.type(*install, "--replace")).talk
    await alone.type("instance", "edit", "line1", "--set", "watch.0.converters=bench")
    assert "uses it" in (await alone.type(*install)).talk

    broken = place / "broken.py"
    broken.write_text("import nothing_of_that_name\n")
    failed = await alone.type("converter", "install", str(broken), "--instance", "line1")
    assert failed.code == 2
    assert "nothing_of_that_name', which is not installed beside the agent" in failed.talk
    assert "Correct that, then try again." in failed.talk
    assert not (there.parent / "broken.py").exists()
    other = await alone.type("converter", "install", str(place / "bench_README.md"), "--instance", "line1")
    assert "is neither a Python module nor a mapping" in other.talk


def test_the_templates_are_in_the_wheel(tmp_path: Path) -> None:
    run(ROOT, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path))
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        packed = {name for name in wheel.namelist() if "/convert/starter/" in name}
    starter = ROOT / "agent" / "stationmaster" / "convert" / "starter"
    there = {
        f"stationmaster/convert/starter/{path.relative_to(starter).as_posix()}"
        for path in starter.rglob("*.txt")
    }
    assert packed == there
    assert len(there) == 19


async def test_install_prints_what_the_settings_need(alone: Typist) -> None:
    alone.hosted.store.add("line1", "http://127.0.0.1:9", [], {})
    needed = {"rack": ("[[watch]]", 'marker = "done.txt"'), "sqlite_rows": ("[[fetch]]", "every = 60.0")}
    for name, words in needed.items():
        said = await alone.type("converter", "install", str(PLUGINS / f"{name}.py"), "--instance", "line1")
        assert said.code == 0
        assert all(word in said.out for word in words), said
        assert str(alone.hosted.home.instance_file("line1")) in said.talk
